/**
 * Counters with a descriptor, eventfd(2): {@link dev.plinth.kernel.eventfd.EventCounter}.
 *
 * <p>Its lock is held for moments, and no other is taken under it. Imports {@code api}, {@code
 * errno}, {@code io} and {@code vfs}.
 */
package dev.plinth.kernel.eventfd;

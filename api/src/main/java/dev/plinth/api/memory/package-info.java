/**
 * Guest addresses and kinds of access: {@link dev.plinth.api.memory.AddressRange}, {@link
 * dev.plinth.api.memory.AccessType}, {@link dev.plinth.api.memory.Pages}.
 *
 * <p>Guest addresses are plain {@code long}s, for they cross the hot path; ranges are values, half
 * open and checked for overflow. May be imported by everything; imports nothing of Plinth.
 */
package dev.plinth.api.memory;

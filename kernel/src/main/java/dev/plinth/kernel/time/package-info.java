/**
 * Clocks: {@link dev.plinth.kernel.time.Clock} (what the kernel asks for the time), {@link
 * dev.plinth.kernel.time.HostClock} (the host's).
 *
 * <p>No locks. Imports {@code dev.plinth.api} only.
 */
package dev.plinth.kernel.time;

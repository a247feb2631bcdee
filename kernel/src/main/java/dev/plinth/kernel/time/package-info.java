/**
 * Clocks: {@link dev.plinth.kernel.time.Clock} (what the kernel asks for the time), {@link
 * dev.plinth.kernel.time.HostClock} (the host's), {@link dev.plinth.kernel.time.ShiftedClock}
 * (those of a restored sandbox), {@link dev.plinth.kernel.time.CounterMeter} (what the host's
 * clocks are made of, for programs that read them without a system call).
 *
 * <p>No locks. Imports {@code dev.plinth.api} only.
 */
package dev.plinth.kernel.time;

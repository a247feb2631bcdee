package dev.plinth.kernel.time;

import static java.util.Objects.requireNonNull;

/**
 * The clocks of a sandbox that was restored: the monotonic one goes on where it stopped, the time
 * of day is what it is.
 *
 * @param clock of the host
 * @param shift what the sandbox's monotonic clock is ahead of the host's, in nanoseconds
 */
public record ShiftedClock(Clock clock, long shift) implements Clock {
    public ShiftedClock {
        requireNonNull(clock, "clock is null");
    }

    /**
     * The clocks of a sandbox.
     *
     * @param monotonicNanos what its monotonic clock shows now
     */
    public static ShiftedClock at(Clock clock, long monotonicNanos) {
        return new ShiftedClock(clock, monotonicNanos - clock.monotonicNanos());
    }

    @Override
    public long realtimeNanos() {
        return clock.realtimeNanos();
    }

    @Override
    public long monotonicNanos() {
        return clock.monotonicNanos() + shift;
    }

    /**
     * A meter by which programs read these clocks themselves.
     *
     * @param meter of the host's clocks; owned by the result
     */
    public CounterMeter shifted(CounterMeter meter) {
        return new ShiftedMeter(meter, shift);
    }
}

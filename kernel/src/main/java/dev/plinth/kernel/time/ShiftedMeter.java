package dev.plinth.kernel.time;

import static java.util.Objects.requireNonNull;

/**
 * A meter of a monotonic clock that is not the host's.
 *
 * @param meter of the host's clocks; owned
 * @param shift what the clock is ahead of the host's, in nanoseconds
 */
record ShiftedMeter(CounterMeter meter, long shift) implements CounterMeter {
    ShiftedMeter {
        requireNonNull(meter, "meter is null");
    }

    @Override
    public boolean isReliable() {
        return meter.isReliable();
    }

    @Override
    public long counter() {
        return meter.counter();
    }

    @Override
    public Reading read() {
        Reading reading = meter.read();
        return new Reading(
                reading.counter(),
                reading.monotonicNanos() + shift,
                reading.realtimeCounter(),
                reading.realtimeNanos(),
                reading.spread());
    }

    @Override
    public void close() {
        meter.close();
    }
}

package dev.plinth.kernel.loader.vdso;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.time.CounterMeter;

import java.util.Optional;

/**
 * Makes the time that the vDSO tells out of readings of the host's: one that agrees with it, and
 * never goes back.
 *
 * <p>Where the vDSO is behind, it jumps ahead; where it is ahead, it goes on from there and a
 * little slower for a while, as adjtime(3) does it.
 *
 * <p>Confined to one thread.
 */
@NotSaved("measured anew on each host")
final class ClockDiscipline {
    /** By how much the time may be slowed down: 500 in a million, as in Linux. */
    private static final double SLEW_MAX = 500e-6;

    /** What a counter's rate may differ by from one reading to the next; Linux slews by 500e-6. */
    private static final double RATE_CHANGE_MAX = 2e-3;

    /** If the vDSO is ahead by this, the counter did not count what the host's clock did. */
    private static final long AHEAD_MAX_NANOS = 1_000_000;

    /** A change of the realtime clock below this is an error of measurement. */
    private static final long OFFSET_NOISE_NANOS = 1_000;

    /** The rate may be used for so many times the time to the next reading. */
    private static final int REACH_INTERVALS = 4;

    private static final double SCALE = (double) (1L << ClockPage.RATE_SHIFT);

    private CounterMeter.Reading previous;
    private double rate;
    private Optional<ClockRate> current = Optional.empty();

    /**
     * Starts with a first reading.
     *
     * @param first the rate is known with the one after it
     */
    ClockDiscipline(CounterMeter.Reading first) {
        previous = first;
    }

    /**
     * Takes in a reading.
     *
     * @param reading later than the one before; what the vDSO told meanwhile, it told for counts
     *     before this one
     * @param intervalNanos when the next one is due
     * @return what the vDSO goes on with, or empty if the counter cannot be trusted
     */
    Optional<ClockRate> next(CounterMeter.Reading reading, long intervalNanos) {
        long counts = reading.counter() - previous.counter();
        long nanos = reading.monotonicNanos() - previous.monotonicNanos();
        if (counts <= 0 || nanos <= 0) {
            return Optional.empty();
        }
        double measured = (double) nanos / counts;
        if (rate != 0 && Math.abs(measured / rate - 1) > RATE_CHANGE_MAX) {
            return Optional.empty();
        }
        long told =
                current.map(now -> now.monotonicAt(reading.counter()))
                        .orElse(reading.monotonicNanos());
        long ahead = told - reading.monotonicNanos();
        if (ahead > AHEAD_MAX_NANOS) {
            return Optional.empty();
        }
        previous = reading;
        rate = measured;
        double slew = Math.clamp((double) ahead / intervalNanos, 0, SLEW_MAX);
        current =
                Optional.of(
                        new ClockRate(
                                reading.counter(),
                                (long) (REACH_INTERVALS * intervalNanos / rate),
                                (long) (rate * (1 - slew) * SCALE),
                                Math.max(told, reading.monotonicNanos()),
                                realtimeOffset(reading)));
        return current;
    }

    private long realtimeOffset(CounterMeter.Reading reading) {
        long between = Math.round((reading.realtimeCounter() - reading.counter()) * rate);
        long measured = reading.realtimeNanos() - reading.monotonicNanos() - between;
        long known = current.map(ClockRate::realtimeOffset).orElse(measured);
        return Math.abs(measured - known) < OFFSET_NOISE_NANOS ? known : measured;
    }
}

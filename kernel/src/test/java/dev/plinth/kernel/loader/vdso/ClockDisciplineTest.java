package dev.plinth.kernel.loader.vdso;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.time.CounterMeter.Reading;

import org.junit.jupiter.api.Test;

import java.util.Optional;
import java.util.Random;

class ClockDisciplineTest {
    private static final long SECOND = 1_000_000_000;

    /** Counts in a nanosecond. */
    private static final double FREQUENCY = 2.5;

    private static Reading reading(double seconds, double nanosAhead, long realtimeOffset) {
        long counter = (long) (seconds * SECOND * FREQUENCY);
        long nanos = (long) (seconds * SECOND + nanosAhead);
        return new Reading(counter, nanos, counter, nanos + realtimeOffset, 100);
    }

    @Test
    void timeNeverGoesBackAndStaysNearTheHostsWhateverTheErrorsOfMeasurement() {
        Random random = new Random(7);
        ClockDiscipline discipline = new ClockDiscipline(reading(1, 0, 0));
        ClockRate rate = discipline.next(reading(1.01, 0, 0), SECOND).orElseThrow();
        long last = 0;
        for (int i = 1; i < 500; i++) {
            double at = 1.01 + i;
            Reading reading = reading(at, random.nextGaussian() * 200, 0);
            last = Math.max(last, rate.monotonicAt(reading.counter() - 1));
            rate = discipline.next(reading, SECOND).orElseThrow();
            long now = rate.monotonicAt(reading.counter());
            assertTrue(now >= last, "went back by " + (last - now));
            assertTrue(Math.abs(now - at * SECOND) < 3_000, "off by " + (now - at * SECOND));
        }
    }

    @Test
    void aClockThatIsAheadIsSlowedDownUntilTheHostsHasCaughtUp() {
        ClockDiscipline discipline = new ClockDiscipline(reading(1, 0, 0));
        discipline.next(reading(2, 0, 0), SECOND).orElseThrow();
        ClockRate ahead = discipline.next(reading(3, -50_000, 0), SECOND).orElseThrow();
        assertEquals(3 * SECOND, ahead.monotonicAt(ahead.counter()), 5);
        long later = ahead.counter() + (long) (SECOND * FREQUENCY);
        assertEquals(4 * SECOND - 100_000, ahead.monotonicAt(later), 1_000);
    }

    @Test
    void aClockThatIsBehindJumpsAhead() {
        ClockDiscipline discipline = new ClockDiscipline(reading(1, 0, 0));
        discipline.next(reading(2, 0, 0), SECOND).orElseThrow();
        ClockRate rate = discipline.next(reading(3, 40_000, 0), SECOND).orElseThrow();
        assertEquals(3 * SECOND + 40_000, rate.monotonicAt(rate.counter()), 5);
    }

    @Test
    void aStepOfTheTimeOfDayIsTakenOverAndNoiseIsNot() {
        ClockDiscipline discipline = new ClockDiscipline(reading(1, 0, 1_000_000));
        discipline.next(reading(2, 0, 1_000_000), SECOND);
        ClockRate noisy = discipline.next(reading(3, 0, 1_000_300), SECOND).orElseThrow();
        assertEquals(1_000_000, noisy.realtimeOffset());
        ClockRate stepped = discipline.next(reading(4, 0, -9 * SECOND), SECOND).orElseThrow();
        assertEquals(-9 * SECOND, stepped.realtimeOffset());
    }

    @Test
    void aCounterThatStoppedJumpedOrChangedItsRateIsNotTrusted() {
        ClockDiscipline stopped = new ClockDiscipline(reading(1, 0, 0));
        assertEquals(Optional.empty(), stopped.next(reading(1, 5, 0), SECOND));

        ClockDiscipline jumped = new ClockDiscipline(reading(1, 0, 0));
        jumped.next(reading(2, 0, 0), SECOND);
        assertEquals(Optional.empty(), jumped.next(reading(9, -6e9, 0), SECOND));

        ClockDiscipline faster = new ClockDiscipline(reading(1, 0, 0));
        faster.next(reading(2, 0, 0), SECOND);
        assertEquals(Optional.empty(), faster.next(reading(3, 1e8, 0), SECOND));
    }

    @Test
    void theRateIsUsedForAFewIntervalsOnly() {
        ClockDiscipline discipline = new ClockDiscipline(reading(1, 0, 0));
        ClockRate rate = discipline.next(reading(2, 0, 0), SECOND).orElseThrow();
        assertEquals(4 * SECOND * FREQUENCY, rate.reach(), 10);
    }
}

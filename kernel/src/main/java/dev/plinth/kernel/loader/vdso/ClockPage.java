package dev.plinth.kernel.loader.vdso;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.time.Clock;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The page that the vDSO's functions read, and the kernel writes.
 *
 * <pre>
 *    0  int   sequence: odd while the rest is being written
 *    8  long  counter at which the times below were right
 *   16  long  for how much of the counter they may be carried on; zero: not at all
 *   24  long  nanoseconds of one count, with 32 bits behind the point
 *   32  of each clock, by its number: long seconds, long nanoseconds below 1000000000
 * </pre>
 *
 * A page of zeros is valid: it sends the functions to the kernel.
 *
 * <p>This layout never changes, for the functions in a restored process are those of the Plinth
 * that it was started with.
 *
 * <p>Lasting state: none; what is in the page holds on this host only.
 *
 * <p>One thread at a time writes.
 */
@NotSaved("what is in the page holds on this host only")
final class ClockPage {
    static final int SEQUENCE = 0;
    static final int BASE = 8;
    static final int REACH = 16;
    static final int RATE = 24;
    static final int TIMES = 32;

    /** Bits behind the point of {@link #RATE}. */
    static final int RATE_SHIFT = 32;

    /** The size of a clock's time. */
    private static final int TIME_BYTES = 16;

    // Clocks, by their numbers in linux/time.h.
    private static final int REALTIME = 0;
    private static final int MONOTONIC = 1;
    private static final int MONOTONIC_RAW = 4;
    static final int REALTIME_COARSE = 5;
    private static final int MONOTONIC_COARSE = 6;
    private static final int BOOTTIME = 7;
    private static final int TAI = 11;

    /** How many numbers there are, most of them known. */
    static final int CLOCKS = TAI + 1;

    /** The clocks that the page has, as a set of bits. */
    static final int KNOWN =
            1 << REALTIME
                    | 1 << MONOTONIC
                    | 1 << MONOTONIC_RAW
                    | 1 << REALTIME_COARSE
                    | 1 << MONOTONIC_COARSE
                    | 1 << BOOTTIME
                    | 1 << TAI;

    /** The clocks that tell the time of day; the others tell that since some moment. */
    private static final int OF_DAY = 1 << REALTIME | 1 << REALTIME_COARSE | 1 << TAI;

    /** By how much the coarse clocks move on: a tick of the scheduler, 250 in a second. */
    static final int COARSE_NANOS = 4_000_000;

    private final MemorySegment page;

    ClockPage(MemorySegment page) {
        this.page = page;
    }

    /** Sends the functions to the kernel until {@link #publish}. */
    void withdraw() {
        int sequence = page.get(JAVA_INT, SEQUENCE);
        page.set(JAVA_INT, SEQUENCE, sequence | 1);
        VarHandle.fullFence();
    }

    /** Lets the functions tell the time. */
    void publish(ClockRate rate) {
        withdraw();
        page.set(JAVA_LONG, BASE, rate.counter());
        page.set(JAVA_LONG, REACH, rate.reach());
        page.set(JAVA_LONG, RATE, rate.scaledRate());
        for (int clock = 0; clock < CLOCKS; clock++) {
            if ((KNOWN & 1 << clock) != 0) {
                boolean ofDay = (OF_DAY & 1 << clock) != 0;
                long nanos = rate.monotonicNanos() + (ofDay ? rate.realtimeOffset() : 0);
                long at = TIMES + (long) TIME_BYTES * clock;
                page.set(JAVA_LONG, at, Math.floorDiv(nanos, Clock.NANOS_PER_SECOND));
                page.set(JAVA_LONG, at + Long.BYTES, Math.floorMod(nanos, Clock.NANOS_PER_SECOND));
            }
        }
        VarHandle.releaseFence();
        page.set(JAVA_INT, SEQUENCE, page.get(JAVA_INT, SEQUENCE) + 1);
    }
}

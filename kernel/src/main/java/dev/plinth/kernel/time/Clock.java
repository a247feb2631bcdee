package dev.plinth.kernel.time;

import java.time.Instant;

/** The time, as the programs of a sandbox see it. Any thread may ask. */
public interface Clock {
    /** Nanoseconds in a second. */
    long NANOS_PER_SECOND = 1_000_000_000L;

    /** CLOCK_REALTIME: nanoseconds since 1970-01-01 00:00 UTC. */
    long realtimeNanos();

    /** CLOCK_REALTIME, as file times are kept. */
    default Instant realtime() {
        long nanos = realtimeNanos();
        return Instant.ofEpochSecond(
                Math.floorDiv(nanos, NANOS_PER_SECOND), Math.floorMod(nanos, NANOS_PER_SECOND));
    }

    /** CLOCK_MONOTONIC: nanoseconds since some moment, never going back. */
    long monotonicNanos();
}

package dev.plinth.kernel.time;

import java.time.Instant;

/** The host's clocks, as the JVM gives them. */
public final class HostClock implements Clock {
    @Override
    public long realtimeNanos() {
        Instant now = Instant.now();
        return now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
    }

    @Override
    public long monotonicNanos() {
        return System.nanoTime();
    }
}

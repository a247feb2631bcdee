package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.timer.TimerClock;

import java.util.function.LongSupplier;

/**
 * CPU time as a clock that timers run by. Nobody tells when it advances: it is looked at as seldom
 * as can be, and at most with the scheduler's tick of a Linux with 250 a second.
 *
 * @param nanos what it shows
 */
record CpuClock(LongSupplier nanos) implements TimerClock {
    private static final long TICK = 4_000_000;

    CpuClock {
        requireNonNull(nanos, "nanos is null");
    }

    @Override
    public long now() {
        return nanos.getAsLong();
    }

    @Override
    public long waitFor(long left) {
        return Math.max(TICK, left / Runtime.getRuntime().availableProcessors());
    }
}

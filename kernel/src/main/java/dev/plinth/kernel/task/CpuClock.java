package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.timer.TimerClock;

import java.util.Optional;

/**
 * CPU time as a clock that timers run by. Nobody tells when it advances: it is looked at as seldom
 * as can be, and at most with the scheduler's tick of a Linux with 250 a second.
 *
 * @param task whose time it shows, unless it is a process'
 * @param process whose time it shows, unless it is a task's
 * @param withSystem whether time in system calls counts
 */
record CpuClock(Optional<Task> task, Optional<ThreadGroup> process, boolean withSystem)
        implements TimerClock {
    private static final long TICK = 4_000_000;

    CpuClock {
        requireNonNull(task, "task is null");
        requireNonNull(process, "process is null");
        if (task.isPresent() == process.isPresent()) {
            throw new IllegalArgumentException("not the time of a task or a process");
        }
    }

    static CpuClock of(Task task) {
        return new CpuClock(Optional.of(task), Optional.empty(), true);
    }

    static CpuClock of(ThreadGroup process, boolean withSystem) {
        return new CpuClock(Optional.empty(), Optional.of(process), withSystem);
    }

    @Override
    public long now() {
        return process.map(group -> nanos(group.usage()))
                .orElseGet(() -> task.orElseThrow().cpuNanos());
    }

    private long nanos(ResourceUsage used) {
        return used.userNanos() + (withSystem ? used.systemNanos() : 0);
    }

    @Override
    public long waitFor(long left) {
        return Math.max(TICK, left / Runtime.getRuntime().availableProcessors());
    }
}

package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.timer.IntervalTimer;
import dev.plinth.kernel.timer.TimerClock;

import java.util.Optional;

/**
 * Holds a process to RLIMIT_CPU: SIGXCPU at each second from the soft limit on, SIGKILL at the hard
 * one, as {@code check_process_timers} of kernel/time/posix-cpu-timers.c.
 *
 * <p>Lasting state: none beside the limit itself. Any thread may call any method; its lock is taken
 * before a timer's, and not held while a signal is sent.
 */
@NotSaved("set anew by the limit and the time used")
final class CpuTimeLimit {
    private final ThreadGroup group;

    private final Object timerLock = new Object();

    /** Empty as long as the time was never limited. */
    @GuardedBy("timerLock")
    private Optional<IntervalTimer> timer = Optional.empty();

    @GuardedBy("timerLock")
    private boolean closed;

    CpuTimeLimit(ThreadGroup group) {
        this.group = requireNonNull(group, "group is null");
    }

    /** Goes by the limit as it is now. */
    void apply(Kernel kernel) {
        ResourceLimits.Limit limit = group.limits().get(ResourceLimits.RLIMIT_CPU);
        synchronized (timerLock) {
            if (limit.soft() == ResourceLimits.INFINITY || closed) {
                timer.ifPresent(CpuTimeLimit::stop);
                return;
            }
            if (timer.isEmpty()) {
                TimerClock clock = group.cpuClock(true);
                timer =
                        Optional.of(
                                new IntervalTimer(
                                        kernel.timers(),
                                        clock,
                                        () -> {
                                            check(kernel, clock.now());
                                            return true;
                                        }));
            }
            long moment = Math.min(nanos(limit.soft()), nanos(limit.hard()));
            timer.get().set(Math.max(1, moment), 0, true);
        }
    }

    private void check(Kernel kernel, long used) {
        ResourceLimits.Limit limit = group.limits().get(ResourceLimits.RLIMIT_CPU);
        if (limit.soft() == ResourceLimits.INFINITY) {
            return;
        }
        if (used >= nanos(limit.hard())) {
            group.send(SignalInfo.fromKernel(Signal.SIGKILL));
            return;
        }
        if (used >= nanos(limit.soft())) {
            group.send(SignalInfo.fromKernel(Signal.SIGXCPU));
            group.limits()
                    .exchange(
                            ResourceLimits.RLIMIT_CPU,
                            new ResourceLimits.Limit(limit.soft() + 1, limit.hard()),
                            false);
        }
        apply(kernel);
    }

    /** Seconds, unsigned, in nanoseconds as far as they go. */
    private static long nanos(long seconds) {
        boolean countable = seconds >= 0 && seconds < Long.MAX_VALUE / Clock.NANOS_PER_SECOND;
        return countable ? seconds * Clock.NANOS_PER_SECOND : Long.MAX_VALUE;
    }

    private static void stop(IntervalTimer timer) {
        timer.set(0, 0, false);
    }

    /** The process has ended. */
    void close() {
        synchronized (timerLock) {
            closed = true;
            timer.ifPresent(CpuTimeLimit::stop);
        }
    }
}

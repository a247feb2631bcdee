package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.timer.TimerClock;

/** The clocks that programs name by number: linux/time.h. */
final class Clocks {
    static final int CLOCK_REALTIME = 0;
    static final int CLOCK_MONOTONIC = 1;
    static final int CLOCK_PROCESS_CPUTIME_ID = 2;
    static final int CLOCK_THREAD_CPUTIME_ID = 3;
    static final int CLOCK_MONOTONIC_RAW = 4;
    static final int CLOCK_REALTIME_COARSE = 5;
    static final int CLOCK_MONOTONIC_COARSE = 6;
    static final int CLOCK_BOOTTIME = 7;
    static final int CLOCK_REALTIME_ALARM = 8;
    static final int CLOCK_BOOTTIME_ALARM = 9;
    static final int CLOCK_TAI = 11;

    /** CLOCK_*_COARSE tick with the scheduler: 250 a second. */
    static final long COARSE_NANOS = 4_000_000;

    /** A negative number is that of a task or process: {@code CPUCLOCK_*} of posix-timers.h. */
    private static final int CPUCLOCK_WHICH = 3;

    private static final int CPUCLOCK_VIRT = 1;
    private static final int CPUCLOCK_SCHED = 2;
    private static final int CPUCLOCK_PERTHREAD = 4;

    private Clocks() {}

    /**
     * A clock.
     *
     * @throws ErrnoException EINVAL if there is none of the number
     */
    static TimerClock of(Task task, int clock) {
        Clock time = task.kernel().clock();
        return switch (clock) {
            case CLOCK_REALTIME, CLOCK_REALTIME_ALARM, CLOCK_TAI -> task.kernel().realtimeClock();
            case CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_BOOTTIME_ALARM ->
                    task.kernel().monotonicClock();
            case CLOCK_REALTIME_COARSE -> () -> coarse(time.realtimeNanos());
            case CLOCK_MONOTONIC_COARSE -> () -> coarse(time.monotonicNanos());
            case CLOCK_PROCESS_CPUTIME_ID -> task.group().cpuClock(true);
            case CLOCK_THREAD_CPUTIME_ID -> task.cpuClock();
            default -> ofNumber(task, clock);
        };
    }

    private static long coarse(long nanos) {
        return nanos - nanos % COARSE_NANOS;
    }

    /** The clock of a task or process that clock_getcpuclockid(3) gives. */
    private static TimerClock ofNumber(Task task, int clock) {
        int which = clock & CPUCLOCK_WHICH;
        int id = ~(clock >> 3);
        if (clock >= 0 || which > CPUCLOCK_SCHED || id < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if ((clock & CPUCLOCK_PERTHREAD) != 0) {
            Task of =
                    id == 0
                            ? task
                            : task.kernel()
                                    .processes()
                                    .task(id)
                                    .filter(other -> other.group() == task.group())
                                    .orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
            return of.cpuClock();
        }
        return (id == 0
                        ? task.group()
                        : task.kernel()
                                .processes()
                                .process(id)
                                .orElseThrow(() -> ErrnoException.of(Errno.EINVAL)))
                .cpuClock(which != CPUCLOCK_VIRT);
    }

    /** Whether a clock is one of CPU time. */
    static boolean isCpuTime(int clock) {
        return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
    }
}

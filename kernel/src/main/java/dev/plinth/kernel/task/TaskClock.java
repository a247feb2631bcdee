package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.time.Clock;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The CPU time of a task: what the host says that its thread used, and what the platform says that
 * the guest used elsewhere.
 *
 * <p>How much of it is the guest's own is known from how long the platform ran it. Where the host's
 * processors are busy with others that is an upper bound, and the sum of both parts is still right.
 *
 * <p>Lasting state: the time used so far, in both parts.
 */
@SavedWith(Task.class)
final class TaskClock {
    private static final long SYS_GETTID = 186;
    private static final long SYS_CLOCK_GETTIME = 228;

    /** In the number of a clock: CPUCLOCK_PERTHREAD and CPUCLOCK_SCHED, of linux/posix-timers.h. */
    private static final long PER_THREAD_SCHEDULED = 6;

    private static final long TIMESPEC_BYTES = 16;

    /**
     * CPU time used.
     *
     * @param user nanoseconds in the guest's instructions
     * @param system nanoseconds in the kernel on its behalf
     */
    record Used(long user, long system) {
        static final Used NONE = new Used(0, 0);

        long total() {
            return user + system;
        }

        Used plus(Used other) {
            return new Used(user + other.user, system + other.system);
        }
    }

    private final HostKernel host;
    private final ExecutionContext context;
    private final long clockId;

    /** What thread and context had used before they were this task's. */
    private final long before;

    /** How long the guest ran; written by the task thread, read by anyone. */
    private volatile long ranNanos;

    /** When the guest began to run; zero if it does not. Like {@link #ranNanos}. */
    private volatile long runningSince;

    private final Object clockLock = new Object();

    /** Once the thread and the context are no longer the task's, they are not asked. */
    @GuardedBy("clockLock")
    private boolean stopped;

    @GuardedBy("clockLock")
    private Used last = Used.NONE;

    /** Starts at zero; for the calling thread, which is the task's. */
    TaskClock(HostKernel host, ExecutionContext context) {
        this.host = requireNonNull(host, "host is null");
        this.context = requireNonNull(context, "context is null");
        this.clockId = ~host.syscall(SYS_GETTID) << 3 | PER_THREAD_SCHEDULED;
        this.before = spent();
    }

    /** The guest is about to run; by the task thread. */
    void beginRun() {
        runningSince = System.nanoTime();
    }

    /** The guest has stopped; by the task thread. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // by the task thread only
    void endRun() {
        ranNanos += System.nanoTime() - runningSince;
        runningSince = 0;
    }

    /** How long the guest ran until now; what is read in between does not go back, see below. */
    private long ran() {
        long since = runningSince;
        return ranNanos + (since == 0 ? 0 : Math.max(0, System.nanoTime() - since));
    }

    /** What the task has used; any thread. */
    Used used() {
        synchronized (clockLock) {
            if (!stopped) {
                long total = Math.max(last.total(), spent() - before);
                long user = Math.max(last.user(), Math.min(ran(), total));
                last = new Used(user, Math.max(last.system(), total - user));
            }
            return last;
        }
    }

    /** Stops, before the thread and the context are given up; by the task thread. */
    void stop() {
        used();
        synchronized (clockLock) {
            stopped = true;
        }
    }

    private long spent() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment time = arena.allocate(TIMESPEC_BYTES, Long.BYTES);
            long result = host.syscall(SYS_CLOCK_GETTIME, clockId, time.address());
            if (Errno.isError(result)) {
                return 0;
            }
            return time.get(ValueLayout.JAVA_LONG, 0) * Clock.NANOS_PER_SECOND
                    + time.get(ValueLayout.JAVA_LONG, Long.BYTES)
                    + context.guestCpuNanos();
        }
    }
}

package dev.plinth.kernel.task;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.ResourceLimitState;

import java.util.Arrays;
import java.util.List;

/**
 * The resource limits of a process, as getrlimit(2). Any thread may read and write them.
 *
 * <p>Each limit is a pair that is replaced as a whole.
 */
@SavedWith(ThreadGroup.class)
public final class ResourceLimits {
    public static final int RLIMIT_CPU = 0;
    public static final int RLIMIT_FSIZE = 1;
    public static final int RLIMIT_DATA = 2;
    public static final int RLIMIT_STACK = 3;
    public static final int RLIMIT_CORE = 4;
    public static final int RLIMIT_NPROC = 6;
    public static final int RLIMIT_NOFILE = 7;
    public static final int RLIMIT_MEMLOCK = 8;
    public static final int RLIMIT_AS = 9;
    public static final int RLIMIT_SIGPENDING = 11;
    public static final int RLIMIT_MSGQUEUE = 12;
    public static final int RLIMIT_NICE = 13;
    public static final int RLIMIT_RTPRIO = 14;

    /** How many limits there are; their numbers are below this. */
    public static final int COUNT = 16;

    /** RLIM_INFINITY: no limit. All ones, the greatest number when read as unsigned. */
    public static final long INFINITY = -1L;

    /**
     * A limit.
     *
     * @param soft that is enforced, unsigned
     * @param hard up to which a process may raise the soft one, unsigned
     */
    public record Limit(long soft, long hard) {}

    private static final int MOST_PENDING_SIGNALS = 32_768;

    private final Object limitsLock = new Object();
    private final Limit[] limits;

    /** Whether the process has CAP_IPC_LOCK, and so may lock as much memory as there is. */
    @NotSaved("follows from the credentials")
    private volatile boolean mayLockAnything;

    private ResourceLimits(Limit[] limits) {
        this.limits = limits;
    }

    /**
     * The limits that Linux gives the first process (asm-generic/resource.h), with 1,024 processes.
     */
    public static ResourceLimits initial() {
        Limit[] limits = new Limit[COUNT];
        Arrays.fill(limits, new Limit(INFINITY, INFINITY));
        limits[RLIMIT_STACK] = new Limit(8L << 20, INFINITY);
        limits[RLIMIT_CORE] = new Limit(0, INFINITY);
        limits[RLIMIT_NPROC] = new Limit(1024, 1024);
        limits[RLIMIT_NOFILE] = new Limit(1024, 1 << 20);
        limits[RLIMIT_MEMLOCK] = new Limit(8L << 20, 8L << 20);
        limits[RLIMIT_SIGPENDING] = new Limit(4096, 4096);
        limits[RLIMIT_MSGQUEUE] = new Limit(819200, 819200);
        limits[RLIMIT_NICE] = new Limit(0, 0);
        limits[RLIMIT_RTPRIO] = new Limit(0, 0);
        return new ResourceLimits(limits);
    }

    /** Limits that were saved. */
    static ResourceLimits restore(List<ResourceLimitState> states) {
        if (states.size() != COUNT) {
            throw StateReader.corrupt(states.size() + " limits of a process");
        }
        return new ResourceLimits(
                states.stream()
                        .map(state -> new Limit(state.getSoft(), state.getHard()))
                        .toArray(Limit[]::new));
    }

    /** What is saved of them. */
    List<ResourceLimitState> save() {
        synchronized (limitsLock) {
            return Arrays.stream(limits)
                    .map(limit ->
                            ResourceLimitState.newBuilder()
                                    .setSoft(limit.soft())
                                    .setHard(limit.hard())
                                    .build())
                    .toList();
        }
    }

    /** A copy, for a child process. */
    public ResourceLimits copy() {
        synchronized (limitsLock) {
            ResourceLimits copy = new ResourceLimits(limits.clone());
            copy.mayLockAnything = mayLockAnything;
            return copy;
        }
    }

    /** The limit of a resource. */
    public Limit get(int resource) {
        synchronized (limitsLock) {
            return limits[resource];
        }
    }

    /**
     * Replaces the limit of a resource.
     *
     * @param mayRaise whether the hard limit may become greater
     * @return the limit before
     * @throws ErrnoException EPERM if it would and may not
     */
    public Limit exchange(int resource, Limit limit, boolean mayRaise) {
        synchronized (limitsLock) {
            Limit before = limits[resource];
            if (!mayRaise && Long.compareUnsigned(limit.hard(), before.hard()) > 0) {
                throw ErrnoException.of(Errno.EPERM);
            }
            limits[resource] = limit;
            return before;
        }
    }

    /** Says whether the limit on locked memory does not count, for the process has CAP_IPC_LOCK. */
    void setMayLockAnything(boolean may) {
        mayLockAnything = may;
    }

    /** Whether the limit on locked memory does not count. */
    boolean mayLockAnything() {
        return mayLockAnything;
    }

    /**
     * How many signals may be queued for the process, and how many timers it may have. However high
     * the limit is set, there is an end: they lie in the JVM's heap.
     */
    int pendingSignals() {
        return (int) Math.min(soft(RLIMIT_SIGPENDING), MOST_PENDING_SIGNALS);
    }

    /** The soft limit of a resource, with {@link Long#MAX_VALUE} for none. */
    public long soft(int resource) {
        long soft = get(resource).soft();
        return soft < 0 ? Long.MAX_VALUE : soft;
    }
}

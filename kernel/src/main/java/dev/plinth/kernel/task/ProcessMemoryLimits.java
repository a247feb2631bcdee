package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.mm.MemoryLimits;

/** A process' resource limits, as its memory is held to them. */
final class ProcessMemoryLimits implements MemoryLimits {
    private final ResourceLimits limits;
    private final boolean mayLockAnything;

    /**
     * Limits that change with the process' own.
     *
     * @param mayLockAnything whether the process has CAP_IPC_LOCK
     */
    ProcessMemoryLimits(ResourceLimits limits, boolean mayLockAnything) {
        this.limits = requireNonNull(limits, "limits is null");
        this.mayLockAnything = mayLockAnything;
    }

    @Override
    public long addressSpace() {
        return limits.soft(ResourceLimits.RLIMIT_AS);
    }

    @Override
    public long data() {
        return limits.soft(ResourceLimits.RLIMIT_DATA);
    }

    @Override
    public long stack() {
        return limits.soft(ResourceLimits.RLIMIT_STACK);
    }

    @Override
    public long locked() {
        return mayLockAnything ? INFINITY : limits.soft(ResourceLimits.RLIMIT_MEMLOCK);
    }
}

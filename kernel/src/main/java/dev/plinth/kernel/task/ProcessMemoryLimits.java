package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.mm.MemoryLimits;

/** A process' resource limits, as its memory is held to them. */
final class ProcessMemoryLimits implements MemoryLimits {
    private final ResourceLimits limits;

    /** Limits that change with the process' own. */
    ProcessMemoryLimits(ResourceLimits limits) {
        this.limits = requireNonNull(limits, "limits is null");
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
        return limits.mayLockAnything() ? INFINITY : limits.soft(ResourceLimits.RLIMIT_MEMLOCK);
    }
}

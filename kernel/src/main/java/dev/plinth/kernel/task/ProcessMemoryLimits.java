package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.mm.MemoryLimits;

/** A process' resource limits, as its memory is held to them. */
final class ProcessMemoryLimits implements MemoryLimits {
    private final ResourceLimits limits;
    private final OomKiller oomKiller;

    /**
     * Limits that change with the process' own.
     *
     * @param oomKiller makes room where there is none
     */
    ProcessMemoryLimits(ResourceLimits limits, OomKiller oomKiller) {
        this.limits = requireNonNull(limits, "limits is null");
        this.oomKiller = requireNonNull(oomKiller, "oomKiller is null");
    }

    @Override
    public boolean makeRoom() {
        return oomKiller.makeRoom();
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

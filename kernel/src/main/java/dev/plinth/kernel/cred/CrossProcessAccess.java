package dev.plinth.kernel.cred;

/** Whether a task may look into another process, or change it. */
public final class CrossProcessAccess {
    private CrossProcessAccess() {}

    /**
     * Whether a task may see what another process does, as PTRACE_MODE_READ_FSCREDS of ptrace(2);
     * of a process of its own it always may.
     *
     * @param dumpable whether the other process lets itself be looked at (PR_SET_DUMPABLE)
     */
    public static boolean mayInspect(Credentials caller, Credentials target, boolean dumpable) {
        if (caller.has(Capability.SYS_PTRACE)) {
            return true;
        }
        return dumpable
                && target.uids().areAll(caller.uids().fileSystem())
                && target.gids().areAll(caller.gids().fileSystem())
                && CapabilitySets.isSubset(
                        target.capabilities().permitted(), caller.capabilities().effective());
    }

    /** Whether a task may read and set the resource limits of another process: prlimit(2). */
    public static boolean mayLimit(Credentials caller, Credentials target) {
        return caller.has(Capability.SYS_RESOURCE)
                || (target.uids().areAll(caller.uids().real())
                        && target.gids().areAll(caller.gids().real()));
    }
}

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
        return mayAccess(
                caller, caller.uids().fileSystem(), caller.gids().fileSystem(), target, dumpable);
    }

    /**
     * The same by the real ids, as PTRACE_MODE_REALCREDS: what system calls ask that name a process
     * by its number.
     */
    public static boolean mayAttach(Credentials caller, Credentials target, boolean dumpable) {
        return mayAccess(caller, caller.uids().real(), caller.gids().real(), target, dumpable);
    }

    private static boolean mayAccess(
            Credentials caller, int uid, int gid, Credentials target, boolean dumpable) {
        if (caller.has(Capability.SYS_PTRACE)) {
            return true;
        }
        return dumpable
                && target.uids().areAll(uid)
                && target.gids().areAll(gid)
                && CapabilitySets.isSubset(
                        target.capabilities().permitted(), caller.capabilities().effective());
    }

    /** Whether a task may read and set the resource limits of another process: prlimit(2). */
    public static boolean mayLimit(Credentials caller, Credentials target) {
        return caller.has(Capability.SYS_RESOURCE)
                || (target.uids().areAll(caller.uids().real())
                        && target.gids().areAll(caller.gids().real()));
    }

    /** Whether a task may send signals to another process, as kill(2). */
    public static boolean maySignal(Credentials caller, Credentials target) {
        return caller.has(Capability.KILL)
                || caller.uids().effective() == target.uids().saved()
                || caller.uids().effective() == target.uids().real()
                || caller.uids().real() == target.uids().saved()
                || caller.uids().real() == target.uids().real();
    }
}

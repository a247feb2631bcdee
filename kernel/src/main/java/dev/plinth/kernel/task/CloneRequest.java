package dev.plinth.kernel.task;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.task.linux.Sched;

/**
 * What clone(2) is asked for: {@code struct kernel_clone_args}.
 *
 * @param flags {@code CLONE_*}, without the signal
 * @param exitSignal sent to the parent at the end of the new process; not necessarily one that
 *     exists
 * @param stack where the new task's stack begins; zero for that of the caller
 * @param tls base of fs, if asked for
 * @param parentTid where the caller's memory gets the number, if asked for
 * @param childTid where the new task's memory gets or loses the number, if asked for
 */
public record CloneRequest(
        long flags, int exitSignal, long stack, long tls, long parentTid, long childTid) {
    private static final long NAMESPACES =
            Sched.CLONE_NEWNS
                    | Sched.CLONE_NEWUTS
                    | Sched.CLONE_NEWIPC
                    | Sched.CLONE_NEWUSER
                    | Sched.CLONE_NEWPID
                    | Sched.CLONE_NEWNET
                    | Sched.CLONE_NEWCGROUP
                    | Sched.CLONE_NEWTIME;

    /** What fork(2) asks for. */
    public static CloneRequest fork() {
        return new CloneRequest(0, ProcessLinks.SIGCHLD, 0, 0, 0, 0);
    }

    /** What vfork(2) asks for. */
    public static CloneRequest vfork() {
        return new CloneRequest(
                Sched.CLONE_VM | Sched.CLONE_VFORK, ProcessLinks.SIGCHLD, 0, 0, 0, 0);
    }

    /** Whether all of some flags are set. */
    boolean has(long flag) {
        return (flags & flag) == flag;
    }

    /**
     * Refuses what makes no sense, in the order of {@code copy_process}.
     *
     * @throws ErrnoException EINVAL; EPERM for a namespace that the caller could not have anyway
     */
    void check(Task caller) {
        boolean sensible =
                !(has(Sched.CLONE_FS) && (has(Sched.CLONE_NEWNS) || has(Sched.CLONE_NEWUSER)))
                        && !(has(Sched.CLONE_THREAD) && !has(Sched.CLONE_SIGHAND))
                        && !(has(Sched.CLONE_SIGHAND) && !has(Sched.CLONE_VM))
                        && !(has(Sched.CLONE_PARENT) && caller.group().pid() == Kernel.INIT_PID)
                        && !(has(Sched.CLONE_THREAD)
                                && (has(Sched.CLONE_NEWUSER) || has(Sched.CLONE_NEWPID)));
        if (!sensible) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if ((flags & NAMESPACES) != 0) {
            boolean may =
                    caller.credentials().has(Capability.SYS_ADMIN) || has(Sched.CLONE_NEWUSER);
            // As a kernel that was built without namespaces.
            throw ErrnoException.of(may ? Errno.EINVAL : Errno.EPERM);
        }
        if (has(Sched.CLONE_PIDFD)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}

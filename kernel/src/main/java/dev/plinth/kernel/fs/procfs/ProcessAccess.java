package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.CrossProcessAccess;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.Inode;

/** Whose the files of a process are, and who may look into it: {@code ptrace_may_access}. */
final class ProcessAccess {
    private ProcessAccess() {}

    /** Whose a file is: root's, if the process does not let itself be looked at. */
    static Inode.Ownership owner(ProcessView process, ThreadView thread, int permissions) {
        if (process.isThere() && !process.isDumpable()) {
            return new Inode.Ownership(permissions, 0, 0);
        }
        return publicOwner(process, thread, permissions);
    }

    /**
     * Whose a directory is that everybody may enter: always the user's; root's when the process is
     * gone, for whose it was is not saved then.
     */
    static Inode.Ownership publicOwner(ProcessView process, ThreadView thread, int permissions) {
        if (!process.isThere()) {
            return new Inode.Ownership(permissions, 0, 0);
        }
        Credentials credentials = thread.credentials();
        return new Inode.Ownership(
                permissions, credentials.uids().effective(), credentials.gids().effective());
    }

    static boolean mayInspect(Caller caller, ProcessView process, ThreadView thread) {
        return caller.processId() == process.pid()
                || CrossProcessAccess.mayInspect(
                        caller.credentials(), thread.credentials(), process.isDumpable());
    }

    /** Refuses those who may not look into a process: EACCES. */
    static void requireInspect(Caller caller, ProcessView process, ThreadView thread) {
        if (!mayInspect(caller, process, thread)) {
            throw ErrnoException.of(Errno.EACCES);
        }
    }
}

package dev.plinth.platform.ptrace;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.platform.ptrace.linux.SystemCalls;

/**
 * A stub process, as it is born: with three threads, all of them idle and not traced.
 *
 * <p>The leader idles for ever: the end of a traced leader could be waited for only after those of
 * all other traced threads, whose tracers may be busy elsewhere.
 *
 * <p>The keeper never runs guest code. It is seized for a moment to make further threads, and to
 * make memory calls while guest threads are executing, so that nobody ever has to wait for one of
 * those; and its registers and vector state stay what they were at birth, so that every thread that
 * it makes is born with clean ones.
 *
 * @param leader its number, which is the process's
 * @param keeper its number
 * @param firstThread a thread for a guest
 * @param handle the process, which cannot be mistaken for another as a number could; owned
 */
record StubProcess(int leader, int keeper, int firstThread, HostFd handle)
        implements AutoCloseable {
    private static final int SIGKILL = 9;

    /** Opens the handle of a process that is known to live. */
    static HostFd openHandle(HostKernel host, int leader) {
        return new HostFd(
                host, (int) host.require("pidfd_open(stub)", SystemCalls.PIDFD_OPEN, leader, 0));
    }

    /**
     * Whether a number is that of a thread of this process. It is, until the process is killed;
     * then the host may give it to another.
     */
    boolean owns(HostKernel host, int tid) {
        return host.syscall(SystemCalls.PIDFD_SEND_SIGNAL, handle.number(), 0, 0, 0) == 0
                && host.syscall(SystemCalls.TGKILL, leader, tid, 0) == 0;
    }

    /** Kills the process. Its parent ignores its end, so the host forgets it at once. */
    void kill(HostKernel host) {
        host.syscall(SystemCalls.PIDFD_SEND_SIGNAL, handle.number(), SIGKILL, 0, 0);
    }

    /** Forgets the process, alive or not. */
    @Override
    public void close() {
        handle.close();
    }
}

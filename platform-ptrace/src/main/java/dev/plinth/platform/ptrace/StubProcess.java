package dev.plinth.platform.ptrace;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.platform.ptrace.linux.SystemCalls;

/**
 * A stub process: its first thread, which idles untraced and is seized for a moment when somebody
 * needs it, and a first thread for a guest.
 *
 * <p>The leader never runs guest code. It makes further threads and makes memory calls while guest
 * threads are executing, so nobody ever has to wait for one of those; and its registers and vector
 * state stay what they were at birth, so every thread that it makes is born with clean ones.
 *
 * @param leader its number, which is the process's
 * @param firstThread a thread, not traced, idle
 * @param handle the process, which cannot be mistaken for another as a number could; owned
 */
record StubProcess(int leader, int firstThread, HostFd handle) implements AutoCloseable {
    private static final int SIGKILL = 9;

    /** Opens the handle of a process that is known to live. */
    static HostFd openHandle(HostKernel host, int leader) {
        return new HostFd(
                host, (int) host.require("pidfd_open(stub)", SystemCalls.PIDFD_OPEN, leader, 0));
    }

    /** Whether the process has not been killed: if so, numbers of its idle threads are its own. */
    boolean isAlive(HostKernel host) {
        return host.syscall(SystemCalls.PIDFD_SEND_SIGNAL, handle.number(), 0, 0, 0) == 0;
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

package dev.plinth.cli.control.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process of the host that is held on to, so that a signal never reaches another one that has
 * come to have its number; see pidfd_open(2). Any thread may call any method.
 */
public final class PidFd implements AutoCloseable {
    // asm/unistd_64.h
    private static final long SYS_POLL = 7;
    private static final long SYS_PIDFD_SEND_SIGNAL = 424;
    private static final long SYS_PIDFD_OPEN = 434;

    private static final long SIGKILL = 9;

    // struct pollfd
    private static final short POLLIN = 1;
    private static final long POLLFD_BYTES = 8;
    private static final long POLLFD_EVENTS = 4;

    private final HostKernel host;
    private final HostFd descriptor;

    private PidFd(HostKernel host, HostFd descriptor) {
        this.host = host;
        this.descriptor = descriptor;
    }

    /**
     * Takes hold of a process.
     *
     * @param pid its number; whether it is the process that is meant, ask afterwards
     * @return empty if there is none; the caller closes it
     * @throws HostCallException if the host refuses
     */
    public static Optional<PidFd> open(HostKernel host, long pid) {
        requireNonNull(host, "host is null");
        long result = host.syscall(SYS_PIDFD_OPEN, pid, 0);
        if (result == -Errno.ESRCH.number()) {
            return Optional.empty();
        }
        if (Errno.isError(result)) {
            throw HostCallException.ofResult("pidfd_open", new long[] {pid, 0}, result);
        }
        return Optional.of(new PidFd(host, new HostFd(host, (int) result)));
    }

    /**
     * Ends it with SIGKILL; nothing happens if it has ended.
     *
     * @throws HostCallException if it is not this user's to end
     */
    public void kill() {
        long result = host.syscall(SYS_PIDFD_SEND_SIGNAL, descriptor.number(), SIGKILL, 0, 0);
        if (Errno.isError(result) && result != -Errno.ESRCH.number()) {
            throw HostCallException.ofResult(
                    "pidfd_send_signal",
                    new long[] {descriptor.number(), SIGKILL, 0, 0},
                    result);
        }
    }

    /**
     * Waits until it has ended.
     *
     * @param millis for how long at most
     * @return false if it has not
     */
    public boolean awaitEnd(long millis) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(POLLFD_BYTES, Integer.BYTES);
            poll.set(JAVA_INT, 0, descriptor.number());
            poll.set(JAVA_SHORT, POLLFD_EVENTS, POLLIN);
            long result;
            do {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                result = host.syscall(SYS_POLL, poll.address(), 1, Math.max(left, 0));
            } while (result == -Errno.EINTR.number());
            if (Errno.isError(result)) {
                throw HostCallException.ofResult("poll(pidfd)", new long[] {}, result);
            }
            return result > 0;
        }
    }

    @Override
    public void close() {
        descriptor.close();
    }
}

package dev.plinth.kernel.fd;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.HostErrors;
import dev.plinth.kernel.fs.hostfs.linux.Unistd;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Reading and writing a descriptor of the host at its own position without ever blocking for long,
 * though the descriptor is a blocking one: it is shared with processes of the host, whose view of
 * it O_NONBLOCK would change.
 *
 * <p>Pipes and sockets know RWF_NOWAIT. Terminals do not: they are asked whether they are ready,
 * and then given no more than they take then. Stateless.
 */
final class HostStream {
    /** What a pipe that is ready takes without blocking: PIPE_BUF. */
    private static final int READY_BYTES = 4096;

    /** {@code struct pollfd}: int fd, short events, short revents. */
    private static final int POLLFD_BYTES = 8;

    private static final int POLLFD_EVENTS = 4;
    private static final int POLLFD_REVENTS = 6;

    /** For preadv2(2) and pwritev2(2): at the file's own position. */
    private static final long OWN_POSITION = -1;

    private final HostKernel host;

    HostStream(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
    }

    /** Which of the events hold now, and errors. */
    int ready(HostFd fd, int events) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pollFd = arena.allocate(POLLFD_BYTES, Integer.BYTES);
            pollFd.set(JAVA_INT, 0, fd.number());
            pollFd.set(JAVA_SHORT, POLLFD_EVENTS, (short) events);
            HostErrors.check(host.syscall(Unistd.SYS_POLL, pollFd.address(), 1, 0));
            return pollFd.get(JAVA_SHORT, POLLFD_REVENTS) & 0xFFFF;
        }
    }

    /**
     * Reads what there is.
     *
     * @throws ErrnoException EAGAIN if there is nothing yet
     */
    long read(HostFd fd, MemorySegment piece) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = piece.isNative() ? piece : arena.allocate(piece.byteSize());
            long count = vectored(Unistd.SYS_PREADV2, arena, fd, bytes);
            if (count == -Errno.EOPNOTSUPP.number()) {
                requireReady(fd, Poll.POLLIN);
                count =
                        host.syscall(
                                Unistd.SYS_READ, fd.number(), bytes.address(), bytes.byteSize());
            }
            HostErrors.check(count);
            if (!piece.isNative()) {
                MemorySegment.copy(bytes, 0, piece, 0, count);
            }
            return count;
        }
    }

    /**
     * Writes what fits.
     *
     * @throws ErrnoException EAGAIN if nothing fits yet
     */
    long write(HostFd fd, MemorySegment piece) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes =
                    piece.isNative() ? piece : arena.allocate(piece.byteSize()).copyFrom(piece);
            long count = vectored(Unistd.SYS_PWRITEV2, arena, fd, bytes);
            if (count == -Errno.EOPNOTSUPP.number()) {
                requireReady(fd, Poll.POLLOUT);
                count =
                        host.syscall(
                                Unistd.SYS_WRITE,
                                fd.number(),
                                bytes.address(),
                                Math.min(bytes.byteSize(), READY_BYTES));
            }
            return HostErrors.check(count);
        }
    }

    private long vectored(long call, Arena arena, HostFd fd, MemorySegment bytes) {
        MemorySegment iovec = arena.allocate(2L * Long.BYTES, Long.BYTES);
        iovec.setAtIndex(JAVA_LONG, 0, bytes.address());
        iovec.setAtIndex(JAVA_LONG, 1, bytes.byteSize());
        return host.syscall(
                call,
                fd.number(),
                iovec.address(),
                1,
                OWN_POSITION,
                OWN_POSITION,
                Unistd.RWF_NOWAIT);
    }

    private void requireReady(HostFd fd, int events) {
        if (ready(fd, events) == 0) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
    }
}

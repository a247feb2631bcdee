package dev.plinth.cli.control.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Unix stream sockets, with what the JDK has no words for: descriptors on the way, and who the peer
 * is; see unix(7). Any thread may call any method.
 */
public final class SocketCalls {
    /** More descriptors than this are not taken with one read. */
    public static final int MAX_DESCRIPTORS = 8;

    // asm/unistd_64.h
    private static final long SYS_OPEN = 2;
    private static final long SYS_POLL = 7;
    private static final long SYS_SOCKET = 41;
    private static final long SYS_CONNECT = 42;
    private static final long SYS_SENDMSG = 46;
    private static final long SYS_RECVMSG = 47;
    private static final long SYS_SHUTDOWN = 48;
    private static final long SYS_BIND = 49;
    private static final long SYS_LISTEN = 50;
    private static final long SYS_SETSOCKOPT = 54;
    private static final long SYS_GETSOCKOPT = 55;
    private static final long SYS_ACCEPT4 = 288;

    // asm-generic/fcntl.h
    private static final long O_PATH_DIRECTORY_CLOEXEC = 010000000 | 0200000 | 02000000;

    // linux/socket.h, asm-generic/socket.h
    private static final long AF_UNIX = 1;
    private static final long SOCK_STREAM_CLOEXEC = 1 | 02000000;
    private static final long SOCK_CLOEXEC = 02000000;
    private static final long SOL_SOCKET = 1;
    private static final long SO_PEERCRED = 17;
    private static final long SO_RCVTIMEO = 20;
    private static final long SO_SNDTIMEO = 21;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_CTRUNC = 0x8;
    private static final long MSG_NOSIGNAL = 0x4000;
    private static final long MSG_CMSG_CLOEXEC = 0x40000000;
    private static final long SHUT_RDWR = 2;
    private static final long BACKLOG = 64;

    // struct sockaddr_un
    private static final long SOCKADDR_UN_BYTES = 110;
    private static final long SUN_PATH = 2;

    // struct ucred
    private static final long UCRED_BYTES = 12;
    private static final long UCRED_UID = 4;

    // struct msghdr
    private static final long MSGHDR_BYTES = 56;
    private static final long MSG_IOV = 16;
    private static final long MSG_IOVLEN = 24;
    private static final long MSG_CONTROL = 32;
    private static final long MSG_CONTROLLEN = 40;
    private static final long MSG_FLAGS = 48;
    private static final long IOVEC_BYTES = 16;

    // struct cmsghdr, then the descriptors
    private static final long CMSG_LEVEL = 8;
    private static final long CMSG_TYPE = 12;
    private static final long CMSG_DATA = 16;
    private static final long CMSG_SPACE = CMSG_DATA + (long) MAX_DESCRIPTORS * Integer.BYTES;

    // struct pollfd
    private static final short POLLIN = 1;
    private static final int POLLRDHUP = 0x2000;
    private static final long POLLFD_BYTES = 8;
    private static final long POLLFD_EVENTS = 4;
    private static final long POLLFD_REVENTS = 6;

    private final HostKernel host;

    /** Calls a host. */
    public SocketCalls(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
    }

    /**
     * Makes a listening socket.
     *
     * @param directory that the socket's name is in; its own name may be of any length
     * @param name of the socket
     * @return the socket; the caller owns it
     * @throws dev.plinth.api.host.HostCallException if the host refuses
     */
    public HostFd listen(String directory, String name) {
        HostFd socket = socket();
        boolean complete = false;
        try (Arena arena = Arena.ofConfined();
                HostFd place = openDirectory(arena, directory)) {
            long address = address(arena, place, name);
            host.require(
                    "bind(" + name + ")", SYS_BIND, socket.number(), address, SOCKADDR_UN_BYTES);
            host.require("listen(" + name + ")", SYS_LISTEN, socket.number(), BACKLOG);
            complete = true;
            return socket;
        } finally {
            if (!complete) {
                socket.close();
            }
        }
    }

    /** Connects to a listening socket, however long that takes; see the other one. */
    public HostFd connect(String directory, String name) {
        return connect(directory, name, 0);
    }

    /**
     * Connects to a listening socket.
     *
     * @param millis how long this, and each write later, may take; zero for no limit
     * @return the connection; the caller owns it
     * @throws dev.plinth.api.host.HostCallException if there is none, or nobody listens; EAGAIN if
     *     nobody takes connections in time
     */
    public HostFd connect(String directory, String name, long millis) {
        HostFd socket = socket();
        boolean complete = false;
        try (Arena arena = Arena.ofConfined();
                HostFd place = openDirectory(arena, directory)) {
            setWriteTimeout(socket, millis);
            long address = address(arena, place, name);
            host.require(
                    "connect(" + name + ")",
                    SYS_CONNECT,
                    socket.number(),
                    address,
                    SOCKADDR_UN_BYTES);
            complete = true;
            return socket;
        } finally {
            if (!complete) {
                socket.close();
            }
        }
    }

    private HostFd socket() {
        return new HostFd(
                host, (int) host.require("socket", SYS_SOCKET, AF_UNIX, SOCK_STREAM_CLOEXEC, 0));
    }

    private HostFd openDirectory(Arena arena, String directory) {
        long path = arena.allocateFrom(directory).address();
        return new HostFd(
                host,
                (int)
                        host.require(
                                "open(" + directory + ")",
                                SYS_OPEN,
                                path,
                                O_PATH_DIRECTORY_CLOEXEC));
    }

    /** By way of a descriptor, since an address has room for a hundred bytes only. */
    private static long address(Arena arena, HostFd directory, String name) {
        MemorySegment address = arena.allocate(SOCKADDR_UN_BYTES, Short.BYTES);
        address.set(JAVA_SHORT, 0, (short) AF_UNIX);
        address.setString(
                SUN_PATH,
                "/proc/self/fd/" + directory.number() + "/" + name,
                StandardCharsets.UTF_8);
        return address.address();
    }

    /** Waits for a connection: its descriptor, or a negative errno. */
    public long accept(HostFd listener) {
        return host.syscall(SYS_ACCEPT4, listener.number(), 0, 0, SOCK_CLOEXEC);
    }

    /** The effective user of who connected, when it did. */
    public int peerUser(HostFd connection) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment peer = arena.allocate(UCRED_BYTES, Integer.BYTES);
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) UCRED_BYTES);
            host.require(
                    "getsockopt(SO_PEERCRED)",
                    SYS_GETSOCKOPT,
                    connection.number(),
                    SOL_SOCKET,
                    SO_PEERCRED,
                    peer.address(),
                    length.address());
            return peer.get(JAVA_INT, UCRED_UID);
        }
    }

    /** Lets a read that waits longer than this fail with EAGAIN; zero for no limit. */
    public void setReadTimeout(HostFd connection, long millis) {
        setTimeout(connection, SO_RCVTIMEO, millis);
    }

    /** Lets a write that waits longer than this fail with EAGAIN; zero for no limit. */
    public void setWriteTimeout(HostFd connection, long millis) {
        setTimeout(connection, SO_SNDTIMEO, millis);
    }

    private void setTimeout(HostFd connection, long option, long millis) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment timeval = arena.allocate(JAVA_LONG, 2);
            timeval.setAtIndex(JAVA_LONG, 0, TimeUnit.MILLISECONDS.toSeconds(millis));
            timeval.setAtIndex(JAVA_LONG, 1, TimeUnit.MILLISECONDS.toMicros(millis % 1000));
            host.require(
                    "setsockopt(timeout)",
                    SYS_SETSOCKOPT,
                    connection.number(),
                    SOL_SOCKET,
                    option,
                    timeval.address(),
                    timeval.byteSize());
        }
    }

    /** Ends every read and write of a socket, those included that wait now; and every accept. */
    public void shutDown(HostFd socket) {
        host.syscall(SYS_SHUTDOWN, socket.number(), SHUT_RDWR);
    }

    /** Whether the peer has closed its end; asks without waiting. */
    public boolean isGone(HostFd connection) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(JAVA_LONG);
            poll.set(JAVA_INT, 0, connection.number());
            poll.set(JAVA_SHORT, POLLFD_EVENTS, (short) POLLRDHUP);
            long ready = host.syscall(SYS_POLL, poll.address(), 1, 0);
            return ready == 1 && poll.get(JAVA_SHORT, POLLFD_REVENTS) != 0;
        }
    }

    /**
     * Waits until there is something to read from a connection, its end included, or nobody reads
     * any more what is written to something else.
     *
     * @param output number of a descriptor, such as a pipe's writing end
     * @return false if there is nothing to read, and nobody who reads
     */
    public boolean awaitReadable(HostFd connection, int output) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment poll = arena.allocate(JAVA_LONG, 2);
            poll.set(JAVA_INT, 0, connection.number());
            poll.set(JAVA_SHORT, POLLFD_EVENTS, POLLIN);
            // What is asked for of it, POLLERR and POLLHUP, need not be named.
            poll.set(JAVA_INT, POLLFD_BYTES, output);
            long ready;
            do {
                ready = host.syscall(SYS_POLL, poll.address(), 2, -1);
            } while (ready == -Errno.EINTR.number());
            boolean isGone = poll.get(JAVA_SHORT, POLLFD_BYTES + POLLFD_REVENTS) != 0;
            return poll.get(JAVA_SHORT, POLLFD_REVENTS) != 0 || !isGone;
        }
    }

    /**
     * Sends bytes, and descriptors with the first of them.
     *
     * @param bytes native; not empty
     * @param descriptors borrowed; at most {@link #MAX_DESCRIPTORS}
     * @return how many bytes were sent, or a negative errno
     */
    public long send(HostFd connection, MemorySegment bytes, List<HostFd> descriptors) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = message(arena, bytes);
            if (!descriptors.isEmpty()) {
                long length = CMSG_DATA + (long) descriptors.size() * Integer.BYTES;
                MemorySegment control = arena.allocate(CMSG_SPACE, Long.BYTES);
                control.set(JAVA_LONG, 0, length);
                control.set(JAVA_INT, CMSG_LEVEL, (int) SOL_SOCKET);
                control.set(JAVA_INT, CMSG_TYPE, SCM_RIGHTS);
                for (int i = 0; i < descriptors.size(); i++) {
                    control.set(
                            JAVA_INT,
                            CMSG_DATA + (long) i * Integer.BYTES,
                            descriptors.get(i).number());
                }
                message.set(JAVA_LONG, MSG_CONTROL, control.address());
                message.set(JAVA_LONG, MSG_CONTROLLEN, (length + 7) & -8);
            }
            return retried(SYS_SENDMSG, connection, message, MSG_NOSIGNAL);
        }
    }

    /**
     * What one read gave.
     *
     * @param count of the bytes; zero at the end, or a negative errno
     * @param descriptors that came with them; the caller owns them
     * @param truncated whether there were more descriptors, which are lost: more than are taken at
     *     a time, or than this process may have
     */
    public record Received(long count, List<HostFd> descriptors, boolean truncated) {
        public Received {
            descriptors = List.copyOf(descriptors);
        }
    }

    /**
     * Reads bytes, and the descriptors that come with them.
     *
     * @param bytes native; where they go
     */
    public Received receive(HostFd connection, MemorySegment bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment message = message(arena, bytes);
            MemorySegment control = arena.allocate(CMSG_SPACE, Long.BYTES);
            message.set(JAVA_LONG, MSG_CONTROL, control.address());
            message.set(JAVA_LONG, MSG_CONTROLLEN, CMSG_SPACE);
            long count = retried(SYS_RECVMSG, connection, message, MSG_CMSG_CLOEXEC);
            List<HostFd> descriptors =
                    Errno.isError(count) ? List.of() : descriptors(message, control);
            boolean truncated = (message.get(JAVA_INT, MSG_FLAGS) & MSG_CTRUNC) != 0;
            return new Received(count, descriptors, truncated);
        }
    }

    private List<HostFd> descriptors(MemorySegment message, MemorySegment control) {
        long given = message.get(JAVA_LONG, MSG_CONTROLLEN);
        List<HostFd> descriptors = new ArrayList<>();
        // One header at most: nothing else was asked for that the kernel would add.
        if (given > CMSG_DATA
                && control.get(JAVA_INT, CMSG_LEVEL) == SOL_SOCKET
                && control.get(JAVA_INT, CMSG_TYPE) == SCM_RIGHTS) {
            long end = Math.min(control.get(JAVA_LONG, 0), CMSG_SPACE);
            for (long at = CMSG_DATA; at + Integer.BYTES <= end; at += Integer.BYTES) {
                descriptors.add(new HostFd(host, control.get(JAVA_INT, at)));
            }
        }
        return descriptors;
    }

    private static MemorySegment message(Arena arena, MemorySegment bytes) {
        MemorySegment piece = arena.allocate(IOVEC_BYTES, Long.BYTES);
        piece.set(JAVA_LONG, 0, bytes.address());
        piece.set(JAVA_LONG, Long.BYTES, bytes.byteSize());
        MemorySegment message = arena.allocate(MSGHDR_BYTES, Long.BYTES);
        message.set(JAVA_LONG, MSG_IOV, piece.address());
        message.set(JAVA_LONG, MSG_IOVLEN, 1);
        return message;
    }

    private long retried(long call, HostFd connection, MemorySegment message, long flags) {
        long result;
        do {
            result = host.syscall(call, connection.number(), message.address(), flags);
        } while (result == -Errno.EINTR.number());
        return result;
    }
}

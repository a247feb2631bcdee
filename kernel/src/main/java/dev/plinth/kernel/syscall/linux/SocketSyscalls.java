package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.StructFormats.INT_PAIR_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.SocketAddress;
import dev.plinth.kernel.net.SocketType;
import dev.plinth.kernel.net.UnixSocket;
import dev.plinth.kernel.net.UnixSockets;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.strace.SocketFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.List;

/** Making sockets, their names and their connections; net/socket.c. */
final class SocketSyscalls implements SyscallFamily {
    private static final String UNIX_ONLY = "AF_UNIX only; EAFNOSUPPORT otherwise";
    private static final int SOCKET_FLAGS = Socket.SOCK_CLOEXEC | Socket.SOCK_NONBLOCK;

    /** {@code SOMAXCONN}. */
    private static final int GREATEST_BACKLOG = 4096;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "socket",
                        UNIX_ONLY,
                        SocketSyscalls::socket,
                        SocketFormats.FAMILY,
                        SocketFormats.TYPE,
                        INT),
                partial(
                        "socketpair",
                        UNIX_ONLY,
                        SocketSyscalls::socketpair,
                        SocketFormats.FAMILY,
                        SocketFormats.TYPE,
                        INT,
                        INT_PAIR_OUT),
                supported("bind", SocketSyscalls::bind, FD, SocketFormats.ADDRESS, INT),
                supported("listen", SocketSyscalls::listen, FD, INT),
                supported("accept", SocketSyscalls::accept, FD, POINTER, POINTER),
                supported(
                        "accept4",
                        SocketSyscalls::accept4,
                        FD,
                        POINTER,
                        POINTER,
                        SocketFormats.SOCKET_FLAGS),
                supported("connect", SocketSyscalls::connect, FD, SocketFormats.ADDRESS, INT),
                supported("shutdown", SocketSyscalls::shutdown, FD, SocketFormats.HOW),
                supported("getsockname", SocketSyscalls::getsockname, FD, POINTER, POINTER),
                supported("getpeername", SocketSyscalls::getpeername, FD, POINTER, POINTER));
    }

    private static UnixSockets sockets(Task task) {
        return task.kernel().internal().sockets();
    }

    /** Which type of socket is asked for, {@code __sock_create}; other families are not there. */
    private static SocketType type(int family, int type, int protocol) {
        PathArguments.requireFlags(type & ~Socket.SOCK_TYPE_MASK, SOCKET_FLAGS);
        int number = type & Socket.SOCK_TYPE_MASK;
        if (family < 0 || family >= Socket.AF_MAX) {
            throw ErrnoException.of(Errno.EAFNOSUPPORT);
        }
        if (number >= Socket.SOCK_MAX) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (family != Socket.AF_UNIX) {
            throw ErrnoException.of(Errno.EAFNOSUPPORT);
        }
        if (protocol != 0 && protocol != Socket.AF_UNIX) {
            throw ErrnoException.of(Errno.EPROTONOSUPPORT);
        }
        return SocketType.of(number);
    }

    private static long socket(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(1);
        SocketType type = type(arguments.intAt(0), flags, arguments.intAt(2));
        return install(task, sockets(task).newSocket(type, task.caller()), flags);
    }

    private static long install(Task task, UnixSocket socket, int flags) {
        socket.setFlags(flags & Socket.SOCK_NONBLOCK);
        return task.files()
                .open(
                        socket,
                        (flags & Socket.SOCK_CLOEXEC) != 0,
                        OpenSyscalls.descriptorLimit(task));
    }

    private static long socketpair(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(1);
        SocketType type = type(arguments.intAt(0), flags, arguments.intAt(2));
        List<UnixSocket> pair = sockets(task).newPair(type, task.caller());
        pair.forEach(socket -> socket.setFlags(flags & Socket.SOCK_NONBLOCK));
        boolean closeOnExec = (flags & Socket.SOCK_CLOEXEC) != 0;
        PipeSyscalls.openPair(
                task, arguments.longAt(3), pair.getFirst(), pair.getLast(), closeOnExec);
        return 0;
    }

    private static long bind(Task task, SyscallArguments arguments) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            byte[] structure =
                    SocketArguments.addressIn(task, arguments.longAt(1), arguments.intAt(2));
            sockets(task)
                    .bind(
                            socket,
                            SocketAddress.parse(structure),
                            task.caller(),
                            task.kernel().vfs());
            return 0;
        }
    }

    private static long listen(Task task, SyscallArguments arguments) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            int limit = arguments.intAt(1);
            boolean large = Integer.compareUnsigned(limit, GREATEST_BACKLOG) > 0;
            socket.listen(large ? GREATEST_BACKLOG : limit, task.caller());
            return 0;
        }
    }

    private static long accept(Task task, SyscallArguments arguments) {
        return accept(task, arguments, 0);
    }

    private static long accept4(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(3);
        PathArguments.requireFlags(flags, SOCKET_FLAGS);
        return accept(task, arguments, flags);
    }

    private static long accept(Task task, SyscallArguments arguments, int flags) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            UnixSocket accepted =
                    Blocking.until(
                            task,
                            set -> socket.watch(Poll.POLLIN, set),
                            () -> true,
                            Blocking.readingPatience(task, socket),
                            socket::accept);
            boolean told = false;
            try {
                if (arguments.longAt(1) != 0) {
                    SocketArguments.addressOut(
                            task,
                            accepted.peerAddress().structure(),
                            arguments.longAt(1),
                            arguments.longAt(2));
                }
                told = true;
            } finally {
                if (!told) {
                    accepted.close();
                }
            }
            return install(task, accepted, flags);
        }
    }

    private static long connect(Task task, SyscallArguments arguments) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            byte[] structure =
                    SocketArguments.addressIn(task, arguments.longAt(1), arguments.intAt(2));
            if (socket.type() == SocketType.DATAGRAM && isUnspecified(structure)) {
                socket.disconnect();
                return 0;
            }
            SocketAddress address = SocketAddress.parse(structure);
            return Blocking.until(
                    task,
                    set -> find(task, socket, address).watchBacklog(set),
                    () -> true,
                    Blocking.writingPatience(task, socket),
                    () -> {
                        socket.connect(find(task, socket, address), task.caller());
                        return 0L;
                    });
        }
    }

    private static UnixSocket find(Task task, UnixSocket socket, SocketAddress address) {
        return sockets(task).find(address, socket.type(), task.caller(), task.kernel().vfs());
    }

    private static boolean isUnspecified(byte[] structure) {
        return structure.length >= Short.BYTES && structure[0] == 0 && structure[1] == 0;
    }

    private static long shutdown(Task task, SyscallArguments arguments) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            socket.shutdown(arguments.intAt(1));
            return 0;
        }
    }

    private static long getsockname(Task task, SyscallArguments arguments) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            SocketArguments.addressOut(
                    task,
                    socket.localAddress().structure(),
                    arguments.longAt(1),
                    arguments.longAt(2));
            return 0;
        }
    }

    private static long getpeername(Task task, SyscallArguments arguments) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            SocketArguments.addressOut(
                    task,
                    socket.peerAddress().structure(),
                    arguments.longAt(1),
                    arguments.longAt(2));
            return 0;
        }
    }
}

package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.syscall.SyscallRow.partial;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.SocketCredentials;
import dev.plinth.kernel.net.UnixSocket;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.strace.SocketFormats;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Blocker;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/** Options of sockets; net/core/sock.c. */
final class SocketOptionSyscalls implements SyscallFamily {
    private static final String SOCKET_LEVEL = "options of SOL_SOCKET that Unix sockets have";
    private static final long MICROS_PER_SECOND = 1_000_000;
    private static final long NANOS_PER_MICRO = 1000;
    private static final int TIMEVAL_BYTES = 16;
    private static final int LINGER_BYTES = 8;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "setsockopt",
                        SOCKET_LEVEL,
                        SocketOptionSyscalls::setsockopt,
                        FD,
                        SocketFormats.LEVEL,
                        SocketFormats.OPTION,
                        POINTER,
                        INT),
                partial(
                        "getsockopt",
                        SOCKET_LEVEL,
                        SocketOptionSyscalls::getsockopt,
                        FD,
                        SocketFormats.LEVEL,
                        SocketFormats.OPTION,
                        POINTER,
                        POINTER));
    }

    private static long setsockopt(Task task, SyscallArguments arguments) {
        int option = arguments.intAt(2);
        long address = arguments.longAt(3);
        int length = arguments.intAt(4);
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            if (length < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            requireSocketLevel(arguments.intAt(1));
            if (length < Integer.BYTES) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            int value = task.guestMemory().readInt(address);
            switch (option) {
                case Socket.SO_RCVTIMEO ->
                        socket.options().setReceiveTimeout(timeout(task, address, length));
                case Socket.SO_SNDTIMEO ->
                        socket.options().setSendTimeout(timeout(task, address, length));
                case Socket.SO_LINGER -> {
                    if (length < LINGER_BYTES) {
                        throw ErrnoException.of(Errno.EINVAL);
                    }
                    socket.options().setLinger(task.guestMemory().readLong(address));
                }
                case Socket.SO_SNDBUFFORCE, Socket.SO_RCVBUFFORCE -> {
                    if (!task.credentials().has(Capability.NET_ADMIN)) {
                        throw ErrnoException.of(Errno.EPERM);
                    }
                    socket.options().set(option, value);
                }
                default -> socket.options().set(option, value);
            }
            return 0;
        }
    }

    private static void requireSocketLevel(int level) {
        if (level != Socket.SOL_SOCKET) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
    }

    /** {@code sock_set_timeout}: zero is for ever, and what is negative is no time at all. */
    private static long timeout(Task task, long address, int length) {
        if (length < TIMEVAL_BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long seconds = task.guestMemory().readLong(address);
        long micros = task.guestMemory().readLong(address + Long.BYTES);
        if (micros < 0 || micros >= MICROS_PER_SECOND) {
            throw ErrnoException.of(Errno.EDOM);
        }
        if (seconds < 0) {
            return 0;
        }
        boolean endless =
                (seconds == 0 && micros == 0)
                        || seconds >= Blocker.NO_DEADLINE / Clock.NANOS_PER_SECOND - 1;
        return endless
                ? Blocker.NO_DEADLINE
                : seconds * Clock.NANOS_PER_SECOND + micros * NANOS_PER_MICRO;
    }

    private static long getsockopt(Task task, SyscallArguments arguments) {
        int option = arguments.intAt(2);
        long lengthAddress = arguments.longAt(4);
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            requireSocketLevel(arguments.intAt(1));
            int room = task.guestMemory().readInt(lengthAddress);
            if (room < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            byte[] value = value(socket, option);
            int length = Math.min(room, value.length);
            task.guestMemory().copyOut(arguments.longAt(3), Arrays.copyOf(value, length));
            task.guestMemory().writeInt(lengthAddress, length);
            return 0;
        }
    }

    private static byte[] value(UnixSocket socket, int option) {
        return switch (option) {
            case Socket.SO_TYPE -> ofInt(socket.type().number());
            case Socket.SO_DOMAIN -> ofInt(Socket.AF_UNIX);
            case Socket.SO_PROTOCOL -> ofInt(0);
            case Socket.SO_ERROR -> ofInt(socket.takeError());
            case Socket.SO_ACCEPTCONN -> ofInt(socket.isListening() ? 1 : 0);
            case Socket.SO_RCVTIMEO -> ofTimeout(socket.options().receiveTimeout());
            case Socket.SO_SNDTIMEO -> ofTimeout(socket.options().sendTimeout());
            case Socket.SO_LINGER ->
                    buffer(LINGER_BYTES).putLong(socket.options().linger()).array();
            case Socket.SO_PEERCRED -> {
                SocketCredentials peer = socket.peerCredentials();
                yield ControlMessages.structureOf(peer);
            }
            case Socket.SO_PEERGROUPS -> new byte[0];
            default ->
                    ofInt(
                            socket.options()
                                    .get(option)
                                    .orElseThrow(() -> ErrnoException.of(Errno.ENOPROTOOPT)));
        };
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    }

    private static byte[] ofInt(int value) {
        return buffer(Integer.BYTES).putInt(value).array();
    }

    private static byte[] ofTimeout(long nanos) {
        long shown = nanos == Blocker.NO_DEADLINE ? 0 : nanos;
        return buffer(TIMEVAL_BYTES)
                .putLong(shown / Clock.NANOS_PER_SECOND)
                .putLong(shown % Clock.NANOS_PER_SECOND / NANOS_PER_MICRO)
                .array();
    }
}

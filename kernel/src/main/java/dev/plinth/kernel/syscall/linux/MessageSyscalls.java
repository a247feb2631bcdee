package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.BYTES_OUT;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.UNSIGNED;
import static dev.plinth.kernel.strace.Formats.bytesIn;
import static dev.plinth.kernel.strace.SocketFormats.ADDRESS;
import static dev.plinth.kernel.strace.SocketFormats.MESSAGE_FLAGS;
import static dev.plinth.kernel.syscall.SyscallRow.partial;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.net.Outgoing;
import dev.plinth.kernel.net.Received;
import dev.plinth.kernel.net.SocketAddress;
import dev.plinth.kernel.net.SocketCredentials;
import dev.plinth.kernel.net.SocketType;
import dev.plinth.kernel.net.UnixSocket;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.linux.Poll;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Sending and receiving; net/socket.c. */
final class MessageSyscalls implements SyscallFamily {
    private static final String NO_URGENT_DATA = "no MSG_OOB";

    /** {@code struct mmsghdr}: a {@code struct msghdr}, and an int behind it. */
    private static final int MMSGHDR_BYTES = 64;

    /** {@code UIO_MAXIOV}: more messages are not looked at. */
    private static final int MOST_MESSAGES = 1024;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "sendto",
                        NO_URGENT_DATA,
                        MessageSyscalls::sendto,
                        FD,
                        bytesIn(2),
                        SIZE,
                        MESSAGE_FLAGS,
                        ADDRESS,
                        INT),
                partial(
                        "recvfrom",
                        NO_URGENT_DATA,
                        MessageSyscalls::recvfrom,
                        FD,
                        BYTES_OUT,
                        SIZE,
                        MESSAGE_FLAGS,
                        POINTER,
                        POINTER),
                partial(
                        "sendmsg",
                        NO_URGENT_DATA,
                        MessageSyscalls::sendmsg,
                        FD,
                        POINTER,
                        MESSAGE_FLAGS),
                partial(
                        "recvmsg",
                        NO_URGENT_DATA,
                        MessageSyscalls::recvmsg,
                        FD,
                        POINTER,
                        MESSAGE_FLAGS),
                partial(
                        "sendmmsg",
                        NO_URGENT_DATA,
                        MessageSyscalls::sendmmsg,
                        FD,
                        POINTER,
                        UNSIGNED,
                        MESSAGE_FLAGS),
                partial(
                        "recvmmsg",
                        NO_URGENT_DATA,
                        MessageSyscalls::recvmmsg,
                        FD,
                        POINTER,
                        UNSIGNED,
                        MESSAGE_FLAGS,
                        POINTER));
    }

    private static long sendto(Task task, SyscallArguments arguments) {
        IoBuffer source = task.guestMemory().source(arguments.longAt(1), length(arguments));
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            byte[] to =
                    arguments.longAt(4) == 0
                            ? new byte[0]
                            : SocketArguments.addressIn(
                                    task, arguments.longAt(4), arguments.intAt(5));
            return send(task, socket, source, arguments.intAt(3), to, bytesAlone(task));
        }
    }

    /** What is too long is found to lie outside of the program's addresses. */
    private static long length(SyscallArguments arguments) {
        if (arguments.longAt(2) < 0) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return arguments.longAt(2);
    }

    /** What goes with bytes that a program only writes. */
    static Outgoing bytesAlone(Task task) {
        return Outgoing.bytesOf(SocketCredentials.ofSender(task.caller()));
    }

    private static long sendmsg(Task task, SyscallArguments arguments) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            return sendmsg(task, socket, arguments.longAt(1), arguments.intAt(2));
        }
    }

    private static long sendmsg(Task task, UnixSocket socket, long address, int flags) {
        MessageHeader header = MessageHeader.read(task, address);
        IoBuffer source = task.guestMemory().source(header.pieces());
        byte[] control = header.control();
        List<FileDescription> files = new ArrayList<>();
        try {
            Outgoing outgoing = ControlMessages.parse(task, control, files);
            return send(task, socket, source, flags, header.name(), outgoing);
        } finally {
            files.forEach(FileDescription::close);
        }
    }

    private static long send(
            Task task,
            UnixSocket socket,
            IoBuffer source,
            int flags,
            byte[] name,
            Outgoing outgoing) {
        if ((flags & Socket.MSG_OOB) != 0) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        Optional<UnixSocket> target = target(task, socket, name);
        long deadline = patience(flags, Blocking.writingPatience(task, socket));
        long length = source.remaining();
        // Of a call that is made again, a part may have been sent before.
        long sent = source.skip(task.call().resumed().takeDone());
        if (sent == 0) {
            sent = sendSome(task, socket, source, flags, outgoing, target, deadline);
        }
        while (sent > 0 && source.remaining() > 0 && deadline != Blocking.AT_ONCE) {
            try {
                sendSome(task, socket, source, flags, outgoing.rest(), target, deadline);
            } catch (ErrnoException | RestartException e) {
                if (Blocking.isByStop(task, e)) {
                    throw task.call().resumed().breakOff(length - source.remaining());
                }
                // What was sent is the result; an error that lasts is met by the next call.
                break;
            }
        }
        return sent == 0 ? 0 : length - source.remaining();
    }

    private static long patience(int flags, long otherwise) {
        return (flags & Socket.MSG_DONTWAIT) != 0 ? Blocking.AT_ONCE : otherwise;
    }

    /** Where to, if it is said; only messages without a connection can be told. */
    private static Optional<UnixSocket> target(Task task, UnixSocket socket, byte[] name) {
        if (socket.type() == SocketType.DATAGRAM && socket.options().passesCredentials()) {
            bindAutomatically(task, socket);
        }
        if (name.length == 0 || socket.type() == SocketType.SEQUENCED_PACKET) {
            return Optional.empty();
        }
        if (socket.type() == SocketType.STREAM) {
            throw ErrnoException.of(socket.isConnected() ? Errno.EISCONN : Errno.EOPNOTSUPP);
        }
        return Optional.of(
                task.kernel()
                        .internal()
                        .sockets()
                        .find(
                                SocketAddress.parse(name),
                                socket.type(),
                                task.caller(),
                                task.kernel().vfs()));
    }

    /** Who asks for credentials can be answered. */
    private static void bindAutomatically(Task task, UnixSocket socket) {
        task.kernel()
                .internal()
                .sockets()
                .bind(socket, SocketAddress.UNNAMED, task.caller(), task.kernel().vfs());
    }

    private static long sendSome(
            Task task,
            UnixSocket socket,
            IoBuffer source,
            int flags,
            Outgoing outgoing,
            Optional<UnixSocket> target,
            long deadline) {
        try {
            return Blocking.until(
                    task,
                    set -> {
                        socket.watch(Poll.POLLOUT, set);
                        target.ifPresent(to -> to.watchQueue(set));
                    },
                    () -> true,
                    deadline,
                    () -> socket.send(source, outgoing, target));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EPIPE
                    && socket.breaksWithSignal()
                    && (flags & Socket.MSG_NOSIGNAL) == 0) {
                task.signals().send(SignalInfo.fromKernel(Signal.SIGPIPE));
            }
            throw e;
        }
    }

    private static long recvfrom(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(3);
        IoBuffer destination =
                task.guestMemory().destination(arguments.longAt(1), length(arguments));
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            Received received = receive(task, socket, destination, flags);
            received.rights().forEach(FileDescription::close);
            if (arguments.longAt(4) != 0) {
                SocketArguments.addressOut(
                        task,
                        SocketArguments.originOf(received.from()),
                        arguments.longAt(4),
                        arguments.longAt(5));
            }
            return resultOf(received, flags);
        }
    }

    /** How long the message was, where that is asked for. */
    private static long resultOf(Received received, int flags) {
        return (flags & Socket.MSG_TRUNC) != 0 ? received.length() : received.count();
    }

    /** Receives what there is; with MSG_WAITALL a stream's bytes until all are there. */
    private static Received receive(Task task, UnixSocket socket, IoBuffer destination, int flags) {
        if ((flags & Socket.MSG_OOB) != 0) {
            throw ErrnoException.of(
                    socket.type() == SocketType.STREAM ? Errno.EINVAL : Errno.EOPNOTSUPP);
        }
        long deadline = patience(flags, Blocking.readingPatience(task, socket));
        // Of a call that is made again, a part may have been received before.
        long before = destination.skip(task.call().resumed().takeDone());
        Received first =
                before > 0
                        ? socket.receivedBefore(before)
                        : receiveSome(task, socket, destination, flags, deadline);
        boolean whole =
                socket.type() == SocketType.STREAM
                        && (flags & Socket.MSG_WAITALL) != 0
                        && (flags & Socket.MSG_PEEK) == 0;
        long count = first.count();
        List<FileDescription> rights = new ArrayList<>(first.rights());
        while (whole && count > 0 && destination.remaining() > 0 && rights.isEmpty()) {
            Received more;
            try {
                more = receiveSome(task, socket, destination, flags, deadline);
            } catch (ErrnoException | RestartException e) {
                if (Blocking.isByStop(task, e)) {
                    throw task.call().resumed().breakOff(count);
                }
                break;
            }
            rights.addAll(more.rights());
            count += more.count();
            whole = more.count() > 0;
        }
        return count == first.count()
                ? first
                : new Received(count, count, first.from(), first.credentials(), rights);
    }

    private static Received receiveSome(
            Task task, UnixSocket socket, IoBuffer destination, int flags, long deadline) {
        boolean peek = (flags & Socket.MSG_PEEK) != 0;
        boolean waits = deadline != Blocking.AT_ONCE;
        return Blocking.until(
                task,
                set -> socket.watch(Poll.POLLIN, set),
                () -> socket.ready(Poll.POLLIN) != 0,
                deadline,
                () -> socket.receive(destination, peek, waits));
    }

    private static long recvmsg(Task task, SyscallArguments arguments) {
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            return recvmsg(task, socket, arguments.longAt(1), arguments.intAt(2));
        }
    }

    private static long recvmsg(Task task, UnixSocket socket, long address, int flags) {
        MessageHeader header = MessageHeader.read(task, address);
        IoBuffer destination = task.guestMemory().destination(header.pieces());
        Received received = receive(task, socket, destination, flags);
        try {
            ControlMessages control =
                    new ControlMessages(task, header.controlAddress(), header.controlLength());
            control.store(
                    received,
                    socket.options().passesCredentials(),
                    (flags & Socket.MSG_CMSG_CLOEXEC) != 0);
            int outFlags = flags & Socket.MSG_CMSG_CLOEXEC;
            outFlags |= received.isTruncated() ? Socket.MSG_TRUNC : 0;
            outFlags |= control.isTruncated() ? Socket.MSG_CTRUNC : 0;
            header.finish(SocketArguments.originOf(received.from()), control.used(), outFlags);
            return resultOf(received, flags);
        } finally {
            received.rights().forEach(FileDescription::close);
        }
    }

    private static long sendmmsg(Task task, SyscallArguments arguments) {
        int count = messages(arguments.intAt(2));
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            for (int i = task.call().resumed().takeMessages(); i < count; i++) {
                long message = arguments.longAt(1) + (long) i * MMSGHDR_BYTES;
                try {
                    long sent = sendmsg(task, socket, message, arguments.intAt(3));
                    MessageHeader.setLength(task, message, sent);
                } catch (ErrnoException | RestartException e) {
                    if (i > 0) {
                        if (Blocking.isByStop(task, e)) {
                            throw task.call().resumed().breakOffAfter(i);
                        }
                        return i;
                    }
                    throw e;
                }
            }
            return count;
        }
    }

    private static int messages(int count) {
        return (int) Math.min(Integer.toUnsignedLong(count), MOST_MESSAGES);
    }

    /** The time is looked at between messages only: recvmmsg(2), BUGS. */
    private static long recvmmsg(Task task, SyscallArguments arguments) {
        int count = messages(arguments.intAt(2));
        PollTimeout timeout = PollTimeout.ofTimespec(task, arguments.longAt(4));
        int flags = arguments.intAt(3);
        try (UnixSocket socket = SocketArguments.socket(task, arguments.intAt(0))) {
            int received = task.call().resumed().takeMessages();
            if (received > 0) {
                flags = afterFirst(flags);
            }
            while (received < count) {
                long message = arguments.longAt(1) + (long) received * MMSGHDR_BYTES;
                try {
                    long length = recvmsg(task, socket, message, flags & ~Socket.MSG_WAITFORONE);
                    MessageHeader.setLength(task, message, length);
                } catch (ErrnoException | RestartException e) {
                    if (received > 0) {
                        if (Blocking.isByStop(task, e)) {
                            throw task.call().resumed().breakOffAfter(received);
                        }
                        break;
                    }
                    throw e;
                }
                received++;
                flags = afterFirst(flags);
                if (timeout.hasPassed()) {
                    break;
                }
            }
            timeout.writeRemainder();
            return received;
        }
    }

    private static int afterFirst(int flags) {
        return (flags & Socket.MSG_WAITFORONE) != 0 ? flags | Socket.MSG_DONTWAIT : flags;
    }
}

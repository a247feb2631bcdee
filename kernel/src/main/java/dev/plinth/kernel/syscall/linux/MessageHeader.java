package dev.plinth.kernel.syscall.linux;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.task.Task;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * A {@code struct msghdr}, copied in once: {@code copy_msghdr_from_user}.
 *
 * @param task whose memory it lies in
 * @param address of it
 * @param nameAddress zero for none
 * @param nameLength at most that of a {@code struct sockaddr_storage}
 * @param pieces of the message
 * @param controlAddress zero for none
 * @param controlLength in bytes
 */
record MessageHeader(
        Task task,
        long address,
        long nameAddress,
        int nameLength,
        List<AddressRange> pieces,
        long controlAddress,
        long controlLength) {
    /** {@code struct msghdr}, and where its members are. */
    private static final int BYTES = 56;

    private static final int NAME_LENGTH = 8;
    private static final int PIECES = 16;
    private static final int PIECE_COUNT = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;
    private static final int FLAGS = 48;

    /** {@code msg_len} of a {@code struct mmsghdr}. */
    private static final int MESSAGE_LENGTH = 56;

    /** {@code UIO_MAXIOV}. */
    private static final int MOST_PIECES = 1024;

    /** {@code optmem_max}: more control messages than that are not copied in. */
    private static final int MOST_CONTROL = 128 << 10;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    MessageHeader {
        requireNonNull(task, "task is null");
        pieces = List.copyOf(pieces);
    }

    /**
     * Copies a header in.
     *
     * @throws ErrnoException EFAULT; EINVAL; EMSGSIZE if the message has too many pieces
     */
    static MessageHeader read(Task task, long address) {
        MemorySegment struct = MemorySegment.ofArray(task.guestMemory().copyIn(address, BYTES));
        long nameAddress = struct.get(LONG, 0);
        int nameLength = nameAddress == 0 ? 0 : struct.get(INT, NAME_LENGTH);
        if (nameLength < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long count = struct.get(LONG, PIECE_COUNT);
        if (Long.compareUnsigned(count, MOST_PIECES) > 0) {
            throw ErrnoException.of(Errno.EMSGSIZE);
        }
        return new MessageHeader(
                task,
                address,
                nameAddress,
                Math.min(nameLength, Socket.SOCKADDR_STORAGE_BYTES),
                task.guestMemory().readIovec(struct.get(LONG, PIECES), count),
                struct.get(LONG, CONTROL),
                struct.get(LONG, CONTROL_LENGTH));
    }

    /** The name that a message is sent to; empty for none. */
    byte[] name() {
        return SocketArguments.addressIn(task, nameAddress, nameLength);
    }

    /**
     * The control messages that are sent.
     *
     * @throws ErrnoException ENOBUFS if they are too long; EFAULT
     */
    byte[] control() {
        if (Long.compareUnsigned(controlLength, MOST_CONTROL) > 0) {
            throw ErrnoException.of(Errno.ENOBUFS);
        }
        return controlLength == 0
                ? new byte[0]
                : task.guestMemory().copyIn(controlAddress, (int) controlLength);
    }

    /** Tells the program what was received besides bytes. */
    void finish(byte[] name, long controlUsed, int flags) {
        if (nameAddress != 0) {
            int length = Math.min(nameLength, name.length);
            if (length > 0) {
                task.guestMemory().copyOut(nameAddress, Arrays.copyOf(name, length));
            }
            task.guestMemory().writeInt(address + NAME_LENGTH, name.length);
        }
        task.guestMemory().writeInt(address + FLAGS, flags);
        task.guestMemory().writeLong(address + CONTROL_LENGTH, controlUsed);
    }

    /** Tells how long one of several messages was. */
    static void setLength(Task task, long address, long length) {
        task.guestMemory().writeInt(address + MESSAGE_LENGTH, (int) length);
    }
}

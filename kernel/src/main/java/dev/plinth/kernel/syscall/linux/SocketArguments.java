package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.SocketAddress;
import dev.plinth.kernel.net.UnixSocket;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;

import java.util.Arrays;

/** Sockets and addresses as arguments; net/socket.c. */
final class SocketArguments {
    private SocketArguments() {}

    /**
     * The socket of a descriptor.
     *
     * @return with a reference, which the caller closes
     * @throws ErrnoException EBADF; ENOTSOCK, also for a socket that the host gave
     */
    static UnixSocket socket(Task task, int fd) {
        FileDescription file = task.files().get(fd);
        if (file instanceof UnixSocket socket) {
            return socket;
        }
        file.close();
        throw ErrnoException.of(Errno.ENOTSOCK);
    }

    /**
     * The bytes of an address; {@code move_addr_to_kernel}.
     *
     * @throws ErrnoException EINVAL if it is too long; EFAULT
     */
    static byte[] addressIn(Task task, long address, int length) {
        if (length < 0 || length > Socket.SOCKADDR_STORAGE_BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return length == 0 ? new byte[0] : task.guestMemory().copyIn(address, length);
    }

    /**
     * Stores an address, or as much of it as there is room for; {@code move_addr_to_user}.
     *
     * @param lengthAddress of an int that says how much room there is, and is told how much is
     *     needed
     * @throws ErrnoException EINVAL if the room is negative; EFAULT
     */
    static void addressOut(Task task, byte[] structure, long address, long lengthAddress) {
        int room = task.guestMemory().readInt(lengthAddress);
        if (room < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int length = Math.min(room, structure.length);
        if (length > 0) {
            task.guestMemory().copyOut(address, Arrays.copyOf(structure, length));
        }
        task.guestMemory().writeInt(lengthAddress, structure.length);
    }

    /** The structure of where a message came from: nothing if it has no name. */
    static byte[] originOf(SocketAddress from) {
        return from.isUnnamed() ? new byte[0] : from.structure();
    }
}

package dev.plinth.kernel.syscall.linux;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.Ids;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.Outgoing;
import dev.plinth.kernel.net.Received;
import dev.plinth.kernel.net.SocketCredentials;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What goes with the bytes of a message, cmsg(3): open files and credentials; net/core/scm.c.
 *
 * <p>Confined to the task's thread.
 */
@NotSaved("of one system call")
final class ControlMessages {
    /** {@code struct cmsghdr}: long len, int level, int type. */
    private static final int HEADER_BYTES = 16;

    private static final int LEVEL = 8;
    private static final int TYPE = 12;

    /** {@code struct ucred}: int pid, int uid, int gid. */
    private static final int CREDENTIALS_BYTES = 12;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private final Task task;
    private final long start;
    private long room;
    private long at;
    private boolean truncated;

    /**
     * Room for control messages in the task's memory.
     *
     * @param room in bytes
     */
    ControlMessages(Task task, long address, long room) {
        this.task = requireNonNull(task, "task is null");
        this.start = address;
        this.at = address;
        this.room = address == 0 ? 0 : Math.max(0, room);
    }

    /** {@code struct ucred}. */
    static byte[] structureOf(SocketCredentials credentials) {
        MemorySegment struct = MemorySegment.ofArray(new byte[CREDENTIALS_BYTES]);
        struct.set(INT, 0, credentials.pid());
        struct.set(INT, Integer.BYTES, credentials.uid());
        struct.set(INT, 2 * Integer.BYTES, credentials.gid());
        return struct.toArray(ValueLayout.JAVA_BYTE);
    }

    /**
     * What a message brings along, {@code __scm_send}.
     *
     * @param bytes the control messages
     * @param files receives the open files, with references that the caller closes in any case
     * @throws ErrnoException EINVAL, EBADF, EPERM, ESRCH
     */
    static Outgoing parse(Task task, byte[] bytes, List<FileDescription> files) {
        MemorySegment control = MemorySegment.ofArray(bytes);
        Optional<SocketCredentials> credentials = Optional.empty();
        long at = 0;
        while (bytes.length - at >= HEADER_BYTES) {
            long length = control.get(LONG, at);
            if (length < HEADER_BYTES || length > bytes.length - at) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            if (control.get(INT, at + LEVEL) == Socket.SOL_SOCKET) {
                MemorySegment data = control.asSlice(at + HEADER_BYTES, length - HEADER_BYTES);
                switch (control.get(INT, at + TYPE)) {
                    case Socket.SCM_RIGHTS -> parseRights(task, data, files);
                    case Socket.SCM_CREDENTIALS ->
                            credentials = Optional.of(parseCredentials(task, data));
                    default -> throw ErrnoException.of(Errno.EINVAL);
                }
            }
            at += length + Long.BYTES - 1 & -Long.BYTES;
        }
        return new Outgoing(
                SocketCredentials.ofSender(task.caller()),
                credentials,
                files,
                task.credentials().has(Capability.SYS_RESOURCE)
                        || task.credentials().has(Capability.SYS_ADMIN),
                task.group().limits().soft(ResourceLimits.RLIMIT_NOFILE));
    }

    private static void parseRights(Task task, MemorySegment data, List<FileDescription> files) {
        long count = data.byteSize() / Integer.BYTES;
        if (files.size() + count > Socket.SCM_MAX_FD) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        for (long i = 0; i < count; i++) {
            files.add(task.files().getAlsoPathOnly(data.get(INT, i * Integer.BYTES)));
        }
    }

    private static SocketCredentials parseCredentials(Task task, MemorySegment data) {
        if (data.byteSize() != CREDENTIALS_BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        SocketCredentials claimed =
                new SocketCredentials(
                        data.get(INT, 0),
                        data.get(INT, Integer.BYTES),
                        data.get(INT, 2 * Integer.BYTES));
        Credentials own = task.credentials();
        boolean allowed =
                (claimed.pid() == task.group().pid() || own.has(Capability.SYS_ADMIN))
                        && (isOneOf(own.uids(), claimed.uid()) || own.has(Capability.SETUID))
                        && (isOneOf(own.gids(), claimed.gid()) || own.has(Capability.SETGID));
        if (!allowed) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if (task.kernel().process(claimed.pid()).isEmpty()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return claimed;
    }

    private static boolean isOneOf(Ids ids, int id) {
        return id == ids.real() || id == ids.effective() || id == ids.saved();
    }

    /**
     * Stores what came along with a message, {@code scm_recv_unix}; what does not fit is lost.
     *
     * @param credentials whether the receiver wants them
     * @param closeOnExec whether execve(2) closes the descriptors
     */
    void store(Received received, boolean credentials, boolean closeOnExec) {
        if (credentials) {
            SocketCredentials sender =
                    received.credentials()
                            .orElse(new SocketCredentials(0, OVERFLOW_ID, OVERFLOW_ID));
            storeCredentials(structureOf(sender));
        }
        if (!received.rights().isEmpty()) {
            storeRights(received.rights(), closeOnExec);
        }
    }

    /** {@code overflowuid}: of nobody who is known. */
    private static final int OVERFLOW_ID = 65534;

    /** {@code put_cmsg}. */
    private void storeCredentials(byte[] data) {
        if (room < HEADER_BYTES) {
            truncated = true;
            return;
        }
        long length = (long) HEADER_BYTES + data.length;
        if (room < length) {
            truncated = true;
            length = room;
        }
        MemorySegment message = MemorySegment.ofArray(new byte[(int) length]);
        putHeader(message, length, Socket.SCM_CREDENTIALS);
        MemorySegment.copy(
                MemorySegment.ofArray(data), 0, message, HEADER_BYTES, length - HEADER_BYTES);
        task.guestMemory().copyOut(at, message);
        advance(length);
    }

    private static void putHeader(MemorySegment message, long length, int type) {
        message.set(LONG, 0, length);
        message.set(INT, LEVEL, Socket.SOL_SOCKET);
        message.set(INT, TYPE, type);
    }

    private void advance(long length) {
        long space = Math.min(room, length + Long.BYTES - 1 & -Long.BYTES);
        at += space;
        room -= space;
    }

    /** {@code scm_detach_fds}: stores as many as there is room and descriptors for. */
    private void storeRights(List<FileDescription> files, boolean closeOnExec) {
        long fitting = room <= HEADER_BYTES ? 0 : (room - HEADER_BYTES) / Integer.BYTES;
        List<Integer> stored = new ArrayList<>();
        while (stored.size() < files.size() && stored.size() < fitting) {
            long slot = at + HEADER_BYTES + (long) stored.size() * Integer.BYTES;
            FileDescription file = files.get(stored.size());
            Optional<Integer> fd = install(file, slot, closeOnExec);
            if (fd.isEmpty()) {
                break;
            }
            stored.add(fd.get());
        }
        if (!stored.isEmpty()) {
            long length = HEADER_BYTES + (long) stored.size() * Integer.BYTES;
            MemorySegment header = MemorySegment.ofArray(new byte[HEADER_BYTES]);
            putHeader(header, length, Socket.SCM_RIGHTS);
            task.guestMemory().copyOut(at, header);
            advance(length);
        }
        truncated |= stored.size() < files.size();
    }

    /** Gives a file a descriptor and stores that, or does neither. */
    private Optional<Integer> install(FileDescription file, long slot, boolean closeOnExec) {
        int fd;
        try {
            fd = task.files().open(file.retain(), closeOnExec, OpenSyscalls.descriptorLimit(task));
        } catch (ErrnoException e) {
            return Optional.empty();
        }
        try {
            task.guestMemory().writeInt(slot, fd);
            return Optional.of(fd);
        } catch (ErrnoException e) {
            task.files().close(fd);
            return Optional.empty();
        }
    }

    /** How many bytes were stored. */
    long used() {
        return at - start;
    }

    /** Whether something was lost for want of room: MSG_CTRUNC. */
    boolean isTruncated() {
        return truncated;
    }
}

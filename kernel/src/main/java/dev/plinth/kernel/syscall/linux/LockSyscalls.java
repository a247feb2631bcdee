package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.DescriptorFormats.FLOCK_OPERATION;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.syscall.SyscallRow.supported;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileLocks;
import dev.plinth.kernel.vfs.LockWaits;
import dev.plinth.kernel.vfs.RecordLock;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;

/** Locks on files: flock(2), and the commands of fcntl(2) for locks on bytes (fs/locks.c). */
final class LockSyscalls implements SyscallFamily {
    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int LOCK_UN = 8;

    /** {@code struct flock}: short type, short whence, long start, long len, int pid. */
    private static final int FLOCK_BYTES = 32;

    private static final int L_TYPE = 0;
    private static final int L_WHENCE = 2;
    private static final int L_START = 8;
    private static final int L_LEN = 16;
    private static final int L_PID = 24;

    @Override
    public List<SyscallRow> rows() {
        return List.of(supported("flock", LockSyscalls::flock, FD, FLOCK_OPERATION));
    }

    private static long flock(Task task, SyscallArguments arguments) {
        int operation = arguments.intAt(1) & ~LOCK_NB;
        if (operation != LOCK_SH && operation != LOCK_EX && operation != LOCK_UN) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            FileLocks locks = file.inode().locks();
            if (operation == LOCK_UN) {
                locks.clearWhole(file);
                return 0;
            }
            if (!file.isReadable() && !file.isWritable()) {
                throw ErrnoException.of(Errno.EBADF);
            }
            boolean waits = (arguments.intAt(1) & LOCK_NB) == 0;
            lockWhole(task, file, operation == LOCK_EX, waits);
            return 0;
        }
    }

    private static void lockWhole(
            Task task, FileDescription file, boolean exclusive, boolean waits) {
        FileLocks locks = file.inode().locks();
        if (locks.setWhole(file, exclusive)) {
            return;
        }
        if (!waits) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        try (WaitSet set = task.blocker().newWaitSet()) {
            set.add(locks.changes(), Poll.POLLIN);
            while (!locks.setWhole(file, exclusive)) {
                await(task, set);
            }
        }
    }

    private static void await(Task task, WaitSet set) {
        if (task.blocker().await(set, Blocker.NO_DEADLINE) == Blocker.Outcome.INTERRUPTED) {
            throw RestartException.of(RestartException.Kind.UNLESS_HANDLER_FORBIDS);
        }
    }

    /**
     * Does a command of fcntl(2) about locks.
     *
     * @param command F_GETLK, F_SETLK, F_SETLKW, or one of their OFD kin
     * @param address of a {@code struct flock}
     */
    static long fcntl(Task task, int fd, FileDescription file, int command, long address) {
        Request request = readRequest(task, file, command, address);
        switch (command) {
            case Fcntl.F_GETLK, Fcntl.F_OFD_GETLK -> get(task, file, request, address);
            default -> {
                boolean waits = command == Fcntl.F_SETLKW || command == Fcntl.F_OFD_SETLKW;
                set(task, file, request, waits);
                giveUpIfClosed(task, fd, file, request);
            }
        }
        return 0;
    }

    private static boolean isOfOpenFile(int command) {
        return command == Fcntl.F_OFD_GETLK
                || command == Fcntl.F_OFD_SETLK
                || command == Fcntl.F_OFD_SETLKW;
    }

    /**
     * What a program asks for.
     *
     * @param type {@code F_RDLCK}, {@code F_WRLCK} or {@code F_UNLCK}
     * @param lock the owner and the bytes; exclusive if the type says so
     */
    private record Request(int type, RecordLock lock) {}

    /** {@code flock64_to_posix_lock}. */
    private static Request readRequest(
            Task task, FileDescription file, int command, long address) {
        MemorySegment flock =
                MemorySegment.ofArray(task.guestMemory().copyIn(address, FLOCK_BYTES));
        int type = flock.get(JAVA_SHORT_UNALIGNED, L_TYPE);
        boolean ofFile = isOfOpenFile(command);
        boolean query = command == Fcntl.F_GETLK || command == Fcntl.F_OFD_GETLK;
        boolean known =
                type == Fcntl.F_RDLCK
                        || type == Fcntl.F_WRLCK
                        || (type == Fcntl.F_UNLCK && command != Fcntl.F_GETLK);
        boolean namesProcess = ofFile && flock.get(JAVA_INT_UNALIGNED, L_PID) != 0;
        if (!known || namesProcess) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long base =
                switch (flock.get(JAVA_SHORT_UNALIGNED, L_WHENCE)) {
                    case Fs.SEEK_SET -> 0;
                    case Fs.SEEK_CUR -> file.seek(0, Fs.SEEK_CUR);
                    case Fs.SEEK_END -> file.stat().size();
                    default -> throw ErrnoException.of(Errno.EINVAL);
                };
        long start = add(base, flock.get(JAVA_LONG_UNALIGNED, L_START));
        long length = flock.get(JAVA_LONG_UNALIGNED, L_LEN);
        long first = length < 0 ? add(start, length) : start;
        if (start < 0 || first < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long last =
                length == 0 ? Long.MAX_VALUE : length < 0 ? start - 1 : add(start, length - 1);
        if (!query) {
            requireOpenFor(file, type);
        }
        Object owner = ofFile ? file : task.files();
        int processId = ofFile ? -1 : task.group().pid();
        return new Request(
                type, new RecordLock(owner, processId, type == Fcntl.F_WRLCK, first, last));
    }

    private static long add(long a, long b) {
        if (b > 0 && a > Long.MAX_VALUE - b) {
            throw ErrnoException.of(Errno.EOVERFLOW);
        }
        return a + b;
    }

    private static void requireOpenFor(FileDescription file, int type) {
        boolean open =
                switch (type) {
                    case Fcntl.F_RDLCK -> file.isReadable();
                    case Fcntl.F_WRLCK -> file.isWritable();
                    default -> true;
                };
        if (!open) {
            throw ErrnoException.of(Errno.EBADF);
        }
    }

    private static void get(Task task, FileDescription file, Request request, long address) {
        Optional<RecordLock> conflict = file.inode().locks().conflict(request.lock);
        if (conflict.isEmpty()) {
            task.guestMemory().writeShort(address, (short) Fcntl.F_UNLCK);
            return;
        }
        RecordLock lock = conflict.get();
        byte[] bytes = task.guestMemory().copyIn(address, FLOCK_BYTES);
        MemorySegment flock = MemorySegment.ofArray(bytes);
        int type = lock.exclusive() ? Fcntl.F_WRLCK : Fcntl.F_RDLCK;
        flock.set(JAVA_SHORT_UNALIGNED, L_TYPE, (short) type);
        flock.set(JAVA_SHORT_UNALIGNED, L_WHENCE, (short) Fs.SEEK_SET);
        flock.set(JAVA_LONG_UNALIGNED, L_START, lock.first());
        flock.set(
                JAVA_LONG_UNALIGNED,
                L_LEN,
                lock.last() == Long.MAX_VALUE ? 0 : lock.last() - lock.first() + 1);
        flock.set(JAVA_INT_UNALIGNED, L_PID, lock.processId());
        task.guestMemory().copyOut(address, bytes);
    }

    private static void set(Task task, FileDescription file, Request request, boolean waits) {
        FileLocks locks = file.inode().locks();
        RecordLock wanted = request.lock;
        if (request.type == Fcntl.F_UNLCK) {
            locks.clear(wanted);
            return;
        }
        Optional<RecordLock> blocking = locks.set(wanted);
        if (blocking.isEmpty()) {
            return;
        }
        if (!waits) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        try (WaitSet set = task.blocker().newWaitSet()) {
            set.add(locks.changes(), Poll.POLLIN);
            blocking = locks.set(wanted);
            while (blocking.isPresent()) {
                try (LockWaits.Waiting waiting =
                        task.kernel().vfs().lockWaits().begin(wanted, blocking.get())) {
                    await(task, set);
                }
                blocking = locks.set(wanted);
            }
        }
    }

    /**
     * Takes a lock away again whose descriptor another thread has closed meanwhile: nobody would
     * ({@code fcntl_setlk}).
     */
    @SuppressWarnings("ReferenceEquality") // The same open file, not an equal one.
    private static void giveUpIfClosed(Task task, int fd, FileDescription file, Request request) {
        if (request.type == Fcntl.F_UNLCK || request.lock.isOfOpenFile()) {
            return;
        }
        try (FileDescription now = task.files().getAlsoPathOnly(fd)) {
            if (now == file) {
                return;
            }
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EBADF) {
                throw e;
            }
        }
        file.inode().locks().clear(request.lock);
        throw ErrnoException.of(Errno.EBADF);
    }
}

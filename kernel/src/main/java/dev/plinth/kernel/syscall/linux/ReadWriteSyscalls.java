package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.FileFormats.IOVEC_IN;
import static dev.plinth.kernel.strace.FileFormats.IOVEC_OUT;
import static dev.plinth.kernel.strace.FileFormats.RWF_FLAGS;
import static dev.plinth.kernel.strace.FileFormats.UPPER_OFFSET;
import static dev.plinth.kernel.strace.FileFormats.WHENCE;
import static dev.plinth.kernel.strace.Formats.BYTES_OUT;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.HEX;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.OFFSET;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.bytesIn;
import static dev.plinth.kernel.strace.StructFormats.LONG_IN;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Reading and writing. */
final class ReadWriteSyscalls implements SyscallFamily {
    /** {@code RWF_*} of linux/fs.h: what preadv2(2) and pwritev2(2) know. */
    private static final int RWF_HIPRI = 1;

    private static final int RWF_DSYNC = 2;
    private static final int RWF_SYNC = 4;

    /** How much is on its way at once between two files. */
    private static final int COPY_BYTES = 128 << 10;

    private static final String FLAGS_NOTE = "RWF_HIPRI, RWF_DSYNC and RWF_SYNC";

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("read", ReadWriteSyscalls::read, FD, BYTES_OUT, SIZE),
                supported("write", ReadWriteSyscalls::write, FD, bytesIn(2), SIZE),
                supported("pread64", ReadWriteSyscalls::pread64, FD, BYTES_OUT, SIZE, OFFSET),
                supported("pwrite64", ReadWriteSyscalls::pwrite64, FD, bytesIn(2), SIZE, OFFSET),
                supported("readv", ReadWriteSyscalls::readv, FD, IOVEC_OUT, INT),
                supported("writev", ReadWriteSyscalls::writev, FD, IOVEC_IN, INT),
                supported("preadv", ReadWriteSyscalls::preadv, FD, IOVEC_OUT, INT, OFFSET),
                supported("pwritev", ReadWriteSyscalls::pwritev, FD, IOVEC_IN, INT, OFFSET),
                partial(
                        "preadv2",
                        FLAGS_NOTE,
                        ReadWriteSyscalls::preadv2,
                        FD,
                        IOVEC_OUT,
                        INT,
                        OFFSET,
                        UPPER_OFFSET,
                        RWF_FLAGS),
                partial(
                        "pwritev2",
                        FLAGS_NOTE,
                        ReadWriteSyscalls::pwritev2,
                        FD,
                        IOVEC_IN,
                        INT,
                        OFFSET,
                        UPPER_OFFSET,
                        RWF_FLAGS),
                supported("lseek", ReadWriteSyscalls::lseek, FD, OFFSET, WHENCE),
                supported("sendfile", ReadWriteSyscalls::sendfile, FD, FD, LONG_IN, SIZE),
                supported(
                        "copy_file_range",
                        ReadWriteSyscalls::copyFileRange,
                        FD,
                        LONG_IN,
                        FD,
                        LONG_IN,
                        SIZE,
                        HEX));
    }

    private static long read(Task task, SyscallArguments arguments) {
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            return read(
                    task,
                    file,
                    task.guestMemory().destination(arguments.longAt(1), count(arguments)));
        }
    }

    private static long write(Task task, SyscallArguments arguments) {
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            return write(
                    task, file, task.guestMemory().source(arguments.longAt(1), count(arguments)));
        }
    }

    private static long pread64(Task task, SyscallArguments arguments) {
        long offset = requireOffset(arguments.longAt(3));
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            return file.readAt(
                    task.guestMemory().destination(arguments.longAt(1), count(arguments)), offset);
        }
    }

    private static long pwrite64(Task task, SyscallArguments arguments) {
        long offset = requireOffset(arguments.longAt(3));
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            IoBuffer source = task.guestMemory().source(arguments.longAt(1), count(arguments));
            FileWrites.prepareAt(task, file, source, offset);
            return file.writeAt(source, offset);
        }
    }

    private static long readv(Task task, SyscallArguments arguments) {
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            return read(task, file, destination(task, arguments));
        }
    }

    private static long writev(Task task, SyscallArguments arguments) {
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            return write(task, file, source(task, arguments));
        }
    }

    private static long preadv(Task task, SyscallArguments arguments) {
        long offset = requireOffset(arguments.longAt(3));
        try (FileDescription file = readable(task, arguments.intAt(0))) {
            return file.readAt(destination(task, arguments), offset);
        }
    }

    private static long pwritev(Task task, SyscallArguments arguments) {
        long offset = requireOffset(arguments.longAt(3));
        try (FileDescription file = writable(task, arguments.intAt(0))) {
            IoBuffer source = source(task, arguments);
            FileWrites.prepareAt(task, file, source, offset);
            return file.writeAt(source, offset);
        }
    }

    /** An offset of -1 is the file's position, as for readv(2). */
    private static long preadv2(Task task, SyscallArguments arguments) {
        requireVectorFlags(arguments.intAt(5));
        return arguments.longAt(3) == -1 ? readv(task, arguments) : preadv(task, arguments);
    }

    private static long pwritev2(Task task, SyscallArguments arguments) {
        requireVectorFlags(arguments.intAt(5));
        long written =
                arguments.longAt(3) == -1 ? writev(task, arguments) : pwritev(task, arguments);
        if ((arguments.intAt(5) & (RWF_DSYNC | RWF_SYNC)) != 0) {
            try (FileDescription file = task.files().get(arguments.intAt(0))) {
                file.sync((arguments.intAt(5) & RWF_SYNC) == 0);
            }
        }
        return written;
    }

    private static void requireVectorFlags(int flags) {
        if ((flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC)) != 0) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
    }

    private static long lseek(Task task, SyscallArguments arguments) {
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            return file.seek(arguments.longAt(1), arguments.intAt(2));
        }
    }

    private static long sendfile(Task task, SyscallArguments arguments) {
        long offsetAddress = arguments.longAt(2);
        long limit = Math.min(arguments.longAt(3), Fs.MAX_RW_COUNT);
        if (limit < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        try (FileDescription source = readable(task, arguments.intAt(1));
                FileDescription target = writable(task, arguments.intAt(0))) {
            if ((target.flags() & Fcntl.O_APPEND) != 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            if (offsetAddress == 0) {
                long position = source.seek(0, Fs.SEEK_CUR);
                long copied = copy(task, source, position, target, limit);
                source.seek(position + copied, Fs.SEEK_SET);
                return copied;
            }
            long position = requireOffset(task.guestMemory().readLong(offsetAddress));
            long copied = copy(task, source, position, target, limit);
            task.guestMemory().writeLong(offsetAddress, position + copied);
            return copied;
        }
    }

    /** Copies from an offset of one file to the position of another. */
    private static long copy(
            Task task, FileDescription source, long start, FileDescription target, long limit) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(1, Math.min(COPY_BYTES, limit)));
            long copied = 0;
            while (copied < limit) {
                long piece = Math.min(memory.byteSize(), limit - copied);
                long read = source.readAt(IoBuffer.of(memory.asSlice(0, piece)), start + copied);
                if (read == 0) {
                    return copied;
                }
                long written = writeSome(task, target, memory.asSlice(0, read), copied > 0);
                copied += written;
                if (written < read) {
                    return copied;
                }
            }
            return copied;
        }
    }

    /**
     * Writes what can be written.
     *
     * @param partly whether some bytes were written before, so that an error or a signal now only
     *     ends the call
     */
    private static long writeSome(
            Task task, FileDescription target, MemorySegment bytes, boolean partly) {
        try {
            return write(task, target, IoBuffer.of(bytes));
        } catch (ErrnoException | RestartException e) {
            if (partly) {
                return 0;
            }
            throw e;
        }
    }

    @SuppressWarnings("ReferenceEquality") // There is one object for each file.
    private static long copyFileRange(Task task, SyscallArguments arguments) {
        if (arguments.intAt(5) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long limit = Math.min(arguments.longAt(4), Fs.MAX_RW_COUNT);
        if (limit < 0) {
            throw ErrnoException.of(Errno.EOVERFLOW);
        }
        try (FileDescription source = readable(task, arguments.intAt(0));
                FileDescription target = writable(task, arguments.intAt(2))) {
            requireRegular(source);
            requireRegular(target);
            if ((target.flags() & Fcntl.O_APPEND) != 0) {
                throw ErrnoException.of(Errno.EBADF);
            }
            long from = position(task, source, arguments.longAt(1));
            long to = position(task, target, arguments.longAt(3));
            boolean overlaps =
                    source.inode() == target.inode() && from < to + limit && to < from + limit;
            if (overlaps) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            long copied = copyRange(source, from, target, to, limit);
            setPosition(task, source, arguments.longAt(1), from + copied);
            setPosition(task, target, arguments.longAt(3), to + copied);
            return copied;
        }
    }

    private static void requireRegular(FileDescription file) {
        FileType type = file.inode().type();
        if (type != FileType.REGULAR) {
            throw ErrnoException.of(type == FileType.DIRECTORY ? Errno.EISDIR : Errno.EINVAL);
        }
    }

    private static long position(Task task, FileDescription file, long address) {
        return address == 0
                ? file.seek(0, Fs.SEEK_CUR)
                : requireOffset(task.guestMemory().readLong(address));
    }

    private static void setPosition(Task task, FileDescription file, long address, long position) {
        if (address == 0) {
            file.seek(position, Fs.SEEK_SET);
        } else {
            task.guestMemory().writeLong(address, position);
        }
    }

    private static long copyRange(
            FileDescription source, long from, FileDescription target, long to, long limit) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(1, Math.min(COPY_BYTES, limit)));
            long copied = 0;
            while (copied < limit) {
                long piece = Math.min(memory.byteSize(), limit - copied);
                long read = source.readAt(IoBuffer.of(memory.asSlice(0, piece)), from + copied);
                if (read == 0) {
                    break;
                }
                copied += target.writeAt(IoBuffer.of(memory.asSlice(0, read)), to + copied);
            }
            return copied;
        }
    }

    private static long read(Task task, FileDescription file, IoBuffer destination) {
        return Blocking.until(task, file, Poll.POLLIN, () -> file.read(destination));
    }

    /** A write of which a part is done when it has to wait goes on waiting, as write(2) does. */
    private static long write(Task task, FileDescription file, IoBuffer source) {
        FileWrites.prepare(task, file, source);
        long length = source.remaining();
        try {
            long written = Blocking.until(task, file, Poll.POLLOUT, () -> file.write(source));
            while (written > 0 && source.remaining() > 0 && !file.isNonBlocking()) {
                if (writeRest(task, file, source) == 0) {
                    break;
                }
                written = length - source.remaining();
            }
            return written;
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EPIPE) {
                task.signals().send(SignalInfo.fromKernel(Signal.SIGPIPE));
            }
            throw e;
        }
    }

    private static long writeRest(Task task, FileDescription file, IoBuffer source) {
        try {
            return Blocking.until(task, file, Poll.POLLOUT, () -> file.write(source));
        } catch (ErrnoException | RestartException e) {
            // What was written before is the result; an error that lasts is met by the next call.
            return 0;
        }
    }

    private static FileDescription readable(Task task, int fd) {
        FileDescription file = task.files().get(fd);
        if (!file.isReadable()) {
            file.close();
            throw ErrnoException.of(Errno.EBADF);
        }
        return file;
    }

    private static FileDescription writable(Task task, int fd) {
        FileDescription file = task.files().get(fd);
        if (!file.isWritable()) {
            file.close();
            throw ErrnoException.of(Errno.EBADF);
        }
        return file;
    }

    private static IoBuffer destination(Task task, SyscallArguments arguments) {
        return task.guestMemory()
                .destination(
                        task.guestMemory().readIovec(arguments.longAt(1), arguments.longAt(2)));
    }

    private static IoBuffer source(Task task, SyscallArguments arguments) {
        return task.guestMemory()
                .source(task.guestMemory().readIovec(arguments.longAt(1), arguments.longAt(2)));
    }

    /** More than Linux moves at once is cut. A negative count is one that is too large. */
    private static long count(SyscallArguments arguments) {
        long count = arguments.longAt(2);
        if (count < 0) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return Math.min(count, Fs.MAX_RW_COUNT);
    }

    private static long requireOffset(long offset) {
        if (offset < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return offset;
    }
}

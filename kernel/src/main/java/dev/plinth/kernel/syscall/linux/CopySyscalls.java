package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.HEX;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.StructFormats.LONG_IN;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.RestartException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Copying from file to file; fs/read_write.c. */
final class CopySyscalls implements SyscallFamily {
    /** How much is on its way at once. */
    private static final int COPY_BYTES = 128 << 10;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("sendfile", CopySyscalls::sendfile, FD, FD, LONG_IN, SIZE),
                supported(
                        "copy_file_range",
                        CopySyscalls::copyFileRange,
                        FD,
                        LONG_IN,
                        FD,
                        LONG_IN,
                        SIZE,
                        HEX));
    }

    private static long sendfile(Task task, SyscallArguments arguments) {
        long offsetAddress = arguments.longAt(2);
        long length = arguments.longAt(3);
        try (FileDescription source = ReadWriteSyscalls.readable(task, arguments.intAt(1));
                FileDescription target = ReadWriteSyscalls.writable(task, arguments.intAt(0))) {
            long start = position(task, source, offsetAddress);
            if (length < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            boolean toPipe = target.inode().type() == FileType.FIFO;
            if (!toPipe && (target.flags() & Fcntl.O_APPEND) != 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            FileType type = source.inode().type();
            if (type == FileType.DIRECTORY || type == FileType.ANONYMOUS) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            long copied = copy(task, source, start, target, Math.min(length, Fs.MAX_RW_COUNT));
            setPosition(task, source, offsetAddress, start + copied);
            return copied;
        }
    }

    /** Where a file is read or written: at the offset that is given, or at its position. */
    private static long position(Task task, FileDescription file, long offsetAddress) {
        if (offsetAddress != 0) {
            long offset = task.guestMemory().readLong(offsetAddress);
            if (!hasPositions(file)) {
                throw ErrnoException.of(Errno.ESPIPE);
            }
            return ReadWriteSyscalls.requireOffset(offset);
        }
        if (!hasPositions(file)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return file.seek(0, Fs.SEEK_CUR);
    }

    private static boolean hasPositions(FileDescription file) {
        FileType type = file.inode().type();
        return type != FileType.FIFO && type != FileType.SOCKET;
    }

    private static void setPosition(
            Task task, FileDescription file, long offsetAddress, long position) {
        if (offsetAddress == 0) {
            file.seek(position, Fs.SEEK_SET);
        } else {
            task.guestMemory().writeLong(offsetAddress, position);
        }
    }

    /** Copies from an offset of one file to the position of another. */
    private static long copy(
            Task task, FileDescription source, long start, FileDescription target, long limit) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(1, Math.min(COPY_BYTES, limit)));
            // Of a call that is made again, a part may have been copied before.
            long copied = Math.min(task.call().resumed().takeDone(), limit);
            while (copied < limit) {
                long piece = Math.min(memory.byteSize(), limit - copied);
                long read = source.readAt(IoBuffer.of(memory.asSlice(0, piece)), start + copied);
                if (read == 0) {
                    return copied;
                }
                long written = writeSome(task, target, memory.asSlice(0, read), copied);
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
     * @param copied how many bytes were written before; if any, an error or a signal now only ends
     *     the call
     */
    private static long writeSome(
            Task task, FileDescription target, MemorySegment bytes, long copied) {
        try {
            return ReadWriteSyscalls.write(task, target, IoBuffer.of(bytes));
        } catch (ErrnoException | RestartException e) {
            if (copied > 0) {
                if (Blocking.isByStop(task, e)) {
                    throw task.call().resumed().breakOff(copied);
                }
                return 0;
            }
            throw e;
        }
    }

    private static long copyFileRange(Task task, SyscallArguments arguments) {
        long length = arguments.longAt(4);
        try (FileDescription source = task.files().get(arguments.intAt(0));
                FileDescription target = task.files().get(arguments.intAt(2))) {
            long fromAddress = arguments.longAt(1);
            long toAddress = arguments.longAt(3);
            long from = offset(task, fromAddress);
            long to = offset(task, toAddress);
            if (arguments.intAt(5) != 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            requireCopyable(source, target);
            if (fromAddress == 0) {
                from = source.seek(0, Fs.SEEK_CUR);
            }
            if (toAddress == 0) {
                to = target.seek(0, Fs.SEEK_CUR);
            }
            long limit = checkedLength(source, from, target, to, length);
            long copied = copyRange(task, source, from, target, to, limit);
            setPosition(task, source, fromAddress, from + copied);
            setPosition(task, target, toAddress, to + copied);
            return copied;
        }
    }

    private static long offset(Task task, long address) {
        return address == 0 ? 0 : task.guestMemory().readLong(address);
    }

    /** {@code generic_file_rw_checks}; Linux copies within one file system only. */
    private static void requireCopyable(FileDescription source, FileDescription target) {
        FileType from = source.inode().type();
        FileType to = target.inode().type();
        if (from == FileType.DIRECTORY || to == FileType.DIRECTORY) {
            throw ErrnoException.of(Errno.EISDIR);
        }
        if (from != FileType.REGULAR || to != FileType.REGULAR) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (!source.isReadable()
                || !target.isWritable()
                || (target.flags() & Fcntl.O_APPEND) != 0) {
            throw ErrnoException.of(Errno.EBADF);
        }
        if (!source.inode().fileSystem().equals(target.inode().fileSystem())) {
            throw ErrnoException.of(Errno.EXDEV);
        }
    }

    /** How much there is to copy: {@code generic_copy_file_checks}. */
    @SuppressWarnings("ReferenceEquality") // There is one object for each file.
    private static long checkedLength(
            FileDescription source, long from, FileDescription target, long to, long length) {
        if (Long.compareUnsigned(from + length, from) < 0
                || Long.compareUnsigned(to + length, to) < 0) {
            throw ErrnoException.of(Errno.EOVERFLOW);
        }
        long left = Math.max(0, source.stat().size() - from);
        long limit = Long.compareUnsigned(length, left) < 0 ? length : left;
        if (source.inode() == target.inode() && from < to + limit && to < from + limit) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        ReadWriteSyscalls.requireOffset(from);
        ReadWriteSyscalls.requireOffset(to);
        return Math.min(limit, Fs.MAX_RW_COUNT);
    }

    private static long copyRange(
            Task task,
            FileDescription source,
            long from,
            FileDescription target,
            long to,
            long limit) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(1, Math.min(COPY_BYTES, limit)));
            long copied = 0;
            while (copied < limit) {
                long piece = Math.min(memory.byteSize(), limit - copied);
                long read = source.readAt(IoBuffer.of(memory.asSlice(0, piece)), from + copied);
                if (read == 0) {
                    break;
                }
                long written = writeAt(task, target, memory.asSlice(0, read), to + copied, copied);
                copied += written;
                if (written < read) {
                    break;
                }
            }
            return copied;
        }
    }

    /** Writes at an offset; an error only ends the call if bytes were copied before. */
    private static long writeAt(
            Task task, FileDescription target, MemorySegment bytes, long offset, long copied) {
        try {
            IoBuffer source = IoBuffer.of(bytes);
            FileWrites.prepareAt(task, target, source, offset);
            return target.writeAt(source, offset);
        } catch (ErrnoException e) {
            if (copied > 0) {
                return 0;
            }
            throw e;
        }
    }
}

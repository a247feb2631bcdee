package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.signal.SignalInfo;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

/**
 * What comes before a regular file is written: the limit on its size, and that it loses its set-ID
 * bits ({@code generic_write_checks} of fs/read_write.c, {@code file_remove_privs} of fs/inode.c).
 */
final class FileWrites {
    private FileWrites() {}

    /**
     * Prepares a write at a file's position.
     *
     * @param source cut to what RLIMIT_FSIZE allows
     * @throws ErrnoException EFBIG, with SIGXFSZ, if that is nothing
     */
    static void prepare(Task task, FileDescription file, IoBuffer source) {
        if (file.inode().type() == FileType.REGULAR && source.remaining() > 0) {
            limit(task, file, source, () -> file.seek(0, Fs.SEEK_CUR));
            task.kernel().vfs().beforeWrite(task.caller(), file);
        }
    }

    /** Prepares a write at an offset; see {@link #prepare(Task, FileDescription, IoBuffer)}. */
    static void prepareAt(Task task, FileDescription file, IoBuffer source, long offset) {
        if (file.inode().type() == FileType.REGULAR && source.remaining() > 0) {
            limit(task, file, source, () -> offset);
            task.kernel().vfs().beforeWrite(task.caller(), file);
        }
    }

    /** Where a write starts, asked only where that matters. */
    private interface Start {
        long offset();
    }

    private static void limit(Task task, FileDescription file, IoBuffer source, Start start) {
        long limit = task.group().limits().soft(ResourceLimits.RLIMIT_FSIZE);
        if (limit < 0) {
            // Unsigned: beyond what any offset can be, such as RLIM_INFINITY.
            return;
        }
        boolean appends = (file.flags() & Fcntl.O_APPEND) != 0;
        long offset = appends ? file.stat().size() : start.offset();
        if (offset >= limit) {
            throw tooLarge(task);
        }
        source.shorten(limit - offset);
    }

    /**
     * Refuses to make a file larger than RLIMIT_FSIZE allows: {@code inode_newsize_ok} of
     * fs/attr.c.
     *
     * @param oldSize of the file, which may be beyond the limit and stay so
     * @throws ErrnoException EFBIG, with SIGXFSZ
     */
    static void requireAllowedSize(Task task, long oldSize, long newSize) {
        long limit = task.group().limits().soft(ResourceLimits.RLIMIT_FSIZE);
        if (newSize > oldSize && Long.compareUnsigned(newSize, limit) > 0) {
            throw tooLarge(task);
        }
    }

    private static ErrnoException tooLarge(Task task) {
        task.signals().send(SignalInfo.fromKernel(Signal.SIGXFSZ));
        return ErrnoException.of(Errno.EFBIG);
    }
}

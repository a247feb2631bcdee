package dev.plinth.kernel.syscall.linux;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.SeekableDescription;

/**
 * How preadv2(2) and pwritev2(2) differ from what the flags of the open file say: {@code
 * kiocb_set_rw_flags} of linux/fs.h.
 *
 * @param file that is read or written
 * @param flags {@code RWF_*}
 */
record VectorFlags(FileDescription file, int flags) {
    /** {@code RWF_*} of linux/fs.h. */
    private static final int HIPRI = 1;

    private static final int DSYNC = 2;
    private static final int SYNC = 4;
    private static final int NOWAIT = 8;
    private static final int APPEND = 0x10;
    private static final int NOAPPEND = 0x20;

    /**
     * Flags of a call.
     *
     * @throws ErrnoException EOPNOTSUPP if the file does not have them; EINVAL if two contradict
     */
    VectorFlags {
        requireNonNull(file, "file is null");
        boolean known = (flags & ~(HIPRI | DSYNC | SYNC | NOWAIT | APPEND | NOAPPEND)) == 0;
        // As tmpfs: whether a page is there without waiting is not known beforehand.
        if (!known || ((flags & NOWAIT) != 0 && file.inode().type() == FileType.REGULAR)) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        if ((flags & (APPEND | NOAPPEND)) == (APPEND | NOAPPEND)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** Whether the call does not wait, whatever the file says. */
    boolean isImpatient() {
        return (flags & NOWAIT) != 0;
    }

    private boolean changesAppending() {
        return (flags & (APPEND | NOAPPEND)) != 0;
    }

    /** Writes at the position. */
    long write(IoBuffer source) {
        return changesAppending() && file instanceof SeekableDescription seekable
                ? seekable.write(source, (flags & APPEND) != 0)
                : file.write(source);
    }

    /** Writes at an offset. */
    long writeAt(IoBuffer source, long offset) {
        return changesAppending() && file instanceof SeekableDescription seekable
                ? seekable.writeAt(source, offset, (flags & APPEND) != 0)
                : file.writeAt(source, offset);
    }

    /** Brings to the disk what was written, if the flags say so and the file can. */
    void syncIfAsked() {
        if ((flags & (DSYNC | SYNC)) != 0 && file instanceof SeekableDescription) {
            file.sync((flags & SYNC) == 0);
        }
    }
}

package dev.plinth.kernel.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

/**
 * An open file with a position: a regular file, or one of procfs.
 *
 * <p>The position lock is held over reads and writes at the position, so that those who share the
 * description do not read or write the same bytes ({@code f_pos_lock} of Linux).
 */
public abstract class SeekableDescription extends FileDescription {
    private final Object positionLock = new Object();

    @GuardedBy("positionLock")
    private long position;

    /** An open file that stands at its first byte; see {@link FileDescription#FileDescription}. */
    protected SeekableDescription(Location location, int flags) {
        super(location, flags);
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    protected final OpenFileState saveOpenFile(StateWriter writer) {
        return super.saveOpenFile(writer).toBuilder().setPosition(position).build();
    }

    @Override
    protected final void restorePosition(long saved) {
        synchronized (positionLock) {
            position = saved;
        }
    }

    /** The size of the file in bytes. */
    public abstract long size();

    /** Reads at an offset that is not negative. */
    @Override
    public abstract long readAt(IoBuffer destination, long offset);

    /** Writes at an offset that is not negative, whatever O_APPEND says. */
    public abstract long overwrite(IoBuffer source, long offset);

    /**
     * Writes at the end of the file.
     *
     * @return the offset behind the last byte written
     */
    public abstract long append(IoBuffer source);

    /**
     * Where the data begins that lies at the offset or behind it; the size if there is none. Asked
     * within the file only.
     */
    public long nextData(long offset) {
        return offset;
    }

    /** Where the hole begins that lies at the offset or behind it; there is one at the end. */
    public long nextHole(long offset) {
        return size();
    }

    @Override
    public final long read(IoBuffer destination) {
        synchronized (positionLock) {
            long count = readAt(destination, position);
            position += count;
            return count;
        }
    }

    @Override
    public final long write(IoBuffer source) {
        return write(source, isAppending());
    }

    /**
     * Writes at the file's position, or at its end, and moves the position.
     *
     * @param append whether at the end, whatever O_APPEND says
     */
    public final long write(IoBuffer source, boolean append) {
        synchronized (positionLock) {
            if (append) {
                long before = source.remaining();
                position = append(source);
                return before - source.remaining();
            }
            long count = overwrite(source, position);
            position += count;
            return count;
        }
    }

    /** pwrite(2), BUGS: with O_APPEND, Linux appends whatever the offset is. */
    @Override
    public final long writeAt(IoBuffer source, long offset) {
        return writeAt(source, offset, isAppending());
    }

    /**
     * Writes at an offset, or at the end; the position stays.
     *
     * @param append whether at the end, whatever O_APPEND says
     */
    public final long writeAt(IoBuffer source, long offset, boolean append) {
        if (!append) {
            return overwrite(source, offset);
        }
        long before = source.remaining();
        append(source);
        return before - source.remaining();
    }

    private boolean isAppending() {
        return (flags() & Fcntl.O_APPEND) != 0;
    }

    @Override
    public final long seek(long offset, int whence) {
        synchronized (positionLock) {
            long target =
                    switch (whence) {
                        case Fs.SEEK_SET -> offset;
                        case Fs.SEEK_CUR -> position + offset;
                        case Fs.SEEK_END -> size() + offset;
                        case Fs.SEEK_DATA -> requireWithin(nextData(requireWithin(offset)));
                        case Fs.SEEK_HOLE -> nextHole(requireWithin(offset));
                        default -> throw ErrnoException.of(Errno.EINVAL);
                    };
            if (target < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            position = target;
            return target;
        }
    }

    private long requireWithin(long offset) {
        if (offset < 0 || offset >= size()) {
            throw ErrnoException.of(Errno.ENXIO);
        }
        return offset;
    }
}

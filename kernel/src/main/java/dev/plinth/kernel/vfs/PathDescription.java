package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;

/**
 * A file opened with O_PATH: it names a place, and that is all.
 *
 * <p>Descriptor tables keep it from most calls already; what gets here is refused too.
 */
final class PathDescription extends FileDescription {
    PathDescription(Location location, int flags) {
        super(location, flags);
    }

    @Override
    public long read(IoBuffer destination) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public long readAt(IoBuffer destination, long offset) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public long write(IoBuffer source) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public long writeAt(IoBuffer source, long offset) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public long seek(long offset, int whence) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public void readEntries(EntrySink sink) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public long ioctl(int request, long argument, UserMemory memory) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public void sync(boolean dataOnly) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public void allocate(int mode, long offset, long length) {
        throw ErrnoException.of(Errno.EBADF);
    }

    @Override
    public void truncate(long size) {
        throw ErrnoException.of(Errno.EBADF);
    }
}

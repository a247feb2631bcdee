package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.state.proto.PathDescriptionState;
import dev.plinth.kernel.vfs.linux.Fcntl;

/**
 * A file opened with O_PATH: it names a place, and that is all.
 *
 * <p>Descriptor tables keep it from most calls already; what gets here is refused too.
 */
final class PathDescription extends FileDescription {
    PathDescription(Location location, int flags) {
        super(location, flags);
    }

    /** Makes such files again that were saved. */
    static void restoring(Restorers restorers) {
        restorers.add(KindCase.PATH_DESCRIPTION, PathDescription::restore);
    }

    private static PathDescription restore(ObjectState object, StateReader reader) {
        OpenFileState state = object.getPathDescription().getFile();
        if ((state.getFlags() & Fcntl.O_PATH) == 0) {
            throw StateReader.corrupt("a file that is only named can be read");
        }
        PathDescription file =
                new PathDescription(
                        Location.restore(state.getLocation(), reader), state.getFlags());
        file.restoreOpenFile(state, reader);
        return file;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setPathDescription(
                        PathDescriptionState.newBuilder().setFile(saveOpenFile(writer)));
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

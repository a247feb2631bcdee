package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.HostfsDescriptionState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.SeekableDescription;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** An open regular file of the host, with a descriptor of its own there. */
final class HostfsDescription extends SeekableDescription {
    private final HostFile file;
    private final HostFd fd;
    private final HostCalls calls;

    /** Takes ownership of the descriptor. */
    HostfsDescription(Location location, int flags, HostFile file, HostFd fd) {
        super(location, flags);
        this.file = requireNonNull(file, "file is null");
        this.fd = requireNonNull(fd, "fd is null");
        this.calls = file.handle().calls();
        file.handle().addOpen(fd);
    }

    /** Opens a file again that was open when it was saved. */
    static FileDescription restore(ObjectState object, StateReader reader) {
        OpenFileState state = object.getHostfsDescription().getFile();
        Location location = Location.restore(state.getLocation(), reader);
        if (!(location.inode() instanceof HostFile file)) {
            throw StateReader.corrupt("an open file of the host is none");
        }
        try {
            FileDescription description = file.open(location, state.getFlags());
            description.restoreOpenFile(state, reader);
            return description;
        } catch (ErrnoException e) {
            throw new SandboxException(
                    ErrorCode.HOST_FILE_CHANGED,
                    "%s of the host cannot be opened again: %s"
                            .formatted(file.handle().path(), e.errno().text()),
                    "let it be opened as it was when the image was written",
                    e);
        }
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setHostfsDescription(
                        HostfsDescriptionState.newBuilder().setFile(saveOpenFile(writer)));
    }

    @Override
    protected void dispose() {
        file.handle().removeOpen(fd);
        fd.close();
    }

    @Override
    public FileStat stat() {
        return calls.attributes(fd).toGuest(file.fileSystem().device(), file.number());
    }

    @Override
    public long size() {
        return calls.attributes(fd).stat().size();
    }

    /** Moves the pieces of a buffer from or to consecutive places of the file. */
    private abstract static class Cursor implements IoBuffer.Transfer {
        private long offset;

        Cursor(long offset) {
            this.offset = offset;
        }

        abstract long move(MemorySegment piece, long at);

        @Override
        public long apply(MemorySegment piece) {
            long count = move(piece, offset);
            offset += count;
            return count;
        }
    }

    @Override
    public long readAt(IoBuffer destination, long offset) {
        file.pages().writeBack();
        return destination.transfer(
                new Cursor(offset) {
                    @Override
                    long move(MemorySegment piece, long at) {
                        return calls.read(fd, piece, at);
                    }
                });
    }

    @Override
    public long overwrite(IoBuffer source, long offset) {
        file.pages().writeBack();
        long count =
                source.transfer(
                        new Cursor(offset) {
                            @Override
                            long move(MemorySegment piece, long at) {
                                return calls.write(fd, piece, at);
                            }
                        });
        written(offset, count);
        return count;
    }

    @Override
    public long append(IoBuffer source) {
        file.pages().writeBack();
        long count = source.transfer(piece -> calls.append(fd, piece));
        long end = size();
        written(end - count, count);
        return end;
    }

    private void written(long offset, long count) {
        file.handle().distrust();
        file.pages().written(offset, count);
    }

    @Override
    public long nextData(long offset) {
        return calls.seek(fd, offset, Fs.SEEK_DATA);
    }

    @Override
    public long nextHole(long offset) {
        return calls.seek(fd, offset, Fs.SEEK_HOLE);
    }

    @Override
    public Optional<? extends Mappable> mappable() {
        file.pages().use(fd, isWritable());
        return Optional.of(file.pages());
    }

    @Override
    public void sync(boolean dataOnly) {
        file.pages().writeBack();
        calls.sync(fd, dataOnly);
    }

    @Override
    public void allocate(int mode, long offset, long length) {
        file.pages().writeBack();
        calls.allocate(fd, mode, offset, length);
        written(offset, length);
    }

    @Override
    public void truncate(long size) {
        file.truncate(fd, size);
    }
}

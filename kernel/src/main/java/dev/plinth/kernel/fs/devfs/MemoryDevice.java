package dev.plinth.kernel.fs.devfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.tmpfs.TmpFs;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** An open /dev/null, /dev/zero or /dev/full: drivers/char/mem.c. */
final class MemoryDevice extends FileDescription {
    /** As long as anyone could map. */
    private static final long ENDLESS = 1L << 46;

    private final Kind kind;
    private final TmpFs fileSystem;

    /** What mappings of /dev/zero have in common; made when the first one comes. */
    private Optional<FileDescription> content = Optional.empty();

    /** Which device it is. */
    enum Kind {
        NULL,
        ZERO,
        FULL
    }

    /**
     * An open device.
     *
     * @param fileSystem has room for what is written to mappings of /dev/zero
     */
    MemoryDevice(Location location, int flags, Kind kind, TmpFs fileSystem) {
        super(location, flags);
        this.kind = requireNonNull(kind, "kind is null");
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
    }

    @Override
    public long read(IoBuffer destination) {
        if (kind == Kind.NULL) {
            return 0;
        }
        return destination.transfer(
                piece -> {
                    piece.fill((byte) 0);
                    return piece.byteSize();
                });
    }

    @Override
    public long readAt(IoBuffer destination, long offset) {
        return read(destination);
    }

    /** Takes everything. Linux does not even look at the address; here a bad one is EFAULT. */
    @Override
    public long write(IoBuffer source) {
        if (kind == Kind.FULL) {
            throw ErrnoException.of(Errno.ENOSPC);
        }
        return source.transfer(MemorySegment::byteSize);
    }

    @Override
    public long writeAt(IoBuffer source, long offset) {
        return write(source);
    }

    /** {@code null_lseek}: the position is always the beginning. */
    @Override
    public long seek(long offset, int whence) {
        return Fs.SEEK_SET;
    }

    @Override
    public Optional<? extends Mappable> mappable() {
        if (kind != Kind.ZERO) {
            return Optional.empty();
        }
        return content().mappable();
    }

    private synchronized FileDescription content() {
        if (content.isEmpty()) {
            Inode file = fileSystem.makeUnnamedFile(new NewNode(0, 0, 0));
            FileDescription opened = file.open(Location.unnamed(file), Fcntl.O_RDWR);
            opened.truncate(ENDLESS);
            content = Optional.of(opened);
        }
        return content.get();
    }

    @Override
    protected synchronized void dispose() {
        content.ifPresent(FileDescription::close);
    }
}

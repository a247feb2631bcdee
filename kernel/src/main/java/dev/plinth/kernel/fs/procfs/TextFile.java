package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.SeekableDescription;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.Supplier;

/** A file whose text is made when it is opened, and stays the same while it is open. */
final class TextFile extends Inode {
    private final ProcFs fileSystem;
    private final ProcNode node;
    private final Supplier<byte[]> text;

    TextFile(ProcFs fileSystem, ProcNode node, Supplier<byte[]> text) {
        super(fileSystem, fileSystem.nextNumber(), FileType.REGULAR);
        this.fileSystem = fileSystem;
        this.node = node;
        this.text = text;
    }

    @Override
    public FileStat stat() {
        return node.stat(fileSystem, number(), type(), 1);
    }

    @Override
    public Ownership ownership() {
        return node.ownership();
    }

    @Override
    public FileDescription open(Location location, int flags) {
        return new OpenText(location, flags, text.get());
    }

    /** Nothing here has a size; opening with O_TRUNC is no error (fs/proc/inode.c). */
    @Override
    public void truncate(long size) {}

    private static final class OpenText extends SeekableDescription {
        private final byte[] text;

        OpenText(Location location, int flags, byte[] text) {
            super(location, flags);
            this.text = text;
        }

        @Override
        public long size() {
            return text.length;
        }

        @Override
        public long readAt(IoBuffer destination, long offset) {
            if (offset >= text.length) {
                return 0;
            }
            MemorySegment rest = MemorySegment.ofArray(text).asSlice(offset, text.length - offset);
            long[] done = {0};
            return destination.transfer(
                    rest.byteSize(),
                    piece -> {
                        long count = Math.min(piece.byteSize(), rest.byteSize() - done[0]);
                        MemorySegment.copy(
                                rest,
                                ValueLayout.JAVA_BYTE,
                                done[0],
                                piece,
                                ValueLayout.JAVA_BYTE,
                                0,
                                count);
                        done[0] += count;
                        return count;
                    });
        }

        @Override
        public long overwrite(IoBuffer source, long offset) {
            throw ErrnoException.of(Errno.EIO);
        }

        @Override
        public long append(IoBuffer source) {
            throw ErrnoException.of(Errno.EIO);
        }
    }
}

package dev.plinth.kernel.fs.pseudofs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.SeekableDescription;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A file of text that is made when it is read from the start, and stays the same for reads further
 * on, as {@code seq_file} does it.
 */
public final class PseudoFile extends Inode {
    /** More is not taken in one call; see {@code proc_sys_call_handler}. */
    private static final int MAX_WRITE = 4096;

    private final PseudoFs fileSystem;
    private final Supplier<Ownership> owner;
    private final PseudoContent content;

    /**
     * A file.
     *
     * @param owner whose it is, and who may read it
     * @param content what it shows
     */
    public PseudoFile(PseudoFs fileSystem, Supplier<Ownership> owner, PseudoContent content) {
        super(fileSystem, fileSystem.nextNumber(), FileType.REGULAR);
        this.fileSystem = fileSystem;
        this.owner = requireNonNull(owner, "owner is null");
        this.content = requireNonNull(content, "content is null");
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, 1);
    }

    @Override
    public Ownership ownership() {
        return owner.get();
    }

    @Override
    public FileDescription open(Location location, int flags, Caller caller) {
        content.checkOpen(caller, (flags & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY);
        return new OpenFile(location, flags, content, caller);
    }

    /** Nothing here has a size; opening with O_TRUNC is no error (fs/proc/inode.c). */
    @Override
    public void truncate(long size) {}

    private static final class OpenFile extends SeekableDescription {
        private final PseudoContent content;
        private final Caller opener;

        private final Object textLock = new Object();

        /** Empty until it is read. */
        @GuardedBy("textLock")
        private Optional<byte[]> text = Optional.empty();

        OpenFile(Location location, int flags, PseudoContent content, Caller opener) {
            super(location, flags);
            this.content = content;
            this.opener = opener;
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public long readAt(IoBuffer destination, long offset) {
            byte[] all = text(offset == 0);
            if (offset >= all.length) {
                return 0;
            }
            return destination.copyFrom(
                    MemorySegment.ofArray(all).asSlice(offset, all.length - offset));
        }

        private byte[] text(boolean anew) {
            synchronized (textLock) {
                if (anew || text.isEmpty()) {
                    text = Optional.of(content.read());
                }
                return text.get();
            }
        }

        @Override
        public long overwrite(IoBuffer source, long offset) {
            if (source.remaining() > MAX_WRITE) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            byte[] bytes = new byte[(int) source.remaining()];
            long count = source.copyInto(MemorySegment.ofArray(bytes));
            content.write(bytes, opener);
            return count;
        }

        @Override
        public long append(IoBuffer source) {
            return overwrite(source, 0);
        }
    }
}

package dev.plinth.kernel.fs.procfs;

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

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Supplier;

/** /proc/[pid]/mem: the memory of a process, at the offsets that are its addresses. */
final class MemoryInode extends Inode {
    /** As much as is copied at once. */
    private static final int PIECE = 64 << 10;

    private final ProcFs fileSystem;
    private final ProcessView process;
    private final ThreadView thread;
    private final Supplier<Ownership> owner;

    MemoryInode(
            ProcFs fileSystem, ProcessView process, ThreadView thread, Supplier<Ownership> owner) {
        super(fileSystem, fileSystem.nextNumber(), FileType.REGULAR);
        this.fileSystem = fileSystem;
        this.process = process;
        this.thread = thread;
        this.owner = owner;
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
        // First: if the process executes another program meanwhile, the answer is about that.
        ProcessMemory memory = process.memory();
        ProcessAccess.requireInspect(caller, process, thread);
        return new OpenMemory(location, flags, memory);
    }

    @Override
    public void truncate(long size) {}

    private static final class OpenMemory extends SeekableDescription {
        private final ProcessMemory memory;

        OpenMemory(Location location, int flags, ProcessMemory memory) {
            super(location, flags);
            this.memory = memory;
        }

        @Override
        public long size() {
            return 0;
        }

        @Override
        public long readAt(IoBuffer destination, long offset) {
            int length = (int) Math.min(PIECE, destination.remaining());
            if (length == 0) {
                return 0;
            }
            return destination.copyFrom(MemorySegment.ofArray(memory.read(offset, length)));
        }

        @Override
        public long overwrite(IoBuffer source, long offset) {
            byte[] bytes = new byte[(int) Math.min(PIECE, source.remaining())];
            long count = source.copyInto(MemorySegment.ofArray(bytes));
            return memory.write(offset, Arrays.copyOf(bytes, (int) count)) ? count : 0;
        }

        @Override
        public long append(IoBuffer source) {
            throw ErrnoException.of(Errno.EIO);
        }
    }
}

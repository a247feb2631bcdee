package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.NamedEntries;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.ProcessMemoryDescriptionState;
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
@NotSaved("made again by its name")
final class MemoryInode extends Inode {
    /** As much as is copied at once. */
    private static final int PIECE = 64 << 10;

    /** The memory of a program that is gone. */
    private static final ProcessMemory NO_MEMORY =
            new ProcessMemory() {
                @Override
                public byte[] read(long address, int length) {
                    return new byte[0];
                }

                @Override
                public boolean write(long address, byte[] bytes) {
                    return false;
                }
            };

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
    public ObjectState.Builder saveState(StateWriter writer) {
        throw NamedEntries.madeByName(this);
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
        return new OpenMemory(location, flags, process, memory);
    }

    @Override
    public void truncate(long size) {}

    /** Opens the memory of processes again that was open. */
    static void restoring(Restorers restorers) {
        restorers.add(KindCase.PROCESS_MEMORY_DESCRIPTION, OpenMemory::restore);
    }

    private static final class OpenMemory extends SeekableDescription {
        private final ProcessView process;

        /** Set before anybody has the file. */
        private ProcessMemory memory;

        OpenMemory(Location location, int flags, ProcessView process, ProcessMemory memory) {
            super(location, flags);
            this.process = process;
            this.memory = memory;
        }

        static OpenMemory restore(ObjectState object, StateReader reader) {
            ProcessMemoryDescriptionState state = object.getProcessMemoryDescription();
            Location location = Location.restore(state.getFile().getLocation(), reader);
            if (!(location.inode() instanceof MemoryInode inode)) {
                throw StateReader.corrupt("the memory of a process is none");
            }
            ProcessView process = inode.process;
            OpenMemory file =
                    new OpenMemory(location, state.getFile().getFlags(), process, NO_MEMORY);
            file.restoreOpenFile(state.getFile(), reader);
            if (!state.getGone()) {
                // Before the process can execute another program, but not before it is there.
                reader.inTheEnd(file::bindToProgram);
            }
            return file;
        }

        private void bindToProgram() {
            if (process.isThere()) {
                memory = process.memory();
            }
        }

        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            boolean gone = !process.isThere() || !process.memory().equals(memory);
            return ObjectState.newBuilder()
                    .setProcessMemoryDescription(
                            ProcessMemoryDescriptionState.newBuilder()
                                    .setFile(saveOpenFile(writer))
                                    .setGone(gone));
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

package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.PseudoFs;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Timestamps;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.ProcFsState;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.linux.Fs;

import java.time.Instant;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The file system of /proc. */
public final class ProcFs extends PseudoFs {
    private static final int BLOCK_BYTES = 1024;

    private final LateViews lateViews = new LateViews();
    private final ProcessListDirectory root;

    /**
     * A file system over what is shown.
     *
     * @param numbers gives numbers to the file system and to its inodes
     * @param system what is shown
     */
    public ProcFs(InodeNumbers numbers, SystemView system) {
        this(numbers.nextDevice(), numbers, Instant.ofEpochSecond(system.bootTime()), () -> system);
    }

    private ProcFs(
            DeviceNumber device,
            InodeNumbers numbers,
            Instant time,
            Supplier<? extends SystemView> system) {
        super("proc", device, Fs.PROC_SUPER_MAGIC, numbers, time, 0, BLOCK_BYTES);
        this.root = new ProcessListDirectory(this, system);
    }

    /**
     * Makes the file system again that was saved.
     *
     * @param system what is shown; asked only when all is restored
     * @param owner closes it in the end
     */
    public static void restoring(
            Restorers restorers,
            Supplier<? extends SystemView> system,
            Consumer<FileSystem> owner) {
        MemoryInode.restoring(restorers);
        CheckpointInode.restoring(restorers);
        restorers.add(
                KindCase.PROC_FS,
                (object, reader) -> {
                    InodeNumbers numbers = InodeNumbers.of(reader);
                    ProcFs fileSystem =
                            new ProcFs(
                                    numbers.requireGivenDevice(object.getProcFs().getDevice()),
                                    numbers,
                                    Timestamps.restore(object.getProcFs().getTime()),
                                    system);
                    owner.accept(fileSystem);
                    reader.later(() ->
                            fileSystem.restoreInodes(object.getProcFs().getInodesList(), reader));
                    reader.inTheEnd(fileSystem.lateViews::find);
                    return fileSystem;
                });
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setProcFs(
                        ProcFsState.newBuilder()
                                .setDevice(device().encode())
                                .setTime(Timestamps.save(time()))
                                .addAllInodes(saveInodes()));
    }

    /** A view of something that is restored later; see {@link LateViews}. */
    <T> T late(Class<T> type, Supplier<Optional<T>> finder) {
        return lateViews.add(type, finder);
    }

    @Override
    public Directory root() {
        return root;
    }

    /** Whoever tries to make a file learns that there is none, as in Linux. */
    @Override
    public Optional<Inode> missing() {
        throw ErrnoException.of(Errno.ENOENT);
    }
}

package dev.plinth.kernel.vfs;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.AnonymousFsState;
import dev.plinth.kernel.state.proto.AnonymousRootState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The file system of files without a name: pipes, sockets, descriptors that the host gave. Linux
 * has one such for each kind (pipefs, sockfs, anon_inodefs).
 *
 * <p>It is mounted nowhere; its files are reached through descriptors only.
 */
public final class AnonymousFs extends FileSystem {
    private final long magic;
    private final Directory root;

    /** Of all its files; set again by a restore only, before anyone asks. */
    private Mount mount;

    /**
     * A file system without a tree.
     *
     * @param type its name, such as {@code pipefs}
     * @param magic what statfs(2) shows: one of {@code linux/magic.h}
     * @param numbers gives it its number
     */
    public AnonymousFs(String type, long magic, InodeNumbers numbers) {
        super(type, numbers.nextDevice());
        this.magic = magic;
        this.root = new EmptyDirectory(this, numbers.next());
        this.mount = Mount.internal(this);
    }

    /** For the restore, which sets the mount. */
    private AnonymousFs(AnonymousFsState state, InodeNumbers numbers) {
        super(state.getType(), numbers.requireGivenDevice(state.getDevice()));
        this.magic = state.getMagic();
        this.root = new EmptyDirectory(this, numbers.requireGiven(state.getRootNumber()));
        this.mount = Mount.internal(this);
    }

    /** Makes such file systems again that were saved. */
    public static void restoring(Restorers restorers) {
        restorers.add(KindCase.ANONYMOUS_FS, AnonymousFs::restore);
        restorers.add(
                KindCase.ANONYMOUS_ROOT,
                (state, reader) ->
                        reader.get(state.getAnonymousRoot().getFileSystemRef(), AnonymousFs.class)
                                .root());
    }

    private static AnonymousFs restore(ObjectState object, StateReader reader) {
        AnonymousFsState state = object.getAnonymousFs();
        AnonymousFs fileSystem = new AnonymousFs(state, InodeNumbers.of(reader));
        // The mount's root is in the file system.
        reader.later(() -> fileSystem.restoreMount(reader.get(state.getMountRef(), Mount.class)));
        return fileSystem;
    }

    private void restoreMount(Mount saved) {
        if (!saved.isInternal() || !saved.fileSystem().equals(this)) {
            throw StateReader.corrupt(saved + " is not that of " + type());
        }
        mount = saved;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setAnonymousFs(
                        AnonymousFsState.newBuilder()
                                .setType(type())
                                .setMagic(magic)
                                .setDevice(device().encode())
                                .setMountRef(writer.reference(mount))
                                .setRootNumber(root.number()));
    }

    /**
     * The place of a file.
     *
     * @param name how /proc/[pid]/fd shows it, such as {@code pipe:[123]}
     */
    public Location place(Inode inode, PathName name) {
        return new Location(mount, Dentry.anonymous(inode, name));
    }

    @Override
    public Directory root() {
        return root;
    }

    @Override
    public FileSystemStat stat() {
        return FileSystemStat.virtual(magic);
    }

    private static final class EmptyDirectory extends Directory {
        EmptyDirectory(FileSystem fileSystem, long number) {
            super(fileSystem, number);
        }

        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            return ObjectState.newBuilder()
                    .setAnonymousRoot(
                            AnonymousRootState.newBuilder()
                                    .setFileSystemRef(writer.reference(fileSystem())));
        }

        @Override
        public Optional<Inode> lookup(PathName name) {
            return Optional.empty();
        }

        @Override
        public List<DirectoryEntry> entries() {
            return List.of();
        }

        @Override
        public FileStat stat() {
            // Nobody gets here, unless somebody hostile wrote an image.
            return new FileStat(
                    fileSystem().device(),
                    number(),
                    FileType.DIRECTORY,
                    0,
                    2,
                    0,
                    0,
                    DeviceNumber.NONE,
                    0,
                    Pages.SIZE,
                    0,
                    Instant.EPOCH,
                    Instant.EPOCH,
                    Instant.EPOCH,
                    Instant.EPOCH);
        }

        @Override
        public Ownership ownership() {
            return new Ownership(0, 0, 0);
        }
    }
}

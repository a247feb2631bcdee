package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.Timestamps;
import dev.plinth.kernel.state.proto.AnonInodeFsState;
import dev.plinth.kernel.state.proto.AnonInodeState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.vfs.linux.Fs;

import java.time.Instant;
import java.util.Optional;

/**
 * The file system of descriptors that stand for no file but for something else, such as an
 * eventfd(2): they all have one and the same inode. Linux calls it anon_inodefs.
 */
public final class AnonInodeFs implements Stateful {
    private final AnonymousFs fileSystem;
    private final Inode inode;

    /**
     * A file system with its inode.
     *
     * @param numbers gives numbers to both
     * @param now when the inode is made
     */
    public AnonInodeFs(InodeNumbers numbers, Instant now) {
        fileSystem = new AnonymousFs("anon_inodefs", Fs.ANON_INODE_FS_MAGIC, numbers);
        inode = new AnonInode(fileSystem, numbers.next(), now);
    }

    /** For the restore. */
    private AnonInodeFs(AnonymousFs fileSystem, Inode inode) {
        this.fileSystem = fileSystem;
        this.inode = inode;
    }

    /** Makes the file system again, and its inode. */
    public static void restoring(Restorers restorers) {
        restorers.add(KindCase.ANON_INODE_FS, AnonInodeFs::restore);
        restorers.add(KindCase.ANON_INODE, AnonInode::restore);
    }

    private static AnonInodeFs restore(ObjectState object, StateReader reader) {
        AnonInodeFsState state = object.getAnonInodeFs();
        return new AnonInodeFs(
                reader.get(state.getFileSystemRef(), AnonymousFs.class),
                reader.get(state.getInodeRef(), AnonInode.class));
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setAnonInodeFs(
                        AnonInodeFsState.newBuilder()
                                .setFileSystemRef(writer.reference(fileSystem))
                                .setInodeRef(writer.reference(inode)));
    }

    /**
     * The place of a descriptor.
     *
     * @param kind as /proc/[pid]/fd shows it, such as {@code eventfd}
     */
    public Location place(String kind) {
        return fileSystem.place(inode, PathName.of("anon_inode:[" + kind + "]"));
    }

    /** It can neither be changed nor opened; fs/anon_inodes.c. */
    private static final class AnonInode extends Inode {
        private static final Ownership OWNERSHIP = new Ownership(0600, 0, 0);

        private final Instant born;

        AnonInode(FileSystem fileSystem, long number, Instant born) {
            super(fileSystem, number, FileType.ANONYMOUS);
            this.born = born;
        }

        static AnonInode restore(ObjectState object, StateReader reader) {
            AnonInodeState state = object.getAnonInode();
            return new AnonInode(
                    reader.get(state.getFileSystemRef(), AnonymousFs.class),
                    state.getNumber(),
                    Timestamps.restore(state.getBorn()));
        }

        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            return ObjectState.newBuilder()
                    .setAnonInode(
                            AnonInodeState.newBuilder()
                                    .setFileSystemRef(writer.reference(fileSystem()))
                                    .setNumber(number())
                                    .setBorn(Timestamps.save(born)));
        }

        @Override
        public FileStat stat() {
            return new FileStat(
                    fileSystem().device(),
                    number(),
                    type(),
                    OWNERSHIP.permissions(),
                    1,
                    OWNERSHIP.uid(),
                    OWNERSHIP.gid(),
                    DeviceNumber.NONE,
                    0,
                    Pages.SIZE,
                    0,
                    born,
                    born,
                    born,
                    born);
        }

        @Override
        public Ownership ownership() {
            return OWNERSHIP;
        }

        @Override
        public void setPermissions(int permissions) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }

        @Override
        public void setOwner(int uid, int gid, int permissions) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }

        @Override
        public void setTimes(Optional<Instant> accessed, Optional<Instant> modified) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
    }
}

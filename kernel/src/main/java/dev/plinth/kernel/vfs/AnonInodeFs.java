package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.linux.Fs;

import java.time.Instant;
import java.util.Optional;

/**
 * The file system of descriptors that stand for no file but for something else, such as an
 * eventfd(2): they all have one and the same inode. Linux calls it anon_inodefs.
 */
public final class AnonInodeFs {
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

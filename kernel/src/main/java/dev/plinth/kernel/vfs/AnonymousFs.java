package dev.plinth.kernel.vfs;

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
    private final Mount mount;

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
        public Optional<Inode> lookup(PathName name) {
            return Optional.empty();
        }

        @Override
        public List<DirectoryEntry> entries() {
            return List.of();
        }

        @Override
        public FileStat stat() {
            throw new IllegalStateException("nobody can reach the root of " + fileSystem().type());
        }

        @Override
        public Ownership ownership() {
            return new Ownership(0, 0, 0);
        }
    }
}

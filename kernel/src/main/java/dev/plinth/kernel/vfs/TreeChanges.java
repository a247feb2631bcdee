package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Stat;

import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.function.BiFunction;

/**
 * Makes, removes and moves names: {@code do_mkdirat} to {@code do_renameat2} of fs/namei.c, with
 * their checks in their order.
 */
final class TreeChanges {
    private final DentryCache cache;

    TreeChanges(DentryCache cache) {
        this.cache = requireNonNull(cache, "cache is null");
    }

    void makeDirectory(Caller caller, Location base, PathName path, int mode) {
        int bits = mode & (Stat.ACCESS_BITS | Stat.S_ISVTX);
        create(
                caller,
                base,
                path,
                FileType.DIRECTORY,
                (directory, name) ->
                        directory.makeDirectory(
                                name,
                                Permissions.newNode(caller, directory, FileType.DIRECTORY, bits)));
    }

    void makeNode(Caller caller, Location base, PathName path, int mode, DeviceNumber deviceId) {
        FileType type = nodeType(mode);
        create(
                caller,
                base,
                path,
                type,
                (directory, name) -> {
                    if (type.isDevice() && !caller.credentials().has(Capability.MKNOD)) {
                        throw ErrnoException.of(Errno.EPERM);
                    }
                    NewNode node = Permissions.newNode(caller, directory, type, mode);
                    return type == FileType.REGULAR
                            ? directory.create(name, node)
                            : directory.makeNode(
                                    name,
                                    type,
                                    type.isDevice() ? deviceId : DeviceNumber.NONE,
                                    node);
                });
    }

    private static FileType nodeType(int mode) {
        if ((mode & Stat.S_IFMT) == 0) {
            return FileType.REGULAR;
        }
        FileType type = FileType.ofMode(mode).orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
        return switch (type) {
            case DIRECTORY -> throw ErrnoException.of(Errno.EPERM);
            case SYMLINK, ANONYMOUS -> throw ErrnoException.of(Errno.EINVAL);
            case REGULAR, CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, SOCKET -> type;
        };
    }

    void makeSymlink(Caller caller, PathName target, Location base, PathName path) {
        if (target.isEmpty()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        create(
                caller,
                base,
                path,
                FileType.SYMLINK,
                (directory, name) -> {
                    NewNode node = Permissions.newNode(caller, directory, FileType.SYMLINK, 0);
                    return directory.makeSymlink(
                            name, target, new NewNode(Stat.ACCESS_BITS, node.uid(), node.gid()));
                });
    }

    void link(Caller caller, Location source, Location base, PathName path) {
        PathWalk walk = walkToParent(caller, base, path);
        Inode inode = source.inode();
        create(
                caller,
                walk,
                FileType.REGULAR,
                () -> {
                    if (source.mount() != walk.current().mount()) {
                        throw ErrnoException.of(Errno.EXDEV);
                    }
                },
                (directory, name) -> {
                    if (inode.type() == FileType.DIRECTORY) {
                        throw ErrnoException.of(Errno.EPERM);
                    }
                    if (!inode.mayBeLinked()) {
                        throw ErrnoException.of(Errno.ENOENT);
                    }
                    directory.link(name, inode);
                    inode.linked();
                    return inode;
                });
    }

    private void create(
            Caller caller,
            Location base,
            PathName path,
            FileType type,
            BiFunction<Directory, PathName, Inode> make) {
        create(caller, walkToParent(caller, base, path), type, () -> {}, make);
    }

    /**
     * {@code filename_create}, then {@code may_create}, then the making itself.
     *
     * @param check what is checked between the two
     */
    private static void create(
            Caller caller,
            PathWalk walk,
            FileType type,
            Runnable check,
            BiFunction<Directory, PathName, Inode> make) {
        if (walk.lastKind() != PathWalk.LastKind.NORMAL) {
            throw ErrnoException.of(Errno.EEXIST);
        }
        Dentry parent = walk.current().dentry();
        PathName name = walk.lastName();
        Directory directory = (Directory) parent.inode();
        Lock treeLock = directory.fileSystem().treeLock().writeLock();
        treeLock.lock();
        try {
            if (walk.childLocked(parent, name).isPresent()) {
                throw ErrnoException.of(Errno.EEXIST);
            }
            if (walk.lastHasSlash() && type != FileType.DIRECTORY) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            walk.current().mount().requireWritable();
            check.run();
            Permissions.requireMayCreate(caller.credentials(), parent);
            parent.childLocked(name, make.apply(directory, name));
        } finally {
            treeLock.unlock();
        }
    }

    void unlink(Caller caller, Location base, PathName path) {
        PathWalk walk = walkToParent(caller, base, path);
        if (walk.lastKind() != PathWalk.LastKind.NORMAL) {
            throw ErrnoException.of(Errno.EISDIR);
        }
        remove(
                caller,
                walk,
                victim -> {
                    if (walk.lastHasSlash()) {
                        throw ErrnoException.of(
                                victim.isDirectory() ? Errno.EISDIR : Errno.ENOTDIR);
                    }
                },
                false);
    }

    void removeDirectory(Caller caller, Location base, PathName path) {
        PathWalk walk = walkToParent(caller, base, path);
        switch (walk.lastKind()) {
            case DOT_DOT -> throw ErrnoException.of(Errno.ENOTEMPTY);
            case DOT -> throw ErrnoException.of(Errno.EINVAL);
            case ROOT -> throw ErrnoException.of(Errno.EBUSY);
            case NORMAL -> remove(caller, walk, victim -> {}, true);
        }
    }

    private interface VictimCheck {
        void check(Dentry victim);
    }

    private static void remove(
            Caller caller, PathWalk walk, VictimCheck check, boolean asDirectory) {
        walk.current().mount().requireWritable();
        Dentry parent = walk.current().dentry();
        Directory directory = (Directory) parent.inode();
        PathName name = walk.lastName();
        Lock treeLock = directory.fileSystem().treeLock().writeLock();
        treeLock.lock();
        try {
            Dentry victim = existingLocked(walk, parent, name);
            check.check(victim);
            Permissions.requireMayDelete(caller.credentials(), parent, victim, asDirectory);
            requireNotMountPoint(victim);
            if (victim.inode() instanceof Directory removed) {
                directory.removeDirectory(name, removed);
            } else {
                directory.unlink(name, victim.inode());
            }
            victim.deleteLocked();
        } finally {
            treeLock.unlock();
        }
    }

    void rename(
            Caller caller,
            Location oldBase,
            PathName oldPath,
            Location newBase,
            PathName newPath,
            int flags) {
        requireKnownRenameFlags(flags);
        PathWalk from = walkToParent(caller, oldBase, oldPath);
        PathWalk to = walkToParent(caller, newBase, newPath);
        if (from.current().mount() != to.current().mount()) {
            throw ErrnoException.of(Errno.EXDEV);
        }
        if (from.lastKind() != PathWalk.LastKind.NORMAL) {
            throw ErrnoException.of(Errno.EBUSY);
        }
        if (to.lastKind() != PathWalk.LastKind.NORMAL) {
            boolean noReplace = (flags & Fs.RENAME_NOREPLACE) != 0;
            throw ErrnoException.of(noReplace ? Errno.EEXIST : Errno.EBUSY);
        }
        from.current().mount().requireWritable();
        Lock treeLock = from.current().inode().fileSystem().treeLock().writeLock();
        treeLock.lock();
        try {
            renameLocked(caller, from, to, flags);
        } finally {
            treeLock.unlock();
        }
    }

    private static void requireKnownRenameFlags(int flags) {
        int known = Fs.RENAME_NOREPLACE | Fs.RENAME_EXCHANGE;
        boolean contradiction = (flags & known) == known;
        // RENAME_WHITEOUT is for those who stack file systems; here only the kernel does.
        if ((flags & ~known) != 0 || contradiction) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    @SuppressWarnings("ReferenceEquality") // There is one object for each file.
    private static void renameLocked(Caller caller, PathWalk from, PathWalk to, int flags) {
        boolean exchange = (flags & Fs.RENAME_EXCHANGE) != 0;
        Dentry oldParent = from.current().dentry();
        Dentry newParent = to.current().dentry();
        Dentry moved = existingLocked(from, oldParent, from.lastName());
        Optional<Dentry> target = to.childLocked(newParent, to.lastName());
        if ((flags & Fs.RENAME_NOREPLACE) != 0 && target.isPresent()) {
            throw ErrnoException.of(Errno.EEXIST);
        }
        if (exchange) {
            Dentry other = target.orElseThrow(() -> ErrnoException.of(Errno.ENOENT));
            if (!other.isDirectory() && to.lastHasSlash()) {
                throw ErrnoException.of(Errno.ENOTDIR);
            }
        }
        if (!moved.isDirectory() && (from.lastHasSlash() || (!exchange && to.lastHasSlash()))) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        if (newParent.isInside(moved)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (target.isPresent() && oldParent.isInside(target.get())) {
            throw ErrnoException.of(exchange ? Errno.EINVAL : Errno.ENOTEMPTY);
        }
        if (target.isPresent() && target.get().inode().equals(moved.inode())) {
            return;
        }
        requireMayRename(caller, moved, oldParent, target, newParent, exchange);
        requireNotMountPoint(moved);
        target.ifPresent(TreeChanges::requireNotMountPoint);
        ((Directory) oldParent.inode())
                .rename(
                        new Directory.Rename(
                                from.lastName(),
                                moved.inode(),
                                (Directory) newParent.inode(),
                                to.lastName(),
                                target.map(Dentry::inode),
                                exchange));
        if (exchange) {
            moved.exchangeLocked(target.orElseThrow());
        } else {
            target.ifPresent(Dentry::deleteLocked);
            moved.moveLocked(newParent, to.lastName());
        }
    }

    /** The permission checks of {@code vfs_rename}. */
    private static void requireMayRename(
            Caller caller,
            Dentry moved,
            Dentry oldParent,
            Optional<Dentry> target,
            Dentry newParent,
            boolean exchange) {
        boolean directory = moved.isDirectory();
        Permissions.requireMayDelete(caller.credentials(), oldParent, moved, directory);
        if (target.isEmpty()) {
            Permissions.requireMayCreate(caller.credentials(), newParent);
        } else {
            boolean asDirectory = exchange ? target.get().isDirectory() : directory;
            Permissions.requireMayDelete(
                    caller.credentials(), newParent, target.get(), asDirectory);
        }
        // A directory that moves gets another "..": a change to the directory itself.
        if (oldParent != newParent) {
            if (directory) {
                Permissions.require(caller.credentials(), moved.inode(), Permissions.WRITE);
            }
            if (exchange && target.orElseThrow().isDirectory()) {
                Permissions.require(caller.credentials(), target.get().inode(), Permissions.WRITE);
            }
        }
    }

    private PathWalk walkToParent(Caller caller, Location base, PathName path) {
        return new PathWalk(cache, caller, base, path, Lookup.NO_FOLLOW);
    }

    private static Dentry existingLocked(PathWalk walk, Dentry parent, PathName name) {
        return walk.childLocked(parent, name).orElseThrow(() -> ErrnoException.of(Errno.ENOENT));
    }

    private static void requireNotMountPoint(Dentry dentry) {
        if (dentry.isMountPoint()) {
            throw ErrnoException.of(Errno.EBUSY);
        }
    }
}

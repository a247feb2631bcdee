package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.util.Optional;
import java.util.concurrent.locks.Lock;

/** open(2) in all its forms: {@code path_openat} of fs/namei.c. */
final class FileOpener {
    private final DentryCache cache;
    private final DeviceRegistry devices;
    private final AttributeChanges attributes;

    FileOpener(DentryCache cache, DeviceRegistry devices, AttributeChanges attributes) {
        this.cache = requireNonNull(cache, "cache is null");
        this.devices = requireNonNull(devices, "devices is null");
        this.attributes = requireNonNull(attributes, "attributes is null");
    }

    FileDescription open(Caller caller, Location base, PathName path, OpenHow how) {
        PathWalk walk = new PathWalk(cache, caller, base, path, how.lookup());
        if (how.has(Fcntl.O_PATH)) {
            Location location = walk.finish();
            requireDirectoryIfAsked(location, how);
            return new PathDescription(location, how.flags());
        }
        if (how.has(Fcntl.O_TMPFILE)) {
            return openUnnamed(caller, walk.finish(), how);
        }
        return how.has(Fcntl.O_CREAT)
                ? openOrCreate(caller, walk, how)
                : openExisting(caller, walk.finish(), how);
    }

    /** {@code do_tmpfile} of fs/namei.c. */
    private FileDescription openUnnamed(Caller caller, Location directory, OpenHow how) {
        requireDirectoryIfAsked(directory, how);
        directory.mount().requireWritable();
        Permissions.require(
                caller.credentials(), directory.inode(), Permissions.WRITE | Permissions.EXECUTE);
        Inode inode = makeUnnamed(caller, (Directory) directory.inode(), how);
        if (!how.has(Fcntl.O_EXCL)) {
            inode.allowFirstLink();
        }
        Dentry dentry = Dentry.unnamed(inode, directory.dentry());
        return openInode(caller, new Location(directory.mount(), dentry), how);
    }

    private static Inode makeUnnamed(Caller caller, Directory directory, OpenHow how) {
        Lock treeLock = directory.fileSystem().treeLock().writeLock();
        treeLock.lock();
        try {
            return directory.createUnnamed(
                    Permissions.newNode(caller, directory, FileType.REGULAR, how.mode()));
        } finally {
            treeLock.unlock();
        }
    }

    private FileDescription openOrCreate(Caller caller, PathWalk walk, OpenHow how) {
        while (true) {
            if (walk.lastKind() == PathWalk.LastKind.NORMAL) {
                if (walk.lastHasSlash()) {
                    throw ErrnoException.of(Errno.EISDIR);
                }
                Optional<Location> existing = walk.findLast();
                if (existing.isEmpty()) {
                    Optional<Location> created = create(caller, walk, how);
                    if (created.isEmpty()) {
                        // Someone else has just made it.
                        continue;
                    }
                    return openInode(caller, created.get(), how);
                }
                if (existing.get().inode() instanceof SymbolicLink link
                        && how.lookup().followLast()) {
                    walk.follow(link);
                    continue;
                }
            }
            Location location = walk.last();
            if (how.has(Fcntl.O_EXCL)) {
                throw ErrnoException.of(Errno.EEXIST);
            }
            if (location.isDirectory()) {
                throw ErrnoException.of(Errno.EISDIR);
            }
            return openExisting(caller, location, how);
        }
    }

    private Optional<Location> create(Caller caller, PathWalk walk, OpenHow how) {
        Location directory = walk.current();
        Dentry parent = directory.dentry();
        Lock treeLock = parent.inode().fileSystem().treeLock().writeLock();
        treeLock.lock();
        try {
            if (walk.childLocked(parent, walk.lastName()).isPresent()) {
                return Optional.empty();
            }
            directory.mount().requireWritable();
            Permissions.requireMayCreate(caller.credentials(), parent);
            NewNode node =
                    Permissions.newNode(caller, parent.inode(), FileType.REGULAR, how.mode());
            Inode inode = ((Directory) parent.inode()).create(walk.lastName(), node);
            return Optional.of(
                    new Location(directory.mount(), parent.childLocked(walk.lastName(), inode)));
        } finally {
            treeLock.unlock();
        }
    }

    private FileDescription openExisting(Caller caller, Location location, OpenHow how) {
        requireDirectoryIfAsked(location, how);
        Inode inode = location.inode();
        boolean truncates = how.has(Fcntl.O_TRUNC) && inode.type() == FileType.REGULAR;
        if (truncates) {
            location.mount().requireWritable();
        }
        int wanted = how.wantedPermissions();
        switch (inode.type()) {
            case SYMLINK -> throw ErrnoException.of(Errno.ELOOP);
            case DIRECTORY -> {
                if ((wanted & Permissions.WRITE) != 0) {
                    throw ErrnoException.of(Errno.EISDIR);
                }
            }
            case CHARACTER_DEVICE, BLOCK_DEVICE -> {
                if (location.mount().options().noDevices()) {
                    throw ErrnoException.of(Errno.EACCES);
                }
            }
            case REGULAR, FIFO, SOCKET, ANONYMOUS -> {}
        }
        Permissions.require(caller.credentials(), inode, wanted);
        if (how.has(Fcntl.O_NOATIME)
                && !Permissions.ownsOrMayActAsOwner(caller.credentials(), inode)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        FileDescription file = openInode(caller, location, how);
        if (truncates) {
            try {
                attributes.truncateOpened(caller, inode, 0);
            } catch (ErrnoException e) {
                file.close();
                throw e;
            }
        }
        return file;
    }

    /** Opens a file for which everything has been checked but who else uses it. */
    private FileDescription openInode(Caller caller, Location location, OpenHow how) {
        Inode inode = location.inode();
        if (inode.type().isDevice() || inode.type() == FileType.FIFO) {
            Optional<DeviceRegistry.Device> device = devices.find(inode.type(), inode.deviceId());
            if (device.isPresent()) {
                return device.get().open(location, how.flags(), caller);
            }
        }
        boolean writes = (how.flags() & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY;
        if (inode.type() != FileType.REGULAR || !writes) {
            return inode.open(location, how.flags());
        }
        location.mount().requireWritable();
        inode.addWriter();
        try {
            FileDescription file = inode.open(location, how.flags());
            file.countsAsWriter();
            return file;
        } catch (ErrnoException e) {
            inode.removeWriter();
            throw e;
        }
    }

    /** {@code do_open_execat} of fs/exec.c. */
    FileDescription openProgram(Caller caller, Location location) {
        Inode inode = location.inode();
        if (inode.type() == FileType.SYMLINK) {
            throw ErrnoException.of(Errno.ELOOP);
        }
        if (inode.type() != FileType.REGULAR || location.mount().options().noExecute()) {
            throw ErrnoException.of(Errno.EACCES);
        }
        Permissions.require(caller.credentials(), inode, Permissions.EXECUTE);
        inode.denyWriters();
        try {
            FileDescription file = inode.open(location, Fcntl.O_RDONLY | Fcntl.O_LARGEFILE);
            file.keepsWritersAway();
            return file;
        } catch (ErrnoException e) {
            inode.allowWriters();
            throw e;
        }
    }

    private static void requireDirectoryIfAsked(Location location, OpenHow how) {
        if (how.has(Fcntl.O_DIRECTORY) && !location.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
    }
}

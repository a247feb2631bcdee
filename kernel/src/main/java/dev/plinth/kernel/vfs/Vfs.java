package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.time.Clock;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What system calls do with paths: one object for the sandbox, the way in to this package.
 *
 * <p>Every method acts for a {@link Caller}, whose permissions count, and throws {@link
 * ErrnoException} with what Linux answers. A relative path starts at the {@code base}: the caller's
 * working directory, or the place of an open directory. Any thread may call any method; none blocks
 * for longer than the host's disk takes.
 */
public final class Vfs {
    private final DentryCache cache = new DentryCache();
    private final AttributeChanges attributes;
    private final FileOpener opener;
    private final TreeChanges tree = new TreeChanges(cache);
    private final LockWaits lockWaits = new LockWaits();

    /**
     * The file layer.
     *
     * @param devices that device files stand for
     * @param clock of the sandbox, for times that are set to now
     */
    public Vfs(DeviceRegistry devices, Clock clock) {
        this.attributes = new AttributeChanges(clock);
        this.opener = new FileOpener(cache, devices, attributes);
    }

    /** Makes what is saved of this package again, but for file systems of a certain kind. */
    public static void restoring(Restorers restorers) {
        InodeNumbers.restoring(restorers);
        Dentry.restoring(restorers);
        List<Mount> placed = new ArrayList<>();
        Mount.restoring(restorers, placed);
        MountTree.restoring(restorers, placed);
        FileLocks.restoring(restorers);
        DirectoryDescription.restoring(restorers);
        PathDescription.restoring(restorers);
    }

    /** Who waits for record locks of whom. */
    public LockWaits lockWaits() {
        return lockWaits;
    }

    /**
     * Does something with a path, and does it again if a name on it turned out to stand for another
     * file by now, as names on the host can.
     *
     * @param action that fails with ESTALE in that case; the name is looked up anew then
     */
    public <T> T withFreshNames(Supplier<T> action) {
        try {
            return action.get();
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ESTALE) {
                throw e;
            }
            return action.get();
        }
    }

    /** The place that a path leads to. */
    public Location resolve(Caller caller, Location base, PathName path, Lookup lookup) {
        return new PathWalk(cache, caller, base, path, lookup).finish();
    }

    /**
     * Opens a file, as openat2(2).
     *
     * @return a description with one reference, the caller's
     */
    public FileDescription open(Caller caller, Location base, PathName path, OpenHow how) {
        return withFreshNames(() -> opener.open(caller, base, path, how));
    }

    /**
     * Opens a program to run it, as execve(2): nobody may write it until the description is closed.
     *
     * @param location of the program
     * @return a description with one reference, the caller's
     * @throws ErrnoException EACCES if it may not be run or is no regular file; ELOOP if it is a
     *     symbolic link; ETXTBSY if it is being written
     */
    public FileDescription openProgram(Caller caller, Location location) {
        return opener.openProgram(caller, location);
    }

    /**
     * Checks permissions for the credentials of the caller, as faccessat2(2); see {@link
     * dev.plinth.kernel.cred.Credentials#forAccessCheck}.
     *
     * @param mode of {@code R_OK}, {@code W_OK} and {@code X_OK}; 0 asks for existence only
     */
    public void checkAccess(Caller caller, Location location, int mode) {
        Inode inode = location.inode();
        if ((mode & Permissions.EXECUTE) != 0
                && inode.type() == FileType.REGULAR
                && location.mount().options().noExecute()) {
            throw ErrnoException.of(Errno.EACCES);
        }
        Permissions.require(caller.credentials(), inode, mode);
        if ((mode & Permissions.WRITE) != 0 && Permissions.isOnDisk(inode.type())) {
            location.mount().requireWritable();
        }
    }

    /**
     * Checks that the caller may make a directory its working directory or root.
     *
     * @throws ErrnoException ENOTDIR, EACCES
     */
    public void checkEnter(Caller caller, Location location) {
        if (!location.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        Permissions.require(caller.credentials(), location.inode(), Permissions.EXECUTE);
    }

    /**
     * What a symbolic link holds, as readlink(2).
     *
     * @throws ErrnoException EINVAL if it is none
     */
    public PathName readLink(Caller caller, Location location) {
        if (location.inode() instanceof SymbolicLink link) {
            return link.target(caller);
        }
        throw ErrnoException.of(Errno.EINVAL);
    }

    /** Makes a directory, as mkdirat(2). */
    public void makeDirectory(Caller caller, Location base, PathName path, int mode) {
        tree.makeDirectory(caller, base, path, mode);
    }

    /**
     * Makes a device, fifo, socket or regular file, as mknodat(2).
     *
     * @param mode type and permissions
     */
    public void makeNode(
            Caller caller, Location base, PathName path, int mode, DeviceNumber deviceId) {
        tree.makeNode(caller, base, path, mode, deviceId);
    }

    /** Makes a symbolic link, as symlinkat(2). */
    public void makeSymlink(Caller caller, PathName target, Location base, PathName path) {
        tree.makeSymlink(caller, target, base, path);
    }

    /** Gives a file one more name, as linkat(2). */
    public void link(Caller caller, Location source, Location base, PathName path) {
        tree.link(caller, source, base, path);
    }

    /** Removes a name, as unlink(2). */
    public void unlink(Caller caller, Location base, PathName path) {
        tree.unlink(caller, base, path);
    }

    /** Removes a directory, as rmdir(2). */
    public void removeDirectory(Caller caller, Location base, PathName path) {
        tree.removeDirectory(caller, base, path);
    }

    /**
     * Moves a file, as renameat2(2).
     *
     * @param flags {@code RENAME_*}
     */
    public void rename(
            Caller caller,
            Location oldBase,
            PathName oldPath,
            Location newBase,
            PathName newPath,
            int flags) {
        tree.rename(caller, oldBase, oldPath, newBase, newPath, flags);
    }

    /** Sets permissions, as chmod(2). */
    public void setPermissions(Caller caller, Location location, int mode) {
        attributes.setPermissions(caller, location, mode);
    }

    /**
     * Sets owner and group, as chown(2).
     *
     * @param uid the new one, or -1 to leave it
     * @param gid the new one, or -1 to leave it
     */
    public void setOwner(Caller caller, Location location, int uid, int gid) {
        attributes.setOwner(caller, location, uid, gid);
    }

    /** Sets times to what the caller says, as utimensat(2); an empty one is left. */
    public void setTimes(
            Caller caller,
            Location location,
            Optional<Instant> accessed,
            Optional<Instant> modified) {
        attributes.setTimes(caller, location, accessed, modified);
    }

    /** Sets both times to now, as utimensat(2) does without times. */
    public void touch(Caller caller, Location location) {
        attributes.touch(caller, location);
    }

    /**
     * Refuses to those who neither own an open file nor may act as if they did.
     *
     * @throws ErrnoException EPERM
     */
    public void requireOwner(Caller caller, FileDescription file) {
        if (!Permissions.ownsOrMayActAsOwner(caller.credentials(), file.inode())) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    /** A regular file is about to be written: takes its set-ID bits away. */
    public void beforeWrite(Caller caller, FileDescription file) {
        attributes.dropSetId(caller, file.inode());
    }

    /** Sets the size, as truncate(2). */
    public void truncate(Caller caller, Location location, long size) {
        attributes.truncate(caller, location, size);
    }

    /** Sets the size of a file that is open for writing, as ftruncate(2). */
    public void truncate(Caller caller, FileDescription file, long size) {
        file.truncate(size);
        attributes.dropSetId(caller, file.inode());
    }
}

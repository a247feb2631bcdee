package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.linux.Stat;

/**
 * Who may do what to a file: {@code generic_permission}, {@code may_create} and {@code may_delete}
 * of fs/namei.c.
 */
final class Permissions {
    /** The bits of one class of users in a mode; also of access(2). */
    static final int EXECUTE = 1;

    static final int WRITE = 2;
    static final int READ = 4;

    private Permissions() {}

    /**
     * Refuses what the file's permissions do not allow.
     *
     * @param wanted of {@link #READ}, {@link #WRITE} and {@link #EXECUTE}
     * @throws ErrnoException EACCES; EROFS if the file system itself cannot be written
     */
    static void require(Credentials credentials, Inode inode, int wanted) {
        if ((wanted & WRITE) != 0 && inode.fileSystem().isReadOnly() && isOnDisk(inode.type())) {
            throw ErrnoException.of(Errno.EROFS);
        }
        if (!allows(credentials, inode, wanted)) {
            throw ErrnoException.of(Errno.EACCES);
        }
    }

    /** Whether writing such a file changes the file system. */
    static boolean isOnDisk(FileType type) {
        return type == FileType.REGULAR || type == FileType.DIRECTORY || type == FileType.SYMLINK;
    }

    private static boolean allows(Credentials credentials, Inode inode, int wanted) {
        Inode.Ownership file = inode.ownership();
        int permissions = file.permissions();
        int granted;
        if (credentials.uids().fileSystem() == file.uid()) {
            granted = permissions >> 6;
        } else if (credentials.isInGroup(file.gid())) {
            granted = permissions >> 3;
        } else {
            granted = permissions;
        }
        if ((wanted & ~granted & (READ | WRITE | EXECUTE)) == 0) {
            return true;
        }
        if (inode.type() == FileType.DIRECTORY) {
            return credentials.has(Capability.DAC_OVERRIDE)
                    || ((wanted & WRITE) == 0 && credentials.has(Capability.DAC_READ_SEARCH));
        }
        if (wanted == READ && credentials.has(Capability.DAC_READ_SEARCH)) {
            return true;
        }
        boolean runnable = (permissions & 0111) != 0;
        return ((wanted & EXECUTE) == 0 || runnable) && credentials.has(Capability.DAC_OVERRIDE);
    }

    /** Whether the caller may make and remove entries in a directory. */
    static boolean mayChange(Credentials credentials, Inode directory) {
        return allows(credentials, directory, WRITE | EXECUTE);
    }

    /** Whether the caller owns the file, or may act as its owner. */
    static boolean ownsOrMayActAsOwner(Credentials credentials, Inode inode) {
        return credentials.uids().fileSystem() == inode.ownership().uid()
                || credentials.has(Capability.FOWNER);
    }

    /** Refuses to make an entry in a directory: EACCES, or ENOENT if that was removed. */
    static void requireMayCreate(Credentials credentials, Dentry directory) {
        if (directory.isDeleted()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        require(credentials, directory.inode(), WRITE | EXECUTE);
    }

    /**
     * Refuses to remove an entry from a directory.
     *
     * @param asDirectory whether the victim has to be a directory, or has to be none
     */
    static void requireMayDelete(
            Credentials credentials, Dentry directory, Dentry victim, boolean asDirectory) {
        require(credentials, directory.inode(), WRITE | EXECUTE);
        if (isProtectedBySticky(credentials, directory.inode(), victim.inode())) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if (asDirectory && !victim.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        if (!asDirectory && victim.isDirectory()) {
            throw ErrnoException.of(Errno.EISDIR);
        }
        if (directory.isDeleted()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
    }

    private static boolean isProtectedBySticky(
            Credentials credentials, Inode directory, Inode victim) {
        Inode.Ownership owner = directory.ownership();
        int uid = credentials.uids().fileSystem();
        return (owner.permissions() & Stat.S_ISVTX) != 0
                && uid != victim.ownership().uid()
                && uid != owner.uid()
                && !credentials.has(Capability.FOWNER);
    }

    /** Owner and permissions of a file that the caller makes in a directory. */
    static NewNode newNode(Caller caller, Inode directory, FileType type, int mode) {
        Inode.Ownership parent = directory.ownership();
        Credentials credentials = caller.credentials();
        int permissions = mode & ~caller.fs().umask() & Stat.PERMISSION_BITS;
        int gid = credentials.gids().fileSystem();
        if ((parent.permissions() & Stat.S_ISGID) != 0) {
            gid = parent.gid();
            if (type == FileType.DIRECTORY) {
                permissions |= Stat.S_ISGID;
            } else if ((permissions & (Stat.S_ISGID | Stat.S_IXGRP))
                            == (Stat.S_ISGID | Stat.S_IXGRP)
                    && !credentials.isInGroup(gid)
                    && !credentials.has(Capability.FSETID)) {
                permissions &= ~Stat.S_ISGID;
            }
        }
        return new NewNode(permissions, credentials.uids().fileSystem(), gid);
    }
}

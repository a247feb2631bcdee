package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.linux.Stat;

import java.time.Instant;
import java.util.Optional;

/** chmod(2), chown(2), utimensat(2) and truncate(2): {@code setattr_prepare} of fs/attr.c. */
final class AttributeChanges {
    private final Clock clock;

    AttributeChanges(Clock clock) {
        this.clock = requireNonNull(clock, "clock is null");
    }

    void setPermissions(Caller caller, Location location, int mode) {
        Inode inode = location.inode();
        location.mount().requireWritable();
        if (inode.type() == FileType.SYMLINK) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        Credentials credentials = caller.credentials();
        requireOwner(credentials, inode);
        int permissions = mode & Stat.PERMISSION_BITS;
        if (!credentials.isInGroup(inode.ownership().gid())
                && !credentials.has(Capability.FSETID)) {
            permissions &= ~Stat.S_ISGID;
        }
        inode.setPermissions(permissions);
    }

    void setOwner(Caller caller, Location location, int uid, int gid) {
        Inode inode = location.inode();
        location.mount().requireWritable();
        Credentials credentials = caller.credentials();
        Inode.Ownership old = inode.ownership();
        boolean owns = credentials.uids().fileSystem() == old.uid();
        boolean privileged = credentials.has(Capability.CHOWN);
        boolean mayGiveToUser = uid == -1 || (owns && uid == old.uid());
        boolean mayGiveToGroup =
                gid == -1 || (owns && (gid == old.gid() || credentials.isInGroup(gid)));
        if (!privileged && !(mayGiveToUser && mayGiveToGroup)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        int permissions = old.permissions();
        if (inode.type() != FileType.DIRECTORY) {
            permissions = withoutSetId(credentials, permissions, old.gid());
        }
        inode.setOwner(uid == -1 ? old.uid() : uid, gid == -1 ? old.gid() : gid, permissions);
    }

    void setTimes(
            Caller caller,
            Location location,
            Optional<Instant> accessed,
            Optional<Instant> modified) {
        if (accessed.isEmpty() && modified.isEmpty()) {
            return;
        }
        location.mount().requireWritable();
        requireOwner(caller.credentials(), location.inode());
        location.inode().setTimes(accessed, modified);
    }

    void touch(Caller caller, Location location) {
        location.mount().requireWritable();
        Inode inode = location.inode();
        if (!Permissions.ownsOrMayActAsOwner(caller.credentials(), inode)) {
            Permissions.require(caller.credentials(), inode, Permissions.WRITE);
        }
        Optional<Instant> now = Optional.of(clock.realtime());
        inode.setTimes(now, now);
    }

    /** truncate(2). */
    void truncate(Caller caller, Location location, long size) {
        Inode inode = location.inode();
        if (inode.type() == FileType.DIRECTORY) {
            throw ErrnoException.of(Errno.EISDIR);
        }
        if (inode.type() != FileType.REGULAR) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        location.mount().requireWritable();
        Permissions.require(caller.credentials(), inode, Permissions.WRITE);
        inode.addWriter();
        try {
            truncateOpened(caller, inode, size);
        } finally {
            inode.removeWriter();
        }
    }

    /** ftruncate(2), and O_TRUNC: the file is open for writing. */
    void truncateOpened(Caller caller, Inode inode, long size) {
        inode.truncate(size);
        dropSetId(caller, inode);
    }

    /** {@code file_remove_privs}: who changes a program must not gain by its set-user-ID bit. */
    void dropSetId(Caller caller, Inode inode) {
        if (caller.credentials().has(Capability.FSETID)) {
            return;
        }
        Inode.Ownership file = inode.ownership();
        int left = withoutSetId(caller.credentials(), file.permissions(), file.gid());
        if (left != file.permissions()) {
            inode.setPermissions(left);
        }
    }

    /**
     * A set-group-ID bit without group execution runs nothing, and stays if the caller could set it
     * ({@code setattr_should_drop_sgid}).
     */
    private static int withoutSetId(Credentials credentials, int permissions, int gid) {
        boolean keepsGroupBit =
                (permissions & Stat.S_IXGRP) == 0
                        && (credentials.isInGroup(gid) || credentials.has(Capability.FSETID));
        return permissions & ~(keepsGroupBit ? Stat.S_ISUID : Stat.S_ISUID | Stat.S_ISGID);
    }

    private static void requireOwner(Credentials credentials, Inode inode) {
        if (!Permissions.ownsOrMayActAsOwner(credentials, inode)) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }
}

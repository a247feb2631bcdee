package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.linux.Stat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * The name of an extended attribute, whose first part says who may read and write it: {@code
 * xattr_permission} of fs/xattr.c.
 *
 * @param text a character for each byte
 */
record XattrName(String text) {
    private static final String USER = "user.";
    private static final String TRUSTED = "trusted.";
    private static final String SECURITY = "security.";
    private static final String SYSTEM = "system.";
    private static final List<String> PREFIXES = List.of(USER, TRUSTED, SECURITY);
    private static final String CAPABILITY = "security.capability";
    private static final String POSIX_ACL = "system.posix_acl_";

    /** linux/posix_acl_xattr.h: a version, then entries of eight bytes. */
    private static final int POSIX_ACL_VERSION = 2;

    private static final int POSIX_ACL_ENTRY_BYTES = 8;

    /** access(2). */
    private static final int W_OK = 2;

    private static final int R_OK = 4;

    /**
     * Refuses to read such an attribute of a file.
     *
     * @throws ErrnoException ENODATA where only the unprivileged see none; EACCES
     */
    void requireReadable(Task task, Location location) {
        boolean hidden =
                text.startsWith(TRUSTED)
                        ? !task.credentials().has(Capability.SYS_ADMIN)
                        : text.startsWith(USER) && !mayHaveUserAttributes(location.inode());
        if (hidden) {
            throw ErrnoException.of(Errno.ENODATA);
        }
        if (isSubjectToPermissions()) {
            task.kernel().vfs().checkAccess(task.caller(), location, R_OK);
        }
    }

    /**
     * Refuses to set or remove such an attribute of a file.
     *
     * @throws ErrnoException EPERM, EACCES
     */
    void requireWritable(Task task, Location location) {
        if (!isPermitted(task, location.inode())) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if (isSubjectToPermissions()) {
            task.kernel().vfs().checkAccess(task.caller(), location, W_OK);
        }
    }

    private boolean isPermitted(Task task, Inode inode) {
        if (text.equals(CAPABILITY)) {
            return task.credentials().has(Capability.SETFCAP);
        }
        if (text.startsWith(TRUSTED) || text.startsWith(SECURITY)) {
            return task.credentials().has(Capability.SYS_ADMIN);
        }
        return !text.startsWith(USER)
                || (mayHaveUserAttributes(inode) && !isProtectedBySticky(task, inode));
    }

    /**
     * Refuses names that no file system has attributes of.
     *
     * @throws ErrnoException EOPNOTSUPP; EINVAL if nothing follows the prefix
     */
    void requireKnown() {
        for (String prefix : PREFIXES) {
            if (text.equals(prefix)) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            if (text.startsWith(prefix)) {
                return;
            }
        }
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    /** Whether only those see an attribute who have CAP_SYS_ADMIN. */
    static boolean isTrusted(String name) {
        return name.startsWith(TRUSTED);
    }

    /** The kernel's own attributes are not the program's to read or write as content is. */
    private boolean isSubjectToPermissions() {
        return !text.startsWith(TRUSTED) && !text.startsWith(SECURITY) && !text.startsWith(SYSTEM);
    }

    private static boolean mayHaveUserAttributes(Inode inode) {
        return inode.type() == FileType.REGULAR || inode.type() == FileType.DIRECTORY;
    }

    private static boolean isProtectedBySticky(Task task, Inode inode) {
        Inode.Ownership owner = inode.ownership();
        return inode.type() == FileType.DIRECTORY
                && (owner.permissions() & Stat.S_ISVTX) != 0
                && owner.uid() != task.credentials().uids().fileSystem()
                && !task.credentials().has(Capability.FOWNER);
    }

    /**
     * Refuses a value that the kernel, which understands it, finds malformed.
     *
     * @throws ErrnoException EINVAL; EOPNOTSUPP for an access list of an unknown version
     */
    void requireValid(byte[] value) {
        if (text.equals(CAPABILITY) && !isCapability(value)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (!text.startsWith(POSIX_ACL) || value.length == 0) {
            return;
        }
        if (value.length < Integer.BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (littleEndianInt(value) != POSIX_ACL_VERSION) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        if ((value.length - Integer.BYTES) % POSIX_ACL_ENTRY_BYTES != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** {@code validheader} of security/commoncap.c: the size that goes with the revision. */
    private static boolean isCapability(byte[] value) {
        if (value.length < Integer.BYTES) {
            return false;
        }
        int revision = littleEndianInt(value) >>> 24;
        return (revision == 2 && value.length == 20) || (revision == 3 && value.length == 24);
    }

    private static int littleEndianInt(byte[] value) {
        return ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt();
    }
}

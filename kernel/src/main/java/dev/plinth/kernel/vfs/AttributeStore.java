package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Where the changeable attributes of inodes are kept: what the kinds of inodes of one file system
 * have in common. Any thread may call any method.
 *
 * <p>What is not overridden is refused, or not there.
 */
public interface AttributeStore {
    /** Refuses every change. */
    AttributeStore FIXED = new AttributeStore() {};

    /** Whether an extended attribute has to exist before it is set. */
    enum XattrMode {
        /** It is made, or replaced. */
        ANY,
        /** It must not exist (XATTR_CREATE). */
        CREATE,
        /** It must exist (XATTR_REPLACE). */
        REPLACE;

        /**
         * Refuses to set an attribute that should, or should not exist.
         *
         * @throws ErrnoException EEXIST, ENODATA
         */
        public void require(boolean exists) {
            if (this == CREATE && exists) {
                throw ErrnoException.of(Errno.EEXIST);
            }
            if (this == REPLACE && !exists) {
                throw ErrnoException.of(Errno.ENODATA);
            }
        }
    }

    /** See {@link Inode#setPermissions}; {@code self} is the inode. */
    default void setPermissions(Inode self, int permissions) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** See {@link Inode#setOwner}. */
    default void setOwner(Inode self, int uid, int gid, int permissions) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** See {@link Inode#setTimes}. */
    default void setTimes(Inode self, Optional<Instant> accessed, Optional<Instant> modified) {
        throw ErrnoException.of(Errno.EPERM);
    }

    /** See {@link Inode#xattr}. */
    default Optional<byte[]> xattr(String name) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    /** See {@link Inode#xattrNames}. */
    default List<String> xattrNames() {
        return List.of();
    }

    /** See {@link Inode#setXattr}. */
    default void setXattr(Inode self, String name, byte[] value, XattrMode mode) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    /** See {@link Inode#removeXattr}. */
    default void removeXattr(Inode self, String name) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
}

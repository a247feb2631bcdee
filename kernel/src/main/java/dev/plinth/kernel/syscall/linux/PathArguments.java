package dev.plinth.kernel.syscall.linux;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

/** Paths as system calls take them: a string in the guest's memory, and where it starts. */
final class PathArguments {
    private PathArguments() {}

    /**
     * Reads a path that must not be empty.
     *
     * @throws ErrnoException EFAULT, ENAMETOOLONG, or ENOENT for an empty one
     */
    static PathName path(Task task, long address) {
        PathName path = pathOrEmpty(task, address);
        if (path.isEmpty()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return path;
    }

    /**
     * Reads a path.
     *
     * @throws ErrnoException EFAULT, ENAMETOOLONG
     */
    static PathName pathOrEmpty(Task task, long address) {
        byte[] bytes =
                task.guestMemory()
                        .readString(address, Fs.PATH_MAX)
                        .orElseThrow(() -> ErrnoException.of(Errno.ENAMETOOLONG));
        return PathName.of(bytes);
    }

    /** Where a relative path of a call without a directory descriptor starts. */
    static Location workingDirectory(Task task) {
        return task.fs().workingDirectory();
    }

    /**
     * Where a path starts.
     *
     * @param fd a directory, or AT_FDCWD; not looked at if the path is absolute
     * @throws ErrnoException EBADF if the descriptor is not open
     */
    static Location base(Task task, int fd, PathName path) {
        if (fd == Fcntl.AT_FDCWD || path.isAbsolute()) {
            return workingDirectory(task);
        }
        try (FileDescription directory = task.files().getAlsoPathOnly(fd)) {
            return directory.location();
        }
    }

    /**
     * The place that a path leads to.
     *
     * @param lookup says whether a link at the end is followed, and whether an empty path is the
     *     descriptor itself
     */
    static Location resolve(Task task, int fd, long address, Lookup lookup) {
        PathName path = pathOrEmpty(task, address);
        if (path.isEmpty() && !lookup.allowEmpty()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return task.kernel().vfs().resolve(task.caller(), base(task, fd, path), path, lookup);
    }

    /** A lookup by the {@code AT_*} flags that say it, for calls that follow by default. */
    static Lookup lookup(int flags) {
        Lookup lookup = (flags & Fcntl.AT_SYMLINK_NOFOLLOW) != 0 ? Lookup.NO_FOLLOW : Lookup.FOLLOW;
        return lookup.withAllowEmpty((flags & Fcntl.AT_EMPTY_PATH) != 0);
    }

    /**
     * Refuses flags that a call does not know.
     *
     * @throws ErrnoException EINVAL
     */
    static void requireFlags(int flags, int known) {
        if ((flags & ~known) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}

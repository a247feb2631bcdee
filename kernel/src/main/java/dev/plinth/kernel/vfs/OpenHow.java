package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Openat2;
import dev.plinth.kernel.vfs.linux.Stat;

/**
 * How a file is opened, as {@code struct open_how} of openat2(2).
 *
 * @param flags of open(2), without contradictions
 * @param mode of a file that is made
 * @param resolve the {@code RESOLVE_*} flags
 */
public record OpenHow(int flags, int mode, int resolve) {
    private static final int PATH_FLAGS =
            Fcntl.O_DIRECTORY | Fcntl.O_NOFOLLOW | Fcntl.O_PATH | Fcntl.O_CLOEXEC;

    /** {@code build_open_flags} of fs/open.c. */
    public OpenHow {
        if (isSet(flags, Fcntl.__O_TMPFILE)) {
            boolean complete = isSet(flags, Fcntl.O_TMPFILE) && !isSet(flags, Fcntl.O_CREAT);
            if (!complete || (flags & Fcntl.O_ACCMODE) == Fcntl.O_RDONLY) {
                throw ErrnoException.of(Errno.EINVAL);
            }
        } else if (isSet(flags, Fcntl.O_DIRECTORY | Fcntl.O_CREAT)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** As open(2) and openat(2) have it, which ignore what they do not know. */
    public static OpenHow of(int flags, int mode) {
        int known = flags & Fcntl.VALID_OPEN_FLAGS;
        if (isSet(known, Fcntl.O_PATH)) {
            known &= PATH_FLAGS;
        }
        return new OpenHow(known, makesFile(known) ? mode & Stat.PERMISSION_BITS : 0, 0);
    }

    /**
     * As openat2(2) has it, which refuses what it does not know.
     *
     * @throws ErrnoException EINVAL; EAGAIN for RESOLVE_CACHED, which may always be answered so
     */
    public static OpenHow strict(long flags, long mode, long resolve) {
        boolean flagsKnown = (flags & ~(long) Fcntl.VALID_OPEN_FLAGS) == 0;
        boolean resolveKnown = (resolve & ~(long) Openat2.VALID_RESOLVE_FLAGS) == 0;
        if (!flagsKnown || !resolveKnown) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long rooted = Openat2.RESOLVE_BENEATH | Openat2.RESOLVE_IN_ROOT;
        long allowedMode = makesFile((int) flags) ? Stat.PERMISSION_BITS : 0;
        boolean pathOnly = isSet((int) flags, Fcntl.O_PATH);
        if ((resolve & rooted) == rooted
                || (mode & ~allowedMode) != 0
                || (pathOnly && (flags & ~(long) PATH_FLAGS) != 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if ((resolve & Openat2.RESOLVE_CACHED) != 0) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        return new OpenHow((int) flags, (int) mode, (int) resolve);
    }

    private static boolean makesFile(int flags) {
        return (flags & (Fcntl.O_CREAT | Fcntl.__O_TMPFILE)) != 0;
    }

    private static boolean isSet(int flags, int wanted) {
        return (flags & wanted) == wanted;
    }

    /** Whether all the given flags of open(2) are set. */
    boolean has(int wanted) {
        return isSet(flags, wanted);
    }

    /** What the caller must be permitted: {@code ACC_MODE} of fs/open.c. */
    int wantedPermissions() {
        int wanted =
                switch (flags & Fcntl.O_ACCMODE) {
                    case Fcntl.O_RDONLY -> Permissions.READ;
                    case Fcntl.O_WRONLY -> Permissions.WRITE;
                    default -> Permissions.READ | Permissions.WRITE;
                };
        return has(Fcntl.O_TRUNC) ? wanted | Permissions.WRITE : wanted;
    }

    /** How the path is walked. */
    Lookup lookup() {
        boolean exclusive = has(Fcntl.O_CREAT | Fcntl.O_EXCL);
        return new Lookup(!has(Fcntl.O_NOFOLLOW) && !exclusive, false, resolve);
    }
}

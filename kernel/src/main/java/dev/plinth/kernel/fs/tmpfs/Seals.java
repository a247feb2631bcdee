package dev.plinth.kernel.fs.tmpfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.vfs.linux.Fcntl;

/**
 * What can no longer be done with the content of a file, memfd_create(2): mm/memfd.c.
 *
 * <p>Lasting state: the seals. Any thread may call any method; the last of all locks.
 */
@SavedWith(TmpfsFile.class)
final class Seals {
    private static final int EXECUTE_BITS = 0111;
    private static final int NO_WRITING = Fcntl.F_SEAL_WRITE | Fcntl.F_SEAL_FUTURE_WRITE;

    private final Object sealsLock = new Object();

    /** Written under the lock. A file is made with its seals sealed. */
    private volatile int seals = Fcntl.F_SEAL_SEAL;

    /** How many mappings there are by which the content may be written. */
    @NotSaved("counted when mappings are made again")
    @GuardedBy("sealsLock")
    private int writableMappings;

    int get() {
        return seals;
    }

    /** Begins with other seals: the file is new, or made again. */
    void reset(int initial) {
        synchronized (sealsLock) {
            seals = initial;
        }
    }

    /**
     * Adds seals, F_ADD_SEALS.
     *
     * @param permissions of the file: one that can be run is sealed altogether with F_SEAL_EXEC
     * @throws ErrnoException EINVAL if one is not known; EPERM if no more may be added; EBUSY if
     *     what is sealed against writing is mapped to be written
     */
    void add(int more, int permissions) {
        if ((more & ~Fcntl.F_ALL_SEALS) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        synchronized (sealsLock) {
            if ((seals & Fcntl.F_SEAL_SEAL) != 0) {
                throw ErrnoException.of(Errno.EPERM);
            }
            if ((more & ~seals & Fcntl.F_SEAL_WRITE) != 0 && writableMappings > 0) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            seals |= more;
            if ((more & Fcntl.F_SEAL_EXEC) != 0 && (permissions & EXECUTE_BITS) != 0) {
                seals |= Fcntl.F_SEAL_SHRINK | Fcntl.F_SEAL_GROW | NO_WRITING;
            }
        }
    }

    /** A mapping was made by which the content may be written, or such ones are gone. */
    void countWritableMappings(int change) {
        synchronized (sealsLock) {
            writableMappings += change;
        }
    }

    /** Whether the content can no longer be written. */
    boolean forbidWriting() {
        return (seals & NO_WRITING) != 0;
    }

    /** Refuses to write up to an offset; EPERM. */
    void checkWrite(long end, long size) {
        if (forbidWriting()) {
            throw ErrnoException.of(Errno.EPERM);
        }
        checkSize(size, Math.max(end, size));
    }

    /** Refuses another size; EPERM. */
    void checkSize(long oldSize, long newSize) {
        boolean refused =
                (newSize < oldSize && (seals & Fcntl.F_SEAL_SHRINK) != 0)
                        || (newSize > oldSize && (seals & Fcntl.F_SEAL_GROW) != 0);
        if (refused) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    /** Refuses other permissions to run the file; EPERM. */
    void checkPermissions(int before, int after) {
        if ((seals & Fcntl.F_SEAL_EXEC) != 0 && ((before ^ after) & EXECUTE_BITS) != 0) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }
}

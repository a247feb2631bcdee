package dev.plinth.kernel.errno;

import dev.plinth.api.linux.Errno;

import java.util.EnumMap;

/**
 * A guest's system call fails with an errno.
 *
 * <p>It says nothing about the kernel or the host: this is what the program sees. There is one
 * instance for each errno, without a stack trace, so that failing calls are as cheap as others.
 */
public final class ErrnoException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private static final EnumMap<Errno, ErrnoException> BY_ERRNO = new EnumMap<>(Errno.class);

    static {
        for (Errno errno : Errno.values()) {
            BY_ERRNO.put(errno, new ErrnoException(errno));
        }
    }

    private final Errno errno;

    private ErrnoException(Errno errno) {
        super(errno.name(), null, false, false);
        this.errno = errno;
    }

    /** The exception for an errno. */
    public static ErrnoException of(Errno errno) {
        return BY_ERRNO.get(errno);
    }

    /** What the program sees. */
    public Errno errno() {
        return errno;
    }
}

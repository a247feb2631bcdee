package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;

/**
 * A program cannot be loaded, for a reason that Linux finds when the old program is gone already:
 * so it is not told to that, which is killed instead.
 */
public final class LoadFailureException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Errno errno;

    LoadFailureException(Errno errno) {
        super(requireNonNull(errno, "errno is null").toString(), null, false, false);
        this.errno = errno;
    }

    /** The reason. */
    public Errno errno() {
        return errno;
    }
}

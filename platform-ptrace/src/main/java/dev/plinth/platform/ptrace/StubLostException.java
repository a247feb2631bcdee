package dev.plinth.platform.ptrace;

/**
 * A stub's thread is gone, or can no longer be driven.
 *
 * <p>Does not leave the package: a context makes a {@link dev.plinth.api.platform.Trap.UnknownExit}
 * of it, everyone else an error of the host.
 */
final class StubLostException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    StubLostException(String message, int status) {
        super(message);
        this.status = status;
    }

    /** The wait status that told. */
    int status() {
        return status;
    }
}

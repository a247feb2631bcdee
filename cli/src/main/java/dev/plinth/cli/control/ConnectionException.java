package dev.plinth.cli.control;

/** The peer of a connection went away in the middle of something, or is too slow. */
public final class ConnectionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean tooSlow;

    ConnectionException(String problem) {
        this(problem, false);
    }

    ConnectionException(String problem, boolean tooSlow) {
        super(problem);
        this.tooSlow = tooSlow;
    }

    /** Whether it is there, perhaps, and did nothing for as long as it was waited for. */
    boolean isTooSlow() {
        return tooSlow;
    }
}

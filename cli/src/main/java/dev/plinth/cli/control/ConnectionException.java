package dev.plinth.cli.control;

/** The peer of a connection went away in the middle of something, or is too slow. */
public final class ConnectionException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ConnectionException(String problem) {
        super(problem);
    }
}

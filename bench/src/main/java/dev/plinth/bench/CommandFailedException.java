package dev.plinth.bench;

/** A command that is part of a measurement failed, so that the measurement is void. */
final class CommandFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    CommandFailedException(String reason) {
        super(reason);
    }
}

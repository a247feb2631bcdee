package dev.plinth.cli;

/** The command line makes no sense. The message is one line without a final period. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}

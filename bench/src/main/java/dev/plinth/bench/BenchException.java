package dev.plinth.bench;

/** The benchmark cannot be run here. The message is one line that says what to do. */
final class BenchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BenchException(String message) {
        super(message);
    }
}

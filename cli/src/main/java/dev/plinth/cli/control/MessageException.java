package dev.plinth.cli.control;

/** A message is not what it must be. What it says is for whoever sent it. */
public final class MessageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MessageException(String problem) {
        super(problem);
    }

    MessageException(String problem, Throwable cause) {
        super(problem, cause);
    }
}

package dev.plinth.kernel.error;

import static java.util.Objects.requireNonNull;

/**
 * A sandbox cannot be made or go on, for a reason that its user is told.
 *
 * <p>The message is one line, without a final period, that names the thing at fault (a file, a
 * name) and what is wrong with it.
 */
public class SandboxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final String remedy;

    /**
     * Reports an error that has a remedy.
     *
     * @param code the kind
     * @param message what is wrong
     * @param remedy what the user can do, one line; empty if the message says it
     */
    public SandboxException(ErrorCode code, String message, String remedy) {
        this(code, message, remedy, null);
    }

    /**
     * Reports an error that has a remedy and a cause.
     *
     * @param code the kind
     * @param message what is wrong
     * @param remedy what the user can do, one line; empty if the message says it
     * @param cause what was thrown; null if nothing was
     */
    public SandboxException(ErrorCode code, String message, String remedy, Throwable cause) {
        super(message, cause);
        this.code = requireNonNull(code, "code is null");
        this.remedy = requireNonNull(remedy, "remedy is null");
    }

    /** The kind. */
    public ErrorCode code() {
        return code;
    }

    /** What the user can do about it; empty if the message says it. */
    public String remedy() {
        return remedy;
    }
}

package dev.plinth.api.host;

import dev.plinth.api.linux.Errno;

import java.util.Optional;
import java.util.StringJoiner;

/**
 * A call to the host's Linux failed.
 *
 * <p>The message names the operation, its arguments in hexadecimal and the errno: {@code
 * ftruncate(memory file)(0x5, 0x1000) failed: EINVAL (Invalid argument)}. What the guest sees of
 * it, if anything, is decided elsewhere.
 */
public final class HostCallException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errnoNumber;

    /**
     * Reports a failed operation.
     *
     * @param operation what was tried, with its object and arguments
     * @param errno why the host refused
     */
    public HostCallException(String operation, Errno errno) {
        super(operation + " failed: " + errno + " (" + errno.text() + ")");
        this.errnoNumber = errno.number();
    }

    private HostCallException(int errnoNumber, String message) {
        super(message);
        this.errnoNumber = errnoNumber;
    }

    /**
     * Reports a failed system call.
     *
     * @param operation what was tried, with its object
     * @param arguments of the call
     * @param result of the call, an error
     */
    public static HostCallException ofResult(String operation, long[] arguments, long result) {
        StringJoiner list = new StringJoiner(", ", "(", ")");
        for (long argument : arguments) {
            list.add("0x" + Long.toHexString(argument));
        }
        String text = Errno.of((int) -result).map(errno -> " (" + errno.text() + ")").orElse("");
        return new HostCallException(
                (int) -result, operation + list + " failed: " + Errno.nameOf(result) + text);
    }

    /** Why the host refused; empty if Linux has no name for the number. */
    public Optional<Errno> errno() {
        return Errno.of(errnoNumber);
    }

    /** Whether the host gave this reason. */
    public boolean is(Errno errno) {
        return errnoNumber == errno.number();
    }
}

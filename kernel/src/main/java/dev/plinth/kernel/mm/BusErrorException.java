package dev.plinth.kernel.mm;

/** Nothing is behind a mapped page: the guest gets SIGBUS, or EFAULT from a system call. */
public final class BusErrorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The only instance, without a stack trace. */
    @SuppressWarnings("StaticAssignmentOfThrowable") // It says nothing that differs.
    public static final BusErrorException INSTANCE = new BusErrorException();

    private BusErrorException() {
        super("bus error", null, false, false);
    }
}

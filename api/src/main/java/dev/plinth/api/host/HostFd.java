package dev.plinth.api.host;

import static java.util.Objects.requireNonNull;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * An open descriptor of the host, with one owner.
 *
 * <p>Whoever holds a {@code HostFd} that was given to it closes it, or gives it away with {@link
 * #release()}. A method that takes one says whether it borrows it or takes ownership. Any thread
 * may call any method; closing while another thread uses the number is the owner's mistake.
 */
public final class HostFd implements AutoCloseable {
    private static final int CLOSED = -1;
    private static final long SYS_CLOSE = 3;

    private final HostKernel host;
    private final AtomicInteger number;

    /**
     * Takes ownership of an open descriptor.
     *
     * @param host closes it in the end
     * @param number of the descriptor, not negative
     */
    public HostFd(HostKernel host, int number) {
        if (number < 0) {
            throw new IllegalArgumentException("not a descriptor: " + number);
        }
        this.host = requireNonNull(host, "host is null");
        this.number = new AtomicInteger(number);
    }

    /**
     * The descriptor's number.
     *
     * @throws IllegalStateException if this owner has closed or released it
     */
    public int number() {
        int current = number.get();
        if (current == CLOSED) {
            throw new IllegalStateException("descriptor is closed");
        }
        return current;
    }

    /** Whether this owner still has the descriptor. */
    public boolean isOpen() {
        return number.get() != CLOSED;
    }

    /**
     * Gives the descriptor away: from now on its number is the caller's to close.
     *
     * @throws IllegalStateException if this owner has closed or released it
     */
    public int release() {
        int released = number.getAndSet(CLOSED);
        if (released == CLOSED) {
            throw new IllegalStateException("descriptor is closed");
        }
        return released;
    }

    /** Closes the descriptor; doing so again is harmless. */
    @Override
    public void close() {
        int closing = number.getAndSet(CLOSED);
        if (closing != CLOSED) {
            // close(2) frees the number even when it reports an error, so there is nothing to
            // retry.
            host.syscall(SYS_CLOSE, closing);
        }
    }

    @Override
    public String toString() {
        int current = number.get();
        return current == CLOSED ? "fd closed" : "fd " + current;
    }
}

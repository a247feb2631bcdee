package dev.plinth.kernel.net;

import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.state.SavedWith;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Which directions of a socket no longer go, {@code sk_shutdown}: once one does not, it never does
 * again.
 *
 * <p>Lasting state: all of it. Any thread may call any method.
 */
@SavedWith(UnixSocket.class)
final class Shutdown {
    /** {@code RCV_SHUTDOWN}. */
    private static final int RECEIVING = 1;

    /** {@code SEND_SHUTDOWN}. */
    private static final int SENDING = 2;

    private static final int BOTH = RECEIVING | SENDING;

    private final AtomicInteger directions;

    /** Both directions go. */
    Shutdown() {
        this(0);
    }

    private Shutdown(int directions) {
        this.directions = new AtomicInteger(directions);
    }

    static Shutdown restore(int saved) {
        return new Shutdown(saved & BOTH);
    }

    int save() {
        return directions.get();
    }

    /** Whether nothing is received any more but what is there. */
    boolean ofReceiving() {
        return (directions.get() & RECEIVING) != 0;
    }

    /** Whether nothing can be sent any more. */
    boolean ofSending() {
        return (directions.get() & SENDING) != 0;
    }

    boolean ofBoth() {
        return directions.get() == BOTH;
    }

    /**
     * One direction or both no longer go.
     *
     * @param how {@code SHUT_*} of shutdown(2)
     */
    void add(int how) {
        directions.getAndUpdate(old -> old | bitsOf(how));
    }

    /** The peer has done so to its side: what it does not receive cannot be sent to it. */
    void addAtPeer(int how) {
        int bits = bitsOf(how);
        int here = (bits & RECEIVING) << 1 | (bits & SENDING) >> 1;
        directions.getAndUpdate(old -> old | here);
    }

    void addBoth() {
        directions.set(BOTH);
    }

    private static int bitsOf(int how) {
        return switch (how) {
            case Socket.SHUT_RD -> RECEIVING;
            case Socket.SHUT_WR -> SENDING;
            default -> BOTH;
        };
    }
}

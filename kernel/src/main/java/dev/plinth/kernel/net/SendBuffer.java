package dev.plinth.kernel.net;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What a socket has sent and others have not read yet, by Linux' count: {@code sk_wmem_alloc},
 * bounded by SO_SNDBUF.
 *
 * <p>Each message takes room when it is passed on, and gives it back, by {@link
 * UnixSocket#release}, when it is read or given up. Any thread may call any method; it has no lock.
 */
@NotSaved("follows from the messages at others")
final class SendBuffer {
    /** What Linux takes off the sending buffer for a message's headers. */
    private static final int MESSAGE_OVERHEAD = 32;

    /** What Linux takes off half the sending buffer, which a part of a stream fills at most. */
    private static final int PART_OVERHEAD = 64;

    private final UnixSockets sockets;
    private final SocketOptions options;
    private final AtomicInteger used = new AtomicInteger();

    SendBuffer(UnixSockets sockets, SocketOptions options) {
        this.sockets = requireNonNull(sockets, "sockets is null");
        this.options = requireNonNull(options, "options is null");
    }

    /** How much is used: SIOCOUTQ. */
    int used() {
        return used.get();
    }

    /** How many bytes a message has at most. */
    int longestMessage() {
        return options.sendBuffer() - MESSAGE_OVERHEAD;
    }

    /** How many bytes of a stream are passed on at a time. */
    int longestPart() {
        return options.sendBuffer() / 2 - PART_OVERHEAD;
    }

    /**
     * Refuses if nothing more can be sent now.
     *
     * @throws ErrnoException EAGAIN
     */
    void requireRoom() {
        if (used.get() >= options.sendBuffer()) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
    }

    /** {@code unix_writable}: a good part of the buffer is free. */
    boolean hasRoomToPoll() {
        return used.get() <= options.sendBuffer() / 4;
    }

    /**
     * Passes a message on, which has room here from then on.
     *
     * @param outgoing what it is sent with
     * @param queue of the receiver
     * @return false if the receiver is gone; then nothing was done
     * @throws ErrnoException ENOBUFS, ETOOMANYREFS as in unix(7)
     */
    boolean pass(Message message, Outgoing outgoing, MessageQueue queue) {
        take(message);
        boolean queued = false;
        boolean flying = false;
        try {
            if (!outgoing.rights().isEmpty()) {
                sockets.flights().send(outgoing);
                flying = true;
            }
            queued = queue.add(message);
        } finally {
            if (!queued) {
                message.sender().release(message.memory());
                if (flying) {
                    sockets.flights().drop(outgoing.rights());
                }
            }
        }
        return queued;
    }

    /**
     * Takes room for a message.
     *
     * @throws ErrnoException ENOBUFS if all sockets together have none
     */
    void take(Message message) {
        sockets.reserve(message.memory());
        used.addAndGet(message.memory());
    }

    /** Has room again that a message took. */
    void give(int memory) {
        used.addAndGet(-memory);
        sockets.unreserve(memory);
    }
}

package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.cli.control.linux.SocketCalls;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * One end of a control connection: messages in both directions, descriptors with them.
 *
 * <p>A message is a length of four bytes, the highest first, and so many bytes of JSON. Descriptors
 * travel with any of its bytes.
 *
 * <p>Any thread may send; one at a time may receive. Closing while another thread is in a call is
 * the owner's mistake: {@link #shutDown()} ends such calls first.
 */
public final class Connection implements AutoCloseable {
    /** More bytes than this has no message: what execve(2) takes, and room for the rest. */
    public static final int MESSAGE_BYTES_MAX = 4 << 20;

    /** What is allocated for a message before its bytes are there. */
    private static final int CHUNK_BYTES = 64 << 10;

    private static final ValueLayout.OfInt LENGTH =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private final SocketCalls calls;
    private final HostFd socket;
    private final Object sendLock = new Object();

    /**
     * Speaks over a socket.
     *
     * @param socket connected; taken over
     */
    public Connection(HostKernel host, HostFd socket) {
        this.calls = new SocketCalls(host);
        this.socket = requireNonNull(socket, "socket is null");
    }

    /**
     * A message that came.
     *
     * @param message what it says
     * @param descriptors that came with it; the receiver owns them
     */
    public record Received(Message message, List<HostFd> descriptors) {
        public Received {
            requireNonNull(message, "message is null");
            descriptors = List.copyOf(descriptors);
        }

        /** Closes the descriptors. */
        public void discard() {
            descriptors.forEach(HostFd::close);
        }
    }

    /** Whether the peer acts as a user, or as root. */
    public boolean isPeer(int user) {
        int peer = calls.peerUser(socket);
        return peer == user || peer == 0;
    }

    /**
     * Limits how long a send, and the receiving of each piece of a message, may take.
     *
     * @param millis zero for no limit
     */
    public void limitReceiving(long millis) {
        calls.setReadTimeout(socket, millis);
    }

    /** Limits how long the peer may let a message wait that is sent to it; zero for no limit. */
    public void limitSending(long millis) {
        calls.setWriteTimeout(socket, millis);
    }

    /** Whether the peer has gone; does not wait. */
    public boolean isGone() {
        return calls.isGone(socket);
    }

    /**
     * Waits until a message begins to come, or the end, or nobody reads any more what is written to
     * a descriptor.
     *
     * @param output its number
     * @return false if nothing comes, and nobody reads
     */
    public boolean awaitWhileRead(int output) {
        return calls.awaitReadable(socket, output);
    }

    /**
     * Sends a message.
     *
     * @throws ConnectionException if the peer has gone, or does not take it
     * @throws MessageTooLongException if nothing is sent for that reason
     */
    public void send(Message message) {
        send(message, List.of());
    }

    /**
     * Sends a message with descriptors.
     *
     * @param descriptors borrowed
     * @throws ConnectionException if the peer has gone, or does not take it
     * @throws MessageTooLongException if nothing is sent for that reason
     */
    public void send(Message message, List<HostFd> descriptors) {
        byte[] body = message.json().getBytes(StandardCharsets.UTF_8);
        if (body.length > MESSAGE_BYTES_MAX) {
            throw new MessageTooLongException(body.length);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment frame = arena.allocate(Integer.BYTES + (long) body.length);
            frame.set(LENGTH, 0, body.length);
            MemorySegment.copy(body, 0, frame, ValueLayout.JAVA_BYTE, Integer.BYTES, body.length);
            synchronized (sendLock) {
                long sent = 0;
                while (sent < frame.byteSize()) {
                    long count =
                            calls.send(
                                    socket,
                                    frame.asSlice(sent),
                                    sent == 0 ? descriptors : List.of());
                    if (Errno.isError(count)) {
                        throw failed("send", count);
                    }
                    sent += count;
                }
            }
        }
    }

    /**
     * Waits for a message.
     *
     * @return the message; empty if the peer has sent its last
     * @throws ConnectionException if the peer goes in the middle of one, or is too slow
     * @throws MessageException if it sends something that is none
     * @throws SandboxException HOST_EXHAUSTED if there is no room for the descriptors that come
     *     with it
     */
    public Optional<Received> receive() {
        List<HostFd> descriptors = new ArrayList<>();
        boolean complete = false;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment head = arena.allocate(Integer.BYTES);
            if (!fill(head, descriptors, true)) {
                return Optional.empty();
            }
            int length = head.get(LENGTH, 0);
            if (length < 0 || length > MESSAGE_BYTES_MAX) {
                throw new MessageException("it is too long: " + Integer.toUnsignedString(length));
            }
            byte[] body = new byte[0];
            while (body.length < length) {
                // Memory for what has come, not for what is announced.
                int wanted = Math.min(length - body.length, Math.max(CHUNK_BYTES, body.length));
                byte[] longer = Arrays.copyOf(body, body.length + wanted);
                try (Arena ofPiece = Arena.ofConfined()) {
                    MemorySegment piece = ofPiece.allocate(wanted);
                    fill(piece, descriptors, false);
                    MemorySegment.copy(
                            piece, ValueLayout.JAVA_BYTE, 0, longer, body.length, wanted);
                }
                body = longer;
            }
            Message message = Message.parse(new String(body, StandardCharsets.UTF_8));
            complete = true;
            return Optional.of(new Received(message, descriptors));
        } finally {
            if (!complete) {
                descriptors.forEach(HostFd::close);
            }
        }
    }

    /** A socket whose limit of time is over says EAGAIN. */
    private static ConnectionException failed(String action, long error) {
        return new ConnectionException(
                "cannot " + action + ": " + Errno.nameOf(error), error == -Errno.EAGAIN.number());
    }

    /** Reads as much as there is room for; false if there is nothing, and there may be. */
    private boolean fill(MemorySegment bytes, List<HostFd> descriptors, boolean mayEnd) {
        long filled = 0;
        while (filled < bytes.byteSize()) {
            SocketCalls.Received received = calls.receive(socket, bytes.asSlice(filled));
            descriptors.addAll(received.descriptors());
            if (Errno.isError(received.count())) {
                throw failed("receive", received.count());
            }
            if (received.truncated()
                    && received.descriptors().size() < SocketCalls.MAX_DESCRIPTORS) {
                throw new SandboxException(
                        ErrorCode.HOST_EXHAUSTED,
                        "the sandbox's process has no room for the descriptors that come along",
                        "end something in the sandbox, or start it with a higher 'ulimit -n'");
            }
            if (received.truncated() || descriptors.size() > SocketCalls.MAX_DESCRIPTORS) {
                throw new MessageException("it comes with too many descriptors");
            }
            if (received.count() == 0) {
                if (mayEnd && filled == 0) {
                    return false;
                }
                throw new ConnectionException("the peer has gone in the middle of a message");
            }
            filled += received.count();
        }
        return true;
    }

    /** Ends the conversation: whoever waits in a call of this returns from it. */
    public void shutDown() {
        calls.shutDown(socket);
    }

    @Override
    public void close() {
        socket.close();
    }
}

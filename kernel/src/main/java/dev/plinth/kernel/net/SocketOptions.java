package dev.plinth.kernel.net;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.SocketOptionsState;
import dev.plinth.kernel.vfs.Blocker;

import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What setsockopt(2) sets: {@code sk_setsockopt} of net/core/sock.c.
 *
 * <p>Lasting state: all of it. Any thread may use it.
 */
@SavedWith(UnixSocket.class)
public final class SocketOptions {
    /** {@code SK_WMEM_MAX} and {@code SK_RMEM_MAX}: what is asked for beyond is cut. */
    private static final int GREATEST_BUFFER = 212992;

    /** Whatever a socket's options are, no message is longer. */
    static final int LONGEST_MESSAGE = 2 * GREATEST_BUFFER;

    /** {@code SOCK_MIN_SNDBUF} and {@code SOCK_MIN_RCVBUF}. */
    private static final int SMALLEST_SEND_BUFFER = 4608;

    private static final int SMALLEST_RECEIVE_BUFFER = 2304;

    /**
     * Flags and numbers that programs set and get back, and that change nothing for Unix sockets.
     */
    private static final Map<Integer, Boolean> KEPT =
            Map.of(
                    Socket.SO_REUSEADDR, true,
                    Socket.SO_DONTROUTE, true,
                    Socket.SO_BROADCAST, true,
                    Socket.SO_KEEPALIVE, true,
                    Socket.SO_OOBINLINE, true,
                    Socket.SO_DEBUG, true,
                    Socket.SO_PRIORITY, false);

    private final Map<Integer, Integer> kept = new ConcurrentHashMap<>();
    private volatile int sendBuffer = GREATEST_BUFFER;
    private volatile int receiveBuffer = GREATEST_BUFFER;
    private volatile int lowWater = 1;
    private volatile boolean passesCredentials;
    private volatile long receiveTimeout = Blocker.NO_DEADLINE;
    private volatile long sendTimeout = Blocker.NO_DEADLINE;
    private volatile long linger;

    /** What is saved of them. */
    SocketOptionsState save() {
        return SocketOptionsState.newBuilder()
                .setSendBuffer(sendBuffer)
                .setReceiveBuffer(receiveBuffer)
                .setLowWater(lowWater)
                .setPassesCredentials(passesCredentials)
                .setReceiveTimeout(receiveTimeout)
                .setSendTimeout(sendTimeout)
                .setLinger(linger)
                .putAllKept(kept)
                .build();
    }

    /**
     * Sets all of them to what was saved.
     *
     * @throws IllegalArgumentException if they cannot be set so
     */
    void restore(SocketOptionsState state) {
        boolean possible =
                isBuffer(state.getSendBuffer(), SMALLEST_SEND_BUFFER)
                        && isBuffer(state.getReceiveBuffer(), SMALLEST_RECEIVE_BUFFER)
                        && state.getLowWater() >= 1
                        && state.getReceiveTimeout() >= 0
                        && state.getSendTimeout() >= 0
                        && KEPT.keySet().containsAll(state.getKeptMap().keySet());
        if (!possible) {
            throw new IllegalArgumentException("there are no such options of a socket");
        }
        sendBuffer = state.getSendBuffer();
        receiveBuffer = state.getReceiveBuffer();
        lowWater = state.getLowWater();
        passesCredentials = state.getPassesCredentials();
        receiveTimeout = state.getReceiveTimeout();
        sendTimeout = state.getSendTimeout();
        linger = state.getLinger();
        kept.putAll(state.getKeptMap());
    }

    private static boolean isBuffer(int size, int smallest) {
        return size >= smallest && size <= 2 * GREATEST_BUFFER;
    }

    /**
     * Sets an option that is a number.
     *
     * @throws ErrnoException ENOPROTOOPT if it is not one
     */
    public void set(int option, int value) {
        switch (option) {
            case Socket.SO_SNDBUF, Socket.SO_SNDBUFFORCE ->
                    sendBuffer = bufferSize(value, SMALLEST_SEND_BUFFER);
            case Socket.SO_RCVBUF, Socket.SO_RCVBUFFORCE ->
                    receiveBuffer = bufferSize(value, SMALLEST_RECEIVE_BUFFER);
            case Socket.SO_RCVLOWAT ->
                    lowWater = value < 0 ? Integer.MAX_VALUE : Math.max(1, value);
            case Socket.SO_PASSCRED -> passesCredentials = value != 0;
            default -> {
                Boolean flag = KEPT.get(option);
                if (flag == null) {
                    throw ErrnoException.of(Errno.ENOPROTOOPT);
                }
                kept.put(option, flag && value != 0 ? 1 : value);
            }
        }
    }

    /** Twice what was asked for, as Linux keeps room for what it needs itself. */
    private static int bufferSize(int value, int smallest) {
        // Compared as if unsigned: a negative one is very large.
        int cut = value < 0 ? GREATEST_BUFFER : Math.min(value, GREATEST_BUFFER);
        return Math.max(2 * cut, smallest);
    }

    /** The value of an option that is a number and can be set; empty if it is not one. */
    public OptionalInt get(int option) {
        return switch (option) {
            case Socket.SO_SNDBUF -> OptionalInt.of(sendBuffer);
            case Socket.SO_RCVBUF -> OptionalInt.of(receiveBuffer);
            case Socket.SO_RCVLOWAT -> OptionalInt.of(lowWater);
            case Socket.SO_SNDLOWAT -> OptionalInt.of(1);
            case Socket.SO_PASSCRED -> OptionalInt.of(passesCredentials ? 1 : 0);
            case Socket.SO_TIMESTAMP -> OptionalInt.of(0);
            default ->
                    KEPT.containsKey(option)
                            ? OptionalInt.of(kept.getOrDefault(option, 0))
                            : OptionalInt.empty();
        };
    }

    /** How many bytes may be on their way from the socket, by Linux' count. */
    int sendBuffer() {
        return sendBuffer;
    }

    /** Whether messages are received with their sender's credentials. */
    public boolean passesCredentials() {
        return passesCredentials;
    }

    /** How long receiving waits, in nanoseconds. */
    public long receiveTimeout() {
        return receiveTimeout;
    }

    /** Sets how long receiving waits, in nanoseconds: SO_RCVTIMEO. */
    public void setReceiveTimeout(long nanos) {
        receiveTimeout = nanos;
    }

    /** How long sending waits, in nanoseconds. */
    public long sendTimeout() {
        return sendTimeout;
    }

    /** Sets how long sending waits, in nanoseconds: SO_SNDTIMEO. */
    public void setSendTimeout(long nanos) {
        sendTimeout = nanos;
    }

    /** The eight bytes of SO_LINGER, which changes nothing for Unix sockets. */
    public long linger() {
        return linger;
    }

    /** Keeps the eight bytes of SO_LINGER. */
    public void setLinger(long struct) {
        linger = struct;
    }
}

package dev.plinth.kernel.net;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.linux.Socket;

/** How a socket passes on what is sent. */
public enum SocketType {
    /** A connection, without boundaries. */
    STREAM(Socket.SOCK_STREAM),
    /** Messages, with or without a connection. */
    DATAGRAM(Socket.SOCK_DGRAM),
    /** A connection of messages. */
    SEQUENCED_PACKET(Socket.SOCK_SEQPACKET);

    private final int number;

    SocketType(int number) {
        this.number = number;
    }

    /**
     * The type of a number, as unix(7) knows them.
     *
     * @throws ErrnoException EINVAL if no type has the number; ESOCKTNOSUPPORT if it is not for
     *     Unix sockets
     */
    public static SocketType of(int number) {
        if (number < 0 || number >= Socket.SOCK_MAX) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return switch (number) {
            case Socket.SOCK_STREAM -> STREAM;
            // unix_create of net/unix/af_unix.c: "believe it or not BSD has AF_UNIX, SOCK_RAW".
            case Socket.SOCK_DGRAM, Socket.SOCK_RAW -> DATAGRAM;
            case Socket.SOCK_SEQPACKET -> SEQUENCED_PACKET;
            default -> throw ErrnoException.of(Errno.ESOCKTNOSUPPORT);
        };
    }

    /**
     * The type of a number that was saved.
     *
     * @throws IllegalArgumentException if no type has it
     */
    static SocketType restore(int number) {
        for (SocketType type : values()) {
            if (type.number == number) {
                return type;
            }
        }
        throw new IllegalArgumentException("no type of socket has the number " + number);
    }

    /** {@code SOCK_*}. */
    public int number() {
        return number;
    }

    /** Whether it is used by way of connections. */
    boolean isConnected() {
        return this != DATAGRAM;
    }
}

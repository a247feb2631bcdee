package dev.plinth.cli.control;

/** A message has more bytes than one may have, and is not sent. */
public final class MessageTooLongException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MessageTooLongException(long bytes) {
        super("%d bytes of %d".formatted(bytes, Connection.MESSAGE_BYTES_MAX));
    }
}

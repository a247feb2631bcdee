package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

/**
 * What a client asks for.
 *
 * @param command its name
 * @param arguments of the command
 */
record Request(String command, Message arguments) {
    /** Of the protocol; a server answers its own version only. */
    static final int VERSION = 1;

    Request {
        requireNonNull(command, "command is null");
        requireNonNull(arguments, "arguments is null");
    }

    Message toMessage() {
        return Message.empty()
                .with("version", VERSION)
                .with("command", command)
                .with("arguments", arguments);
    }

    /**
     * Reads what {@link #toMessage} wrote, or an enemy did.
     *
     * @throws MessageException if it makes no sense
     */
    static Request of(Message message) {
        message.number("version", VERSION, VERSION);
        return new Request(message.string("command"), message.object("arguments"));
    }
}

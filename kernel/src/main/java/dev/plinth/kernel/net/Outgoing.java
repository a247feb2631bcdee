package dev.plinth.kernel.net;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.vfs.FileDescription;

import java.util.List;
import java.util.Optional;

/**
 * What is sent besides bytes.
 *
 * @param sender who sends it
 * @param credentials that the sender has it say instead, with SCM_CREDENTIALS
 * @param rights open files to be sent along (SCM_RIGHTS); borrowed
 * @param mayExceedLimits whether the limit on rights that are on their way does not bind the sender
 * @param rightsLimit how many rights may be on their way: RLIMIT_NOFILE
 */
public record Outgoing(
        SocketCredentials sender,
        Optional<SocketCredentials> credentials,
        List<FileDescription> rights,
        boolean mayExceedLimits,
        long rightsLimit) {
    public Outgoing {
        requireNonNull(sender, "sender is null");
        requireNonNull(credentials, "credentials is null");
        rights = List.copyOf(rights);
    }

    /** Bytes alone. */
    public static Outgoing bytesOf(SocketCredentials sender) {
        return new Outgoing(sender, Optional.empty(), List.of(), false, 0);
    }

    /** The same without what goes with the first byte only. */
    public Outgoing rest() {
        return new Outgoing(sender, credentials, List.of(), false, 0);
    }
}

package dev.plinth.kernel.net;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.vfs.FileDescription;

import java.util.List;
import java.util.Optional;

/**
 * What was received besides bytes.
 *
 * @param count how many bytes were stored
 * @param length how many bytes the message had; for a stream the same
 * @param from who sent it: no name if the sender has none
 * @param credentials of the sender, if they were sent or asked for
 * @param rights open files that were sent along; the caller closes them
 */
public record Received(
        long count,
        long length,
        SocketAddress from,
        Optional<SocketCredentials> credentials,
        List<FileDescription> rights) {
    /** Nothing more will come. */
    static final Received END =
            new Received(0, 0, SocketAddress.UNNAMED, Optional.empty(), List.of());

    public Received {
        requireNonNull(from, "from is null");
        requireNonNull(credentials, "credentials is null");
        rights = List.copyOf(rights);
    }

    /** Whether a part of the message was lost. */
    public boolean isTruncated() {
        return count < length;
    }
}

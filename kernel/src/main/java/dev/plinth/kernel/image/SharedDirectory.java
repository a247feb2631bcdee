package dev.plinth.kernel.image;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

/**
 * A directory of the host that a sandbox has, as its image says: whoever restores it repeats those
 * that it may write to.
 *
 * @param path where it is on the host, with no symbolic link in it
 * @param destination where the user of the sandbox had it mounted; {@code /} for what lies below
 *     the root
 * @param writable whether the sandbox may change it
 */
public record SharedDirectory(String path, String destination, boolean writable) {
    /** {@code PATH_MAX}. */
    static final int LENGTH_MAX = 4096;

    public SharedDirectory {
        requireNonNull(path, "path is null");
        requireNonNull(destination, "destination is null");
        if (path.length() > LENGTH_MAX || destination.length() > LENGTH_MAX) {
            throw new IllegalArgumentException("too long");
        }
    }

    /** What is said to somebody who restores an image without it. */
    public SandboxException notGiven() {
        return new SandboxException(
                ErrorCode.IMAGE_MOUNT_MISSING,
                "the sandbox writes to a directory of the host, which the restore does not allow",
                "if it may, add --mount " + mountOption());
    }

    /** The value of {@code --mount} that lets a sandbox have it; for people, on one line. */
    public String mountOption() {
        String value = "%s:%s:%s".formatted(path, destination, writable ? "rw" : "ro");
        return value.replaceAll("\\p{Cntrl}", "?");
    }
}

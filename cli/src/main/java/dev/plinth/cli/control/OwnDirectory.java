package dev.plinth.cli.control;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Whose a directory is. What stands in one that others can change they may have put there: names
 * of processes that are to be ended, sockets that descriptors are sent to.
 */
final class OwnDirectory {
    private static final int TYPE_MASK = 0170000;
    private static final int DIRECTORY = 0040000;
    private static final int LINK = 0120000;
    private static final int OTHERS_WRITE = 0022;

    private OwnDirectory() {}

    /**
     * What is wrong with a directory.
     *
     * @param text for the user
     * @param remedy empty if there is none but to take another directory
     */
    record Problem(String text, String remedy) {}

    /** The user that this process acts as. */
    static int currentUser() throws IOException {
        return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    }

    /** The user that a directory belongs to, no link followed. */
    static int owner(Path directory) throws IOException {
        return (Integer) Files.getAttribute(directory, "unix:uid", LinkOption.NOFOLLOW_LINKS);
    }

    /**
     * Whether only this user and root can change what is in a directory.
     *
     * @return why not; empty if it is so
     * @throws IOException if it cannot be looked at
     */
    static Optional<Problem> problemOf(Path directory) throws IOException {
        Map<String, Object> attributes =
                Files.readAttributes(directory, "unix:uid,mode", LinkOption.NOFOLLOW_LINKS);
        int mode = (Integer) attributes.get("mode");
        int owner = (Integer) attributes.get("uid");
        if ((mode & TYPE_MASK) == LINK) {
            return Optional.of(
                    new Problem("it is a symbolic link", "name the directory that it leads to"));
        }
        if ((mode & TYPE_MASK) != DIRECTORY) {
            return Optional.of(new Problem("it is no directory", ""));
        }
        if (owner != 0 && owner != currentUser()) {
            return Optional.of(
                    new Problem(
                            "it belongs to the user " + Integer.toUnsignedString(owner), ""));
        }
        if ((mode & OTHERS_WRITE) != 0) {
            return Optional.of(
                    new Problem(
                            "others than its owner may write to it",
                            "'chmod go-w " + directory + "' if nobody has"));
        }
        return Optional.empty();
    }
}

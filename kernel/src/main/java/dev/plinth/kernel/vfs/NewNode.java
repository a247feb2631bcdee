package dev.plinth.kernel.vfs;

import java.util.OptionalLong;

/**
 * The owner and permissions of a file that is about to be made.
 *
 * <p>The umask is already taken into account, and so is what a set-group-ID directory bequeaths.
 *
 * @param permissions as chmod(2) sets them
 * @param uid of the owner
 * @param gid of the group
 * @param number that the inode is to have, or empty for a new one
 */
public record NewNode(int permissions, int uid, int gid, OptionalLong number) {
    /** A file with a number of its own. */
    public NewNode(int permissions, int uid, int gid) {
        this(permissions, uid, gid, OptionalLong.empty());
    }
}

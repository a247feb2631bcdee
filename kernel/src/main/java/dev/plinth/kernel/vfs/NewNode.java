package dev.plinth.kernel.vfs;

/**
 * The owner and permissions of a file that is about to be made.
 *
 * <p>The umask is already taken into account, and so is what a set-group-ID directory bequeaths.
 *
 * @param permissions as chmod(2) sets them
 * @param uid of the owner
 * @param gid of the group
 */
public record NewNode(int permissions, int uid, int gid) {}

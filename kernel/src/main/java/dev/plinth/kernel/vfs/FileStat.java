package dev.plinth.kernel.vfs;

import java.time.Instant;

/**
 * The attributes of a file, as stat(2) and statx(2) show them.
 *
 * @param device the number of its file system
 * @param inode its number there
 * @param type what kind of file it is
 * @param permissions the bits that chmod(2) sets
 * @param links how many names it has
 * @param uid of its owner
 * @param gid of its group
 * @param deviceId what device it stands for; {@link DeviceNumber#NONE} if it is none
 * @param size in bytes
 * @param blockSize for efficient input and output
 * @param blocks of 512 bytes that it takes
 * @param accessed when it was last read
 * @param modified when its content was last changed
 * @param changed when its attributes were last changed
 * @param born when it was made; {@link Instant#EPOCH} if the file system does not know
 */
public record FileStat(
        DeviceNumber device,
        long inode,
        FileType type,
        int permissions,
        int links,
        int uid,
        int gid,
        DeviceNumber deviceId,
        long size,
        int blockSize,
        long blocks,
        Instant accessed,
        Instant modified,
        Instant changed,
        Instant born) {
    /** The same attributes of a file that another file system shows under numbers of its own. */
    public FileStat shownAs(DeviceNumber otherDevice, long otherInode, int otherLinks) {
        return new FileStat(
                otherDevice,
                otherInode,
                type,
                permissions,
                otherLinks,
                uid,
                gid,
                deviceId,
                size,
                blockSize,
                blocks,
                accessed,
                modified,
                changed,
                born);
    }

    /** {@code st_mode}: type and permissions. */
    public int mode() {
        return type.modeBits() | permissions;
    }
}

package dev.plinth.kernel.vfs;

/**
 * The state of a file system, as statfs(2) shows it.
 *
 * @param magic what kind it is: one of {@code linux/magic.h}
 * @param blockSize in bytes
 * @param blocks in all
 * @param freeBlocks that root can use
 * @param availableBlocks that others can use
 * @param files inodes in all
 * @param freeFiles inodes that are free
 * @param nameLength the greatest length of a name
 */
public record FileSystemStat(
        long magic,
        long blockSize,
        long blocks,
        long freeBlocks,
        long availableBlocks,
        long files,
        long freeFiles,
        long nameLength) {
    /** What a file system shows that keeps nothing on a device, such as procfs. */
    public static FileSystemStat virtual(long magic) {
        return new FileSystemStat(magic, 4096, 0, 0, 0, 0, 0, 255);
    }
}

package dev.plinth.kernel.vfs;

import dev.plinth.kernel.state.StateReader;

/**
 * A file system whose inodes show something else that is saved, such as processes: they are not
 * saved themselves, but made again by their names.
 */
public interface NamedInodes {
    /**
     * Makes an inode again, or finds it. What it shows need not be there yet.
     *
     * @param parent of this file system, made again before
     * @param name in that directory
     * @param gone whether what it showed was gone
     * @throws dev.plinth.kernel.image.ImageCorruptException if the directory has no such names
     */
    Inode restoreInode(Inode parent, PathName name, boolean gone);

    /**
     * Gives an inode that was made again the number that it had.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if no inode was ever given it
     */
    static void restoreNumber(Inode inode, long number, StateReader reader) {
        inode.restoreNumber(InodeNumbers.of(reader).requireGiven(number));
    }
}

package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

/**
 * One line of a directory, as getdents64(2) shows it.
 *
 * @param name in the directory
 * @param inode the file's number
 * @param type what kind of file it is
 */
public record DirectoryEntry(PathName name, long inode, FileType type) {
    public DirectoryEntry {
        requireNonNull(name, "name is null");
        requireNonNull(type, "type is null");
    }
}

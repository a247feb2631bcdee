package dev.plinth.kernel.vfs;

import dev.plinth.kernel.vfs.linux.Stat;

import java.util.Optional;

/** What kind of file an inode is; see inode(7). */
public enum FileType {
    REGULAR(Stat.S_IFREG),
    DIRECTORY(Stat.S_IFDIR),
    SYMLINK(Stat.S_IFLNK),
    CHARACTER_DEVICE(Stat.S_IFCHR),
    BLOCK_DEVICE(Stat.S_IFBLK),
    FIFO(Stat.S_IFIFO),
    SOCKET(Stat.S_IFSOCK),

    /** No file at all: what is behind an eventfd(2) and its like. */
    ANONYMOUS(0);

    private final int modeBits;

    FileType(int modeBits) {
        this.modeBits = modeBits;
    }

    /** The type in {@code st_mode}: {@code S_IF*}. */
    public int modeBits() {
        return modeBits;
    }

    /** The type as getdents64(2) reports it: {@code DT_*}. */
    public int directoryEntryType() {
        return modeBits >> 12;
    }

    /** Whether it is a character or block device. */
    public boolean isDevice() {
        return this == CHARACTER_DEVICE || this == BLOCK_DEVICE;
    }

    /** The type in a mode, or empty if Linux has none with these bits. */
    public static Optional<FileType> ofMode(int mode) {
        for (FileType type : values()) {
            if (type != ANONYMOUS && type.modeBits == (mode & Stat.S_IFMT)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}

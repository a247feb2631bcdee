package dev.plinth.kernel.vfs.linux;

/** {@code linux/stat.h}: file types, permission bits and the layout of what stat(2) returns. */
public final class Stat {
    public static final int S_IFMT = 0xF000;
    public static final int S_IFSOCK = 0xC000;
    public static final int S_IFLNK = 0xA000;
    public static final int S_IFREG = 0x8000;
    public static final int S_IFBLK = 0x6000;
    public static final int S_IFDIR = 0x4000;
    public static final int S_IFCHR = 0x2000;
    public static final int S_IFIFO = 0x1000;

    public static final int S_ISUID = 0x800;
    public static final int S_ISGID = 0x400;
    public static final int S_ISVTX = 0x200;

    public static final int S_IXGRP = 0x8;

    /** {@code S_IRWXUGO}. */
    public static final int ACCESS_BITS = 0x1FF;

    /** {@code S_IALLUGO}: every bit that chmod(2) sets. */
    public static final int PERMISSION_BITS = 0xFFF;

    /** {@code struct stat}: what newfstatat(2) fills in. */
    public static final int STAT_BYTES = 144;

    /** {@code struct statx}. */
    public static final int STATX_BYTES = 256;

    public static final int STATX_TYPE = 0x1;
    public static final int STATX_BASIC_STATS = 0x7FF;
    public static final int STATX_BTIME = 0x800;
    public static final int STATX_MNT_ID = 0x1000;

    /** In {@code stx_attributes}. */
    public static final long STATX_ATTR_MOUNT_ROOT = 0x2000;

    public static final int STATX__RESERVED = 0x8000_0000;

    /** Offsets in {@code struct statx}. */
    public static final int STATX_STX_MASK = 0;

    public static final int STATX_STX_BLKSIZE = 4;
    public static final int STATX_STX_ATTRIBUTES = 8;
    public static final int STATX_STX_NLINK = 16;
    public static final int STATX_STX_UID = 20;
    public static final int STATX_STX_GID = 24;
    public static final int STATX_STX_MODE = 28;
    public static final int STATX_STX_INO = 32;
    public static final int STATX_STX_SIZE = 40;
    public static final int STATX_STX_BLOCKS = 48;
    public static final int STATX_STX_ATTRIBUTES_MASK = 56;
    public static final int STATX_STX_ATIME = 64;
    public static final int STATX_STX_BTIME = 80;
    public static final int STATX_STX_CTIME = 96;
    public static final int STATX_STX_MTIME = 112;
    public static final int STATX_STX_RDEV_MAJOR = 128;
    public static final int STATX_STX_RDEV_MINOR = 132;
    public static final int STATX_STX_DEV_MAJOR = 136;
    public static final int STATX_STX_DEV_MINOR = 140;
    public static final int STATX_STX_MNT_ID = 144;

    private Stat() {}
}

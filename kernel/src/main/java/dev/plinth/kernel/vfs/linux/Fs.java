package dev.plinth.kernel.vfs.linux;

/** {@code linux/fs.h}, {@code linux/limits.h}, {@code linux/falloc.h}, {@code linux/magic.h}. */
public final class Fs {
    public static final int SEEK_SET = 0;
    public static final int SEEK_CUR = 1;
    public static final int SEEK_END = 2;
    public static final int SEEK_DATA = 3;
    public static final int SEEK_HOLE = 4;

    public static final int RENAME_NOREPLACE = 1;
    public static final int RENAME_EXCHANGE = 2;
    public static final int RENAME_WHITEOUT = 4;

    /** Of a name, without a terminator. */
    public static final int NAME_MAX = 255;

    /** Of a path, with its terminator. */
    public static final int PATH_MAX = 4096;

    /** {@code MAXSYMLINKS} (linux/namei.h): the links that one walk may follow. */
    public static final int MAXSYMLINKS = 40;

    /** {@code MAX_RW_COUNT}: the bytes that one read(2) or write(2) moves at most. */
    public static final int MAX_RW_COUNT = 0x7FFF_F000;

    public static final int FALLOC_FL_KEEP_SIZE = 0x1;
    public static final int FALLOC_FL_PUNCH_HOLE = 0x2;
    public static final int FALLOC_FL_ZERO_RANGE = 0x10;

    public static final int TMPFS_MAGIC = 0x0102_1994;
    public static final int OVERLAYFS_SUPER_MAGIC = 0x794C_7630;
    public static final int PROC_SUPER_MAGIC = 0x9FA0;
    public static final int SYSFS_MAGIC = 0x6265_6572;
    public static final int ANON_INODE_FS_MAGIC = 0x0904_1934;
    public static final int PIPEFS_MAGIC = 0x5049_5045;
    public static final int SOCKFS_MAGIC = 0x534F_434B;

    public static final int ST_RDONLY = 0x1;
    public static final int ST_NOSUID = 0x2;
    public static final int ST_NODEV = 0x4;
    public static final int ST_NOEXEC = 0x8;
    public static final int ST_VALID = 0x20;
    public static final int ST_NOATIME = 0x400;
    public static final int ST_RELATIME = 0x1000;

    private Fs() {}
}

package dev.plinth.kernel.fs.hostfs.linux;

/** {@code struct statfs} of fstatfs(2). */
public final class Statfs {
    public static final int STATFS_BYTES = 120;
    public static final int F_TYPE = 0;
    public static final int F_BSIZE = 8;
    public static final int F_BLOCKS = 16;
    public static final int F_BFREE = 24;
    public static final int F_BAVAIL = 32;
    public static final int F_FILES = 40;
    public static final int F_FFREE = 48;
    public static final int F_NAMELEN = 64;

    private Statfs() {}
}

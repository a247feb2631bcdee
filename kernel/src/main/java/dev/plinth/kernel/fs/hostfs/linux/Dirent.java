package dev.plinth.kernel.fs.hostfs.linux;

/** {@code struct linux_dirent64} of getdents64(2). */
public final class Dirent {
    public static final int D_INO = 0;
    public static final int D_RECLEN = 16;
    public static final int D_TYPE = 18;
    public static final int D_NAME = 19;

    /** The file system does not say what kind of file it is. */
    public static final int DT_UNKNOWN = 0;

    private Dirent() {}
}

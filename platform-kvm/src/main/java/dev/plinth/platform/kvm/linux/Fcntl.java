package dev.plinth.platform.kvm.linux;

/** Mirrors {@code linux/fcntl.h}, {@code linux/falloc.h} and {@code linux/memfd.h}. */
public final class Fcntl {
    public static final int AT_FDCWD = -100;
    public static final int O_RDONLY = 0;
    public static final int O_RDWR = 2;
    public static final int O_CLOEXEC = 0x80000;

    public static final int FALLOC_FL_KEEP_SIZE = 1;
    public static final int FALLOC_FL_PUNCH_HOLE = 2;

    public static final int MFD_CLOEXEC = 1;

    private Fcntl() {}
}

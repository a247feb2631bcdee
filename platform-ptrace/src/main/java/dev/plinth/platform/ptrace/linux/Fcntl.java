package dev.plinth.platform.ptrace.linux;

/** Mirrors {@code linux/fcntl.h}. */
public final class Fcntl {
    public static final int AT_FDCWD = -100;
    public static final int O_RDONLY = 0;
    public static final int O_CLOEXEC = 0x80000;
    public static final int F_ADD_SEALS = 1033;

    /** {@code F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE}. */
    public static final int F_SEAL_ALL = 0xf;

    private Fcntl() {}
}

package dev.plinth.platform.kvm.linux;

/** Mirrors {@code asm/unistd_64.h}: the system calls that the platform makes. */
public final class SystemCalls {
    public static final int READ = 0;
    public static final int IOCTL = 16;
    public static final int MADVISE = 28;
    public static final int GETPID = 39;
    public static final int FTRUNCATE = 77;
    public static final int GETTID = 186;
    public static final int TGKILL = 234;
    public static final int OPENAT = 257;
    public static final int NEWFSTATAT = 262;
    public static final int FALLOCATE = 285;
    public static final int MEMFD_CREATE = 319;

    private SystemCalls() {}
}

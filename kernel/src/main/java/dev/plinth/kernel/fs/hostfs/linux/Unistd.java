package dev.plinth.kernel.fs.hostfs.linux;

/** {@code asm/unistd_64.h}: the host calls that files are reached by. */
public final class Unistd {
    public static final long SYS_READ = 0;
    public static final long SYS_WRITE = 1;
    public static final long SYS_FSTAT = 5;
    public static final long SYS_POLL = 7;
    public static final long SYS_LSEEK = 8;
    public static final long SYS_IOCTL = 16;
    public static final long SYS_PREAD64 = 17;
    public static final long SYS_PWRITE64 = 18;
    public static final long SYS_FCNTL = 72;
    public static final long SYS_FSYNC = 74;
    public static final long SYS_FDATASYNC = 75;
    public static final long SYS_FTRUNCATE = 77;
    public static final long SYS_FSTATFS = 138;
    public static final long SYS_GETDENTS64 = 217;
    public static final long SYS_OPENAT = 257;
    public static final long SYS_MKDIRAT = 258;
    public static final long SYS_MKNODAT = 259;
    public static final long SYS_FCHOWNAT = 260;
    public static final long SYS_UNLINKAT = 263;
    public static final long SYS_LINKAT = 265;
    public static final long SYS_SYMLINKAT = 266;
    public static final long SYS_READLINKAT = 267;
    public static final long SYS_FCHMODAT = 268;
    public static final long SYS_UTIMENSAT = 280;
    public static final long SYS_FALLOCATE = 285;
    public static final long SYS_SYNCFS = 306;
    public static final long SYS_RENAMEAT2 = 316;
    public static final long SYS_MEMFD_CREATE = 319;
    public static final long SYS_PREADV2 = 327;
    public static final long SYS_PWRITEV2 = 328;
    public static final long SYS_STATX = 332;
    public static final long SYS_OPENAT2 = 437;

    /** {@code linux/fs.h}: flags of preadv2(2) and pwritev2(2). */
    public static final int RWF_NOWAIT = 0x8;

    public static final int RWF_APPEND = 0x10;

    /** {@code linux/stat.h}: what a time of utimensat(2) says that is to be left. */
    public static final long UTIME_OMIT = 0x3FFF_FFFE;

    public static final long SYS_SETXATTR = 188;
    public static final long SYS_GETXATTR = 191;
    public static final long SYS_LISTXATTR = 194;
    public static final long SYS_REMOVEXATTR = 197;

    /** {@code linux/memfd.h}. */
    public static final int MFD_CLOEXEC = 0x1;

    private Unistd() {}
}

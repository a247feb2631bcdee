package dev.plinth.kernel.vfs.linux;

/** {@code asm-generic/fcntl.h} and {@code linux/fcntl.h}: flags of open(2), fcntl(2), *at(2). */
public final class Fcntl {
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_ACCMODE = 3;
    public static final int O_CREAT = 0x40;
    public static final int O_EXCL = 0x80;
    public static final int O_NOCTTY = 0x100;
    public static final int O_TRUNC = 0x200;
    public static final int O_APPEND = 0x400;
    public static final int O_NONBLOCK = 0x800;
    public static final int O_DSYNC = 0x1000;
    public static final int FASYNC = 0x2000;
    public static final int O_DIRECT = 0x4000;
    public static final int O_LARGEFILE = 0x8000;
    public static final int O_DIRECTORY = 0x1_0000;
    public static final int O_NOFOLLOW = 0x2_0000;
    public static final int O_NOATIME = 0x4_0000;
    public static final int O_CLOEXEC = 0x8_0000;
    public static final int O_SYNC = 0x10_1000;
    public static final int O_PATH = 0x20_0000;

    /** {@code O_TMPFILE} without the {@link #O_DIRECTORY} that the C library's value has too. */
    public static final int __O_TMPFILE = 0x40_0000;

    public static final int O_TMPFILE = __O_TMPFILE | O_DIRECTORY;

    /** Every flag that open(2) knows; openat2(2) refuses the others. */
    public static final int VALID_OPEN_FLAGS =
            O_ACCMODE
                    | O_CREAT
                    | O_EXCL
                    | O_NOCTTY
                    | O_TRUNC
                    | O_APPEND
                    | O_NONBLOCK
                    | O_SYNC
                    | FASYNC
                    | O_DIRECT
                    | O_LARGEFILE
                    | O_DIRECTORY
                    | O_NOFOLLOW
                    | O_NOATIME
                    | O_CLOEXEC
                    | O_PATH
                    | __O_TMPFILE;

    public static final int F_DUPFD = 0;
    public static final int F_GETFD = 1;
    public static final int F_SETFD = 2;
    public static final int F_GETFL = 3;
    public static final int F_SETFL = 4;
    public static final int F_GETLK = 5;
    public static final int F_SETLK = 6;
    public static final int F_SETLKW = 7;
    public static final int F_SETOWN = 8;
    public static final int F_GETOWN = 9;
    public static final int F_SETSIG = 10;
    public static final int F_GETSIG = 11;
    public static final int F_SETOWN_EX = 15;
    public static final int F_GETOWN_EX = 16;
    public static final int F_OFD_GETLK = 36;
    public static final int F_OFD_SETLK = 37;
    public static final int F_OFD_SETLKW = 38;
    public static final int F_SETLEASE = 1024;
    public static final int F_GETLEASE = 1025;
    public static final int F_NOTIFY = 1026;
    public static final int F_DUPFD_QUERY = 1027;
    public static final int F_DUPFD_CLOEXEC = 1030;
    public static final int F_SETPIPE_SZ = 1031;
    public static final int F_GETPIPE_SZ = 1032;
    public static final int F_ADD_SEALS = 1033;
    public static final int F_GET_SEALS = 1034;

    public static final int F_SEAL_SEAL = 0x1;
    public static final int F_SEAL_SHRINK = 0x2;
    public static final int F_SEAL_GROW = 0x4;
    public static final int F_SEAL_WRITE = 0x8;
    public static final int F_SEAL_FUTURE_WRITE = 0x10;
    public static final int F_SEAL_EXEC = 0x20;

    /** {@code F_ALL_SEALS} of mm/memfd.c. */
    public static final int F_ALL_SEALS =
            F_SEAL_SEAL
                    | F_SEAL_SHRINK
                    | F_SEAL_GROW
                    | F_SEAL_WRITE
                    | F_SEAL_FUTURE_WRITE
                    | F_SEAL_EXEC;

    public static final int F_RDLCK = 0;
    public static final int F_WRLCK = 1;
    public static final int F_UNLCK = 2;

    public static final int FD_CLOEXEC = 1;

    public static final int AT_FDCWD = -100;
    public static final int AT_SYMLINK_NOFOLLOW = 0x100;
    public static final int AT_EACCESS = 0x200;
    public static final int AT_REMOVEDIR = 0x200;
    public static final int AT_SYMLINK_FOLLOW = 0x400;
    public static final int AT_NO_AUTOMOUNT = 0x800;
    public static final int AT_EMPTY_PATH = 0x1000;
    public static final int AT_STATX_SYNC_TYPE = 0x6000;

    private Fcntl() {}
}

package dev.plinth.platform.ptrace.linux;

/** Mirrors {@code asm/unistd_64.h}: the system calls that the platform makes, or has stubs make. */
public final class SystemCalls {
    public static final int READ = 0;
    public static final int CLOSE = 3;
    public static final int MMAP = 9;
    public static final int MPROTECT = 10;
    public static final int MUNMAP = 11;
    public static final int RT_SIGACTION = 13;
    public static final int PWRITE64 = 18;
    public static final int PAUSE = 34;
    public static final int GETPID = 39;
    public static final int CLONE = 56;
    public static final int EXIT = 60;
    public static final int WAIT4 = 61;
    public static final int FCNTL = 72;
    public static final int FTRUNCATE = 77;
    public static final int GETTIMEOFDAY = 96;
    public static final int PTRACE = 101;
    public static final int GETPPID = 110;
    public static final int CAPGET = 125;
    public static final int PRCTL = 157;
    public static final int GETTID = 186;
    public static final int TIME = 201;
    public static final int SCHED_SETAFFINITY = 203;
    public static final int SCHED_GETAFFINITY = 204;
    public static final int EXIT_GROUP = 231;
    public static final int TGKILL = 234;
    public static final int OPENAT = 257;
    public static final int PRLIMIT64 = 302;
    public static final int GETCPU = 309;
    public static final int SECCOMP = 317;
    public static final int MEMFD_CREATE = 319;
    public static final int PIDFD_SEND_SIGNAL = 424;
    public static final int PIDFD_OPEN = 434;

    private SystemCalls() {}
}

package dev.plinth.platform.ptrace.linux;

/** Mirrors {@code linux/sched.h}, {@code linux/prctl.h} and {@code linux/resource.h}. */
public final class Sched {
    public static final int CLONE_VM = 0x100;
    public static final int CLONE_FS = 0x200;
    public static final int CLONE_FILES = 0x400;
    public static final int CLONE_SIGHAND = 0x800;

    /** The child is traced by the parent's tracer, and stops before its first instruction. */
    public static final int CLONE_PTRACE = 0x2000;

    public static final int CLONE_THREAD = 0x10000;
    public static final int CLONE_SYSVSEM = 0x40000;

    public static final int PR_SET_PDEATHSIG = 1;
    public static final int PR_SET_NAME = 15;
    public static final int PR_SET_NO_NEW_PRIVS = 38;

    public static final int RLIMIT_CORE = 4;

    private Sched() {}
}

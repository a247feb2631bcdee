package dev.plinth.kernel.task.linux;

/** Options and results of wait4(2) and waitid(2): linux/wait.h and asm-generic/siginfo.h. */
public final class Wait {
    public static final int WNOHANG = 1;
    public static final int WUNTRACED = 2;
    public static final int WSTOPPED = WUNTRACED;
    public static final int WEXITED = 4;
    public static final int WCONTINUED = 8;
    public static final int WNOWAIT = 0x0100_0000;
    public static final int WNOTHREAD = 0x2000_0000;
    public static final int WALL = 0x4000_0000;
    public static final int WCLONE = 0x8000_0000;

    public static final int P_ALL = 0;
    public static final int P_PID = 1;
    public static final int P_PGID = 2;
    public static final int P_PIDFD = 3;

    public static final int CLD_EXITED = 1;
    public static final int CLD_KILLED = 2;
    public static final int CLD_DUMPED = 3;
    public static final int CLD_TRAPPED = 4;
    public static final int CLD_STOPPED = 5;
    public static final int CLD_CONTINUED = 6;

    /** What wait4(2) tells of a child that was continued. */
    public static final int STATUS_CONTINUED = 0xffff;

    private Wait() {}
}

package dev.plinth.platform.ptrace.linux;

/**
 * Reads the status that wait4(2) stores; mirrors {@code bits/waitstatus.h} and, for ptrace's stops,
 * {@code ptrace_stop} of {@code kernel/signal.c}.
 */
public final class WaitStatus {
    /** A system call stop of a tracee with {@link Ptrace#PTRACE_O_TRACESYSGOOD}. */
    public static final int SYSTEM_CALL = (0x80 | 5) << 8 | 0x7f;

    /** {@code __WALL} of wait4: threads and clones with any exit signal too. */
    public static final int WALL = 0x40000000;

    /** {@code WNOHANG} of wait4. */
    public static final int WNOHANG = 1;

    private static final int STOPPED = 0x7f;
    private static final int TERMINATION_SIGNAL = 0x7f;

    private WaitStatus() {}

    /** Whether the thread stopped, and so exists. */
    public static boolean isStop(int status) {
        return (status & 0xff) == STOPPED;
    }

    /** The signal about to be delivered, or zero if the stop is of another kind. */
    public static int signal(int status) {
        return isStop(status) && status >>> 16 == 0 ? status >>> 8 : 0;
    }

    /** The signal that ended a thread, or zero if it exited. */
    public static int terminationSignal(int status) {
        return status & TERMINATION_SIGNAL;
    }

    /** The status with which a thread exited. */
    public static int exitStatus(int status) {
        return status >>> 8 & 0xff;
    }
}

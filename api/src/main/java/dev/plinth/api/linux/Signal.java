package dev.plinth.api.linux;

/**
 * The 64 signals of Linux on x86-64.
 *
 * <p>Mirrors {@code asm/signal.h}; the texts are those of strsignal(3). Real-time signals count
 * from the kernel's SIGRTMIN, 32; the C libraries keep the first two or three for themselves and
 * start their own SIGRTMIN above.
 */
public enum Signal {
    SIGHUP(1, "Hangup"),
    SIGINT(2, "Interrupt"),
    SIGQUIT(3, "Quit"),
    SIGILL(4, "Illegal instruction"),
    SIGTRAP(5, "Trace/breakpoint trap"),
    SIGABRT(6, "Aborted"),
    SIGBUS(7, "Bus error"),
    SIGFPE(8, "Floating point exception"),
    SIGKILL(9, "Killed"),
    SIGUSR1(10, "User defined signal 1"),
    SIGSEGV(11, "Segmentation fault"),
    SIGUSR2(12, "User defined signal 2"),
    SIGPIPE(13, "Broken pipe"),
    SIGALRM(14, "Alarm clock"),
    SIGTERM(15, "Terminated"),
    SIGSTKFLT(16, "Stack fault"),
    SIGCHLD(17, "Child exited"),
    SIGCONT(18, "Continued"),
    SIGSTOP(19, "Stopped (signal)"),
    SIGTSTP(20, "Stopped"),
    SIGTTIN(21, "Stopped (tty input)"),
    SIGTTOU(22, "Stopped (tty output)"),
    SIGURG(23, "Urgent I/O condition"),
    SIGXCPU(24, "CPU time limit exceeded"),
    SIGXFSZ(25, "File size limit exceeded"),
    SIGVTALRM(26, "Virtual timer expired"),
    SIGPROF(27, "Profiling timer expired"),
    SIGWINCH(28, "Window changed"),
    SIGIO(29, "I/O possible"),
    SIGPWR(30, "Power failure"),
    SIGSYS(31, "Bad system call"),
    SIGRTMIN(32, "Real-time signal 0"),
    SIGRTMIN_1(33, "Real-time signal 1"),
    SIGRTMIN_2(34, "Real-time signal 2"),
    SIGRTMIN_3(35, "Real-time signal 3"),
    SIGRTMIN_4(36, "Real-time signal 4"),
    SIGRTMIN_5(37, "Real-time signal 5"),
    SIGRTMIN_6(38, "Real-time signal 6"),
    SIGRTMIN_7(39, "Real-time signal 7"),
    SIGRTMIN_8(40, "Real-time signal 8"),
    SIGRTMIN_9(41, "Real-time signal 9"),
    SIGRTMIN_10(42, "Real-time signal 10"),
    SIGRTMIN_11(43, "Real-time signal 11"),
    SIGRTMIN_12(44, "Real-time signal 12"),
    SIGRTMIN_13(45, "Real-time signal 13"),
    SIGRTMIN_14(46, "Real-time signal 14"),
    SIGRTMIN_15(47, "Real-time signal 15"),
    SIGRTMIN_16(48, "Real-time signal 16"),
    SIGRTMIN_17(49, "Real-time signal 17"),
    SIGRTMIN_18(50, "Real-time signal 18"),
    SIGRTMIN_19(51, "Real-time signal 19"),
    SIGRTMIN_20(52, "Real-time signal 20"),
    SIGRTMIN_21(53, "Real-time signal 21"),
    SIGRTMIN_22(54, "Real-time signal 22"),
    SIGRTMIN_23(55, "Real-time signal 23"),
    SIGRTMIN_24(56, "Real-time signal 24"),
    SIGRTMIN_25(57, "Real-time signal 25"),
    SIGRTMIN_26(58, "Real-time signal 26"),
    SIGRTMIN_27(59, "Real-time signal 27"),
    SIGRTMIN_28(60, "Real-time signal 28"),
    SIGRTMIN_29(61, "Real-time signal 29"),
    SIGRTMIN_30(62, "Real-time signal 30"),
    SIGRTMIN_31(63, "Real-time signal 31"),
    SIGRTMIN_32(64, "Real-time signal 32");

    /** How many signals there are; their numbers are 1 to this, inclusive. */
    public static final int COUNT = 64;

    private static final Signal[] BY_NUMBER = values();

    private final int number;
    private final String text;

    Signal(int number, String text) {
        this.number = number;
        this.text = text;
    }

    /** The number, 1 to {@value #COUNT}. */
    public int number() {
        return number;
    }

    /** The text that a shell prints for a program that died of this signal. */
    public String text() {
        return text;
    }

    /** Whether instances of this signal queue, instead of merging while one is pending. */
    public boolean isRealTime() {
        return number >= SIGRTMIN.number;
    }

    /** Whether the number is that of a signal. */
    public static boolean isValid(int number) {
        return number >= 1 && number <= COUNT;
    }

    /**
     * The signal with the given number.
     *
     * @throws IllegalArgumentException if the number is outside 1 to {@value #COUNT}
     */
    public static Signal of(int number) {
        if (!isValid(number)) {
            throw new IllegalArgumentException("not a signal number: " + number);
        }
        return BY_NUMBER[number - 1];
    }
}

package dev.plinth.api.linux;

/**
 * Values of {@code si_code} that a processor exception gives to its signal.
 *
 * <p>Mirrors {@code asm-generic/siginfo.h}. They are plain numbers, not an enum, because the same
 * number means another thing for another signal.
 */
public final class SignalCode {
    /** Raised by the kernel for a reason of its own, such as a general protection fault. */
    public static final int SI_KERNEL = 0x80;

    /** SIGSEGV: nothing is mapped at the address. */
    public static final int SEGV_MAPERR = 1;

    /** SIGSEGV: the mapping does not allow this access. */
    public static final int SEGV_ACCERR = 2;

    /** SIGBUS: misaligned access. */
    public static final int BUS_ADRALN = 1;

    /** SIGBUS: nothing behind the mapping, such as beyond the end of a file. */
    public static final int BUS_ADRERR = 2;

    /** SIGILL: illegal operand; what Linux gives for every undefined opcode on x86-64. */
    public static final int ILL_ILLOPN = 2;

    /** SIGFPE: integer division by zero or overflow of a quotient. */
    public static final int FPE_INTDIV = 1;

    /** SIGFPE: floating-point division by zero. */
    public static final int FPE_FLTDIV = 3;

    /** SIGFPE: floating-point overflow. */
    public static final int FPE_FLTOVF = 4;

    /** SIGFPE: floating-point underflow. */
    public static final int FPE_FLTUND = 5;

    /** SIGFPE: inexact floating-point result. */
    public static final int FPE_FLTRES = 6;

    /** SIGFPE: invalid floating-point operation. */
    public static final int FPE_FLTINV = 7;

    /** SIGTRAP: a breakpoint that the kernel set or knows; x86-64 gives SI_KERNEL for int3. */
    public static final int TRAP_BRKPT = 1;

    /** SIGTRAP: single step (the trap flag). */
    public static final int TRAP_TRACE = 2;

    private SignalCode() {}
}

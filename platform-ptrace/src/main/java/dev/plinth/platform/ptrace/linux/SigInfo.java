package dev.plinth.platform.ptrace.linux;

/** Offsets in {@code siginfo_t} of {@code asm-generic/siginfo.h}. */
public final class SigInfo {
    public static final int BYTES = 128;
    public static final int SI_CODE = 8;

    /** {@code si_addr}: of SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGTRAP. */
    public static final int SI_ADDR = 16;

    /** {@code si_call_addr}: of SIGSYS. */
    public static final int SI_CALL_ADDR = 16;

    private SigInfo() {}
}

package dev.plinth.platform.ptrace.linux;

/**
 * Offsets in {@code struct user_regs_struct} of {@code asm/user_64.h}, for the registers in which a
 * stub's own code takes its arguments; and the values that user code has in segment registers.
 */
public final class UserRegs {
    public static final int BYTES = 27 * Long.BYTES;
    public static final int R12 = 24;
    public static final int RBP = 32;
    public static final int RBX = 40;
    public static final int R10 = 56;
    public static final int R9 = 64;
    public static final int R8 = 72;
    public static final int RAX = 80;
    public static final int RDX = 96;
    public static final int RSI = 104;
    public static final int RDI = 112;
    public static final int ORIG_RAX = 120;
    public static final int RIP = 128;
    public static final int CS = 136;
    public static final int EFLAGS = 144;
    public static final int RSP = 152;
    public static final int SS = 160;
    public static final int FS_BASE = 168;
    public static final int GS_BASE = 176;

    /** {@code __USER_CS} of {@code asm/segment.h}. */
    public static final long USER_CS = 0x33;

    /** {@code __USER_DS} of {@code asm/segment.h}. */
    public static final long USER_DS = 0x2b;

    /** Interrupts enabled, and the bit that is always set. */
    public static final long INITIAL_EFLAGS = 0x202;

    /** In {@code orig_rax}: the thread is not in a system call, so there is nothing to restart. */
    public static final long NO_SYSTEM_CALL = -1;

    private UserRegs() {}
}

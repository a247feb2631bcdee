package dev.plinth.platform.kvm.x86;

/** Bits of the flags register. */
public final class Flags {
    /** Always set. */
    public static final long FIXED = 1 << 1;

    public static final long TRAP = 1 << 8;

    /** Interrupts: set whenever a user program executes, and out of its reach. */
    public static final long INTERRUPT = 1 << 9;

    /** Set in what a fault pushes, so that an instruction breakpoint is passed once. */
    public static final long RESUME = 1 << 16;

    /** What a user program can change: arithmetic flags, TF, DF, NT, AC, ID. */
    public static final long USER = 0x254dd5;

    /** What {@code syscall} clears on the way in, as Linux has it: all but the arithmetic ones. */
    public static final long CLEARED_BY_SYSCALL = 0x57700;

    private Flags() {}
}

package dev.plinth.kernel.signal;

/** Bits of the x86-64 flags register. */
public final class UserFlags {
    /** The trap flag: a single step. */
    public static final long TF = 1L << 8;

    /** The direction flag of string instructions. */
    public static final long DF = 1L << 10;

    /** The resume flag. */
    public static final long RF = 1L << 16;

    /** What every function may count on being clear. */
    public static final long CLEARED_FOR_HANDLER = TF | DF | RF;

    /** What sigreturn takes from the frame: FIX_EFLAGS of asm/sighandling.h. */
    private static final long RESTORED = 0x50dd5L;

    /** What every program has, the interrupt flag among it, and ID, which it sets with popf. */
    private static final long KEPT = RESTORED | 1L << 1 | 1L << 9 | 1L << 21;

    private UserFlags() {}

    /** Of flags that somebody hostile may have written, those that a program can have. */
    public static long ofUser(long flags) {
        return flags & KEPT;
    }

    /** The flags with those of another value that a program may set by itself. */
    public static long sanitize(long flags, long wanted) {
        return (flags & ~RESTORED) | (wanted & RESTORED);
    }
}

package dev.plinth.kernel.signal;

import dev.plinth.kernel.state.proto.AlternateStackState;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A thread's stack for signal handlers: {@code stack_t}.
 *
 * @param base lowest address
 * @param flags {@link #SS_DISABLE}, {@link #SS_AUTODISARM}
 * @param size in bytes
 */
public record AlternateStack(long base, int flags, long size) {
    /** The size of the structure. */
    public static final int BYTES = 24;

    /** The least size of one: {@code MINSIGSTKSZ}. */
    public static final int MIN_BYTES = 2048;

    public static final int SS_ONSTACK = 1;
    public static final int SS_DISABLE = 2;
    public static final int SS_AUTODISARM = 1 << 31;

    /** No alternate stack. */
    public static final AlternateStack NONE = new AlternateStack(0, SS_DISABLE, 0);

    /** Whether there is no such stack. */
    public boolean isDisabled() {
        return size == 0;
    }

    /**
     * Whether a program with this stack pointer is on it ({@code on_sig_stack} of
     * linux/sched/signal.h): never, if the stack is taken away while a handler runs on it.
     */
    public boolean holds(long stackPointer) {
        return (flags & SS_AUTODISARM) == 0 && contains(stackPointer);
    }

    /** Whether a stack pointer points to it. */
    public boolean contains(long stackPointer) {
        return Long.compareUnsigned(stackPointer, base) > 0
                && Long.compareUnsigned(stackPointer - base, size) <= 0;
    }

    /** Reads the structure. */
    public static AlternateStack readFrom(MemorySegment source) {
        return new AlternateStack(
                source.get(ValueLayout.JAVA_LONG_UNALIGNED, 0),
                source.get(ValueLayout.JAVA_INT_UNALIGNED, 8),
                source.get(ValueLayout.JAVA_LONG_UNALIGNED, 16));
    }

    /** A stack that was saved. */
    public static AlternateStack restore(AlternateStackState state) {
        return new AlternateStack(state.getBase(), state.getFlags(), state.getSize());
    }

    /** What is saved of it. */
    public AlternateStackState save() {
        return AlternateStackState.newBuilder().setBase(base).setFlags(flags).setSize(size).build();
    }

    /**
     * Writes the structure as the program sees it.
     *
     * @param stackPointer decides whether it is told that it is on the stack
     */
    public void writeTo(MemorySegment target, long stackPointer) {
        int state = isDisabled() ? SS_DISABLE : holds(stackPointer) ? SS_ONSTACK : 0;
        target.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, base);
        target.set(ValueLayout.JAVA_INT_UNALIGNED, 8, state | (flags & SS_AUTODISARM));
        target.set(ValueLayout.JAVA_INT_UNALIGNED, 12, 0);
        target.set(ValueLayout.JAVA_LONG_UNALIGNED, 16, size);
    }
}

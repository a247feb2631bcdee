package dev.plinth.kernel.signal;

import dev.plinth.kernel.state.proto.SignalActionState;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a program wants done with a signal: {@code struct kernel_sigaction} of x86-64.
 *
 * @param handler address of a function, {@link #SIG_DFL} or {@link #SIG_IGN}
 * @param flags {@code SA_*}
 * @param restorer address of the code that a handler returns to
 * @param mask signals that are blocked while the handler runs
 */
public record SignalAction(long handler, long flags, long restorer, long mask) {
    /** The size of the structure. */
    public static final int BYTES = 32;

    public static final long SIG_DFL = 0;
    public static final long SIG_IGN = 1;

    public static final long SA_NOCLDSTOP = 1;
    public static final long SA_NOCLDWAIT = 2;
    public static final long SA_SIGINFO = 4;
    public static final long SA_RESTORER = 0x04000000;
    public static final long SA_ONSTACK = 0x08000000;
    public static final long SA_RESTART = 0x10000000;
    public static final long SA_NODEFER = 0x40000000;
    public static final long SA_RESETHAND = 0x80000000L;

    /** Flags that there are ({@code UAPI_SA_FLAGS}), SA_EXPOSE_TAGBITS among them. */
    private static final long KNOWN_FLAGS =
            SA_NOCLDSTOP
                    | SA_NOCLDWAIT
                    | SA_SIGINFO
                    | 0x800
                    | SA_RESTORER
                    | SA_ONSTACK
                    | SA_RESTART
                    | SA_NODEFER
                    | SA_RESETHAND;

    /** What every signal has when a program starts. */
    public static final SignalAction DEFAULT = new SignalAction(SIG_DFL, 0, 0, 0);

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    /** Reads the structure without signals that cannot be blocked and flags that there are not. */
    public static SignalAction readFrom(MemorySegment source) {
        return new SignalAction(
                source.get(LONG, 0),
                source.get(LONG, 8) & KNOWN_FLAGS,
                source.get(LONG, 16),
                source.get(LONG, 24) & ~SignalSet.UNBLOCKABLE);
    }

    /** An action that was saved. */
    static SignalAction restore(SignalActionState state) {
        return new SignalAction(
                state.getHandler(),
                state.getFlags() & KNOWN_FLAGS,
                state.getRestorer(),
                state.getMask() & ~SignalSet.UNBLOCKABLE);
    }

    /** What is saved of it. */
    SignalActionState save() {
        return SignalActionState.newBuilder()
                .setHandler(handler)
                .setFlags(flags)
                .setRestorer(restorer)
                .setMask(mask)
                .build();
    }

    /** Writes the structure. */
    public void writeTo(MemorySegment target) {
        target.set(LONG, 0, handler);
        target.set(LONG, 8, flags);
        target.set(LONG, 16, restorer);
        target.set(LONG, 24, mask);
    }

    /** The same action, but the default is done; the flags stay. */
    public SignalAction withDefaultHandler() {
        return new SignalAction(SIG_DFL, flags, restorer, mask);
    }

    /** Whether a {@code SA_*} flag is set. */
    public boolean has(long flag) {
        return (flags & flag) != 0;
    }

    /** Whether a function of the program is to be called. */
    public boolean isHandled() {
        return handler != SIG_DFL && handler != SIG_IGN;
    }
}

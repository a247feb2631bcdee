package dev.plinth.kernel.signal;

import dev.plinth.api.linux.Signal;

/** Operations on a set of signals in the kernel's form: bit {@code n - 1} is signal {@code n}. */
public final class SignalSet {
    /** No signal. */
    public static final long EMPTY = 0;

    /** {@code sizeof(sigset_t)} of the kernel, which system calls insist on. */
    public static final int BYTES = 8;

    /** What no program can block, ignore or handle. */
    public static final long UNBLOCKABLE = of(Signal.SIGKILL) | of(Signal.SIGSTOP);

    /** What stops a process by default. */
    public static final long STOPPING =
            of(Signal.SIGSTOP) | of(Signal.SIGTSTP) | of(Signal.SIGTTIN) | of(Signal.SIGTTOU);

    private SignalSet() {}

    /** The set of one signal. */
    public static long of(Signal signal) {
        return 1L << (signal.number() - 1);
    }

    /** Whether the signal is in the set. */
    public static boolean contains(long set, Signal signal) {
        return (set & of(signal)) != 0;
    }
}

package dev.plinth.kernel.futex;

/** How a wait for a futex ended that did not fail. */
public enum FutexOutcome {
    /** The futex was woken, or is the caller's own now. */
    WOKEN,
    /** The deadline passed. */
    TIMED_OUT,
    /** A signal or the like: the call is to be given up. */
    INTERRUPTED
}

package dev.plinth.kernel.mm;

/** What became of a guest's fault. */
public enum FaultOutcome {
    /** The access is possible now: the guest tries again. */
    RESOLVED,

    /** Nothing is mapped there: SIGSEGV with {@code SEGV_MAPERR}. */
    SEGV_MAPERR,

    /** The mapping does not allow the access: SIGSEGV with {@code SEGV_ACCERR}. */
    SEGV_ACCERR,

    /** Nothing is behind the mapping: SIGBUS with {@code BUS_ADRERR}. */
    BUS_ADRERR,

    /** The sandbox's memory is used up: Linux kills a process with SIGKILL. */
    OUT_OF_MEMORY
}

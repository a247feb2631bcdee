package dev.plinth.kernel.vfs;

/**
 * Lets a task wait.
 *
 * <p>Declared here, implemented by {@code task}. Confined to the task's own thread. Files never
 * block: they answer EAGAIN, and the system call waits here and tries again.
 */
public interface Blocker {
    /** A deadline that never passes. */
    long NO_DEADLINE = Long.MAX_VALUE;

    /** Why a wait ended. */
    enum Outcome {
        /** Something that was waited for may have happened; ask again. */
        READY,
        /** The deadline has passed. */
        TIMED_OUT,
        /** A signal, a checkpoint or the end of the task: the call is to be given up. */
        INTERRUPTED
    }

    /** An empty set that wakes this task. The caller closes it. */
    WaitSet newWaitSet();

    /**
     * Waits until something in the set happens, the deadline passes, or the task is interrupted.
     *
     * <p>Returns at once if a queue of the set was woken since the last wait, a descriptor of the
     * host is ready, or a signal is pending.
     *
     * @param deadline in nanoseconds of the kernel's monotonic clock, or {@link #NO_DEADLINE}
     */
    Outcome await(WaitSet set, long deadline);

    /**
     * Ends the wait in progress, or the next one: it returns {@link Outcome#READY}. Any thread,
     * also under locks.
     */
    void wake();
}

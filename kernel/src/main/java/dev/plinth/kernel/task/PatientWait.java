package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;

/**
 * Waiting for what a lock guards, by who holds it. An interrupt does not end it: that is kept, and
 * made again in the end.
 *
 * <pre>{@code
 * synchronized (lock) {
 *     try (PatientWait wait = new PatientWait(lock)) {
 *         while (!isThere) {
 *             wait.forChange();
 *         }
 *     }
 * }
 * }</pre>
 */
@NotSaved("lives for the time of a call")
final class PatientWait implements AutoCloseable {
    private final Object lock;
    private boolean interrupted;

    /**
     * Begins to wait.
     *
     * @param lock held by this thread
     */
    PatientWait(Object lock) {
        this.lock = requireNonNull(lock, "lock is null");
    }

    /** Waits until somebody who held the lock says that something has changed, or for no reason. */
    void forChange() {
        forChange(0);
    }

    /**
     * The same, for some time.
     *
     * @param nanos at most about so long, if positive
     */
    @SuppressWarnings("WaitNotInLoop") // Its callers loop.
    void forChange(long nanos) {
        try {
            lock.wait(nanos > 0 ? nanos / 1_000_000 + 1 : 0);
        } catch (InterruptedException e) {
            interrupted = true;
        }
    }

    @Override
    public void close() {
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/**
 * Has every running task pass a memory barrier, as membarrier(2).
 *
 * <p>A task that leaves the guest's instructions and comes back to them passes one, on every
 * processor that there is. So those that run the guest are kicked, and waited for.
 */
public final class MemoryBarrier {
    private static final long POLL_NANOS = 20_000;

    private final Kernel kernel;

    public MemoryBarrier(Kernel kernel) {
        this.kernel = requireNonNull(kernel, "kernel is null");
    }

    /**
     * Waits until every task of some has passed a barrier since the call.
     *
     * @param caller who runs no guest meanwhile
     */
    public void pass(Task caller, Predicate<Task> which) {
        List<Task> others =
                kernel.tasks().stream().filter(task -> task != caller && which.test(task)).toList();
        long[] runs = new long[others.size()];
        for (int i = 0; i < runs.length; i++) {
            runs[i] = others.get(i).guestRuns();
            if (isInGuest(runs[i])) {
                others.get(i).kick();
            }
        }
        for (int i = 0; i < runs.length; i++) {
            while (isInGuest(runs[i]) && others.get(i).guestRuns() == runs[i]) {
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
    }

    private static boolean isInGuest(long runs) {
        return (runs & 1) != 0;
    }
}

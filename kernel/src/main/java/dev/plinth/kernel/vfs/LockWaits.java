package dev.plinth.kernel.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which processes wait for record locks of which others, so that no circle of them waits for ever:
 * {@code posix_locks_deadlock} of fs/locks.c. One object for the sandbox; any thread may use it.
 *
 * <p>Only locks of descriptor tables take part: one of an open file can be given up by anyone who
 * has it open.
 *
 * <p>Lasting state: none, for waits are calls in progress.
 */
public final class LockWaits {
    /** A circle of more is not looked for: {@code MAX_DEADLK_ITERATIONS}. */
    private static final int CHAIN_MAX = 10;

    private final Object waitsLock = new Object();

    @GuardedBy("waitsLock")
    private final List<Wait> waits = new ArrayList<>();

    private record Wait(Object waiter, Object holder) {}

    LockWaits() {}

    /** A wait in progress. */
    public interface Waiting extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Notes that the owner of one lock is about to wait for another lock.
     *
     * @return ended when the wait is over
     * @throws ErrnoException EDEADLK if the holder waits for the waiter, perhaps by way of others
     */
    public Waiting begin(RecordLock wanted, RecordLock blocking) {
        Wait wait = new Wait(wanted.owner(), blocking.owner());
        synchronized (waitsLock) {
            if (!wanted.isOfOpenFile() && leadsToLocked(wait.holder, wait.waiter)) {
                throw ErrnoException.of(Errno.EDEADLK);
            }
            waits.add(wait);
        }
        return () -> end(wait);
    }

    private void end(Wait wait) {
        synchronized (waitsLock) {
            waits.removeIf(other -> other == wait);
        }
    }

    @GuardedBy("waitsLock")
    private boolean leadsToLocked(Object from, Object to) {
        Optional<Object> holder = Optional.of(from);
        for (int i = 0; i < CHAIN_MAX && holder.isPresent(); i++) {
            if (holder.get() == to) {
                return true;
            }
            Object waiter = holder.get();
            holder =
                    waits.stream()
                            .filter(wait -> wait.waiter == waiter)
                            .map(Wait::holder)
                            .findFirst();
        }
        return false;
    }
}

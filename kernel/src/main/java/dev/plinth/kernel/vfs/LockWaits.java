package dev.plinth.kernel.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;

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
@NotSaved("waits are calls, which are made again")
public final class LockWaits {
    /** A circle of more is not looked for: {@code MAX_DEADLK_ITERATIONS}. */
    private static final int CHAIN_MAX = 10;

    private final Object waitsLock = new Object();

    @GuardedBy("waitsLock")
    private final List<Wait> waits = new ArrayList<>();

    /**
     * A wait in progress.
     *
     * @param wanted the lock that is waited for
     * @param holder who is in the way
     */
    private record Wait(RecordLock wanted, Object holder) {}

    LockWaits() {}

    /**
     * Notes that the owner of one lock is about to wait for another lock.
     *
     * @throws ErrnoException EDEADLK if the holder waits for the waiter, perhaps by way of others
     */
    public void begin(RecordLock wanted, RecordLock blocking) {
        synchronized (waitsLock) {
            if (!wanted.isOfOpenFile() && leadsToLocked(blocking.owner(), wanted)) {
                throw ErrnoException.of(Errno.EDEADLK);
            }
            waits.add(new Wait(wanted, blocking.owner()));
        }
    }

    /** Ends {@link #begin}, called with the same object. */
    @SuppressWarnings("ReferenceEquality") // The same wait, not another one for such a lock.
    public void end(RecordLock wanted) {
        synchronized (waitsLock) {
            waits.removeIf(wait -> wait.wanted == wanted);
        }
    }

    @GuardedBy("waitsLock")
    private boolean leadsToLocked(Object from, RecordLock wanted) {
        Optional<Object> holder = Optional.of(from);
        for (int i = 0; i < CHAIN_MAX && holder.isPresent(); i++) {
            Object waiter = holder.get();
            if (wanted.isOwnedBy(waiter)) {
                return true;
            }
            holder =
                    waits.stream()
                            .filter(wait -> wait.wanted.isOwnedBy(waiter))
                            .map(Wait::holder)
                            .findFirst();
        }
        return false;
    }
}

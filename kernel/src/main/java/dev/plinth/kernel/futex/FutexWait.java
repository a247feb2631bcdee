package dev.plinth.kernel.futex;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;

import java.util.List;

/**
 * A wait for a futex: a thread's place in a queue. The thread can leave off waiting and go on later
 * without losing the place, nor a wake that comes meanwhile.
 *
 * <p>Confined to the thread that waits, but what is asked while that is stopped.
 */
@NotSaved("what goes on with it saves the place")
public final class FutexWait {
    private final FutexQueues queues;
    private final FutexWaiter waiter;
    private final FutexPlace began;

    /** Done when the waiter is in no queue any more. */
    private final Runnable ending;

    FutexWait(FutexQueues queues, FutexWaiter waiter, FutexPlace began, Runnable ending) {
        this.queues = requireNonNull(queues, "queues is null");
        this.waiter = requireNonNull(waiter, "waiter is null");
        this.began = requireNonNull(began, "began is null");
        this.ending = requireNonNull(ending, "ending is null");
    }

    /**
     * Waits, or goes on waiting.
     *
     * @param deadline as {@link dev.plinth.kernel.vfs.Blocker#await} takes it
     * @return if it is interrupted the place is kept: the caller goes on later, or leaves
     */
    public FutexOutcome await(long deadline) {
        FutexOutcome outcome = queues.sleep(List.of(waiter), deadline);
        if (outcome == FutexOutcome.INTERRUPTED) {
            return outcome;
        }
        return leave() ? FutexOutcome.WOKEN : outcome;
    }

    /**
     * Gives the place up.
     *
     * @return whether the waiter had been woken before
     */
    public boolean leave() {
        boolean woken = queues.leave(List.of(waiter));
        ending.run();
        return woken;
    }

    /** Whether the waiter was woken, so that the wait is over. */
    public boolean isWoken() {
        return waiter.isWoken();
    }

    /** Whether the waiter is to own the futex, from the beginning or since it was moved. */
    public boolean isToOwn() {
        return waiter.kind() == FutexWaiter.Kind.OWNERSHIP;
    }

    /** Where the waiter is; where it began if it was moved to an address of somebody else's. */
    public FutexPlace place() {
        long address = waiter.address();
        boolean shared = began.address().shared();
        boolean own = address == began.address().value() || isAt(address, shared);
        return new FutexPlace(
                own ? new FutexAddress(address, shared) : began.address(),
                began.bitset(),
                waiter.ticket());
    }

    private boolean isAt(long address, boolean shared) {
        try {
            FutexAddress named = new FutexAddress(address, shared);
            return FutexKey.of(waiter.caller().memory(), named, AccessType.READ)
                    .equals(waiter.key());
        } catch (ErrnoException e) {
            return false;
        }
    }
}

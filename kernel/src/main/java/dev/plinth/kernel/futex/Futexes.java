package dev.plinth.kernel.futex;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.futex.FutexQueues.Bucket;
import dev.plinth.kernel.mm.GuestMemory;
import dev.plinth.kernel.mm.MemoryManager;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntPredicate;

/**
 * The futexes of a sandbox, as futex(2) and kernel/futex/{waitwake,requeue}.c.
 *
 * <p>Any thread may call any method; those that wait are called by the thread that they name.
 * Methods fail with an {@link ErrnoException}: EFAULT if a word cannot be accessed, and as said.
 */
public final class Futexes {
    /** Matches every waiter: {@code FUTEX_BITSET_MATCH_ANY}. */
    public static final int ANY = FutexWaiter.ANY;

    private final FutexQueues queues = new FutexQueues();
    private final PiFutexes pi;

    /**
     * A futex to wait for, one of several.
     *
     * @param address of the futex
     * @param expected what its word must hold
     */
    public record Waited(FutexAddress address, int expected) {}

    /**
     * The futexes of a sandbox where nobody waits.
     *
     * @param lives whether a thread with a number lives
     */
    public Futexes(IntPredicate lives) {
        pi = new PiFutexes(queues, lives);
    }

    /** The futexes whose words name their owners. */
    public PiFutexes pi() {
        return pi;
    }

    /**
     * Waits until the futex is woken, if its word holds what is expected.
     *
     * @param bitset which wakes count, not zero
     * @param deadline as {@link dev.plinth.kernel.vfs.Blocker#await} takes it
     * @throws ErrnoException EAGAIN if the word holds something else; EINVAL without a bit
     */
    public FutexOutcome await(
            FutexCaller caller, FutexAddress address, int expected, int bitset, long deadline) {
        FutexPlace place = new FutexPlace(address, bitset, FutexPlace.NO_TICKET);
        FutexWait wait = begin(caller, place, OptionalInt.of(expected));
        FutexOutcome outcome = wait.await(deadline);
        return outcome == FutexOutcome.INTERRUPTED && wait.leave() ? FutexOutcome.WOKEN : outcome;
    }

    /**
     * Enters the queue of a futex, for a wait that can be left for a while.
     *
     * @param place where
     * @param expected what the word has to hold; empty to wait whatever it holds
     * @return the wait; the caller ends it
     * @throws ErrnoException as {@link #await}
     */
    public FutexWait begin(FutexCaller caller, FutexPlace place, OptionalInt expected) {
        requireBits(place.bitset());
        if (expected.isPresent()) {
            // Brings the page in before a lock is held, and sees most changes that came before.
            requireValue(caller.memory(), place.address(), expected.getAsInt());
        }
        FutexKey key = FutexKey.of(caller.memory(), place.address(), AccessType.READ);
        FutexWaiter waiter = FutexWaiter.plain(caller, key, place);
        enqueue(waiter, place.address(), expected);
        return new FutexWait(queues, waiter, place, () -> {});
    }

    /**
     * How a wait for several futexes ended.
     *
     * @param outcome of the wait
     * @param index of a futex that was woken, if one was
     */
    public record AnyOutcome(FutexOutcome outcome, int index) {}

    /**
     * Waits until one of several futexes is woken, if all words hold what is expected, as
     * futex_waitv(2).
     *
     * @throws ErrnoException EAGAIN if a word holds something else
     */
    public AnyOutcome awaitAny(FutexCaller caller, List<Waited> futexes, long deadline) {
        List<FutexWaiter> waiters = new ArrayList<>(futexes.size());
        for (Waited futex : futexes) {
            requireAccess(caller.memory(), futex.address());
            FutexKey key = FutexKey.of(caller.memory(), futex.address(), AccessType.READ);
            FutexPlace place = new FutexPlace(futex.address(), ANY, FutexPlace.NO_TICKET);
            waiters.add(FutexWaiter.plain(caller, key, place));
        }
        List<FutexWaiter> queued = new ArrayList<>(waiters.size());
        try {
            for (int i = 0; i < waiters.size(); i++) {
                Waited futex = futexes.get(i);
                enqueue(waiters.get(i), futex.address(), OptionalInt.of(futex.expected()));
                queued.add(waiters.get(i));
            }
        } catch (ErrnoException e) {
            // As in Linux: a wake that came meanwhile counts more than a word that changed.
            if (!queues.leave(queued)) {
                throw e;
            }
            return new AnyOutcome(FutexOutcome.WOKEN, firstWoken(queued));
        }
        FutexOutcome outcome = queues.await(waiters, deadline);
        if (outcome != FutexOutcome.WOKEN) {
            return new AnyOutcome(outcome, 0);
        }
        queues.leave(waiters);
        return new AnyOutcome(outcome, firstWoken(waiters));
    }

    private static int firstWoken(List<FutexWaiter> waiters) {
        int index = 0;
        while (!waiters.get(index).isWoken()) {
            index++;
        }
        return index;
    }

    private void enqueue(FutexWaiter waiter, FutexAddress address, OptionalInt expected) {
        Bucket bucket = queues.bucket(waiter.key());
        synchronized (bucket.bucketLock) {
            if (expected.isPresent()) {
                requireValue(waiter.caller().memory(), address, expected.getAsInt());
            }
            bucket.addLocked(waiter);
        }
    }

    /**
     * Wakes those who wait for a futex.
     *
     * @param count how many at most; one is woken even if this is less
     * @param bitset which waiters, by the bits that they wait for
     * @return how many were woken
     * @throws ErrnoException EINVAL without a bit, or if they wait to own the futex
     */
    public int wake(MemoryManager memory, FutexAddress address, int count, int bitset) {
        requireBits(bitset);
        FutexKey key = FutexKey.of(memory, address, AccessType.READ);
        Bucket bucket = queues.bucket(key);
        synchronized (bucket.bucketLock) {
            return wakeLocked(bucket, key, count, bitset);
        }
    }

    private static int wakeLocked(Bucket bucket, FutexKey key, int count, int bitset) {
        int woken = 0;
        for (FutexWaiter waiter : bucket.waitersLocked(key)) {
            requirePlain(waiter);
            if ((waiter.bitset() & bitset) == 0) {
                continue;
            }
            bucket.wakeLocked(waiter);
            woken++;
            if (woken >= count) {
                break;
            }
        }
        return woken;
    }

    /**
     * Changes the word of a second futex, wakes those who wait for the first one, and those of the
     * second one if its word was as the operation says.
     *
     * @param operation what is done to the second word and what it is compared with
     * @return how many were woken
     * @throws ErrnoException ENOSYS for an operation that there is not
     */
    public int wakeOp(
            MemoryManager memory,
            FutexAddress first,
            FutexAddress second,
            int firstCount,
            int secondCount,
            WakeOperation operation) {
        FutexKey firstKey = FutexKey.of(memory, first, AccessType.READ);
        FutexKey secondKey = FutexKey.of(memory, second, AccessType.WRITE);
        memory.guestMemory().requireAccess(second.value(), Integer.BYTES, AccessType.WRITE);
        Bucket firstBucket = queues.bucket(firstKey);
        Bucket secondBucket = queues.bucket(secondKey);
        synchronized (FutexQueues.outer(firstBucket, secondBucket).bucketLock) {
            synchronized (FutexQueues.inner(firstBucket, secondBucket).bucketLock) {
                boolean also = operation.apply(memory.guestMemory(), second.value());
                int woken = wakeLocked(firstBucket, firstKey, firstCount, ANY);
                return also ? woken + wakeLocked(secondBucket, secondKey, secondCount, ANY) : woken;
            }
        }
    }

    /**
     * Wakes some of those who wait for a futex and moves others to the queue of a second one.
     *
     * @param wakeCount how many are woken at most
     * @param moveCount how many are moved at most
     * @param expected what the first word must hold, if anything
     * @return how many were woken or moved
     * @throws ErrnoException EAGAIN if the first word holds something else; EINVAL for a negative
     *     count, or if they wait to own a futex
     */
    public int requeue(
            MemoryManager memory,
            FutexAddress first,
            FutexAddress second,
            int wakeCount,
            int moveCount,
            OptionalInt expected) {
        if (wakeCount < 0 || moveCount < 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        FutexKey firstKey = FutexKey.of(memory, first, AccessType.READ);
        FutexKey secondKey = FutexKey.of(memory, second, AccessType.READ);
        if (expected.isPresent()) {
            requireAccess(memory, first);
        }
        Bucket from = queues.bucket(firstKey);
        Bucket to = queues.bucket(secondKey);
        synchronized (FutexQueues.outer(from, to).bucketLock) {
            synchronized (FutexQueues.inner(from, to).bucketLock) {
                if (expected.isPresent()) {
                    requireValue(memory, first, expected.getAsInt());
                }
                int done = 0;
                for (FutexWaiter waiter : from.waitersLocked(firstKey)) {
                    if (done - wakeCount >= moveCount) {
                        break;
                    }
                    requirePlain(waiter);
                    done++;
                    if (done <= wakeCount) {
                        from.wakeLocked(waiter);
                    } else {
                        from.removeLocked(waiter);
                        waiter.moveTo(secondKey, second.value());
                        to.addLocked(waiter);
                    }
                }
                return done;
            }
        }
    }

    /**
     * Does what has to be done for the futexes of a thread that ends or executes another program:
     * tells those who wait for it to own them no longer.
     *
     * @param memory of the thread, which is still there
     * @param robustList where its {@code struct robust_list_head} is; zero for nowhere
     */
    public void abandon(MemoryManager memory, int tid, long robustList) {
        if (robustList != 0) {
            new RobustList(this, memory, tid).abandon(robustList);
        }
        pi.abandon(tid);
    }

    /** Whether nobody waits for any futex. */
    public boolean isIdle() {
        for (Bucket bucket : queues.buckets()) {
            synchronized (bucket.bucketLock) {
                if (!bucket.allLocked().isEmpty()) {
                    return false;
                }
            }
        }
        return true;
    }

    static void requireValue(MemoryManager memory, FutexAddress address, int expected) {
        if (memory.guestMemory().readIntAtomically(address.value()) != expected) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
    }

    private static void requireAccess(MemoryManager memory, FutexAddress address) {
        GuestMemory guest = memory.guestMemory();
        guest.requireAccess(address.value(), Integer.BYTES, AccessType.READ);
    }

    private static void requirePlain(FutexWaiter waiter) {
        if (waiter.kind() != FutexWaiter.Kind.PLAIN) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static void requireBits(int bitset) {
        if (bitset == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}

package dev.plinth.kernel.futex;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.futex.FutexQueues.Bucket;
import dev.plinth.kernel.mm.GuestMemory;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.state.NotSaved;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;

/**
 * Futexes whose words name the thread that owns them; kernel/futex/{pi,requeue}.c.
 *
 * <p>Linux lends the owner the priority of those who wait. Here all threads have the host's
 * priorities, so nothing is lent, and the waiters become owners in the order in which they came.
 *
 * <p>Any thread may call any method; those that wait are called by the thread that they name.
 */
@NotSaved("who owns a futex stands in its word; a call that waits is made again, and waits anew")
public final class PiFutexes {
    /** The bits of a word that hold the owner's number. */
    static final int TID_MASK = 0x3fff_ffff;

    /** The owner ended without giving the futex up. */
    static final int OWNER_DIED = 0x4000_0000;

    /** Somebody waits, so that giving it up takes a call. */
    static final int WAITERS = 0x8000_0000;

    /** How far owners that wait themselves are followed. */
    private static final int MAX_CHAIN = 1024;

    private final FutexQueues queues;
    private final IntPredicate lives;

    /** Number of a thread &rarr; what it waits to own: to find threads that wait for each other. */
    private final Map<Integer, FutexWaiter> blocked = new ConcurrentHashMap<>();

    PiFutexes(FutexQueues queues, IntPredicate lives) {
        this.queues = requireNonNull(queues, "queues is null");
        this.lives = requireNonNull(lives, "lives is null");
    }

    /**
     * Becomes the owner, FUTEX_LOCK_PI: waits for it if need be.
     *
     * @throws ErrnoException EDEADLK if the caller is the owner, or the owner waits for it; ESRCH
     *     if the owner does not live; EINVAL if the word and those who wait do not fit together
     */
    public FutexOutcome lock(FutexCaller caller, FutexAddress address, long deadline) {
        return begin(caller, FutexPlace.of(address))
                .map(wait -> awaitOrLeave(wait, deadline))
                .orElse(FutexOutcome.WOKEN);
    }

    private static FutexOutcome awaitOrLeave(FutexWait wait, long deadline) {
        FutexOutcome outcome = wait.await(deadline);
        return outcome == FutexOutcome.INTERRUPTED && wait.leave() ? FutexOutcome.WOKEN : outcome;
    }

    /**
     * The same, for a wait that can be left for a while.
     *
     * @return the wait, which the caller ends; empty if the caller is the owner now
     * @throws ErrnoException as {@link #lock}
     */
    public Optional<FutexWait> begin(FutexCaller caller, FutexPlace place) {
        FutexKey key = keyToWrite(caller.memory(), place.address());
        FutexWaiter waiter = FutexWaiter.forOwnership(caller, key, place);
        Bucket bucket = queues.bucket(key);
        synchronized (bucket.bucketLock) {
            if (acquireLocked(bucket, waiter, false)) {
                return Optional.empty();
            }
            bucket.addLocked(waiter);
            blocked.put(caller.tid(), waiter);
        }
        return Optional.of(
                new FutexWait(queues, waiter, place, () -> blocked.remove(caller.tid())));
    }

    /**
     * Becomes the owner if nobody is, FUTEX_TRYLOCK_PI.
     *
     * @throws ErrnoException EAGAIN if somebody is; else as {@link #lock}
     */
    public void tryLock(FutexCaller caller, FutexAddress address) {
        FutexKey key = keyToWrite(caller.memory(), address);
        FutexWaiter waiter = FutexWaiter.forOwnership(caller, key, FutexPlace.of(address));
        Bucket bucket = queues.bucket(key);
        synchronized (bucket.bucketLock) {
            if (!acquireLocked(bucket, waiter, false)) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
        }
    }

    /**
     * Gives the futex to the first who waits for it, FUTEX_UNLOCK_PI.
     *
     * @throws ErrnoException EPERM if the caller does not own it; EINVAL if somebody waits for it
     *     in another way
     */
    public void unlock(FutexCaller caller, FutexAddress address) {
        FutexKey key = keyToWrite(caller.memory(), address);
        GuestMemory guest = caller.memory().guestMemory();
        Bucket bucket = queues.bucket(key);
        synchronized (bucket.bucketLock) {
            while (true) {
                int word = guest.readIntAtomically(address.value());
                if ((word & TID_MASK) != caller.tid()) {
                    throw ErrnoException.of(Errno.EPERM);
                }
                List<FutexWaiter> waiters = bucket.waitersLocked(key);
                waiters.forEach(PiFutexes::requireOwnership);
                int next = waiters.isEmpty() ? 0 : WAITERS | waiters.getFirst().caller().tid();
                if (guest.compareAndExchangeInt(address.value(), word, next) == word) {
                    handOverLocked(bucket, waiters);
                    return;
                }
            }
        }
    }

    /**
     * Waits to be moved to another futex by {@link #requeue} and to become its owner,
     * FUTEX_WAIT_REQUEUE_PI.
     *
     * @param place where the waiter is until it is moved
     * @param expected what the word has to hold; empty to wait whatever it holds
     * @return the wait, which the caller ends
     * @throws ErrnoException EAGAIN if the word holds something else; EINVAL if both are one
     */
    public FutexWait beginRequeue(
            FutexCaller caller, FutexPlace place, OptionalInt expected, FutexAddress target) {
        FutexAddress address = place.address();
        FutexKey targetKey = keyToWrite(caller.memory(), target);
        if (expected.isPresent()) {
            Futexes.requireValue(caller.memory(), address, expected.getAsInt());
        }
        FutexKey key = FutexKey.of(caller.memory(), address, AccessType.READ);
        requireTwo(key, targetKey);
        FutexWaiter waiter = FutexWaiter.toBeRequeued(caller, key, place, targetKey);
        Bucket bucket = queues.bucket(key);
        synchronized (bucket.bucketLock) {
            if (expected.isPresent()) {
                Futexes.requireValue(caller.memory(), address, expected.getAsInt());
            }
            bucket.addLocked(waiter);
        }
        return new FutexWait(queues, waiter, place, () -> blocked.remove(caller.tid()));
    }

    /**
     * Makes the first who waits for a futex the owner of another one, or the first in its queue,
     * and moves others behind, FUTEX_CMP_REQUEUE_PI.
     *
     * @param moveCount how many are moved at most
     * @return how many became owner or were moved
     * @throws ErrnoException EAGAIN if the first word holds something else; EINVAL if both are one,
     *     or those who wait do not wait for this; else as {@link #lock}
     */
    public int requeue(
            MemoryManager memory,
            FutexAddress first,
            FutexAddress second,
            int moveCount,
            int expected) {
        FutexKey secondKey = keyToWrite(memory, second);
        Futexes.requireValue(memory, first, expected);
        FutexKey firstKey = FutexKey.of(memory, first, AccessType.READ);
        requireTwo(firstKey, secondKey);
        Bucket from = queues.bucket(firstKey);
        Bucket to = queues.bucket(secondKey);
        synchronized (FutexQueues.outer(from, to).bucketLock) {
            synchronized (FutexQueues.inner(from, to).bucketLock) {
                Futexes.requireValue(memory, first, expected);
                int done = 0;
                for (FutexWaiter waiter : from.waitersLocked(firstKey)) {
                    if (done - 1 >= moveCount) {
                        break;
                    }
                    requeueLocked(from, to, waiter, secondKey, second.value(), moveCount > 0);
                    done++;
                }
                return done;
            }
        }
    }

    private void requeueLocked(
            Bucket from,
            Bucket to,
            FutexWaiter waiter,
            FutexKey target,
            long address,
            boolean withWaiters) {
        if (waiter.kind() != FutexWaiter.Kind.TO_BE_REQUEUED
                || !waiter.requeueTarget().orElseThrow().equals(target)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        FutexWaiter inQueue = waiter;
        FutexKey before = waiter.key();
        long addressBefore = waiter.address();
        from.removeLocked(inQueue);
        inQueue.moveTo(target, address);
        boolean acquired;
        try {
            acquired = acquireLocked(to, inQueue, withWaiters);
        } catch (ErrnoException e) {
            inQueue.moveTo(before, addressBefore);
            from.addLocked(inQueue);
            throw e;
        }
        inQueue.awaitOwnership();
        if (acquired) {
            inQueue.wake();
        } else {
            blocked.put(inQueue.caller().tid(), inQueue);
            to.addLocked(inQueue);
        }
    }

    /** A thread ends: the first who waits for each futex that it owns gets it. */
    void abandon(int tid) {
        for (Bucket bucket : queues.buckets()) {
            synchronized (bucket.bucketLock) {
                Set<FutexKey> owned = new HashSet<>();
                for (FutexWaiter waiter : bucket.allLocked()) {
                    if (waiter.kind() == FutexWaiter.Kind.OWNERSHIP && waiter.owner() == tid) {
                        owned.add(waiter.key());
                    }
                }
                for (FutexKey key : owned) {
                    List<FutexWaiter> waiters = bucket.waitersLocked(key);
                    nameOwner(waiters.getFirst());
                    handOverLocked(bucket, waiters);
                }
            }
        }
    }

    /** Writes who owns a futex whose owner died, in the new owner's memory. */
    private static void nameOwner(FutexWaiter waiter) {
        int word = OWNER_DIED | WAITERS | waiter.caller().tid();
        try {
            waiter.caller().memory().guestMemory().writeInt(waiter.address(), word);
        } catch (ErrnoException e) {
            // Its program unmapped the word while it waits, and will not miss it.
            waiter.setOwner(waiter.caller().tid());
        }
    }

    private static void handOverLocked(Bucket bucket, List<FutexWaiter> waiters) {
        if (waiters.isEmpty()) {
            return;
        }
        FutexWaiter next = waiters.getFirst();
        waiters.forEach(waiter -> waiter.setOwner(next.caller().tid()));
        bucket.wakeLocked(next);
    }

    /**
     * Makes a waiter the owner if nobody is; {@code futex_lock_pi_atomic}.
     *
     * @param waiter in no queue yet; it is told who the owner is
     * @param withWaiters whether others are about to wait for it
     * @return whether it is the owner now; else it has to wait, and the word says that someone does
     */
    private boolean acquireLocked(Bucket bucket, FutexWaiter waiter, boolean withWaiters) {
        GuestMemory guest = waiter.caller().memory().guestMemory();
        int tid = waiter.caller().tid();
        while (true) {
            int word = guest.readIntAtomically(waiter.address());
            int owner = word & TID_MASK;
            if (owner == tid) {
                throw ErrnoException.of(Errno.EDEADLK);
            }
            List<FutexWaiter> before = bucket.waitersLocked(waiter.key());
            if (before.isEmpty() && owner == 0) {
                int mine = (word & OWNER_DIED) | tid | (withWaiters ? WAITERS : 0);
                if (guest.compareAndExchangeInt(waiter.address(), word, mine) == word) {
                    return true;
                }
                continue;
            }
            if (!before.isEmpty()) {
                requireOwnership(before.getFirst());
                if (before.getFirst().owner() != owner) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
            } else if (guest.compareAndExchangeInt(waiter.address(), word, word | WAITERS)
                    != word) {
                continue;
            }
            requireFree(owner, tid);
            waiter.setOwner(owner);
            return false;
        }
    }

    /** Fails if an owner does not live, or waits itself, by however many others, for the caller. */
    private void requireFree(int owner, int caller) {
        if (!lives.test(owner)) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        int at = owner;
        for (int i = 0; i < MAX_CHAIN; i++) {
            FutexWaiter waiter = blocked.get(at);
            if (waiter == null) {
                return;
            }
            at = waiter.owner();
            if (at == caller) {
                throw ErrnoException.of(Errno.EDEADLK);
            }
        }
    }

    private static FutexKey keyToWrite(MemoryManager memory, FutexAddress address) {
        FutexKey key = FutexKey.of(memory, address, AccessType.WRITE);
        memory.guestMemory().requireAccess(address.value(), Integer.BYTES, AccessType.WRITE);
        return key;
    }

    private static void requireOwnership(FutexWaiter waiter) {
        if (waiter.kind() != FutexWaiter.Kind.OWNERSHIP) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static void requireTwo(FutexKey one, FutexKey other) {
        if (one.equals(other)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}

package dev.plinth.kernel.futex;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.WaitSet;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;

/** Who waits for which futex: a hash of queues, each bucket with a lock of its own. */
@NotSaved("a call that waits is made again, and waits anew")
final class FutexQueues {
    /** A power of two; more than there are processors to contend. */
    private static final int BUCKETS = 128;

    private final Bucket[] buckets = new Bucket[BUCKETS];

    /** The ticket that was given last. */
    private final AtomicLong tickets = new AtomicLong(FutexPlace.NO_TICKET);

    /** The waiters of all futexes whose keys fall together, in the order in which they came. */
    @NotSaved("a call that waits is made again, and waits anew")
    static final class Bucket {
        private final int index;
        private final AtomicLong tickets;

        /**
         * Held while a word is compared and its waiters are found; see the package's lock order.
         */
        final Object bucketLock = new Object();

        private final Set<FutexWaiter> waiters = new TreeSet<>(FutexWaiter.IN_ORDER);

        private Bucket(int index, AtomicLong tickets) {
            this.index = index;
            this.tickets = tickets;
        }

        /** Adds a waiter behind all others, or where it was before it left the queue. */
        void addLocked(FutexWaiter waiter) {
            if (waiter.ticket() == FutexPlace.NO_TICKET) {
                waiter.setTicket(tickets.incrementAndGet());
            } else {
                tickets.accumulateAndGet(waiter.ticket(), Math::max);
            }
            waiters.add(waiter);
        }

        void removeLocked(FutexWaiter waiter) {
            waiters.remove(waiter);
        }

        /** The waiters of one futex, the first one first: a copy. */
        List<FutexWaiter> waitersLocked(FutexKey key) {
            if (waiters.isEmpty()) {
                return List.of();
            }
            List<FutexWaiter> found = new ArrayList<>(waiters.size());
            for (FutexWaiter waiter : waiters) {
                if (waiter.key().equals(key)) {
                    found.add(waiter);
                }
            }
            return found;
        }

        /** The waiters of all futexes of the bucket: a copy. */
        List<FutexWaiter> allLocked() {
            return List.copyOf(waiters);
        }

        /** Takes a waiter out and lets it go on. */
        void wakeLocked(FutexWaiter waiter) {
            waiters.remove(waiter);
            waiter.wake();
        }
    }

    FutexQueues() {
        for (int i = 0; i < BUCKETS; i++) {
            buckets[i] = new Bucket(i, tickets);
        }
    }

    Bucket bucket(FutexKey key) {
        int hash = key.hashCode() * 0x9e3779b9;
        return buckets[hash >>> -Integer.numberOfTrailingZeros(BUCKETS)];
    }

    List<Bucket> buckets() {
        return List.of(buckets);
    }

    /** Of two buckets, which may be one, the one whose lock is taken first. */
    static Bucket outer(Bucket one, Bucket other) {
        return one.index <= other.index ? one : other;
    }

    /** The one of two buckets whose lock is taken second. */
    static Bucket inner(Bucket one, Bucket other) {
        return one.index <= other.index ? other : one;
    }

    /**
     * Waits until the waiter is woken; one that is not is out of its queue when this returns.
     *
     * @param deadline as {@link Blocker#await} takes it
     */
    FutexOutcome await(FutexWaiter waiter, long deadline) {
        return await(List.of(waiter), deadline);
    }

    /** Waits until one of several waiters of the calling thread is woken. */
    FutexOutcome await(List<FutexWaiter> waiters, long deadline) {
        FutexOutcome outcome = sleep(waiters, deadline);
        return outcome != FutexOutcome.WOKEN && leave(waiters) ? FutexOutcome.WOKEN : outcome;
    }

    /** The same, but that waiters that are not woken stay in their queues. */
    FutexOutcome sleep(List<FutexWaiter> waiters, long deadline) {
        Blocker blocker = waiters.getFirst().caller().blocker();
        try (WaitSet nothing = blocker.newWaitSet()) {
            while (true) {
                for (FutexWaiter waiter : waiters) {
                    if (waiter.isWoken()) {
                        return FutexOutcome.WOKEN;
                    }
                }
                switch (blocker.await(nothing, deadline)) {
                    case READY -> {}
                    case TIMED_OUT -> {
                        return FutexOutcome.TIMED_OUT;
                    }
                    case INTERRUPTED -> {
                        return FutexOutcome.INTERRUPTED;
                    }
                }
            }
        }
    }

    /**
     * Takes waiters out of their queues.
     *
     * @return whether one of them was woken before it could leave
     */
    boolean leave(List<FutexWaiter> waiters) {
        boolean woken = false;
        for (FutexWaiter waiter : waiters) {
            woken |= leave(waiter);
        }
        return woken;
    }

    private boolean leave(FutexWaiter waiter) {
        while (true) {
            FutexKey key = waiter.key();
            Bucket bucket = bucket(key);
            synchronized (bucket.bucketLock) {
                if (waiter.isWoken()) {
                    return true;
                }
                // It may have been moved to another queue since it was looked at.
                if (waiter.key().equals(key)) {
                    bucket.removeLocked(waiter);
                    return false;
                }
            }
        }
    }
}

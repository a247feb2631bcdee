package dev.plinth.kernel.futex;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;

import java.util.Comparator;
import java.util.Optional;

/**
 * A thread in the queue of a futex.
 *
 * <p>Lasting state: none. A call that waits is given up for a checkpoint and made again after it.
 *
 * <p>Fields that change are guarded by the lock of the bucket that the waiter is in.
 */
@NotSaved("a call that waits is made again, and waits anew")
final class FutexWaiter {
    /** What a waiter is there for, which decides who may wake it. */
    enum Kind {
        /** To be woken. */
        PLAIN,
        /** To be moved to the futex of {@link #requeueTarget()}. */
        TO_BE_REQUEUED,
        /** To become the owner. */
        OWNERSHIP
    }

    /** The first one first; two waiters of one thread have two tickets. */
    static final Comparator<FutexWaiter> IN_ORDER =
            Comparator.comparingLong(FutexWaiter::ticket)
                    .thenComparingInt(waiter -> waiter.caller().tid());

    /** Of plain waiters that wait for whatever wakes them: {@code FUTEX_BITSET_MATCH_ANY}. */
    static final int ANY = -1;

    private final FutexCaller caller;
    private final int bitset;
    private final Optional<FutexKey> requeueTarget;

    /** Also read without the lock, to find out which lock it is. */
    private volatile FutexKey key;

    /** Where the waiter's program has the word of {@link #key}. */
    private long address;

    private volatile Kind kind;

    /** Of a waiter for ownership: who owns the futex. Also read without the lock. */
    private volatile int owner;

    /** The place in the queue; it does not change while the waiter is in one. */
    private long ticket;

    /** Also read without the lock, by the waiter. */
    private volatile boolean woken;

    private FutexWaiter(
            FutexCaller caller,
            Kind kind,
            FutexKey key,
            long address,
            int bitset,
            Optional<FutexKey> requeueTarget) {
        this.caller = requireNonNull(caller, "caller is null");
        this.kind = kind;
        this.key = requireNonNull(key, "key is null");
        this.address = address;
        this.bitset = bitset;
        this.requeueTarget = requireNonNull(requeueTarget, "requeueTarget is null");
    }

    static FutexWaiter plain(FutexCaller caller, FutexKey key, FutexPlace place) {
        return of(caller, Kind.PLAIN, key, place, Optional.empty());
    }

    static FutexWaiter toBeRequeued(
            FutexCaller caller, FutexKey key, FutexPlace place, FutexKey target) {
        return of(caller, Kind.TO_BE_REQUEUED, key, place, Optional.of(target));
    }

    static FutexWaiter forOwnership(FutexCaller caller, FutexKey key, FutexPlace place) {
        return of(caller, Kind.OWNERSHIP, key, place, Optional.empty());
    }

    private static FutexWaiter of(
            FutexCaller caller,
            Kind kind,
            FutexKey key,
            FutexPlace place,
            Optional<FutexKey> requeueTarget) {
        FutexWaiter waiter =
                new FutexWaiter(
                        caller, kind, key, place.address().value(), place.bitset(), requeueTarget);
        waiter.ticket = place.ticket();
        return waiter;
    }

    FutexCaller caller() {
        return caller;
    }

    int bitset() {
        return bitset;
    }

    Optional<FutexKey> requeueTarget() {
        return requeueTarget;
    }

    FutexKey key() {
        return key;
    }

    long address() {
        return address;
    }

    Kind kind() {
        return kind;
    }

    int owner() {
        return owner;
    }

    void setOwner(int tid) {
        owner = tid;
    }

    /** The waiter is in no queue, and comes to that of another futex, behind all others. */
    void moveTo(FutexKey newKey, long newAddress) {
        key = newKey;
        address = newAddress;
        ticket = FutexPlace.NO_TICKET;
    }

    long ticket() {
        return ticket;
    }

    void setTicket(long place) {
        ticket = place;
    }

    /** The waiter is to become the owner of the futex that it was moved to. */
    void awaitOwnership() {
        kind = Kind.OWNERSHIP;
    }

    boolean isWoken() {
        return woken;
    }

    /** Lets the waiter go on; it was taken out of its queue. */
    void wake() {
        woken = true;
        caller.blocker().wake();
    }
}

package dev.plinth.kernel.futex;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;

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

    static FutexWaiter plain(FutexCaller caller, FutexKey key, FutexAddress address, int bitset) {
        return new FutexWaiter(caller, Kind.PLAIN, key, address.value(), bitset, Optional.empty());
    }

    static FutexWaiter toBeRequeued(
            FutexCaller caller, FutexKey key, FutexAddress address, FutexKey target) {
        return new FutexWaiter(
                caller, Kind.TO_BE_REQUEUED, key, address.value(), ANY, Optional.of(target));
    }

    static FutexWaiter forOwnership(FutexCaller caller, FutexKey key, FutexAddress address) {
        return new FutexWaiter(caller, Kind.OWNERSHIP, key, address.value(), ANY, Optional.empty());
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

    /** The waiter is in the queue of another futex from now on. */
    void moveTo(FutexKey newKey, long newAddress) {
        key = newKey;
        address = newAddress;
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

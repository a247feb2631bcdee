package dev.plinth.kernel.futex;

import static java.util.Objects.requireNonNull;

/**
 * Where a thread waits: the futex, and the place in its queue.
 *
 * @param address of the futex, which may be another than that of the call: waiters are moved
 * @param bitset which wakes count
 * @param ticket those with lower ones come first; zero for a place behind all others
 */
public record FutexPlace(FutexAddress address, int bitset, long ticket) {
    /** Of a thread that does not wait yet. */
    public static final long NO_TICKET = 0;

    /** The place of one who waits for whatever wakes it, behind all others. */
    static FutexPlace of(FutexAddress address) {
        return new FutexPlace(address, FutexWaiter.ANY, NO_TICKET);
    }

    public FutexPlace {
        requireNonNull(address, "address is null");
    }
}

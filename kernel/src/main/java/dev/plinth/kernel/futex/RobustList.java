package dev.plinth.kernel.futex;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.mm.GuestMemory;
import dev.plinth.kernel.mm.MemoryManager;

/**
 * The list in a thread's memory of futexes that it owns: when it ends, each is marked, and one who
 * waits is woken; {@code exit_robust_list} of kernel/futex/core.c.
 *
 * <p>The program writes the list as it likes: it may be broken, endless, or change meanwhile.
 */
final class RobustList {
    /** {@code struct robust_list_head}: next entry, offset of the words, entry in the making. */
    static final int HEAD_BYTES = 24;

    private static final int OFFSET = 8;
    private static final int PENDING = 16;

    /** {@code ROBUST_LIST_LIMIT}. */
    private static final int LIMIT = 2048;

    /** In the pointer to an entry: the futex is of the kind that {@link PiFutexes} does. */
    private static final long PI = 1;

    private final Futexes futexes;
    private final MemoryManager memory;
    private final GuestMemory guest;
    private final int tid;

    RobustList(Futexes futexes, MemoryManager memory, int tid) {
        this.futexes = requireNonNull(futexes, "futexes is null");
        this.memory = requireNonNull(memory, "memory is null");
        this.guest = memory.guestMemory();
        this.tid = tid;
    }

    /** Does it for the list whose head is at an address, up to where it makes no sense. */
    void abandon(long head) {
        try {
            long offset = guest.readLong(head + OFFSET);
            long pending = guest.readLong(head + PENDING);
            if (walk(head, offset, pending & ~PI) && (pending & ~PI) != 0) {
                die((pending & ~PI) + offset, (pending & PI) != 0, true);
            }
        } catch (ErrnoException e) {
            // Where the list cannot be read it ends: what it was for is lost, as in Linux.
            return;
        }
    }

    /** Goes through the entries; says whether none was found to make no sense. */
    private boolean walk(long head, long offset, long pending) {
        long entry = guest.readLong(head);
        for (int i = 0; i < LIMIT && (entry & ~PI) != head; i++) {
            long at = entry & ~PI;
            boolean pi = (entry & PI) != 0;
            if (at != pending && !die(at + offset, pi, false)) {
                return false;
            }
            entry = guest.readLong(at);
        }
        return true;
    }

    /**
     * Marks a futex if the thread owns it; {@code handle_futex_death}.
     *
     * @param inTheMaking whether the thread was about to own it or to give it up
     * @return whether the entry makes sense
     */
    private boolean die(long address, boolean pi, boolean inTheMaking) {
        if (address % Integer.BYTES != 0) {
            return false;
        }
        int word = guest.readIntAtomically(address);
        if (inTheMaking && !pi && (word & PiFutexes.TID_MASK) == 0) {
            // It was given up, but nobody was woken yet.
            wakeOne(address);
            return true;
        }
        while ((word & PiFutexes.TID_MASK) == tid) {
            int marked = word & PiFutexes.WAITERS | PiFutexes.OWNER_DIED;
            int found = guest.compareAndExchangeInt(address, word, marked);
            if (found == word) {
                if (!pi && (word & PiFutexes.WAITERS) != 0) {
                    wakeOne(address);
                }
                break;
            }
            word = found;
        }
        return true;
    }

    private void wakeOne(long address) {
        futexes.wake(memory, new FutexAddress(address, true), 1, Futexes.ANY);
    }
}

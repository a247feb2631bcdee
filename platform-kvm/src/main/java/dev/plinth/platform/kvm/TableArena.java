package dev.plinth.platform.kvm;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.platform.kvm.stub.GuestLayout;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The pages that page tables are made of: a part of the monitor's memory that holds nothing else
 * and that ring 3 never reaches.
 *
 * <p>It grows as needed, up to 1 GiB, which describes about 500 GiB of guest memory; what is freed
 * goes back to the host and is handed out first. When to free a page is {@link PageTables}' to
 * know.
 *
 * <p>Any thread may call any method.
 */
final class TableArena {
    private final MonitorMemory monitor;
    private final GuestMemory memory;

    private final ReentrantLock arenaLock = new ReentrantLock();

    /** The lowest page that was never handed out. */
    @GuardedBy("arenaLock")
    private long fresh = GuestLayout.TABLES;

    /** Pages that were freed, as a stack. */
    @GuardedBy("arenaLock")
    private long[] free = new long[64];

    @GuardedBy("arenaLock")
    private int freeCount;

    TableArena(MonitorMemory monitor, GuestMemory memory) {
        this.monitor = monitor;
        this.memory = memory;
    }

    /** The monitor's memory, in which a page's address is its offset. */
    MemorySegment segment() {
        return monitor.segment();
    }

    /**
     * Takes a page.
     *
     * @return its guest physical address; it is all zero
     * @throws HostCallException if there is none left
     */
    long allocate() {
        arenaLock.lock();
        try {
            if (freeCount > 0) {
                return free[--freeCount];
            }
            if (fresh == GuestLayout.TABLES_END) {
                throw new HostCallException("allocate(page tables)", Errno.ENOMEM);
            }
            memory.announceMonitor(fresh, Pages.SIZE);
            long page = fresh;
            fresh += Pages.SIZE;
            return page;
        } finally {
            arenaLock.unlock();
        }
    }

    /**
     * Gives pages back to the host, and back.
     *
     * @param pages guest physical addresses; sorted on return
     */
    void free(long[] pages, int count) {
        Arrays.sort(pages, 0, count);
        for (int i = 0; i < count; ) {
            int run = 1;
            while (i + run < count && pages[i + run] == pages[i] + (long) run * Pages.SIZE) {
                run++;
            }
            monitor.discard(pages[i], (long) run * Pages.SIZE);
            i += run;
        }
        arenaLock.lock();
        try {
            if (freeCount + count > free.length) {
                free = Arrays.copyOf(free, Math.max(2 * free.length, freeCount + count));
            }
            System.arraycopy(pages, 0, free, freeCount, count);
            freeCount += count;
        } finally {
            arenaLock.unlock();
        }
    }

    /** How many pages are in use. */
    long used() {
        arenaLock.lock();
        try {
            return (fresh - GuestLayout.TABLES) / Pages.SIZE - freeCount;
        } finally {
            arenaLock.unlock();
        }
    }

    /** How many pages were ever in use at once. */
    long peak() {
        arenaLock.lock();
        try {
            return (fresh - GuestLayout.TABLES) / Pages.SIZE;
        } finally {
            arenaLock.unlock();
        }
    }
}

package dev.plinth.kernel.memory;

import static java.lang.foreign.MemorySegment.copy;
import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.NotSaved;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Pages that are written to in place, as they were at one moment.
 *
 * <p>They stay where they are, for whoever has them mapped and for those who sleep on a futex in
 * them. Whoever is about to write to one says so first, and it is copied aside, into a file beside
 * the memory file, unless it was read by then.
 *
 * <p>Any thread may call any method, but only one reads. Until a page is copied or read this has a
 * reference to it, so that it stays what it is when its object has no use for it any more.
 */
@NotSaved("lives while an image is written")
final class FrozenPages implements AutoCloseable {
    private final MemoryFile memory;

    /** What is copied aside: from {@link #base} on, each page at its place in the memory file. */
    private final HostFd file;

    private final HostMemory aside;
    private final long base;

    /** Held while content is copied; a leaf. */
    private final Object frozenLock = new Object();

    /** Those that are neither copied aside nor read: this has a reference to each. */
    @GuardedBy("frozenLock")
    private final BitSet untouched;

    /** Whether there may be any; spares those who ask the lock. */
    private volatile boolean any = true;

    private FrozenPages(
            MemoryFile memory, HostFd file, HostMemory aside, long base, BitSet untouched) {
        this.memory = memory;
        this.file = file;
        this.aside = aside;
        this.base = base;
        this.untouched = untouched;
    }

    /**
     * Freezes pages, to which nobody is writing.
     *
     * @param pages by their numbers; at least one, and somebody has a reference to each
     * @throws dev.plinth.api.host.HostCallException if there is no room to copy them aside
     */
    static FrozenPages of(HostKernel host, MemoryFile memory, BitSet pages) {
        requireNonNull(memory, "memory is null");
        long base = bytes(pages.nextSetBit(0));
        long length = bytes(pages.length()) - base;
        // Takes no memory but for what is copied.
        HostFd file = MemoryFile.createFile(host, "plinth-frozen", length);
        try {
            HostMemory aside = host.map(file, 0, length, AccessType.READ_WRITE);
            BitSet untouched = (BitSet) pages.clone();
            runs(untouched, 0, untouched.length())
                    .forEach(run -> memory.retainBeyondLimit(run.start(), run.length()));
            return new FrozenPages(memory, file, aside, base, untouched);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private static long bytes(long pages) {
        return pages << Pages.SHIFT;
    }

    /** The runs of a set of pages within a range, by their places in the memory file. */
    private static List<AddressRange> runs(BitSet pages, int from, int to) {
        List<AddressRange> runs = new ArrayList<>(0);
        int start = pages.nextSetBit(from);
        while (start >= 0 && start < to) {
            int end = Math.min(pages.nextClearBit(start), to);
            runs.add(new AddressRange(bytes(start), bytes(end)));
            start = pages.nextSetBit(end);
        }
        return runs;
    }

    /** Whether a write to one of these pages would have to copy something aside. */
    boolean holds(long page, long end) {
        if (!any) {
            return false;
        }
        synchronized (frozenLock) {
            int next = untouched.nextSetBit((int) page);
            return next >= 0 && next < end;
        }
    }

    /**
     * Somebody is about to write to pages: those that are frozen are copied aside.
     *
     * <p>Precondition: they have their content, and the caller has a reference to each.
     */
    void copyAside(long page, long end) {
        if (!any) {
            return;
        }
        List<AddressRange> copied;
        synchronized (frozenLock) {
            copied = runs(untouched, (int) page, (int) end);
            for (AddressRange run : copied) {
                copy(memory.view(), run.start(), aside.segment(), run.start() - base, run.length());
            }
            touchedLocked((int) page, (int) end);
        }
        release(copied);
    }

    /**
     * Reads frozen pages as they were, and needs them no more. Each is read once.
     *
     * <p>Precondition: those that nobody was about to write to have their content.
     *
     * @param page number of the first one
     * @param target as long as pages are to be read
     */
    void read(long page, MemorySegment target) {
        int end = (int) (page + (target.byteSize() >> Pages.SHIFT));
        List<AddressRange> inPlace;
        synchronized (frozenLock) {
            inPlace = runs(untouched, (int) page, end);
            long from = bytes(page);
            for (AddressRange run : inPlace) {
                readAside(from, run.start(), bytes(page), target);
                copy(memory.view(), run.start(), target, run.start() - bytes(page), run.length());
                from = run.end();
            }
            readAside(from, bytes(end), bytes(page), target);
            touchedLocked((int) page, end);
        }
        release(inPlace);
    }

    private void readAside(long from, long to, long first, MemorySegment target) {
        copy(aside.segment(), from - base, target, from - first, to - from);
    }

    @GuardedBy("frozenLock")
    private void touchedLocked(int page, int end) {
        untouched.clear(page, end);
        any = !untouched.isEmpty();
    }

    private void release(List<AddressRange> pages) {
        pages.forEach(run -> memory.releaseBeyondLimit(run.start(), run.length()));
    }

    /** Thaws the pages: nobody is to copy them any more. Doing so again is harmless. */
    @Override
    public void close() {
        memory.thaw(this);
        List<AddressRange> unread;
        synchronized (frozenLock) {
            unread = runs(untouched, 0, untouched.length());
            touchedLocked(0, untouched.length());
            // Under the lock: who had something to copy is done by now.
            aside.close();
        }
        file.close();
        release(unread);
    }
}

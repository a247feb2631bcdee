package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.NotSaved;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Which pages of a {@link MemoryFile} are in use, and by how many.
 *
 * <p>Punching a hole and touching it again costs the host about 8 &micro;s a page, zeroing a page
 * that is there 0.05 &micro;s. Short runs are therefore kept for the next allocation, up to {@link
 * #RECYCLED_PAGES_MAX} pages.
 *
 * <p>Any thread may call any method; pages go by their numbers. Allocation prefers the lowest place
 * in the fullest chunk that has room, which keeps single pages out of the way of long runs.
 */
@NotSaved("pages are saved by those who have them")
final class PageAllocator {
    /** Runs up to this length are recycled instead of punched. */
    private static final int RECYCLED_RUN_MAX = 16;

    /** At most this many free pages keep their memory: 4 MiB. */
    private static final int RECYCLED_PAGES_MAX = 1024;

    /** How many chunks of a class are tried for a run before a roomier class is preferred. */
    private static final int CANDIDATES = 8;

    /** Classes of chunks by the binary logarithm of their longest free run. */
    private static final int CLASSES = Integer.numberOfTrailingZeros(Chunk.PAGES) + 1;

    /** In which class chunks are that are free from end to end. */
    private static final int FREE_CLASS = CLASSES - 1;

    private final long limitPages;
    private final Unused unused;

    private final Object allocationLock = new Object();

    /** A chunk that is free and clean from end to end has no object. */
    @GuardedBy("allocationLock")
    private final Chunk[] chunks;

    /** The chunks of each class; those with no free page are in none. */
    @GuardedBy("allocationLock")
    private final BitSet[] classes = new BitSet[CLASSES];

    @GuardedBy("allocationLock")
    private long allocatedPages;

    /** How many pages may be allocated beyond the limit now. */
    @GuardedBy("allocationLock")
    private long beyondLimitPages;

    @GuardedBy("allocationLock")
    private long peakPages;

    @GuardedBy("allocationLock")
    private int dirtyPages;

    /** Told that pages have no reference any more. */
    @FunctionalInterface
    interface Unused {
        /** Called under the allocator's lock, before the pages can be allocated again. */
        void accept(long first, long end);
    }

    /**
     * An allocator of a file of which nothing is in use.
     *
     * @param capacity of the file in bytes, a multiple of 2 MiB
     * @param limitPages how many may be allocated
     */
    PageAllocator(long capacity, long limitPages, Unused unused) {
        this.limitPages = limitPages;
        this.unused = requireNonNull(unused, "unused is null");
        this.chunks = new Chunk[(int) (capacity / Chunk.BYTES)];
        for (int i = 0; i < CLASSES; i++) {
            classes[i] = new BitSet();
        }
        classes[FREE_CLASS].set(0, chunks.length);
    }

    /**
     * Takes a run of pages into use, with one reference to each.
     *
     * @param alignment of the first one's number, a power of two
     * @param toZero parts of the file are added to it that hold what somebody wrote before
     * @return the first page
     * @throws ErrnoException ENOMEM if that would exceed the limit, or if no run is long enough
     */
    long allocate(long pages, int alignment, List<AddressRange> toZero) {
        synchronized (allocationLock) {
            if (pages > limitPages + beyondLimitPages - allocatedPages) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            long first =
                    pages <= Chunk.PAGES
                            ? findInChunkLocked((int) pages, alignment)
                            : findChunksLocked(pages);
            if (first < 0) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            takeLocked(first, pages, toZero);
            return first;
        }
    }

    /**
     * Takes pages into use at a place of their own, with one reference to each.
     *
     * <p>Precondition: nothing was allocated yet but in this way.
     *
     * @throws SandboxException if the limit forbids it
     */
    void reserve(long first, long pages) {
        synchronized (allocationLock) {
            if (pages > limitPages - allocatedPages) {
                throw new SandboxException(
                        ErrorCode.IMAGE_UNSUITABLE,
                        "the image's files and shared memory have more than %d MiB"
                                .formatted(limitPages >> (20 - Pages.SHIFT)),
                        "restore it with more, by --memory, where there is as much");
            }
            List<AddressRange> dirty = new ArrayList<>(0);
            takeLocked(first, pages, dirty);
            if (!dirty.isEmpty()) {
                throw new IllegalStateException("the memory was used before");
            }
        }
    }

    /** Lets more pages be allocated than the limit says, or, if negative, fewer again. */
    void allowBeyondLimit(long pages) {
        synchronized (allocationLock) {
            beyondLimitPages += pages;
        }
    }

    /** The first page of a free run within one chunk, or -1. */
    @GuardedBy("allocationLock")
    private long findInChunkLocked(int pages, int alignment) {
        int smallest = classOf(pages);
        for (int candidates : new int[] {CANDIDATES, Integer.MAX_VALUE}) {
            for (int c = smallest; c < CLASSES; c++) {
                int tried = 0;
                int i = classes[c].nextSetBit(0);
                while (i >= 0 && tried++ < candidates) {
                    int run = chunks[i] == null ? 0 : chunks[i].free.findRun(pages, alignment);
                    if (run >= 0) {
                        return (long) i * Chunk.PAGES + run;
                    }
                    i = classes[c].nextSetBit(i + 1);
                }
            }
        }
        return -1;
    }

    /** The first page of a run of free chunks, or -1. */
    @GuardedBy("allocationLock")
    private long findChunksLocked(long pages) {
        long needed = (pages + Chunk.PAGES - 1) / Chunk.PAGES;
        BitSet free = classes[FREE_CLASS];
        int start = free.nextSetBit(0);
        while (start >= 0) {
            int end = free.nextClearBit(start);
            if (end - start >= needed) {
                return (long) start * Chunk.PAGES;
            }
            start = free.nextSetBit(end);
        }
        return -1;
    }

    /** Takes free pages into use and says which parts of the file are to be zeroed. */
    @GuardedBy("allocationLock")
    private void takeLocked(long first, long pages, List<AddressRange> dirty) {
        allocatedPages += pages;
        peakPages = Math.max(peakPages, allocatedPages);
        long end = first + pages;
        for (long page = first; page < end; ) {
            int i = (int) (page / Chunk.PAGES);
            int from = (int) (page % Chunk.PAGES);
            int to = (int) Math.min(Chunk.PAGES, from + end - page);
            if (chunks[i] == null) {
                chunks[i] = new Chunk();
            }
            Chunk chunk = chunks[i];
            for (int at = chunk.dirty.nextSet(from); at < to; ) {
                int dirtyEnd = Math.min(chunk.dirty.nextClear(at), to);
                dirty.add(bytes(i, at, dirtyEnd));
                chunk.dirty.clear(at, dirtyEnd);
                dirtyPages -= dirtyEnd - at;
                at = chunk.dirty.nextSet(dirtyEnd);
            }
            chunk.take(from, to);
            classifyLocked(i);
            page += to - from;
        }
    }

    /** Adds a reference to each page of a range, which has one. */
    void retain(long first, long end) {
        synchronized (allocationLock) {
            for (long page = first; page < end; ) {
                int from = (int) (page % Chunk.PAGES);
                int to = (int) Math.min(Chunk.PAGES, from + end - page);
                usedChunkLocked(page).retain(from, to);
                page += to - from;
            }
        }
    }

    /** Whether each page of a range has one reference. */
    boolean areExclusive(long first, long end) {
        synchronized (allocationLock) {
            for (long page = first; page < end; page++) {
                if (usedChunkLocked(page).references((int) (page % Chunk.PAGES)) != 1) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * Gives up a reference to each page of a range.
     *
     * @return the parts of the file whose memory is to be given back; they are not allocated again
     *     before {@link #free} is told that it was
     */
    List<AddressRange> release(long first, long end) {
        List<AddressRange> toPunch = new ArrayList<>(1);
        synchronized (allocationLock) {
            for (long page = first; page < end; ) {
                int from = (int) (page % Chunk.PAGES);
                int to = (int) Math.min(Chunk.PAGES, from + end - page);
                releaseInChunkLocked((int) (page / Chunk.PAGES), from, to, toPunch);
                page += to - from;
            }
        }
        return toPunch;
    }

    /** Makes pages available whose holes have been punched. */
    void free(List<AddressRange> holes) {
        if (holes.isEmpty()) {
            return;
        }
        synchronized (allocationLock) {
            holes.forEach(this::freeLocked);
        }
    }

    @GuardedBy("allocationLock")
    private void releaseInChunkLocked(int i, int from, int to, List<AddressRange> toPunch) {
        Chunk chunk = usedChunkLocked((long) i * Chunk.PAGES);
        for (int start = from; start < to; ) {
            int end = chunk.releaseAlike(start, to);
            if (chunk.references(start) == 0) {
                int pages = end - start;
                long first = (long) i * Chunk.PAGES + start;
                allocatedPages -= pages;
                unused.accept(first, first + pages);
                if (pages <= RECYCLED_RUN_MAX && dirtyPages + pages <= RECYCLED_PAGES_MAX) {
                    chunk.dirty.set(start, end);
                    chunk.free.set(start, end);
                    dirtyPages += pages;
                    classifyLocked(i);
                } else {
                    addMerged(toPunch, bytes(i, start, end));
                }
            }
            start = end;
        }
    }

    private static void addMerged(List<AddressRange> ranges, AddressRange range) {
        if (!ranges.isEmpty() && ranges.getLast().end() == range.start()) {
            ranges.set(ranges.size() - 1, new AddressRange(ranges.getLast().start(), range.end()));
        } else {
            ranges.add(range);
        }
    }

    /** Makes pages available whose hole has been punched. */
    @GuardedBy("allocationLock")
    private void freeLocked(AddressRange hole) {
        long end = hole.end() >> Pages.SHIFT;
        for (long page = hole.start() >> Pages.SHIFT; page < end; ) {
            int i = (int) (page / Chunk.PAGES);
            int from = (int) (page % Chunk.PAGES);
            int to = (int) Math.min(Chunk.PAGES, from + end - page);
            chunks[i].free.set(from, to);
            classifyLocked(i);
            page += to - from;
        }
    }

    /** Puts a chunk into the class of its longest free run. */
    @GuardedBy("allocationLock")
    private void classifyLocked(int i) {
        int longest = chunks[i].free.longestRun();
        int now = longest == 0 ? -1 : classOf(longest);
        for (int c = 0; c < CLASSES; c++) {
            if (c != now) {
                classes[c].clear(i);
            }
        }
        if (now >= 0) {
            classes[now].set(i);
        }
        if (now == FREE_CLASS && chunks[i].dirty.nextSet(0) == Chunk.PAGES) {
            chunks[i] = null;
        }
    }

    private static int classOf(int pages) {
        return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(pages);
    }

    @GuardedBy("allocationLock")
    private Chunk usedChunkLocked(long page) {
        Chunk chunk = chunks[(int) (page / Chunk.PAGES)];
        if (chunk == null) {
            throw new IllegalStateException("page " + page + " is not in use");
        }
        return chunk;
    }

    private static AddressRange bytes(int chunk, int from, int to) {
        long start = chunk * Chunk.BYTES;
        return new AddressRange(
                start + ((long) from << Pages.SHIFT), start + ((long) to << Pages.SHIFT));
    }

    /** How much is in use now. */
    MemoryStatistics statistics() {
        synchronized (allocationLock) {
            return new MemoryStatistics(
                    allocatedPages << Pages.SHIFT,
                    peakPages << Pages.SHIFT,
                    (long) dirtyPages << Pages.SHIFT,
                    limitPages << Pages.SHIFT);
        }
    }
}

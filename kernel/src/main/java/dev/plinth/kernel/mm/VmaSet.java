package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The areas of an address space, in the order of addresses; no two overlap.
 *
 * <p>Not thread-safe; guarded by the memory manager's mapping lock. Each area here keeps its file
 * open; files of areas that are gone are left in a {@link Dropped} for whoever holds the lock.
 */
@SavedWith(MemoryManager.class)
final class VmaSet {
    private final TreeMap<Long, Vma> byStart = new TreeMap<>();

    /**
     * Above here {@link #findTopDown} has found no hole larger than {@link #largestHole}: it does
     * not look there again, or each of many mappings would take longer than the one before.
     */
    @NotSaved("a cache")
    private long searchEnd = Long.MAX_VALUE;

    @NotSaved("a cache")
    private long largestHole;

    /** Pages of all areas. */
    @NotSaved("counted again")
    private long total;

    /** Pages of private writable areas that are no stacks. */
    @NotSaved("counted again")
    private long data;

    /** Pages of stacks. */
    @NotSaved("counted again")
    private long stack;

    /** Pages of code. */
    @NotSaved("counted again")
    private long executable;

    /** Pages of locked areas. */
    @NotSaved("counted again")
    private long locked;

    /** Files that are no longer needed, to be released when no lock is held. */
    @NotSaved("lives for the time of a call")
    static final class Dropped {
        private final List<MappedFile> files = new ArrayList<>(0);

        void add(Vma vma) {
            vma.file().ifPresent(files::add);
        }

        void release() {
            files.forEach(MappedFile::release);
        }
    }

    int size() {
        return byStart.size();
    }

    Collection<Vma> all() {
        return byStart.values();
    }

    /** The area that holds an address. */
    Optional<Vma> find(long address) {
        Map.Entry<Long, Vma> entry = byStart.floorEntry(address);
        return entry != null && entry.getValue().end() > address
                ? Optional.of(entry.getValue())
                : Optional.empty();
    }

    /** The area that holds an address, or else the next one above it. */
    Optional<Vma> findOrAbove(long address) {
        Optional<Vma> found = find(address);
        return found.isPresent()
                ? found
                : Optional.ofNullable(byStart.higherEntry(address)).map(Map.Entry::getValue);
    }

    /** The area with the highest addresses below one that is given. */
    Optional<Vma> below(long address) {
        return Optional.ofNullable(byStart.lowerEntry(address)).map(Map.Entry::getValue);
    }

    /** The areas that overlap a range, whole: a copy. */
    List<Vma> overlapping(long start, long end) {
        Long from = byStart.floorKey(start);
        NavigableMap<Long, Vma> view =
                byStart.subMap(from == null ? start : from, true, end, false);
        List<Vma> found = new ArrayList<>(view.size());
        for (Vma vma : view.values()) {
            if (vma.end() > start) {
                found.add(vma);
            }
        }
        return found;
    }

    boolean isFree(long start, long end) {
        return findOrAbove(start).map(vma -> vma.start() >= end).orElse(true);
    }

    /** Puts an area into free addresses; it keeps its file open from now on. */
    void insert(Vma vma) {
        vma.file().ifPresent(MappedFile::retain);
        put(vma);
    }

    /** Takes an area out. */
    void remove(Vma vma, Dropped dropped) {
        take(vma);
        dropped.add(vma);
    }

    /** Puts an area in the place of one that covers the same addresses and file. */
    void replace(Vma old, Vma changed) {
        take(old);
        put(changed);
    }

    /** Makes an area begin at an address within one, if there is one. */
    void splitAt(long address) {
        Map.Entry<Long, Vma> entry = byStart.lowerEntry(address);
        if (entry == null || entry.getValue().end() <= address) {
            return;
        }
        Vma vma = entry.getValue();
        take(vma);
        put(vma.part(vma.start(), address));
        insert(vma.part(address, vma.end()));
    }

    /** Joins areas that touch in a range, or at its ends, and are of one kind. */
    void merge(long start, long end, Dropped dropped) {
        Map.Entry<Long, Vma> entry = byStart.lowerEntry(start);
        if (entry == null) {
            entry = byStart.ceilingEntry(start);
        }
        while (entry != null && entry.getValue().end() <= end) {
            Vma first = entry.getValue();
            Map.Entry<Long, Vma> next = byStart.higherEntry(entry.getKey());
            if (next != null && first.canMergeWith(next.getValue())) {
                take(first);
                remove(next.getValue(), dropped);
                put(first.at(first.start(), next.getValue().end(), first.offset()));
                next = byStart.floorEntry(first.start());
            }
            entry = next;
        }
    }

    /**
     * The highest free addresses below a limit, which is the same at every call.
     *
     * @return their start, or -1 if there is no room
     */
    long findTopDown(long length, long lowest, long limit) {
        if (length <= largestHole) {
            searchEnd = limit;
            largestHole = 0;
        }
        long from = Math.min(searchEnd, limit);
        Map.Entry<Long, Vma> above = byStart.ceilingEntry(from);
        long gapEnd = above == null ? from : Math.min(from, above.getValue().startWithGap());
        for (Vma vma : byStart.headMap(from, false).descendingMap().values()) {
            if (gapEnd - vma.end() >= length) {
                searchEnd = gapEnd;
                return gapEnd - length;
            }
            largestHole = Math.max(largestHole, gapEnd - vma.end());
            gapEnd = vma.startWithGap();
        }
        searchEnd = gapEnd;
        return gapEnd - lowest >= length ? gapEnd - length : -1;
    }

    /**
     * The lowest free addresses from one on.
     *
     * @return their start, or -1 if there is no room below the limit
     */
    long findBottomUp(long length, long lowest, long limit) {
        long gapStart = Math.max(lowest, find(lowest).map(Vma::end).orElse(lowest));
        for (Vma vma : byStart.tailMap(gapStart, true).values()) {
            if (Math.min(vma.startWithGap(), limit) - gapStart >= length) {
                return gapStart;
            }
            gapStart = vma.end();
        }
        return limit - gapStart >= length ? gapStart : -1;
    }

    long totalPages() {
        return total;
    }

    long dataPages() {
        return data;
    }

    long stackPages() {
        return stack;
    }

    long executablePages() {
        return executable;
    }

    long lockedPages() {
        return locked;
    }

    /** How many pages of a range are in locked areas. */
    long lockedPagesIn(long start, long end) {
        return overlapping(start, end).stream()
                .filter(vma -> vma.has(Vma.LOCKED))
                .mapToLong(vma -> vma.part(start, end).pages())
                .sum();
    }

    private void put(Vma vma) {
        byStart.put(vma.start(), vma);
        count(vma, vma.pages());
    }

    private void take(Vma vma) {
        byStart.remove(vma.start());
        if (vma.end() > searchEnd) {
            Map.Entry<Long, Vma> above = byStart.higherEntry(vma.start());
            long holeEnd = above == null ? Long.MAX_VALUE : above.getValue().startWithGap();
            searchEnd = Math.max(searchEnd, holeEnd);
        }
        count(vma, -vma.pages());
    }

    private void count(Vma vma, long pages) {
        total += pages;
        if (isData(vma)) {
            data += pages;
        } else if (vma.has(Vma.GROWS_DOWN)) {
            stack += pages;
        } else if (vma.access().canExecute() && !vma.access().canWrite()) {
            executable += pages;
        }
        if (vma.has(Vma.LOCKED)) {
            locked += pages;
        }
    }

    /** Whether an area counts against {@code RLIMIT_DATA} ({@code is_data_mapping}). */
    static boolean isData(Vma vma) {
        return isData(vma.access(), vma.flags());
    }

    static boolean isData(AccessType access, int flags) {
        return access.canWrite() && (flags & (Vma.SHARED | Vma.GROWS_DOWN)) == 0;
    }
}

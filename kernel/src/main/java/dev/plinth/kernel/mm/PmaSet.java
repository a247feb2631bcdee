package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The areas of an address space that have pages, by address; no two overlap.
 *
 * <p>Guarded by the pager's active lock: for reading where a method only finds, else for writing.
 */
@SavedWith(MemoryManager.class)
final class PmaSet {
    private final TreeMap<Long, Pma> byStart = new TreeMap<>();

    @NotSaved("counted again")
    private long residentPages;

    @NotSaved("counted again")
    private long residentFilePages;

    private long peakResidentPages;

    /**
     * The area that was found last. A hint: written by those who hold the lock for reading, in any
     * order, and reset when an area is taken out.
     */
    @NotSaved("a cache")
    private Pma lastFound;

    /** The pages at an address if the guest could access them in this way, or null. */
    Pma findAllowed(long address, AccessType attempt) {
        Pma pma = lastFound;
        if (pma == null || !pma.contains(address)) {
            pma = find(address);
            if (pma == null) {
                return null;
            }
            lastFound = pma;
        }
        return pma.allows(attempt) ? pma : null;
    }

    /** The area at an address, or null if it has none. */
    Pma find(long address) {
        Map.Entry<Long, Pma> entry = byStart.floorEntry(address);
        return entry != null && entry.getValue().contains(address) ? entry.getValue() : null;
    }

    /** Where the nearest area below an address ends; zero if there is none. */
    long endBelow(long address) {
        Map.Entry<Long, Pma> entry = byStart.lowerEntry(address);
        return entry == null ? 0 : entry.getValue().end;
    }

    /** Where the nearest area above an address begins; the greatest number if there is none. */
    long startAbove(long address) {
        Long key = byStart.higherKey(address);
        return key == null ? Long.MAX_VALUE : key;
    }

    /** The first area that begins at an address or above it, or null if there is none. */
    Pma from(long address) {
        Map.Entry<Long, Pma> entry = byStart.ceilingEntry(address);
        return entry == null ? null : entry.getValue();
    }

    /** The areas that begin in a range: all that lie in it, if there are borders at its ends. */
    Collection<Pma> startingIn(long start, long end) {
        return byStart.subMap(start, end).values();
    }

    /** The areas that begin in a range, and the one before, which may reach into it. */
    Collection<Pma> reachingInto(long start, long end) {
        Long from = byStart.floorKey(start);
        return byStart.subMap(from == null ? start : from, end).values();
    }

    /**
     * Takes the areas of a range out.
     *
     * @param unused takes their places in the memory file
     * @return whether some of it may be mapped for the guest
     */
    boolean remove(long start, long end, List<AddressRange> unused) {
        split(start);
        split(end);
        Map.Entry<Long, Pma> entry = byStart.ceilingEntry(start);
        boolean any = false;
        while (entry != null && entry.getKey() < end) {
            Pma pma = entry.getValue();
            take(pma);
            if (pma.isCounted()) {
                unused.add(AddressRange.ofLength(pma.offset, pma.end - pma.start));
            }
            any |= pma.access != AccessType.NONE;
            entry = byStart.higherEntry(entry.getKey());
        }
        return any;
    }

    /** Makes an area begin at an address within one, if there is one. */
    void split(long address) {
        Map.Entry<Long, Pma> entry = byStart.lowerEntry(address);
        if (entry != null && entry.getValue().end > address) {
            byStart.put(address, entry.getValue().splitAt(address));
        }
    }

    /** Joins areas that touch in a range or at its ends, where one can go on over the next. */
    void merge(long start, long end) {
        Map.Entry<Long, Pma> entry = byStart.lowerEntry(start);
        if (entry == null) {
            entry = byStart.ceilingEntry(start);
        }
        while (entry != null && entry.getValue().end <= end) {
            Pma pma = entry.getValue();
            Map.Entry<Long, Pma> next = byStart.higherEntry(entry.getKey());
            while (next != null && pma.canMergeWith(next.getValue())) {
                byStart.remove(next.getKey());
                pma.end = next.getValue().end;
                lastFound = null;
                next = byStart.higherEntry(entry.getKey());
            }
            entry = next;
        }
    }

    /** Adds an area where there is none. */
    void put(Pma pma) {
        byStart.put(pma.start, pma);
        count(pma, 1);
        peakResidentPages = Math.max(peakResidentPages, residentPages);
    }

    /** Takes an area out. */
    void take(Pma pma) {
        byStart.remove(pma.start);
        lastFound = null;
        count(pma, -1);
    }

    private void count(Pma pma, int sign) {
        long pages = sign * ((pma.end - pma.start) >> Pages.SHIFT);
        residentPages += pages;
        if (!pma.isOwned()) {
            residentFilePages += pages;
        }
    }

    /**
     * How many pages are resident.
     *
     * @param now all of them
     * @param ofFiles those that belong to files and shared memory
     * @param peak the most that there have been
     */
    record Resident(long now, long ofFiles, long peak) {}

    /** Says how many pages there were at most before these. */
    void setPeak(long pages) {
        peakResidentPages = Math.max(pages, residentPages);
    }

    Collection<Pma> all() {
        return byStart.values();
    }

    Resident resident() {
        return new Resident(residentPages, residentFilePages, peakResidentPages);
    }
}

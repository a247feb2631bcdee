package dev.plinth.platform.kvm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What is mapped in an address space: what its page tables, which are filled as pages are touched,
 * are to say.
 *
 * <p>Confined to whoever holds the lock of the address space.
 */
final class Mappings {
    private static final long MAX_ADDRESS = Long.MAX_VALUE;

    /** By start; they do not overlap, and none continues the one before. */
    private final TreeMap<Long, Mapping> byStart = new TreeMap<>();

    /** The mapping that holds an address. */
    Optional<Mapping> find(long address) {
        Map.Entry<Long, Mapping> floor = byStart.floorEntry(address);
        return floor != null && floor.getValue().range().contains(address)
                ? Optional.of(floor.getValue())
                : Optional.empty();
    }

    /** Adds a mapping in place of whatever was there. */
    void put(Mapping mapping) {
        remove(mapping.range());
        insert(mapping);
    }

    /** Changes the access to a range. */
    void protect(AddressRange range, AccessType access) {
        for (Mapping part : remove(range)) {
            insert(part.with(access));
        }
    }

    /** Whether all of a range is mapped. */
    boolean covers(AddressRange range) {
        long address = range.start();
        while (address < range.end()) {
            Optional<Mapping> found = find(address);
            if (found.isEmpty()) {
                return false;
            }
            address = found.get().range().end();
        }
        return true;
    }

    /**
     * Removes what is mapped in a range.
     *
     * @return that, in order
     */
    List<Mapping> remove(AddressRange range) {
        List<Mapping> removed = new ArrayList<>();
        Map.Entry<Long, Mapping> each = byStart.floorEntry(range.start());
        if (each == null || !each.getValue().range().overlaps(range)) {
            each = byStart.higherEntry(range.start());
        }
        while (each != null && each.getValue().range().overlaps(range)) {
            Mapping mapping = each.getValue();
            byStart.remove(each.getKey());
            keep(mapping.within(new AddressRange(0, range.start())));
            keep(mapping.within(new AddressRange(range.end(), MAX_ADDRESS)));
            removed.add(mapping.within(range));
            each = byStart.higherEntry(each.getKey());
        }
        return removed;
    }

    private void keep(Mapping part) {
        if (!part.range().isEmpty()) {
            byStart.put(part.range().start(), part);
        }
    }

    private void insert(Mapping mapping) {
        Mapping joined = mapping;
        Map.Entry<Long, Mapping> before = byStart.lowerEntry(mapping.range().start());
        if (before != null && before.getValue().continuesWith(joined)) {
            joined = join(before.getValue(), joined);
        }
        Mapping after = byStart.get(mapping.range().end());
        if (after != null && joined.continuesWith(after)) {
            byStart.remove(after.range().start());
            joined = join(joined, after);
        }
        byStart.put(joined.range().start(), joined);
    }

    private static Mapping join(Mapping first, Mapping second) {
        return new Mapping(
                new AddressRange(first.range().start(), second.range().end()),
                first.guestPhysical(),
                first.access());
    }
}

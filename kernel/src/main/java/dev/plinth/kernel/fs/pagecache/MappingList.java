package dev.plinth.kernel.fs.pagecache;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.state.NotSaved;

import java.util.ArrayList;
import java.util.List;

/**
 * Who has a file mapped, and where. Linux calls it {@code i_mmap}.
 *
 * <p>Any thread may call any method. Its lock is held while observers are told, as the lock order
 * of {@code mm} says: a mapping cannot go meanwhile, so that what is dropped are pages of this
 * file, never those of another mapping that took the addresses.
 */
@NotSaved("mappings add themselves when they are made again")
public final class MappingList {
    private final Object mappingsLock = new Object();

    @GuardedBy("mappingsLock")
    private final List<Mapping> mappings = new ArrayList<>();

    private record Mapping(
            Mappable.Observer observer, AddressRange range, long start, boolean sharedWritable) {
        long end() {
            return start + range.length();
        }

        Mapping part(AddressRange addresses) {
            return new Mapping(
                    observer,
                    addresses,
                    start + (addresses.start() - range.start()),
                    sharedWritable);
        }
    }

    /** See {@link Mappable#addMapping}. */
    public void add(
            Mappable.Observer observer, AddressRange range, long start, boolean sharedWritable) {
        synchronized (mappingsLock) {
            mappings.add(new Mapping(observer, range, start, sharedWritable));
        }
    }

    /**
     * See {@link Mappable#removeMapping}: what was added, a part of it, or several that lie side by
     * side, for areas of memory are split and merged meanwhile.
     */
    @SuppressWarnings("ReferenceEquality") // The same observer, not an equal one.
    public void remove(
            Mappable.Observer observer, AddressRange range, long start, boolean sharedWritable) {
        synchronized (mappingsLock) {
            long removed = 0;
            // Downwards, for what is kept of a mapping is added at the end.
            for (int i = mappings.size() - 1; i >= 0; i--) {
                Mapping mapping = mappings.get(i);
                boolean matches =
                        mapping.observer.equals(observer)
                                && mapping.sharedWritable == sharedWritable
                                && mapping.range.overlaps(range)
                                && mapping.start - mapping.range.start() == start - range.start();
                if (matches) {
                    AddressRange gone = mapping.range.intersect(range);
                    mappings.remove(i);
                    keepRest(mapping, gone);
                    removed += gone.length();
                }
            }
            if (removed != range.length()) {
                throw new IllegalStateException("not mapped: " + range);
            }
        }
    }

    @GuardedBy("mappingsLock")
    private void keepRest(Mapping mapping, AddressRange gone) {
        AddressRange before = new AddressRange(mapping.range.start(), gone.start());
        AddressRange after = new AddressRange(gone.end(), mapping.range.end());
        if (!before.isEmpty()) {
            mappings.add(mapping.part(before));
        }
        if (!after.isEmpty()) {
            mappings.add(mapping.part(after));
        }
    }

    /**
     * Has everyone who maps pages of one file map those of another instead, and tells them that
     * what they have is gone.
     *
     * @param from where every mapping of this list is noted too
     * @param to where it is noted from now on
     */
    public void moveAll(Mappable from, Mappable to) {
        synchronized (mappingsLock) {
            for (Mapping mapping : mappings) {
                from.removeMapping(
                        mapping.observer, mapping.range, mapping.start, mapping.sharedWritable);
                to.addMapping(
                        mapping.observer, mapping.range, mapping.start, mapping.sharedWritable);
            }
        }
        invalidate(0, Long.MAX_VALUE, false);
    }

    /** Whether nobody has the file mapped. */
    public boolean isEmpty() {
        synchronized (mappingsLock) {
            return mappings.isEmpty();
        }
    }

    /** Whether someone has the file mapped so that writes go to it. */
    public boolean hasSharedWritable() {
        synchronized (mappingsLock) {
            return mappings.stream().anyMatch(Mapping::sharedWritable);
        }
    }

    /**
     * Tells everyone who has them mapped that pages of the file are gone; see {@link
     * Mappable.Observer#invalidate}.
     *
     * @param start in the file
     * @param end in the file
     */
    public void invalidate(long start, long end, boolean alsoPrivate) {
        synchronized (mappingsLock) {
            for (Mapping mapping : mappings) {
                long from = Math.max(start, mapping.start);
                long to = Math.min(end, mapping.end());
                if (from < to) {
                    long address = mapping.range.start() + (from - mapping.start);
                    mapping.observer.invalidate(
                            AddressRange.ofLength(address, to - from), alsoPrivate);
                }
            }
        }
    }
}

package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.memory.ImageMemory;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * How pages of an address space come to be there: brought in from what is behind an area, read from
 * an image, copied before they are written.
 *
 * <p>Of a {@link Pager}, which holds its active lock for writing around each call.
 */
@NotSaved("a part of its pager")
final class Population {
    /** Private anonymous memory is brought in by blocks of this size. */
    static final long BLOCK = 2L << 20;

    /**
     * A process's own pages are copied by windows of this size: a fault costs about as much as
     * copying three.
     */
    static final long COPY_WINDOW = 16 << 10;

    /**
     * Pages of files that are only open for reading are copied by windows of this size: they are
     * data of programs and libraries, which the dynamic linker writes to from end to end.
     */
    private static final long FILE_COPY_WINDOW = 64 << 10;

    private final MemoryFile memory;
    private final PageSource source;
    private final PmaSet active;

    /**
     * Fills an address space.
     *
     * @param active its pages; of the pager
     */
    Population(MemoryFile memory, PmaSet active) {
        this.memory = requireNonNull(memory, "memory is null");
        this.source = new PageSource(memory);
        this.active = requireNonNull(active, "active is null");
    }

    /**
     * Brings pages in, or makes those that are there accessible.
     *
     * @param vma which allows the access
     * @param start of the pages that are needed, page aligned
     * @param end of them
     * @param attempt what the guest is about to do
     * @param batch what the address space has to be told is added to it
     * @param unused what nobody has mapped any more is added to it
     * @return how far the pages are accessible now, above {@code start}
     * @throws BusErrorException if nothing is behind the first page
     * @throws ErrnoException if the first page cannot be had
     */
    long populate(
            Vma vma,
            long start,
            long end,
            AccessType attempt,
            MappingBatch batch,
            List<AddressRange> unused) {
        long at = start;
        while (at < end) {
            Pma pma = active.find(at);
            if (pma != null && pma.allows(attempt)) {
                at = pma.end;
                continue;
            }
            try {
                if (pma == null) {
                    bringIn(vma, at, end, attempt, batch);
                } else if (pma.kind == Pma.Kind.UNREAD) {
                    read(vma, at, batch);
                } else if (pma.access == AccessType.NONE && pma.accessIn(vma) != AccessType.NONE) {
                    map(vma, at, batch);
                } else {
                    makeWritable(vma, pma, at, end, batch, unused);
                }
            } catch (BusErrorException | ErrnoException e) {
                if (at == start) {
                    throw e;
                }
                return at;
            }
        }
        return at;
    }

    /** Brings in pages where there are none, at least one of those from {@code at} on or before. */
    private void bringIn(Vma vma, long at, long end, AccessType attempt, MappingBatch batch) {
        long gapStart = Math.max(vma.start(), active.endBelow(at));
        long gapEnd = Math.min(vma.end(), active.startAbove(at));
        Pma pma;
        if (vma.mappable().isEmpty()) {
            pma = source.zeros(gapStart, gapEnd, at);
        } else {
            long needed = Math.min(gapEnd, end);
            pma =
                    attempt == AccessType.WRITE && vma.isShared()
                            ? source.forWriting(vma, at, needed, gapEnd)
                            : source.around(vma, gapStart, gapEnd, at, needed);
        }
        insert(vma, pma, batch);
    }

    /**
     * Has pages of the image that were not looked at yet: the one at an address, and those that
     * come with it.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if they are not what was written
     */
    private void read(Vma vma, long at, MappingBatch batch) {
        Pma unread = active.find(at);
        long lowest = Math.max(Math.max(unread.start, vma.start()), at & -BLOCK);
        long end = Math.min(Math.min(unread.end, vma.end()), (at & -BLOCK) + BLOCK);
        ImageMemory.Run run =
                source.ofImage(unread.pageOf(at), unread.pageOf(lowest), unread.pageOf(end));
        long start = at + ((run.first() - unread.pageOf(at)) << Pages.SHIFT);
        long stop = at + ((run.end() - unread.pageOf(at)) << Pages.SHIFT);
        List<AddressRange> none = new ArrayList<>(0);
        if (!run.isZero()) {
            active.remove(start, stop, none);
            insert(vma, Pma.ofImage(start, stop, memory.placeOfImage(run.place())), batch);
        } else if (vma.mappable().isEmpty()) {
            active.remove(start, stop, none);
        } else {
            // Not what the file has there: zeros were written over it.
            Pma zeros = source.zeros(start, stop, at);
            active.remove(zeros.start, zeros.end, none);
            insert(vma, zeros, batch);
        }
    }

    /** Maps pages that are there, but that the address space does not know. */
    private void map(Vma vma, long at, MappingBatch batch) {
        long start = Math.max(vma.start(), at & -BLOCK);
        long end = Math.min(vma.end(), (at & -BLOCK) + BLOCK);
        active.split(start);
        active.split(end);
        Pma pma = active.find(at);
        batch.changeAccess(pma, pma.accessIn(vma));
        active.merge(start, end);
    }

    /** Makes pages writable that are there, at least one of those from {@code at} on. */
    private void makeWritable(
            Vma vma, Pma pma, long at, long end, MappingBatch batch, List<AddressRange> unused) {
        if (vma.isShared()) {
            long most = Math.min(pma.end, vma.end());
            Pma writable = source.forWriting(vma, at, Math.min(most, end), most);
            active.remove(writable.start, writable.end, unused);
            insert(vma, writable, batch);
            return;
        }
        if (pma.kind == Pma.Kind.OWN) {
            long start = Math.max(Math.max(pma.start, vma.start()), at & -BLOCK);
            long stop = Math.min(Math.min(pma.end, vma.end()), (at & -BLOCK) + BLOCK);
            if (memory.isExclusive(pma.offsetOf(start), stop - start)) {
                active.split(start);
                active.split(stop);
                Pma mine = active.find(at);
                mine.copyOnWrite = false;
                mine.access = mine.accessIn(vma);
                batch.protect(start, stop, mine.access);
                active.merge(start, stop);
                return;
            }
        }
        copy(vma, pma, at, end, batch, unused);
    }

    private void copy(
            Vma vma, Pma pma, long at, long end, MappingBatch batch, List<AddressRange> unused) {
        boolean isData = !pma.isOwned() && vma.file().filter(MappedFile::isWritable).isEmpty();
        long window = isData ? FILE_COPY_WINDOW : COPY_WINDOW;
        long start = Math.max(Math.max(pma.start, vma.start()), at & -window);
        long wanted = Math.min(end, at + BLOCK);
        long stop =
                Math.min(Math.min(pma.end, vma.end()), Math.max(wanted, (at & -window) + window));
        long offset;
        try {
            offset = memory.allocate(stop - start);
        } catch (ErrnoException e) {
            start = at;
            stop = at + Pages.SIZE;
            offset = memory.allocate(Pages.SIZE);
        }
        MemorySegment.copy(memory.all(), pma.offsetOf(start), memory.view(), offset, stop - start);
        active.remove(start, stop, unused);
        insert(vma, Pma.owned(start, stop, offset), batch);
    }

    /** Has pages that there were none of at their addresses. */
    void insert(Vma vma, Pma pma, MappingBatch batch) {
        pma.access = pma.accessIn(vma);
        active.put(pma);
        if (pma.access != AccessType.NONE) {
            batch.map(pma.start, pma.end, pma.offset, pma.access);
        }
        active.merge(pma.start, pma.end);
    }
}

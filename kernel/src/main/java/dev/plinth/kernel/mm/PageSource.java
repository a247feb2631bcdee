package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.memory.ImageMemory;
import dev.plinth.kernel.memory.MemoryFile;

/**
 * Where pages come from that an area has none of: fresh ones, those of what is mapped, those of the
 * image that the sandbox was restored from.
 *
 * <p>Used under the active lock of a {@link Pager}, which takes them into use.
 */
final class PageSource {
    /**
     * Pages of files are brought in from a multiple of this size on: a fault costs about as much as
     * reading four pages that the host has. How far they go is the file's to say, up to the end of
     * the block.
     */
    private static final long FILE_WINDOW = 128 << 10;

    /**
     * Pages that an image needs as they were are made writable by windows of this size: a fault
     * costs as much as copying them.
     */
    private static final long FROZEN_WINDOW = 64 << 10;

    private final MemoryFile memory;

    PageSource(MemoryFile memory) {
        this.memory = requireNonNull(memory, "memory is null");
    }

    /** Zero pages for a gap, or for a block of it, the page at an address among them. */
    Pma zeros(long gapStart, long gapEnd, long at) {
        long start = gapStart;
        long end = gapEnd;
        if (end - start > Population.BLOCK) {
            start = Math.max(gapStart, at & -Population.BLOCK);
            end = Math.min(gapEnd, (at & -Population.BLOCK) + Population.BLOCK);
        }
        try {
            long alignment = end - start == Population.BLOCK ? Population.BLOCK : Pages.SIZE;
            return Pma.owned(start, end, memory.allocate(end - start, alignment));
        } catch (ErrnoException e) {
            // Near the limit, or with a file in pieces: the page that is needed may yet be had.
            return Pma.owned(at, at + Pages.SIZE, memory.allocate(Pages.SIZE));
        }
    }

    /** Pages of a file for reading, with some before and behind those that are needed. */
    Pma around(Vma vma, long gapStart, long gapEnd, long at, long needed) {
        long windowStart = Math.max(gapStart, at & -FILE_WINDOW);
        long windowEnd = windowEnd(at, needed, gapEnd);
        if (windowStart < at) {
            try {
                return pagesOf(vma, windowStart, needed, windowEnd, AccessType.READ);
            } catch (BusErrorException | ErrnoException e) {
                // The pages before are a guess; only an error for the needed ones counts.
                return pagesOf(vma, at, needed, windowEnd, AccessType.READ);
            }
        }
        return pagesOf(vma, at, needed, windowEnd, AccessType.READ);
    }

    private static long windowEnd(long at, long needed, long gapEnd) {
        return Math.min(gapEnd, Math.max(needed, (at & -Population.BLOCK) + Population.BLOCK));
    }

    private Pma pagesOf(Vma vma, long from, long needed, long optional, AccessType access) {
        Mappable mappable = vma.mappable().orElseThrow();
        Mappable.FilePages pages =
                mappable.pages(
                        vma.offsetOf(from), vma.offsetOf(needed), vma.offsetOf(optional), access);
        long length = Math.min(pages.end() - pages.start(), optional - from);
        boolean frozen = memory.isFrozen(pages.memoryOffset(), length);
        if (frozen && access == AccessType.WRITE) {
            length = Math.min(length, FROZEN_WINDOW);
        }
        long surplus = pages.end() - pages.start() - length;
        if (surplus > 0) {
            memory.release(pages.memoryOffset() + length, surplus);
        }
        boolean complete = false;
        try {
            if (access == AccessType.WRITE) {
                memory.aboutToWrite(pages.memoryOffset(), length);
            } else {
                memory.require(pages.memoryOffset(), length);
            }
            complete = true;
        } finally {
            if (!complete) {
                memory.release(pages.memoryOffset(), length);
            }
        }
        boolean writable = pages.maxAccess().canWrite() && (access == AccessType.WRITE || !frozen);
        return Pma.ofMappable(from, from + length, pages.memoryOffset(), writable);
    }

    /** Pages of a shared mapping, which are about to be written. */
    Pma forWriting(Vma vma, long at, long needed, long gapEnd) {
        return pagesOf(vma, at, needed, windowEnd(at, needed, gapEnd), AccessType.WRITE);
    }

    /**
     * Where pages of the image are, which can be used then.
     *
     * @param page number of the one that is needed
     * @param lowest of those that may be had with it
     * @param end of those that may be had with it
     * @throws dev.plinth.kernel.image.ImageCorruptException if they are not what was written
     */
    ImageMemory.Run ofImage(long page, long lowest, long end) {
        // An image that has no page at all is no memory.
        return memory.image().isPresent()
                ? memory.image().get().read(page, lowest, end)
                : new ImageMemory.Run(lowest, end, -1);
    }
}

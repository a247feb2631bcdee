package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.memory.MemoryFile;

import java.util.HashMap;
import java.util.Map;

/**
 * Memory that a process shares with those it forks: {@code MAP_SHARED | MAP_ANONYMOUS}.
 *
 * <p>It gives its pages back when the last mapping of it is gone.
 */
final class SharedAnonymous implements Mappable {
    /** Pages are allocated in pieces of this size, at multiples of it. */
    private static final long PIECE = 2L << 20;

    private final MemoryFile memory;
    private final long size;

    private final Object pagesLock = new Object();

    /** Number of a piece &rarr; its place in the memory file. */
    @GuardedBy("pagesLock")
    private final Map<Long, Long> pieces = new HashMap<>();

    /** The sum of the lengths of all mappings. */
    @GuardedBy("pagesLock")
    private long mappedBytes;

    SharedAnonymous(MemoryFile memory, long size) {
        this.memory = requireNonNull(memory, "memory is null");
        this.size = size;
    }

    @Override
    public FilePages pages(long start, long end, long optionalEnd, AccessType access) {
        if (start >= size) {
            // Reached by growing the mapping with mremap(2), which does not grow what is mapped.
            throw BusErrorException.INSTANCE;
        }
        long number = start / PIECE;
        long pieceStart = number * PIECE;
        long pieceEnd = Math.min(pieceStart + PIECE, size);
        synchronized (pagesLock) {
            Long piece = pieces.get(number);
            if (piece == null) {
                piece = memory.allocate(pieceEnd - pieceStart);
                pieces.put(number, piece);
            }
            long to = Math.min(pieceEnd, optionalEnd);
            long offset = piece + (start - pieceStart);
            memory.retain(offset, to - start);
            return new FilePages(start, to, offset, AccessType.READ_WRITE_EXECUTE);
        }
    }

    /** Makes a part of it zero. */
    void clear(long start, long end) {
        synchronized (pagesLock) {
            for (long at = start; at < Math.min(end, size); ) {
                long stop = Math.min(Math.min(end, size), (at / PIECE + 1) * PIECE);
                Long piece = pieces.get(at / PIECE);
                if (piece != null) {
                    memory.slice(piece + at % PIECE, stop - at).fill((byte) 0);
                }
                at = stop;
            }
        }
    }

    @Override
    public void addMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        synchronized (pagesLock) {
            mappedBytes += range.length();
        }
    }

    @Override
    public void removeMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        synchronized (pagesLock) {
            mappedBytes -= range.length();
            if (mappedBytes == 0) {
                pieces.forEach((number, offset) ->
                        memory.release(offset, Math.min(PIECE, size - number * PIECE)));
                pieces.clear();
            }
        }
    }
}

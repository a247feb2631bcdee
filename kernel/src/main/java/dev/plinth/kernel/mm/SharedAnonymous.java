package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.SharedMemoryState;
import dev.plinth.kernel.state.proto.SharedPieceState;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Memory that a process shares with those it forks: {@code MAP_SHARED | MAP_ANONYMOUS}.
 *
 * <p>It gives its pages back when the last mapping of it is gone.
 */
final class SharedAnonymous implements Mappable, Stateful, AutoCloseable {
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
    @NotSaved("counted again as it is mapped")
    private long mappedBytes;

    SharedAnonymous(MemoryFile memory, long size) {
        this.memory = requireNonNull(memory, "memory is null");
        this.size = size;
    }

    /** Makes memory again that was saved. */
    static SharedAnonymous restore(MemoryFile memory, SharedMemoryState state, StateReader reader) {
        long size = state.getSize();
        if (size <= 0 || !Pages.isAligned(size)) {
            throw StateReader.corrupt("shared memory of %d bytes".formatted(size));
        }
        SharedAnonymous shared = new SharedAnonymous(memory, size);
        reader.counted(shared, shared::close);
        shared.restorePieces(state.getPiecesList(), reader);
        return shared;
    }

    private void restorePieces(List<SharedPieceState> saved, StateReader reader) {
        synchronized (pagesLock) {
            for (SharedPieceState piece : saved) {
                long number = piece.getNumber();
                if (number < 0
                        || number > (size - 1) / PIECE
                        || piece.getFirstPage() < 0
                        || piece.getFirstPage() > Long.MAX_VALUE >> Pages.SHIFT
                        || pieces.containsKey(number)) {
                    throw StateReader.corrupt("no piece of shared memory: " + number);
                }
                long offset = piece.getFirstPage() << Pages.SHIFT;
                reader.memory().adopt(offset, lengthOf(number));
                pieces.put(number, offset);
            }
        }
    }

    private long lengthOf(long number) {
        return Math.min(PIECE, size - number * PIECE);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        SharedMemoryState.Builder state = SharedMemoryState.newBuilder().setSize(size);
        synchronized (pagesLock) {
            pieces.forEach((number, offset) -> {
                writer.pages(offset, lengthOf(number));
                state.addPieces(
                        SharedPieceState.newBuilder()
                                .setNumber(number)
                                .setFirstPage(offset >> Pages.SHIFT));
            });
        }
        return ObjectState.newBuilder().setSharedMemory(state);
    }

    /** Gives its pages back unless it is mapped: after a restore that failed, it may never be. */
    @Override
    public void close() {
        synchronized (pagesLock) {
            if (mappedBytes == 0) {
                releaseLocked();
            }
        }
    }

    @GuardedBy("pagesLock")
    private void releaseLocked() {
        pieces.forEach((number, offset) -> memory.release(offset, lengthOf(number)));
        pieces.clear();
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
                releaseLocked();
            }
        }
    }
}

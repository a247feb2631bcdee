package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.MemorySubsystemState;
import dev.plinth.kernel.state.proto.PageRunState;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Optional;

/**
 * The pages of a sandbox at one moment, each once, however many processes have it.
 *
 * <p>Those that objects write to in place are frozen: the first write to each, when the world goes
 * on, copies it aside. Those that are copied on write are kept by a reference of the snapshot's, so
 * that they stay what they are; processes may have as much memory beyond the limit meanwhile, for
 * each page that they write is there twice.
 *
 * <p>Confined to one thread at a time. Closing it gives the references up.
 */
public final class MemorySnapshot implements StateWriter.SavedPages, AutoCloseable {
    /** Pages are written by pieces of this size at most. */
    private static final long PIECE_PAGES = 1024;

    /**
     * Frozen pages are read by pieces of this size at most: whoever is about to write to one waits
     * meanwhile.
     */
    private static final int FROZEN_PIECE_PAGES = 64;

    private final MemoryFile memory;
    private final BitSet inPlace = new BitSet();

    /** Pages of the memory file that this has a reference to, by their place. */
    @NotSaved("lives while an image is written")
    private final BitSet kept = new BitSet();

    /** What is to be written of them, and pages of the image; by their place. */
    @NotSaved("said by those who have them")
    private final BitSet copiedOnWrite = new BitSet();

    /** Those that are written to in place, once they are frozen. */
    @NotSaved("lives while an image is written")
    private Optional<FrozenPages> frozen = Optional.empty();

    @NotSaved("lives while an image is written")
    private boolean closed;

    /** Writes pages somewhere. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Writes pages that were not written before.
         *
         * @param firstPage number of the first one
         * @param content whole pages, valid during the call only
         */
        void write(long firstPage, MemorySegment content) throws IOException;
    }

    /**
     * A snapshot with no page yet.
     *
     * @param memory where they are; borrowed, outlives it
     */
    public MemorySnapshot(MemoryFile memory) {
        this.memory = requireNonNull(memory, "memory is null");
    }

    @Override
    public void add(long offset, long length) {
        inPlace.set(page(offset), page(offset + length));
    }

    @Override
    public void addCopiedOnWrite(long offset, long length) {
        keep(offset, length);
        copiedOnWrite.set(page(offset), page(offset + length));
    }

    /**
     * Keeps pages as they are, which perhaps will be those of the moment.
     *
     * <p>Precondition: the caller holds a reference to them, and nobody writes to them.
     *
     * @param offset in the memory file or behind it, page aligned
     * @param length in bytes, page aligned
     */
    public void keep(long offset, long length) {
        if (memory.isOfImage(offset)) {
            return;
        }
        int end = page(offset + length);
        int at = kept.nextClearBit(page(offset));
        while (at < end) {
            int next = kept.nextSetBit(at);
            int stop = next < 0 ? end : Math.min(next, end);
            memory.retainBeyondLimit(bytes(at), bytes(stop - at));
            kept.set(at, stop);
            at = kept.nextClearBit(stop);
        }
    }

    private static int page(long offset) {
        return Math.toIntExact(offset >> Pages.SHIFT);
    }

    private static long bytes(long pages) {
        return pages << Pages.SHIFT;
    }

    /** How many pages there are. */
    public long pages() {
        return (long) inPlace.cardinality() + copiedOnWrite.cardinality();
    }

    /** What a checkpoint keeps of the memory as a whole. */
    public MemorySubsystemState saveState() {
        MemorySubsystemState.Builder state = MemorySubsystemState.newBuilder();
        for (int at = inPlace.nextSetBit(0); at >= 0; ) {
            int end = inPlace.nextClearBit(at);
            state.addInPlace(PageRunState.newBuilder().setFirstPage(at).setPages(end - at));
            at = inPlace.nextSetBit(end);
        }
        return state.build();
    }

    /**
     * Freezes the pages that are written to in place, as they are now; all were added.
     *
     * <p>Precondition: the world is stopped. Before it goes on, all processes that have some of
     * them mapped are made to ask before they write: see {@code MemoryManager.protectFrozenPages}.
     *
     * @throws dev.plinth.api.host.HostCallException if the host has no room for what is copied
     */
    public void freeze() {
        if (!inPlace.isEmpty()) {
            frozen = Optional.of(memory.freeze(inPlace));
        }
    }

    /**
     * Writes all pages, at any time after they were {@linkplain #freeze frozen}; once.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if some are those of an image, which
     *     are not what was written
     */
    public void writeTo(Sink sink) throws IOException {
        // Those first that the world has to copy twice: once aside, and then to the image.
        if (frozen.isPresent()) {
            writeFrozen(frozen.get(), sink);
        }
        if (memory.isOfImage(bytes(copiedOnWrite.length() - 1L))) {
            memory.image().ifPresent(ImageMemory::requireAll);
        }
        write(copiedOnWrite, sink);
    }

    private void writeFrozen(FrozenPages pages, Sink sink) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(bytes(FROZEN_PIECE_PAGES), Pages.SIZE);
            for (int at = inPlace.nextSetBit(0); at >= 0; ) {
                int end = Math.min(inPlace.nextClearBit(at), at + FROZEN_PIECE_PAGES);
                MemorySegment piece = buffer.asSlice(0, bytes(end - at));
                memory.require(bytes(at), bytes(end - at));
                pages.read(at, piece);
                sink.write(at, piece);
                at = inPlace.nextSetBit(end);
            }
        }
    }

    private void write(BitSet pages, Sink sink) throws IOException {
        for (int at = pages.nextSetBit(0); at >= 0; ) {
            int end = pages.nextClearBit(at);
            for (int from = at; from < end; ) {
                long count = Math.min(PIECE_PAGES, end - from);
                memory.require(bytes(from), bytes(count));
                sink.write(from, memory.all().asSlice(bytes(from), bytes(count)));
                from += (int) count;
            }
            at = pages.nextSetBit(end);
        }
    }

    /** Gives the references up; doing so again is harmless. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        frozen.ifPresent(FrozenPages::close);
        for (int at = kept.nextSetBit(0); at >= 0; ) {
            int end = kept.nextClearBit(at);
            memory.releaseBeyondLimit(bytes(at), bytes(end - at));
            at = kept.nextSetBit(end);
        }
    }
}

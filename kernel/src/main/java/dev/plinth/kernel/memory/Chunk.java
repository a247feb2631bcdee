package dev.plinth.kernel.memory;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.NotSaved;

/**
 * What is known of the pages in 2 MiB of the memory file.
 *
 * <p>A page is <em>used</em> (referenced), <em>free</em>, or, while its hole is being punched,
 * neither. A free page may be <em>dirty</em>: it has old content, and is zeroed before it is used
 * again. Not thread-safe; guarded by the memory file's lock.
 */
@NotSaved("references are counted again")
final class Chunk {
    /** Pages in a chunk. */
    static final int PAGES = 512;

    /** Bytes in a chunk. */
    static final long BYTES = (long) PAGES * Pages.SIZE;

    final PageBitmap free = new PageBitmap();
    final PageBitmap dirty = new PageBitmap();
    private final int[] references = new int[PAGES];

    Chunk() {
        free.set(0, PAGES);
    }

    /** Takes free pages into use, with one reference. */
    void take(int from, int to) {
        free.clear(from, to);
        for (int page = from; page < to; page++) {
            references[page] = 1;
        }
    }

    int references(int page) {
        return references[page];
    }

    /** Adds a reference to pages that are in use. */
    void retain(int from, int to) {
        for (int page = from; page < to; page++) {
            requireUsed(page);
            references[page]++;
        }
    }

    /**
     * Takes a reference from one page after the other, as long as the outcome is the same.
     *
     * @return the first page whose outcome (still used, or not) differs from that of {@code from}
     */
    int releaseAlike(int from, int to) {
        requireUsed(from);
        boolean dies = --references[from] == 0;
        int page = from + 1;
        while (page < to && (references[page] == 1) == dies) {
            requireUsed(page);
            references[page]--;
            page++;
        }
        return page;
    }

    private void requireUsed(int page) {
        if (references[page] <= 0) {
            throw new IllegalStateException("page " + page + " of the chunk is not in use");
        }
    }
}

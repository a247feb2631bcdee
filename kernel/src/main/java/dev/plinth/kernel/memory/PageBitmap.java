package dev.plinth.kernel.memory;

import dev.plinth.kernel.state.NotSaved;

/**
 * One bit for each page of a chunk.
 *
 * <p>Not thread-safe; guarded by the memory file's lock. Positions are page numbers within the
 * chunk, ranges are half open and not empty.
 */
@NotSaved("pages are saved by those who have them")
final class PageBitmap {
    private static final int WORDS = Chunk.PAGES / Long.SIZE;

    private final long[] words = new long[WORDS];

    void set(int from, int to) {
        for (int word = from >> 6; word <= (to - 1) >> 6; word++) {
            words[word] |= mask(word, from, to);
        }
    }

    void clear(int from, int to) {
        for (int word = from >> 6; word <= (to - 1) >> 6; word++) {
            words[word] &= ~mask(word, from, to);
        }
    }

    /** The bits of one word that lie in a range of positions. */
    private static long mask(int word, int from, int to) {
        int low = Math.max(from - (word << 6), 0);
        int high = Math.min(to - (word << 6), Long.SIZE);
        return (-1L >>> (Long.SIZE - (high - low))) << low;
    }

    int count() {
        int count = 0;
        for (long word : words) {
            count += Long.bitCount(word);
        }
        return count;
    }

    /** The first set bit from a position on, or {@link Chunk#PAGES} if there is none. */
    int nextSet(int from) {
        return next(from, 0);
    }

    /** The first clear bit from a position on, or {@link Chunk#PAGES} if there is none. */
    int nextClear(int from) {
        return next(from, -1);
    }

    private int next(int from, long flip) {
        int word = from >> 6;
        if (word >= WORDS) {
            return Chunk.PAGES;
        }
        long bits = (words[word] ^ flip) & (-1L << from);
        while (bits == 0) {
            if (++word == WORDS) {
                return Chunk.PAGES;
            }
            bits = words[word] ^ flip;
        }
        return (word << 6) + Long.numberOfTrailingZeros(bits);
    }

    /**
     * The first run of set bits that is long enough.
     *
     * @param alignment of its start, a power of two
     * @return its start, or -1 if there is none
     */
    int findRun(int length, int alignment) {
        int start = nextSet(0);
        while (start < Chunk.PAGES) {
            int end = nextClear(start);
            int aligned = (start + alignment - 1) & -alignment;
            if (end - aligned >= length) {
                return aligned;
            }
            start = nextSet(end);
        }
        return -1;
    }

    /** The length of the longest run of set bits. */
    int longestRun() {
        int longest = 0;
        int start = nextSet(0);
        while (start < Chunk.PAGES) {
            int end = nextClear(start);
            longest = Math.max(longest, end - start);
            start = nextSet(end);
        }
        return longest;
    }
}

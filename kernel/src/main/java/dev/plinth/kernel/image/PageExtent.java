package dev.plinth.kernel.image;

import dev.plinth.api.memory.Pages;

/**
 * Pages of the memory file that follow one another, and where they are stored.
 *
 * @param firstPage number of the first page in the memory file
 * @param pages how many, 1 to 64
 * @param offset of the stored bytes in the file of pages
 * @param storedBytes how many; as many as the pages have if they are not compressed
 * @param checksum CRC-32C of the pages, as they are in memory
 */
public record PageExtent(long firstPage, int pages, long offset, int storedBytes, int checksum) {
    public PageExtent {
        boolean fits =
                firstPage >= 0
                        && firstPage < ImageFormat.PAGE_NUMBER_MAX
                        && pages >= 1
                        && pages <= ImageFormat.EXTENT_PAGES_MAX
                        && offset >= 0
                        && offset <= Long.MAX_VALUE - storedBytes
                        && storedBytes >= 1
                        && storedBytes <= pages * (long) Pages.SIZE;
        if (!fits) {
            throw new IllegalArgumentException(
                    "not an extent: %d pages from %d, %d bytes at %d"
                            .formatted(pages, firstPage, storedBytes, offset));
        }
    }

    /** The number of the page behind the last one. */
    public long endPage() {
        return firstPage + pages;
    }

    /** How many bytes the pages have in memory. */
    public int bytes() {
        return (int) (pages * (long) Pages.SIZE);
    }

    /** Whether the stored bytes are the pages as they are in memory. */
    public boolean isPlain() {
        return storedBytes == bytes();
    }
}

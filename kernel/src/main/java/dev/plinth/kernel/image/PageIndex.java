package dev.plinth.kernel.image;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.Pages;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * Which pages of the memory file an image has; pages in none of its extents are zero.
 *
 * <p>Keeps 32 bytes an extent. Any thread may call any method.
 */
public final class PageIndex {
    private final Compression compression;

    /** The extents as they are in the file, one behind the other. */
    private final ByteBuffer extents;

    private final int size;

    private PageIndex(Compression compression, ByteBuffer extents) {
        this.compression = compression;
        this.extents = extents;
        this.size = extents.capacity() / ImageFormat.EXTENT_BYTES;
    }

    /**
     * Reads an index.
     *
     * @param content of the file
     * @param pagesLength bytes of the file of pages
     * @throws ImageCorruptException if it is none, or is at odds with itself or the file of pages
     */
    static PageIndex parse(ByteBuffer content, long pagesLength) {
        requireNonNull(content, "content is null");
        ByteBuffer in = content.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() < ImageFormat.PAGE_INDEX_HEADER_BYTES
                || in.getLong() != ImageFormat.PAGE_INDEX_MAGIC) {
            throw corrupt("it does not begin as an index of pages does");
        }
        int count = in.getInt();
        int number = in.getInt();
        if (count < 0
                || count > ImageFormat.EXTENTS_MAX
                || in.remaining() != (long) count * ImageFormat.EXTENT_BYTES) {
            throw corrupt("it says %d extents and has %d bytes".formatted(count, in.remaining()));
        }
        Compression compression =
                Compression.ofNumber(number)
                        .orElseThrow(() -> corrupt("unknown compression " + number));
        PageIndex index = new PageIndex(compression, in.slice().order(ByteOrder.LITTLE_ENDIAN));
        index.validate(pagesLength);
        return index;
    }

    private void validate(long pagesLength) {
        long end = 0;
        for (int i = 0; i < size; i++) {
            PageExtent extent;
            try {
                extent = extent(i);
            } catch (IllegalArgumentException e) {
                throw corrupt("extent " + i + ": " + e.getMessage());
            }
            if (extent.firstPage() < end) {
                throw corrupt("extent " + i + " is out of order");
            }
            if (extent.offset() + extent.storedBytes() > pagesLength) {
                throw corrupt("extent " + i + " ends beyond " + ImageFormat.PAGES);
            }
            boolean aligned = extent.isPlain() && Pages.isAligned(extent.offset());
            if (compression == Compression.NONE && !aligned) {
                throw corrupt("extent " + i + " is not stored as pages");
            }
            end = extent.endPage();
        }
    }

    private static ImageCorruptException corrupt(String what) {
        return new ImageCorruptException(ImageFormat.PAGE_INDEX, what);
    }

    /** How the pages are stored. */
    public Compression compression() {
        return compression;
    }

    /** How many extents there are. */
    public int size() {
        return size;
    }

    /**
     * An extent, in the order of pages.
     *
     * @param i from zero
     */
    public PageExtent extent(int i) {
        int at = i * ImageFormat.EXTENT_BYTES;
        return new PageExtent(
                extents.getLong(at),
                extents.getInt(at + 16),
                extents.getLong(at + 8),
                extents.getInt(at + 20),
                extents.getInt(at + 24));
    }

    /** How many pages an extent has; see {@link #extent}. */
    public int pagesOf(int i) {
        return extents.getInt(i * ImageFormat.EXTENT_BYTES + 16);
    }

    /** How many pages are stored. */
    public long pages() {
        long pages = 0;
        for (int i = 0; i < size; i++) {
            pages += pagesOf(i);
        }
        return pages;
    }

    /** The extent that holds a page, unless the page is zero. */
    public Optional<PageExtent> find(long page) {
        int i = lastFrom(page);
        return i >= 0 && page < extent(i).endPage() ? Optional.of(extent(i)) : Optional.empty();
    }

    /** The last extent that begins at a page or before it, or -1 if there is none. */
    public int lastFrom(long page) {
        int low = 0;
        int high = size;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (extents.getLong(middle * ImageFormat.EXTENT_BYTES) <= page) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low - 1;
    }
}

package dev.plinth.kernel.image;

import static java.util.Objects.requireNonNull;

import com.github.luben.zstd.Zstd;

import dev.plinth.api.memory.Pages;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.zip.CRC32C;

/**
 * Writes the pages of memory, and then the index of them.
 *
 * <p>Pages of zeros are left out. Confined to one thread.
 */
public final class PageWriter implements AutoCloseable {
    /** The quickest level that Zstandard calls so: pages are written while a program waits. */
    private static final int LEVEL = 1;

    private static final MemorySegment ZERO_PAGE =
            MemorySegment.ofArray(new byte[Pages.SIZE]).asReadOnly();

    private final FileChannel pages;
    private final Compression compression;
    private final Arena arena = Arena.ofConfined();
    private final ByteBuffer compressed;
    private final List<PageExtent> extents = new ArrayList<>();

    private LongConsumer progress = bytes -> {};
    private long offset;
    private long storedPages;

    /**
     * A writer.
     *
     * @param pages where to; borrowed, empty
     */
    PageWriter(FileChannel pages, Compression compression) {
        this.pages = requireNonNull(pages, "pages is null");
        this.compression = requireNonNull(compression, "compression is null");
        long most = ImageFormat.EXTENT_PAGES_MAX * (long) Pages.SIZE;
        compressed =
                compression == Compression.ZSTD
                        ? arena.allocate(Zstd.compressBound(most)).asByteBuffer()
                        : ByteBuffer.allocate(0);
    }

    /** Has somebody told of each piece that is done, by its size in bytes. */
    public void reportTo(LongConsumer listener) {
        progress = requireNonNull(listener, "listener is null");
    }

    /**
     * Writes pages.
     *
     * @param firstPage number of the first one; no page is written twice
     * @param content whole pages in native memory. If it changes meanwhile, what was read last
     *     counts, and the checksum may not match
     * @throws IOException if the file cannot be written
     */
    public void write(long firstPage, MemorySegment content) throws IOException {
        if (!Pages.isAligned(content.byteSize())) {
            throw new IllegalArgumentException(content.byteSize() + " bytes are not whole pages");
        }
        long count = content.byteSize() >> Pages.SHIFT;
        long i = 0;
        while (i < count) {
            if (isZero(content, i)) {
                i++;
                continue;
            }
            long from = i;
            while (i < count && i - from < ImageFormat.EXTENT_PAGES_MAX && !isZero(content, i)) {
                i++;
            }
            writeExtent(
                    firstPage + from,
                    content.asSlice(from << Pages.SHIFT, (i - from) << Pages.SHIFT));
            progress.accept((i - from) << Pages.SHIFT);
        }
    }

    private static boolean isZero(MemorySegment content, long page) {
        long at = page << Pages.SHIFT;
        return MemorySegment.mismatch(content, at, at + Pages.SIZE, ZERO_PAGE, 0, Pages.SIZE) < 0;
    }

    private void writeExtent(long firstPage, MemorySegment content) throws IOException {
        ByteBuffer plain = content.asByteBuffer();
        CRC32C checksum = new CRC32C();
        checksum.update(plain.duplicate());
        int count = (int) (content.byteSize() >> Pages.SHIFT);
        if (extents.size() == ImageFormat.EXTENTS_MAX) {
            throw new IOException("the memory is in too many pieces");
        }
        ByteBuffer stored = stored(plain);
        extents.add(
                new PageExtent(
                        firstPage, count, offset, stored.remaining(), (int) checksum.getValue()));
        offset += stored.remaining();
        storedPages += count;
        while (stored.hasRemaining()) {
            pages.write(stored);
        }
    }

    /** The bytes to store: compressed, if that is wanted and of use. */
    private ByteBuffer stored(ByteBuffer plain) {
        if (compression == Compression.NONE) {
            return plain;
        }
        compressed.clear();
        int length = Zstd.compress(compressed, plain.duplicate(), LEVEL);
        compressed.flip();
        return length < plain.remaining() ? compressed : plain;
    }

    /** How many pages were stored so far. */
    public long storedPages() {
        return storedPages;
    }

    /** The content of the index's file. */
    ByteBuffer index() {
        extents.sort(Comparator.comparingLong(PageExtent::firstPage));
        requireNoneTwice();
        ByteBuffer index =
                ByteBuffer.allocate(
                                ImageFormat.PAGE_INDEX_HEADER_BYTES
                                        + extents.size() * ImageFormat.EXTENT_BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN);
        index.putLong(ImageFormat.PAGE_INDEX_MAGIC);
        index.putInt(extents.size());
        index.putInt(compression.number());
        for (PageExtent extent : extents) {
            index.putLong(extent.firstPage());
            index.putLong(extent.offset());
            index.putInt(extent.pages());
            index.putInt(extent.storedBytes());
            index.putInt(extent.checksum());
            index.putInt(0);
        }
        return index.flip();
    }

    private void requireNoneTwice() {
        long end = 0;
        for (PageExtent extent : extents) {
            if (extent.firstPage() < end) {
                throw new IllegalStateException("page " + extent.firstPage() + " is there twice");
            }
            end = extent.endPage();
        }
    }

    /** Gives back its memory; doing so again is harmless. */
    @Override
    public void close() {
        if (arena.scope().isAlive()) {
            arena.close();
        }
    }
}

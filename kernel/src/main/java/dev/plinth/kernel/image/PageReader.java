package dev.plinth.kernel.image;

import static java.util.Objects.requireNonNull;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.zip.CRC32C;

/**
 * Reads the pages of an image, and sees that they are what was written.
 *
 * <p>Any thread may call any method.
 */
public final class PageReader {
    private static final long SYS_PREAD64 = 17;

    private final Source pages;

    /** The file of pages. */
    @FunctionalInterface
    private interface Source {
        /**
         * Reads bytes.
         *
         * @param into native memory, not empty
         * @return how many were read; zero or less at the end
         */
        int read(ByteBuffer into, long offset) throws IOException;
    }

    private PageReader(Source pages) {
        this.pages = pages;
    }

    /**
     * A reader.
     *
     * @param pages borrowed
     */
    static PageReader of(FileChannel pages) {
        requireNonNull(pages, "pages is null");
        return new PageReader(pages::read);
    }

    /**
     * A reader for threads that may be interrupted, which would close a channel.
     *
     * @param pages borrowed
     */
    public static PageReader of(HostKernel host, HostFd pages) {
        requireNonNull(host, "host is null");
        requireNonNull(pages, "pages is null");
        return new PageReader((into, offset) -> read(host, pages, into, offset));
    }

    private static int read(HostKernel host, HostFd pages, ByteBuffer into, long offset)
            throws IOException {
        MemorySegment target = MemorySegment.ofBuffer(into);
        long count =
                host.syscall(
                        SYS_PREAD64, pages.number(), target.address(), target.byteSize(), offset);
        if (Errno.isError(count)) {
            throw new IOException("pread64 failed: " + Errno.of((int) -count));
        }
        into.position(into.position() + (int) count);
        return (int) count;
    }

    /**
     * Reads the pages of an extent.
     *
     * @param target native memory of as many bytes as the extent has in memory; its content is
     *     undefined if this fails
     * @throws ImageCorruptException if they are not what was written
     * @throws IOException if the file cannot be read
     */
    public void read(PageExtent extent, MemorySegment target) throws IOException {
        if (target.byteSize() != extent.bytes()) {
            throw new IllegalArgumentException(
                    extent.bytes() + " bytes do not go into " + target.byteSize());
        }
        ByteBuffer plain = target.asByteBuffer();
        if (extent.isPlain()) {
            readFully(extent.offset(), plain);
            plain.flip();
        } else {
            decompress(extent, plain);
        }
        CRC32C checksum = new CRC32C();
        checksum.update(plain);
        if ((int) checksum.getValue() != extent.checksum()) {
            throw corrupt(extent, "its checksum differs", null);
        }
    }

    private void decompress(PageExtent extent, ByteBuffer plain) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            ByteBuffer stored = arena.allocate(extent.storedBytes()).asByteBuffer();
            readFully(extent.offset(), stored);
            stored.flip();
            int length = Zstd.decompress(plain, stored);
            plain.flip();
            if (length != extent.bytes()) {
                throw corrupt(extent, "it has %d bytes".formatted(length), null);
            }
        } catch (ZstdException e) {
            throw corrupt(extent, "it cannot be decompressed", e);
        }
    }

    private void readFully(long offset, ByteBuffer into) throws IOException {
        long at = offset;
        while (into.hasRemaining()) {
            int count = pages.read(into, at);
            if (count <= 0) {
                throw new ImageCorruptException(ImageFormat.PAGES, "it ends at byte " + at);
            }
            at += count;
        }
    }

    private static ImageCorruptException corrupt(PageExtent extent, String what, Throwable cause) {
        return new ImageCorruptException(
                ImageFormat.PAGES,
                "pages %d to %d: %s".formatted(extent.firstPage(), extent.endPage() - 1, what),
                cause);
    }
}

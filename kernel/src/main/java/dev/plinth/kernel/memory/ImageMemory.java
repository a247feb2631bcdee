package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.PageExtent;
import dev.plinth.kernel.image.PageIndex;
import dev.plinth.kernel.image.PageReader;
import dev.plinth.kernel.state.NotSaved;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The pages of the image that a sandbox was restored from, as memory that can be mapped but not
 * written.
 *
 * <p>Of an image that is not compressed it is the file of pages itself, whose memory the host
 * shares among all who map it; else a file of its own into which extents are decompressed. Either
 * way the pages of an extent are there once {@link #read} was called for one of them, which is also
 * when they are found to be what was written.
 *
 * <p>Pages have two numbers: the one that the index has, and their place here. A place is given for
 * the former, by {@link #find} or {@link #read}.
 *
 * <p>Any thread may call any method. The image is to be left alone as long as the sandbox lives, as
 * the file of a program is that runs: what is changed in it may be seen, and where it is cut off,
 * nothing is behind its pages.
 */
@NotSaved("an image has all pages, those of an older one too")
public final class ImageMemory implements BackingFile, AutoCloseable {
    /** Extents between two whose places are known. */
    private static final int STRIDE = 64;

    private static final int LOCKS = 16;

    private final PageIndex index;
    private final PageReader reader;
    private final boolean compressed;

    /** The image's file of pages. */
    private final HostFd pages;

    /** What is mapped: the same, or a file of its own. */
    private final HostFd file;

    private final long bytes;

    /** Of a compressed image: the place of each 64th extent, in pages. Immutable. */
    private final long[] places;

    /** A bit for each extent that was found to be right, and is there. */
    private final AtomicLongArray ready;

    /** How many pages the other extents have. */
    private final AtomicLong unreadPages;

    /** Of a compressed image: an extent is read under the one that its number chooses. */
    private final Object[] extentLocks = new Object[LOCKS];

    /** Set before the memory is used: mapped by the memory file, behind its own pages. */
    private Optional<MemorySegment> view = Optional.empty();

    private ImageMemory(
            HostKernel host,
            PageIndex index,
            HostFd pages,
            HostFd file,
            long bytes,
            long[] places) {
        this.index = index;
        this.reader = PageReader.of(host, pages);
        this.pages = pages;
        this.compressed = index.compression() != Compression.NONE;
        this.file = file;
        this.bytes = bytes;
        this.places = places;
        this.unreadPages = new AtomicLong(index.pages());
        this.ready = new AtomicLongArray((index.size() + Long.SIZE - 1) / Long.SIZE);
        for (int i = 0; i < LOCKS; i++) {
            extentLocks[i] = new Object();
        }
    }

    /**
     * Makes memory of the pages of an image.
     *
     * @param image borrowed for the time of the call
     * @param limit how many bytes may be decompressed
     * @return the memory, which the caller owns; empty if the image has no page
     * @throws SandboxException if there is more than that, or the file cannot be opened
     */
    static Optional<ImageMemory> open(HostKernel host, Image image, long limit) {
        PageIndex index = requireNonNull(image, "image is null").pageIndex();
        if (index.size() == 0) {
            return Optional.empty();
        }
        HostFd pages = image.openPages(host);
        try {
            if (index.compression() == Compression.NONE) {
                long bytes = Pages.floor(image.inventory().files().pagesBytes());
                return Optional.of(new ImageMemory(host, index, pages, pages, bytes, new long[0]));
            }
            return Optional.of(ofCompressed(host, index, pages, limit));
        } catch (RuntimeException e) {
            pages.close();
            throw e;
        }
    }

    private static ImageMemory ofCompressed(
            HostKernel host, PageIndex index, HostFd pages, long limit) {
        long[] places = new long[(index.size() + STRIDE - 1) / STRIDE];
        long count = 0;
        for (int i = 0; i < index.size(); i++) {
            if (i % STRIDE == 0) {
                places[i / STRIDE] = count;
            }
            count += index.pagesOf(i);
        }
        long bytes = count << Pages.SHIFT;
        if (bytes > limit) {
            throw new SandboxException(
                    ErrorCode.IMAGE_UNSUITABLE,
                    "the image has %d MiB of memory, and the sandbox may have %d"
                            .formatted(bytes >> 20, limit >> 20),
                    "restore it with more, by --memory, where there is as much");
        }
        HostFd file = MemoryFile.createFile(host, "plinth-image", bytes);
        return new ImageMemory(host, index, pages, file, bytes, places);
    }

    @Override
    public HostFd file() {
        return file;
    }

    @Override
    public MemorySegment view() {
        return view.orElseThrow(() -> new IllegalStateException("it is not mapped"));
    }

    /** Tells where it is mapped: writable if it is filled from the image, else not. */
    void setView(MemorySegment mapped) {
        view = Optional.of(mapped);
    }

    /** How many bytes it has, a multiple of the page size. */
    long bytes() {
        return bytes;
    }

    boolean isWritable() {
        return compressed;
    }

    /**
     * Pages that follow one another in the image.
     *
     * @param first the number of the first one
     * @param end the number behind the last one
     * @param place of the first one in this memory, in bytes; -1 if they are zero, and nowhere
     */
    public record Run(long first, long end, long place) {
        /** Whether they are stored nowhere, for they are zero. */
        public boolean isZero() {
            return place < 0;
        }

        private boolean isFollowedBy(Run next) {
            return next.first == end && next.place == place + ((end - first) << Pages.SHIFT);
        }
    }

    /**
     * Where pages are, whether they can be used yet or not.
     *
     * @param page number of one
     * @param lowest of those that may be had with it
     * @param end of those that may be had with it
     */
    public Run find(long page, long lowest, long end) {
        int i = index.lastFrom(page);
        return holds(i, page) ? runIn(i, lowest, end) : zeros(i, lowest, end);
    }

    private boolean holds(int i, long page) {
        return i >= 0 && page < index.extent(i).endPage();
    }

    private Run runIn(int i, long lowest, long end) {
        PageExtent extent = index.extent(i);
        long first = Math.max(lowest, extent.firstPage());
        return new Run(
                first,
                Math.min(end, extent.endPage()),
                placeOf(i, extent) + ((first - extent.firstPage()) << Pages.SHIFT));
    }

    /** The pages behind an extent, which may be none. */
    private Run zeros(int i, long lowest, long end) {
        long from = i < 0 ? 0 : index.extent(i).endPage();
        long to = i + 1 < index.size() ? index.extent(i + 1).firstPage() : Long.MAX_VALUE;
        return new Run(Math.max(lowest, from), Math.min(end, to), -1);
    }

    /**
     * Where pages are, which can be used then: those of one extent, and of the next ones that were
     * read before.
     *
     * @param page number of the one that is needed
     * @param lowest of those that may be had with it
     * @param end of those that may be had with it
     * @throws dev.plinth.kernel.image.ImageCorruptException if they are not what was written
     */
    public Run read(long page, long lowest, long end) {
        int i = index.lastFrom(page);
        if (!holds(i, page)) {
            return zeros(i, lowest, end);
        }
        require(i);
        Run run = runIn(i, lowest, end);
        for (int next = i + 1; run.end() < end && next < index.size() && isReady(next); next++) {
            Run more = runIn(next, lowest, end);
            if (!run.isFollowedBy(more)) {
                break;
            }
            run = new Run(run.first(), more.end(), run.place());
        }
        return run;
    }

    private long placeOf(int i, PageExtent extent) {
        if (!compressed) {
            return extent.offset();
        }
        long place = places[i / STRIDE];
        for (int before = i - i % STRIDE; before < i; before++) {
            place += index.pagesOf(before);
        }
        return place << Pages.SHIFT;
    }

    /** How many extents there are. */
    int extents() {
        return index.size();
    }

    private boolean isReady(int i) {
        return (ready.get(i >> 6) & 1L << i) != 0;
    }

    /**
     * Sees that the pages of an extent are there, and right.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if they are not what was written
     */
    void require(int i) {
        if (isReady(i)) {
            return;
        }
        if (!compressed) {
            // Nothing is written: who looks at the same extent meanwhile needs not wait.
            readExtent(i);
            setReady(i);
            return;
        }
        synchronized (extentLocks[i % LOCKS]) {
            if (isReady(i)) {
                return;
            }
            readExtent(i);
            setReady(i);
        }
    }

    private void setReady(int i) {
        long before = ready.getAndUpdate(i >> 6, bits -> bits | 1L << i);
        if ((before & 1L << i) == 0) {
            unreadPages.addAndGet(-index.pagesOf(i));
        }
    }

    /** How many bytes of pages nobody has read yet, and looked at whether they are right. */
    public long unreadBytes() {
        return unreadPages.get() << Pages.SHIFT;
    }

    /**
     * Sees that all pages are there, and right.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if they are not what was written
     */
    void requireAll() {
        for (int i = 0; i < extents(); i++) {
            require(i);
        }
    }

    private void readExtent(int i) {
        PageExtent extent = index.extent(i);
        try {
            if (compressed) {
                reader.read(extent, view().asSlice(placeOf(i, extent), extent.bytes()));
                return;
            }
            // Not by way of the mapping, which has nothing behind it should the file be cut off.
            try (Arena arena = Arena.ofConfined()) {
                reader.read(extent, arena.allocate(extent.bytes(), Pages.SIZE));
            }
        } catch (IOException e) {
            throw new SandboxException(
                    ErrorCode.IMAGE_NOT_FOUND,
                    "the image's pages cannot be read any more: " + e.getMessage(),
                    "keep the image where it is while sandboxes run that were restored from it",
                    e);
        }
    }

    /** Gives its files back; nobody uses the memory any more. Doing so again is harmless. */
    @Override
    public void close() {
        pages.close();
        file.close();
    }
}

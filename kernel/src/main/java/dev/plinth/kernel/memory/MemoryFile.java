package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.NotSaved;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * One sparse file of the host in which all memory of a sandbox lies: that of its programs, and that
 * of its file systems.
 *
 * <p>Users allocate runs of pages, which read as zero, and count references to them. A page without
 * references goes back to the host: a hole is punched, so that the file holds no memory for it. The
 * file itself is never truncated, for whoever has it mapped would then get SIGBUS.
 *
 * <p>Punching a hole and touching it again costs the host about 8 &micro;s a page, zeroing a page
 * that is there 0.05 &micro;s. Short runs are therefore kept for the next allocation, up to {@link
 * #RECYCLED_PAGES_MAX} pages.
 *
 * <p>Any thread may call any method. Allocation prefers the lowest place in the fullest chunk that
 * has room, which keeps single pages out of the way of long runs.
 */
@NotSaved("pages are saved by those who have them")
public final class MemoryFile implements BackingFile, AutoCloseable {
    /** The size of the file's address range unless told otherwise: 64 GiB. */
    public static final long DEFAULT_CAPACITY = 64L << 30;

    /** Runs up to this length are recycled instead of punched. */
    private static final int RECYCLED_RUN_MAX = 16;

    /** At most this many free pages keep their memory: 4 MiB. */
    private static final int RECYCLED_PAGES_MAX = 1024;

    /** How many chunks of a class are tried for a run before a roomier class is preferred. */
    private static final int CANDIDATES = 8;

    private static final long SYS_MMAP = 9;
    private static final long SYS_PWRITE64 = 18;
    private static final long SYS_FCNTL = 72;
    private static final long SYS_FTRUNCATE = 77;
    private static final long SYS_FALLOCATE = 285;
    private static final long SYS_MEMFD_CREATE = 319;
    private static final long MAP_SHARED = 1;
    private static final long MAP_FIXED = 0x10;
    private static final long MAP_NORESERVE = 0x4000;
    private static final long MFD_CLOEXEC = 1;
    private static final long MFD_ALLOW_SEALING = 2;
    private static final long F_ADD_SEALS = 1033;
    private static final long F_SEAL_SEAL = 1;
    private static final long F_SEAL_SHRINK = 2;
    private static final long F_SEAL_GROW = 4;
    private static final long FALLOC_FL_KEEP_SIZE = 1;
    private static final long FALLOC_FL_PUNCH_HOLE = 2;

    /** Classes of chunks by the binary logarithm of their longest free run. */
    private static final int CLASSES = Integer.numberOfTrailingZeros(Chunk.PAGES) + 1;

    /** In which class chunks are that are free from end to end. */
    private static final int FREE_CLASS = CLASSES - 1;

    /** What lies between this memory and that of the image, so that no pages of both touch. */
    private static final long GAP = Chunk.BYTES;

    private final HostKernel host;
    private final HostFd file;
    private final HostMemory memory;

    /** The file alone. */
    private final MemorySegment view;

    /** The file, and the image behind it if there is one. */
    private final MemorySegment all;

    private final Optional<ImageMemory> image;
    private final Optional<MissingPages> missing;
    private final long limitPages;

    /** What a snapshot needs as it was: set and reset while one is taken and written. */
    private volatile Optional<FrozenPages> frozen = Optional.empty();

    private final Object allocationLock = new Object();

    /** A chunk that is free and clean from end to end has no object. */
    @GuardedBy("allocationLock")
    private final Chunk[] chunks;

    /** The chunks of each class; those with no free page are in none. */
    @GuardedBy("allocationLock")
    private final BitSet[] classes = new BitSet[CLASSES];

    @GuardedBy("allocationLock")
    private long allocatedPages;

    /** How many pages may be allocated beyond the limit now. */
    @GuardedBy("allocationLock")
    private long beyondLimitPages;

    @GuardedBy("allocationLock")
    private long peakPages;

    @GuardedBy("allocationLock")
    private int dirtyPages;

    private MemoryFile(
            HostKernel host,
            HostFd file,
            HostMemory memory,
            long capacity,
            long limit,
            Optional<ImageMemory> image) {
        this.host = host;
        this.file = file;
        this.memory = memory;
        this.all = memory.segment();
        this.view = all.asSlice(0, capacity);
        this.image = image;
        this.missing = image.map(each -> new MissingPages(each, view));
        this.limitPages = limit >> Pages.SHIFT;
        this.chunks = new Chunk[(int) (capacity / Chunk.BYTES)];
        for (int i = 0; i < CLASSES; i++) {
            classes[i] = new BitSet();
        }
        classes[FREE_CLASS].set(0, chunks.length);
    }

    /**
     * Makes a memory file and maps it into the JVM.
     *
     * @param host where
     * @param capacity of the file in bytes, a multiple of 2 MiB; costs nothing until it is used
     * @param limit how many bytes may be allocated
     * @return the file; the caller owns it
     * @throws dev.plinth.api.host.HostCallException if the host refuses
     */
    public static MemoryFile create(HostKernel host, long capacity, long limit) {
        return create(host, capacity, limit, Optional.empty());
    }

    /**
     * Makes the memory file of a sandbox that is restored, with the image's pages behind it.
     *
     * @param image owned from now on, unless this fails
     */
    static MemoryFile create(
            HostKernel host, long capacity, long limit, Optional<ImageMemory> image) {
        requireNonNull(host, "host is null");
        if (capacity <= 0 || capacity % Chunk.BYTES != 0 || limit < 0) {
            throw new IllegalArgumentException("capacity " + capacity + ", limit " + limit);
        }
        HostFd file = createFile(host, "plinth-memory", capacity);
        try {
            HostMemory memory =
                    image.isPresent()
                            ? mapBoth(host, file, capacity, image.get())
                            : host.map(file, 0, capacity, AccessType.READ_WRITE);
            return new MemoryFile(host, file, memory, capacity, limit, image);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** One view of both, so that whoever has a place needs not ask in which it is. */
    private static HostMemory mapBoth(
            HostKernel host, HostFd file, long capacity, ImageMemory image) {
        long start = capacity + GAP;
        HostMemory reserved = host.map(file, 0, start + image.bytes(), AccessType.NONE);
        try {
            mapFixed(host, reserved.address(), capacity, AccessType.READ_WRITE, file);
            mapFixed(
                    host,
                    reserved.address() + start,
                    image.bytes(),
                    image.isWritable() ? AccessType.READ_WRITE : AccessType.READ,
                    image.file());
            image.setView(reserved.segment().asSlice(start, image.bytes()));
            return reserved;
        } catch (RuntimeException e) {
            reserved.close();
            throw e;
        }
    }

    // SAFETY: the addresses are within a mapping that was just made and that nobody uses yet.
    private static void mapFixed(
            HostKernel host, long address, long length, AccessType access, HostFd file) {
        host.require(
                "mmap(memory of a sandbox)",
                SYS_MMAP,
                address,
                length,
                access.prot(),
                MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
                file.number(),
                0);
    }

    /** Makes a file in memory whose size is for good. */
    static HostFd createFile(HostKernel host, String name, long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            long number =
                    host.require(
                            "memfd_create(" + name + ")",
                            SYS_MEMFD_CREATE,
                            arena.allocateFrom(name).address(),
                            MFD_CLOEXEC | MFD_ALLOW_SEALING);
            HostFd file = new HostFd(host, (int) number);
            try {
                host.require("ftruncate(" + name + ")", SYS_FTRUNCATE, number, bytes);
                // Nobody who gets hold of the descriptor can make its mappings fault.
                host.require(
                        "fcntl(" + name + ", F_ADD_SEALS)",
                        SYS_FCNTL,
                        number,
                        F_ADD_SEALS,
                        F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW);
                return file;
            } catch (RuntimeException e) {
                file.close();
                throw e;
            }
        }
    }

    @Override
    public HostFd file() {
        return file;
    }

    @Override
    public MemorySegment view() {
        return view;
    }

    /**
     * All memory that there are places of: the file, and the image that the sandbox was restored
     * from. Pages of the file have their content, and those of the image, if they were {@linkplain
     * #require asked for}.
     */
    public MemorySegment all() {
        return all;
    }

    /** The image that the sandbox was restored from. */
    public Optional<ImageMemory> image() {
        return image;
    }

    /** Whether a place is in the image: its page is not counted, and is never written. */
    public boolean isOfImage(long offset) {
        return offset >= view.byteSize();
    }

    /** The place of a page of the image. */
    public long placeOfImage(long offsetInImage) {
        return view.byteSize() + GAP + offsetInImage;
    }

    /**
     * Maps pages for a guest.
     *
     * @param offset of the first one: all are of the file, or all of the image
     */
    public void map(AddressSpace addressSpace, AddressRange range, long offset, AccessType access) {
        if (isOfImage(offset)) {
            addressSpace.map(range, image.orElseThrow(), offset - placeOfImage(0), access);
        } else {
            addressSpace.map(range, this, offset, access);
        }
    }

    /**
     * A part of the file, with its content, which may be written to now.
     *
     * <p>Whoever keeps it and writes to it later says so by {@link #aboutToWrite}, unless its pages
     * are in no image.
     */
    public MemorySegment slice(long offset, long length) {
        aboutToWrite(offset, length);
        return view.asSlice(offset, length);
    }

    /** A part of the file, with its content, which is only read. */
    public MemorySegment content(long offset, long length) {
        require(offset, length);
        return view.asSlice(offset, length).asReadOnly();
    }

    /**
     * Copies bytes to a place in the file, by a system call rather than by way of the view: that
     * costs a fifth where the pages have no memory yet, for none of them faults.
     *
     * @param source outside the JVM's heap, perhaps a part of the view
     */
    public void write(long offset, MemorySegment source) {
        aboutToWrite(offset, source.byteSize());
        long done = 0;
        while (done < source.byteSize()) {
            done +=
                    host.require(
                            "pwrite64(memory file)",
                            SYS_PWRITE64,
                            file.number(),
                            source.address() + done,
                            source.byteSize() - done,
                            offset + done);
        }
    }

    /**
     * Allocates a run of pages; see {@link #allocate(long, long)}.
     *
     * @param bytes how many, a positive multiple of the page size
     */
    public long allocate(long bytes) {
        return allocate(bytes, Pages.SIZE);
    }

    /**
     * Allocates a run of pages.
     *
     * @param bytes how many, a positive multiple of the page size
     * @param alignment of the run's offset, a power of two from the page size to 2 MiB
     * @return the offset of the run. All of it reads as zero. The caller holds one reference to
     *     each page, which it gives up with {@link #release}
     * @throws ErrnoException ENOMEM if that would exceed the limit, or if no run is long enough
     */
    public long allocate(long bytes, long alignment) {
        if (bytes <= 0
                || !Pages.isAligned(bytes)
                || alignment < Pages.SIZE
                || alignment > Chunk.BYTES
                || Long.bitCount(alignment) != 1) {
            throw new IllegalArgumentException("bytes " + bytes + ", alignment " + alignment);
        }
        long pages = bytes >> Pages.SHIFT;
        List<AddressRange> toZero;
        long offset;
        synchronized (allocationLock) {
            if (pages > limitPages + beyondLimitPages - allocatedPages) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            long first =
                    pages <= Chunk.PAGES
                            ? findInChunkLocked((int) pages, (int) (alignment >> Pages.SHIFT))
                            : findChunksLocked(pages);
            if (first < 0) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            toZero = takeLocked(first, pages);
            allocatedPages += pages;
            peakPages = Math.max(peakPages, allocatedPages);
            offset = first << Pages.SHIFT;
        }
        for (AddressRange dirty : toZero) {
            slice(dirty.start(), dirty.length()).fill((byte) 0);
        }
        return offset;
    }

    /**
     * Takes pages into use at a place of their own, whose content is in the image, with one
     * reference.
     *
     * <p>Precondition: nothing was allocated yet but in this way.
     *
     * @throws SandboxException if the limit forbids it
     */
    void reserve(long offset, long length) {
        checkRange(offset, length);
        long first = offset >> Pages.SHIFT;
        long pages = length >> Pages.SHIFT;
        synchronized (allocationLock) {
            if (pages > limitPages - allocatedPages) {
                throw new SandboxException(
                        ErrorCode.IMAGE_UNSUITABLE,
                        "the image's files and shared memory have more than %d MiB"
                                .formatted(limitPages >> (20 - Pages.SHIFT)),
                        "restore it with more, by --memory, where there is as much");
            }
            List<AddressRange> dirty = takeLocked(first, pages);
            if (!dirty.isEmpty()) {
                throw new IllegalStateException("the memory was used before");
            }
            allocatedPages += pages;
            peakPages = Math.max(peakPages, allocatedPages);
        }
        missing.ifPresent(each -> each.add(first, first + pages));
    }

    /**
     * Sees that pages of the file have their content, which may be that of the image.
     *
     * <p>Precondition: the caller holds a reference to each.
     *
     * @param offset of any byte
     * @throws dev.plinth.kernel.image.ImageCorruptException if they are not what was written
     */
    public void require(long offset, long length) {
        // No lambda: this is on the way of each access.
        if (missing.isPresent() && length > 0) {
            missing.get()
                    .require(offset >> Pages.SHIFT, ((offset + length - 1) >> Pages.SHIFT) + 1);
        }
    }

    /**
     * Says that pages of the file are about to be written to, which are there {@linkplain #require
     * with their content} then: what a snapshot needs of them is copied first.
     *
     * <p>Precondition: the caller holds a reference to each, and none is any process's own.
     *
     * @param offset of any byte
     */
    public void aboutToWrite(long offset, long length) {
        require(offset, length);
        if (frozen.isPresent() && length > 0) {
            frozen.get()
                    .copyAside(offset >> Pages.SHIFT, ((offset + length - 1) >> Pages.SHIFT) + 1);
        }
    }

    /**
     * Whether nobody may write to some of these pages before he says so by {@link #aboutToWrite}.
     * That none are may change only while the sandbox's world is stopped.
     *
     * @param offset page aligned
     */
    public boolean isFrozen(long offset, long length) {
        return frozen.isPresent()
                && frozen.get().holds(offset >> Pages.SHIFT, (offset + length) >> Pages.SHIFT);
    }

    /**
     * Freezes pages of the file, for one snapshot at a time.
     *
     * <p>Precondition: nobody writes to them, or has them mapped in a way that lets him, until this
     * has returned.
     *
     * @param pages by their numbers; at least one, each in use
     * @return the pages, which the caller owns
     * @throws dev.plinth.api.host.HostCallException if there is no room to copy them aside
     */
    FrozenPages freeze(BitSet pages) {
        if (frozen.isPresent()) {
            throw new IllegalStateException("frozen already");
        }
        FrozenPages made = FrozenPages.of(host, this, pages);
        frozen = Optional.of(made);
        return made;
    }

    /** Pages are frozen no more. */
    void thaw(FrozenPages pages) {
        frozen = frozen.filter(each -> each != pages);
    }

    /**
     * Adds a reference to each page of a range, and allows as many pages beyond the limit.
     *
     * <p>Precondition: somebody holds a reference to each already.
     */
    void retainBeyondLimit(long offset, long length) {
        retain(offset, length);
        synchronized (allocationLock) {
            beyondLimitPages += length >> Pages.SHIFT;
        }
    }

    /** Takes back what {@link #retainBeyondLimit} did. */
    void releaseBeyondLimit(long offset, long length) {
        synchronized (allocationLock) {
            beyondLimitPages -= length >> Pages.SHIFT;
        }
        release(offset, length);
    }

    /** The first page of a free run within one chunk, or -1. */
    @GuardedBy("allocationLock")
    private long findInChunkLocked(int pages, int alignment) {
        int smallest = classOf(pages);
        for (int candidates : new int[] {CANDIDATES, Integer.MAX_VALUE}) {
            for (int c = smallest; c < CLASSES; c++) {
                int tried = 0;
                int i = classes[c].nextSetBit(0);
                while (i >= 0 && tried++ < candidates) {
                    int run = chunks[i] == null ? 0 : chunks[i].free.findRun(pages, alignment);
                    if (run >= 0) {
                        return (long) i * Chunk.PAGES + run;
                    }
                    i = classes[c].nextSetBit(i + 1);
                }
            }
        }
        return -1;
    }

    /** The first page of a run of free chunks, or -1. */
    @GuardedBy("allocationLock")
    private long findChunksLocked(long pages) {
        long needed = (pages + Chunk.PAGES - 1) / Chunk.PAGES;
        BitSet free = classes[FREE_CLASS];
        int start = free.nextSetBit(0);
        while (start >= 0) {
            int end = free.nextClearBit(start);
            if (end - start >= needed) {
                return (long) start * Chunk.PAGES;
            }
            start = free.nextSetBit(end);
        }
        return -1;
    }

    /** Takes free pages into use and says which parts of the file are to be zeroed. */
    @GuardedBy("allocationLock")
    private List<AddressRange> takeLocked(long first, long pages) {
        List<AddressRange> dirty = List.of();
        long end = first + pages;
        for (long page = first; page < end; ) {
            int i = (int) (page / Chunk.PAGES);
            int from = (int) (page % Chunk.PAGES);
            int to = (int) Math.min(Chunk.PAGES, from + end - page);
            if (chunks[i] == null) {
                chunks[i] = new Chunk();
            }
            Chunk chunk = chunks[i];
            for (int at = chunk.dirty.nextSet(from); at < to; ) {
                int dirtyEnd = Math.min(chunk.dirty.nextClear(at), to);
                if (dirty.isEmpty()) {
                    dirty = new ArrayList<>();
                }
                dirty.add(bytes(i, at, dirtyEnd));
                chunk.dirty.clear(at, dirtyEnd);
                dirtyPages -= dirtyEnd - at;
                at = chunk.dirty.nextSet(dirtyEnd);
            }
            chunk.take(from, to);
            classifyLocked(i);
            page += to - from;
        }
        return dirty;
    }

    /**
     * Adds a reference to each page of a range.
     *
     * <p>Precondition: the caller holds a reference to each already.
     */
    public void retain(long offset, long length) {
        checkRange(offset, length);
        synchronized (allocationLock) {
            long end = (offset + length) >> Pages.SHIFT;
            for (long page = offset >> Pages.SHIFT; page < end; ) {
                int from = (int) (page % Chunk.PAGES);
                int to = (int) Math.min(Chunk.PAGES, from + end - page);
                usedChunkLocked(page).retain(from, to);
                page += to - from;
            }
        }
    }

    /**
     * Whether each page of a range has one reference.
     *
     * <p>If it is the caller's, nobody else can come by a page meanwhile.
     */
    public boolean isExclusive(long offset, long length) {
        checkRange(offset, length);
        synchronized (allocationLock) {
            long end = (offset + length) >> Pages.SHIFT;
            for (long page = offset >> Pages.SHIFT; page < end; page++) {
                if (usedChunkLocked(page).references((int) (page % Chunk.PAGES)) != 1) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * Gives up a reference to each page of a range.
     *
     * <p>Precondition: the caller holds one, and no address space has the page mapped on its behalf
     * any more. Pages with no reference left lose their content.
     */
    public void release(long offset, long length) {
        checkRange(offset, length);
        List<AddressRange> toPunch = new ArrayList<>(1);
        synchronized (allocationLock) {
            long end = (offset + length) >> Pages.SHIFT;
            for (long page = offset >> Pages.SHIFT; page < end; ) {
                int from = (int) (page % Chunk.PAGES);
                int to = (int) Math.min(Chunk.PAGES, from + end - page);
                releaseInChunkLocked((int) (page / Chunk.PAGES), from, to, toPunch);
                page += to - from;
            }
        }
        if (toPunch.isEmpty()) {
            return;
        }
        for (AddressRange hole : toPunch) {
            host.require(
                    "fallocate(memory file, FALLOC_FL_PUNCH_HOLE)",
                    SYS_FALLOCATE,
                    file.number(),
                    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    hole.start(),
                    hole.length());
        }
        synchronized (allocationLock) {
            for (AddressRange hole : toPunch) {
                freeLocked(hole);
            }
        }
    }

    @GuardedBy("allocationLock")
    private void releaseInChunkLocked(int i, int from, int to, List<AddressRange> toPunch) {
        Chunk chunk = usedChunkLocked((long) i * Chunk.PAGES);
        for (int start = from; start < to; ) {
            int end = chunk.releaseAlike(start, to);
            if (chunk.references(start) == 0) {
                int pages = end - start;
                long first = (long) i * Chunk.PAGES + start;
                allocatedPages -= pages;
                missing.ifPresent(each -> each.forget(first, first + pages));
                if (pages <= RECYCLED_RUN_MAX && dirtyPages + pages <= RECYCLED_PAGES_MAX) {
                    chunk.dirty.set(start, end);
                    chunk.free.set(start, end);
                    dirtyPages += pages;
                    classifyLocked(i);
                } else {
                    addMerged(toPunch, bytes(i, start, end));
                }
            }
            start = end;
        }
    }

    private static void addMerged(List<AddressRange> ranges, AddressRange range) {
        if (!ranges.isEmpty() && ranges.getLast().end() == range.start()) {
            ranges.set(ranges.size() - 1, new AddressRange(ranges.getLast().start(), range.end()));
        } else {
            ranges.add(range);
        }
    }

    /** Makes pages available whose hole has been punched. */
    @GuardedBy("allocationLock")
    private void freeLocked(AddressRange hole) {
        long end = hole.end() >> Pages.SHIFT;
        for (long page = hole.start() >> Pages.SHIFT; page < end; ) {
            int i = (int) (page / Chunk.PAGES);
            int from = (int) (page % Chunk.PAGES);
            int to = (int) Math.min(Chunk.PAGES, from + end - page);
            chunks[i].free.set(from, to);
            classifyLocked(i);
            page += to - from;
        }
    }

    /** Puts a chunk into the class of its longest free run. */
    @GuardedBy("allocationLock")
    private void classifyLocked(int i) {
        int longest = chunks[i].free.longestRun();
        int now = longest == 0 ? -1 : classOf(longest);
        for (int c = 0; c < CLASSES; c++) {
            if (c != now) {
                classes[c].clear(i);
            }
        }
        if (now >= 0) {
            classes[now].set(i);
        }
        if (now == FREE_CLASS && chunks[i].dirty.nextSet(0) == Chunk.PAGES) {
            chunks[i] = null;
        }
    }

    private static int classOf(int pages) {
        return Integer.SIZE - 1 - Integer.numberOfLeadingZeros(pages);
    }

    @GuardedBy("allocationLock")
    private Chunk usedChunkLocked(long page) {
        Chunk chunk = chunks[(int) (page / Chunk.PAGES)];
        if (chunk == null) {
            throw new IllegalStateException("page " + page + " is not in use");
        }
        return chunk;
    }

    private static AddressRange bytes(int chunk, int from, int to) {
        long start = chunk * Chunk.BYTES;
        return new AddressRange(
                start + ((long) from << Pages.SHIFT), start + ((long) to << Pages.SHIFT));
    }

    private void checkRange(long offset, long length) {
        if (!Pages.isAligned(offset)
                || !Pages.isAligned(length)
                || length <= 0
                || offset < 0
                || offset > view.byteSize() - length) {
            throw new IllegalArgumentException(
                    "offset 0x%x, length 0x%x".formatted(offset, length));
        }
    }

    /** How much is in use now. */
    public MemoryStatistics statistics() {
        synchronized (allocationLock) {
            return new MemoryStatistics(
                    allocatedPages << Pages.SHIFT,
                    peakPages << Pages.SHIFT,
                    (long) dirtyPages << Pages.SHIFT,
                    limitPages << Pages.SHIFT);
        }
    }

    /**
     * Gives everything back to the host.
     *
     * <p>Precondition: nobody uses the file or its view any more. Doing so again is harmless.
     */
    @Override
    public void close() {
        memory.close();
        file.close();
        image.ifPresent(ImageMemory::close);
    }
}

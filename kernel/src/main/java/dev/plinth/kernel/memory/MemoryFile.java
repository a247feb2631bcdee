package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.kernel.errno.ErrnoException;
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
 * <p>Any thread may call any method.
 */
@NotSaved("pages are saved by those who have them")
public final class MemoryFile implements BackingFile, AutoCloseable {
    /** The size of the file's address range unless told otherwise: 64 GiB. */
    public static final long DEFAULT_CAPACITY = 64L << 30;

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
    private final PageAllocator pages;

    /** What a snapshot needs as it was: set and reset while one is taken and written. */
    private volatile Optional<FrozenPages> frozen = Optional.empty();

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
        this.pages =
                new PageAllocator(
                        capacity,
                        limit >> Pages.SHIFT,
                        (first, end) -> missing.ifPresent(each -> each.forget(first, end)));
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
        List<AddressRange> toZero = new ArrayList<>(0);
        long first = pages.allocate(bytes >> Pages.SHIFT, (int) (alignment >> Pages.SHIFT), toZero);
        for (AddressRange dirty : toZero) {
            slice(dirty.start(), dirty.length()).fill((byte) 0);
        }
        return first << Pages.SHIFT;
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
        long count = length >> Pages.SHIFT;
        pages.reserve(first, count);
        missing.ifPresent(each -> each.add(first, first + count));
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
        pages.allowBeyondLimit(length >> Pages.SHIFT);
    }

    /** Takes back what {@link #retainBeyondLimit} did. */
    void releaseBeyondLimit(long offset, long length) {
        pages.allowBeyondLimit(-(length >> Pages.SHIFT));
        release(offset, length);
    }

    /**
     * Adds a reference to each page of a range.
     *
     * <p>Precondition: the caller holds a reference to each already.
     */
    public void retain(long offset, long length) {
        checkRange(offset, length);
        pages.retain(offset >> Pages.SHIFT, (offset + length) >> Pages.SHIFT);
    }

    /**
     * Whether each page of a range has one reference.
     *
     * <p>If it is the caller's, nobody else can come by a page meanwhile.
     */
    public boolean isExclusive(long offset, long length) {
        checkRange(offset, length);
        return pages.areExclusive(offset >> Pages.SHIFT, (offset + length) >> Pages.SHIFT);
    }

    /**
     * Gives up a reference to each page of a range.
     *
     * <p>Precondition: the caller holds one, and no address space has the page mapped on its behalf
     * any more. Pages with no reference left lose their content.
     */
    public void release(long offset, long length) {
        checkRange(offset, length);
        List<AddressRange> toPunch =
                pages.release(offset >> Pages.SHIFT, (offset + length) >> Pages.SHIFT);
        for (AddressRange hole : toPunch) {
            host.require(
                    "fallocate(memory file, FALLOC_FL_PUNCH_HOLE)",
                    SYS_FALLOCATE,
                    file.number(),
                    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    hole.start(),
                    hole.length());
        }
        pages.free(toPunch);
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
        return pages.statistics();
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

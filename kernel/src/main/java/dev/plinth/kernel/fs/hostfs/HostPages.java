package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pagecache.MappingList;
import dev.plinth.kernel.fs.pagecache.PageMap;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.mm.BusErrorException;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.state.NotSaved;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;

/**
 * What is mapped of a file of the host: a cache of its pages in the memory file, filled when they
 * are touched.
 *
 * <p>Reading and writing go to the host, not through the cache. Pages that a shared mapping may
 * have changed are written to the host before the file is read, when it is synced, and when it is
 * mapped no more; pages that are written over leave the cache.
 */
@NotSaved("a cache of what the host has; what was written is written back first")
final class HostPages implements Mappable {
    /** Pages are brought in by windows of this size, so that a program starts with few faults. */
    private static final long WINDOW_BYTES = 128 << 10;

    private final HostCalls calls;
    private final MemoryFile memory;
    private final PageReclaim reclaim;
    private final MappingList mappings = new MappingList();

    private final Object pageLock = new Object();

    @GuardedBy("pageLock")
    private final PageMap pages;

    /** Starts of pages that a shared mapping may write. */
    @GuardedBy("pageLock")
    private final TreeSet<Long> dirty = new TreeSet<>();

    /** What the pages were read from; empty if there are none. */
    @GuardedBy("pageLock")
    private Optional<HostAttributes> version = Optional.empty();

    /** Descriptors of our own, while the file is in use. */
    @GuardedBy("pageLock")
    private Optional<HostFd> readFd = Optional.empty();

    @GuardedBy("pageLock")
    private Optional<HostFd> writeFd = Optional.empty();

    /** Whether there are pages; spares those who read and write the lock. */
    private volatile boolean hasPages;

    HostPages(HostCalls calls, PageReclaim reclaim) {
        this.calls = requireNonNull(calls, "calls is null");
        this.reclaim = requireNonNull(reclaim, "reclaim is null");
        this.memory = reclaim.memory();
        this.pages = new PageMap(memory);
    }

    /** How many bytes are in memory. */
    long bytes() {
        synchronized (pageLock) {
            return pages.bytes();
        }
    }

    /** The file was opened, and is as the host says: drops pages of what it was before. */
    void validate(HostAttributes fresh) {
        synchronized (pageLock) {
            boolean stale = version.map(fresh::hasOtherContent).orElse(false) && dirty.isEmpty();
            version = Optional.of(fresh);
            if (!stale) {
                return;
            }
            clearLocked();
        }
        mappings.invalidate(0, Long.MAX_VALUE, false);
    }

    /** The file is about to be mapped by way of a descriptor, which stays the caller's. */
    void use(HostFd fd, boolean writable) {
        synchronized (pageLock) {
            if (readFd.isEmpty()) {
                readFd = Optional.of(calls.duplicate(fd));
            }
            if (writable && writeFd.isEmpty()) {
                writeFd = Optional.of(calls.duplicate(fd));
            }
        }
    }

    /** Nobody has the file open or mapped any more, unless it is used again by now. */
    void unused(BooleanSupplier isUsed) {
        writeBack();
        synchronized (pageLock) {
            if (isUsed.getAsBoolean()) {
                return;
            }
            dirty.clear();
            readFd.ifPresent(HostFd::close);
            writeFd.ifPresent(HostFd::close);
            readFd = Optional.empty();
            writeFd = Optional.empty();
        }
    }

    /** Gives up all pages that are only a copy of what the host has. */
    void drop() {
        synchronized (pageLock) {
            if (dirty.isEmpty()) {
                clearLocked();
            }
        }
    }

    @GuardedBy("pageLock")
    private void clearLocked() {
        pages.clear();
        hasPages = false;
    }

    @Override
    public FilePages pages(long start, long end, long optionalEnd, AccessType access) {
        synchronized (pageLock) {
            PageMap.Run run = presentLocked(start, end);
            long runEnd = Math.min(run.end(), Math.max(end, optionalEnd));
            boolean write = access == AccessType.WRITE;
            if (write) {
                runEnd = Math.min(runEnd, end);
                for (long page = start; page < runEnd; page += Pages.SIZE) {
                    dirty.add(page);
                }
            }
            memory.retain(run.memoryOffset(), runEnd - start);
            return new FilePages(
                    start,
                    runEnd,
                    run.memoryOffset(),
                    write ? AccessType.READ_WRITE_EXECUTE : AccessType.READ_EXECUTE);
        }
    }

    /** The pages from {@code start} on, read from the host if need be. */
    @GuardedBy("pageLock")
    private PageMap.Run presentLocked(long start, long end) {
        Optional<PageMap.Run> present = pages.find(start);
        if (present.isPresent()) {
            return present.get();
        }
        HostFd fd =
                readFd.orElseThrow(() -> new IllegalStateException("mapped without being open"));
        long fileEnd = Pages.ceil(calls.attributes(fd).stat().size());
        if (start >= fileEnd) {
            throw BusErrorException.INSTANCE;
        }
        long wanted = Math.max(end, (start / WINDOW_BYTES + 1) * WINDOW_BYTES);
        long limit = Math.min(Math.min(wanted, fileEnd), pages.nextPresent(start, wanted));
        fillLocked(fd, start, limit);
        return pages.find(start).orElseThrow(() -> BusErrorException.INSTANCE);
    }

    @GuardedBy("pageLock")
    private void fillLocked(HostFd fd, long start, long end) {
        long length = end - start;
        long offset = reclaim.allocate(length);
        long filled = 0;
        try {
            while (filled < length) {
                long count =
                        calls.read(
                                fd, memory.slice(offset + filled, length - filled), start + filled);
                if (count == 0) {
                    break;
                }
                filled += count;
            }
        } catch (ErrnoException e) {
            memory.release(offset, length);
            throw e;
        }
        long kept = Pages.ceil(filled);
        if (kept < length) {
            memory.release(offset + kept, length - kept);
        }
        if (kept > 0) {
            pages.add(new PageMap.Run(start, start + kept, offset));
            hasPages = true;
        }
    }

    /** Brings to the host what shared mappings may have changed. */
    void writeBack() {
        if (!hasPages) {
            return;
        }
        synchronized (pageLock) {
            writeBackLocked(0, Long.MAX_VALUE);
        }
    }

    @GuardedBy("pageLock")
    private void writeBackLocked(long start, long end) {
        if (dirty.isEmpty() || writeFd.isEmpty()) {
            return;
        }
        HostFd fd = writeFd.get();
        long size = calls.attributes(fd).stat().size();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment onHost = arena.allocate(Pages.SIZE, Pages.SIZE);
            for (long page : dirty.subSet(start, end)) {
                long length = Math.min(Pages.SIZE, size - page);
                Optional<PageMap.Run> run = pages.find(page);
                if (length > 0 && run.isPresent()) {
                    MemorySegment ours = memory.content(run.get().memoryOffset(), length);
                    // What is the same is not written: that would change when the file was.
                    if (calls.read(fd, onHost.asSlice(0, length), page) != length
                            || onHost.asSlice(0, length).mismatch(ours) >= 0) {
                        calls.write(fd, ours, page);
                    }
                }
            }
        }
    }

    /** Bytes were written to the file, by way of the host: their pages leave the cache. */
    void written(long offset, long count) {
        if (hasPages && count > 0) {
            evict(Pages.floor(offset), Pages.ceil(offset + count), false);
        }
    }

    /** The file has another size. */
    void truncated(long size) {
        if (hasPages) {
            evict(Pages.floor(size), Pages.ceil(size), false);
            evict(Pages.ceil(size), Long.MAX_VALUE, true);
        }
    }

    private void evict(long start, long end, boolean alsoPrivate) {
        synchronized (pageLock) {
            dirty.subSet(start, end).clear();
            pages.remove(start, end);
            hasPages = pages.bytes() > 0;
        }
        mappings.invalidate(start, end, alsoPrivate);
    }

    @Override
    public void addMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        mappings.add(observer, range, start, sharedWritable);
    }

    @Override
    public void removeMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        mappings.remove(observer, range, start, sharedWritable);
    }
}

package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pagecache.MappingList;
import dev.plinth.kernel.fs.pagecache.PageMap;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.mm.BusErrorException;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.FilePagesState;
import dev.plinth.kernel.state.proto.TmpfsFileState;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The bytes of a regular file: pages in the memory file where something was written, holes
 * elsewhere. What is mapped and what is read and written are the same pages.
 *
 * <p>Locks, outermost first: the content lock, for writing by whoever changes size or pages; the
 * mapping list's; the page lock, for moments. Bytes are copied under the content lock alone, which
 * keeps the pages from being taken away.
 */
@SavedWith(TmpfsFile.class)
final class MemoryContent implements Mappable {
    /**
     * From so many bytes on, fresh pages are better written by the host than touched one by one.
     */
    private static final long FRESH_WRITE_MIN = 4L * Pages.SIZE;

    private final TmpFs fileSystem;
    private final MemoryFile memory;
    private final MappingList mappings = new MappingList();
    private final Seals seals = new Seals();
    private final ReadWriteLock contentLock = new ReentrantReadWriteLock();

    /** Written under the content lock, and the page lock; read by anyone. */
    private volatile long size;

    private final Object pageLock = new Object();

    @GuardedBy("pageLock")
    private final PageMap pages;

    MemoryContent(TmpFs fileSystem, MemoryFile memory) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.memory = requireNonNull(memory, "memory is null");
        this.pages = new PageMap(memory);
    }

    /** What is saved of the content: where its pages lie, which are saved beside it. */
    @SuppressWarnings("GuardedBy") // The world is stopped.
    void save(TmpfsFileState.Builder state, StateWriter writer) {
        state.setSize(size).setSeals(seals.get());
        for (PageMap.Run run : pages.runs()) {
            writer.pages(run.memoryOffset(), run.length());
            state.addPages(
                    FilePagesState.newBuilder()
                            .setFileOffset(run.start())
                            .setLength(run.length())
                            .setMemoryOffset(run.memoryOffset()));
        }
    }

    /** Takes the pages that were saved, of a file that nobody has seen yet. */
    void restore(TmpfsFileState state, StateReader reader) {
        if (state.getSize() < 0 || (state.getSeals() & ~Fcntl.F_ALL_SEALS) != 0) {
            throw StateReader.corrupt("a file of a tmpfs has a size or seals that there are not");
        }
        seals.reset(state.getSeals());
        size = state.getSize();
        synchronized (pageLock) {
            for (FilePagesState saved : state.getPagesList()) {
                long start = saved.getFileOffset();
                long end = start + saved.getLength();
                boolean isRun =
                        start >= 0
                                && end > start
                                && Pages.isAligned(start | end)
                                && pages.nextPresent(start, end) >= end;
                if (!isRun) {
                    throw StateReader.corrupt("a file has pages where there can be none");
                }
                reader.memory().adopt(saved.getMemoryOffset(), saved.getLength());
                pages.add(new PageMap.Run(start, end, saved.getMemoryOffset()));
                fileSystem.chargeRestored(saved.getLength());
            }
        }
    }

    long size() {
        return size;
    }

    /** How many bytes of memory it takes. */
    long allocatedBytes() {
        synchronized (pageLock) {
            return pages.bytes();
        }
    }

    /** What can no longer be done with it. */
    Seals seals() {
        return seals;
    }

    long read(IoBuffer destination, long offset) {
        Lock lock = contentLock.readLock();
        lock.lock();
        try {
            long limit = Math.min(destination.remaining(), size - offset);
            return limit <= 0 ? 0 : destination.transfer(limit, new Reader(offset));
        } finally {
            lock.unlock();
        }
    }

    /** Copies to the pieces of a buffer, which all lie within the file. */
    private final class Reader implements IoBuffer.Transfer {
        private long offset;

        Reader(long offset) {
            this.offset = offset;
        }

        @Override
        public long apply(MemorySegment piece) {
            long done = 0;
            while (done < piece.byteSize()) {
                long count = copyOut(piece.asSlice(done), offset);
                done += count;
                offset += count;
            }
            return done;
        }
    }

    /** Copies up to the end of a run, or of a hole. */
    private long copyOut(MemorySegment piece, long offset) {
        long end = offset + piece.byteSize();
        Optional<PageMap.Run> run;
        long holeEnd;
        synchronized (pageLock) {
            run = pages.find(offset);
            holeEnd = run.isPresent() ? offset : pages.nextPresent(offset, end);
        }
        if (run.isEmpty()) {
            long count = Math.min(holeEnd, end) - offset;
            piece.asSlice(0, count).fill((byte) 0);
            return count;
        }
        long count = Math.min(run.get().end(), end) - offset;
        long place = run.get().memoryOffset() + (offset - run.get().start());
        MemorySegment.copy(memory.content(place, count), 0, piece, 0, count);
        return count;
    }

    /** A part of a run that is about to be written. */
    private MemorySegment slice(PageMap.Run run, long offset, long length) {
        return memory.slice(run.memoryOffset() + (offset - run.start()), length);
    }

    long overwrite(IoBuffer source, long offset) {
        Lock lock = contentLock.writeLock();
        lock.lock();
        try {
            return writeLocked(source, offset);
        } finally {
            lock.unlock();
        }
    }

    /** Writes at the end, and returns what is the end then. */
    long append(IoBuffer source) {
        Lock lock = contentLock.writeLock();
        lock.lock();
        try {
            long offset = size;
            return offset + writeLocked(source, offset);
        } finally {
            lock.unlock();
        }
    }

    private long writeLocked(IoBuffer source, long offset) {
        if (source.remaining() == 0) {
            return 0;
        }
        if (offset > Long.MAX_VALUE - Pages.SIZE - source.remaining()) {
            throw ErrnoException.of(Errno.EFBIG);
        }
        seals.checkWrite(offset + source.remaining(), size);
        zeroTail(offset);
        long count = source.transfer(new Writer(offset));
        size = Math.max(size, offset + count);
        return count;
    }

    /** Copies from the pieces of a buffer, as long as there is room. */
    private final class Writer implements IoBuffer.Transfer {
        private long offset;

        Writer(long offset) {
            this.offset = offset;
        }

        @Override
        public long apply(MemorySegment piece) {
            long done = 0;
            while (done < piece.byteSize()) {
                long count;
                try {
                    count = copyIn(piece.asSlice(done), offset);
                } catch (ErrnoException e) {
                    if (done == 0) {
                        throw e;
                    }
                    break;
                }
                done += count;
                offset += count;
            }
            return done;
        }
    }

    /** What a mapping wrote behind the end must not show up when the file grows over it. */
    private void zeroTail(long newData) {
        long end = size;
        if (newData > end && !Pages.isAligned(end)) {
            zero(end, Math.min(newData, Pages.ceil(end)));
        }
    }

    /**
     * Copies from a piece of a buffer, up to the end of a run; makes pages where there are none.
     */
    private long copyIn(MemorySegment piece, long offset) {
        PageMap.Run run;
        boolean fresh;
        synchronized (pageLock) {
            Optional<PageMap.Run> present = pages.find(offset);
            fresh = present.isEmpty();
            run =
                    present.isPresent()
                            ? present.get()
                            : allocateLocked(
                                    Pages.floor(offset), Pages.ceil(offset + piece.byteSize()));
        }
        long count = Math.min(run.end() - offset, piece.byteSize());
        if (fresh && count >= FRESH_WRITE_MIN && piece.isNative()) {
            memory.write(run.memoryOffset() + (offset - run.start()), piece.asSlice(0, count));
        } else {
            MemorySegment.copy(piece, 0, slice(run, offset, count), 0, count);
        }
        return count;
    }

    /** Fills the hole from {@code start} on with pages, up to its end or to {@code end}. */
    @GuardedBy("pageLock")
    private PageMap.Run allocateLocked(long start, long end) {
        long holeEnd = pages.nextPresent(start, end);
        long length = fileSystem.charge(Math.min(holeEnd, end) - start);
        try {
            return pages.allocate(start, start + length);
        } catch (ErrnoException e) {
            fileSystem.uncharge(length);
            throw ErrnoException.of(Errno.ENOSPC);
        }
    }

    void truncate(long newSize) {
        Lock lock = contentLock.writeLock();
        lock.lock();
        try {
            long oldSize = size;
            seals.checkSize(oldSize, newSize);
            if (newSize >= oldSize) {
                zeroTail(newSize);
                size = newSize;
                return;
            }
            size = newSize;
            discard(newSize, Long.MAX_VALUE, true);
        } finally {
            lock.unlock();
        }
    }

    /** fallocate(2); see {@link dev.plinth.kernel.vfs.FileDescription#allocate}. */
    void allocate(int mode, long offset, long length) {
        long end = offset + length;
        Lock lock = contentLock.writeLock();
        lock.lock();
        try {
            boolean punches = (mode & Fs.FALLOC_FL_PUNCH_HOLE) != 0;
            if (punches) {
                seals.checkWrite(size, size);
            } else {
                seals.checkSize(size, Math.max(size, end));
            }
            switch (mode) {
                case Fs.FALLOC_FL_PUNCH_HOLE | Fs.FALLOC_FL_KEEP_SIZE ->
                        discard(offset, end, false);
                case Fs.FALLOC_FL_ZERO_RANGE, Fs.FALLOC_FL_ZERO_RANGE | Fs.FALLOC_FL_KEEP_SIZE -> {
                    discard(offset, end, false);
                    reserve(offset, end, mode == Fs.FALLOC_FL_ZERO_RANGE);
                }
                case 0, Fs.FALLOC_FL_KEEP_SIZE -> reserve(offset, end, mode == 0);
                default -> throw ErrnoException.of(Errno.EOPNOTSUPP);
            }
        } finally {
            lock.unlock();
        }
    }

    /** Has pages for a range, which perhaps becomes part of the file. */
    private void reserve(long start, long end, boolean grows) {
        synchronized (pageLock) {
            fillLocked(Pages.floor(start), Pages.ceil(end));
        }
        if (grows && end > size) {
            zeroTail(end);
            size = end;
        }
    }

    @GuardedBy("pageLock")
    private void fillLocked(long start, long end) {
        long at = pages.nextAbsent(start);
        while (at < end) {
            at = pages.nextAbsent(allocateLocked(at, end).end());
        }
    }

    /** Makes a range read as zero and gives up its whole pages; the content lock is held. */
    private void discard(long start, long end, boolean alsoPrivate) {
        long firstWhole = Pages.ceil(start);
        long lastWhole = end == Long.MAX_VALUE ? end : Pages.floor(end);
        if (firstWhole >= lastWhole) {
            zero(start, end);
            return;
        }
        zero(start, firstWhole);
        zero(lastWhole, end);
        synchronized (pageLock) {
            long before = pages.bytes();
            pages.remove(firstWhole, lastWhole);
            fileSystem.uncharge(before - pages.bytes());
        }
        mappings.invalidate(firstWhole, lastWhole, alsoPrivate);
    }

    /** Zeroes what is there of a range; the content lock is held. */
    private void zero(long start, long end) {
        long at = start;
        while (at < end) {
            Optional<PageMap.Run> run;
            synchronized (pageLock) {
                at = pages.nextPresent(at, end);
                run = pages.find(at);
            }
            if (at >= end || run.isEmpty()) {
                return;
            }
            long runEnd = Math.min(run.get().end(), end);
            slice(run.get(), at, runEnd - at).fill((byte) 0);
            at = runEnd;
        }
    }

    /** Where data begins that lies at an offset or behind it; the size if there is none. */
    long nextData(long offset) {
        synchronized (pageLock) {
            return Math.min(size, pages.nextPresent(offset, size));
        }
    }

    /** Where the next hole begins, at an offset or behind it; there is one at the end. */
    long nextHole(long offset) {
        synchronized (pageLock) {
            return Math.min(size, pages.nextAbsent(offset));
        }
    }

    /** Gives up all pages: nobody can reach the file any more. */
    void free() {
        synchronized (pageLock) {
            fileSystem.uncharge(pages.bytes());
            pages.clear();
        }
    }

    @Override
    public FilePages pages(long start, long end, long optionalEnd, AccessType access) {
        synchronized (pageLock) {
            long fileEnd = Pages.ceil(size);
            if (start >= fileEnd) {
                throw BusErrorException.INSTANCE;
            }
            Optional<PageMap.Run> present = pages.find(start);
            PageMap.Run run;
            if (present.isPresent()) {
                run = present.get().intersect(start, Math.min(optionalEnd, fileEnd));
            } else {
                run = allocateLocked(start, Math.min(end, fileEnd));
            }
            memory.retain(run.memoryOffset(), run.length());
            return new FilePages(
                    run.start(), run.end(), run.memoryOffset(), AccessType.READ_WRITE_EXECUTE);
        }
    }

    @Override
    public void addMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        mappings.add(observer, range, start, sharedWritable);
        seals.countWritableMappings(sharedWritable ? 1 : 0);
    }

    @Override
    public void removeMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        mappings.remove(observer, range, start, sharedWritable);
        seals.countWritableMappings(sharedWritable ? -1 : 0);
    }
}

package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MADV_COLD;
import static dev.plinth.kernel.mm.linux.Mman.MADV_DODUMP;
import static dev.plinth.kernel.mm.linux.Mman.MADV_DOFORK;
import static dev.plinth.kernel.mm.linux.Mman.MADV_DONTDUMP;
import static dev.plinth.kernel.mm.linux.Mman.MADV_DONTFORK;
import static dev.plinth.kernel.mm.linux.Mman.MADV_DONTNEED;
import static dev.plinth.kernel.mm.linux.Mman.MADV_DONTNEED_LOCKED;
import static dev.plinth.kernel.mm.linux.Mman.MADV_FREE;
import static dev.plinth.kernel.mm.linux.Mman.MADV_HUGEPAGE;
import static dev.plinth.kernel.mm.linux.Mman.MADV_KEEPONFORK;
import static dev.plinth.kernel.mm.linux.Mman.MADV_NOHUGEPAGE;
import static dev.plinth.kernel.mm.linux.Mman.MADV_NORMAL;
import static dev.plinth.kernel.mm.linux.Mman.MADV_PAGEOUT;
import static dev.plinth.kernel.mm.linux.Mman.MADV_POPULATE_READ;
import static dev.plinth.kernel.mm.linux.Mman.MADV_POPULATE_WRITE;
import static dev.plinth.kernel.mm.linux.Mman.MADV_RANDOM;
import static dev.plinth.kernel.mm.linux.Mman.MADV_REMOVE;
import static dev.plinth.kernel.mm.linux.Mman.MADV_SEQUENTIAL;
import static dev.plinth.kernel.mm.linux.Mman.MADV_WILLNEED;
import static dev.plinth.kernel.mm.linux.Mman.MADV_WIPEONFORK;
import static dev.plinth.kernel.mm.linux.Mman.MCL_CURRENT;
import static dev.plinth.kernel.mm.linux.Mman.MCL_FUTURE;
import static dev.plinth.kernel.mm.linux.Mman.MCL_ONFAULT;
import static dev.plinth.kernel.mm.linux.Mman.MLOCK_ONFAULT;
import static dev.plinth.kernel.mm.linux.Mman.MS_ASYNC;
import static dev.plinth.kernel.mm.linux.Mman.MS_INVALIDATE;
import static dev.plinth.kernel.mm.linux.Mman.MS_SYNC;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.SavedWith;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Calls that say how memory will be used: madvise(2), msync(2), mincore(2), mlock(2). */
@SavedWith(MemoryManager.class)
final class Advice {
    /** mincore(2) is answered by pieces of this many pages. */
    private static final int RESIDENCY_PIECE = 4096;

    private final Mappings mappings;
    private final GuestMemory guestMemory;

    Advice(Mappings mappings, GuestMemory guestMemory) {
        this.mappings = mappings;
        this.guestMemory = guestMemory;
    }

    /** What is done to the part of an area that lies in a range. */
    private interface Action {
        void apply(Vma vma, long start, long end);
    }

    void madvise(long address, long length, int what) {
        if (what == MADV_REMOVE) {
            remove(address, length);
            return;
        }
        Action action = actionFor(what);
        AddressRange range = advisedRange(address, length);
        long end = range.end();
        if (range.isEmpty()) {
            return;
        }
        VmaSet.Dropped dropped = new VmaSet.Dropped();
        mappings.writeLock().lock();
        try {
            boolean holes = false;
            long at = range.start();
            for (Vma vma : mappings.vmas().overlapping(at, end)) {
                holes |= vma.start() > at;
                at = Math.min(vma.end(), end);
                action.apply(vma, Math.max(vma.start(), range.start()), at);
            }
            mappings.vmas().merge(range.start(), end, dropped);
            if (holes || at < end) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
        } finally {
            mappings.writeLock().unlock();
            dropped.release();
        }
    }

    private static AddressRange advisedRange(long address, long length) {
        if (!Pages.isAligned(address)
                || (length < 0 && Pages.floor(length + Pages.SIZE - 1) == 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return range(address, length, Errno.EINVAL);
    }

    /**
     * The pages of a range, computed as Linux does it: a length that is negative but for the
     * rounding becomes zero.
     *
     * @param wraps what to fail with if the range's end is below its start
     */
    private static AddressRange range(long address, long length, Errno wraps) {
        long rounded = Pages.floor(length + Pages.SIZE - 1);
        long end = address + rounded;
        if (Long.compareUnsigned(end, address) < 0) {
            throw ErrnoException.of(wraps);
        }
        if (rounded == 0) {
            return new AddressRange(0, 0);
        }
        // Nothing is mapped in the upper half, so it makes no difference how far the range goes.
        return address < 0
                ? new AddressRange(Long.MAX_VALUE - Pages.SIZE, Long.MAX_VALUE)
                : new AddressRange(address, end < 0 ? Long.MAX_VALUE : end);
    }

    private Action actionFor(int what) {
        return switch (what) {
            case MADV_NORMAL,
                    MADV_RANDOM,
                    MADV_SEQUENTIAL,
                    MADV_WILLNEED,
                    MADV_HUGEPAGE,
                    MADV_NOHUGEPAGE ->
                    (vma, start, end) -> {};
            case MADV_COLD, MADV_PAGEOUT -> (vma, start, end) -> requireUnlocked(vma);
            case MADV_DONTNEED ->
                    (vma, start, end) -> {
                        requireUnlocked(vma);
                        mappings.pager().unmap(start, end);
                    };
            case MADV_DONTNEED_LOCKED -> (vma, start, end) -> mappings.pager().unmap(start, end);
            case MADV_FREE ->
                    (vma, start, end) -> {
                        requireAnonymous(vma);
                        requireUnlocked(vma);
                        mappings.pager().unmap(start, end);
                    };
            case MADV_DONTFORK -> (vma, start, end) -> flag(vma, start, end, Vma.DONT_FORK, true);
            case MADV_DOFORK -> (vma, start, end) -> flag(vma, start, end, Vma.DONT_FORK, false);
            case MADV_DONTDUMP -> (vma, start, end) -> flag(vma, start, end, Vma.DONT_DUMP, true);
            case MADV_DODUMP -> (vma, start, end) -> flag(vma, start, end, Vma.DONT_DUMP, false);
            case MADV_WIPEONFORK ->
                    (vma, start, end) -> {
                        requireAnonymous(vma);
                        flag(vma, start, end, Vma.WIPE_ON_FORK, true);
                    };
            case MADV_KEEPONFORK ->
                    (vma, start, end) -> flag(vma, start, end, Vma.WIPE_ON_FORK, false);
            case MADV_POPULATE_READ ->
                    (vma, start, end) -> populate(vma, start, end, AccessType.READ);
            case MADV_POPULATE_WRITE ->
                    (vma, start, end) -> populate(vma, start, end, AccessType.WRITE);
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    private static void requireUnlocked(Vma vma) {
        if (vma.has(Vma.LOCKED)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static void requireAnonymous(Vma vma) {
        if (vma.mappable().isPresent()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /**
     * Makes holes in files: {@code madvise_remove}. One area after the other, for the files' locks
     * are taken before those of mappings.
     */
    private void remove(long address, long length) {
        AddressRange range = advisedRange(address, length);
        boolean holes = false;
        long at = range.start();
        while (at < range.end()) {
            long from = at;
            Optional<FilePart> part;
            mappings.readLock().lock();
            try {
                Optional<Vma> found =
                        mappings.vmas().findOrAbove(at).filter(vma -> vma.start() < range.end());
                holes |= found.isEmpty() || found.get().start() > at;
                if (found.isEmpty()) {
                    break;
                }
                at = Math.min(found.get().end(), range.end());
                part = removable(found.get(), Math.max(found.get().start(), from), at);
                part.ifPresent(each -> each.file().retain());
            } finally {
                mappings.readLock().unlock();
            }
            if (part.isPresent()) {
                FilePart hole = part.get();
                try {
                    hole.file().punchHole(hole.start(), hole.end());
                } finally {
                    hole.file().release();
                }
            }
        }
        if (holes) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    /** The part of a file that a part of an area shows; empty if its pages are gone already. */
    private static Optional<FilePart> removable(Vma vma, long start, long end) {
        requireUnlocked(vma);
        if (vma.mappable().isEmpty()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (!vma.isShared() || !vma.access().canWrite()) {
            throw ErrnoException.of(Errno.EACCES);
        }
        if (vma.mappable().get() instanceof SharedAnonymous shared) {
            shared.clear(vma.offsetOf(start), vma.offsetOf(end));
            return Optional.empty();
        }
        return vma.file().map(file -> new FilePart(file, vma.offsetOf(start), vma.offsetOf(end)));
    }

    private void populate(Vma vma, long start, long end, AccessType attempt) {
        if (!vma.allows(attempt)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        try {
            long at = start;
            while (at < end) {
                at = mappings.pager().populate(vma, at, end, attempt);
            }
        } catch (BusErrorException e) {
            throw ErrnoException.of(Errno.EFAULT);
        }
    }

    private void flag(Vma vma, long start, long end, int flag, boolean on) {
        int flags = on ? vma.flags() | flag : vma.flags() & ~flag;
        if (flags != vma.flags()) {
            mappings.checkSplits(vma, start, end);
            mappings.vmas().splitAt(start);
            mappings.vmas().splitAt(end);
            Vma part = vma.part(start, end);
            mappings.vmas().replace(part, part.withFlags(flags));
        }
    }

    /** A part of a file, for calls that reach through a mapping to its file. */
    private record FilePart(MappedFile file, long start, long end) {}

    void msync(long address, long length, int flags) {
        if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) != 0
                || !Pages.isAligned(address)
                || ((flags & MS_ASYNC) != 0 && (flags & MS_SYNC) != 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        AddressRange range = range(address, length, Errno.ENOMEM);
        long end = range.end();
        if (range.isEmpty()) {
            return;
        }
        boolean holes = false;
        List<FilePart> dirty = new ArrayList<>();
        mappings.readLock().lock();
        try {
            long at = range.start();
            for (Vma vma : mappings.vmas().overlapping(at, end)) {
                holes |= vma.start() > at;
                if ((flags & MS_INVALIDATE) != 0 && vma.has(Vma.LOCKED)) {
                    throw ErrnoException.of(Errno.EBUSY);
                }
                long from = Math.max(vma.start(), range.start());
                at = Math.min(vma.end(), end);
                if ((flags & MS_SYNC) != 0 && vma.isShared() && vma.file().isPresent()) {
                    dirty.add(new FilePart(vma.file().get(), vma.offsetOf(from), vma.offsetOf(at)));
                }
            }
            holes |= at < end;
            dirty.forEach(each -> each.file().retain());
        } finally {
            mappings.readLock().unlock();
        }
        try {
            dirty.forEach(each -> each.file().sync(each.start(), each.end()));
        } finally {
            dirty.forEach(each -> each.file().release());
        }
        if (holes) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    void mincore(long address, long length, long vector) {
        if (!Pages.isAligned(address)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (address < 0 || length < 0 || length > mappings.taskSize() - address) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        long end = address + Pages.ceil(length);
        long done = 0;
        for (long at = address; at < end; ) {
            long stop = Math.min(end, at + (long) RESIDENCY_PIECE * Pages.SIZE);
            byte[] resident;
            mappings.readLock().lock();
            try {
                requireMapped(at, stop);
                resident = mappings.pager().residency(at, stop);
            } finally {
                mappings.readLock().unlock();
            }
            guestMemory.copyOut(vector + done, resident);
            done += resident.length;
            at = stop;
        }
    }

    private void requireMapped(long start, long end) {
        long at = start;
        while (at < end) {
            at = mappings.vmas().find(at).orElseThrow(() -> ErrnoException.of(Errno.ENOMEM)).end();
        }
    }

    void mlock(long address, long length, int flags) {
        if ((flags & ~MLOCK_ONFAULT) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        lock(address, length, true, (flags & MLOCK_ONFAULT) == 0);
    }

    void munlock(long address, long length) {
        lock(address, length, false, false);
    }

    private void lock(long address, long length, boolean on, boolean populate) {
        if (on && mappings.limits().locked() == 0) {
            throw ErrnoException.of(Errno.EPERM);
        }
        long start = Pages.floor(address);
        long size = length + (address - start);
        if (length < 0 || size < 0 || size > Long.MAX_VALUE - Pages.SIZE || address < 0) {
            throw ErrnoException.of(on ? Errno.ENOMEM : Errno.EINVAL);
        }
        long end = start + Pages.ceil(size);
        if (end < start) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        VmaSet.Dropped dropped = new VmaSet.Dropped();
        mappings.writeLock().lock();
        try {
            long already = mappings.vmas().lockedPagesIn(start, end) << Pages.SHIFT;
            if (on) {
                mappings.checkLocked(Vma.LOCKED, end - start - already, true, Errno.ENOMEM);
            }
            long at = start;
            while (at < end) {
                Vma vma =
                        mappings.vmas().find(at).orElseThrow(() -> ErrnoException.of(Errno.ENOMEM));
                long stop = Math.min(vma.end(), end);
                flag(vma, at, stop, Vma.LOCKED, on);
                at = stop;
            }
            if (populate && !mappings.populate(start, end)) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
        } finally {
            mappings.vmas().merge(start, end, dropped);
            mappings.writeLock().unlock();
            dropped.release();
        }
    }

    void mlockall(int flags) {
        boolean current = (flags & MCL_CURRENT) != 0;
        boolean future = (flags & MCL_FUTURE) != 0;
        if ((flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) != 0 || (!current && !future)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (mappings.limits().locked() == 0) {
            throw ErrnoException.of(Errno.EPERM);
        }
        mappings.writeLock().lock();
        try {
            if (current
                    && mappings.vmas().totalPages() > mappings.limits().locked() >> Pages.SHIFT) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
            mappings.setFutureFlags(future ? Vma.LOCKED : 0);
            if (current) {
                flagAll(true);
                if ((flags & MCL_ONFAULT) == 0) {
                    mappings.populate(0, mappings.taskSize());
                }
            }
        } finally {
            mappings.writeLock().unlock();
        }
    }

    void munlockall() {
        mappings.writeLock().lock();
        try {
            mappings.setFutureFlags(0);
            flagAll(false);
        } finally {
            mappings.writeLock().unlock();
        }
    }

    private void flagAll(boolean on) {
        for (Vma vma : List.copyOf(mappings.vmas().all())) {
            flag(vma, vma.start(), vma.end(), Vma.LOCKED, on);
        }
    }
}

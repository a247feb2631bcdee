package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MAP_32BIT;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED_NOREPLACE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_TYPE;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The mappings of an address space with their limits, and the lock over them.
 *
 * <p>It keeps the areas, the files' knowledge of them, and the pager in step. Every method but the
 * getters of locks and of what never changes needs the mapping lock, for writing where it changes
 * something.
 */
@SavedWith(MemoryManager.class)
final class Mappings {
    /** {@code sysctl vm.max_map_count}. */
    static final int MAX_COUNT = 65530;

    private static final long MAP_32BIT_START = 0x4000_0000L;
    private static final long MAP_32BIT_END = 0x8000_0000L;

    /** The size of a huge page, to whose multiples large mappings are aligned. */
    private static final long HUGE_PAGE = 2L << 20;

    private final Pager pager;
    private final AddressLayout layout;

    /** Another than at first only once the process of a restored address space is made. */
    @NotSaved("belong to the process")
    private volatile MemoryLimits limits;

    private final ReadWriteLock mappingLock = new ReentrantReadWriteLock();

    /** Guarded by mappingLock. */
    private final VmaSet vmas = new VmaSet();

    /** Whose mappings these are; set before anything is mapped. */
    @NotSaved("is the memory manager itself")
    private Mappable.Observer observer;

    /** Flags of every area to come, set by mlockall(2). Guarded by mappingLock. */
    private int futureFlags;

    /** Guarded by mappingLock. */
    private long brkStart;

    /** Guarded by mappingLock. */
    private long brk;

    /** Guarded by mappingLock. */
    private long peakPages;

    /** Guarded by mappingLock. */
    private ProgramAreas program = ProgramAreas.NONE;

    Mappings(Pager pager, AddressLayout layout, MemoryLimits limits) {
        this.pager = pager;
        this.layout = layout;
        this.limits = limits;
    }

    void observeAs(Mappable.Observer self) {
        this.observer = self;
    }

    Lock readLock() {
        return mappingLock.readLock();
    }

    Lock writeLock() {
        return mappingLock.writeLock();
    }

    Pager pager() {
        return pager;
    }

    AddressLayout layout() {
        return layout;
    }

    MemoryLimits limits() {
        return limits;
    }

    void limitTo(MemoryLimits newLimits) {
        limits = newLimits;
    }

    /** The end of the addresses that can be mapped: {@code TASK_SIZE}. */
    long taskSize() {
        return layout.userAddresses().end();
    }

    VmaSet vmas() {
        return vmas;
    }

    int futureFlags() {
        return futureFlags;
    }

    void setFutureFlags(int flags) {
        futureFlags = flags;
    }

    long peakPages() {
        return peakPages;
    }

    long brkStart() {
        return brkStart;
    }

    long brk() {
        return brk;
    }

    void restoreBrk(long start, long end) {
        brkStart = start;
        brk = end;
    }

    void restorePeak(long pages) {
        peakPages = Math.max(pages, vmas.totalPages());
    }

    ProgramAreas program() {
        return program;
    }

    void setProgram(ProgramAreas areas) {
        program = areas;
    }

    /**
     * A range that a guest gave by its first byte and its length, up to the end of its last page.
     *
     * @throws ErrnoException the given one if it does not start at a page or leaves user addresses
     */
    AddressRange userRange(long address, long length, Errno otherwise) {
        if (!Pages.isAligned(address)
                || address < 0
                || address > taskSize()
                || length < 0
                || length > taskSize() - address) {
            throw ErrnoException.of(otherwise);
        }
        return new AddressRange(address, address + Pages.ceil(length));
    }

    /** Fails if there are too many areas for one more. */
    void checkCount() {
        if (vmas.size() > MAX_COUNT) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    /** Fails if cutting a range out of an area would make too many. */
    void checkSplit(long start, long end) {
        boolean splits =
                vmas.find(start).filter(vma -> vma.start() < start && vma.end() > end).isPresent();
        if (splits && vmas.size() >= MAX_COUNT) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    /** Fails if making an area of its own out of a part of one would make too many. */
    void checkSplits(Vma vma, long start, long end) {
        if ((vma.start() < start || vma.end() > end) && vmas.size() >= MAX_COUNT) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    /** Fails if moving a mapping may make too many areas on the way. */
    void checkMove() {
        if (vmas.size() + 2 >= MAX_COUNT - 3) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    /**
     * Fails if memory that would be locked exceeds the limit.
     *
     * @param asked whether the call itself asks for locking, which takes a limit above zero
     */
    void checkLocked(int flags, long bytes, boolean asked, Errno beyond) {
        long limit = limits.locked();
        if (asked && limit == 0) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if ((flags & Vma.LOCKED) != 0
                && bytes >> Pages.SHIFT > (limit >> Pages.SHIFT) - vmas.lockedPages()) {
            throw ErrnoException.of(beyond);
        }
    }

    /**
     * Fails if an area, put in the place of whatever is there, would exceed the limits.
     *
     * @param unreserved whether the program said that it will not use all of it
     */
    void checkRoom(Vma vma, long start, long end, boolean unreserved) {
        long replaced =
                vmas.overlapping(start, end).stream()
                        .mapToLong(old -> old.part(start, end).pages())
                        .sum();
        checkGrowth(vma, vma.pages() - replaced);
        if (!unreserved
                && VmaSet.isData(vma)
                && vma.end() - vma.start() > pager.memory().statistics().limitBytes()) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    /** Fails if more pages in an area of this kind would exceed the limits. */
    void checkGrowth(Vma kind, long pages) {
        if (!mayGrow(kind, pages)) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    private boolean mayGrow(Vma kind, long pages) {
        if (vmas.totalPages() + pages > limits.addressSpace() >> Pages.SHIFT) {
            return false;
        }
        return !VmaSet.isData(kind) || vmas.dataPages() + pages <= limits.data() >> Pages.SHIFT;
    }

    /** Fails if an area that becomes writable would exceed the limit on data. */
    void checkBecomesData(Vma old, Vma changed) {
        if (!VmaSet.isData(old)
                && VmaSet.isData(changed)
                && vmas.dataPages() + changed.pages() > limits.data() >> Pages.SHIFT) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
    }

    /**
     * Chooses where a mapping goes, as {@code __get_unmapped_area} does.
     *
     * @param hint what the program asked for
     * @param size page aligned, at most {@link #taskSize()}
     * @param flags of mmap(2)
     */
    long place(long hint, long size, int flags, boolean isFile) {
        long address;
        if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
            address = hint;
        } else {
            address = search(roundHint(hint), size, flags, isFile);
            if (address < 0) {
                throw ErrnoException.of(Errno.ENOMEM);
            }
        }
        if (address < 0 || address > taskSize() - size) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        if (!Pages.isAligned(address)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (address < layout.userAddresses().start()) {
            // What a process without CAP_SYS_RAWIO gets below vm.mmap_min_addr.
            throw ErrnoException.of(Errno.EPERM);
        }
        return address;
    }

    private long roundHint(long hint) {
        long page = Pages.floor(hint);
        return page > 0 && page < layout.userAddresses().start()
                ? layout.userAddresses().start()
                : page;
    }

    private long search(long hint, long size, int flags, boolean isFile) {
        if (hint > 0 && hint <= taskSize() - size) {
            long end = hint + size;
            boolean fits =
                    vmas.findOrAbove(hint).map(vma -> end <= vma.startWithGap()).orElse(true);
            if (fits) {
                return hint;
            }
        }
        if ((flags & MAP_32BIT) != 0) {
            return vmas.findBottomUp(
                    size,
                    Math.max(MAP_32BIT_START, layout.userAddresses().start()),
                    Math.min(MAP_32BIT_END, taskSize()));
        }
        boolean anonymous = !isFile && (flags & MAP_TYPE) == MAP_PRIVATE;
        if (anonymous && hint == 0 && size % HUGE_PAGE == 0) {
            long padded = findAnywhere(size + HUGE_PAGE);
            if (padded >= 0) {
                long start = (padded + HUGE_PAGE - 1) & -HUGE_PAGE;
                return start == padded ? start + HUGE_PAGE : start;
            }
        }
        return findAnywhere(size);
    }

    private long findAnywhere(long size) {
        long lowest = layout.userAddresses().start();
        long found = vmas.findTopDown(size, lowest, layout.mmapBase());
        return found >= 0
                ? found
                : vmas.findBottomUp(size, Math.max(lowest, layout.mmapBottomUp()), taskSize());
    }

    /** Puts an area into free addresses and tells its file. */
    void insert(Vma vma) {
        vma.mappable()
                .ifPresent(mappable ->
                        mappable.addMapping(
                                observer, vma.range(), vma.offset(), vma.isSharedWritable()));
        vmas.insert(vma);
        peakPages = Math.max(peakPages, vmas.totalPages());
    }

    /** Unmaps whatever is in a range. */
    void unmap(long start, long end, VmaSet.Dropped dropped) {
        if (vmas.isFree(start, end)) {
            return;
        }
        pager.unmap(start, end);
        vmas.splitAt(start);
        vmas.splitAt(end);
        for (Vma vma : vmas.overlapping(start, end)) {
            remove(vma, dropped);
        }
    }

    /** Takes an area out, whose pages are gone, and tells its file. */
    private void remove(Vma vma, VmaSet.Dropped dropped) {
        vmas.remove(vma, dropped);
        vma.mappable()
                .ifPresent(mappable ->
                        mappable.removeMapping(
                                observer, vma.range(), vma.offset(), vma.isSharedWritable()));
    }

    void removeAll(VmaSet.Dropped dropped) {
        for (Vma vma : List.copyOf(vmas.all())) {
            remove(vma, dropped);
        }
    }

    /**
     * Brings in the pages of a range, as far as they can be had, for writing where that is the
     * program's own memory.
     *
     * @return whether all could be had
     */
    boolean populate(long start, long end) {
        boolean all = true;
        for (Vma vma : vmas.overlapping(start, end)) {
            if (vma.access() == AccessType.NONE) {
                all = false;
                continue;
            }
            AccessType attempt =
                    vma.access().canWrite() && !vma.isShared() ? AccessType.WRITE : AccessType.READ;
            long to = Math.min(vma.end(), end);
            long at = Math.max(vma.start(), start);
            try {
                while (at < to) {
                    at = pager.populate(vma, at, to, attempt);
                }
            } catch (BusErrorException | ErrnoException e) {
                // Nobody needs the page yet: if somebody comes to, the fault reports it.
                all = false;
            }
        }
        return all;
    }

    void setBrkStart(long address) {
        brkStart = address;
        brk = address;
    }

    /** Moves the program break if the limits and the neighbours allow it; says where it is. */
    long moveBrk(long address, VmaSet.Dropped dropped) {
        if (address < brkStart || address > taskSize() || brkStart == 0) {
            return brk;
        }
        if (limits.data() != MemoryLimits.INFINITY
                && address - brkStart + program.data().length() > limits.data()) {
            return brk;
        }
        long oldEnd = Pages.ceil(brk);
        long newEnd = Pages.ceil(address);
        if (newEnd < oldEnd) {
            unmap(newEnd, oldEnd, dropped);
        } else if (newEnd > oldEnd && !extendBrk(oldEnd, newEnd, dropped)) {
            return brk;
        }
        brk = address;
        return brk;
    }

    private boolean extendBrk(long start, long end, VmaSet.Dropped dropped) {
        // One page is kept free between the heap and the next mapping.
        boolean blocked =
                end > taskSize()
                        || vmas.findOrAbove(start)
                                .filter(next -> end + Pages.SIZE > next.startWithGap())
                                .isPresent();
        if (blocked) {
            return false;
        }
        Vma vma =
                Vma.anonymous(
                        start,
                        end,
                        AccessType.READ_WRITE,
                        AccessType.READ_WRITE_EXECUTE,
                        futureFlags);
        try {
            checkLocked(futureFlags, end - start, false, Errno.EAGAIN);
            checkRoom(vma, start, end, false);
            checkCount();
        } catch (ErrnoException e) {
            // The call has no error of its own: the program sees that the break did not move.
            return false;
        }
        insert(vma);
        vmas.merge(start, end, dropped);
        if (end - start <= Population.BLOCK) {
            populate(start, end);
        }
        return true;
    }

    /** Makes a stack begin at a lower address, if the limits and the guard gap allow it. */
    boolean growDown(Vma stack, long newStart) {
        if (newStart < layout.userAddresses().start()) {
            return false;
        }
        boolean tooClose =
                vmas.below(stack.start())
                        .filter(below ->
                                newStart < below.end()
                                        || (!below.has(Vma.GROWS_DOWN)
                                                && below.access() != AccessType.NONE
                                                && newStart - below.end()
                                                        < AddressLayout.STACK_GUARD_GAP))
                        .isPresent();
        long growth = (stack.start() - newStart) >> Pages.SHIFT;
        boolean lockedTooMuch =
                stack.has(Vma.LOCKED)
                        && growth > (limits.locked() >> Pages.SHIFT) - vmas.lockedPages();
        if (tooClose
                || lockedTooMuch
                || stack.end() - newStart > limits.stack()
                || !mayGrow(stack, growth)) {
            return false;
        }
        vmas.replace(stack, stack.at(newStart, stack.end(), 0));
        peakPages = Math.max(peakPages, vmas.totalPages());
        return true;
    }

    /**
     * Fills the mappings of a child.
     *
     * @return the areas whose pages the child gets
     */
    List<Vma> inherit(Mappings parent) {
        List<Vma> copied = new ArrayList<>();
        for (Vma vma : parent.vmas.all()) {
            if (vma.has(Vma.DONT_FORK)) {
                continue;
            }
            Vma mine = vma.withFlags(vma.flags() & ~Vma.LOCKED);
            insert(mine);
            if (!vma.has(Vma.WIPE_ON_FORK)) {
                copied.add(mine);
            }
        }
        brkStart = parent.brkStart;
        brk = parent.brk;
        program = parent.program;
        return copied;
    }

    List<MappingInfo> describe() {
        List<MappingInfo> lines = new ArrayList<>(vmas.size());
        for (Vma vma : vmas.all()) {
            lines.add(
                    new MappingInfo(
                            vma.range(),
                            vma.access(),
                            vma.isShared(),
                            vma.offset(),
                            vma.file().map(MappedFile::device).orElse(0L),
                            vma.file().map(MappedFile::inode).orElse(0L),
                            nameOf(vma)));
        }
        return lines;
    }

    /** As {@code show_map_vma} names it. */
    private String nameOf(Vma vma) {
        if (vma.file().isPresent()) {
            return vma.file().get().path();
        }
        if (vma.mappable().isPresent()) {
            return "/dev/zero (deleted)";
        }
        if (vma.start() < brk && vma.end() > brkStart) {
            return "[heap]";
        }
        return vma.range().contains(program.stackStart()) ? "[stack]" : "";
    }
}

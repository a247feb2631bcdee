package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.memory.MemorySnapshot;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.OwnPagesState;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The pages of an address space: brings them in, copies them, and keeps the platform's mappings in
 * step with them.
 *
 * <p>Invariant under the active lock: what a {@link Pma} covers is mapped for the guest with {@link
 * Pma#access}, and nothing else is mapped. Pages whose area allows more may be mapped for nothing
 * yet; they are when they are touched.
 *
 * <p>Methods take the active lock themselves. Callers hold the mapping lock, so that the areas they
 * pass stay what they are: for reading where a page is brought in, else for writing.
 */
@SavedWith(MemoryManager.class)
final class Pager {
    /**
     * A fork copies areas up to this size at once, if it may: a page that both sides are about to
     * write costs two faults and a copy, and each fault as much as copying three.
     */
    private static final long SMALL = 64 << 10;

    /** A fork copies no more than this at once. */
    private static final long COPIED_BY_FORK = 512 << 10;

    /** So much is prepared to be saved at once: the process waits meanwhile if it faults. */
    private static final long KEPT_AT_ONCE = 8L << 20;

    /** How soon it is looked again whether those have had their turn who wait meanwhile. */
    private static final long TURN_NANOS = 50_000;

    private final MemoryFile memory;

    /** Written under activeLock; read by anyone. */
    @NotSaved("of a platform")
    private volatile AddressSpace addressSpace;

    private final ReentrantReadWriteLock activeLock = new ReentrantReadWriteLock();

    /** Guarded by activeLock. */
    private final PmaSet active = new PmaSet();

    /** Used under activeLock. */
    private final Population population;

    /**
     * What was invalidated while a fork was still filling this pager; empty from then on. Guarded
     * by activeLock.
     */
    @NotSaved("used while a fork is made")
    private Optional<List<Invalidation>> early = Optional.empty();

    private record Invalidation(AddressRange range, boolean alsoPrivate) {}

    Pager(MemoryFile memory, AddressSpace addressSpace) {
        this.memory = requireNonNull(memory, "memory is null");
        this.population = new Population(memory, active);
        this.addressSpace = requireNonNull(addressSpace, "addressSpace is null");
    }

    AddressSpace addressSpace() {
        return addressSpace;
    }

    MemoryFile memory() {
        return memory;
    }

    /** What a thread holds that uses {@link #findAllowed} and the pages it finds. */
    Lock readLock() {
        return activeLock.readLock();
    }

    /**
     * The pages at an address, if the guest could access them in this way without a fault.
     *
     * <p>Precondition: the caller holds the read lock.
     *
     * @return the area, or null if there is none: this is the way of every access
     */
    Pma findAllowed(long address, AccessType attempt) {
        return active.findAllowed(address, attempt);
    }

    /**
     * Brings pages in and makes them accessible, as a fault does.
     *
     * @param vma which allows the access
     * @param start of the pages that are needed, page aligned
     * @param end of them
     * @param attempt what the guest is about to do
     * @return how far the pages are accessible now, above {@code start}
     * @throws BusErrorException if nothing is behind the first page
     * @throws ErrnoException if the first page cannot be had
     */
    long populate(Vma vma, long start, long end, AccessType attempt) {
        List<AddressRange> unused = new ArrayList<>(0);
        activeLock.writeLock().lock();
        try {
            MappingBatch batch = newBatchLocked();
            try {
                return population.populate(vma, start, end, attempt, batch, unused);
            } finally {
                batch.flush();
            }
        } finally {
            activeLock.writeLock().unlock();
            releaseAll(unused);
        }
    }

    /**
     * Does what {@link #populate} does, and maps the page at an address again if it was accessible
     * before: another thread may have resolved the same fault.
     */
    void resolveFault(Vma vma, long address, AccessType attempt) {
        long page = Pages.floor(address);
        activeLock.writeLock().lock();
        try {
            Pma pma = active.find(address);
            if (pma != null && pma.allows(attempt)) {
                MappingBatch batch = newBatchLocked();
                batch.map(page, page + Pages.SIZE, pma.offsetOf(page), pma.access);
                batch.flush();
                return;
            }
        } finally {
            activeLock.writeLock().unlock();
        }
        populate(vma, page, page + Pages.SIZE, attempt);
    }

    private MappingBatch newBatchLocked() {
        return new MappingBatch(addressSpace, memory, this::forgetMappingsLocked);
    }

    /**
     * Nobody knows what is mapped when the host has refused a change, and a process that could
     * write to what it shares would change memory of others, or an image. So nothing is mapped
     * then, and what is touched is mapped again.
     *
     * @param changing where changes may have been left out
     */
    private void forgetMappingsLocked(AddressRange changing) {
        long lowest = changing.start();
        long highest = changing.end();
        for (Pma pma : active.all()) {
            lowest = Math.min(lowest, pma.start);
            highest = Math.max(highest, pma.end);
            pma.access = AccessType.NONE;
        }
        addressSpace.unmap(new AddressRange(lowest, highest));
    }

    /** Takes pages away from the guest, and gives them up. */
    void unmap(long start, long end) {
        List<AddressRange> unused = new ArrayList<>(0);
        activeLock.writeLock().lock();
        try {
            if (active.remove(start, end, unused)) {
                MappingBatch batch = newBatchLocked();
                batch.unmap(start, end);
                batch.flush();
            }
        } finally {
            activeLock.writeLock().unlock();
            releaseAll(unused);
        }
    }

    /** Gives the guest the access to areas that they allow now. */
    void protect(Collection<Vma> vmas) {
        activeLock.writeLock().lock();
        try {
            MappingBatch batch = newBatchLocked();
            for (Vma vma : vmas) {
                active.split(vma.start());
                active.split(vma.end());
                for (Pma pma : active.startingIn(vma.start(), vma.end())) {
                    batch.changeAccess(pma, pma.accessIn(vma));
                }
            }
            batch.flush();
            for (Vma vma : vmas) {
                active.merge(vma.start(), vma.end());
            }
        } finally {
            activeLock.writeLock().unlock();
        }
    }

    /**
     * Moves pages to other addresses, which have none.
     *
     * @param to the area there
     */
    void move(long start, long end, Vma to) {
        activeLock.writeLock().lock();
        try {
            active.split(start);
            active.split(end);
            List<Pma> moving = new ArrayList<>(active.startingIn(start, end));
            if (moving.isEmpty()) {
                return;
            }
            MappingBatch batch = newBatchLocked();
            batch.unmap(start, end);
            batch.flush();
            moving.forEach(active::take);
            List<Pma> moved = new ArrayList<>();
            for (Pma pma : moving) {
                Pma copy = pma.copyAt(to.start() + (pma.start - start));
                copy.access = AccessType.NONE;
                active.put(copy);
                moved.add(copy);
            }
            moved.forEach(pma -> batch.changeAccess(pma, pma.accessIn(to)));
            batch.flush();
            active.merge(to.start(), to.end());
        } finally {
            activeLock.writeLock().unlock();
        }
    }

    /** Takes pages of files away from the guest; see {@link Mappable.Observer#invalidate}. */
    void invalidate(AddressRange range, boolean alsoPrivate) {
        List<AddressRange> unused = new ArrayList<>(0);
        activeLock.writeLock().lock();
        try {
            if (early.isPresent()) {
                early.get().add(new Invalidation(range, alsoPrivate));
                return;
            }
            active.split(range.start());
            active.split(range.end());
            MappingBatch batch = newBatchLocked();
            for (Pma pma : new ArrayList<>(active.startingIn(range.start(), range.end()))) {
                if (alsoPrivate || !pma.isOwned()) {
                    active.remove(pma.start, pma.end, unused);
                    batch.unmap(pma.start, pma.end);
                }
            }
            batch.flush();
        } finally {
            activeLock.writeLock().unlock();
            releaseAll(unused);
        }
    }

    /** See {@link MemoryManager#giveUpAddressSpace}. */
    void giveUpAddressSpace() {
        activeLock.writeLock().lock();
        try {
            AddressSpace before = addressSpace;
            addressSpace = NoAddressSpace.INSTANCE;
            active.startingIn(0, Long.MAX_VALUE).forEach(pma -> pma.access = AccessType.NONE);
            before.close();
        } finally {
            activeLock.writeLock().unlock();
        }
    }

    /** See {@link MemoryManager#takeAddressSpace}. */
    void takeAddressSpace(AddressSpace next) {
        requireNonNull(next, "next is null");
        activeLock.writeLock().lock();
        try {
            if (addressSpace != NoAddressSpace.INSTANCE) {
                throw new IllegalStateException("it has one");
            }
            addressSpace = next;
        } finally {
            activeLock.writeLock().unlock();
        }
    }

    /** See {@link MemoryManager#prepareToBeSaved}. */
    void keepOwnPages(MemorySnapshot snapshot) {
        long at = 0;
        while (at < Long.MAX_VALUE) {
            activeLock.writeLock().lock();
            try {
                at = keepOwnPagesLocked(at, snapshot);
            } finally {
                activeLock.writeLock().unlock();
            }
            letOthersIn();
        }
    }

    /** Whoever waits for the lock would else be overtaken by the next turn of the same loop. */
    private void letOthersIn() {
        while (activeLock.hasQueuedThreads()) {
            LockSupport.parkNanos(this, TURN_NANOS);
        }
    }

    /** Keeps some pages from an address on; says how far it came. */
    private long keepOwnPagesLocked(long from, MemorySnapshot snapshot) {
        MappingBatch batch = newBatchLocked();
        active.split(from);
        long left = KEPT_AT_ONCE;
        long at = from;
        for (Pma pma = active.from(at); pma != null && left > 0; pma = active.from(at)) {
            if (pma.kind == Pma.Kind.OWN) {
                if (pma.end - pma.start > left) {
                    active.split(pma.start + left);
                }
                snapshot.keep(pma.offset, pma.end - pma.start);
                batch.copyOnWrite(pma);
                left -= pma.end - pma.start;
            } else if (pma.kind == Pma.Kind.MAPPED && pma.writable) {
                if (pma.end - pma.start > left) {
                    active.split(pma.start + left);
                }
                batch.askBeforeWriting(pma);
                left -= pma.end - pma.start;
            }
            at = pma.end;
        }
        batch.flush();
        active.merge(from, at);
        return active.from(at) == null ? Long.MAX_VALUE : at;
    }

    /** See {@link MemoryManager#protectFrozenPages}. */
    void protectFrozenPages() {
        activeLock.writeLock().lock();
        try {
            MappingBatch batch = newBatchLocked();
            for (Pma pma : active.all()) {
                if (pma.kind == Pma.Kind.MAPPED
                        && pma.writable
                        && memory.isFrozen(pma.offset, pma.end - pma.start)) {
                    batch.askBeforeWriting(pma);
                }
            }
            batch.flush();
            active.merge(0, Long.MAX_VALUE);
        } finally {
            activeLock.writeLock().unlock();
        }
    }

    /**
     * Saves the process's own pages, which are copied on write from now on.
     *
     * @param vmas all areas
     * @param writer takes the pages
     * @return where they are, in the order of addresses
     */
    List<OwnPagesState> saveOwnPages(VmaSet vmas, StateWriter writer) {
        SavedPages saved = new SavedPages(memory, vmas, writer);
        activeLock.writeLock().lock();
        try {
            MappingBatch batch = newBatchLocked();
            for (Pma pma : active.all()) {
                if (pma.isOwned()) {
                    batch.copyOnWrite(pma);
                    saved.add(pma);
                }
            }
            batch.flush();
            active.merge(0, Long.MAX_VALUE);
        } finally {
            activeLock.writeLock().unlock();
        }
        return saved.states();
    }

    /**
     * Has pages that were saved, which are read when they are touched.
     *
     * <p>Precondition: there are none at their addresses; they lie in private areas.
     *
     * @param firstPage number of the first one in the image
     */
    void restoreOwnPages(long start, long end, long firstPage) {
        activeLock.writeLock().lock();
        try {
            active.put(Pma.unread(start, end, firstPage << Pages.SHIFT));
        } finally {
            activeLock.writeLock().unlock();
        }
    }

    /** Says how many pages there were at most. */
    void restorePeak(long pages) {
        activeLock.writeLock().lock();
        try {
            active.setPeak(pages);
        } finally {
            activeLock.writeLock().unlock();
        }
    }

    /** The pager of a child, which {@link #copyInto} has yet to fill. */
    static Pager forming(MemoryFile memory, AddressSpace addressSpace) {
        Pager pager = new Pager(memory, addressSpace);
        pager.early = Optional.of(new ArrayList<>());
        return pager;
    }

    /**
     * Gives a child the pages of this one; those that are the process's own are copied on write
     * from now on, on both sides.
     *
     * @param child made by {@link #forming}; its areas are known to their files
     * @param vmas of the child whose pages it gets
     * @param hints what is rather copied at once
     */
    void copyInto(Pager child, Collection<Vma> vmas, ForkHints hints) {
        List<Invalidation> missed;
        activeLock.writeLock().lock();
        child.activeLock.writeLock().lock();
        try {
            MappingBatch mine = newBatchLocked();
            MappingBatch childs = child.newBatchLocked();
            long toCopy = hints.mayCopy() ? COPIED_BY_FORK : 0;
            for (long hot : hints.aboutToBeWritten()) {
                active.split((hot & -Population.COPY_WINDOW) - Population.COPY_WINDOW);
                active.split((hot & -Population.COPY_WINDOW) + Population.COPY_WINDOW);
            }
            for (Vma vma : vmas) {
                active.split(vma.start());
                active.split(vma.end());
                for (Pma pma : active.startingIn(vma.start(), vma.end())) {
                    if (isWorthCopying(pma, toCopy)) {
                        Pma copy = copyOf(pma);
                        if (copy != null) {
                            toCopy -= pma.end - pma.start;
                            child.population.insert(vma, copy, childs);
                            continue;
                        }
                    }
                    if (pma.isOwned()) {
                        mine.copyOnWrite(pma);
                    }
                    if (pma.isCounted()) {
                        memory.retain(pma.offset, pma.end - pma.start);
                    }
                    child.population.insert(vma, pma.copyAt(pma.start), childs);
                }
                active.merge(vma.start(), vma.end());
            }
            mine.flush();
            childs.flush();
            missed = child.early.orElseThrow();
            child.early = Optional.empty();
        } finally {
            child.activeLock.writeLock().unlock();
            activeLock.writeLock().unlock();
        }
        missed.forEach(each -> child.invalidate(each.range(), each.alsoPrivate()));
    }

    private static boolean isWorthCopying(Pma pma, long limit) {
        long length = pma.end - pma.start;
        return pma.isOwned() && pma.access.canWrite() && length <= SMALL && length <= limit;
    }

    /** A copy of pages of the process's own, or null if there is no memory for one. */
    private Pma copyOf(Pma pma) {
        long length = pma.end - pma.start;
        long offset;
        try {
            offset = memory.allocate(length);
        } catch (ErrnoException e) {
            return null;
        }
        MemorySegment.copy(memory.view(), pma.offset, memory.view(), offset, length);
        return Pma.owned(pma.start, pma.end, offset);
    }

    /** A byte for each page of a range: 1 if it is resident. */
    byte[] residency(long start, long end) {
        byte[] resident = new byte[(int) ((end - start) >> Pages.SHIFT)];
        activeLock.readLock().lock();
        try {
            for (Pma pma : active.reachingInto(start, end)) {
                long last = Math.min(pma.end, end);
                for (long page = Math.max(pma.start, start); page < last; page += Pages.SIZE) {
                    resident[(int) ((page - start) >> Pages.SHIFT)] = 1;
                }
            }
        } finally {
            activeLock.readLock().unlock();
        }
        return resident;
    }

    /** How many pages of a range are resident. */
    long residentPages(long start, long end) {
        long pages = 0;
        activeLock.readLock().lock();
        try {
            for (Pma pma : active.reachingInto(start, end)) {
                long length = Math.min(pma.end, end) - Math.max(pma.start, start);
                pages += Math.max(0, length) >> Pages.SHIFT;
            }
        } finally {
            activeLock.readLock().unlock();
        }
        return pages;
    }

    /** How many pages are resident. */
    PmaSet.Resident resident() {
        activeLock.readLock().lock();
        try {
            return active.resident();
        } finally {
            activeLock.readLock().unlock();
        }
    }

    /** Gives everything up and closes the address space; doing so again is harmless. */
    void close() {
        List<AddressRange> unused = new ArrayList<>();
        activeLock.writeLock().lock();
        try {
            addressSpace.close();
            active.remove(0, Long.MAX_VALUE, unused);
        } finally {
            activeLock.writeLock().unlock();
        }
        releaseAll(unused);
    }

    /** Gives up references to pages that nobody has mapped any more, neighbours together. */
    private void releaseAll(List<AddressRange> unused) {
        if (unused.isEmpty()) {
            return;
        }
        unused.sort((one, other) -> Long.compare(one.start(), other.start()));
        long start = unused.getFirst().start();
        long end = start;
        for (AddressRange range : unused) {
            if (range.start() != end) {
                memory.release(start, end - start);
                start = range.start();
            }
            end = range.end();
        }
        memory.release(start, end - start);
    }
}

package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.PROT_GROWSDOWN;
import static dev.plinth.kernel.mm.linux.Mman.PROT_GROWSUP;
import static dev.plinth.kernel.mm.linux.Mman.PROT_SEM;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.memory.MemorySnapshot;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.AddressSpaceState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The memory of one guest process: what is mapped where, and what lies behind it.
 *
 * <p>Any thread may call any method. Calls that a guest makes fail with an {@link ErrnoException},
 * in the order of checks of Linux 6.18; flags and protection bits are the numbers of the x86-64
 * ABI. Addresses are what the guest passed: any {@code long}.
 */
public final class MemoryManager implements Mappable.Observer, Stateful, AutoCloseable {
    static final int PROT_MASK =
            AccessType.PROT_READ | AccessType.PROT_WRITE | AccessType.PROT_EXEC;

    /** Private anonymous mappings up to this size are brought in when they are made. */
    static final long EAGER = Population.BLOCK;

    private final Mappings mappings;

    @NotSaved("saved by way of the mappings")
    private final Pager pager;

    private final GuestMemory guestMemory;
    private final Remap remap;
    private final Advice advice;
    private final Faults faults;
    private final NewMapping newMapping;

    private MemoryManager(Mappings mappings) {
        this.mappings = mappings;
        this.pager = mappings.pager();
        this.guestMemory = new GuestMemory(this, pager, mappings.layout().userAddresses());
        this.remap = new Remap(mappings);
        this.advice = new Advice(mappings, guestMemory);
        this.faults = new Faults(mappings);
        this.newMapping = new NewMapping(mappings);
    }

    /**
     * Makes an address space with nothing mapped.
     *
     * @param memory where its memory is allocated; borrowed
     * @param addressSpace what it drives; with nothing mapped. Owned from now on
     * @param layout where things go
     * @param limits of the process
     */
    public static MemoryManager create(
            MemoryFile memory,
            AddressSpace addressSpace,
            AddressLayout layout,
            MemoryLimits limits) {
        requireNonNull(layout, "layout is null");
        requireNonNull(limits, "limits is null");
        return of(new Mappings(new Pager(memory, addressSpace), layout, limits));
    }

    /** Makes the address spaces of a sandbox. */
    @FunctionalInterface
    public interface AddressSpaces {
        /** See {@link dev.plinth.api.platform.Platform#newAddressSpace}. */
        AddressSpace create();
    }

    /**
     * Makes memory managers again that were saved, and the memory that processes share. None has
     * limits until {@link #limitTo} says so.
     *
     * @param memory where their memory is; borrowed by each
     * @param userAddresses that can be mapped: an image that has others does not fit
     */
    public static void restoring(
            Restorers restorers,
            MemoryFile memory,
            AddressRange userAddresses,
            AddressSpaces addressSpaces) {
        requireNonNull(memory, "memory is null");
        requireNonNull(userAddresses, "userAddresses is null");
        requireNonNull(addressSpaces, "addressSpaces is null");
        restorers.add(
                KindCase.SHARED_MEMORY,
                (state, reader) ->
                        SharedAnonymous.restore(memory, state.getSharedMemory(), reader));
        restorers.add(
                KindCase.ADDRESS_SPACE,
                (state, reader) -> {
                    AddressLayout layout =
                            SavedMappings.layout(state.getAddressSpace().getLayout());
                    if (!userAddresses.contains(layout.userAddresses())) {
                        throw new SandboxException(
                                ErrorCode.IMAGE_UNSUITABLE,
                                "the image has programs in %s, and the platform can map %s"
                                        .formatted(layout.userAddresses(), userAddresses),
                                "choose another platform");
                    }
                    return restore(
                            memory,
                            addressSpaces.create(),
                            layout,
                            state.getAddressSpace(),
                            reader);
                });
    }

    private static MemoryManager restore(
            MemoryFile memory,
            AddressSpace addressSpace,
            AddressLayout layout,
            AddressSpaceState state,
            StateReader reader) {
        MemoryManager manager = create(memory, addressSpace, layout, MemoryLimits.NONE);
        boolean complete = false;
        try {
            new SavedMappings(manager.mappings).restore(state, reader);
            reader.unlessComplete(manager::close);
            complete = true;
            return manager;
        } finally {
            if (!complete) {
                manager.close();
            }
        }
    }

    /**
     * Has the process's own pages copied on write while it runs, and shared ones asked for, so that
     * little is left to do when it is stopped to be saved.
     *
     * @param snapshot keeps them
     */
    public void prepareToBeSaved(MemorySnapshot snapshot) {
        pager.keepOwnPages(requireNonNull(snapshot, "snapshot is null"));
    }

    /**
     * Has shared mappings ask before they write to pages that are frozen, so that these are copied
     * first. The world is stopped.
     */
    public void protectFrozenPages() {
        pager.protectFrozenPages();
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder().setAddressSpace(new SavedMappings(mappings).save(writer));
    }

    /** Says what limits the process has whose memory this is; once, after a restore. */
    public void limitTo(MemoryLimits limits) {
        mappings.limitTo(requireNonNull(limits, "limits is null"));
    }

    private static MemoryManager of(Mappings mappings) {
        MemoryManager manager = new MemoryManager(mappings);
        mappings.observeAs(manager);
        return manager;
    }

    /** What the guest's instructions see; for the execution contexts that run in it. Borrowed. */
    public AddressSpace addressSpace() {
        return pager.addressSpace();
    }

    /**
     * Closes the address space, so that its platform can be closed; the memory stays.
     *
     * <p>Until there is another one, nobody may touch the memory: neither a guest nor the kernel.
     * Precondition: no execution context runs in it.
     *
     * @throws dev.plinth.api.host.HostCallException if the host refuses to close it; it is given up
     *     all the same
     */
    public void giveUpAddressSpace() {
        pager.giveUpAddressSpace();
    }

    /**
     * Goes on with another address space than the one that was given up, perhaps of another
     * platform. Memory is mapped there when it is touched.
     *
     * @param next with nothing mapped, and the same user addresses or more. Owned from now on
     */
    public void takeAddressSpace(AddressSpace next) {
        pager.takeAddressSpace(next);
    }

    /** Access to the process's memory for system calls. */
    public GuestMemory guestMemory() {
        return guestMemory;
    }

    /** Where things go. */
    public AddressLayout layout() {
        return mappings.layout();
    }

    /**
     * Maps anonymous memory, as mmap(2) with {@code MAP_ANONYMOUS}.
     *
     * @return where it was mapped
     */
    public long mmap(long address, long length, int prot, int flags) {
        return newMapping.map(address, length, prot, flags, Optional.empty(), 0);
    }

    /**
     * Maps a file, as mmap(2) without {@code MAP_ANONYMOUS}.
     *
     * <p>The caller has looked up the descriptor (EBADF), after it found the offset to be a
     * multiple of the page size (EINVAL).
     *
     * @param file borrowed; each mapping retains it
     * @param offset in the file, a multiple of the page size
     * @return where it was mapped
     */
    public long mmap(long address, long length, int prot, int flags, MappedFile file, long offset) {
        if (!Pages.isAligned(offset)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return newMapping.map(address, length, prot, flags, Optional.of(file), offset);
    }

    /**
     * Maps a page of the kernel's own, such as the vDSO, into a process that is about to begin a
     * program: {@code _install_special_mapping} in Linux.
     *
     * @param address page aligned, within user addresses
     * @param access what the program may do
     * @param maxAccess what mprotect(2) can make of it
     * @param page a file of one page
     * @return whether it is mapped; it is not if something else is there
     */
    public boolean mapKernelPage(
            long address, AccessType access, AccessType maxAccess, MappedFile page) {
        return newMapping.mapKernelPage(address, access, maxAccess, page);
    }

    /** As munmap(2). */
    public void munmap(long address, long length) {
        AddressRange range = mappings.userRange(address, length, Errno.EINVAL);
        if (range.isEmpty()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        VmaSet.Dropped dropped = new VmaSet.Dropped();
        mappings.writeLock().lock();
        try {
            mappings.checkSplit(range.start(), range.end());
            mappings.unmap(range.start(), range.end(), dropped);
        } finally {
            mappings.writeLock().unlock();
            dropped.release();
        }
    }

    /** As mprotect(2). */
    public void mprotect(long address, long length, int prot) {
        int bits = prot & ~(PROT_GROWSDOWN | PROT_GROWSUP);
        boolean growsDown = (prot & PROT_GROWSDOWN) != 0;
        boolean growsUp = (prot & PROT_GROWSUP) != 0;
        if ((growsDown && growsUp) || !Pages.isAligned(address)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (length == 0) {
            return;
        }
        // Unsigned, and wrapping around as in Linux.
        long rawEnd = address + Pages.floor(length + Pages.SIZE - 1);
        if (Long.compareUnsigned(rawEnd, address) <= 0) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        if ((bits & ~(PROT_MASK | PROT_SEM)) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (address < 0) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        AccessType access = AccessType.ofProt(bits & PROT_MASK);
        // Nothing is mapped in the upper half: what reaches into it ends in a hole.
        long end = rawEnd < 0 ? Long.MAX_VALUE : rawEnd;
        VmaSet.Dropped dropped = new VmaSet.Dropped();
        mappings.writeLock().lock();
        try {
            long start = address;
            Vma first =
                    mappings.vmas()
                            .findOrAbove(address)
                            .filter(vma -> vma.start() < end)
                            .orElseThrow(() -> ErrnoException.of(Errno.ENOMEM));
            if (growsDown) {
                start = first.start();
                if (!first.has(Vma.GROWS_DOWN)) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
            } else if (first.start() > address) {
                throw ErrnoException.of(Errno.ENOMEM);
            } else if (growsUp) {
                // Nothing grows up on x86-64.
                throw ErrnoException.of(Errno.EINVAL);
            }
            protectLocked(start, end, access, dropped);
        } finally {
            mappings.writeLock().unlock();
            dropped.release();
        }
    }

    /** Changes one area after the other; where that fails, those before stay changed. */
    private void protectLocked(long start, long end, AccessType access, VmaSet.Dropped dropped) {
        VmaSet vmas = mappings.vmas();
        List<Vma> changed = new ArrayList<>();
        long eagerPages = 0;
        long at = start;
        try {
            while (at < end) {
                Vma vma = vmas.find(at).orElseThrow(() -> ErrnoException.of(Errno.ENOMEM));
                if (!vma.maxAccess().covers(access)) {
                    throw ErrnoException.of(Errno.EACCES);
                }
                long stop = Math.min(vma.end(), end);
                if (vma.access() != access) {
                    Vma next = vma.part(at, stop).withAccess(access);
                    mappings.checkSplits(vma, at, stop);
                    mappings.checkBecomesData(vma, next);
                    vmas.splitAt(at);
                    vmas.splitAt(stop);
                    vmas.replace(vma.part(at, stop), next);
                    changed.add(next);
                    if (vma.access() == AccessType.NONE && next.mappable().isEmpty()) {
                        eagerPages += next.pages();
                    }
                }
                at = stop;
            }
        } finally {
            if (!changed.isEmpty()) {
                pager.protect(changed);
                vmas.merge(start, at, dropped);
            }
        }
        // An allocator that reserved addresses is about to use these.
        if (access.canWrite() && eagerPages > 0 && eagerPages <= EAGER >> Pages.SHIFT) {
            mappings.populate(start, end);
        }
    }

    /**
     * As the system call behind brk(2).
     *
     * @return the program break: the new one, or the old one if it could not be moved
     */
    public long brk(long address) {
        VmaSet.Dropped dropped = new VmaSet.Dropped();
        mappings.writeLock().lock();
        try {
            return mappings.moveBrk(address, dropped);
        } finally {
            mappings.writeLock().unlock();
            dropped.release();
        }
    }

    /** Says where the program break begins; done once, by the loader. */
    public void setBrkStart(long address) {
        mappings.writeLock().lock();
        try {
            mappings.setBrkStart(address);
        } finally {
            mappings.writeLock().unlock();
        }
    }

    /**
     * As mremap(2).
     *
     * @param newAddress used if the flags say so
     * @return where the mapping is now
     */
    public long mremap(long address, long oldLength, long newLength, int flags, long newAddress) {
        return remap.mremap(address, oldLength, newLength, flags, newAddress);
    }

    /** As madvise(2). */
    public void madvise(long address, long length, int what) {
        advice.madvise(address, length, what);
    }

    /** As msync(2). */
    public void msync(long address, long length, int flags) {
        advice.msync(address, length, flags);
    }

    /**
     * As mincore(2).
     *
     * @param vector where the guest wants a byte for each page: 1 if it is resident, else 0
     */
    public void mincore(long address, long length, long vector) {
        advice.mincore(address, length, vector);
    }

    /** As mlock2(2); mlock(2) has no flags. */
    public void mlock(long address, long length, int flags) {
        advice.mlock(address, length, flags);
    }

    /** As munlock(2). */
    public void munlock(long address, long length) {
        advice.munlock(address, length);
    }

    /** As mlockall(2). */
    public void mlockall(int flags) {
        advice.mlockall(flags);
    }

    /** As munlockall(2). */
    public void munlockall() {
        advice.munlockall();
    }

    /**
     * Does what Linux does at a page fault: grows stacks, brings pages in, copies them on write.
     *
     * <p>Called by the guest's thread when its execution context returned a fault.
     *
     * @param address that was touched, any
     * @param access {@link AccessType#READ}, {@link AccessType#WRITE} or {@link AccessType#EXECUTE}
     */
    public FaultOutcome handleFault(long address, AccessType access) {
        return faults.handle(address, access);
    }

    /**
     * Does for a system call what a fault would do, for as much of a range as is easily had.
     *
     * @param length of what is about to be accessed, positive
     */
    FaultOutcome faultIn(long address, long length, AccessType access) {
        return faults.faultIn(address, length, access);
    }

    /** Asks for memory where there was none; see {@link MemoryLimits#makeRoom}. */
    boolean makeRoom() {
        return mappings.limits().makeRoom();
    }

    /**
     * Makes the address space of a child, as fork(2): a copy of this one, made when either side
     * writes.
     *
     * <p>Precondition: the caller keeps this one open meanwhile. It may run.
     *
     * @param child with nothing mapped; owned by the new memory manager, closed if there is none
     * @param childLimits of the new process
     * @param hints what is rather copied at once
     * @throws dev.plinth.api.host.HostCallException if the host refuses
     */
    public MemoryManager fork(AddressSpace child, MemoryLimits childLimits, ForkHints hints) {
        requireNonNull(childLimits, "childLimits is null");
        Pager childPager = Pager.forming(pager.memory(), child);
        Mappings copy = new Mappings(childPager, layout(), childLimits);
        MemoryManager manager = of(copy);
        boolean done = false;
        try {
            mappings.writeLock().lock();
            try {
                pager.copyInto(childPager, copy.inherit(mappings), hints);
            } finally {
                mappings.writeLock().unlock();
            }
            done = true;
            return manager;
        } finally {
            if (!done) {
                manager.close();
            }
        }
    }

    @Override
    public void invalidate(AddressRange range, boolean alsoPrivate) {
        pager.invalidate(range, alsoPrivate);
    }

    /**
     * A place in what processes map shared.
     *
     * @param offset in the file
     */
    public record SharedLocation(Mappable mappable, long offset) {}

    /**
     * Where an address is in what is mapped there; by that processes agree on a place that each has
     * at an address of its own.
     *
     * @return empty if nothing is mapped there, or not shared
     */
    public Optional<SharedLocation> sharedLocation(long address) {
        mappings.readLock().lock();
        try {
            return mappings.vmas()
                    .find(address)
                    .filter(Vma::isShared)
                    .map(vma ->
                            new SharedLocation(
                                    vma.mappable().orElseThrow(), vma.offsetOf(address)));
        } finally {
            mappings.readLock().unlock();
        }
    }

    /** What is mapped now, in the order of addresses: a copy. */
    public List<MappingInfo> mappings() {
        mappings.readLock().lock();
        try {
            return mappings.describe();
        } finally {
            mappings.readLock().unlock();
        }
    }

    /** How many pages of a range lie in memory now. */
    public long residentPages(AddressRange range) {
        return pager.residentPages(range.start(), range.end());
    }

    /** How many pages the process had at most; waits for no mapping that is being made. */
    public long peakResidentPages() {
        return pager.resident().peak();
    }

    /** How much memory the process has now. */
    public MemoryUsage usage() {
        PmaSet.Resident resident = pager.resident();
        mappings.readLock().lock();
        try {
            VmaSet vmas = mappings.vmas();
            return new MemoryUsage(
                    vmas.totalPages(),
                    mappings.peakPages(),
                    resident.now(),
                    resident.peak(),
                    resident.ofFiles(),
                    vmas.dataPages(),
                    vmas.stackPages(),
                    vmas.executablePages(),
                    vmas.lockedPages());
        } finally {
            mappings.readLock().unlock();
        }
    }

    /** Where the parts of the program are. */
    public ProgramAreas program() {
        mappings.readLock().lock();
        try {
            return mappings.program();
        } finally {
            mappings.readLock().unlock();
        }
    }

    /** Says where the parts of the program are. */
    public void setProgram(ProgramAreas areas) {
        requireNonNull(areas, "areas is null");
        mappings.writeLock().lock();
        try {
            mappings.setProgram(areas);
        } finally {
            mappings.writeLock().unlock();
        }
    }

    /**
     * Unmaps everything and closes the address space.
     *
     * <p>Precondition: no execution context runs in it. Accesses by other threads that come later
     * find nothing mapped. Doing so again is harmless.
     */
    @Override
    public void close() {
        VmaSet.Dropped dropped = new VmaSet.Dropped();
        mappings.writeLock().lock();
        try {
            pager.close();
            mappings.removeAll(dropped);
        } finally {
            mappings.writeLock().unlock();
            dropped.release();
        }
    }
}

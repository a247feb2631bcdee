package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.kernel.memory.MemoryFile;

import java.util.List;

/**
 * The memory of one guest process: what is mapped where, and what lies behind it.
 *
 * <p>Any thread may call any method. Calls that a guest makes fail with an {@link
 * dev.plinth.kernel.errno.ErrnoException}, in the order of checks of Linux 6.18; flags and
 * protection bits are the numbers of the x86-64 ABI. Addresses are what the guest passed: any
 * {@code long}.
 */
public final class MemoryManager implements Mappable.Observer, AutoCloseable {
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
        throw new UnsupportedOperationException();
    }

    /** What the guest's instructions see; for the execution contexts that run in it. Borrowed. */
    public AddressSpace addressSpace() {
        throw new UnsupportedOperationException();
    }

    /** Access to the process's memory for system calls. */
    public GuestMemory guestMemory() {
        throw new UnsupportedOperationException();
    }

    public AddressLayout layout() {
        throw new UnsupportedOperationException();
    }

    /**
     * Maps anonymous memory, as mmap(2) with {@code MAP_ANONYMOUS}.
     *
     * @return where it was mapped
     */
    public long mmap(long address, long length, int prot, int flags) {
        throw new UnsupportedOperationException();
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
        throw new UnsupportedOperationException();
    }

    /** As munmap(2). */
    public void munmap(long address, long length) {
        throw new UnsupportedOperationException();
    }

    /** As mprotect(2). */
    public void mprotect(long address, long length, int prot) {
        throw new UnsupportedOperationException();
    }

    /**
     * As the system call behind brk(2).
     *
     * @return the program break: the new one, or the old one if it could not be moved
     */
    public long brk(long address) {
        throw new UnsupportedOperationException();
    }

    /** Says where the program break begins; done once, by the loader. */
    public void setBrkStart(long address) {
        throw new UnsupportedOperationException();
    }

    /**
     * As mremap(2).
     *
     * @param newAddress used if the flags say so
     * @return where the mapping is now
     */
    public long mremap(long address, long oldLength, long newLength, int flags, long newAddress) {
        throw new UnsupportedOperationException();
    }

    /** As madvise(2). */
    public void madvise(long address, long length, int advice) {
        throw new UnsupportedOperationException();
    }

    /** As msync(2). */
    public void msync(long address, long length, int flags) {
        throw new UnsupportedOperationException();
    }

    /**
     * As mincore(2), but for the copy to the guest.
     *
     * @return a byte for each page of the range: 1 if it is resident, else 0
     */
    public byte[] mincore(long address, long length) {
        throw new UnsupportedOperationException();
    }

    /** As mlock2(2); mlock(2) has no flags. */
    public void mlock(long address, long length, int flags) {
        throw new UnsupportedOperationException();
    }

    /** As munlock(2). */
    public void munlock(long address, long length) {
        throw new UnsupportedOperationException();
    }

    /** As mlockall(2). */
    public void mlockall(int flags) {
        throw new UnsupportedOperationException();
    }

    /** As munlockall(2). */
    public void munlockall() {
        throw new UnsupportedOperationException();
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
        throw new UnsupportedOperationException();
    }

    /**
     * Makes the address space of a child, as fork(2): a copy of this one, made when either side
     * writes.
     *
     * <p>Precondition: the caller keeps this one open meanwhile. It may run.
     *
     * @param child with nothing mapped; owned by the new memory manager
     * @param childLimits of the new process
     * @throws dev.plinth.kernel.errno.ErrnoException ENOMEM; the child's address space is closed
     */
    public MemoryManager fork(AddressSpace child, MemoryLimits childLimits) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void invalidate(AddressRange range, boolean alsoPrivate) {
        throw new UnsupportedOperationException();
    }

    /** What is mapped now, in the order of addresses: a copy. */
    public List<MappingInfo> mappings() {
        throw new UnsupportedOperationException();
    }

    /** How much memory the process has now. */
    public MemoryUsage usage() {
        throw new UnsupportedOperationException();
    }

    /** Where the parts of the program are. */
    public ProgramAreas program() {
        throw new UnsupportedOperationException();
    }

    /** Says where the parts of the program are. */
    public void setProgram(ProgramAreas areas) {
        throw new UnsupportedOperationException();
    }

    /**
     * Unmaps everything and closes the address space.
     *
     * <p>Precondition: no execution context runs in it. Accesses by other threads that come later
     * find nothing mapped. Doing so again is harmless.
     */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}

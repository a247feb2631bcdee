package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_DONTUNMAP;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_MAYMOVE;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.SavedWith;

/** The call mremap(2). */
@SavedWith(MemoryManager.class)
final class Remap {
    private static final int KNOWN_FLAGS = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;

    private final Mappings mappings;

    Remap(Mappings mappings) {
        this.mappings = mappings;
    }

    /**
     * What is asked for, with page aligned lengths.
     *
     * @param address of what is there now
     * @param oldLength unsigned; zero to map the same shared memory once more
     * @param newLength not zero
     * @param flags of mremap(2)
     * @param newAddress a wish, or with {@code MREMAP_FIXED} an order
     */
    private record Request(
            long address, long oldLength, long newLength, int flags, long newAddress) {
        boolean has(int flag) {
            return (flags & flag) != 0;
        }

        /** Whether nothing is mapped anew; such a range may go on over other mappings. */
        boolean staysInPlace() {
            return shrinks() && !has(MREMAP_FIXED | MREMAP_DONTUNMAP);
        }

        /** Whether nothing is added. */
        boolean shrinks() {
            return Long.compareUnsigned(newLength, oldLength) <= 0;
        }

        /** Whether the old mapping stays when the new one is made. */
        boolean keepsOld() {
            return oldLength == 0 || has(MREMAP_DONTUNMAP);
        }
    }

    long mremap(long address, long oldLength, long newLength, int flags, long newAddress) {
        Request request = check(address, oldLength, newLength, flags, newAddress);
        VmaSet.Dropped dropped = new VmaSet.Dropped();
        mappings.writeLock().lock();
        try {
            if (request.has(MREMAP_FIXED | MREMAP_DONTUNMAP)) {
                mappings.checkMove();
            }
            return request.has(MREMAP_FIXED) && request.oldLength() == request.newLength()
                    ? moveEach(request, dropped)
                    : remapLocked(request, dropped);
        } finally {
            mappings.writeLock().unlock();
            dropped.release();
        }
    }

    private Request check(
            long address, long oldLength, long newLength, int flags, long newAddress) {
        if ((flags & ~KNOWN_FLAGS) != 0 || !Pages.isAligned(address)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long taskSize = mappings.taskSize();
        if (newLength <= 0 || newLength > taskSize) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        // Unsigned, and as in Linux one that is only just below 2^64 becomes zero.
        long old = Pages.floor(oldLength + Pages.SIZE - 1);
        long size = Pages.ceil(newLength);
        Request request = new Request(address, old, size, flags, newAddress);
        if (request.has(MREMAP_FIXED | MREMAP_DONTUNMAP)) {
            boolean fits =
                    newAddress >= 0 && newAddress <= taskSize - size && Pages.isAligned(newAddress);
            boolean resizes = request.has(MREMAP_DONTUNMAP) && old != size;
            boolean overlaps =
                    Long.compareUnsigned(address, newAddress + size) < 0
                            && Long.compareUnsigned(newAddress, address + old) < 0;
            if (!fits || !request.has(MREMAP_MAYMOVE) || resizes || overlaps) {
                throw ErrnoException.of(Errno.EINVAL);
            }
        }
        return request;
    }

    /**
     * Moves whatever is in a range, with the holes in between, as Linux does since 6.17.
     *
     * @return where the first area is now
     */
    private long moveEach(Request request, VmaSet.Dropped dropped) {
        long start = request.address();
        long end = start + request.oldLength();
        if (mappings.vmas().find(start).isEmpty() || end < start) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        long distance = request.newAddress() - start;
        for (Vma vma : mappings.vmas().overlapping(start, end)) {
            long from = Math.max(vma.start(), start);
            long length = Math.min(vma.end(), end) - from;
            remapLocked(
                    new Request(from, length, length, request.flags(), from + distance), dropped);
        }
        return request.newAddress();
    }

    private long remapLocked(Request request, VmaSet.Dropped dropped) {
        long address = request.address();
        Vma vma = mappings.vmas().find(address).orElseThrow(() -> ErrnoException.of(Errno.EFAULT));
        if (request.staysInPlace()) {
            unmapTail(request, dropped);
            return address;
        }
        if (request.oldLength() == 0 && !vma.isShared()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        long kept = request.shrinks() ? request.newLength() : request.oldLength();
        if (kept > vma.end() - address) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        long delta = request.newLength() - kept;
        if (delta > 0) {
            if (vma.mappable().isPresent() && vma.offsetOf(address) + request.newLength() < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            mappings.checkLocked(vma.flags(), delta, false, Errno.EAGAIN);
        }
        long pages = request.keepsOld() ? request.newLength() : delta;
        mappings.checkGrowth(vma, pages >> Pages.SHIFT);
        if (request.has(MREMAP_FIXED | MREMAP_DONTUNMAP)) {
            return move(request, dropped);
        }
        long oldEnd = address + request.oldLength();
        long newEnd = address + request.newLength();
        boolean room = newEnd <= mappings.taskSize() && mappings.vmas().isFree(oldEnd, newEnd);
        if (oldEnd == vma.end() && request.oldLength() > 0 && room) {
            long offset = vma.mappable().isEmpty() ? 0 : vma.offsetOf(oldEnd);
            mappings.insert(vma.at(oldEnd, newEnd, offset));
            mappings.vmas().merge(oldEnd, newEnd, dropped);
            populateGrowth(vma, oldEnd, newEnd);
            return address;
        }
        if (!request.has(MREMAP_MAYMOVE)) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        mappings.checkMove();
        return move(request, dropped);
    }

    /** Unmaps what is behind the new length. */
    private void unmapTail(Request request, VmaSet.Dropped dropped) {
        long start = request.address() + request.newLength();
        long length = request.oldLength() - request.newLength();
        if (length != 0) {
            AddressRange tail = mappings.userRange(start, length, Errno.EINVAL);
            mappings.unmap(tail.start(), tail.end(), dropped);
        }
    }

    private long move(Request request, VmaSet.Dropped dropped) {
        long address = request.address();
        long size = request.newLength();
        Vma before = mappings.vmas().find(address).orElseThrow();
        boolean fixed = request.has(MREMAP_FIXED);
        int flags = (before.isShared() ? MAP_SHARED : MAP_PRIVATE) | (fixed ? MAP_FIXED : 0);
        boolean wish = fixed || request.has(MREMAP_DONTUNMAP);
        long target =
                mappings.place(
                        wish ? request.newAddress() : 0, size, flags, before.file().isPresent());
        mappings.unmap(target, target + size, dropped);
        if (request.shrinks()) {
            unmapTail(request, dropped);
        }
        // What was unmapped may have been another part of the same area.
        Vma vma = mappings.vmas().find(address).orElseThrow();
        long moved = request.shrinks() ? size : request.oldLength();
        long offset = vma.mappable().isEmpty() ? 0 : vma.offsetOf(address);
        Vma there = vma.at(target, target + size, offset);
        mappings.insert(there);
        if (moved > 0) {
            mappings.pager().move(address, address + moved, there);
        }
        if (!request.keepsOld()) {
            mappings.unmap(address, address + moved, dropped);
        }
        mappings.vmas().merge(target, target + size, dropped);
        populateGrowth(vma, target + moved, target + size);
        return target;
    }

    /** Brings new pages in where mmap(2) would do so at once. */
    private void populateGrowth(Vma vma, long start, long end) {
        boolean eager = vma.mappable().isEmpty() && end - start <= Population.BLOCK;
        if (start < end && (eager || vma.has(Vma.LOCKED))) {
            mappings.populate(start, end);
        }
    }
}

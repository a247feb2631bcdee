package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_DONTUNMAP;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_MAYMOVE;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;

/**
 * The call mremap(2).
 *
 * <p>As Linux did before 6.17, it moves one mapping at a time.
 */
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
     * @param oldLength zero to map the same shared memory once more
     * @param newLength not zero
     * @param flags of mremap(2)
     * @param newAddress a wish, or with {@code MREMAP_FIXED} an order
     */
    private record Request(
            long address, long oldLength, long newLength, int flags, long newAddress) {
        boolean has(int flag) {
            return (flags & flag) != 0;
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
            return remapLocked(request, dropped);
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
        // Beyond any mapping, so that it is found not to be mapped.
        long old = oldLength < 0 || oldLength > taskSize ? taskSize : Pages.ceil(oldLength);
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

    private long remapLocked(Request request, VmaSet.Dropped dropped) {
        long address = request.address();
        Vma vma = mappings.vmas().find(address).orElseThrow(() -> ErrnoException.of(Errno.EFAULT));
        if (request.oldLength() == 0 && !vma.isShared()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (request.oldLength() > vma.end() - address) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        long delta = request.newLength() - request.oldLength();
        if (delta > 0) {
            if (vma.mappable().isPresent() && vma.offsetOf(address) + request.newLength() < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            mappings.checkLocked(vma.flags(), delta, false, Errno.EAGAIN);
        }
        long pages = request.keepsOld() ? request.newLength() : Math.max(delta, 0);
        mappings.checkGrowth(vma, pages >> Pages.SHIFT);
        if (request.has(MREMAP_FIXED | MREMAP_DONTUNMAP)) {
            return move(request, dropped);
        }
        long oldEnd = address + request.oldLength();
        long newEnd = address + request.newLength();
        if (delta <= 0) {
            mappings.unmap(newEnd, oldEnd, dropped);
            return address;
        }
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
        if (request.oldLength() > size) {
            mappings.unmap(address + size, address + request.oldLength(), dropped);
        }
        // What was unmapped may have been another part of the same area.
        Vma vma = mappings.vmas().find(address).orElseThrow();
        long moved = Math.min(request.oldLength(), size);
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
        boolean eager = vma.mappable().isEmpty() && end - start <= Pager.BLOCK;
        if (start < end && (eager || vma.has(Vma.LOCKED))) {
            mappings.populate(start, end);
        }
    }
}

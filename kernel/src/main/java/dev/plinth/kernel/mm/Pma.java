package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;

/**
 * A physical memory area: pages of the memory file that are mapped into an address space.
 *
 * <p>It holds a reference to its pages, and lies within one {@link Vma}, or several of one kind.
 * Guarded by the pager's active lock.
 */
final class Pma {
    long start;
    long end;

    /** Of {@link #start}, in the memory file. */
    long offset;

    /** Whether the pages are the process's own (and its forks'), rather than a mappable's. */
    final boolean owned;

    /**
     * Of the process's own pages: whether a fork may have them too, so that a write copies them.
     */
    boolean copyOnWrite;

    /** Of a mappable's pages: whether a shared mapping may write to them. */
    final boolean writable;

    /** What the address space lets the guest do; nothing is mapped there if it is {@code NONE}. */
    AccessType access = AccessType.NONE;

    private Pma(
            long start,
            long end,
            long offset,
            boolean owned,
            boolean copyOnWrite,
            boolean writable) {
        this.start = start;
        this.end = end;
        this.offset = offset;
        this.owned = owned;
        this.copyOnWrite = copyOnWrite;
        this.writable = writable;
    }

    /** Pages of the process's own. */
    static Pma owned(long start, long end, long offset) {
        return new Pma(start, end, offset, true, false, true);
    }

    /** Pages of a mappable. */
    static Pma ofMappable(long start, long end, long offset, boolean writable) {
        return new Pma(start, end, offset, false, false, writable);
    }

    /** The same pages in other addresses, not mapped yet. */
    Pma copyAt(long newStart) {
        return new Pma(newStart, newStart + (end - start), offset, owned, copyOnWrite, writable);
    }

    boolean contains(long address) {
        return start <= address && address < end;
    }

    long offsetOf(long address) {
        return offset + (address - start);
    }

    /** What the guest may do with these pages in an area. */
    AccessType accessIn(Vma vma) {
        if (vma.access() == AccessType.NONE) {
            return AccessType.NONE;
        }
        boolean write =
                vma.access().canWrite() && (owned ? !copyOnWrite : vma.isShared() && writable);
        // Reading cannot be denied on x86-64 where anything else is allowed.
        return AccessType.of(true, write, vma.access().canExecute());
    }

    /** Whether the guest's access would succeed. */
    boolean allows(AccessType attempt) {
        return attempt == AccessType.READ ? access != AccessType.NONE : access.covers(attempt);
    }

    /** Cuts off and returns the part from an address on, which lies within. */
    Pma splitAt(long address) {
        Pma upper = new Pma(address, end, offsetOf(address), owned, copyOnWrite, writable);
        upper.access = access;
        end = address;
        return upper;
    }

    /** Whether this area could go on over the next. */
    boolean canMergeWith(Pma next) {
        return end == next.start
                && offsetOf(end) == next.offset
                && owned == next.owned
                && copyOnWrite == next.copyOnWrite
                && writable == next.writable
                && access == next.access;
    }
}

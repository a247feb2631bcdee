package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;

/**
 * A physical memory area: pages of the memory file, or of the image behind it, that an address
 * space has.
 *
 * <p>It holds a reference to its pages, unless they are the image's, and lies within one {@link
 * Vma}, or several of one kind. Guarded by the pager's active lock.
 */
@SavedWith(MemoryManager.class)
final class Pma {
    long start;
    long end;

    /** Whose pages they are, and where. */
    enum Kind {
        /** The process's own (and its forks'). */
        OWN,

        /** The same, in the image that they were restored from: never written. */
        OF_IMAGE,

        /** The same, not read yet: the place is given by numbers of pages of the image. */
        UNREAD,

        /** A mappable's. */
        MAPPED
    }

    /** Of {@link #start}, in the memory file or behind it; of unread pages, their first number. */
    long offset;

    final Kind kind;

    /**
     * Of the process's own pages: whether a fork may have them too, so that a write copies them.
     */
    @NotSaved("what is read of an image is copied on write")
    boolean copyOnWrite;

    /** Of a mappable's pages: whether a shared mapping may write to them without asking again. */
    @NotSaved("it asks anew")
    boolean writable;

    /** What the address space lets the guest do; nothing is mapped there if it is {@code NONE}. */
    AccessType access = AccessType.NONE;

    private Pma(
            long start, long end, long offset, Kind kind, boolean copyOnWrite, boolean writable) {
        this.start = start;
        this.end = end;
        this.offset = offset;
        this.kind = kind;
        this.copyOnWrite = copyOnWrite;
        this.writable = writable;
    }

    /** Pages of the process's own. */
    static Pma owned(long start, long end, long offset) {
        return new Pma(start, end, offset, Kind.OWN, false, true);
    }

    /** Pages of the process's own, in the image. */
    static Pma ofImage(long start, long end, long offset) {
        return new Pma(start, end, offset, Kind.OF_IMAGE, true, true);
    }

    /** Pages of the process's own that are to be had of the image. */
    static Pma unread(long start, long end, long offset) {
        return new Pma(start, end, offset, Kind.UNREAD, true, true);
    }

    /** Pages of a mappable. */
    static Pma ofMappable(long start, long end, long offset, boolean writable) {
        return new Pma(start, end, offset, Kind.MAPPED, false, writable);
    }

    /** The same pages in other addresses, not mapped yet. */
    Pma copyAt(long newStart) {
        return new Pma(newStart, newStart + (end - start), offset, kind, copyOnWrite, writable);
    }

    /** Whether the pages are the process's own (and its forks'), rather than a mappable's. */
    boolean isOwned() {
        return kind != Kind.MAPPED;
    }

    /** Whether they are in the memory file, where references to them are counted. */
    boolean isCounted() {
        return kind == Kind.OWN || kind == Kind.MAPPED;
    }

    boolean contains(long address) {
        return start <= address && address < end;
    }

    long offsetOf(long address) {
        return offset + (address - start);
    }

    /** Of unread pages: the number that the page at an address has in the image. */
    long pageOf(long address) {
        return offsetOf(address) >> Pages.SHIFT;
    }

    /** What the guest may do with these pages in an area. */
    AccessType accessIn(Vma vma) {
        if (vma.access() == AccessType.NONE || kind == Kind.UNREAD) {
            return AccessType.NONE;
        }
        if (kind == Kind.OF_IMAGE && vma.access().canExecute()) {
            // The image may be where the host lets nobody execute anything: they are copied first.
            return AccessType.NONE;
        }
        boolean write =
                vma.access().canWrite() && (isOwned() ? !copyOnWrite : vma.isShared() && writable);
        // Reading cannot be denied on x86-64 where anything else is allowed.
        return AccessType.of(true, write, vma.access().canExecute());
    }

    /** Whether the guest's access would succeed. */
    boolean allows(AccessType attempt) {
        return attempt == AccessType.READ ? access != AccessType.NONE : access.covers(attempt);
    }

    /** Cuts off and returns the part from an address on, which lies within. */
    Pma splitAt(long address) {
        Pma upper = new Pma(address, end, offsetOf(address), kind, copyOnWrite, writable);
        upper.access = access;
        end = address;
        return upper;
    }

    /** Whether this area could go on over the next. */
    boolean canMergeWith(Pma next) {
        return end == next.start
                && offsetOf(end) == next.offset
                && kind == next.kind
                && copyOnWrite == next.copyOnWrite
                && writable == next.writable
                && access == next.access;
    }
}

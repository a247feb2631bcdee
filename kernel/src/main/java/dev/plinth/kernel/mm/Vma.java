package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;

import java.util.Optional;

/**
 * A virtual memory area: one mapping, or a part of one.
 *
 * @param start page aligned
 * @param end page aligned, above {@code start}
 * @param access what the program asked for
 * @param maxAccess what mprotect(2) can make of it
 * @param flags a set of the constants below
 * @param mappable what is mapped; empty for private anonymous memory
 * @param file that is mapped; empty for anonymous memory
 * @param offset of {@code start} in the mappable; zero for private anonymous memory
 */
record Vma(
        long start,
        long end,
        AccessType access,
        AccessType maxAccess,
        int flags,
        Optional<? extends Mappable> mappable,
        Optional<MappedFile> file,
        long offset) {
    /** Writes reach the mappable, and everyone who maps it. */
    static final int SHARED = 1;

    /** A stack: grows when memory below it is touched. */
    static final int GROWS_DOWN = 2;

    /** Locked by mlock(2). */
    static final int LOCKED = 4;

    /** Not copied by fork(2): {@code MADV_DONTFORK}. */
    static final int DONT_FORK = 8;

    /** Zero in a child: {@code MADV_WIPEONFORK}. */
    static final int WIPE_ON_FORK = 16;

    /** Not part of a core dump: {@code MADV_DONTDUMP}. */
    static final int DONT_DUMP = 32;

    /** Private anonymous memory. */
    static Vma anonymous(long start, long end, AccessType access, AccessType maxAccess, int flags) {
        return new Vma(start, end, access, maxAccess, flags, Optional.empty(), Optional.empty(), 0);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    boolean isShared() {
        return has(SHARED);
    }

    long pages() {
        return (end - start) >> Pages.SHIFT;
    }

    AddressRange range() {
        return new AddressRange(start, end);
    }

    /** Where in the mappable an address of this area is. */
    long offsetOf(long address) {
        return offset + (address - start);
    }

    /** Whether a write may be in the mapping's future, for {@link Mappable#addMapping}. */
    boolean isSharedWritable() {
        return isShared() && maxAccess.canWrite();
    }

    /** Whether the program may access it in this way. As on every x86-64, any access lets read. */
    boolean allows(AccessType attempt) {
        return switch (attempt) {
            case READ -> access != AccessType.NONE;
            case WRITE -> access.canWrite();
            case EXECUTE -> access.canExecute();
            default -> throw new IllegalArgumentException("not an attempt: " + attempt);
        };
    }

    /** The address that nothing may be placed above when it is placed below this area. */
    long startWithGap() {
        return has(GROWS_DOWN) ? Math.max(start - AddressLayout.STACK_GUARD_GAP, 0) : start;
    }

    /** The part of this area that lies in a range, which overlaps it. */
    Vma part(long from, long to) {
        long partStart = Math.max(start, from);
        long partEnd = Math.min(end, to);
        return at(partStart, partEnd, mappable.isEmpty() ? 0 : offsetOf(partStart));
    }

    /** The same kind of area elsewhere. */
    Vma at(long newStart, long newEnd, long newOffset) {
        return new Vma(newStart, newEnd, access, maxAccess, flags, mappable, file, newOffset);
    }

    Vma withAccess(AccessType newAccess) {
        return new Vma(start, end, newAccess, maxAccess, flags, mappable, file, offset);
    }

    Vma withFlags(int newFlags) {
        return new Vma(start, end, access, maxAccess, newFlags, mappable, file, offset);
    }

    /** Whether one area could stand for this one and the next. */
    boolean canMergeWith(Vma next) {
        return end == next.start
                && access == next.access
                && maxAccess == next.maxAccess
                && flags == next.flags
                && file.equals(next.file)
                && mappable.equals(next.mappable)
                && (mappable.isEmpty() || offsetOf(end) == next.offset);
    }
}

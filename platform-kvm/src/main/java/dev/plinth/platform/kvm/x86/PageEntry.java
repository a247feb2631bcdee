package dev.plinth.platform.kvm.x86;

import dev.plinth.api.memory.AccessType;

/** Entries of page tables, on each of their four levels. */
public final class PageEntry {
    public static final long PRESENT = 1;
    public static final long WRITABLE = 1 << 1;
    public static final long USER = 1 << 2;
    public static final long ACCESSED = 1 << 5;
    public static final long DIRTY = 1 << 6;

    /** On the second level: the entry maps 2 MiB. */
    public static final long LARGE = 1 << 7;

    public static final long NO_EXECUTE = 1L << 63;

    /** Entries in a table. */
    public static final int PER_TABLE = 512;

    /** {@code log2} of {@link #PER_TABLE}. */
    public static final int INDEX_BITS = 9;

    /** What a table's entry that leads to another table says: everything, for leaves decide. */
    public static final long TABLE = PRESENT | WRITABLE | USER | ACCESSED | DIRTY;

    /** The same for the tables of ring 0. */
    public static final long SUPERVISOR_TABLE = PRESENT | WRITABLE | ACCESSED | DIRTY;

    private static final long ADDRESS = 0x000f_ffff_ffff_f000L;

    private PageEntry() {}

    /**
     * The flags of a leaf with which a user program may do what the access says, zero for nothing.
     *
     * <p>Accessed and dirty are set from the start: nobody reads them, and a hypervisor that sees
     * them set maps a page, and its neighbours, for writing at the first touch.
     */
    public static long leaf(AccessType access) {
        if (access == AccessType.NONE) {
            return 0;
        }
        return PRESENT
                | USER
                | ACCESSED
                | DIRTY
                | (access.canWrite() ? WRITABLE : 0)
                | (access.canExecute() ? 0 : NO_EXECUTE);
    }

    /** Whether the entry leads anywhere. */
    public static boolean isPresent(long entry) {
        return (entry & PRESENT) != 0;
    }

    /** The guest physical address that the entry leads to. */
    public static long address(long entry) {
        return entry & ADDRESS;
    }
}

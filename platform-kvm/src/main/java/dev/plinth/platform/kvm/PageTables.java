package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.platform.kvm.stub.GuestLayout;
import dev.plinth.platform.kvm.stub.MonitorImage;
import dev.plinth.platform.kvm.x86.PageEntry;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The page tables of one address space, and the only code that writes to such tables.
 *
 * <p>A processor caches translations, and a hypervisor without nested paging keeps whole shadows of
 * the tables; neither sees a store by the host. What was <i>not present</i> is not cached and not
 * shadowed, but anything else is, and no flush from outside (CR3, CR4, INVLPG, resetting registers)
 * makes a hypervisor look at a shadowed entry again. A recycled table whose shadow survives would
 * show one guest the memory of another. Hence these rules, which hold on every kind of processor:
 *
 * <ol>
 *   <li><b>Not present &rarr; present:</b> a plain store, on any level; nothing else.
 *   <li><b>Present leaf &rarr; anything:</b> a store, then {@link GuestMemory#dropTranslations} of
 *       the page that the <i>old</i> entry led to. By way of the host's MMU notifier every
 *       translation to that page goes, in every address space and on every vCPU, also those that
 *       are executing, before the call returns; what is touched again is looked up again.
 *   <li><b>Present entry of a higher level &rarr; not present:</b> by {@link RingZero} only, whose
 *       store the hypervisor does see. Rule 2 would leave the link in the shadow.
 *   <li><b>A table is freed</b> when rule 2 has cleared all its leaves and rule 3 the one entry
 *       that led to it, in this order. It is then punched out of the file that it lies in ({@link
 *       TableArena#free}): where the processor walks the tables itself, that drops the translation
 *       to the table, and with it everything cached of the walks through it, on every vCPU. So rule
 *       3 needs no vCPU to stop. Whoever gets the page next finds it zero.
 *   <li>Tables lie where nothing else does, and ring 3 has no mapping of them.
 * </ol>
 *
 * <p>Between rule 2's store and its drop a vCPU may still see the old page. So both are done when a
 * method returns, and only then may the caller let anybody else have the page.
 *
 * <p>Confined to whoever holds the lock of the address space.
 */
final class PageTables {
    private static final VarHandle ENTRY = JAVA_LONG.varHandle();

    /** What the entries of the four levels translate, as a shift. */
    private static final int ROOT_SHIFT = 39;

    private static final int LEAF_SHIFT = Pages.SHIFT;

    /** What a table of leaves describes: 2 MiB. */
    static final long LEAF_TABLE_BYTES = (long) PageEntry.PER_TABLE << LEAF_SHIFT;

    /** So many tables must have become empty before it is worth looking for them. */
    private static final int RECLAIM_MIN = 64;

    /** What becomes of a present leaf. */
    private interface LeafChange {
        long apply(long entry);
    }

    private final GuestMemory memory;
    private final TableArena arena;
    private final RingZero ringZero;
    private final MemorySegment segment;
    private final long root;

    /** How many tables there are below the root. */
    private int tables;

    /** How many leaf tables became empty since the last look; some may have been filled again. */
    private int emptied;

    /** Adjacent pages whose translations are to be dropped: {@code [dropStart, dropEnd)}. */
    private long dropStart;

    private long dropEnd;

    /** Makes tables that map nothing but the monitor. */
    PageTables(GuestMemory memory, TableArena arena, RingZero ringZero) {
        this.memory = memory;
        this.arena = arena;
        this.ringZero = ringZero;
        segment = arena.segment();
        root = arena.allocate();
        store(monitorEntry(), MonitorImage.ROOT_ENTRY);
    }

    private long monitorEntry() {
        return root + (long) MonitorImage.ROOT_INDEX * Long.BYTES;
    }

    /** The guest physical address of the root, for CR3. */
    long root() {
        return root;
    }

    /**
     * Maps pages, whatever was mapped there.
     *
     * @param range page aligned
     * @param guestPhysical of its first page
     * @param flags of the leaves, see {@link PageEntry#leaf}; not zero
     */
    void map(AddressRange range, long guestPhysical, long flags) {
        put(range, guestPhysical, flags, true);
    }

    /** Maps those pages of a range that are not mapped; see {@link #map}. */
    void fill(AddressRange range, long guestPhysical, long flags) {
        put(range, guestPhysical, flags, false);
    }

    private void put(AddressRange range, long guestPhysical, long flags, boolean replace) {
        try {
            long page = guestPhysical;
            for (long address = range.start(); address < range.end(); ) {
                long table = leafTable(address);
                long end = Math.min(range.end(), (address & -LEAF_TABLE_BYTES) + LEAF_TABLE_BYTES);
                while (address < end) {
                    long entry = entryOf(table, address, LEAF_SHIFT);
                    if (replace || !PageEntry.isPresent(load(entry))) {
                        setLeaf(entry, page | flags);
                    }
                    address += Pages.SIZE;
                    page += Pages.SIZE;
                }
            }
        } finally {
            // Also when there is no room for a table: what was replaced until then is nobody's.
            drop();
        }
    }

    /** Maps nothing in a range any more. */
    void clear(AddressRange range) {
        change(range, entry -> 0);
        if (emptied >= RECLAIM_MIN && emptied >= tables / 4) {
            reclaim();
        }
    }

    /**
     * Changes what can be done to the pages that are mapped in a range.
     *
     * @param flags see {@link PageEntry#leaf}; zero unmaps them
     */
    void protect(AddressRange range, long flags) {
        change(range, entry -> flags == 0 ? 0 : PageEntry.address(entry) | flags);
    }

    private void change(AddressRange range, LeafChange change) {
        change(root, ROOT_SHIFT, 0, range, change);
        drop();
    }

    /**
     * Changes the leaves of one table, and of those below.
     *
     * @param base the first address that the table translates
     */
    private void change(long table, int shift, long base, AddressRange range, LeafChange change) {
        long first = Math.max(range.start(), base);
        long end = Math.min(range.end(), base + ((long) PageEntry.PER_TABLE << shift));
        boolean changed = false;
        for (long at = first >>> shift << shift; at < end; at += 1L << shift) {
            long entry = entryOf(table, at, shift);
            long value = load(entry);
            if (!PageEntry.isPresent(value)) {
                continue;
            }
            if (shift == LEAF_SHIFT) {
                setLeaf(entry, change.apply(value));
                changed = true;
            } else {
                change(PageEntry.address(value), shift - PageEntry.INDEX_BITS, at, range, change);
            }
        }
        if (changed && isEmpty(table)) {
            emptied++;
        }
    }

    private boolean isEmpty(long table) {
        for (int i = 0; i < PageEntry.PER_TABLE; i++) {
            if (PageEntry.isPresent(load(table + (long) i * Long.BYTES))) {
                return false;
            }
        }
        return true;
    }

    /**
     * Frees all tables and the root.
     *
     * <p>Precondition: no vCPU executes in the address space, now or later.
     */
    void close() {
        clear(GuestLayout.USER_ADDRESSES);
        Garbage garbage = new Garbage();
        collect(root, ROOT_SHIFT, 0, garbage);
        garbage.addEntry(monitorEntry(), GuestLayout.MONITOR_BASE);
        garbage.addTable(root);
        free(garbage);
    }

    /** Frees the tables that describe nothing. */
    private void reclaim() {
        emptied = 0;
        Garbage garbage = new Garbage();
        collect(root, ROOT_SHIFT, 0, garbage);
        free(garbage);
        tables -= garbage.tableCount;
    }

    /**
     * Collects the empty tables below a table: by rule 4 the lower ones first.
     *
     * @return whether the table is empty without them
     */
    private boolean collect(long table, int shift, long base, Garbage garbage) {
        boolean empty = true;
        int entries = shift == ROOT_SHIFT ? MonitorImage.ROOT_INDEX : PageEntry.PER_TABLE;
        for (int i = 0; i < entries; i++) {
            long entry = table + (long) i * Long.BYTES;
            long value = load(entry);
            if (!PageEntry.isPresent(value)) {
                continue;
            }
            if (shift == LEAF_SHIFT) {
                return false;
            }
            long child = PageEntry.address(value);
            long address = base + ((long) i << shift);
            if (collect(child, shift - PageEntry.INDEX_BITS, address, garbage)) {
                garbage.addEntry(entry, address);
                garbage.addTable(child);
            } else {
                empty = false;
            }
        }
        return empty;
    }

    private void free(Garbage garbage) {
        ringZero.clearEntries(garbage.entries, garbage.addresses, garbage.entryCount);
        arena.free(garbage.tables, garbage.tableCount);
    }

    /** Entries to clear and tables to free. */
    private static final class Garbage {
        private long[] entries = new long[16];
        private long[] addresses = new long[16];
        private int entryCount;
        private long[] tables = new long[16];
        private int tableCount;

        void addEntry(long entry, long address) {
            if (entryCount == entries.length) {
                entries = Arrays.copyOf(entries, 2 * entryCount);
                addresses = Arrays.copyOf(addresses, 2 * entryCount);
            }
            entries[entryCount] = entry;
            addresses[entryCount] = address;
            entryCount++;
        }

        void addTable(long table) {
            if (tableCount == tables.length) {
                tables = Arrays.copyOf(tables, 2 * tableCount);
            }
            tables[tableCount] = table;
            tableCount++;
        }
    }

    /** The table of leaves for an address, made if there is none. */
    private long leafTable(long address) {
        long table = root;
        for (int shift = ROOT_SHIFT; shift > LEAF_SHIFT; shift -= PageEntry.INDEX_BITS) {
            long entry = entryOf(table, address, shift);
            long value = load(entry);
            if (PageEntry.isPresent(value)) {
                table = PageEntry.address(value);
            } else {
                table = arena.allocate();
                tables++;
                store(entry, table | PageEntry.TABLE);
            }
        }
        return table;
    }

    /** Rules 1 and 2; {@link #drop} completes them. */
    private void setLeaf(long entry, long value) {
        long old = load(entry);
        if (old == value) {
            return;
        }
        store(entry, value);
        if (PageEntry.isPresent(old)) {
            long page = PageEntry.address(old);
            if (page != dropEnd) {
                drop();
                dropStart = page;
            }
            dropEnd = page + Pages.SIZE;
        }
    }

    /** Drops the translations to pages whose leaves were changed. */
    private void drop() {
        long start = dropStart;
        long bytes = dropEnd - dropStart;
        dropStart = 0;
        dropEnd = 0;
        if (bytes > 0) {
            memory.dropTranslations(start, bytes);
        }
    }

    private static long entryOf(long table, long address, int shift) {
        return table + (address >>> shift & PageEntry.PER_TABLE - 1) * Long.BYTES;
    }

    private long load(long entry) {
        return (long) ENTRY.getOpaque(segment, entry);
    }

    private void store(long entry, long value) {
        ENTRY.setRelease(segment, entry, value);
    }
}

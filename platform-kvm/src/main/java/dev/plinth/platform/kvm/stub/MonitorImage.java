package dev.plinth.platform.kvm.stub;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.platform.kvm.x86.PageEntry;

import java.lang.foreign.MemorySegment;

/** Fills the part of a virtual machine that is the same in all of them. */
public final class MonitorImage {
    /** What an entry of a root must lead to, in every address space; the last of its entries. */
    public static final int ROOT_INDEX = PageEntry.PER_TABLE - 1;

    /** The entry itself. */
    public static final long ROOT_ENTRY = GuestLayout.MONITOR_PDPT | PageEntry.SUPERVISOR_TABLE;

    /** Which entry of the PDPT leads to {@link GuestLayout#MONITOR_BASE}, the last GiB but one. */
    private static final int PDPT_INDEX = PageEntry.PER_TABLE - 2;

    private static final int LARGE_PAGE_SHIFT = 21;

    private MonitorImage() {}

    /**
     * Writes descriptor tables, code and the page tables of ring 0.
     *
     * @param monitor the guest physical memory from address zero, all zero
     */
    public static void write(MemorySegment monitor) {
        DescriptorTables.write(monitor);
        MonitorCode.write(monitor);
        for (long i = 0; i < PageEntry.PER_TABLE; i++) {
            setEntry(
                    monitor,
                    GuestLayout.MONITOR_DIRECTORY,
                    i,
                    i << LARGE_PAGE_SHIFT | PageEntry.SUPERVISOR_TABLE | PageEntry.LARGE);
        }
        setEntry(
                monitor,
                GuestLayout.MONITOR_PDPT,
                PDPT_INDEX,
                GuestLayout.MONITOR_DIRECTORY | PageEntry.SUPERVISOR_TABLE);
        setEntry(monitor, GuestLayout.MONITOR_ROOT, ROOT_INDEX, ROOT_ENTRY);
    }

    private static void setEntry(MemorySegment monitor, long table, long index, long entry) {
        monitor.set(JAVA_LONG, table + index * Long.BYTES, entry);
    }
}

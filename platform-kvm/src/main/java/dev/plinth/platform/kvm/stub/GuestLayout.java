package dev.plinth.platform.kvm.stub;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;

/**
 * Where things lie in a virtual machine.
 *
 * <p>Guest physical addresses:
 *
 * <pre>
 *   0x0000_1000   GDT
 *   0x0000_2000   IDT
 *   0x0000_3000   entries of the 256 exception vectors, 16 bytes each
 *   0x0000_4000   entry of the instruction syscall; the rest of the monitor's code
 *   0x0000_5000   page tables of ring 0: PDPT, page directory, PML4
 *   0x0000_8000   orders for the table writer
 *   0x0001_0000   a page for each vCPU
 *   0x0080_0000   page tables of guests, up to 1 GiB
 *   0xfffb_d000   KVM's own, on Intel processors
 *   0x1_0000_0000 guest memory: the backing files, one behind the other
 * </pre>
 *
 * <p>The first GiB is mapped at {@link #MONITOR_BASE} in every address space, for ring 0 only. All
 * else in the upper half is empty, and so is all of the lower half but for what guests map.
 */
public final class GuestLayout {
    /** What guests can map: as in Linux, where the last page is nobody's. */
    public static final AddressRange USER_ADDRESSES = new AddressRange(0x1_0000, 0x7fff_ffff_f000L);

    /** The virtual address of guest physical address zero. */
    public static final long MONITOR_BASE = 0xffff_ffff_8000_0000L;

    /** How much is mapped there. */
    public static final long MONITOR_BYTES = 1L << 30;

    public static final long GDT = 0x1000;
    public static final long IDT = 0x2000;
    public static final long VECTORS = 0x3000;

    /** {@code log2} of the size of a vector's entry. */
    public static final int VECTOR_SHIFT = 4;

    public static final long VECTORS_END = 0x4000;
    public static final long SYSCALL_ENTRY = 0x4000;
    public static final long RETURN_TO_USER = 0x4100;
    public static final long TABLE_WRITER = 0x4200;
    public static final long CPUID = 0x4300;

    public static final long MONITOR_PDPT = 0x5000;
    public static final long MONITOR_DIRECTORY = 0x6000;
    public static final long MONITOR_ROOT = 0x7000;

    public static final long WRITE_ORDERS = 0x8000;
    public static final long WRITE_ORDERS_END = 0x1_0000;

    private static final long VCPU_PAGES = 0x1_0000;
    private static final long VCPU_PAGES_END = 0x80_0000;

    /** How many vCPUs have room. */
    public static final int MAX_VCPUS = (int) ((VCPU_PAGES_END - VCPU_PAGES) / Pages.SIZE);

    public static final long TABLES = 0x80_0000;
    public static final long TABLES_END = MONITOR_BYTES;

    /** Three pages that KVM needs for itself on Intel processors. */
    public static final long TSS_ADDRESS = 0xfffb_d000L;

    public static final long GUEST_MEMORY = 0x1_0000_0000L;

    private GuestLayout() {}

    /** The virtual address, for ring 0, of a guest physical address in the first GiB. */
    public static long virtual(long guestPhysical) {
        return MONITOR_BASE + guestPhysical;
    }

    /** The guest physical address of a vCPU's page. */
    public static long vcpuPage(int id) {
        return VCPU_PAGES + (long) id * Pages.SIZE;
    }
}

package dev.plinth.platform.kvm.stub;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.platform.kvm.x86.Vector;

import java.lang.foreign.MemorySegment;

/** The global and the interrupt descriptor table, which all vCPUs share. */
public final class DescriptorTables {
    /** The last byte of the GDT. */
    public static final int GDT_LIMIT = 0x4f;

    /** The last byte of the IDT. */
    public static final int IDT_LIMIT = 16 * Vector.COUNT - 1;

    /** The last byte of a task state segment without a map of I/O ports. */
    public static final int TASK_STATE_LIMIT = 0x67;

    /** Code: present, ring 0, readable, 64 bits. */
    private static final long CODE_0 = 0x00af_9b00_0000_ffffL;

    /** Data: present, ring 0, writable. */
    private static final long DATA_0 = 0x00cf_9300_0000_ffffL;

    private static final long DATA_3 = 0x00cf_f300_0000_ffffL;
    private static final long CODE_3 = 0x00af_fb00_0000_ffffL;

    /** A busy task state segment at address zero; which one a vCPU has is set from outside. */
    private static final long TASK_STATE = 0x0000_8b00_0000_0000L | TASK_STATE_LIMIT;

    /** A present interrupt gate for 64 bits that switches to stack 1 of the task state segment. */
    private static final long GATE = 0x8e01L << 32;

    /** Where a gate says from which ring the instruction {@code int n} may use it. */
    private static final int GATE_PRIVILEGE_SHIFT = 45;

    private DescriptorTables() {}

    static void write(MemorySegment monitor) {
        setDescriptor(monitor, Selectors.MONITOR_CODE, CODE_0);
        setDescriptor(monitor, Selectors.MONITOR_DATA, DATA_0);
        setDescriptor(monitor, Selectors.USER_DATA, DATA_3);
        setDescriptor(monitor, Selectors.USER_CODE, CODE_3);
        setDescriptor(monitor, Selectors.TASK_STATE, TASK_STATE);
        for (int vector = 0; vector < Vector.COUNT; vector++) {
            setGate(monitor, vector);
        }
    }

    private static void setDescriptor(MemorySegment monitor, int selector, long descriptor) {
        monitor.set(JAVA_LONG, GuestLayout.GDT + (selector & ~Selectors.PRIVILEGE), descriptor);
    }

    private static void setGate(MemorySegment monitor, int vector) {
        long entry =
                GuestLayout.virtual(
                        GuestLayout.VECTORS + ((long) vector << GuestLayout.VECTOR_SHIFT));
        // All others, int 0x80 with them, are general protection faults from ring 3.
        boolean forUsers = vector == Vector.BREAKPOINT || vector == Vector.OVERFLOW;
        long low =
                (entry & 0xffff)
                        | (long) Selectors.MONITOR_CODE << 16
                        | GATE
                        | (forUsers ? 3L << GATE_PRIVILEGE_SHIFT : 0)
                        | ((entry >> 16) & 0xffff) << 48;
        monitor.set(JAVA_LONG, GuestLayout.IDT + 16L * vector, low);
        monitor.set(JAVA_LONG, GuestLayout.IDT + 16L * vector + 8, entry >>> 32);
    }
}

package dev.plinth.platform.kvm.stub;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.platform.kvm.x86.Vector;

import java.lang.foreign.MemorySegment;

/**
 * The page of one vCPU: its task state segment, its stack, and the frame by which it goes to ring
 * 3.
 *
 * <pre>
 *   0x000   task state segment
 *   0xc00   end of the stack: each exception's frame is pushed just below
 *   0xe00   the frame of the next iretq
 * </pre>
 *
 * <p>The stack never holds more than one frame, for every exception begins at its end and halts.
 * Confined to whoever has the vCPU.
 */
public final class VcpuPage {
    private static final long RSP0 = 0x04;
    private static final long IST1 = 0x24;
    private static final long IO_MAP_BASE = 0x66;

    private static final long STACK_END = 0xc00;
    private static final long RETURN_FRAME = 0xe00;

    // A frame: rip, cs, rflags, rsp, ss.
    private static final long RIP = 0;
    private static final long CS = 8;
    private static final long RFLAGS = 16;
    private static final long RSP = 24;
    private static final long SS = 32;
    private static final long EXCEPTION_FRAME = STACK_END - 40;
    private static final long ERROR_CODE = EXCEPTION_FRAME - 8;

    private final MemorySegment page;
    private final long address;

    /**
     * Prepares the page.
     *
     * @param monitor the guest physical memory from address zero
     * @param id of the vCPU
     */
    public VcpuPage(MemorySegment monitor, int id) {
        page = monitor.asSlice(GuestLayout.vcpuPage(id), 4096);
        address = GuestLayout.virtual(GuestLayout.vcpuPage(id));
        page.fill((byte) 0);
        page.set(JAVA_LONG_UNALIGNED, RSP0, address + STACK_END);
        page.set(JAVA_LONG_UNALIGNED, IST1, address + STACK_END);
        page.set(JAVA_SHORT, IO_MAP_BASE, (short) (DescriptorTables.TASK_STATE_LIMIT + 1));
    }

    /** The virtual address of the task state segment. */
    public long taskState() {
        return address;
    }

    /** The stack pointer with which {@link GuestLayout#RETURN_TO_USER} is executed. */
    public long returnFrame() {
        return address + RETURN_FRAME;
    }

    /** The stack pointer for other code of ring 0. */
    public long stackEnd() {
        return address + STACK_END;
    }

    /** Sets where and with what the vCPU goes to ring 3. */
    public void setReturn(long rip, long rflags, long rsp) {
        page.set(JAVA_LONG, RETURN_FRAME + RIP, rip);
        page.set(JAVA_LONG, RETURN_FRAME + CS, Selectors.USER_CODE);
        page.set(JAVA_LONG, RETURN_FRAME + RFLAGS, rflags);
        page.set(JAVA_LONG, RETURN_FRAME + RSP, rsp);
        page.set(JAVA_LONG, RETURN_FRAME + SS, Selectors.USER_DATA);
    }

    /** What {@link #setReturn} was told last. */
    public long returnRip() {
        return page.get(JAVA_LONG, RETURN_FRAME + RIP);
    }

    /** What {@link #setReturn} was told last. */
    public long returnFlags() {
        return page.get(JAVA_LONG, RETURN_FRAME + RFLAGS);
    }

    /** What {@link #setReturn} was told last. */
    public long returnRsp() {
        return page.get(JAVA_LONG, RETURN_FRAME + RSP);
    }

    /** The instruction pointer that the last exception pushed. */
    public long exceptionRip() {
        return page.get(JAVA_LONG, EXCEPTION_FRAME + RIP);
    }

    /** The flags that the last exception pushed. */
    public long exceptionFlags() {
        return page.get(JAVA_LONG, EXCEPTION_FRAME + RFLAGS);
    }

    /** The stack pointer that the last exception pushed. */
    public long exceptionRsp() {
        return page.get(JAVA_LONG, EXCEPTION_FRAME + RSP);
    }

    /** Whether the last exception came from ring 3. */
    public boolean isExceptionOfUser() {
        return (page.get(JAVA_LONG, EXCEPTION_FRAME + CS) & Selectors.PRIVILEGE) == 3;
    }

    /** The error code that the last exception pushed; zero if it pushes none. */
    public long errorCode(int vector) {
        return Vector.hasErrorCode(vector) ? page.get(JAVA_LONG, ERROR_CODE) : 0;
    }
}

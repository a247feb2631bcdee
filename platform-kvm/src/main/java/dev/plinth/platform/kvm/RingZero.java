package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.platform.kvm.linux.KvmRegs;
import dev.plinth.platform.kvm.linux.Xsave;
import dev.plinth.platform.kvm.stub.GuestLayout;
import dev.plinth.platform.kvm.stub.VcpuPage;
import dev.plinth.platform.kvm.x86.Flags;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A vCPU that never sees a guest: it does for the platform what only an instruction inside the
 * virtual machine can do.
 *
 * <p>Any thread may call any method.
 */
final class RingZero implements AutoCloseable {
    /** Its number. */
    static final int ID = 0;

    private static final int ORDER_BYTES = 24;

    /** How many orders the table writer takes at once. */
    private static final int MAX_ORDERS =
            (int) ((GuestLayout.WRITE_ORDERS_END - GuestLayout.WRITE_ORDERS) / ORDER_BYTES);

    private final MemorySegment monitor;

    private final ReentrantLock vcpuLock = new ReentrantLock();

    @GuardedBy("vcpuLock")
    private final KvmVcpu vcpu;

    private final VcpuPage page;

    /** Takes ownership of a vCPU that was just made. */
    RingZero(MemorySegment monitor, KvmVcpu vcpu, Processor processor) {
        this.monitor = monitor;
        this.vcpu = vcpu;
        page = new VcpuPage(monitor, ID);
        processor.introduce(vcpu, page);
    }

    /**
     * Clears entries of page tables, in the given order.
     *
     * @param entries their guest physical addresses
     * @param translated for each, a virtual address that it takes part in translating
     */
    void clearEntries(long[] entries, long[] translated, int count) {
        vcpuLock.lock();
        try {
            for (int first = 0; first < count; first += MAX_ORDERS) {
                int orders = Math.min(MAX_ORDERS, count - first);
                for (int i = 0; i < orders; i++) {
                    long at = GuestLayout.WRITE_ORDERS + (long) i * ORDER_BYTES;
                    monitor.set(JAVA_LONG, at, GuestLayout.virtual(entries[first + i]));
                    monitor.set(JAVA_LONG, at + 8, 0);
                    monitor.set(JAVA_LONG, at + 16, translated[first + i]);
                }
                vcpu.setRegister(KvmRegs.RSI, GuestLayout.virtual(GuestLayout.WRITE_ORDERS));
                vcpu.setRegister(KvmRegs.RCX, orders);
                execute(GuestLayout.TABLE_WRITER);
            }
        } finally {
            vcpuLock.unlock();
        }
    }

    /** What the virtual processor answers to CPUID. */
    CpuidAnswer cpuid(int leaf, int subleaf) {
        vcpuLock.lock();
        try {
            vcpu.setRegister(KvmRegs.RAX, Integer.toUnsignedLong(leaf));
            vcpu.setRegister(KvmRegs.RCX, Integer.toUnsignedLong(subleaf));
            execute(GuestLayout.CPUID);
            return new CpuidAnswer(
                    (int) vcpu.register(KvmRegs.RAX),
                    (int) vcpu.register(KvmRegs.RBX),
                    (int) vcpu.register(KvmRegs.RCX),
                    (int) vcpu.register(KvmRegs.RDX));
        } finally {
            vcpuLock.unlock();
        }
    }

    /** Which bits of MXCSR the virtual processor has. */
    int mxcsrMask() {
        vcpuLock.lock();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment area = arena.allocate(Xsave.KVM_XSAVE_BYTES, 64);
            vcpu.getXsave(area);
            int mask = area.get(JAVA_INT, Xsave.MXCSR_MASK);
            return mask == 0 ? Xsave.DEFAULT_MXCSR_MASK : mask;
        } finally {
            vcpuLock.unlock();
        }
    }

    @GuardedBy("vcpuLock")
    private void execute(long code) {
        vcpu.setRegister(KvmRegs.RIP, GuestLayout.virtual(code));
        vcpu.setRegister(KvmRegs.RSP, page.stackEnd());
        vcpu.setRegister(KvmRegs.RFLAGS, Flags.FIXED);
        vcpu.markRegistersDirty();
        VcpuExit exit = vcpu.run();
        while (exit instanceof VcpuExit.Interrupted) {
            // A signal of somebody else's; the vCPU goes on where it is.
            exit = vcpu.run();
        }
        long rip = vcpu.register(KvmRegs.RIP) - GuestLayout.virtual(code);
        boolean inCode = rip > 0 && rip < 0x100;
        if (!(exit instanceof VcpuExit.Halted) || !inCode) {
            throw new HostCallException(
                    "ring 0 at 0x%x, offset 0x%x: %s".formatted(code, rip, exit), Errno.EIO);
        }
    }

    @Override
    public void close() {
        vcpuLock.lock();
        try {
            vcpu.close();
        } finally {
            vcpuLock.unlock();
        }
    }
}

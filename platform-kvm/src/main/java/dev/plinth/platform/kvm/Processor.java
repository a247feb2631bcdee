package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.platform.kvm.linux.KvmSegment;
import dev.plinth.platform.kvm.linux.KvmSregs;
import dev.plinth.platform.kvm.stub.DescriptorTables;
import dev.plinth.platform.kvm.stub.GuestLayout;
import dev.plinth.platform.kvm.stub.Selectors;
import dev.plinth.platform.kvm.stub.VcpuPage;
import dev.plinth.platform.kvm.x86.ControlRegister;
import dev.plinth.platform.kvm.x86.Flags;
import dev.plinth.platform.kvm.x86.Msr;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts vCPUs into the state that they have in ring 0 between two visits to ring 3: 64-bit mode, the
 * monitor's descriptor tables, a way in for {@code syscall}.
 *
 * <p>Immutable; any thread may call any method.
 */
final class Processor {
    /** Types of a segment in use: code that can be read, data that can be written, busy task. */
    private static final byte TYPE_CODE = 11;

    private static final byte TYPE_DATA = 3;
    private static final byte TYPE_TASK = 11;
    private static final byte FLAT = 1;

    /** What a processor may lack, the first given up first. */
    private static final List<Long> CR4_OPTIONS =
            List.of(
                    ControlRegister.CR4_UMIP
                            | ControlRegister.CR4_FSGSBASE
                            | ControlRegister.CR4_OSXSAVE,
                    ControlRegister.CR4_FSGSBASE | ControlRegister.CR4_OSXSAVE,
                    ControlRegister.CR4_OSXSAVE,
                    0L);

    private final MemorySegment cpuid;
    private final long xcr0;

    /**
     * @param cpuid a {@code struct kvm_cpuid2}
     * @param xcr0 which vector state guests can use
     */
    Processor(MemorySegment cpuid, long xcr0) {
        this.cpuid = cpuid;
        this.xcr0 = xcr0;
    }

    /** Prepares a vCPU that was just made. */
    void introduce(KvmVcpu vcpu, VcpuPage page) {
        vcpu.setCpuid(cpuid);
        reset(vcpu, page);
    }

    /**
     * Puts a vCPU into ring 0, in the address space that has no guest, whatever it was in.
     *
     * <p>The vector state stays.
     */
    void reset(KvmVcpu vcpu, VcpuPage page) {
        vcpu.loadSystem();
        fill(vcpu, page);
        boolean taken = false;
        for (long option : CR4_OPTIONS) {
            if (!taken) {
                vcpu.setSystem(KvmSregs.CR4, ControlRegister.CR4 | option);
                taken = vcpu.storeSystem();
            }
        }
        if (!taken) {
            throw new HostCallException("ioctl(vcpu, KVM_SET_SREGS)", Errno.EINVAL);
        }
        vcpu.setXcr0(xcr0);
        if (!vcpu.setMsrs(systemCallRegisters())) {
            throw new HostCallException(
                    "ioctl(vcpu, KVM_SET_MSRS: STAR, LSTAR, CSTAR, FMASK)", Errno.EINVAL);
        }
        // Where KVM refuses, CPUID is answered by KVM itself: the features are the same.
        vcpu.setMsrs(Map.of(Msr.MISC_FEATURES_ENABLES, 1L));
        vcpu.cancelExceptionInFlight();
    }

    private static Map<Integer, Long> systemCallRegisters() {
        Map<Integer, Long> values = new LinkedHashMap<>();
        long entry = GuestLayout.virtual(GuestLayout.SYSCALL_ENTRY);
        values.put(
                Msr.STAR,
                (long) Selectors.USER_CODE_32 << 48 | (long) Selectors.MONITOR_CODE << 32);
        values.put(Msr.LSTAR, entry);
        values.put(Msr.CSTAR, entry);
        values.put(Msr.FMASK, Flags.CLEARED_BY_SYSCALL);
        return values;
    }

    private static void fill(KvmVcpu vcpu, VcpuPage page) {
        MemorySegment system = vcpu.systemRegisters();
        system.set(JAVA_LONG, KvmSregs.CR0, ControlRegister.CR0);
        system.set(JAVA_LONG, KvmSregs.CR2, 0);
        system.set(JAVA_LONG, KvmSregs.CR3, GuestLayout.MONITOR_ROOT);
        system.set(JAVA_LONG, KvmSregs.EFER, ControlRegister.EFER);
        setTable(system, KvmSregs.GDT, GuestLayout.GDT, DescriptorTables.GDT_LIMIT);
        setTable(system, KvmSregs.IDT, GuestLayout.IDT, DescriptorTables.IDT_LIMIT);

        MemorySegment code = segment(system, KvmSregs.CS, Selectors.MONITOR_CODE, TYPE_CODE);
        code.set(JAVA_INT, KvmSegment.LIMIT, -1);
        code.set(JAVA_BYTE, KvmSegment.S, FLAT);
        code.set(JAVA_BYTE, KvmSegment.L, FLAT);
        code.set(JAVA_BYTE, KvmSegment.G, FLAT);
        MemorySegment stack = segment(system, KvmSregs.SS, Selectors.MONITOR_DATA, TYPE_DATA);
        flatData(stack);
        for (int data : List.of(KvmSregs.DS, KvmSregs.ES, KvmSregs.FS, KvmSregs.GS)) {
            MemorySegment segment = segment(system, data, 0, TYPE_DATA);
            flatData(segment);
            segment.set(JAVA_BYTE, KvmSegment.DPL, (byte) 3);
            segment.set(JAVA_BYTE, KvmSegment.PRESENT, (byte) 0);
            segment.set(JAVA_BYTE, KvmSegment.UNUSABLE, (byte) 1);
        }
        MemorySegment task = segment(system, KvmSregs.TR, Selectors.TASK_STATE, TYPE_TASK);
        task.set(JAVA_LONG, KvmSegment.BASE, page.taskState());
        task.set(JAVA_INT, KvmSegment.LIMIT, DescriptorTables.TASK_STATE_LIMIT);
        MemorySegment local = segment(system, KvmSregs.LDT, 0, (byte) 0);
        local.set(JAVA_BYTE, KvmSegment.PRESENT, (byte) 0);
        local.set(JAVA_BYTE, KvmSegment.UNUSABLE, (byte) 1);
    }

    private static MemorySegment segment(
            MemorySegment system, int offset, int selector, byte type) {
        MemorySegment segment = system.asSlice(offset, KvmSegment.BYTES).fill((byte) 0);
        segment.set(JAVA_SHORT, KvmSegment.SELECTOR, (short) selector);
        segment.set(JAVA_BYTE, KvmSegment.TYPE, type);
        segment.set(JAVA_BYTE, KvmSegment.PRESENT, (byte) 1);
        return segment;
    }

    private static void flatData(MemorySegment segment) {
        segment.set(JAVA_INT, KvmSegment.LIMIT, -1);
        segment.set(JAVA_BYTE, KvmSegment.S, FLAT);
        segment.set(JAVA_BYTE, KvmSegment.DB, FLAT);
        segment.set(JAVA_BYTE, KvmSegment.G, FLAT);
    }

    private static void setTable(MemorySegment system, int offset, long address, int limit) {
        system.set(JAVA_LONG, offset, GuestLayout.virtual(address));
        system.set(JAVA_SHORT, offset + KvmSregs.DTABLE_LIMIT, (short) limit);
    }
}

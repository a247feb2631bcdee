package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.linux.Errno;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.linux.KvmMsrs;
import dev.plinth.platform.kvm.linux.KvmRun;
import dev.plinth.platform.kvm.linux.KvmSegment;
import dev.plinth.platform.kvm.linux.KvmSregs;
import dev.plinth.platform.kvm.linux.KvmVcpuEvents;
import dev.plinth.platform.kvm.linux.KvmXcrs;
import dev.plinth.platform.kvm.linux.SystemCalls;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.Map;

/**
 * The descriptor of a vCPU, and the memory that it shares with its user.
 *
 * <p>Registers come and go in the shared memory (KVM_CAP_SYNC_REGS): they can be read after {@link
 * #run}, and what was written and marked dirty is taken by the next one.
 *
 * <p>Confined to one thread at a time, but for {@link #requestExit}. Source: Linux's
 * Documentation/virt/kvm/api.rst.
 */
final class KvmVcpu implements AutoCloseable {
    private static final VarHandle IMMEDIATE_EXIT = JAVA_BYTE.varHandle();

    private final HostKernel host;
    private final HostFd vcpu;
    private final HostMemory shared;
    private final MemorySegment run;
    private final int number;
    private final int id;

    /** Takes ownership of the descriptor and of the mapping. */
    KvmVcpu(HostKernel host, HostFd vcpu, HostMemory shared, int id) {
        this.host = host;
        this.vcpu = vcpu;
        this.shared = shared;
        this.run = shared.segment();
        this.number = vcpu.number();
        this.id = id;
        run.set(JAVA_INT, KvmRun.KVM_VALID_REGS, KvmDevice.SYNCHRONISED);
    }

    /** Its number in the virtual machine. */
    int id() {
        return id;
    }

    /** Executes guest instructions until something happens. */
    VcpuExit run() {
        long result = host.syscall(SystemCalls.IOCTL, number, Kvm.KVM_RUN);
        if (result < 0) {
            // EAGAIN: the vCPU was waiting to be started, and is now.
            boolean interrupted =
                    result == -Errno.EINTR.number() || result == -Errno.EAGAIN.number();
            return interrupted ? VcpuExit.INTERRUPTED : new VcpuExit.Refused(result);
        }
        int reason = run.get(JAVA_INT, KvmRun.EXIT_REASON);
        return switch (reason) {
            case Kvm.KVM_EXIT_HLT -> VcpuExit.HALTED;
            case Kvm.KVM_EXIT_INTR -> VcpuExit.INTERRUPTED;
            default -> new VcpuExit.Unexpected(reason, describe(reason));
        };
    }

    private String describe(int reason) {
        return switch (reason) {
            case Kvm.KVM_EXIT_UNKNOWN ->
                    "KVM_EXIT_UNKNOWN, hardware exit reason 0x%x"
                            .formatted(run.get(JAVA_LONG, KvmRun.HARDWARE_EXIT_REASON));
            case Kvm.KVM_EXIT_EXCEPTION -> "KVM_EXIT_EXCEPTION";
            case Kvm.KVM_EXIT_IO ->
                    "KVM_EXIT_IO, port 0x%x"
                            .formatted(Short.toUnsignedInt(run.get(JAVA_SHORT, KvmRun.IO_PORT)));
            case Kvm.KVM_EXIT_HYPERCALL -> "KVM_EXIT_HYPERCALL";
            case Kvm.KVM_EXIT_DEBUG -> "KVM_EXIT_DEBUG";
            case Kvm.KVM_EXIT_MMIO ->
                    "KVM_EXIT_MMIO at 0x%x".formatted(run.get(JAVA_LONG, KvmRun.MMIO_PHYS_ADDR));
            case Kvm.KVM_EXIT_SHUTDOWN -> "KVM_EXIT_SHUTDOWN (triple fault)";
            case Kvm.KVM_EXIT_FAIL_ENTRY ->
                    "KVM_EXIT_FAIL_ENTRY, hardware reason 0x%x"
                            .formatted(run.get(JAVA_LONG, KvmRun.HARDWARE_ENTRY_FAILURE_REASON));
            case Kvm.KVM_EXIT_INTERNAL_ERROR ->
                    "KVM_EXIT_INTERNAL_ERROR, suberror %d"
                            .formatted(run.get(JAVA_INT, KvmRun.SUBERROR));
            case Kvm.KVM_EXIT_SYSTEM_EVENT -> "KVM_EXIT_SYSTEM_EVENT";
            default -> "exit reason " + reason;
        };
    }

    /**
     * Makes {@link #run} come back before it executes an instruction; one that executes some needs
     * a signal besides. Called by any thread.
     */
    void requestExit() {
        IMMEDIATE_EXIT.setVolatile(run, (long) KvmRun.IMMEDIATE_EXIT, (byte) 1);
    }

    /** Takes {@link #requestExit} back. */
    void clearExitRequest() {
        IMMEDIATE_EXIT.setVolatile(run, (long) KvmRun.IMMEDIATE_EXIT, (byte) 0);
    }

    /** A general register of the last exit, by its offset in {@code kvm_regs}. */
    long register(int offset) {
        return run.get(JAVA_LONG, KvmRun.REGS + offset);
    }

    /** Sets a general register of the next entry. */
    void setRegister(int offset, long value) {
        run.set(JAVA_LONG, KvmRun.REGS + offset, value);
    }

    /** Has the next entry take the general registers. */
    void markRegistersDirty() {
        markDirty(Kvm.KVM_SYNC_X86_REGS);
    }

    /** A word of the system registers of the last exit, by its offset in {@code kvm_sregs}. */
    long system(int offset) {
        return run.get(JAVA_LONG, KvmRun.SREGS + offset);
    }

    /** Sets a word of the system registers of the next entry. */
    void setSystem(int offset, long value) {
        run.set(JAVA_LONG, KvmRun.SREGS + offset, value);
    }

    /** Has the next entry take the system registers. */
    void markSystemDirty() {
        markDirty(Kvm.KVM_SYNC_X86_SREGS);
    }

    /** A segment's selector at the last exit, by its offset in {@code kvm_sregs}. */
    int selector(int segment) {
        return Short.toUnsignedInt(
                run.get(JAVA_SHORT, KvmRun.SREGS + segment + KvmSegment.SELECTOR));
    }

    /** Whether an exception was on its way to the guest at the last exit. */
    boolean hasExceptionInFlight() {
        return run.get(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_INJECTED) != 0
                || run.get(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_PENDING) != 0;
    }

    /** The vector of the exception on its way. */
    int exceptionInFlight() {
        return Byte.toUnsignedInt(run.get(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_NR));
    }

    /** The error code of the exception on its way; zero if it has none. */
    long errorCodeInFlight() {
        boolean present =
                run.get(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_HAS_ERROR_CODE) != 0;
        return present
                ? Integer.toUnsignedLong(
                        run.get(JAVA_INT, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_ERROR_CODE))
                : 0;
    }

    /** Has the next entry forget the exception on its way. */
    void cancelExceptionInFlight() {
        run.set(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_INJECTED, (byte) 0);
        run.set(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_PENDING, (byte) 0);
        markDirty(Kvm.KVM_SYNC_X86_EVENTS);
    }

    private void markDirty(int part) {
        int dirty = run.get(JAVA_INT, KvmRun.KVM_DIRTY_REGS);
        run.set(JAVA_INT, KvmRun.KVM_DIRTY_REGS, dirty | part);
    }

    /** Tells the guest what processor it has: a {@code struct kvm_cpuid2}. Before the first run. */
    void setCpuid(MemorySegment cpuid) {
        require("KVM_SET_CPUID2", Kvm.KVM_SET_CPUID2, cpuid);
    }

    /** Reads the system registers to where {@link #system} finds them. */
    void loadSystem() {
        require("KVM_GET_SREGS", Kvm.KVM_GET_SREGS, systemRegisters());
    }

    /**
     * Sets the system registers at once, as {@link #setSystem} prepared them.
     *
     * @return whether the processor took them; if not, it has those of before
     */
    boolean storeSystem() {
        long result =
                host.syscall(
                        SystemCalls.IOCTL, number, Kvm.KVM_SET_SREGS, systemRegisters().address());
        if (result == -Errno.EINVAL.number()) {
            return false;
        }
        check("KVM_SET_SREGS", result);
        return true;
    }

    /** The system registers in the shared memory. */
    MemorySegment systemRegisters() {
        return run.asSlice(KvmRun.SREGS, KvmSregs.BYTES);
    }

    /** Sets which vector state the guest can use. */
    void setXcr0(long value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment xcrs = arena.allocate(KvmXcrs.BYTES, 8);
            xcrs.set(JAVA_INT, KvmXcrs.NR_XCRS, 1);
            xcrs.set(JAVA_LONG, KvmXcrs.VALUE, value);
            require("KVM_SET_XCRS", Kvm.KVM_SET_XCRS, xcrs);
        }
    }

    /**
     * Sets model-specific registers.
     *
     * @param values by number
     * @return whether KVM knows all of them and takes the values
     */
    boolean setMsrs(Map<Integer, Long> values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment msrs =
                    arena.allocate(KvmMsrs.ENTRIES + (long) values.size() * KvmMsrs.ENTRY_BYTES, 8);
            msrs.set(JAVA_INT, KvmMsrs.NMSRS, values.size());
            long at = KvmMsrs.ENTRIES;
            for (Map.Entry<Integer, Long> each : values.entrySet()) {
                msrs.set(JAVA_INT, at + KvmMsrs.ENTRY_INDEX, each.getKey());
                msrs.set(JAVA_LONG, at + KvmMsrs.ENTRY_DATA, each.getValue());
                at += KvmMsrs.ENTRY_BYTES;
            }
            // The result is how many were set before the first that was refused.
            return require("KVM_SET_MSRS", Kvm.KVM_SET_MSRS, msrs) == values.size();
        }
    }

    /** Reads the vector state: {@code struct kvm_xsave}. */
    void getXsave(MemorySegment area) {
        require("KVM_GET_XSAVE", Kvm.KVM_GET_XSAVE, area);
    }

    /** Sets the vector state: {@code struct kvm_xsave}. */
    void setXsave(MemorySegment area) {
        require("KVM_SET_XSAVE", Kvm.KVM_SET_XSAVE, area);
    }

    private long require(String request, long requestNumber, MemorySegment argument) {
        long result = host.syscall(SystemCalls.IOCTL, number, requestNumber, argument.address());
        check(request, result);
        return result;
    }

    private void check(String request, long result) {
        if (Errno.isError(result)) {
            throw HostCallException.ofResult(
                    "ioctl(vcpu " + id + ", " + request + ")", new long[] {number}, result);
        }
    }

    @Override
    public void close() {
        shared.close();
        vcpu.close();
    }
}

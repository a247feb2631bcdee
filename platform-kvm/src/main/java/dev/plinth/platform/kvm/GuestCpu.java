package dev.plinth.platform.kvm;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.Registers;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.linux.KvmRegs;
import dev.plinth.platform.kvm.linux.KvmSegment;
import dev.plinth.platform.kvm.linux.KvmSregs;
import dev.plinth.platform.kvm.stub.GuestLayout;
import dev.plinth.platform.kvm.stub.Selectors;
import dev.plinth.platform.kvm.stub.VcpuPage;
import dev.plinth.platform.kvm.x86.Flags;
import dev.plinth.platform.kvm.x86.PageFault;
import dev.plinth.platform.kvm.x86.Vector;

import java.lang.foreign.MemorySegment;

/**
 * A vCPU that executes guests: takes it to ring 3 with a guest's registers, and finds out what
 * brought it back.
 *
 * <p>The way in is an {@code iretq} in ring 0, which restores every register, rcx and r11 with
 * them. A vCPU that a signal stopped in ring 3 is there already: its registers are then set
 * directly, for the page with the {@code iretq} is out of its reach.
 *
 * <p>The way out is a {@code hlt} in ring 0. On an ordinary processor {@code syscall} leads to one
 * directly. On one that runs ring 0 without privilege (kvm_pvm), {@code syscall} goes to the right
 * address but stays in ring 3, where fetching from that page is a page fault, which leads to
 * another {@code hlt}.
 *
 * <p>Confined to one thread at a time.
 */
final class GuestCpu implements AutoCloseable {
    private static final long SYSCALL_ENTRY = GuestLayout.virtual(GuestLayout.SYSCALL_ENTRY);

    /** What a page fault says that is a fetch in ring 3 from a page that is not for ring 3. */
    private static final long FETCH_OF_SUPERVISOR_PAGE =
            PageFault.PRESENT | PageFault.USER | PageFault.FETCH;

    private final KvmVcpu vcpu;
    private final VcpuPage page;
    private final Processor processor;

    /** Whether the vCPU is in a state that nobody knows, or somebody else's. */
    private boolean stale;

    /** Takes ownership of a vCPU that was just made. */
    GuestCpu(KvmVcpu vcpu, VcpuPage page, Processor processor) {
        this.vcpu = vcpu;
        this.page = page;
        this.processor = processor;
        processor.introduce(vcpu, page);
    }

    /** Has the next {@link #run} begin with a vCPU that has nothing of a guest but vector state. */
    void forgetGuest() {
        stale = true;
    }

    /** The vCPU. */
    KvmVcpu vcpu() {
        return vcpu;
    }

    /**
     * Executes guest instructions until something happens.
     *
     * @param root of the page tables
     * @param registers taken, and overwritten with what the guest has afterwards
     * @throws dev.plinth.api.host.HostCallException if the vCPU is to be reset, and the host
     *     refuses
     */
    GuestEvent run(long root, Registers registers) {
        if (stale) {
            processor.reset(vcpu, page);
            stale = false;
        }
        setSystemRegisters(root, registers);
        setRegisters(registers);
        VcpuExit exit = vcpu.run();
        GuestEvent event = eventOf(exit, registers);
        stale = event instanceof GuestEvent.Lost;
        return event;
    }

    private GuestEvent eventOf(VcpuExit exit, Registers registers) {
        return switch (exit) {
            case VcpuExit.Refused refused ->
                    new GuestEvent.Lost(
                            "KVM_RUN failed: " + Errno.nameOf(refused.result()), refused.result());
            case VcpuExit.Unexpected unexpected ->
                    new GuestEvent.Lost(unexpected.description(), unexpected.reason());
            case VcpuExit.Halted halted -> leave(false, registers);
            case VcpuExit.Interrupted interrupted -> leave(true, registers);
        };
    }

    private void setSystemRegisters(long root, Registers registers) {
        setSystem(KvmSregs.CR3, root);
        setSystem(KvmSregs.FS + KvmSegment.BASE, registers.fsBase());
        setSystem(KvmSregs.GS + KvmSegment.BASE, registers.gsBase());
    }

    /** Costs KVM more than the general registers, so only what changes is written. */
    private void setSystem(int offset, long value) {
        if (vcpu.system(offset) != value) {
            vcpu.setSystem(offset, value);
            vcpu.markSystemDirty();
        }
    }

    private void setRegisters(Registers registers) {
        long flags = (registers.eflags() & Flags.USER) | Flags.INTERRUPT | Flags.FIXED;
        if (isInRing3()) {
            vcpu.setRegister(KvmRegs.RIP, registers.rip());
            vcpu.setRegister(KvmRegs.RSP, registers.rsp());
            vcpu.setRegister(KvmRegs.RFLAGS, flags);
        } else {
            page.setReturn(registers.rip(), flags, registers.rsp());
            vcpu.setRegister(KvmRegs.RIP, GuestLayout.virtual(GuestLayout.RETURN_TO_USER));
            vcpu.setRegister(KvmRegs.RSP, page.returnFrame());
            vcpu.setRegister(KvmRegs.RFLAGS, Flags.FIXED);
        }
        vcpu.setRegister(KvmRegs.RAX, registers.rax());
        vcpu.setRegister(KvmRegs.RBX, registers.rbx());
        vcpu.setRegister(KvmRegs.RCX, registers.rcx());
        vcpu.setRegister(KvmRegs.RDX, registers.rdx());
        vcpu.setRegister(KvmRegs.RSI, registers.rsi());
        vcpu.setRegister(KvmRegs.RDI, registers.rdi());
        vcpu.setRegister(KvmRegs.RBP, registers.rbp());
        vcpu.setRegister(KvmRegs.R8, registers.r8());
        vcpu.setRegister(KvmRegs.R9, registers.r9());
        vcpu.setRegister(KvmRegs.R10, registers.r10());
        vcpu.setRegister(KvmRegs.R11, registers.r11());
        vcpu.setRegister(KvmRegs.R12, registers.r12());
        vcpu.setRegister(KvmRegs.R13, registers.r13());
        vcpu.setRegister(KvmRegs.R14, registers.r14());
        vcpu.setRegister(KvmRegs.R15, registers.r15());
        vcpu.markRegistersDirty();
    }

    private boolean isInRing3() {
        return (vcpu.selector(KvmSregs.CS) & Selectors.PRIVILEGE) == 3;
    }

    private GuestEvent leave(boolean interrupted, Registers registers) {
        getRegisters(registers);
        GuestEvent event = isInRing3() ? leaveRing3(interrupted, registers) : leaveRing0(registers);
        if (vcpu.hasExceptionInFlight()) {
            // It has been taken over into the event. KVM would deliver it to whatever is next.
            vcpu.cancelExceptionInFlight();
        }
        return event;
    }

    private void getRegisters(Registers registers) {
        registers.setRax(vcpu.register(KvmRegs.RAX));
        registers.setRbx(vcpu.register(KvmRegs.RBX));
        registers.setRcx(vcpu.register(KvmRegs.RCX));
        registers.setRdx(vcpu.register(KvmRegs.RDX));
        registers.setRsi(vcpu.register(KvmRegs.RSI));
        registers.setRdi(vcpu.register(KvmRegs.RDI));
        registers.setRbp(vcpu.register(KvmRegs.RBP));
        registers.setR8(vcpu.register(KvmRegs.R8));
        registers.setR9(vcpu.register(KvmRegs.R9));
        registers.setR10(vcpu.register(KvmRegs.R10));
        registers.setR11(vcpu.register(KvmRegs.R11));
        registers.setR12(vcpu.register(KvmRegs.R12));
        registers.setR13(vcpu.register(KvmRegs.R13));
        registers.setR14(vcpu.register(KvmRegs.R14));
        registers.setR15(vcpu.register(KvmRegs.R15));
        registers.setFsBase(vcpu.system(KvmSregs.FS + KvmSegment.BASE));
        registers.setGsBase(vcpu.system(KvmSregs.GS + KvmSegment.BASE));
        registers.setCs(Selectors.USER_CODE);
        registers.setSs(Selectors.USER_DATA);
        registers.setDs(vcpu.selector(KvmSregs.DS));
        registers.setEs(vcpu.selector(KvmSregs.ES));
        registers.setFs(vcpu.selector(KvmSregs.FS));
        registers.setGs(vcpu.selector(KvmSregs.GS));
    }

    /** A signal came while the guest executed. */
    private GuestEvent leaveRing3(boolean interrupted, Registers registers) {
        long rip = vcpu.register(KvmRegs.RIP);
        long flags = vcpu.register(KvmRegs.RFLAGS);
        if (!interrupted) {
            return new GuestEvent.Lost("halted in ring 3 at 0x%x".formatted(rip), Kvm.KVM_EXIT_HLT);
        }
        long rsp = vcpu.register(KvmRegs.RSP);
        if (isSystemCall(rip, flags)) {
            // On its way from the instruction to the page fault.
            return systemCall(rsp, registers);
        }
        setPosition(registers, rip, flags, rsp);
        if (!vcpu.hasExceptionInFlight()) {
            return GuestEvent.INTERRUPTION;
        }
        int vector = vcpu.exceptionInFlight();
        if (vector == Vector.PAGE_FAULT) {
            // Where the address is, CR2 or not there yet, differs between kernels. The instruction
            // will fault again.
            return GuestEvent.INTERRUPTION;
        }
        return new GuestEvent.CpuException(vector, vcpu.errorCodeInFlight(), 0);
    }

    private GuestEvent leaveRing0(Registers registers) {
        long offset = vcpu.register(KvmRegs.RIP) - GuestLayout.MONITOR_BASE;
        long rsp = vcpu.register(KvmRegs.RSP);
        if (offset == GuestLayout.SYSCALL_ENTRY || offset == GuestLayout.SYSCALL_ENTRY + 1) {
            return systemCall(rsp, registers);
        }
        if (offset == GuestLayout.RETURN_TO_USER) {
            // A signal came before the guest executed an instruction.
            setPosition(registers, page.returnRip(), page.returnFlags(), page.returnRsp());
            return GuestEvent.INTERRUPTION;
        }
        if (offset >= GuestLayout.VECTORS && offset < GuestLayout.VECTORS_END) {
            long vector = (offset - GuestLayout.VECTORS) >> GuestLayout.VECTOR_SHIFT;
            return exception((int) vector, registers);
        }
        return new GuestEvent.Lost(
                "ring 0 stopped at 0x%x".formatted(offset + GuestLayout.MONITOR_BASE),
                Kvm.KVM_EXIT_HLT);
    }

    private GuestEvent exception(int vector, Registers registers) {
        long errorCode = page.errorCode(vector);
        long rip = page.exceptionRip();
        long flags = page.exceptionFlags();
        if (!page.isExceptionOfUser()) {
            return new GuestEvent.Lost(
                    "exception %d in ring 0 at 0x%x, error 0x%x".formatted(vector, rip, errorCode),
                    vector);
        }
        boolean atSupervisorPage =
                vector == Vector.PAGE_FAULT
                        && (errorCode & FETCH_OF_SUPERVISOR_PAGE) == FETCH_OF_SUPERVISOR_PAGE;
        if (atSupervisorPage && isSystemCall(rip, flags)) {
            return systemCall(page.exceptionRsp(), registers);
        }
        setPosition(registers, rip, flags, page.exceptionRsp());
        return new GuestEvent.CpuException(vector, errorCode, vcpu.system(KvmSregs.CR2));
    }

    /**
     * Whether the guest got there by {@code syscall} and not by a jump: that cleared the flag, and
     * ring 3 has no other way to do so.
     */
    private static boolean isSystemCall(long rip, long flags) {
        return rip == SYSCALL_ENTRY && (flags & Flags.INTERRUPT) == 0;
    }

    private static GuestEvent systemCall(long rsp, Registers registers) {
        registers.setOrigRax(registers.rax());
        setPosition(registers, registers.rcx(), registers.r11(), rsp);
        return GuestEvent.SYSTEM_CALL;
    }

    private static void setPosition(Registers registers, long rip, long flags, long rsp) {
        registers.setRip(rip);
        registers.setEflags(flags & ~Flags.RESUME);
        registers.setRsp(rsp);
    }

    /** Reads the vector state: {@code struct kvm_xsave}. */
    void getVectorState(MemorySegment area) {
        vcpu.getXsave(area);
    }

    /** Sets the vector state: {@code struct kvm_xsave}. */
    void setVectorState(MemorySegment area) {
        vcpu.setXsave(area);
    }

    @Override
    public void close() {
        vcpu.close();
    }
}

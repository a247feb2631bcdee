package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.ptrace.linux.Seccomp;
import dev.plinth.platform.ptrace.linux.SigInfo;
import dev.plinth.platform.ptrace.linux.WaitStatus;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** Makes a trap of what ptrace reports about a stub thread. Confined to the tracer's thread. */
final class TrapReader {
    /**
     * {@code VSYSCALL_ADDR} of asm/vsyscall.h: the one page that the host maps and no stub unmaps.
     */
    private static final long VSYSCALL_PAGE = 0xffff_ffff_ff60_0000L;

    private static final long VSYSCALL_PAGE_END = VSYSCALL_PAGE + 0x1000;

    private static final int SIGILL = 4;
    private static final int SIGTRAP = 5;
    private static final int SIGBUS = 7;
    private static final int SIGFPE = 8;
    private static final int SIGSEGV = 11;
    private static final int SIGSYS = 31;

    /** {@code SYS_SECCOMP} of asm-generic/siginfo.h. */
    private static final int SYS_SECCOMP = 1;

    /** {@code BUS_ADRERR} and the machine check codes above it are about an address. */
    private static final int FIRST_BUS_FAULT = SignalCode.BUS_ADRERR;

    /** {@code int 0x80}, {@code sysenter} and {@code syscall} are all two bytes. */
    private static final int SYSTEM_CALL_BYTES = 2;

    private final Tracer tracer;
    private final AddressRange userAddresses;
    private final FaultAccess faultAccess;

    TrapReader(Tracer tracer, AddressRange userAddresses) {
        this.tracer = tracer;
        this.userAddresses = userAddresses;
        faultAccess = new FaultAccess(tracer);
    }

    /**
     * A system call stop, with its registers read.
     *
     * <p>Linux reports {@code int 0x80} alike. What tells them apart at no cost is that {@code
     * syscall} leaves rip and the flags in rcx and r11. A guest that puts the same there before an
     * {@code int 0x80} has made itself a system call of the kernel's by another name: no harm.
     */
    Trap systemCall(int tid, Registers registers) {
        if (registers.rcx() == registers.rip() && registers.r11() == registers.eflags()) {
            return Trap.SYSTEM_CALL;
        }
        if (tracer.systemCallArchitecture(tid) == Seccomp.AUDIT_ARCH_X86_64) {
            return Trap.SYSTEM_CALL;
        }
        registers.setRip(registers.rip() - SYSTEM_CALL_BYTES);
        // The number was moved there, and rax overwritten.
        registers.setRax(registers.origRax());
        return new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);
    }

    /** Any other stop; empty if it has nothing to do with the guest, which then simply goes on. */
    Optional<Trap> read(int status, int tid, PtraceAddressSpace space, Registers registers) {
        if (!WaitStatus.isStop(status)) {
            throw Tracer.lost(status);
        }
        int number = WaitStatus.signal(status);
        if (!isRaisedByCpu(number)) {
            return Optional.empty();
        }
        MemorySegment info = tracer.signalInfo(tid);
        int code = info.get(JAVA_INT, SigInfo.SI_CODE);
        if (code <= 0) {
            // Sent by a process, not raised by an instruction: none of the guest's business.
            return Optional.empty();
        }
        long address = info.get(JAVA_LONG, SigInfo.SI_ADDR);
        tracer.getRegisters(tid, registers.segment().address());
        Signal signal = Signal.of(number);
        if (signal == Signal.SIGSYS && code == SYS_SECCOMP) {
            return Optional.of(vsyscall(address, registers));
        }
        if (isVsyscall(registers.rip())) {
            return Optional.of(noVsyscall(registers.rip()));
        }
        if (code == SignalCode.SI_KERNEL) {
            return Optional.of(new Trap.CpuException(signal, code, 0));
        }
        if (isFault(signal, code)) {
            boolean forbidden = signal == Signal.SIGSEGV;
            boolean mapped = code != SignalCode.SEGV_MAPERR;
            AccessType access = faultAccess.of(tid, address, forbidden, mapped, space, registers);
            return Optional.of(new Trap.Fault(address, access, signal, visible(code, address)));
        }
        return Optional.of(new Trap.CpuException(signal, code, address));
    }

    private static boolean isRaisedByCpu(int signal) {
        return switch (signal) {
            case SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, SIGSYS -> true;
            default -> false;
        };
    }

    private static boolean isFault(Signal signal, int code) {
        return switch (signal) {
            case SIGSEGV -> code == SignalCode.SEGV_MAPERR || code == SignalCode.SEGV_ACCERR;
            case SIGBUS -> code >= FIRST_BUS_FAULT;
            default -> false;
        };
    }

    /** What the host has mapped outside the guest's addresses is not there for the guest. */
    private int visible(int code, long address) {
        return userAddresses.contains(address) ? code : SignalCode.SEGV_MAPERR;
    }

    /**
     * A call into the vsyscall page, which the stub's filter trapped: the guest has no such page.
     *
     * <p>The host has emulated the return from it already, so that is undone. It has also put the
     * number of the call in rax; what was there before is lost, which the ABI of a call allows.
     */
    private static Trap vsyscall(long address, Registers registers) {
        registers.setRip(address);
        registers.setRsp(registers.rsp() - Long.BYTES);
        return noVsyscall(address);
    }

    private static boolean isVsyscall(long address) {
        return address >= VSYSCALL_PAGE && address < VSYSCALL_PAGE_END;
    }

    /** What Linux raises there when it is booted with vsyscall=none. */
    private static Trap noVsyscall(long address) {
        return new Trap.Fault(address, AccessType.EXECUTE, Signal.SIGSEGV, SignalCode.SEGV_MAPERR);
    }
}

package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.kvm.linux.Xsave;
import dev.plinth.platform.kvm.x86.Flags;
import dev.plinth.platform.kvm.x86.Instruction;
import dev.plinth.platform.kvm.x86.PageFault;
import dev.plinth.platform.kvm.x86.Vector;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Makes a trap of an exception of the processor: what Linux makes of it for a program.
 *
 * <p>Confined to the context's thread. Source: arch/x86/kernel/traps.c and fpu/xstate.c.
 */
final class TrapReader {
    /** Also what Linux raises when it cannot go on with a program's registers. */
    static final Trap GENERAL_PROTECTION =
            new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);

    /** Faults in a row, all of which seemed resolved, after which the guest is given up. */
    private static final int MAX_RETRIES = 1000;

    private static final int ICEBP = 0xf1;
    private static final long LOWER_HALF_END = 0x8000_0000_0000L;

    private final CpuidTable cpuid;
    private final byte[] code = new byte[Instruction.MAX_LENGTH];

    private long lastFault;
    private int retries;

    TrapReader(CpuidTable cpuid) {
        this.cpuid = cpuid;
    }

    /**
     * The trap of an exception; empty if the guest simply goes on with the registers.
     *
     * @param stepping whether the guest was resumed with the trap flag set
     * @param cpu that the context executes on, with its vector state
     */
    Optional<Trap> read(
            GuestEvent.CpuException event,
            boolean stepping,
            KvmAddressSpace space,
            Registers registers,
            GuestCpu cpu,
            VectorState vectorState) {
        long rip = registers.rip();
        return switch (event.vector()) {
            case Vector.PAGE_FAULT -> pageFault(event, space, registers);
            case Vector.GENERAL_PROTECTION -> generalProtection(space, registers);
            case Vector.INVALID_OPCODE -> Optional.of(invalidOpcode(space, rip));
            case Vector.DEBUG -> Optional.of(debug(stepping, space, registers));
            case Vector.BREAKPOINT -> signal(Signal.SIGTRAP, SignalCode.SI_KERNEL, 0);
            case Vector.OVERFLOW, Vector.INVALID_TSS -> Optional.of(GENERAL_PROTECTION);
            case Vector.DIVIDE_ERROR -> signal(Signal.SIGFPE, SignalCode.FPE_INTDIV, rip);
            case Vector.SEGMENT_NOT_PRESENT, Vector.STACK_FAULT ->
                    signal(Signal.SIGBUS, SignalCode.SI_KERNEL, 0);
            case Vector.ALIGNMENT_CHECK -> signal(Signal.SIGBUS, SignalCode.BUS_ADRALN, 0);
            case Vector.X87_FLOATING_POINT ->
                    floatingPoint(x87Exceptions(vectorState.refresh(cpu)), rip);
            case Vector.SIMD_FLOATING_POINT ->
                    floatingPoint(simdExceptions(vectorState.refresh(cpu)), rip);
            default ->
                    Optional.of(
                            new Trap.UnknownExit(
                                    "exception %d, error 0x%x, at 0x%x"
                                            .formatted(event.vector(), event.errorCode(), rip),
                                    event.vector()));
        };
    }

    private static Optional<Trap> signal(Signal signal, int code, long address) {
        return Optional.of(new Trap.CpuException(signal, code, address));
    }

    private Optional<Trap> pageFault(
            GuestEvent.CpuException event, KvmAddressSpace space, Registers registers) {
        long address = event.address();
        AccessType attempt = PageFault.access(event.errorCode());
        if (reachesOverLowerHalf(address, attempt)) {
            return Optional.of(GENERAL_PROTECTION);
        }
        return switch (space.resolve(address, attempt)) {
            case UNMAPPED -> fault(address, attempt, SignalCode.SEGV_MAPERR);
            case DENIED -> fault(address, attempt, SignalCode.SEGV_ACCERR);
            case RESOLVED -> retry(address, event.errorCode(), registers.rip());
        };
    }

    /**
     * Whether an access reaches from the last bytes of the lower half to what is no address.
     *
     * <p>A processor makes a general protection fault of it. kvm_pvm then emulates the instruction,
     * and reports the first byte as not mapped. How many bytes it is about is not known here: such
     * an access is taken for one of 8 bytes.
     */
    private static boolean reachesOverLowerHalf(long address, AccessType attempt) {
        return attempt != AccessType.EXECUTE
                && address < LOWER_HALF_END
                && address > LOWER_HALF_END - Long.BYTES;
    }

    private static Optional<Trap> fault(long address, AccessType attempt, int code) {
        return Optional.of(new Trap.Fault(address, attempt, Signal.SIGSEGV, code));
    }

    /** Several contexts may fault on one page at once, so a fault can be resolved already. */
    private Optional<Trap> retry(long address, long errorCode, long rip) {
        retries = address == lastFault ? retries + 1 : 0;
        lastFault = address;
        if (retries < MAX_RETRIES) {
            return Optional.empty();
        }
        retries = 0;
        return Optional.of(
                new Trap.UnknownExit(
                        "page fault at 0x%x, error 0x%x, rip 0x%x, where a page is mapped"
                                .formatted(address, errorCode, rip),
                        Vector.PAGE_FAULT));
    }

    private Optional<Trap> generalProtection(KvmAddressSpace space, Registers registers) {
        int length = Instruction.lengthOfCpuid(code, space.readCode(registers.rip(), code));
        if (length == 0) {
            return Optional.of(GENERAL_PROTECTION);
        }
        CpuidAnswer answer = cpuid.answer((int) registers.rax(), (int) registers.rcx());
        registers.setRax(Integer.toUnsignedLong(answer.eax()));
        registers.setRbx(Integer.toUnsignedLong(answer.ebx()));
        registers.setRcx(Integer.toUnsignedLong(answer.ecx()));
        registers.setRdx(Integer.toUnsignedLong(answer.edx()));
        registers.setRip(registers.rip() + length);
        return (registers.eflags() & Flags.TRAP) != 0
                ? signal(Signal.SIGTRAP, SignalCode.TRAP_TRACE, registers.rip())
                : Optional.empty();
    }

    private Trap invalidOpcode(KvmAddressSpace space, long rip) {
        // Some hypervisors make this of int n, which on a processor is a general protection fault.
        return Instruction.isSoftwareInterrupt(code, space.readCode(rip, code))
                ? GENERAL_PROTECTION
                : new Trap.CpuException(Signal.SIGILL, SignalCode.ILL_ILLOPN, rip);
    }

    private Trap debug(boolean stepping, KvmAddressSpace space, Registers registers) {
        long rip = registers.rip();
        boolean trapFlag = stepping || (registers.eflags() & Flags.TRAP) != 0;
        boolean icebp =
                !trapFlag
                        && space.readCode(rip - 1, code) > 0
                        && Byte.toUnsignedInt(code[0]) == ICEBP;
        int code = icebp ? SignalCode.TRAP_BRKPT : SignalCode.TRAP_TRACE;
        return new Trap.CpuException(Signal.SIGTRAP, code, rip);
    }

    /** The x87 exceptions that are pending and not masked. */
    private static int x87Exceptions(MemorySegment area) {
        return area.get(JAVA_SHORT, Xsave.FSW) & ~area.get(JAVA_SHORT, Xsave.FCW);
    }

    /** The SSE exceptions that are pending and not masked. */
    private static int simdExceptions(MemorySegment area) {
        int mxcsr = area.get(JAVA_INT, Xsave.MXCSR);
        return mxcsr & ~(mxcsr >>> 7);
    }

    /** As {@code fpu__exception_code}: the first of several; none if somebody masked it since. */
    private static Optional<Trap> floatingPoint(int exceptions, long rip) {
        int code;
        if ((exceptions & 0x01) != 0) {
            code = SignalCode.FPE_FLTINV;
        } else if ((exceptions & 0x04) != 0) {
            code = SignalCode.FPE_FLTDIV;
        } else if ((exceptions & 0x08) != 0) {
            code = SignalCode.FPE_FLTOVF;
        } else if ((exceptions & 0x12) != 0) {
            code = SignalCode.FPE_FLTUND;
        } else if ((exceptions & 0x20) != 0) {
            code = SignalCode.FPE_FLTRES;
        } else {
            return Optional.empty();
        }
        return signal(Signal.SIGFPE, code, rip);
    }
}

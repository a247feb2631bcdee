package dev.plinth.testkit.contract;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Trap;

/** What a test expects of a run. */
final class Traps {
    private Traps() {}

    /** An access where nothing is mapped. */
    static Trap unmapped(long address, AccessType access) {
        return new Trap.Fault(address, access, Signal.SIGSEGV, SignalCode.SEGV_MAPERR);
    }

    /** An access that the mapping does not allow. */
    static Trap denied(long address, AccessType access) {
        return new Trap.Fault(address, access, Signal.SIGSEGV, SignalCode.SEGV_ACCERR);
    }

    /** A general protection fault. */
    static Trap generalProtection() {
        return new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);
    }

    /** An undefined instruction. */
    static Trap undefined(long address) {
        return new Trap.CpuException(Signal.SIGILL, SignalCode.ILL_ILLOPN, address);
    }
}

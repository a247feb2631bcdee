package dev.plinth.testkit.mock;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.platform.Trap;

/** What Linux on x86-64 makes of the processor's exceptions. */
final class Traps {
    private Traps() {}

    static Trap undefined(long instruction) {
        return new Trap.CpuException(Signal.SIGILL, SignalCode.ILL_ILLOPN, instruction);
    }

    static Trap divideError(long instruction) {
        return new Trap.CpuException(Signal.SIGFPE, SignalCode.FPE_INTDIV, instruction);
    }

    static Trap generalProtection() {
        return new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);
    }

    /** A stack pointer that is no address. */
    static Trap stackFault() {
        return new Trap.CpuException(Signal.SIGBUS, SignalCode.SI_KERNEL, 0);
    }

    static Trap breakpoint() {
        return new Trap.CpuException(Signal.SIGTRAP, SignalCode.SI_KERNEL, 0);
    }
}

package dev.plinth.platform.ptrace;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Registers;

/** Finds out what an instruction tried to do at the address where it faulted. */
final class FaultAccess {
    private final Tracer tracer;

    FaultAccess(Tracer tracer) {
        this.tracer = tracer;
    }

    AccessType of(int tid, long address, PtraceAddressSpace space, Registers registers) {
        if (address == registers.rip() && !space.isExecutable(address)) {
            return AccessType.EXECUTE;
        }
        if (space.isReadable(address)) {
            return AccessType.WRITE;
        }
        tracer.peek(tid, registers.rip() & -8);
        return AccessType.READ;
    }
}

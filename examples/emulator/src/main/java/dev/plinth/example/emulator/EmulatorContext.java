package dev.plinth.example.emulator;

import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.api.platform.UnsupportedCapabilityException;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/** Executes one guest thread, instruction by instruction. */
final class EmulatorContext implements ExecutionContext {
    private final EmulatorPlatform platform;
    private final Thread owner = Thread.currentThread();

    /** The latch of interrupts; set by any thread. */
    private final AtomicBoolean interrupted = new AtomicBoolean();

    /** Confined to the owner. */
    private boolean closed;

    EmulatorContext(EmulatorPlatform platform) {
        this.platform = platform;
    }

    @Override
    public Trap run(AddressSpace addressSpace, Registers registers) {
        requireUsable();
        if (!(addressSpace instanceof EmulatorAddressSpace space)
                || !platform.equals(space.platform())) {
            throw new IllegalArgumentException("not an address space of this platform");
        }
        if ((registers.eflags() & Flags.TRAP) != 0) {
            throw new UnsupportedCapabilityException(PlatformFeature.SINGLE_STEP);
        }
        Flags.makeThoseOfAUser(registers);
        Processor processor = new Processor(space, registers);
        while (true) {
            if (interrupted.compareAndSet(true, false)) {
                return Trap.INTERRUPTED;
            }
            Optional<Trap> trap = processor.executeOne();
            if (trap.isPresent()) {
                return trap.get();
            }
        }
    }

    @Override
    public void interrupt() {
        interrupted.set(true);
    }

    @Override
    public void readVectorState(MemorySegment destination) {
        throw new UnsupportedCapabilityException(PlatformFeature.VECTOR_STATE);
    }

    @Override
    public void writeVectorState(MemorySegment source) {
        throw new UnsupportedCapabilityException(PlatformFeature.VECTOR_STATE);
    }

    @Override
    public void close() {
        if (!closed) {
            requireUsable();
            closed = true;
            platform.contextClosed();
        }
    }

    private void requireUsable() {
        if (closed) {
            throw new IllegalStateException("the context is closed");
        }
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException("the context belongs to another thread");
        }
    }
}

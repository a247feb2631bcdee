package dev.plinth.testkit.mock;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.api.platform.UnsupportedCapabilityException;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;

/**
 * Executes guest programs: finds the one at the instruction pointer and lets it run.
 *
 * <p>Programs that were interrupted lie on a stack. The one that stopped at the instruction pointer
 * and stack pointer goes on, and those above it are over; where none did, the program whose bytes
 * stand there starts on top.
 */
final class MockContext implements ExecutionContext {
    /** A program that is interrupted at its start again and again ends here. */
    private static final int MAX_ACTIVATIONS = 128;

    /** The flags that a user program can change, without TF: it would have to single-step. */
    private static final long USER_FLAGS = 0x254cd5;

    private static final long TRAP_FLAG = 0x100;
    private static final long FIXED_FLAGS = 0x202;
    private static final long USER_CS = 0x33;
    private static final long USER_SS = 0x2b;

    private final MockPlatform platform;
    private final Thread owner = Thread.currentThread();

    /** Set by any thread. */
    private final AtomicBoolean interrupted = new AtomicBoolean();

    /** The top of the stack first; confined to the owner. */
    private final Deque<Activation> activations = new ArrayDeque<>();

    /** The guest's own; confined to the owner and the program that it lets run. */
    private final Registers registers = new Registers();

    /** As {@link #registers}. */
    private final MockVectorState vectorState;

    /** Of the last run, and null before the first; as {@link #registers}. */
    private MockAddressSpace space;

    /** Confined to the owner. */
    private boolean closed;

    MockContext(MockPlatform platform) {
        this.platform = platform;
        this.vectorState = new MockVectorState(platform.capabilities().cpu());
    }

    @Override
    public Trap run(AddressSpace addressSpace, Registers callerRegisters) {
        requireOwner();
        if (closed) {
            throw new IllegalStateException("the context is closed");
        }
        if (!(addressSpace instanceof MockAddressSpace mock) || mock.platform() != platform) {
            throw new IllegalArgumentException("not an address space of this platform");
        }
        if ((callerRegisters.eflags() & TRAP_FLAG) != 0) {
            throw new UnsupportedCapabilityException(PlatformFeature.SINGLE_STEP);
        }
        mock.enter();
        try {
            space = mock;
            takeOver(callerRegisters);
            Trap trap = execute();
            callerRegisters.copyFrom(registers);
            return trap;
        } finally {
            mock.leave();
        }
    }

    @Override
    public void interrupt() {
        interrupted.set(true);
    }

    @Override
    public void readVectorState(MemorySegment destination) {
        requireOwner();
        platform.capabilities().require(PlatformFeature.VECTOR_STATE);
        vectorState.read(destination);
    }

    @Override
    public void writeVectorState(MemorySegment source) {
        requireOwner();
        platform.capabilities().require(PlatformFeature.VECTOR_STATE);
        vectorState.write(source);
    }

    @Override
    public void close() {
        requireOwner();
        if (closed) {
            return;
        }
        closed = true;
        try {
            dropWhile(activation -> true);
        } finally {
            platform.closed(this);
        }
    }

    Registers registers() {
        return registers;
    }

    MockVectorState vectorState() {
        return vectorState;
    }

    MockAddressSpace space() {
        return space;
    }

    /** Whether the guest is to stop for an interrupt, which is taken by this. */
    boolean takeInterrupt() {
        return interrupted.compareAndSet(true, false);
    }

    private void takeOver(Registers from) {
        registers.copyFrom(from);
        registers.setEflags((from.eflags() & USER_FLAGS) | FIXED_FLAGS);
        registers.setCs(USER_CS);
        registers.setSs(USER_SS);
        registers.setDs(0);
        registers.setEs(0);
        registers.setFs(0);
        registers.setGs(0);
    }

    private Trap execute() {
        while (true) {
            registers.setOrigRax(-1);
            if (takeInterrupt()) {
                return Trap.INTERRUPTED;
            }
            Optional<Trap> refusal = space.fetch(registers.rip());
            if (refusal.isPresent()) {
                return refusal.get();
            }
            Optional<Activation> next = activationAtRip();
            if (next.isEmpty()) {
                Optional<Trap> trap = platform.instructions().execute(registers, space);
                if (trap.isPresent()) {
                    return trap.get();
                }
                continue;
            }
            if (activations.size() > MAX_ACTIVATIONS) {
                return new Trap.UnknownExit("too many interrupted guest programs", 0);
            }
            switch (next.get().resume()) {
                case Activation.Step.Trapped trapped -> {
                    return trapped.trap();
                }
                case Activation.Step.Called called -> {
                    // The loop finds the other program.
                }
                case Activation.Step.Left left -> remove(next.get());
                case Activation.Step.Failed failed -> {
                    remove(next.get());
                    platform.failed(next.get() + " failed", failed.cause());
                    return new Trap.UnknownExit(next.get() + " threw " + failed.cause(), 0);
                }
            }
        }
    }

    private Optional<Activation> activationAtRip() {
        long rip = registers.rip();
        long rsp = registers.rsp();
        Optional<Activation> exact = stopped(activation -> activation.stoppedAt(rip, rsp));
        if (exact.isPresent()) {
            return exact;
        }
        Optional<MockProgram> program = programAtRip();
        if (program.isEmpty()) {
            // The kernel moved the stack and nothing else.
            return stopped(activation -> activation.stoppedAt(rip));
        }
        dropOrphans();
        Activation started = new Activation(program.get(), rip, this);
        activations.push(started);
        return Optional.of(started);
    }

    /** The topmost program that stopped as told; those above it are over. */
    private Optional<Activation> stopped(Predicate<Activation> here) {
        Optional<Activation> found = activations.stream().filter(here).findFirst();
        found.ifPresent(activation -> dropWhile(top -> top != activation));
        return found;
    }

    private Optional<MockProgram> programAtRip() {
        byte[] header = new byte[MockCode.HEADER_BYTES];
        long rip = registers.rip();
        if (MockAddressSpace.lengthInPage(rip, header.length) < header.length) {
            return Optional.empty();
        }
        Optional<Trap> refusal =
                space.access(
                        rip,
                        header.length,
                        AccessType.EXECUTE,
                        (memory, offset, length, done) ->
                                MemorySegment.copy(
                                        memory,
                                        ValueLayout.JAVA_BYTE,
                                        offset,
                                        header,
                                        done,
                                        length));
        return refusal.isPresent() ? Optional.empty() : platform.programs().decode(header);
    }

    private void remove(Activation ended) {
        activations.remove(ended);
        ended.awaitEnd();
    }

    private void dropWhile(Predicate<Activation> condition) {
        while (!activations.isEmpty() && condition.test(activations.peek())) {
            activations.pop().kill();
        }
    }

    /** Ends what execve left behind. */
    private void dropOrphans() {
        Iterator<Activation> each = activations.iterator();
        while (each.hasNext()) {
            Activation activation = each.next();
            if (activation.isOrphan()) {
                each.remove();
                activation.kill();
            }
        }
    }

    private void requireOwner() {
        if (Thread.currentThread() != owner) {
            throw new IllegalStateException(
                    "context of " + owner.getName() + " used by another thread");
        }
    }
}

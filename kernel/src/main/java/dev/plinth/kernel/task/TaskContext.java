package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.kernel.signal.VectorFrame;
import dev.plinth.kernel.state.NotSaved;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * The execution context of a task, for life: what is behind it changes when the sandbox goes to
 * another platform, in two steps, {@link #prepare} and {@link #change}, on the task's own thread.
 *
 * <p>Programs go on seeing the processor that they were shown when the sandbox began. A platform
 * that they come to later may have more vector state; they are not given that.
 */
@NotSaved("of a platform")
final class TaskContext implements ExecutionContext {
    private static final Logger log = LoggerFactory.getLogger(TaskContext.class);

    /** What programs are shown. */
    private final CpuFeatures shown;

    /** Replaced by the task thread; interrupted and asked for its time by any. */
    private volatile Placed current;

    /** What the task is to go on with; confined to the task thread. */
    private Optional<Placed> next = Optional.empty();

    /** CPU time on platforms of before; written by the task thread. */
    private volatile long earlierCpuNanos;

    /** A context, and what its platform says of the processor. */
    private record Placed(ExecutionContext context, CpuFeatures cpu) {
        static Placed on(Platform platform) {
            return new Placed(platform.newContext(), platform.capabilities().cpu());
        }
    }

    /**
     * For the calling thread.
     *
     * @param shown what programs are told of the processor
     * @throws HostCallException if the host refuses
     */
    TaskContext(Platform platform, CpuFeatures shown) {
        this.shown = requireNonNull(shown, "shown is null");
        this.current = Placed.on(platform);
    }

    /**
     * Makes a context of another platform with the vector state of this one. This one stays in use.
     *
     * @throws HostCallException if the host refuses; nothing has changed
     */
    void prepare(Platform platform, byte[] vectorState) {
        Placed made = Placed.on(platform);
        boolean complete = false;
        try {
            if (vectorState.length > 0) {
                write(made, MemorySegment.ofArray(vectorState));
            }
            complete = true;
        } finally {
            if (!complete) {
                made.context().close();
            }
        }
        next = Optional.of(made);
    }

    /** Gives up what was prepared, if anything was. */
    void stay() {
        next.ifPresent(each -> each.context().close());
        next = Optional.empty();
    }

    /** Goes on with what was prepared, and closes what was in use. */
    @SuppressWarnings("NonAtomicVolatileUpdate") // by the task thread only
    void change() {
        Placed before = current;
        earlierCpuNanos += before.context().guestCpuNanos();
        current = next.orElseThrow(() -> new IllegalStateException("nothing is prepared"));
        next = Optional.empty();
        try {
            before.context().close();
        } catch (HostCallException e) {
            // The task does not need it any more, and its platform is about to be closed.
            log.warn("a context that is not needed any more", e);
        }
    }

    @Override
    public Trap run(AddressSpace addressSpace, Registers registers) {
        return current.context().run(addressSpace, registers);
    }

    @Override
    public void interrupt() {
        current.context().interrupt();
    }

    @Override
    public void readVectorState(MemorySegment destination) {
        Placed from = current;
        if (from.cpu().vectorStateBytes() == shown.vectorStateBytes()) {
            from.context().readVectorState(destination);
            return;
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment area =
                    arena.allocate(from.cpu().vectorStateBytes(), VectorFrame.ALIGNMENT);
            from.context().readVectorState(area);
            destination.copyFrom(area.asSlice(0, shown.vectorStateBytes()));
        }
        long components = destination.get(ValueLayout.JAVA_LONG, VectorStates.XSTATE_BV);
        destination.set(ValueLayout.JAVA_LONG, VectorStates.XSTATE_BV, components & shown.xcr0());
    }

    @Override
    public void writeVectorState(MemorySegment source) {
        if (current.cpu().vectorStateBytes() == shown.vectorStateBytes()) {
            current.context().writeVectorState(source);
        } else {
            write(current, source);
        }
    }

    private void write(Placed to, MemorySegment source) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment area = arena.allocate(to.cpu().vectorStateBytes(), VectorFrame.ALIGNMENT);
            MemorySegment.copy(source, 0, area, 0, shown.vectorStateBytes());
            to.context().writeVectorState(area);
        }
    }

    @Override
    public long guestCpuNanos() {
        return earlierCpuNanos + current.context().guestCpuNanos();
    }

    @Override
    public void close() {
        try {
            stay();
        } finally {
            current.context().close();
        }
    }
}

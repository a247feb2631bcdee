package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.Platform;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.NotSaved;

import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A sandbox in which nothing happens: every task is at its safe point, holding no lock and in no
 * call, and no timer runs out. {@link #close} lets it go on.
 *
 * <p>Its registers are in each task. A call that waited is broken off: a restart code stands in
 * rax, and the call is made again when the world goes on, unless a signal with a handler comes
 * first.
 *
 * <p>Any thread may call any method; all but {@link #close} throw a {@link SandboxException} with
 * SANDBOX_STOPPED once the sandbox was closed.
 */
@NotSaved("of one stop")
public final class StoppedWorld implements AutoCloseable {
    private final Kernel kernel;
    private final AtomicBoolean closed = new AtomicBoolean();

    StoppedWorld(Kernel kernel) {
        this.kernel = requireNonNull(kernel, "kernel is null");
    }

    /** Every task that lives, in the order of their numbers; there is at least one. */
    public List<Task> tasks() {
        return kernel.world().stoppedTasks().stream()
                .sorted(Comparator.comparingInt(Task::tid))
                .toList();
    }

    /**
     * The vector state of a task: an XSAVE area in standard format, as long as the CPU features say
     * that the guests are shown; empty if the platform has none.
     */
    public byte[] vectorState(Task task) {
        return task.vectorState().clone();
    }

    /**
     * Has the sandbox go on on another platform. No program can tell.
     *
     * @param next which has the sandbox's memory file; borrowed as the platform of before was,
     *     which the sandbox does not use any more when this returns
     * @throws SandboxException PLATFORM_UNSUITABLE if it lacks what programs were shown;
     *     HOST_EXHAUSTED if the host has no room for it. Nothing has changed then
     */
    public void moveTo(Platform next) {
        new PlatformMove(kernel, next).move();
    }

    /** Ends every process without running an instruction of any. */
    public void kill() {
        kernel.end();
    }

    /** Lets the world go on; doing so again is harmless. */
    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            kernel.world().goOn();
        }
    }
}

package dev.plinth.kernel.boot;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.kernel.task.Kernel;
import java.util.Optional;

/**
 * A sandbox.
 *
 * <p>Any thread may call any method. Closing ends every process in it and gives everything back to
 * the host.
 */
public final class Sandbox implements AutoCloseable {
    private final Kernel kernel;
    private final Runnable start;
    private final SandboxResources resources;

    Sandbox(Kernel kernel, Runnable start, SandboxResources resources) {
        this.kernel = kernel;
        this.start = start;
        this.resources = resources;
    }

    /** Lets the program run. Done once. */
    public void start() {
        start.run();
    }

    /** Sends a signal to the first process, as if from outside. */
    public void signal(Signal signal) {
        kernel.signalInit(signal);
    }

    /**
     * Waits until every process in the sandbox has ended.
     *
     * @return how the first one ended
     * @throws InterruptedException if the calling thread is interrupted
     */
    public ExitStatus awaitExit() throws InterruptedException {
        return kernel.awaitExit();
    }

    /** Why a process could not go on, if it was neither its own doing nor asked for. */
    public Optional<String> failure() {
        return kernel.reported();
    }

    @Override
    public void close() {
        kernel.killAll();
        kernel.awaitQuiet();
        resources.close();
    }
}

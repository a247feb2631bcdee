package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.ThreadGroup;

/** A process that was brought into a sandbox. Any thread may call any method. */
public final class SandboxProcess {
    private final Kernel kernel;
    private final ThreadGroup process;

    SandboxProcess(Kernel kernel, ThreadGroup process) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.process = requireNonNull(process, "process is null");
    }

    /** Its number in the sandbox. */
    public int pid() {
        return process.pid();
    }

    /** Sends it a signal, as if from outside; nothing happens if it has ended. */
    public void signal(Signal signal) {
        kernel.signal(process, signal);
    }

    /**
     * Waits until it has ended.
     *
     * @throws InterruptedException if the calling thread is interrupted
     */
    public ExitStatus awaitExit() throws InterruptedException {
        return kernel.awaitEnd(process);
    }
}

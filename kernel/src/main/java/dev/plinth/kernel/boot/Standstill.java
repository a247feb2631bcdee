package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.StoppedWorld;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * Stops a sandbox: while something is done with it, or until it is told to go on.
 *
 * <p>One thing at a time: who comes meanwhile is refused and does not wait. Any thread may call any
 * method.
 */
final class Standstill {
    /** Tasks stop within milliseconds, unless the host keeps one in a call. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Kernel kernel;

    /** Outside of all locks of the kernel; only ever tried, never waited for. */
    private final ReentrantLock turnLock = new ReentrantLock();

    @GuardedBy("turnLock")
    private Optional<StoppedWorld> paused = Optional.empty();

    Standstill(Kernel kernel) {
        this.kernel = requireNonNull(kernel, "kernel is null");
    }

    /**
     * Stops the sandbox until {@link #resume}.
     *
     * @throws SandboxException as {@link Kernel#stopWorld}; SANDBOX_BUSY also if it is paused
     */
    void pause() {
        takeTurn();
        try {
            if (paused.isPresent()) {
                throw new SandboxException(
                        ErrorCode.SANDBOX_BUSY, "the sandbox is paused already", "");
            }
            paused = Optional.of(kernel.stopWorld(PATIENCE));
        } finally {
            turnLock.unlock();
        }
    }

    /**
     * Lets a paused sandbox go on.
     *
     * @return false if it was not paused
     * @throws SandboxException SANDBOX_BUSY while something is done with it
     */
    boolean resume() {
        takeTurn();
        try {
            paused.ifPresent(StoppedWorld::close);
            boolean was = paused.isPresent();
            paused = Optional.empty();
            return was;
        } finally {
            turnLock.unlock();
        }
    }

    /**
     * Does something while the sandbox is stopped; one that is paused stays so.
     *
     * @return what the action gives
     * @throws SandboxException as {@link Kernel#stopWorld}
     */
    <T> T during(Function<StoppedWorld, T> action) {
        takeTurn();
        try {
            if (paused.isPresent()) {
                return action.apply(paused.get());
            }
            try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                return action.apply(world);
            }
        } finally {
            turnLock.unlock();
        }
    }

    private void takeTurn() {
        if (!turnLock.tryLock()) {
            throw new SandboxException(
                    ErrorCode.SANDBOX_BUSY,
                    "the sandbox is being checkpointed, paused or swapped already",
                    "wait until that is done");
        }
    }
}

package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.StoppedWorld;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.function.Supplier;

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

    /** Whose turn it is; outside of {@link #entryLock}. */
    private final ReentrantLock turnLock = new ReentrantLock();

    /**
     * Held for reading while something comes in from outside, which no stop may find half done, and
     * for writing while the sandbox is stopped; outside of all locks of the kernel.
     */
    private final ReadWriteLock entryLock = new ReentrantReadWriteLock();

    /** Guarded by turnLock. */
    private Optional<StoppedWorld> stopped = Optional.empty();

    /** Whether the last thing of all was done. Guarded by turnLock. */
    private boolean ended;

    /** Whether it stays stopped until it is told to go on; written under turnLock. */
    private volatile boolean paused;

    Standstill(Kernel kernel) {
        this.kernel = requireNonNull(kernel, "kernel is null");
    }

    /**
     * Stops the sandbox until {@link #resume}.
     *
     * @throws SandboxException as {@link Kernel#stopWorld}; SANDBOX_BUSY also if it is paused
     */
    void pause() {
        inTurn(() -> {
            if (paused) {
                throw new SandboxException(
                        ErrorCode.SANDBOX_BUSY,
                        "the sandbox is paused already",
                        "'plinth resume' lets it go on");
            }
            stopped = Optional.of(kernel.stopWorld(PATIENCE));
            paused = true;
            return true;
        });
    }

    /**
     * Lets a paused sandbox go on.
     *
     * @return false if it was not paused
     * @throws SandboxException SANDBOX_BUSY while something is done with it; SANDBOX_STOPPED after
     *     {@link #end}
     */
    boolean resume() {
        return inTurn(() -> {
            boolean was = paused;
            stopped.ifPresent(StoppedWorld::close);
            stopped = Optional.empty();
            paused = false;
            return was;
        });
    }

    /** Whether the sandbox is paused. */
    boolean isPaused() {
        return paused;
    }

    /**
     * Does something while the sandbox is stopped; one that is paused stays so.
     *
     * @return what the action gives
     * @throws SandboxException as {@link Kernel#stopWorld}
     */
    <T> T during(Function<StoppedWorld, T> action) {
        return inTurn(() -> {
            if (paused) {
                return action.apply(stopped.orElseThrow());
            }
            try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                return action.apply(world);
            }
        });
    }

    /**
     * Does something that another stop may not come between; it may stop the sandbox itself.
     *
     * @return what the action gives
     * @throws SandboxException SANDBOX_BUSY if it is someone else's turn; SANDBOX_STOPPED after
     *     {@link #end}
     */
    <T> T inTurn(Supplier<T> action) {
        if (!turnLock.tryLock()) {
            throw busy();
        }
        try {
            if (ended) {
                throw ended();
            }
            entryLock.writeLock().lock();
            try {
                return action.get();
            } finally {
                entryLock.writeLock().unlock();
            }
        } finally {
            turnLock.unlock();
        }
    }

    /**
     * Does something that brings a process into the sandbox from outside; several may at once.
     *
     * @return what the action gives
     * @throws SandboxException SANDBOX_BUSY if the sandbox is stopped or about to be
     */
    <T> T whileRunning(Supplier<T> action) {
        if (!entryLock.readLock().tryLock()) {
            throw busy();
        }
        try {
            if (paused) {
                throw busy();
            }
            return action.get();
        } finally {
            entryLock.readLock().unlock();
        }
    }

    /** Waits until whoever's turn it is has done; then does the last thing of all. */
    void end(Runnable action) {
        turnLock.lock();
        try {
            ended = true;
            action.run();
        } finally {
            turnLock.unlock();
        }
    }

    /** Nothing is done with a sandbox that is closed. */
    static SandboxException ended() {
        return new SandboxException(
                ErrorCode.SANDBOX_STOPPED,
                "the sandbox does not run, or is ending",
                "wait until it has ended; its exit status tells how");
    }

    private static SandboxException busy() {
        return new SandboxException(
                ErrorCode.SANDBOX_BUSY,
                "the sandbox is paused, or is being checkpointed or swapped",
                "resume it, or wait until that is done");
    }
}

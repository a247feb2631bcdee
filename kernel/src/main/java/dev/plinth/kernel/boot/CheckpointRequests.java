package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fs.procfs.CheckpointControl;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.task.Kernel;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;
import java.util.function.Consumer;

/**
 * Does the checkpoints that programs ask for, one at a time, each on a thread of its own: the
 * program that asks is stopped with all others.
 *
 * <p>Any thread may call any method.
 */
@NotSaved("of one sandbox; what is restored has another id, and asks whom it is given")
final class CheckpointRequests implements CheckpointControl, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CheckpointRequests.class);

    private final Kernel kernel;
    private final Optional<CheckpointHandler> handler;
    private final String instanceId;

    private final Object requestLock = new Object();

    /** Empty until it is made. */
    @GuardedBy("requestLock")
    private Optional<Sandbox> sandbox = Optional.empty();

    /** What does the last request. */
    @GuardedBy("requestLock")
    private Optional<Thread> thread = Optional.empty();

    /** Whether a request is being done, up to the moment before its answer is given. */
    @GuardedBy("requestLock")
    private boolean busy;

    /**
     * For a sandbox that is being made.
     *
     * @param handler empty if programs ask in vain
     * @param instanceId a UUID that no other sandbox has
     */
    CheckpointRequests(Kernel kernel, Optional<CheckpointHandler> handler, String instanceId) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.handler = requireNonNull(handler, "handler is null");
        this.instanceId = requireNonNull(instanceId, "instanceId is null");
    }

    /** Says which sandbox it is; before it is started. */
    void attach(Sandbox made) {
        synchronized (requestLock) {
            sandbox = Optional.of(made);
        }
    }

    @Override
    public int restores() {
        return kernel.restores();
    }

    @Override
    public String instanceId() {
        return instanceId;
    }

    @Override
    public void request(Optional<String> name, Consumer<Optional<Errno>> done) {
        if (handler.isEmpty()) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        synchronized (requestLock) {
            if (busy) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            Sandbox target = sandbox.orElseThrow();
            thread =
                    Optional.of(
                            Thread.ofPlatform()
                                    .name("checkpoint")
                                    .daemon()
                                    .start(() -> done.accept(answer(target, name))));
            busy = true;
        }
    }

    /** Performs a request; whoever has the answer may ask for the next one. */
    private Optional<Errno> answer(Sandbox target, Optional<String> name) {
        Optional<Errno> failure = Optional.of(Errno.EIO);
        try {
            failure = perform(target, name);
        } catch (RuntimeException e) {
            log.error("a checkpoint that a program asked for failed", e);
        } finally {
            synchronized (requestLock) {
                busy = false;
            }
        }
        return failure;
    }

    private Optional<Errno> perform(Sandbox target, Optional<String> name) {
        try {
            target.checkpoint(handler.orElseThrow().requested(name));
            return Optional.empty();
        } catch (SandboxException e) {
            log.info("a checkpoint that a program asked for failed: {}", e.getMessage());
            return Optional.of(
                    switch (e.code()) {
                        case SANDBOX_BUSY -> Errno.EBUSY;
                        case IMAGE_EXISTS -> Errno.EEXIST;
                        default -> Errno.EIO;
                    });
        }
    }

    /** Waits for the thread; the sandbox has ended. */
    @Override
    public void close() {
        Optional<Thread> last;
        synchronized (requestLock) {
            last = thread;
        }
        boolean interrupted = false;
        while (last.filter(Thread::isAlive).isPresent()) {
            try {
                last.get().join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

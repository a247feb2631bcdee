package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.task.SyscallGate;
import dev.plinth.kernel.task.Task;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * For tests: does something to the sandbox at every n-th system call, such as to swap its platform.
 *
 * <p>It is done on a thread of its own, while the call is being made: a call that waits is
 * disturbed in its wait, any other one before its task goes on. What is due while the thread is
 * busy waits for that, unless its task is disturbed anyway. Any thread may call any method.
 */
final class DisturbedGate implements SyscallGate, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DisturbedGate.class);

    private static final long POLL_NANOS = 20_000;

    private final SyscallGate gate;
    private final SandboxSpec.Disturbance disturbance;

    private final Object gateLock = new Object();

    @GuardedBy("gateLock")
    private Optional<Sandbox> sandbox = Optional.empty();

    @GuardedBy("gateLock")
    private Optional<Thread> thread = Optional.empty();

    @GuardedBy("gateLock")
    private long calls;

    @GuardedBy("gateLock")
    private boolean closed;

    /** Whether the sandbox is to be disturbed, or is being; set under the lock. */
    private volatile boolean busy;

    DisturbedGate(SyscallGate gate, SandboxSpec.Disturbance disturbance) {
        this.gate = requireNonNull(gate, "gate is null");
        this.disturbance = requireNonNull(disturbance, "disturbance is null");
    }

    /** Says what is disturbed, before it runs. */
    void attach(Sandbox disturbed) {
        synchronized (gateLock) {
            sandbox = Optional.of(disturbed);
        }
    }

    @Override
    public void enter(Task task) {
        boolean mine = false;
        // A call that is made again is the same call, and whoever disturbed it waits for it.
        if (!task.call().isBrokenOff() && isDue()) {
            awaitThread(task);
            mine = request();
        }
        gate.enter(task);
        if (mine) {
            awaitThread(task);
        }
    }

    private boolean isDue() {
        synchronized (gateLock) {
            calls++;
            return calls % disturbance.everyCalls() == 0;
        }
    }

    /** Waits while the thread is busy, but not if that is with stopping the task. */
    private void awaitThread(Task task) {
        while (busy && !task.sleep().isInterrupted()) {
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private boolean request() {
        synchronized (gateLock) {
            if (busy || closed || sandbox.isEmpty()) {
                return false;
            }
            busy = true;
            if (thread.isEmpty()) {
                Sandbox disturbed = sandbox.get();
                thread =
                        Optional.of(
                                Thread.ofPlatform()
                                        .name("disturbance")
                                        .start(() -> disturb(disturbed)));
            }
            gateLock.notifyAll();
            return true;
        }
    }

    private void disturb(Sandbox disturbed) {
        while (awaitRequest()) {
            try {
                disturbance.action().accept(disturbed);
            } catch (SandboxException e) {
                // It may have ended meanwhile. What the test cannot accept, its action does not
                // throw.
                log.debug("not disturbed", e);
            } finally {
                busy = false;
            }
        }
    }

    private boolean awaitRequest() {
        synchronized (gateLock) {
            while (!busy && !closed) {
                try {
                    gateLock.wait();
                } catch (InterruptedException e) {
                    throw new IllegalStateException("nobody interrupts this thread", e);
                }
            }
            return !closed;
        }
    }

    @Override
    public void close() {
        Optional<Thread> ending;
        synchronized (gateLock) {
            closed = true;
            gateLock.notifyAll();
            ending = thread;
        }
        boolean interrupted = false;
        while (ending.isPresent() && ending.get().isAlive()) {
            try {
                ending.get().join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

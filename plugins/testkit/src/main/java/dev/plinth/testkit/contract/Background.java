package dev.plinth.testkit.contract;

import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * Work on a Java thread of its own, with an end.
 *
 * @param <T> what comes out
 */
final class Background<T> {
    private static final long SECONDS = 40;
    private static final long PAUSE_NANOS = 20_000;

    private final FutureTask<T> task;
    private final Thread thread;

    private Background(Callable<T> work) {
        this.task = new FutureTask<>(work);
        this.thread = Thread.ofPlatform().daemon().name("contract-background").start(task);
    }

    static <T> Background<T> start(Callable<T> work) {
        return new Background<>(work);
    }

    /** The result, when it is there; fails if the work failed or does not end. */
    T await() {
        try {
            T result = task.get(SECONDS, TimeUnit.SECONDS);
            thread.join();
            return result;
        } catch (ExecutionException e) {
            throw new AssertionError("in the background: " + e.getCause(), e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("in the background: no end", e);
        }
    }

    /** Waits a moment for what the work does; fails if it has ended. */
    void pauseWhileAlive() {
        if (task.isDone()) {
            await();
            throw new AssertionError("in the background: ended too early");
        }
        LockSupport.parkNanos(PAUSE_NANOS);
    }

    boolean isDone() {
        return task.isDone();
    }
}

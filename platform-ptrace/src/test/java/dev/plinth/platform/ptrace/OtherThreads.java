package dev.plinth.platform.ptrace;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;

/** Threads beside a test's; what goes wrong in them is carried to the test. */
final class OtherThreads {
    private final AtomicReference<Throwable> first = new AtomicReference<>();

    Thread start(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.setUncaughtExceptionHandler((t, e) -> first.compareAndSet(null, e));
        thread.start();
        return thread;
    }

    /** Fails if one of them did. */
    void check() {
        if (first.get() != null) {
            throw new AssertionError("another thread failed", first.get());
        }
    }

    /** A thread in which nothing is asserted. */
    static Thread startDaemon(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static void sleepBriefly() {
        try {
            Thread.sleep(2);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

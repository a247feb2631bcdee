package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.state.NotSaved;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The Java threads that tasks run on.
 *
 * <p>A task has a thread for life. When it has ended, the thread waits a while for the next task:
 * to make one costs more than all the rest of a fork(2) does in Java. A platform may bind a task's
 * thread to a CPU, and a thread inherits that from the one that starts it; so once tasks run, all
 * threads are started by one that belongs to no task. It comes with the first clone(2), so that a
 * program that makes no processes does not pay for it.
 *
 * <p>Any thread may call any method.
 */
@NotSaved("threads of this JVM")
final class TaskThreads implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TaskThreads.class);

    /** Enough for the kernel's own calls, which do not recurse over what a guest can make deep. */
    private static final long TASK_STACK_BYTES = 512 << 10;

    private static final long STARTER_STACK_BYTES = 128 << 10;

    /** More threads than this do not wait for tasks. */
    private static final int MAX_IDLE = 16;

    private final Object threadsLock = new Object();

    @GuardedBy("threadsLock")
    private final Deque<Worker> idle = new ArrayDeque<>();

    /** Every thread that has not ended, but the starter. */
    @GuardedBy("threadsLock")
    private final List<Thread> threads = new ArrayList<>();

    @GuardedBy("threadsLock")
    private final Deque<Worker> toStart = new ArrayDeque<>();

    @GuardedBy("threadsLock")
    private Optional<Thread> starter = Optional.empty();

    @GuardedBy("threadsLock")
    private boolean closed;

    /** What a thread does for a task, from its beginning to its end. */
    interface Job extends Runnable {
        /** A name for the thread while it does this. */
        String name();

        /** There is no thread to be had for it; it is not run. */
        void refused();
    }

    /** Runs a job on a thread that the calling one starts, which belongs to no task. */
    void runFirst(Job job) {
        Worker worker = new Worker(job);
        synchronized (threadsLock) {
            requireOpen();
            threads.add(worker.thread);
        }
        worker.start();
    }

    /** Runs a job on a thread of its own. */
    void run(Job job) {
        if (!accept(job)) {
            job.refused();
        }
    }

    /** Finds a thread for a job; false if there is none to be had. */
    private boolean accept(Job job) {
        synchronized (threadsLock) {
            requireOpen();
            Worker free = idle.poll();
            if (free != null) {
                free.next = Optional.of(job);
                threadsLock.notifyAll();
                return true;
            }
            if (!hasStarter()) {
                return false;
            }
            Worker worker = new Worker(job);
            threads.add(worker.thread);
            toStart.add(worker);
            threadsLock.notifyAll();
            return true;
        }
    }

    /** Starts the thread that starts the others, if there is none and the host has room for it. */
    @GuardedBy("threadsLock")
    private boolean hasStarter() {
        if (starter.isPresent()) {
            return true;
        }
        Thread thread =
                Thread.ofPlatform()
                        .name("task-starter")
                        .stackSize(STARTER_STACK_BYTES)
                        .unstarted(this::startWorkers);
        try {
            thread.start();
        } catch (OutOfMemoryError e) {
            log.debug("no thread to start others", e);
            return false;
        }
        starter = Optional.of(thread);
        return true;
    }

    private void startWorkers() {
        while (true) {
            Worker worker;
            synchronized (threadsLock) {
                while (toStart.isEmpty() && !closed) {
                    awaitChange();
                }
                if (toStart.isEmpty()) {
                    return;
                }
                worker = toStart.remove();
            }
            worker.start();
        }
    }

    @GuardedBy("threadsLock")
    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the sandbox is closed");
        }
    }

    @GuardedBy("threadsLock")
    @SuppressWarnings("WaitNotInLoop") // Its callers loop.
    private void awaitChange() {
        try {
            threadsLock.wait();
        } catch (InterruptedException e) {
            // Nobody who knows of the thread interrupts it; what it waits for is there or not.
            log.debug("interrupted", e);
        }
    }

    /** Ends the threads that wait, and waits for all; no task is left. */
    @Override
    public void close() {
        List<Thread> ending;
        synchronized (threadsLock) {
            closed = true;
            threadsLock.notifyAll();
            ending = new ArrayList<>(threads);
            starter.ifPresent(ending::add);
        }
        boolean interrupted = false;
        for (Thread thread : ending) {
            while (thread.isAlive()) {
                try {
                    thread.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @NotSaved("threads of this JVM")
    private final class Worker implements Runnable {
        private final Thread thread;

        /** Guarded by threadsLock, which Error Prone does not see through another object. */
        private Optional<Job> next = Optional.empty();

        /** The first; confined to whoever starts the thread, then to the thread. */
        private final Job first;

        Worker(Job first) {
            this.first = requireNonNull(first, "first is null");
            this.thread =
                    Thread.ofPlatform()
                            .name(first.name())
                            .stackSize(TASK_STACK_BYTES)
                            .uncaughtExceptionHandler((_, e) -> log.error("a task failed", e))
                            .unstarted(this);
        }

        void start() {
            try {
                thread.start();
            } catch (OutOfMemoryError e) {
                // So Java says that the host has no room for another thread.
                log.debug("no thread for {}", first.name(), e);
                gone();
                first.refused();
            }
        }

        private void gone() {
            synchronized (threadsLock) {
                threads.remove(thread);
            }
        }

        @Override
        public void run() {
            try {
                Optional<Job> job = Optional.of(first);
                while (job.isPresent()) {
                    thread.setName(job.get().name());
                    job.get().run();
                    job = awaitNext();
                }
            } finally {
                gone();
            }
        }

        private Optional<Job> awaitNext() {
            synchronized (threadsLock) {
                if (closed || idle.size() >= MAX_IDLE) {
                    return Optional.empty();
                }
                idle.push(this);
                while (next.isEmpty() && !closed) {
                    awaitChange();
                }
                Optional<Job> job = next;
                next = Optional.empty();
                return job;
            }
        }
    }
}

package dev.plinth.kernel.timer;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.state.NotSaved;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs things at moments, in one thread, which is started when it is first needed.
 *
 * <p>Any thread may call any method. What is run is short and does not block.
 */
@NotSaved("each timer is saved by who has it, and set anew")
public final class TimerQueue implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TimerQueue.class);

    private static final long STACK_BYTES = 256 << 10;

    private final Lock queueLock = new ReentrantLock();
    private final Condition changed = queueLock.newCondition();

    /** The next one first. Guarded by queueLock. */
    private final PriorityQueue<Alarm> alarms = new PriorityQueue<>();

    @GuardedBy("queueLock")
    private Optional<Thread> thread = Optional.empty();

    @GuardedBy("queueLock")
    private long count;

    @GuardedBy("queueLock")
    private boolean closed;

    /** Whether nothing is run for the time being. */
    @GuardedBy("queueLock")
    private boolean paused;

    /** Whether something is being run. */
    @GuardedBy("queueLock")
    private boolean running;

    /** Something that is to be run. */
    public static final class Alarm implements Comparable<Alarm> {
        private final long moment;
        private final long number;
        private final Runnable action;

        private Alarm(long moment, long number, Runnable action) {
            this.moment = moment;
            this.number = number;
            this.action = action;
        }

        @Override
        public int compareTo(Alarm other) {
            int byMoment = Long.compare(moment - other.moment, 0);
            return byMoment != 0 ? byMoment : Long.compare(number, other.number);
        }

        /** By identity. */
        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    /**
     * Has something run after a time.
     *
     * @return what to {@link #cancel} it with
     */
    public Alarm schedule(long nanos, Runnable action) {
        queueLock.lock();
        try {
            // Half of what the counter can hold is for ever, and compares as such.
            long wait = Math.clamp(nanos, 0, Long.MAX_VALUE / 2);
            Alarm alarm = new Alarm(System.nanoTime() + wait, count, action);
            count++;
            if (closed) {
                return alarm;
            }
            alarms.add(alarm);
            if (thread.isEmpty()) {
                Thread started =
                        Thread.ofPlatform()
                                .name("timers")
                                .stackSize(STACK_BYTES)
                                .uncaughtExceptionHandler((_, e) -> log.error("a timer failed", e))
                                .unstarted(this::run);
                thread = Optional.of(started);
                started.start();
            } else if (alarm.equals(alarms.peek())) {
                changed.signalAll();
            }
            return alarm;
        } finally {
            queueLock.unlock();
        }
    }

    /** Has something not run after all, unless it is run already. */
    public void cancel(Alarm alarm) {
        queueLock.lock();
        try {
            alarms.remove(alarm);
        } finally {
            queueLock.unlock();
        }
    }

    /**
     * Has nothing run from now on, until {@link #resume}; waits until what is being run is done.
     * What is due meanwhile is run then. Precondition: it is not what is run that calls this.
     */
    public void pause() {
        queueLock.lock();
        try {
            paused = true;
            while (running) {
                changed.awaitUninterruptibly();
            }
        } finally {
            queueLock.unlock();
        }
    }

    /** Has things run again. */
    public void resume() {
        queueLock.lock();
        try {
            paused = false;
            changed.signalAll();
        } finally {
            queueLock.unlock();
        }
    }

    private void run() {
        Optional<Alarm> next = next();
        while (next.isPresent()) {
            next.get().action.run();
            next = next();
        }
    }

    /** Waits for the next alarm; empty when the queue is closed. */
    private Optional<Alarm> next() {
        queueLock.lock();
        try {
            running = false;
            changed.signalAll();
            while (!closed) {
                Alarm first = alarms.peek();
                boolean waits = first == null || paused;
                long left = waits ? Long.MAX_VALUE : first.moment - System.nanoTime();
                if (left <= 0) {
                    running = true;
                    return Optional.of(alarms.remove());
                }
                try {
                    changed.await(left, TimeUnit.NANOSECONDS);
                } catch (InterruptedException e) {
                    // Nobody who knows of the thread interrupts it; it looks again.
                    log.debug("interrupted", e);
                }
            }
            return Optional.empty();
        } finally {
            queueLock.unlock();
        }
    }

    /** Ends the thread, and waits for it; what was to be run is not. */
    @Override
    public void close() {
        Optional<Thread> ending;
        queueLock.lock();
        try {
            closed = true;
            alarms.clear();
            changed.signalAll();
            ending = thread;
        } finally {
            queueLock.unlock();
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

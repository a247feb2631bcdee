package dev.plinth.kernel.loader.vdso;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostCallException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.time.CounterMeter;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Keeps the time that the vDSO tells right, on a thread that lives from {@link #start} to {@link
 * #stop}: some ten microseconds of work a second.
 *
 * <p>Any thread may call any method.
 */
@NotSaved("measured anew on each host")
final class ClockKeeper {
    private static final Logger log = LoggerFactory.getLogger(ClockKeeper.class);

    /**
     * The time between the first two readings, from which the rate is known to a few millionths.
     */
    private static final long FIRST_INTERVAL_NANOS = 10_000_000;

    /** The time between readings in the long run; in between it doubles. */
    private static final long INTERVAL_NANOS = 1_000_000_000;

    private final ClockPage page;
    private final Supplier<CounterMeter> meters;
    private final Predicate<CounterMeter> guestsHaveIt;

    private final Object stateLock = new Object();

    @GuardedBy("stateLock")
    private Optional<Thread> thread = Optional.empty();

    @GuardedBy("stateLock")
    private boolean stopped;

    private volatile boolean running;

    /**
     * Makes one that does nothing yet.
     *
     * @param page what it writes
     * @param meters opens a meter
     * @param guestsHaveIt whether guests read the counter of the meter
     */
    ClockKeeper(
            ClockPage page, Supplier<CounterMeter> meters, Predicate<CounterMeter> guestsHaveIt) {
        this.page = requireNonNull(page, "page is null");
        this.meters = requireNonNull(meters, "meters is null");
        this.guestsHaveIt = requireNonNull(guestsHaveIt, "guestsHaveIt is null");
    }

    /** Starts the thread, unless it was started or stopped before. */
    void start() {
        synchronized (stateLock) {
            if (!stopped && thread.isEmpty()) {
                thread = Optional.of(Thread.ofPlatform().daemon().name("clock").start(this::keep));
            }
        }
    }

    /** Whether programs are told the time. */
    boolean isRunning() {
        return running;
    }

    /**
     * Ends the thread and waits for its end.
     *
     * @return whether this is the first time
     */
    boolean stop() {
        Optional<Thread> ending;
        synchronized (stateLock) {
            if (stopped) {
                return false;
            }
            stopped = true;
            stateLock.notifyAll();
            ending = thread;
        }
        ending.ifPresent(ClockKeeper::join);
        return true;
    }

    private static void join(Thread thread) {
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void keep() {
        try (CounterMeter meter = meters.get()) {
            if (!meter.isReliable()) {
                log.debug("the vDSO asks the kernel: the host does not trust the counter");
            } else if (!guestsHaveIt.test(meter)) {
                log.debug("the vDSO asks the kernel: guests do not read the host's counter");
            } else {
                keep(meter);
            }
        } catch (HostCallException e) {
            log.warn("the vDSO asks the kernel", e);
        } finally {
            running = false;
            page.withdraw();
        }
    }

    private void keep(CounterMeter meter) {
        ClockDiscipline discipline = new ClockDiscipline(meter.read());
        long interval = FIRST_INTERVAL_NANOS;
        while (sleep(interval)) {
            // Whoever reads the page before it is withdrawn reads the counter before it, too.
            page.withdraw();
            CounterMeter.Reading reading = meter.read();
            interval = Math.min(2 * interval, INTERVAL_NANOS);
            Optional<ClockRate> rate = discipline.next(reading, interval);
            if (rate.isEmpty()) {
                log.warn("the vDSO asks the kernel from now on: the counter cannot be trusted");
                return;
            }
            page.publish(rate.get());
            running = true;
        }
    }

    /** Sleeps for a time; says whether the thread is to go on. */
    private boolean sleep(long nanos) {
        long end = System.nanoTime() + nanos;
        synchronized (stateLock) {
            for (long left = nanos; !stopped && left > 0; left = end - System.nanoTime()) {
                try {
                    TimeUnit.NANOSECONDS.timedWait(stateLock, left);
                } catch (InterruptedException e) {
                    throw new IllegalStateException("nobody interrupts the keeper of the clock", e);
                }
            }
            return !stopped;
        }
    }
}

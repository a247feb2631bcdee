package dev.plinth.kernel.timer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

@Timeout(30)
final class IntervalTimerTest {
    private static final long MILLI = 1_000_000;
    private static final long HOUR = 3_600_000_000_000L;

    private final TimerQueue queue = new TimerQueue();
    private final Semaphore expiries = new Semaphore(0);

    @AfterEach
    void closingEndsTheThread() {
        queue.close();
        assertTrue(
                Thread.getAllStackTraces().keySet().stream()
                        .noneMatch(thread -> thread.getName().equals("timers")));
    }

    @Test
    void aTimerExpiresOnce() throws Exception {
        IntervalTimer timer = timer(System::nanoTime, false);
        assertEquals(IntervalTimer.Setting.NONE, timer.set(MILLI, 0, false));
        expiries.acquire();
        assertEquals(IntervalTimer.Setting.NONE, timer.setting());
        assertFalse(expiries.tryAcquire(20, TimeUnit.MILLISECONDS));
    }

    @Test
    void anIntervalGoesOnWhenItIsTaken() throws Exception {
        IntervalTimer timer = timer(System::nanoTime, false);
        timer.set(MILLI, MILLI, false);
        expiries.acquire();
        assertFalse(expiries.tryAcquire(20, TimeUnit.MILLISECONDS));
        assertTrue(timer.taken() >= 15);
        expiries.acquire();
    }

    @Test
    void anIntervalThatNobodyTakesGoesOnByItself() throws Exception {
        IntervalTimer timer = timer(System::nanoTime, true);
        timer.set(1, 1, false);
        expiries.acquire(5);
        timer.set(0, 0, false);
    }

    @Test
    void settingTellsWhatWasLeft() {
        AtomicLong now = new AtomicLong(1000);
        IntervalTimer timer = timer(now::get, false);
        timer.set(HOUR, 7, false);
        now.addAndGet(HOUR / 4);
        assertEquals(new IntervalTimer.Setting(HOUR * 3 / 4, 7), timer.setting());
        assertEquals(new IntervalTimer.Setting(HOUR * 3 / 4, 7), timer.set(0, 0, false));
        assertEquals(IntervalTimer.Setting.NONE, timer.setting());
    }

    @Test
    void aMomentThatHasPassedExpiresAtOnce() throws Exception {
        IntervalTimer timer = timer(System::nanoTime, false);
        timer.set(Math.max(1, System.nanoTime() - HOUR), 0, true);
        expiries.acquire();
    }

    @Test
    void aTimeBeyondAllNumbersNeverComes() throws Exception {
        IntervalTimer timer = timer(System::nanoTime, false);
        timer.set(Long.MAX_VALUE, Long.MAX_VALUE, false);
        assertFalse(expiries.tryAcquire(20, TimeUnit.MILLISECONDS));
        timer.set(MILLI, 0, false);
        expiries.acquire();
    }

    @Test
    void anIntervalBeyondAllNumbersNeverComes() throws Exception {
        IntervalTimer timer = timer(System::nanoTime, false);
        timer.set(1, Long.MAX_VALUE, false);
        expiries.acquire();
        assertEquals(0, timer.taken());
        assertTrue(timer.setting().left() > HOUR);
        assertFalse(expiries.tryAcquire(20, TimeUnit.MILLISECONDS));
    }

    @Test
    void aClosedQueueRunsNothing() throws Exception {
        IntervalTimer timer = timer(System::nanoTime, false);
        timer.set(10 * MILLI, 0, false);
        queue.close();
        timer.set(MILLI, 0, false);
        assertFalse(expiries.tryAcquire(30, TimeUnit.MILLISECONDS));
    }

    private IntervalTimer timer(TimerClock clock, boolean alone) {
        return new IntervalTimer(
                queue,
                clock,
                () -> {
                    expiries.release();
                    return alone;
                });
    }
}

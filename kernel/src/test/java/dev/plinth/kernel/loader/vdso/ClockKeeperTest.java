package dev.plinth.kernel.loader.vdso;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.time.CounterMeter;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

@Timeout(30)
class ClockKeeperTest {
    private final MemorySegment page = Arena.ofAuto().allocate(4096, 8);
    private final AtomicInteger open = new AtomicInteger();
    private boolean reliable = true;

    /** A counter that counts nanoseconds. */
    private final class NanosMeter implements CounterMeter {
        NanosMeter() {
            open.incrementAndGet();
        }

        @Override
        public boolean isReliable() {
            return reliable;
        }

        @Override
        public long counter() {
            return System.nanoTime();
        }

        @Override
        public Reading read() {
            long now = System.nanoTime();
            return new Reading(now, now, now, now, 1);
        }

        @Override
        public void close() {
            open.decrementAndGet();
        }
    }

    private ClockKeeper keeper(boolean guestsHaveIt) {
        return new ClockKeeper(new ClockPage(page), NanosMeter::new, _ -> guestsHaveIt);
    }

    private int sequence() {
        return page.get(ValueLayout.JAVA_INT, ClockPage.SEQUENCE);
    }

    @Test
    void startedItWritesThePageUntilItIsStopped() {
        ClockKeeper keeper = keeper(true);
        keeper.start();
        while (!keeper.isRunning()) {
            LockSupport.parkNanos(1_000_000);
        }
        assertTrue(page.get(ValueLayout.JAVA_LONG, ClockPage.REACH) > 0);
        assertTrue(keeper.stop());
        assertFalse(keeper.stop());
        assertEquals(0, open.get());
        assertEquals(1, sequence() & 1, "the functions ask the kernel again");
    }

    @Test
    void withoutACounterToTrustTheFunctionsAskTheKernel() {
        reliable = false;
        ClockKeeper keeper = keeper(true);
        keeper.start();
        keeper.stop();
        assertEquals(0, page.get(ValueLayout.JAVA_LONG, ClockPage.REACH));
        assertEquals(1, sequence() & 1);
    }

    @Test
    void guestsWithAnotherCounterAskTheKernel() {
        ClockKeeper keeper = keeper(false);
        keeper.start();
        keeper.stop();
        assertEquals(0, page.get(ValueLayout.JAVA_LONG, ClockPage.REACH));
        assertEquals(1, sequence() & 1);
    }

    @Test
    void oneThatWasNeverStartedStopsAndStaysSo() {
        ClockKeeper keeper = keeper(true);
        assertTrue(keeper.stop());
        keeper.start();
        assertFalse(keeper.isRunning());
        assertEquals(0, open.get());
        assertEquals(0, sequence());
    }
}

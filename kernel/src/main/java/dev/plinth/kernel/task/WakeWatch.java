package dev.plinth.kernel.task;

import dev.plinth.kernel.state.NotSaved;

import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;

/**
 * Looks out for a wake for a moment before a thread goes to sleep for it.
 *
 * <p>Two tasks that answer each other in turns, as over a pair of pipes, wait for each other for a
 * few microseconds only: putting a thread to sleep on one CPU and waking it from another costs more
 * than that. Measured on two CPUs, a round trip over pipes took 60 microseconds with sleeping and
 * 31 with looking out.
 *
 * <p>It pays only where the wake comes soon, and for such a pair only if both do it. So it is tried
 * now and then after a sleep that was short, at random so that both try at once some time, and is
 * kept up for as long as it pays. Who sleeps long never looks out. Confined to the thread.
 */
@NotSaved("what was learned of this host")
final class WakeWatch {
    /** About what it costs to sleep and to be woken by another CPU. */
    private static final long LONGEST_NANOS = 50_000;

    /** What a round trip takes at most if both sides sleep. */
    private static final long SHORT_SLEEP_NANOS = 300_000;

    /** How often it may fail in sequence after it has paid. */
    private static final int GREATEST_HOPE = 4;

    /** It is tried once in so many times: first, and when it keeps failing. */
    private static final int FIRST_GAP = 2;

    private static final int GREATEST_GAP = 16;

    private final boolean canPay;
    private int hope;
    private int gap = FIRST_GAP;
    private boolean sleptShortly;

    /**
     * For the calling thread.
     *
     * @param processors of the host: with one alone, whoever is to wake this thread could not run
     *     meanwhile
     */
    WakeWatch(int processors) {
        canPay = processors > 1;
    }

    /**
     * Looks out, if that seems to pay.
     *
     * @param waiting whether the wake has not come yet
     */
    void lookOut(BooleanSupplier waiting) {
        if (!isWorthwhile()) {
            return;
        }
        long end = System.nanoTime() + LONGEST_NANOS;
        while (waiting.getAsBoolean()) {
            if (System.nanoTime() >= end) {
                hope = Math.max(0, hope - 1);
                gap = Math.min(GREATEST_GAP, 2 * gap);
                return;
            }
            Thread.onSpinWait();
        }
        hope = Math.min(GREATEST_HOPE, hope + 1);
        gap = FIRST_GAP;
    }

    private boolean isWorthwhile() {
        return canPay
                && (hope > 0 || (sleptShortly && ThreadLocalRandom.current().nextInt(gap) == 0));
    }

    /** The thread waited, looking out or asleep, for a time. */
    void waited(long nanos) {
        sleptShortly = nanos < SHORT_SLEEP_NANOS;
    }
}

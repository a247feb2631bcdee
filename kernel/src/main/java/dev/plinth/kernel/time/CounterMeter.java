package dev.plinth.kernel.time;

/**
 * Measures the processor's time stamp counter against the host's clocks.
 *
 * <p>Used by one thread at a time.
 */
public interface CounterMeter extends AutoCloseable {
    /**
     * Whether the host itself takes the time from the counter: it has then found that all
     * processors count alike, at one rate, and without a pause.
     */
    boolean isReliable();

    /** Reads the counter. */
    long counter();

    /** Reads counter and clocks. */
    Reading read();

    @Override
    void close();

    /**
     * What was read.
     *
     * @param counter at the moment of {@code monotonicNanos}
     * @param monotonicNanos the host's CLOCK_MONOTONIC
     * @param realtimeCounter at the moment of {@code realtimeNanos}
     * @param realtimeNanos the host's CLOCK_REALTIME
     * @param spread how many counts went by while a clock was read; the counts above are right to
     *     half of it
     */
    record Reading(
            long counter,
            long monotonicNanos,
            long realtimeCounter,
            long realtimeNanos,
            long spread) {}
}

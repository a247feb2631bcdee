package dev.plinth.kernel.loader.vdso;

/**
 * What the time is at some count of the counter, and how it goes on from there.
 *
 * @param counter where it starts
 * @param reach for how many counts it may be used
 * @param scaledRate nanoseconds of one count, with {@link ClockPage#RATE_SHIFT} bits behind the
 *     point
 * @param monotonicNanos CLOCK_MONOTONIC there
 * @param realtimeOffset what CLOCK_REALTIME is ahead of it
 */
record ClockRate(
        long counter, long reach, long scaledRate, long monotonicNanos, long realtimeOffset) {
    /** CLOCK_MONOTONIC at a later count, as the vDSO's code computes it. */
    long monotonicAt(long laterCounter) {
        long counts = laterCounter - counter;
        long high = Math.multiplyHigh(counts, scaledRate);
        long low = counts * scaledRate;
        return monotonicNanos
                + (high << Long.SIZE - ClockPage.RATE_SHIFT | low >>> ClockPage.RATE_SHIFT);
    }
}

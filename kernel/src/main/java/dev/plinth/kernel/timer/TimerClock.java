package dev.plinth.kernel.timer;

/** What a timer runs by. Any thread may ask. */
public interface TimerClock {
    /** What the clock shows, in nanoseconds. */
    long now();

    /**
     * How long to wait until it is worth looking whether a moment has come.
     *
     * @param nanos how far the clock is from the moment, positive
     */
    default long waitFor(long nanos) {
        return nanos;
    }
}

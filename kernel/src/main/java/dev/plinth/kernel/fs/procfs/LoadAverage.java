package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.state.NotSaved;

/**
 * How many tasks were busy over the last one, five and fifteen minutes.
 *
 * <p>Nobody counts the busy tasks every five seconds, as Linux does: whenever someone asks, the
 * time that was spent on processors since the last question stands for how many were busy. Any
 * thread may ask.
 */
@NotSaved("begins anew: it says how busy the last minutes were, here")
final class LoadAverage {
    private static final double NANOS_PER_MINUTE = 60e9;
    private static final int[] MINUTES = {1, 5, 15};

    private final double[] averages = new double[MINUTES.length];
    private long lastNanos;
    private long lastBusyNanos;

    /**
     * The averages.
     *
     * @param uptimeNanos now
     * @param busyNanos that were spent on processors until now
     */
    synchronized double[] at(long uptimeNanos, long busyNanos) {
        long elapsed = uptimeNanos - lastNanos;
        if (elapsed > 0) {
            double busy = Math.max(0, busyNanos - lastBusyNanos) / (double) elapsed;
            for (int i = 0; i < MINUTES.length; i++) {
                double kept = Math.exp(-elapsed / (NANOS_PER_MINUTE * MINUTES[i]));
                averages[i] = averages[i] * kept + busy * (1 - kept);
            }
            lastNanos = uptimeNanos;
            lastBusyNanos = busyNanos;
        }
        return averages.clone();
    }
}

package dev.plinth.kernel.boot;

import java.util.Locale;

/**
 * How long a platform takes for the least that it does: out of the guest at a system call, and into
 * it again.
 *
 * @param nanos in nanoseconds, not negative
 */
public record RoundTrip(long nanos) implements Comparable<RoundTrip> {
    private static final double NANOS_PER_MICRO = 1000;

    public RoundTrip {
        if (nanos < 0) {
            throw new IllegalArgumentException("takes " + nanos + " ns");
        }
    }

    @Override
    public int compareTo(RoundTrip other) {
        return Long.compare(nanos, other.nanos);
    }

    /** In microseconds, for a reader. */
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.1f µs", nanos / NANOS_PER_MICRO);
    }
}

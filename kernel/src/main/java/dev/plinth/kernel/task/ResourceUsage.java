package dev.plinth.kernel.task;

import dev.plinth.kernel.state.proto.ResourceUsageState;

/**
 * What tasks have used: the part of {@code struct rusage} that Plinth knows.
 *
 * @param userNanos spent in the guest's instructions
 * @param systemNanos spent in its system calls and faults, but not asleep
 * @param peakResidentPages the most memory that one process had
 */
public record ResourceUsage(long userNanos, long systemNanos, long peakResidentPages) {
    /** Of a process that has done nothing. */
    public static final ResourceUsage NONE = new ResourceUsage(0, 0, 0);

    /** Usage that was saved. */
    static ResourceUsage restore(ResourceUsageState state) {
        return new ResourceUsage(
                state.getUserNanos(), state.getSystemNanos(), state.getPeakResidentPages());
    }

    /** What is saved of it. */
    ResourceUsageState save() {
        return ResourceUsageState.newBuilder()
                .setUserNanos(userNanos)
                .setSystemNanos(systemNanos)
                .setPeakResidentPages(peakResidentPages)
                .build();
    }

    /** All of the time. */
    public long nanos() {
        return userNanos + systemNanos;
    }

    /** Both together. */
    public ResourceUsage plus(ResourceUsage other) {
        return new ResourceUsage(
                userNanos + other.userNanos,
                systemNanos + other.systemNanos,
                Math.max(peakResidentPages, other.peakResidentPages));
    }
}

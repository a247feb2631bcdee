package dev.plinth.kernel.boot;

/**
 * What a sandbox uses at one moment.
 *
 * @param memoryBytes of all its programs and their files in memory
 * @param memoryLimitBytes how much that may be
 * @param processes that live, or that nobody has waited for yet
 * @param tasks that live: processes and threads
 * @param cpuNanos time on processors that its processes have used, those included that their
 *     parents have waited for
 * @param unreadImageBytes of the image that it was restored from, which are still to be read in the
 *     background; zero for one that was not restored. Some are left for good if they are damaged
 *     and nobody uses them
 */
public record SandboxUsage(
        long memoryBytes,
        long memoryLimitBytes,
        int processes,
        int tasks,
        long cpuNanos,
        long unreadImageBytes) {}

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
 */
public record SandboxUsage(
        long memoryBytes, long memoryLimitBytes, int processes, int tasks, long cpuNanos) {}

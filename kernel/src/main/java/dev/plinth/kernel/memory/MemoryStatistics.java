package dev.plinth.kernel.memory;

/**
 * How much of a memory file is in use.
 *
 * @param allocatedBytes that are referenced; how many of them the host holds memory for depends on
 *     which were touched
 * @param peakBytes the most that {@code allocatedBytes} has been
 * @param recycledBytes that are free, but still hold memory of the host for the next allocation
 * @param limitBytes what {@code allocatedBytes} cannot exceed
 */
public record MemoryStatistics(
        long allocatedBytes, long peakBytes, long recycledBytes, long limitBytes) {}

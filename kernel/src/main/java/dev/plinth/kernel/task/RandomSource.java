package dev.plinth.kernel.task;

import java.lang.foreign.MemorySegment;

/** Random bytes for guests. Any thread may ask. */
@FunctionalInterface
public interface RandomSource {
    /**
     * Fills memory with random bytes.
     *
     * @param target native memory
     */
    void fill(MemorySegment target);
}

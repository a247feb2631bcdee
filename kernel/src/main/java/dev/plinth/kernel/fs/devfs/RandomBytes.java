package dev.plinth.kernel.fs.devfs;

import java.lang.foreign.MemorySegment;

/** Where /dev/random gets its bytes; declared here, implemented by whoever has them. */
@FunctionalInterface
public interface RandomBytes {
    /** Fills memory with random bytes. Any thread. */
    void fill(MemorySegment memory);
}

package dev.plinth.kernel.futex;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.vfs.Blocker;

/**
 * The thread that makes a call.
 *
 * @param tid its number, which the word of a futex names its owner by
 * @param memory in which its addresses are
 * @param blocker by which it waits
 */
public record FutexCaller(int tid, MemoryManager memory, Blocker blocker) {
    public FutexCaller {
        requireNonNull(memory, "memory is null");
        requireNonNull(blocker, "blocker is null");
    }
}

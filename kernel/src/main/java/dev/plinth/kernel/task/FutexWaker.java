package dev.plinth.kernel.task;

import dev.plinth.kernel.mm.MemoryManager;

/**
 * Wakes those who wait for a futex, for what the kernel itself has to tell by one: that a task has
 * ended (CLONE_CHILD_CLEARTID). Declared here, implemented by {@code futex}. Any thread may call
 * it.
 */
@FunctionalInterface
public interface FutexWaker {
    /** Nobody ever waits. */
    FutexWaker NOBODY = (memory, address, count) -> 0;

    /**
     * Wakes tasks that wait for a word.
     *
     * @param memory that the word lies in
     * @param address of the word
     * @param count how many to wake at most
     * @return how many were woken
     */
    int wake(MemoryManager memory, long address, int count);
}

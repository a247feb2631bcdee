package dev.plinth.kernel.boot;

/**
 * Is told how far a restore has come that is not done yet, by the thread that restores.
 *
 * <p>It is the state of the sandbox's kernel that takes its time, with as many objects as it has;
 * memory is brought in when the programs run, in the background.
 */
@FunctionalInterface
public interface RestoreProgress {
    /** Nobody looks. */
    RestoreProgress UNSEEN = (doneBytes, totalBytes) -> {};

    /**
     * It has come so far.
     *
     * @param doneBytes of the kernel's state, never less than before; {@code totalBytes} when all
     *     is made
     * @param totalBytes as many as the image has of it, more than zero
     */
    void at(long doneBytes, long totalBytes);
}

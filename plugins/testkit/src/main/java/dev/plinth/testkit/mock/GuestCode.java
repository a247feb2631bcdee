package dev.plinth.testkit.mock;

/** What a guest program does, in the place of machine code. */
@FunctionalInterface
public interface GuestCode {
    /**
     * Runs the program.
     *
     * <p>Called on a thread of its own, which stands still whenever the kernel has the word. To
     * return is to execute the instruction {@code ret}: a signal handler goes to its restorer by
     * that, and a program's entry point, which has nothing to return to, dies of it. An exception
     * loses the guest thread: {@code run} returns an {@code UnknownExit}, and closing the platform
     * throws an {@link AssertionError} with the exception as its cause.
     *
     * @param guest the processor that runs the program; not to be used after the return, nor on
     *     other threads
     */
    void run(Guest guest);
}

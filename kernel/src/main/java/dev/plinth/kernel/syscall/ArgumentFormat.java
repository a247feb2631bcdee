package dev.plinth.kernel.syscall;

import dev.plinth.kernel.task.Task;

/** How a trace shows an argument of a system call, in the manner of strace(1). */
public interface ArgumentFormat {
    /**
     * Appends the argument's text.
     *
     * @param out takes the text
     * @param task that makes the call; its memory may be read
     * @param arguments of the call
     * @param index of the argument, 0 to 5
     * @param result of the call, a value or a negative errno; zero if it is not over
     */
    void append(StringBuilder out, Task task, SyscallArguments arguments, int index, long result);

    /** Whether the call fills in what the argument points to, so that it is shown afterwards. */
    default boolean isOutput() {
        return false;
    }

    /** Whether the call takes the argument at all, which may depend on those before it. */
    default boolean isShown(SyscallArguments arguments, int index) {
        return true;
    }

    /**
     * Appends what the call changed in what the argument points to, which is shown behind the
     * result; nothing unless a format says so.
     *
     * @param result of the call, not an error
     */
    default void appendOutcome(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {}
}

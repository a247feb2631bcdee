package dev.plinth.kernel.syscall;

import dev.plinth.kernel.task.Task;

/** Does what a system call asks for. */
@FunctionalInterface
public interface SyscallHandler {
    /**
     * Does the call, on the thread of the task that makes it.
     *
     * @return the call's value
     * @throws dev.plinth.kernel.errno.ErrnoException if the call fails
     * @throws dev.plinth.kernel.errno.RestartException if a signal broke it off
     */
    long invoke(Task task, SyscallArguments arguments);
}

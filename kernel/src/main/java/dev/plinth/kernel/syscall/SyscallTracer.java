package dev.plinth.kernel.syscall;

import dev.plinth.kernel.errno.Restart;
import dev.plinth.kernel.task.Task;

import java.util.function.LongSupplier;

/** Stands around every system call of a sandbox and tells of it. */
public interface SyscallTracer {
    /**
     * Makes a call and tells of it.
     *
     * @param number of the call
     * @param arguments of the call; while it is made, the registers that hold them do not change
     * @param call makes it; gives a value, a negative errno, or a negative {@link Restart} code
     * @return what the call gave
     */
    long trace(Task task, int number, SyscallArguments arguments, LongSupplier call);
}

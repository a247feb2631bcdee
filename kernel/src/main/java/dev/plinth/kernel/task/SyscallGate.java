package dev.plinth.kernel.task;

/** The way from a task into the system calls; declared here, implemented by {@code syscall}. */
public interface SyscallGate {
    /**
     * Makes the system call that stands in a task's registers, and leaves its result there in rax.
     *
     * <p>Called on the task's own thread.
     */
    void enter(Task task);
}

package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.signal.SignalActions;
import dev.plinth.kernel.state.NotSaved;

/**
 * Brings processes in from outside: beside the first one, with no parent in the sandbox, each
 * leading a session of its own. When such a one has ended it is gone at once.
 */
final class ProcessEntry {
    private final Kernel kernel;
    private final ProcessTable table;
    private final TaskThreads threads;

    ProcessEntry(Kernel kernel, ProcessTable table, TaskThreads threads) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.table = requireNonNull(table, "table is null");
        this.threads = requireNonNull(threads, "threads is null");
    }

    /**
     * Takes a number for a process that is to come. The world does not stop until it has come, or
     * was cancelled.
     *
     * @throws ErrnoException EAGAIN if there are too many tasks
     * @throws SandboxException SANDBOX_BUSY if the world is stopped
     */
    int reserve() {
        if (!kernel.world().tryEnter()) {
            throw new SandboxException(
                    ErrorCode.SANDBOX_BUSY,
                    "the sandbox is paused, being checkpointed or ending",
                    "wait until that is done, or resume it");
        }
        boolean complete = false;
        try {
            int pid = table.reserve();
            complete = true;
            return pid;
        } finally {
            if (!complete) {
                kernel.world().leave();
            }
        }
    }

    /** Gives back the number of a process that does not come. */
    void cancel(int pid) {
        table.cancel(pid);
        kernel.world().leave();
    }

    /**
     * Lets a program run.
     *
     * @param pid a number that was reserved for it; given back if the program does not run
     * @param name of its first task
     * @param resources of its first task; the process owns them
     * @param start where it begins
     * @return the process
     * @throws ErrnoException ESRCH if the first process has ended, EAGAIN if the host has no room
     *     for one more; the resources are closed then
     */
    ThreadGroup enter(
            int pid,
            byte[] name,
            TaskResources resources,
            ResourceLimits limits,
            ProgramStart start) {
        Task task = newProcess(kernel, pid, name, resources, limits, start);
        Birth birth = new Birth(task);
        threads.run(new TaskRunner(task, birth));
        if (!birth.await()) {
            resources.close();
            table.cancel(pid);
            throw ErrnoException.of(table.hasInit() ? Errno.EAGAIN : Errno.ESRCH);
        }
        return task.group();
    }

    /** The first task of a process that is the child of none; nobody knows of it yet. */
    static Task newProcess(
            Kernel kernel,
            int pid,
            byte[] name,
            TaskResources resources,
            ResourceLimits limits,
            ProgramStart start) {
        ThreadGroup group =
                new ThreadGroup(
                        pid,
                        limits,
                        new ProcessSettings(),
                        new SignalActions(),
                        kernel.clock().monotonicNanos());
        Task task = new Task(kernel, group, pid, name, new TaskSettings(), resources);
        start.applyTo(task.registers());
        return task;
    }

    @NotSaved("no world stops while a task is being born")
    private final class Birth extends TaskBirth {
        private final Task task;

        /** Confined to the task's thread. */
        private boolean known;

        Birth(Task task) {
            this.task = task;
        }

        @Override
        boolean isKnown() {
            return known;
        }

        @Override
        boolean publish(ExecutionContext context) {
            known = table.addFromOutside(task);
            return known;
        }
    }
}

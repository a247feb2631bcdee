package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;

import java.util.Optional;

/**
 * The first process, which the sandbox lives and dies with: comes to be by being started, or by
 * being restored.
 *
 * <p>Any thread may ask who it is.
 */
@NotSaved("which process it is, SavedTasks saves")
final class FirstProcess {
    private final Kernel kernel;
    private final ProcessTable table;
    private final TaskThreads threads;

    /** Also when it has ended. Set once, before the process runs. */
    private volatile Optional<ThreadGroup> group = Optional.empty();

    FirstProcess(Kernel kernel, ProcessTable table, TaskThreads threads) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.table = requireNonNull(table, "table is null");
        this.threads = requireNonNull(threads, "threads is null");
    }

    /** The process, also when it has ended; empty before it was made. */
    Optional<ThreadGroup> group() {
        return group;
    }

    /**
     * Makes it; it does not run yet.
     *
     * @return its first task, to {@link #start}, or to be discarded
     */
    Task make(byte[] name, TaskResources resources, ResourceLimits limits, ProgramStart start) {
        int pid = table.reserve();
        if (pid != Kernel.INIT_PID) {
            throw new IllegalStateException("the first process was made before");
        }
        Task task = ProcessEntry.newProcess(kernel, pid, name, resources, limits, start);
        group = Optional.of(task.group());
        return task;
    }

    /** Lets it run. */
    void start(Task task) {
        table.addInit(task);
        kernel.world().enter();
        threads.runFirst(new TaskRunner(task, new Birth()));
    }

    /** It is one that was saved, and lives. */
    void restore(ThreadGroup saved) {
        if (table.process(Kernel.INIT_PID).filter(saved::equals).isEmpty()) {
            throw StateReader.corrupt("the first process is " + saved.pid());
        }
        if (saved.tasks().isEmpty()) {
            throw StateReader.corrupt("the first process has ended");
        }
        group = Optional.of(saved);
    }

    /** Its task is known from the start: nobody waits for its birth. */
    private static final class Birth extends TaskBirth {
        @Override
        boolean isKnown() {
            return true;
        }

        @Override
        boolean publish(ExecutionContext context) {
            return true;
        }
    }
}

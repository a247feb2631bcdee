package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.fs.procfs.ProcessView;
import dev.plinth.kernel.fs.procfs.Processes;

import java.util.List;
import java.util.Optional;

/** A kernel's processes as /proc shows them. */
public final class KernelProcesses implements Processes {
    private final Kernel kernel;

    /** The processes of a kernel. */
    public KernelProcesses(Kernel kernel) {
        this.kernel = requireNonNull(kernel, "kernel is null");
    }

    @Override
    public List<ProcessView> all() {
        return kernel.processes().processes().stream().map(this::view).toList();
    }

    @Override
    public Optional<ProcessView> find(int pid) {
        return kernel.process(pid).map(this::view);
    }

    @Override
    public Optional<ProcessView> findByThread(int tid) {
        return find(tid).or(() -> kernel.processes().task(tid).map(Task::group).map(this::view));
    }

    private ProcessView view(ThreadGroup group) {
        return new ThreadGroupView(kernel, group);
    }

    @Override
    public int lastPid() {
        return kernel.processes().lastNumber();
    }

    @Override
    public long forks() {
        return kernel.processes().made();
    }
}

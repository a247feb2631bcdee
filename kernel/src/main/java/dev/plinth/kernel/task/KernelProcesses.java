package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.fs.procfs.ProcessView;
import dev.plinth.kernel.fs.procfs.Processes;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
        Map<Integer, ProcessView> views = new LinkedHashMap<>();
        for (Task task : kernel.tasks()) {
            views.putIfAbsent(task.group().pid(), new TaskView(task));
        }
        return List.copyOf(views.values());
    }

    @Override
    public Optional<ProcessView> find(int pid) {
        return kernel.tasks().stream()
                .filter(task -> task.group().pid() == pid)
                .findFirst()
                .map(TaskView::new);
    }
}

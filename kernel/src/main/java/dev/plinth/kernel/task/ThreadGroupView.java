package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.procfs.ProcessMemory;
import dev.plinth.kernel.fs.procfs.ProcessView;
import dev.plinth.kernel.fs.procfs.ThreadView;
import dev.plinth.kernel.mm.MappingInfo;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.mm.MemoryUsage;
import dev.plinth.kernel.mm.ProgramAreas;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Mount;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A process as /proc shows it. Two views are equal if they are of one process. */
final class ThreadGroupView implements ProcessView {
    /** More of a process' strings is not shown at once. */
    private static final int MAX_STRINGS_BYTES = 4 << 20;

    private final Kernel kernel;
    private final ThreadGroup group;

    ThreadGroupView(Kernel kernel, ThreadGroup group) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.group = requireNonNull(group, "group is null");
    }

    @Override
    public boolean isThere() {
        return kernel.process(group.pid()).filter(group::equals).isPresent();
    }

    @Override
    public int pid() {
        return group.pid();
    }

    @Override
    public int parentPid() {
        return group.parentPid(kernel.processes());
    }

    @Override
    public int processGroup() {
        return kernel.processes().processGroupOf(group);
    }

    @Override
    public int session() {
        return kernel.processes().sessionOf(group);
    }

    @Override
    public int terminal() {
        return 0;
    }

    @Override
    public int terminalGroup() {
        return -1;
    }

    @Override
    public List<ThreadView> threads() {
        List<ThreadView> threads = new ArrayList<>();
        Task leader = group.leader();
        threads.add(new TaskView(leader));
        for (Task task : group.tasks()) {
            if (task != leader) {
                threads.add(new TaskView(task));
            }
        }
        return threads;
    }

    @Override
    public ThreadView leader() {
        return new TaskView(group.leader());
    }

    @Override
    public Optional<ThreadView> thread(int tid) {
        return threads().stream().filter(thread -> thread.tid() == tid).findFirst();
    }

    @Override
    public List<Mount> mounts() {
        return kernel.mounts().mounts();
    }

    /** The memory, which any task that lives has; empty for a process that has ended. */
    private Optional<MemoryManager> manager() {
        return group.anyTask().map(Task::memory);
    }

    @Override
    public Location executable() {
        return group.anyTask()
                .map(task -> task.resources().image().executable().location())
                .orElseThrow(() -> ErrnoException.of(Errno.ENOENT));
    }

    @Override
    public byte[] commandLine() {
        return strings(program().arguments());
    }

    @Override
    public byte[] environment() {
        return strings(program().environment());
    }

    @Override
    public byte[] auxiliaryVector() {
        return strings(program().auxiliaryVector());
    }

    /** A part of the process' memory; empty if it is not there any more. */
    private byte[] strings(AddressRange range) {
        int length = (int) Math.min(MAX_STRINGS_BYTES, range.length());
        try {
            return memory().read(range.start(), length);
        } catch (ErrnoException e) {
            return new byte[0];
        }
    }

    @Override
    public List<MappingInfo> mappings() {
        return manager().map(MemoryManager::mappings).orElse(List.of());
    }

    @Override
    public long residentPages(AddressRange range) {
        return manager().map(memory -> memory.residentPages(range)).orElse(0L);
    }

    @Override
    public Optional<MemoryUsage> memoryUsage() {
        return manager().map(MemoryManager::usage);
    }

    @Override
    public ProgramAreas program() {
        return manager().map(MemoryManager::program).orElse(ProgramAreas.NONE);
    }

    @Override
    public ProcessMemory memory() {
        return new MemoryView(group, manager());
    }

    @Override
    public List<long[]> limits() {
        List<long[]> limits = new ArrayList<>();
        for (int resource = 0; resource < ResourceLimits.COUNT; resource++) {
            ResourceLimits.Limit limit = group.limits().get(resource);
            limits.add(new long[] {limit.soft(), limit.hard()});
        }
        return limits;
    }

    @Override
    public int processors() {
        return kernel.processors();
    }

    @Override
    public long startNanos() {
        return group.startMonotonicNanos() - kernel.bootMonotonicNanos();
    }

    @Override
    public CpuTime cpuTime() {
        ResourceUsage usage = group.usage();
        return new CpuTime(usage.userNanos(), usage.systemNanos());
    }

    @Override
    public CpuTime childCpuTime() {
        ResourceUsage usage = group.childUsage();
        return new CpuTime(usage.userNanos(), usage.systemNanos());
    }

    @Override
    public boolean isDumpable() {
        return group.settings().isDumpable();
    }

    @Override
    public int exitCode() {
        return 0;
    }

    @Override
    public int oomScore() {
        return OomKiller.score(kernel, group);
    }

    @Override
    public int oomScoreAdjustment() {
        return group.settings().oomScoreAdjustment();
    }

    @Override
    public void setOomScoreAdjustment(int adjustment, boolean privileged) {
        ProcessSettings settings = group.settings();
        if (adjustment < settings.oomScoreFloor() && !privileged) {
            throw ErrnoException.of(Errno.EACCES);
        }
        settings.setOomScore(adjustment, privileged ? adjustment : settings.oomScoreFloor());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ThreadGroupView view && view.group == group;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(group);
    }
}

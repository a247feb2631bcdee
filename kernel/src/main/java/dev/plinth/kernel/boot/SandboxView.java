package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.fs.procfs.CheckpointControl;
import dev.plinth.kernel.fs.procfs.Processes;
import dev.plinth.kernel.fs.procfs.SystemView;
import dev.plinth.kernel.fs.sysfs.MachineView;
import dev.plinth.kernel.fs.sysfs.ProcessorCache;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.KernelProcesses;
import dev.plinth.kernel.task.RandomSource;
import dev.plinth.kernel.task.UtsName;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.Mount;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** A sandbox as /proc and /sys show it. */
final class SandboxView implements SystemView, MachineView {
    private static final long UUID_VERSION_MASK = 0xf000L;
    private static final long UUID_VERSION_4 = 0x4000L;
    private static final long UUID_VARIANT_MASK = 0xc000_0000_0000_0000L;
    private static final long UUID_VARIANT = 0x8000_0000_0000_0000L;

    private final Kernel kernel;
    private final HostFacts facts;
    private final CheckpointControl checkpoints;
    private final Processes processes;
    private final long bootTime;
    private final String bootId;

    /** A sandbox that was made now. */
    SandboxView(Kernel kernel, HostFacts facts, CheckpointControl checkpoints) {
        this(kernel, facts, checkpoints, Optional.empty());
    }

    /** A sandbox that was saved. */
    SandboxView(Kernel kernel, HostFacts facts, CheckpointControl checkpoints, String bootId) {
        this(kernel, facts, checkpoints, Optional.of(bootId));
    }

    private SandboxView(
            Kernel kernel,
            HostFacts facts,
            CheckpointControl checkpoints,
            Optional<String> bootId) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.facts = requireNonNull(facts, "facts is null");
        this.checkpoints = requireNonNull(checkpoints, "checkpoints is null");
        this.processes = new KernelProcesses(kernel);
        this.bootTime = (kernel.clock().realtimeNanos() - uptimeNanos()) / Clock.NANOS_PER_SECOND;
        this.bootId = bootId.orElseGet(this::randomUuid);
    }

    @Override
    public Processes processes() {
        return processes;
    }

    @Override
    public List<String> fileSystems() {
        return kernel.mounts().mounts().stream()
                .map(Mount::fileSystem)
                .map(FileSystem::type)
                .distinct()
                .sorted()
                .toList();
    }

    @Override
    public String release() {
        return kernel.utsName().release();
    }

    @Override
    public String version() {
        return kernel.utsName().version();
    }

    @Override
    public String hostName() {
        return kernel.utsName().nodename();
    }

    @Override
    public void setHostName(String name) {
        kernel.rename(names -> names.withNodename(cut(name)));
    }

    @Override
    public String domainName() {
        return kernel.utsName().domainname();
    }

    @Override
    public void setDomainName(String name) {
        kernel.rename(names -> names.withDomainname(cut(name)));
    }

    private static String cut(String name) {
        return name.substring(0, Math.min(name.length(), UtsName.FIELD_BYTES - 1));
    }

    @Override
    public int processors() {
        return kernel.processors();
    }

    @Override
    public String processorDescription() {
        return facts.processorDescription();
    }

    @Override
    public List<ProcessorCache> caches() {
        return facts.processorCaches();
    }

    @Override
    public long memoryTotal() {
        return kernel.memoryTotal();
    }

    @Override
    public long memoryFree() {
        return kernel.memoryFree();
    }

    @Override
    public long uptimeNanos() {
        return kernel.clock().monotonicNanos() - kernel.bootMonotonicNanos();
    }

    @Override
    public long bootTime() {
        return bootTime;
    }

    @Override
    public String randomUuid() {
        return randomUuid(kernel.random());
    }

    /** A random UUID, another one at each call. */
    static String randomUuid(RandomSource random) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment words = arena.allocate(ValueLayout.JAVA_LONG, 2);
            random.fill(words);
            long high = words.getAtIndex(ValueLayout.JAVA_LONG, 0);
            long low = words.getAtIndex(ValueLayout.JAVA_LONG, 1);
            return new UUID(
                            (high & ~UUID_VERSION_MASK) | UUID_VERSION_4,
                            (low & ~UUID_VARIANT_MASK) | UUID_VARIANT)
                    .toString();
        }
    }

    @Override
    public String bootId() {
        return bootId;
    }

    @Override
    public CheckpointControl checkpoints() {
        return checkpoints;
    }

    @Override
    public int maxTasks() {
        return kernel.processes().limit();
    }

    @Override
    public long openFiles() {
        return processes.all().stream()
                .mapToLong(process -> process.leader().descriptors().size())
                .sum();
    }

    @Override
    public long oomKills() {
        return kernel.oomKiller().kills();
    }
}

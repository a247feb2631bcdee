package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/** The root of /proc: files about the sandbox, and a directory for each process. */
final class ProcessListDirectory extends Directory {
    private final ProcFs fileSystem;
    private final Processes processes;
    private final FixedDirectory fixed;
    private final ConcurrentMap<Integer, ProcessDirectory> directories = new ConcurrentHashMap<>();

    ProcessListDirectory(ProcFs fileSystem, SystemView system) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.processes = system.processes();
        SystemTexts texts = new SystemTexts(system);
        Map<PathName, Inode> files = new LinkedHashMap<>();
        add(files, "cpuinfo", texts::cpuinfo);
        add(files, "filesystems", texts::filesystems);
        add(files, "loadavg", texts::loadavg);
        add(files, "meminfo", texts::meminfo);
        add(files, "stat", texts::stat);
        add(files, "uptime", texts::uptime);
        add(files, "version", texts::version);
        files.put(PathName.of("mounts"), link("self/mounts"));
        files.put(
                PathName.of("self"),
                ProcLink.ofText(
                        fileSystem, caller -> PathName.of(String.valueOf(caller.processId()))));
        files.put(
                PathName.of("thread-self"),
                ProcLink.ofText(
                        fileSystem,
                        caller -> PathName.of(caller.processId() + "/task/" + caller.threadId())));
        files.put(PathName.of("sys"), sysDirectory(texts));
        fixed = new FixedDirectory(fileSystem, ProcNode.ROOT_DIRECTORY, files);
    }

    private ProcLink link(String target) {
        return ProcLink.ofText(fileSystem, caller -> PathName.of(target));
    }

    private FixedDirectory sysDirectory(SystemTexts texts) {
        Map<PathName, Inode> random = new LinkedHashMap<>();
        add(random, "boot_id", texts::bootId);
        add(random, "uuid", texts::uuid);
        Map<PathName, Inode> kernel = new LinkedHashMap<>();
        add(kernel, "hostname", texts::hostName);
        add(kernel, "osrelease", texts::release);
        add(kernel, "ostype", () -> "Linux\n");
        add(kernel, "version", texts::kernelVersion);
        add(kernel, "pid_max", () -> "32768\n");
        add(kernel, "ngroups_max", () -> "65536\n");
        add(kernel, "cap_last_cap", () -> "40\n");
        add(kernel, "randomize_va_space", () -> "2\n");
        kernel.put(PathName.of("random"), directory(random));
        Map<PathName, Inode> vm = new LinkedHashMap<>();
        add(vm, "overcommit_memory", () -> "0\n");
        add(vm, "max_map_count", () -> "65530\n");
        add(vm, "mmap_min_addr", () -> "65536\n");
        Map<PathName, Inode> fs = new LinkedHashMap<>();
        add(fs, "nr_open", () -> "1048576\n");
        add(fs, "file-max", () -> "9223372036854775807\n");
        return directory(
                Map.of(
                        PathName.of("kernel"),
                        directory(kernel),
                        PathName.of("vm"),
                        directory(vm),
                        PathName.of("fs"),
                        directory(fs)));
    }

    private FixedDirectory directory(Map<PathName, Inode> files) {
        return new FixedDirectory(fileSystem, ProcNode.ROOT_DIRECTORY, files);
    }

    private void add(Map<PathName, Inode> files, String name, Supplier<String> text) {
        files.put(
                PathName.of(name),
                new TextFile(
                        fileSystem,
                        ProcNode.ROOT_FILE,
                        () -> text.get().getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        Optional<Inode> found = fixed.lookup(name);
        return found.isPresent() ? found : processDirectory(name).map(directory -> directory);
    }

    private Optional<ProcessDirectory> processDirectory(PathName name) {
        return Numbers.parse(name)
                .flatMap(processes::find)
                .map(process ->
                        directories.compute(
                                process.pid(),
                                (pid, known) ->
                                        known != null && known.shows(process)
                                                ? known
                                                : new ProcessDirectory(fileSystem, process)));
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        if (!(inode instanceof ProcessDirectory directory)) {
            return true;
        }
        boolean lives = processes.find(directory.pid()).filter(directory::shows).isPresent();
        if (!lives) {
            directories.remove(directory.pid(), directory);
        }
        return lives;
    }

    @Override
    public List<DirectoryEntry> entries() {
        List<DirectoryEntry> entries = new ArrayList<>(fixed.entries());
        for (ProcessView process : processes.all()) {
            PathName name = PathName.of(String.valueOf(process.pid()));
            processDirectory(name)
                    .ifPresent(directory ->
                            entries.add(
                                    new DirectoryEntry(
                                            name, directory.number(), FileType.DIRECTORY)));
        }
        return entries;
    }

    @Override
    public FileStat stat() {
        return ProcNode.ROOT_DIRECTORY.stat(
                fileSystem, number(), type(), 3 + processes.all().size());
    }

    @Override
    public Ownership ownership() {
        return ProcNode.ROOT_DIRECTORY.ownership();
    }
}

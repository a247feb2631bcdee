package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.fs.pseudofs.NamedEntries;
import dev.plinth.kernel.fs.pseudofs.PseudoDirectory;
import dev.plinth.kernel.fs.pseudofs.PseudoLink;
import dev.plinth.kernel.fs.pseudofs.PseudoTree;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/** The root of /proc: files about the sandbox, and a directory for each process. */
@NotSaved("made again by its name")
final class ProcessListDirectory extends Directory implements NamedEntries {
    private static final Ownership OWNER = new Ownership(0555, 0, 0);

    private final ProcFs fileSystem;
    private final Supplier<? extends SystemView> system;
    private final PseudoDirectory fixed;
    private final ConcurrentMap<Integer, ProcessDirectory> directories = new ConcurrentHashMap<>();

    ProcessListDirectory(ProcFs fileSystem, Supplier<? extends SystemView> system) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.system = system;
        fixed = PseudoTree.lazily(fileSystem, tree -> fill(tree, system.get()));
    }

    private Processes processes() {
        return system.get().processes();
    }

    private void fill(PseudoTree tree, SystemView system) {
        SystemTexts texts = new SystemTexts(system);
        tree.file("cmdline", () -> "\n")
                .file("cpuinfo", texts::cpuinfo)
                .line("devices", "Character devices:\n  1 mem\n  5 /dev/tty\n\nBlock devices:")
                .file("diskstats", () -> "")
                .file("filesystems", texts::filesystems)
                .file("interrupts", () -> "")
                .file("loadavg", texts::loadavg)
                .file("locks", () -> "")
                .file("meminfo", texts::meminfo)
                .file("misc", () -> "")
                .file("modules", () -> "")
                .line("partitions", "major minor  #blocks  name\n")
                .file("stat", texts::stat)
                .line("swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority")
                .file("uptime", texts::uptime)
                .file("version", texts::version)
                .file("vmstat", texts::vmstat)
                .link("mounts", "self/mounts")
                .link("net", "self/net")
                .add(
                        "self",
                        PseudoLink.ofText(
                                fileSystem,
                                caller -> PathName.of(String.valueOf(caller.processId()))))
                .add(
                        "thread-self",
                        PseudoLink.ofText(
                                fileSystem,
                                caller ->
                                        PathName.of(
                                                caller.processId() + "/task/" + caller.threadId())))
                .add("plinth/checkpoint", new CheckpointInode(fileSystem, system.checkpoints()))
                .add("sys", SystemSettings.directory(fileSystem, system));
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        Optional<Integer> number = Numbers.parse(name);
        // A thread that is not listed has a directory all the same: that of its process.
        return number.isPresent()
                ? number.flatMap(processes()::findByThread)
                        .<Inode>map(this::directory)
                        .or(fileSystem::missing)
                : fixed.lookup(name);
    }

    @Override
    public Optional<Inode> restoreInode(PathName name, boolean gone) {
        Optional<Integer> number = Numbers.parse(name);
        if (number.isEmpty()) {
            return fixed.restoreInode(name, gone);
        }
        return Optional.of(
                gone
                        ? ProcessDirectory.ofLateProcess(fileSystem, late(Optional::empty))
                        : directories.computeIfAbsent(
                                number.get(),
                                tid ->
                                        ProcessDirectory.ofLateProcess(
                                                fileSystem,
                                                late(() -> processes().findByThread(tid)))));
    }

    @Override
    public Map<PathName, Inode> knownInodes() {
        Map<PathName, Inode> known = new HashMap<>(fixed.knownInodes());
        for (ProcessView process : processes().all()) {
            ProcessDirectory directory = directories.get(process.pid());
            if (directory != null && directory.shows(process)) {
                known.put(PathName.of(String.valueOf(process.pid())), directory);
            }
        }
        return known;
    }

    private ProcessView late(Supplier<Optional<ProcessView>> finder) {
        return fileSystem.late(ProcessView.class, finder);
    }

    private ProcessDirectory directory(ProcessView process) {
        return directories.compute(
                process.pid(),
                (pid, known) ->
                        known != null && known.shows(process)
                                ? known
                                : ProcessDirectory.ofProcess(fileSystem, process));
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        if (!(inode instanceof ProcessDirectory directory)) {
            return true;
        }
        boolean lives =
                Numbers.parse(name)
                        .flatMap(processes()::findByThread)
                        .filter(directory::shows)
                        .isPresent();
        // By itself: of a process that was gone when it was saved nobody knows the number.
        if (!lives && !directory.isThere()) {
            directories.values().remove(directory);
        }
        return lives;
    }

    @Override
    public List<DirectoryEntry> entries() {
        List<DirectoryEntry> entries = new ArrayList<>(fixed.entries());
        for (ProcessView process : processes().all()) {
            entries.add(
                    new DirectoryEntry(
                            PathName.of(String.valueOf(process.pid())),
                            directory(process).number(),
                            FileType.DIRECTORY));
        }
        return entries;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        throw NamedEntries.madeByName(this);
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, fixed.links() + processes().all().size());
    }

    @Override
    public Ownership ownership() {
        return OWNER;
    }
}

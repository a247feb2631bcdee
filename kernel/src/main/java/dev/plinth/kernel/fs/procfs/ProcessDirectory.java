package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.NamedEntries;
import dev.plinth.kernel.fs.pseudofs.PseudoContent;
import dev.plinth.kernel.fs.pseudofs.PseudoDirectory;
import dev.plinth.kernel.fs.pseudofs.PseudoFile;
import dev.plinth.kernel.fs.pseudofs.PseudoLink;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.PathName;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** The directory of a process, or of one of its threads. */
@NotSaved("made again by its name")
final class ProcessDirectory extends Directory implements NamedEntries {
    private static final int READABLE = 0444;
    private static final int WRITABLE = 0644;
    private static final int PRIVATE = 0400;
    private static final int LINK = 0777;

    private final ProcFs fileSystem;
    private final ProcessView process;
    private final ThreadView thread;
    private final boolean wholeProcess;
    private final PseudoDirectory files;

    private ProcessDirectory(
            ProcFs fileSystem, ProcessView process, ThreadView thread, boolean wholeProcess) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.process = process;
        this.thread = thread;
        this.wholeProcess = wholeProcess;
        files = new PseudoDirectory(fileSystem, this::ownership, this::files);
    }

    private Map<PathName, Inode> files() {
        Map<PathName, Inode> map = new LinkedHashMap<>();
        addTexts(map, new ProcessTexts(process, thread, wholeProcess));
        addMemory(map);
        MountTexts mounts = new MountTexts(process, thread);
        add(map, "mountinfo", READABLE, PseudoContent.text(mounts::mountinfo));
        add(map, "mounts", READABLE, PseudoContent.text(mounts::mounts));
        addLink(map, "cwd", ThreadView::workingDirectory);
        addLink(map, "exe", view -> process.executable());
        addLink(map, "root", ThreadView::root);
        map.put(PathName.of("fd"), DescriptorDirectory.ofLinks(this, fileSystem, process, thread));
        map.put(
                PathName.of("fdinfo"),
                DescriptorDirectory.ofInformation(this, fileSystem, process, thread));
        map.put(PathName.of("net"), NetworkTexts.directory(fileSystem));
        if (wholeProcess) {
            add(map, "mountstats", PRIVATE, PseudoContent.text(mounts::mountstats));
            map.put(
                    PathName.of("task"),
                    new ThreadListDirectory(fileSystem, process, this::ownership));
        }
        return map;
    }

    /** The directory of a process that need not be there yet, after a restore. */
    static ProcessDirectory ofLateProcess(ProcFs fileSystem, ProcessView process) {
        ThreadView leader =
                fileSystem.late(
                        ThreadView.class,
                        () -> process.isThere() ? Optional.of(process.leader()) : Optional.empty());
        return new ProcessDirectory(fileSystem, process, leader, true);
    }

    /** The directory of a process, with one for each of its threads in {@code task}. */
    static ProcessDirectory ofProcess(ProcFs fileSystem, ProcessView process) {
        return new ProcessDirectory(fileSystem, process, process.leader(), true);
    }

    /** The directory of a thread in {@code task}. */
    static ProcessDirectory ofThread(ProcFs fileSystem, ProcessView process, ThreadView thread) {
        return new ProcessDirectory(fileSystem, process, thread, false);
    }

    private void addTexts(Map<PathName, Inode> map, ProcessTexts texts) {
        add(map, "cgroup", READABLE, PseudoContent.text(() -> "0::/\n"));
        add(map, "comm", WRITABLE, new ThreadName(process, thread));
        addPrivate(map, "io", PRIVATE, texts::io);
        add(map, "limits", READABLE, PseudoContent.text(texts::limits));
        add(map, "loginuid", WRITABLE, PseudoContent.text(() -> "4294967295"));
        add(map, "oom_adj", WRITABLE, new OomAdjustment(process, true));
        add(map, "oom_score", READABLE, PseudoContent.text(() -> process.oomScore() + "\n"));
        add(map, "oom_score_adj", WRITABLE, new OomAdjustment(process, false));
        addPrivate(map, "personality", PRIVATE, texts::personality);
        add(map, "schedstat", READABLE, PseudoContent.text(texts::schedstat));
        add(map, "sessionid", READABLE, PseudoContent.text(() -> "4294967295"));
        add(map, "setgroups", WRITABLE, PseudoContent.text(() -> "allow\n"));
        add(map, "stat", READABLE, PseudoContent.text(texts::stat));
        add(map, "statm", READABLE, PseudoContent.text(texts::statm));
        add(map, "status", READABLE, PseudoContent.text(texts::status));
        addPrivate(map, "stack", PRIVATE, () -> "");
        addPrivate(map, "syscall", PRIVATE, () -> "running\n");
        add(map, "timerslack_ns", 0666, PseudoContent.text(texts::timerSlack));
        add(map, "uid_map", WRITABLE, PseudoContent.text(ProcessTexts::idMap));
        add(map, "gid_map", WRITABLE, PseudoContent.text(ProcessTexts::idMap));
        add(map, "wchan", READABLE, PseudoContent.text(() -> "0"));
    }

    private void addMemory(Map<PathName, Inode> map) {
        MemoryTexts texts = new MemoryTexts(process);
        add(map, "cmdline", READABLE, process::commandLine);
        add(map, "auxv", PRIVATE, inspected(process::auxiliaryVector));
        add(map, "environ", PRIVATE, inspected(process::environment));
        addPrivate(map, "maps", READABLE, texts::maps);
        addPrivate(map, "smaps", READABLE, texts::smaps);
        addPrivate(map, "smaps_rollup", READABLE, texts::rollup);
        map.put(
                PathName.of("mem"),
                new MemoryInode(
                        fileSystem,
                        process,
                        thread,
                        () -> ProcessAccess.owner(process, thread, 0600)));
    }

    private void add(Map<PathName, Inode> map, String name, int permissions, PseudoContent text) {
        map.put(
                PathName.of(name),
                new PseudoFile(
                        fileSystem,
                        () -> ProcessAccess.owner(process, thread, permissions),
                        new WhileThere(this, text)));
    }

    /** A file for those only who may look into the process. */
    private void addPrivate(
            Map<PathName, Inode> map, String name, int permissions, Supplier<String> text) {
        add(map, name, permissions, inspected(PseudoContent.text(text)));
    }

    private PseudoContent inspected(PseudoContent content) {
        return new PseudoContent() {
            @Override
            public byte[] read() {
                return content.read();
            }

            @Override
            public void checkOpen(Caller caller, boolean forWriting) {
                ProcessAccess.requireInspect(caller, process, thread);
            }
        };
    }

    private void addLink(
            Map<PathName, Inode> map, String name, Function<ThreadView, Location> target) {
        map.put(
                PathName.of(name),
                PseudoLink.ofPlace(
                        fileSystem,
                        () -> ProcessAccess.owner(process, thread, LINK),
                        caller -> {
                            ProcessAccess.requireInspect(caller, process, thread);
                            return target.apply(thread);
                        }));
    }

    /** Whether it lives, or has ended and nobody has waited for it. */
    boolean isThere() {
        return process.isThere() && (wholeProcess || process.threads().contains(thread));
    }

    /** Whether this is the directory of that very process, and not of one with the same number. */
    boolean shows(ProcessView other) {
        return process.equals(other);
    }

    /** Whether this is the directory of that very thread. */
    boolean shows(ThreadView other) {
        return thread.equals(other);
    }

    @Override
    public Optional<Inode> restoreInode(PathName name, boolean gone) {
        return files.restoreInode(name, gone);
    }

    @Override
    public Map<PathName, Inode> knownInodes() {
        return files.knownInodes();
    }

    /** As Linux, where the directory of a process is closed once that is gone. */
    @Override
    public Optional<Inode> lookup(PathName name) {
        if (!isThere()) {
            throw ErrnoException.of(wholeProcess ? Errno.ESRCH : Errno.ENOENT);
        }
        return files.lookup(name);
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        return isThere();
    }

    @Override
    public List<DirectoryEntry> entries() {
        requireThere();
        return files.entries();
    }

    /** For what lists: ENOENT if there is nothing any more. */
    void requireThere() {
        if (!isThere()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        throw NamedEntries.madeByName(this);
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, files.links());
    }

    @Override
    public Ownership ownership() {
        return ProcessAccess.publicOwner(process, thread, 0555);
    }

    /** A content that is gone with its process: ESRCH. */
    private record WhileThere(ProcessDirectory directory, PseudoContent content)
            implements PseudoContent {
        @Override
        public byte[] read() {
            requireThere();
            return content.read();
        }

        @Override
        public void checkOpen(Caller caller, boolean forWriting) {
            content.checkOpen(caller, forWriting);
        }

        @Override
        public void write(byte[] text, Caller writer) {
            requireThere();
            content.write(text, writer);
        }

        private void requireThere() {
            if (!directory.isThere()) {
                throw ErrnoException.of(Errno.ESRCH);
            }
        }
    }
}

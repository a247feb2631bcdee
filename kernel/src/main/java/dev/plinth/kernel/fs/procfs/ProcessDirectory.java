package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The directory of a process, or of one of its threads. */
final class ProcessDirectory extends Directory {
    private final ProcFs fileSystem;
    private final ProcessView process;
    private final FixedDirectory files;
    private final ProcNode node;

    /** The directory of a process, with one for each of its threads in {@code task}. */
    ProcessDirectory(ProcFs fileSystem, ProcessView process) {
        this(fileSystem, process, process.pid(), true);
    }

    /** The directory of a thread. */
    ProcessDirectory(ProcFs fileSystem, ProcessView process, int tid) {
        this(fileSystem, process, tid, false);
    }

    private ProcessDirectory(ProcFs fileSystem, ProcessView process, int tid, boolean withThreads) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.process = process;
        Credentials credentials = process.credentials();
        int uid = credentials.uids().effective();
        int gid = credentials.gids().effective();
        node = new ProcNode(0555, uid, gid);
        ProcNode readable = new ProcNode(0444, uid, gid);
        ProcNode own = new ProcNode(0400, uid, gid);
        ProcNode link = new ProcNode(0777, uid, gid);
        ProcessTexts texts = new ProcessTexts(process, tid);
        MountTexts mounts = new MountTexts(process);
        Map<PathName, Inode> map = new LinkedHashMap<>();
        addBytes(map, "auxv", own, process::auxiliaryVector);
        addBytes(map, "cmdline", readable, process::commandLine);
        addBytes(map, "environ", own, process::environment);
        addBytes(map, "comm", new ProcNode(0644, uid, gid), texts::comm);
        add(map, "cgroup", readable, () -> "0::/\n");
        add(map, "limits", readable, texts::limits);
        add(map, "maps", readable, texts::maps);
        add(map, "mountinfo", readable, mounts::mountinfo);
        add(map, "mounts", readable, mounts::mounts);
        add(map, "oom_score", readable, () -> "0\n");
        add(map, "oom_score_adj", new ProcNode(0644, uid, gid), () -> "0\n");
        add(map, "stat", readable, texts::stat);
        add(map, "statm", readable, texts::statm);
        add(map, "status", readable, texts::status);
        map.put(PathName.of("cwd"), ProcLink.ofPlace(fileSystem, link, process::workingDirectory));
        map.put(PathName.of("exe"), ProcLink.ofPlace(fileSystem, link, process::executable));
        map.put(PathName.of("root"), ProcLink.ofPlace(fileSystem, link, process::root));
        map.put(PathName.of("fd"), DescriptorDirectory.ofLinks(fileSystem, process));
        map.put(PathName.of("fdinfo"), DescriptorDirectory.ofInformation(fileSystem, process));
        if (withThreads) {
            map.put(PathName.of("task"), new ThreadListDirectory(fileSystem, process));
        }
        files = new FixedDirectory(fileSystem, node, map);
    }

    private void add(Map<PathName, Inode> map, String name, ProcNode owner, Supplier<String> text) {
        addBytes(map, name, owner, () -> text.get().getBytes(StandardCharsets.ISO_8859_1));
    }

    private void addBytes(
            Map<PathName, Inode> map, String name, ProcNode owner, Supplier<byte[]> text) {
        map.put(PathName.of(name), new TextFile(fileSystem, owner, text));
    }

    int pid() {
        return process.pid();
    }

    /** Whether this is the directory of that very process, and not of one with the same number. */
    boolean shows(ProcessView other) {
        return process.equals(other);
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        return files.lookup(name);
    }

    @Override
    public List<DirectoryEntry> entries() {
        return files.entries();
    }

    @Override
    public FileStat stat() {
        return node.stat(fileSystem, number(), type(), files.stat().links());
    }

    @Override
    public Ownership ownership() {
        return node.ownership();
    }
}

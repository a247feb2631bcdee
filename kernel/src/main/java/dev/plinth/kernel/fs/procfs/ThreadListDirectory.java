package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** /proc/[pid]/task: a directory for each thread of a process. */
final class ThreadListDirectory extends Directory {
    private final ProcFs fileSystem;
    private final ProcessView process;
    private final ProcNode node;
    private final ConcurrentMap<Integer, ProcessDirectory> directories = new ConcurrentHashMap<>();

    ThreadListDirectory(ProcFs fileSystem, ProcessView process) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.process = process;
        this.node =
                new ProcNode(
                        0555,
                        process.credentials().uids().effective(),
                        process.credentials().gids().effective());
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        return Numbers.parse(name).filter(process.threads()::contains).map(this::directory);
    }

    private ProcessDirectory directory(int tid) {
        return directories.computeIfAbsent(
                tid, number -> new ProcessDirectory(fileSystem, process, number));
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        boolean lives = Numbers.parse(name).filter(process.threads()::contains).isPresent();
        if (!lives) {
            Numbers.parse(name).ifPresent(directories::remove);
        }
        return lives;
    }

    @Override
    public List<DirectoryEntry> entries() {
        return process.threads().stream()
                .map(tid ->
                        new DirectoryEntry(
                                PathName.of(String.valueOf(tid)),
                                directory(tid).number(),
                                FileType.DIRECTORY))
                .toList();
    }

    @Override
    public FileStat stat() {
        return node.stat(fileSystem, number(), type(), 2 + process.threads().size());
    }

    @Override
    public Ownership ownership() {
        return node.ownership();
    }
}

package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.NamedEntries;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;

/** /proc/[pid]/task: a directory for each thread of a process. */
@NotSaved("made again by its name")
final class ThreadListDirectory extends Directory implements NamedEntries {
    private final ProcFs fileSystem;
    private final ProcessView process;
    private final Supplier<Ownership> owner;
    private final ConcurrentMap<Integer, ProcessDirectory> directories = new ConcurrentHashMap<>();

    ThreadListDirectory(ProcFs fileSystem, ProcessView process, Supplier<Ownership> owner) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.process = process;
        this.owner = owner;
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        if (!process.isThere()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        return Numbers.parse(name)
                .flatMap(process::thread)
                .<Inode>map(this::directory)
                .or(fileSystem::missing);
    }

    @Override
    public Optional<Inode> restoreInode(PathName name, boolean gone) {
        return Numbers.parse(name)
                .map(tid ->
                        gone
                                ? late(Optional::empty)
                                : directories.computeIfAbsent(
                                        tid, number -> late(() -> process.thread(number))));
    }

    @Override
    public Map<PathName, Inode> knownInodes() {
        Map<PathName, Inode> known = new HashMap<>();
        for (ThreadView thread : process.threads()) {
            ProcessDirectory directory = directories.get(thread.tid());
            if (directory != null && directory.shows(thread)) {
                known.put(PathName.of(String.valueOf(thread.tid())), directory);
            }
        }
        return known;
    }

    private ProcessDirectory late(Supplier<Optional<ThreadView>> finder) {
        return ProcessDirectory.ofThread(
                fileSystem, process, fileSystem.late(ThreadView.class, finder));
    }

    private ProcessDirectory directory(ThreadView thread) {
        return directories.compute(
                thread.tid(),
                (tid, known) ->
                        known != null && known.shows(thread)
                                ? known
                                : ProcessDirectory.ofThread(fileSystem, process, thread));
    }

    @Override
    public boolean namesStill(PathName name, Inode inode) {
        ProcessDirectory directory = (ProcessDirectory) inode;
        boolean lives =
                Numbers.parse(name).flatMap(process::thread).filter(directory::shows).isPresent();
        if (!lives) {
            directories.values().remove(directory);
        }
        return lives;
    }

    @Override
    public List<DirectoryEntry> entries() {
        if (!process.isThere()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return process.threads().stream()
                .map(thread ->
                        new DirectoryEntry(
                                PathName.of(String.valueOf(thread.tid())),
                                directory(thread).number(),
                                FileType.DIRECTORY))
                .toList();
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        throw NamedEntries.madeByName(this);
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, 2 + process.threads().size());
    }

    @Override
    public Ownership ownership() {
        return owner.get();
    }
}

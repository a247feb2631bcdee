package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A directory whose names never change. */
final class FixedDirectory extends Directory {
    private final ProcFs fileSystem;
    private final ProcNode node;
    private final Map<PathName, Inode> files;

    FixedDirectory(ProcFs fileSystem, ProcNode node, Map<PathName, Inode> files) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.node = node;
        this.files = Map.copyOf(files);
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        return Optional.ofNullable(files.get(name));
    }

    @Override
    public List<DirectoryEntry> entries() {
        return files.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(file ->
                        new DirectoryEntry(
                                file.getKey(), file.getValue().number(), file.getValue().type()))
                .toList();
    }

    @Override
    public FileStat stat() {
        long directories =
                files.values().stream().filter(file -> file.type() == FileType.DIRECTORY).count();
        return node.stat(fileSystem, number(), type(), 2 + (int) directories);
    }

    @Override
    public Ownership ownership() {
        return node.ownership();
    }
}

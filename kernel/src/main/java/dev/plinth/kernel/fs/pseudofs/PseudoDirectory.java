package dev.plinth.kernel.fs.pseudofs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** A directory whose names never change. */
@NotSaved("made again by its name")
public final class PseudoDirectory extends Directory implements NamedEntries {
    private final PseudoFs fileSystem;
    private final Supplier<Ownership> owner;
    private final Supplier<Map<PathName, Inode>> maker;

    private final Object filesLock = new Object();

    /** Empty until somebody looks. */
    @GuardedBy("filesLock")
    private Optional<Map<PathName, Inode>> files = Optional.empty();

    /**
     * A directory.
     *
     * @param owner whose it is
     * @param maker makes what is in it, once, when somebody looks
     */
    public PseudoDirectory(
            PseudoFs fileSystem, Supplier<Ownership> owner, Supplier<Map<PathName, Inode>> maker) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.owner = requireNonNull(owner, "owner is null");
        this.maker = requireNonNull(maker, "maker is null");
    }

    private Map<PathName, Inode> files() {
        synchronized (filesLock) {
            if (files.isEmpty()) {
                files = Optional.of(Map.copyOf(maker.get()));
            }
            return files.get();
        }
    }

    @Override
    public Optional<Inode> restoreInode(PathName name, boolean gone) {
        return Optional.ofNullable(files().get(name));
    }

    @Override
    public Map<PathName, Inode> knownInodes() {
        synchronized (filesLock) {
            return files.orElse(Map.of());
        }
    }

    @Override
    public Optional<Inode> lookup(PathName name) {
        Optional<Inode> found = Optional.ofNullable(files().get(name));
        return found.isPresent() ? found : fileSystem.missing();
    }

    @Override
    public List<DirectoryEntry> entries() {
        return files().entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .map(file ->
                        new DirectoryEntry(
                                file.getKey(), file.getValue().number(), file.getValue().type()))
                .toList();
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        throw NamedEntries.madeByName(this);
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, links());
    }

    /** How many names the directory has: its own, its dot, and those in its directories. */
    public int links() {
        long directories =
                files().values().stream().filter(file -> file.type() == FileType.DIRECTORY).count();
        return 2 + (int) directories;
    }

    @Override
    public Ownership ownership() {
        return owner.get();
    }
}

package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorer;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.TmpFsState;
import dev.plinth.kernel.state.proto.TmpfsDirectoryState;
import dev.plinth.kernel.state.proto.TmpfsEntriesState;
import dev.plinth.kernel.state.proto.TmpfsEntryState;
import dev.plinth.kernel.state.proto.TmpfsInodeState;
import dev.plinth.kernel.state.proto.TmpfsNodeState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fs;

import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Makes file systems in memory again that were saved.
 *
 * <p>Files are made in any order, and put into their directories when all are there; then links are
 * counted. Confined to the thread that restores.
 */
@NotSaved("lives as long as a restore")
final class RestoredTmpfs {
    /** An overlay has a file live on with one link more than it has names. */
    private static final int NAMELESS_LINKS_MAX = 1;

    private final MemoryFile memory;
    private final Clock clock;
    private final Consumer<FileSystem> owner;

    /** The object that is the root of a file system. */
    private final IdentityHashMap<TmpFs, Integer> roots = new IdentityHashMap<>();

    /** How many names an inode has, of those that have one. */
    private final IdentityHashMap<TmpfsInode, Integer> names = new IdentityHashMap<>();

    /** The directory that a directory is in. */
    private final IdentityHashMap<TmpfsInode, TmpfsDirectory> parents = new IdentityHashMap<>();

    /** Directories that are known to lie in no circle. */
    private final Set<TmpfsInode> inPlace = new HashSet<>();

    RestoredTmpfs(MemoryFile memory, Clock clock, Consumer<FileSystem> owner) {
        this.memory = requireNonNull(memory, "memory is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.owner = requireNonNull(owner, "owner is null");
    }

    void addTo(Restorers restorers) {
        restorers.add(KindCase.TMP_FS, this::fileSystem);
        restorers.add(KindCase.TMPFS_DIRECTORY, refusing(this::directory));
        restorers.add(KindCase.TMPFS_FILE, refusing(this::file));
        restorers.add(KindCase.TMPFS_SYMLINK, refusing(this::symlink));
        restorers.add(KindCase.TMPFS_NODE, refusing(this::node));
        restorers.add(KindCase.TMPFS_DESCRIPTION, TmpfsDescription::restore);
    }

    /** What a guest would be refused was not saved: too many inodes, too long attributes. */
    private static Restorer refusing(Restorer restorer) {
        return (object, reader) -> {
            try {
                return restorer.restore(object, reader);
            } catch (ErrnoException e) {
                throw StateReader.corrupt("a file of a tmpfs cannot be: " + e.errno());
            }
        };
    }

    private TmpFs fileSystem(ObjectState object, StateReader reader) {
        TmpFsState state = object.getTmpFs();
        if (state.getLimitBytes() < 0) {
            throw StateReader.corrupt("a tmpfs has a limit that there is not");
        }
        ObjectState root = reader.state(state.getRootRef());
        InodeNumbers numbers = InodeNumbers.of(reader);
        TmpFs fileSystem =
                new TmpFs(
                        state.getType(),
                        numbers.requireGivenDevice(state.getDevice()),
                        numbers,
                        memory,
                        clock,
                        Math.min(state.getLimitBytes(), memory.statistics().limitBytes()),
                        node(root.getTmpfsDirectory().getInode(), reader));
        owner.accept(fileSystem);
        roots.put(fileSystem, state.getRootRef());
        fill(fileSystem.rootDirectory(), root.getTmpfsDirectory(), reader);
        return fileSystem;
    }

    private static NewNode node(TmpfsInodeState state, StateReader reader) {
        long number = InodeNumbers.of(reader).requireGiven(state.getNumber());
        return new NewNode(
                state.getPermissions(), state.getUid(), state.getGid(), OptionalLong.of(number));
    }

    private static TmpFs fileSystemOf(TmpfsInodeState state, StateReader reader) {
        return reader.get(state.getFileSystemRef(), TmpFs.class);
    }

    private TmpfsDirectory directory(ObjectState object, StateReader reader) {
        TmpfsDirectoryState state = object.getTmpfsDirectory();
        TmpFs fileSystem = fileSystemOf(state.getInode(), reader);
        if (roots.get(fileSystem) == object.getNumber()) {
            return fileSystem.rootDirectory();
        }
        TmpfsDirectory directory = new TmpfsDirectory(fileSystem, node(state.getInode(), reader));
        fill(directory, state, reader);
        return directory;
    }

    private void fill(TmpfsDirectory directory, TmpfsDirectoryState state, StateReader reader) {
        directory.attributes().restore(state.getInode());
        forgetIfGone(directory);
        reader.later(() -> addEntries(directory, state, reader));
        reader.inTheEnd(() -> requireLinks(directory));
    }

    /** Those that are no regular files do not count any more once they have no name. */
    private static void forgetIfGone(TmpfsInode inode) {
        if (inode.attributes().links() == 0) {
            ((TmpFs) inode.inode().fileSystem()).forgetInode();
        }
    }

    private void addEntries(
            TmpfsDirectory directory, TmpfsDirectoryState state, StateReader reader) {
        for (int reference : state.getEntriesRefsList()) {
            addEntries(directory, reader.state(reference).getTmpfsEntries(), reader);
        }
    }

    private void addEntries(TmpfsDirectory directory, TmpfsEntriesState state, StateReader reader) {
        for (TmpfsEntryState entry : state.getEntriesList()) {
            PathName name = PathName.of(entry.getName().toByteArray());
            TmpfsInode child = reader.get(entry.getInodeRef(), TmpfsInode.class);
            boolean fits =
                    name.isName()
                            && child.inode().fileSystem().equals(directory.fileSystem())
                            && directory.restoreEntry(name, child);
            if (!fits || (child instanceof TmpfsDirectory && !setParent(child, directory))) {
                throw StateReader.corrupt("the name '" + name + "' is out of place");
            }
            names.merge(child, 1, Integer::sum);
        }
    }

    private boolean setParent(TmpfsInode child, TmpfsDirectory parent) {
        boolean isRoot = child.equals(((TmpFs) parent.fileSystem()).rootDirectory());
        return !isRoot && parents.put(child, parent) == null;
    }

    /** A directory has as many links as say so, and lies in no circle. */
    private void requireLinks(TmpfsDirectory directory) {
        boolean isRoot = directory.equals(((TmpFs) directory.fileSystem()).rootDirectory());
        long below = directory.children().stream().filter(TmpfsDirectory.class::isInstance).count();
        long expected = isRoot || parents.containsKey(directory) ? 2 + below : 0;
        if (directory.attributes().links() != expected || isInCircle(directory)) {
            throw StateReader.corrupt("directory %d is out of place".formatted(directory.number()));
        }
    }

    /** Goes up from a directory; those on the way need not be looked at again. */
    private boolean isInCircle(TmpfsDirectory directory) {
        Set<TmpfsInode> above = new HashSet<>();
        TmpfsInode at = directory;
        while (at != null && !inPlace.contains(at)) {
            if (!above.add(at)) {
                return true;
            }
            at = parents.get(at);
        }
        inPlace.addAll(above);
        return false;
    }

    private TmpfsFile file(ObjectState object, StateReader reader) {
        TmpfsInodeState state = object.getTmpfsFile().getInode();
        TmpfsFile file =
                new TmpfsFile(fileSystemOf(state, reader), node(state, reader), state.getLinks());
        file.attributes().restore(state);
        file.restore(object.getTmpfsFile(), reader);
        reader.inTheEnd(() -> requireNames(file));
        return file;
    }

    private void requireNames(TmpfsInode inode) {
        int extra = inode.attributes().links() - names.getOrDefault(inode, 0);
        if (extra < 0 || extra > NAMELESS_LINKS_MAX) {
            throw StateReader.corrupt(
                    "file %d has other links than it says".formatted(inode.inode().number()));
        }
    }

    private TmpfsSymlink symlink(ObjectState object, StateReader reader) {
        TmpfsInodeState state = object.getTmpfsSymlink().getInode();
        PathName target = PathName.of(object.getTmpfsSymlink().getTarget().toByteArray());
        if (target.isEmpty() || target.length() >= Fs.PATH_MAX) {
            throw StateReader.corrupt("a symbolic link leads nowhere");
        }
        TmpfsSymlink link =
                new TmpfsSymlink(fileSystemOf(state, reader), target, node(state, reader));
        restoreOther(link, state, reader);
        return link;
    }

    private void restoreOther(TmpfsInode inode, TmpfsInodeState state, StateReader reader) {
        inode.attributes().restore(state);
        forgetIfGone(inode);
        reader.inTheEnd(() -> requireNames(inode));
    }

    private TmpfsNode node(ObjectState object, StateReader reader) {
        TmpfsNodeState state = object.getTmpfsNode();
        FileType type =
                FileType.ofMode(state.getType())
                        .filter(known ->
                                known.isDevice()
                                        || known == FileType.FIFO
                                        || known == FileType.SOCKET)
                        .orElseThrow(() -> StateReader.corrupt("a file has no type"));
        TmpfsNode node =
                new TmpfsNode(
                        fileSystemOf(state.getInode(), reader),
                        type,
                        DeviceNumber.decode(state.getDeviceId()),
                        node(state.getInode(), reader));
        restoreOther(node, state.getInode(), reader);
        return node;
    }
}

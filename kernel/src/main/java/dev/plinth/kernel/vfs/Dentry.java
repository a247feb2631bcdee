package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.TopDown;
import dev.plinth.kernel.state.proto.DentryState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A name in a directory and the file it stands for: what the directory tree is made of.
 *
 * <p>There is at most one dentry for each name while anyone holds it, so that mounts, working
 * directories and open files agree on the tree. A directory knows its children weakly; a child
 * holds its parent. There are no negative dentries: for most file systems a failed lookup is as
 * cheap as finding one would be.
 */
public final class Dentry implements Stateful {
    /** Children that were collected, whose names are to be forgotten. */
    private static final ReferenceQueue<Dentry> COLLECTED = new ReferenceQueue<>();

    private final Inode inode;

    /** Parent and name change together, under the file system's tree lock. */
    private volatile Place place;

    private volatile boolean deleted;

    /** How many mounts cover it, through whichever mount they were made. */
    @NotSaved("counted when mounts are made again")
    private final AtomicInteger mounts = new AtomicInteger();

    /** The children someone holds; written under the file system's tree lock. */
    private final ConcurrentMap<PathName, ChildReference> children = new ConcurrentHashMap<>(2);

    private record Place(Optional<Dentry> parent, PathName name) {}

    private Dentry(Inode inode, Optional<Dentry> parent, PathName name) {
        this.inode = requireNonNull(inode, "inode is null");
        this.place = new Place(parent, name);
    }

    /** Makes dentries again that were saved: one for each restore. */
    static void restoring(Restorers restorers) {
        TopDown parents = new TopDown(object -> object.getDentry().getParentRef());
        restorers.add(
                KindCase.DENTRY,
                (object, reader) -> {
                    parents.makeAbove(object, reader, Dentry.class);
                    return restore(object.getDentry(), reader);
                });
    }

    private static Dentry restore(DentryState state, StateReader reader) {
        Optional<Dentry> parent = reader.find(state.getParentRef(), Dentry.class);
        PathName name = PathName.of(state.getName().toByteArray());
        Dentry dentry = new Dentry(inode(state, parent, name, reader), parent, name);
        dentry.deleted = state.getDeleted();
        if (parent.isPresent()) {
            dentry.restoreIn(parent.get());
        } else if (name.length() > Fs.PATH_MAX) {
            throw StateReader.corrupt("a name is too long");
        }
        return dentry;
    }

    private void restoreIn(Dentry parent) {
        PathName name = name();
        boolean inPlace =
                name.isName()
                        && parent.isDirectory()
                        && parent.inode.fileSystem().equals(inode.fileSystem());
        ChildReference reference = new ChildReference(this, parent.children, name);
        if (!inPlace || (!deleted && parent.children.putIfAbsent(name, reference) != null)) {
            throw StateReader.corrupt("the name '" + name + "' is out of place");
        }
    }

    private static Inode inode(
            DentryState state, Optional<Dentry> parent, PathName name, StateReader reader) {
        if (state.getInodeRef() != 0) {
            return reader.get(state.getInodeRef(), Inode.class);
        }
        FileSystem fileSystem =
                parent.map(directory -> directory.inode.fileSystem())
                        .orElseGet(() -> reader.get(state.getFileSystemRef(), FileSystem.class));
        if (!(fileSystem instanceof NamedInodes inodes)) {
            throw StateReader.corrupt("the file '" + name + "' is missing");
        }
        Inode inode =
                parent.isEmpty()
                        ? fileSystem.root()
                        : inodes.restoreInode(parent.get().inode, name, state.getGone());
        NamedInodes.restoreNumber(inode, state.getNumber(), reader);
        return inode;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        Place here = place;
        boolean inPlace =
                here.parent.isEmpty()
                        || here.parent.get().knownChild(here.name).filter(this::equals).isPresent();
        DentryState.Builder state =
                DentryState.newBuilder()
                        .setParentRef(writer.reference(here.parent))
                        .setName(ByteString.copyFrom(here.name.toBytes()))
                        .setDeleted(deleted || !inPlace);
        if (inode.fileSystem() instanceof NamedInodes) {
            boolean gone =
                    here.parent
                            .filter(parent ->
                                    !((Directory) parent.inode).namesStill(here.name, inode))
                            .isPresent();
            state.setNumber(inode.number()).setGone(gone);
            if (here.parent.isEmpty()) {
                state.setFileSystemRef(writer.reference(inode.fileSystem()));
            }
        } else {
            state.setInodeRef(writer.reference(inode));
        }
        return ObjectState.newBuilder().setDentry(state);
    }

    /** The root of a file system. */
    static Dentry root(FileSystem fileSystem) {
        return new Dentry(fileSystem.root(), Optional.empty(), PathName.ROOT);
    }

    /**
     * A file that is in no directory, such as a pipe.
     *
     * @param name how /proc/[pid]/fd shows it, such as {@code pipe:[123]}
     */
    public static Dentry anonymous(Inode inode, PathName name) {
        return new Dentry(inode, Optional.empty(), name);
    }

    /**
     * A file that was made in a directory, but without a name there (O_TMPFILE).
     *
     * <p>As on Linux it is shown as if a name made of its number had been removed.
     */
    static Dentry unnamed(Inode inode, Dentry directory) {
        PathName shown = PathName.of("#" + inode.number());
        Dentry dentry = new Dentry(inode, Optional.of(directory), shown);
        dentry.deleted = true;
        return dentry;
    }

    /** The file. */
    public Inode inode() {
        return inode;
    }

    /** The name; that of a root is {@code /}. */
    public PathName name() {
        return place.name;
    }

    /** The directory it is in, or empty for a root. */
    public Optional<Dentry> parent() {
        return place.parent;
    }

    /** Whether the name was removed from its directory. */
    public boolean isDeleted() {
        return deleted;
    }

    /** Whether the file is a directory. */
    public boolean isDirectory() {
        return inode instanceof Directory;
    }

    /** Whether something is mounted on it. */
    boolean isMountPoint() {
        return mounts.get() > 0;
    }

    /** One more mount covers it, or one less. */
    void addMounts(int change) {
        mounts.addAndGet(change);
    }

    /** Whether this is the other one or lies below it. */
    boolean isInside(Dentry other) {
        for (Dentry dentry = this; ; ) {
            if (dentry == other) {
                return true;
            }
            Optional<Dentry> parent = dentry.parent();
            if (parent.isEmpty()) {
                return false;
            }
            dentry = parent.get();
        }
    }

    /** The child of a name, if it is known. */
    Optional<Dentry> knownChild(PathName name) {
        ChildReference reference = children.get(name);
        return reference == null ? Optional.empty() : Optional.ofNullable(reference.get());
    }

    /**
     * The child of a name that stands for an inode: the known one, or a new one.
     *
     * <p>The tree lock is held, so that the name stands for the inode now.
     */
    @SuppressWarnings("ReferenceEquality") // There is one object for each file.
    Dentry childLocked(PathName name, Inode childInode) {
        forgetCollected();
        Dentry fresh = new Dentry(childInode, Optional.of(this), name);
        ChildReference reference = new ChildReference(fresh, children, name);
        while (true) {
            ChildReference known = children.putIfAbsent(name, reference);
            if (known == null) {
                return fresh;
            }
            Dentry dentry = known.get();
            if (dentry != null && dentry.inode.equals(childInode)) {
                return dentry;
            }
            // Collected, or a file that was replaced behind our back, as can happen on the host.
            if (children.remove(name, known) && dentry != null) {
                dentry.deleted = true;
            }
        }
    }

    /** A name that was known is gone without our doing; the tree lock is held. */
    void forgetChildLocked(PathName name) {
        ChildReference reference = children.remove(name);
        Dentry dentry = reference == null ? null : reference.get();
        if (dentry != null) {
            dentry.deleted = true;
        }
    }

    /** The name is gone from its directory; the tree lock is held for writing. */
    void deleteLocked() {
        deleted = true;
        Place old = place;
        old.parent.ifPresent(parent -> parent.children.remove(old.name));
    }

    /** Moves to another place; the tree lock is held for writing. */
    void moveLocked(Dentry newParent, PathName newName) {
        Place old = place;
        old.parent.ifPresent(parent -> parent.children.remove(old.name));
        place = new Place(Optional.of(newParent), newName);
        newParent.children.put(newName, new ChildReference(this, newParent.children, newName));
    }

    /** Changes places with another one; the tree lock is held for writing. */
    void exchangeLocked(Dentry other) {
        Place mine = place;
        Place others = other.place;
        moveLocked(others.parent.orElseThrow(), others.name);
        other.place = mine;
        Dentry parent = mine.parent.orElseThrow();
        parent.children.put(mine.name, new ChildReference(other, parent.children, mine.name));
    }

    private static void forgetCollected() {
        while (COLLECTED.poll() instanceof ChildReference reference) {
            reference.siblings.remove(reference.name, reference);
        }
    }

    /** For people. */
    @Override
    public String toString() {
        return place.name.toString();
    }

    @NotSaved("children add themselves when they are made again")
    private static final class ChildReference extends WeakReference<Dentry> {
        private final ConcurrentMap<PathName, ChildReference> siblings;
        private final PathName name;

        ChildReference(
                Dentry child, ConcurrentMap<PathName, ChildReference> siblings, PathName name) {
            super(child, COLLECTED);
            this.siblings = siblings;
            this.name = name;
        }
    }
}

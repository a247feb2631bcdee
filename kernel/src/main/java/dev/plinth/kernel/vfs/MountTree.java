package dev.plinth.kernel.vfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.MountTreeState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * All mounts of a sandbox. Linux calls it a mount namespace.
 *
 * <p>Changing it takes a lock of its own; walking the tree takes none. Whether a caller may change
 * it was checked before.
 *
 * <p>Lasting state: the mounts, what each shows, where and how.
 */
public final class MountTree implements AutoCloseable, Stateful {
    /** How many mounts there may be: {@code /proc/sys/fs/mount-max}. */
    public static final int MOUNT_MAX = 10_000;

    private final FileSystemTypes types = new FileSystemTypes();
    private final Object mountLock = new Object();

    /** Written under mountLock. */
    private volatile Mount root;

    @GuardedBy("mountLock")
    private int nextId = 1;

    @GuardedBy("mountLock")
    private final List<Mount> mounts = new ArrayList<>();

    /** File systems that were made to be mounted, and are given up when they are no more. */
    @GuardedBy("mountLock")
    private final List<FileSystem> owned = new ArrayList<>();

    /**
     * A tree of one mount.
     *
     * @param source what is mounted, as the first field of /proc/mounts
     * @param fileSystem the root file system
     */
    public MountTree(String source, FileSystem fileSystem, Mount.Options options) {
        root =
                new Mount(
                        nextId++,
                        source,
                        fileSystem,
                        Dentry.root(fileSystem),
                        Optional.empty(),
                        options);
        mounts.add(root);
    }

    /** For the restore, which lists the mounts. */
    private MountTree(Mount root, int nextId) {
        this.root = root;
        this.nextId = nextId;
    }

    /**
     * Makes the tree again that was saved; of which types there are, it is told later.
     *
     * @param placed the mounts that lie on another one, once all are made
     */
    static void restoring(Restorers restorers, List<Mount> placed) {
        restorers.add(KindCase.MOUNT_TREE, (object, reader) -> restore(object, reader, placed));
    }

    private static MountTree restore(ObjectState object, StateReader reader, List<Mount> placed) {
        MountTreeState state = object.getMountTree();
        MountTree tree =
                new MountTree(reader.get(state.getRootRef(), Mount.class), state.getNextId());
        if (state.getMountRefsCount() > MOUNT_MAX) {
            throw StateReader.corrupt("there are too many mounts");
        }
        synchronized (tree.mountLock) {
            for (int reference : state.getMountRefsList()) {
                tree.mounts.add(reader.get(reference, Mount.class));
            }
            for (int reference : state.getOwnedFileSystemRefsList()) {
                tree.owned.add(reader.get(reference, FileSystem.class));
            }
        }
        reader.inTheEnd(() -> tree.requireOneTree(placed));
        return tree;
    }

    /**
     * Checks that what was restored is a tree: each mount is on another one, and so on to the root.
     * Mounts that are in no tree any more lie nowhere: if they lay on each other, in a circle, a
     * walk would not end.
     */
    private void requireOneTree(List<Mount> placed) {
        synchronized (mountLock) {
            Set<Integer> ids = new HashSet<>();
            Set<Mount> reachable = Collections.newSetFromMap(new IdentityHashMap<>());
            reachable.add(root);
            Deque<Mount> left = new ArrayDeque<>(reachable);
            while (!left.isEmpty()) {
                for (Mount mount : left.remove().mountedHere()) {
                    if (reachable.add(mount)) {
                        left.add(mount);
                    }
                }
            }
            for (Mount mount : mounts) {
                if (!reachable.contains(mount)
                        || mount.id() <= 0
                        || mount.id() >= nextId
                        || !ids.add(mount.id())) {
                    throw StateReader.corrupt(mount + " is not in the tree");
                }
            }
            for (Mount mount : placed) {
                if (!reachable.contains(mount)) {
                    throw StateReader.corrupt(mount + " lies on one that is not in the tree");
                }
            }
            if (mounts.size() != reachable.size() || root.mountPoint().isPresent()) {
                throw StateReader.corrupt("the tree has a mount that is not listed");
            }
        }
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setMountTree(
                        MountTreeState.newBuilder()
                                .addAllMountRefs(writer.references(mounts))
                                .setRootRef(writer.reference(root))
                                .setNextId(nextId)
                                .addAllOwnedFileSystemRefs(writer.references(owned)));
    }

    /** The types of file systems that can be mounted. */
    public FileSystemTypes types() {
        return types;
    }

    /** The root of everything, with whatever is mounted over it. */
    public Location root() {
        return root.rootLocation().topmost();
    }

    /**
     * Mounts a file system, which stays the caller's.
     *
     * @param at where; if something is mounted there already, on top of it
     * @throws ErrnoException ENOTDIR if that is no directory; ENOENT if it was removed; ENOSPC if
     *     there are too many mounts
     */
    public Mount mount(String source, FileSystem fileSystem, Location at, Mount.Options options) {
        synchronized (mountLock) {
            return attachLocked(source, fileSystem, Dentry.root(fileSystem), at, options);
        }
    }

    /**
     * Mounts a file system of a type, as mount(2). One that is made for that is closed when it is
     * mounted nowhere any more.
     *
     * @param fileSystemOptions what only the type understands
     * @throws ErrnoException ENODEV for an unknown type; EINVAL for options; as {@link #mount}
     */
    public Mount mountNew(
            String source,
            String type,
            String fileSystemOptions,
            Location at,
            Mount.Options options) {
        FileSystemTypes.Type known = types.get(type);
        FileSystem fileSystem = known.maker().make(fileSystemOptions);
        return known.isSingle()
                ? mount(source, fileSystem, at, options)
                : mountOwned(source, fileSystem, at, options);
    }

    private Mount mountOwned(
            String source, FileSystem fileSystem, Location at, Mount.Options options) {
        try {
            synchronized (mountLock) {
                Mount mount =
                        attachLocked(source, fileSystem, Dentry.root(fileSystem), at, options);
                owned.add(fileSystem);
                return mount;
            }
        } catch (ErrnoException e) {
            fileSystem.close();
            throw e;
        }
    }

    /**
     * Shows a part of the tree at another place too.
     *
     * @param what a directory, or another file
     * @param at where: a directory for a directory, else another file
     * @param recursive whether what is mounted below it is shown too
     * @throws ErrnoException ENOTDIR if one is a directory and the other is not; ENOENT if one was
     *     removed; ENOSPC if there would be too many mounts
     */
    public Mount bind(Location what, Location at, boolean recursive) {
        synchronized (mountLock) {
            if (what.dentry().isDeleted()) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            // Listed before anything is attached, for the new place may lie in what is copied.
            List<Mount> below = recursive ? below(what) : List.of();
            requireRoomLocked(1 + below.size());
            Mount top = copyLocked(what.mount(), what.dentry(), at);
            Map<Mount, Mount> copies = new HashMap<>();
            copies.put(what.mount(), top);
            for (Mount original : below) {
                Location point = original.mountPoint().orElseThrow();
                Location place = new Location(copies.get(point.mount()), point.dentry());
                copies.put(original, copyLocked(original, original.root(), place));
            }
            return top;
        }
    }

    /**
     * The mounts on what is seen below a place, and on those: each behind the one that it is on. A
     * guest decides how deep that goes.
     */
    private static List<Mount> below(Location top) {
        List<Mount> found = new ArrayList<>();
        for (Mount child : top.mount().mountedHere()) {
            if (child.mountPoint().orElseThrow().dentry().isInside(top.dentry())) {
                found.add(child);
            }
        }
        for (int i = 0; i < found.size(); i++) {
            found.addAll(found.get(i).mountedHere());
        }
        return found;
    }

    @GuardedBy("mountLock")
    private void requireRoomLocked(int count) {
        if (mounts.size() + count > MOUNT_MAX) {
            throw ErrnoException.of(Errno.ENOSPC);
        }
    }

    @GuardedBy("mountLock")
    private Mount copyLocked(Mount original, Dentry what, Location at) {
        return attachLocked(original.source(), original.fileSystem(), what, at, original.options());
    }

    @GuardedBy("mountLock")
    private Mount attachLocked(
            String source, FileSystem fileSystem, Dentry what, Location at, Mount.Options options) {
        requireRoomLocked(1);
        Location point = requireMountPoint(at, what.isDirectory(), Errno.ENOTDIR);
        Mount mount = new Mount(nextId++, source, fileSystem, what, Optional.of(point), options);
        point.mount().cover(point.dentry(), mount);
        mounts.add(mount);
        return mount;
    }

    private static Location requireMountPoint(Location at, boolean directory, Errno otherwise) {
        Location point = at.topmost();
        if (point.dentry().isDeleted()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        if (point.isDirectory() != directory) {
            throw ErrnoException.of(otherwise);
        }
        return point;
    }

    /**
     * The mount whose root is seen at a place.
     *
     * @throws ErrnoException EINVAL if that is no root of a mount
     */
    public Mount mountedAt(Location at) {
        Location top = at.topmost();
        if (top.dentry() != top.mount().root()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return top.mount();
    }

    /**
     * Mounts something that is mounted already at another place, instead of where it was.
     *
     * @throws ErrnoException EINVAL if it is no root of a mount, or that of everything, or one of
     *     the two is a directory and the other is not; ELOOP if the new place lies below it
     */
    public void move(Location what, Location at) {
        synchronized (mountLock) {
            Mount mount = mountedAt(what);
            Location old = mount.mountPoint().orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
            Location point = requireMountPoint(at, mount.root().isDirectory(), Errno.EINVAL);
            if (isBelow(point.mount(), mount)) {
                throw ErrnoException.of(Errno.ELOOP);
            }
            old.mount().uncover(old.dentry());
            mount.moveTo(Optional.of(point));
            point.mount().cover(point.dentry(), mount);
        }
    }

    private static boolean isBelow(Mount mount, Mount top) {
        Optional<Mount> at = Optional.of(mount);
        while (at.isPresent() && at.get() != top) {
            at = at.get().mountPoint().map(Location::mount);
        }
        return at.isPresent();
    }

    /** Who has working directories or roots on mounts, which the tree cannot know itself. */
    @FunctionalInterface
    public interface Users {
        /** Whether someone stands on a mount. */
        boolean standOn(Mount mount);
    }

    /**
     * Takes the topmost mount away from a place.
     *
     * @param at the root of a mount
     * @param lazily whether it may be in use, and may have mounts on it, which then go too; open
     *     files stay usable
     * @throws ErrnoException EINVAL if nothing is mounted there; EBUSY if it is the root of
     *     everything, or in use
     */
    public void unmount(Location at, boolean lazily, Users users) {
        List<FileSystem> unused = new ArrayList<>(0);
        synchronized (mountLock) {
            Mount mount = mountedAt(at);
            boolean busy =
                    !lazily
                            && (!mount.mountedHere().isEmpty()
                                    || mount.isInUse()
                                    || users.standOn(mount));
            if (busy || mount.mountPoint().isEmpty()) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            for (Mount child : below(mount.rootLocation()).reversed()) {
                detachLocked(child, users, unused);
            }
            detachLocked(mount, users, unused);
        }
        unused.forEach(FileSystem::close);
    }

    @GuardedBy("mountLock")
    private void detachLocked(Mount mount, Users users, List<FileSystem> unused) {
        Location point = mount.mountPoint().orElseThrow();
        point.mount().uncover(point.dentry());
        mount.moveTo(Optional.empty());
        mounts.remove(mount);
        FileSystem fileSystem = mount.fileSystem();
        boolean used =
                mount.isInUse()
                        || users.standOn(mount)
                        || mounts.stream().map(Mount::fileSystem).anyMatch(fileSystem::equals);
        // What is still used lives until the tree is closed: nobody tells when its use ends.
        if (!used && owned.remove(fileSystem)) {
            unused.add(fileSystem);
        }
    }

    /**
     * Makes another mount the root of everything, and mounts the old one in it: pivot_root(2).
     *
     * @throws ErrnoException as pivot_root(2): EBUSY, EINVAL
     */
    public void pivot(Location newRoot, Location putOld) {
        synchronized (mountLock) {
            Mount from = root;
            Mount to = newRoot.mount();
            Location putTop = putOld.topmost();
            if (to == from || putTop.mount() == from) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            if (newRoot.dentry() != to.root()
                    || to.mountPoint().isEmpty()
                    || !isBelow(putTop.mount(), to)) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            Location old = to.mountPoint().get();
            old.mount().uncover(old.dentry());
            to.moveTo(Optional.empty());
            from.moveTo(Optional.of(putTop));
            putTop.mount().cover(putTop.dentry(), from);
            root = to;
        }
    }

    /** Every mount, in the order they were made. */
    public List<Mount> mounts() {
        synchronized (mountLock) {
            List<Mount> all = new ArrayList<>(mounts);
            all.sort(Comparator.comparingInt(Mount::id));
            return List.copyOf(all);
        }
    }

    /** Closes the file systems that are the tree's own; nobody uses them any more. */
    @Override
    public void close() {
        List<FileSystem> all;
        synchronized (mountLock) {
            all = List.copyOf(owned);
            owned.clear();
        }
        all.forEach(FileSystem::close);
    }
}

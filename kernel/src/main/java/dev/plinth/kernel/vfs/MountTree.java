package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * All mounts of a sandbox. Linux calls it a mount namespace.
 *
 * <p>Mounting takes a lock of its own; walking the tree takes none.
 */
public final class MountTree {
    private final Object mountLock = new Object();

    private final Mount root;

    /** Guarded by mountLock. */
    private int nextId = 1;

    /** Guarded by mountLock. */
    private final List<Mount> mounts = new ArrayList<>();

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

    /** The root of everything, with whatever is mounted over it. */
    public Location root() {
        return root.rootLocation().topmost();
    }

    /**
     * Mounts a file system.
     *
     * @param at where; if something is mounted there already, on top of it
     * @throws ErrnoException ENOTDIR if that is no directory; ENOENT if it was removed
     */
    public Mount mount(String source, FileSystem fileSystem, Location at, Mount.Options options) {
        return attach(source, fileSystem, Dentry.root(fileSystem), at, options);
    }

    /**
     * Shows a part of the tree at another place too.
     *
     * @param what a directory, or another file
     * @param at where: a directory for a directory, else another file
     * @throws ErrnoException ENOTDIR if one is a directory and the other is not; ENOENT if the
     *     target was removed
     */
    public Mount bind(Location what, Location at, Mount.Options options) {
        Mount original = what.mount();
        return attach(original.source(), original.fileSystem(), what.dentry(), at, options);
    }

    private Mount attach(
            String source, FileSystem fileSystem, Dentry what, Location at, Mount.Options options) {
        synchronized (mountLock) {
            Location point = at.topmost();
            if (point.dentry().isDeleted()) {
                throw ErrnoException.of(Errno.ENOENT);
            }
            if (point.isDirectory() != what.isDirectory()) {
                throw ErrnoException.of(Errno.ENOTDIR);
            }
            Mount mount =
                    new Mount(nextId++, source, fileSystem, what, Optional.of(point), options);
            point.mount().cover(point.dentry(), mount);
            mounts.add(mount);
            return mount;
        }
    }

    /**
     * Takes the topmost mount away from a place.
     *
     * @param at the root of a mount
     * @return what was mounted; open files on it stay usable
     * @throws ErrnoException EINVAL if nothing is mounted there, or the root of everything is;
     *     EBUSY if something is mounted on it
     */
    public Mount unmount(Location at) {
        synchronized (mountLock) {
            Location top = at.topmost();
            Mount mount = top.mount();
            if (top.dentry() != mount.root() || mount.mountPoint().isEmpty()) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            if (!mount.mountedHere().isEmpty()) {
                throw ErrnoException.of(Errno.EBUSY);
            }
            Location point = mount.mountPoint().get();
            point.mount().uncover(point.dentry());
            mounts.remove(mount);
            return mount;
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
}

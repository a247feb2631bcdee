package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.LocationState;

import java.util.Optional;

/**
 * A place in the tree of all mounts: a dentry, seen through a mount. Linux calls it a {@code struct
 * path}.
 *
 * @param mount the mount
 * @param dentry of the mount's file system
 */
public record Location(Mount mount, Dentry dentry) {
    public Location {
        requireNonNull(mount, "mount is null");
        requireNonNull(dentry, "dentry is null");
    }

    /**
     * The place of a file that is in no tree, for a file system that keeps its content in another
     * one.
     */
    public static Location unnamed(Inode inode) {
        return new Location(
                Mount.internal(inode.fileSystem()), Dentry.anonymous(inode, PathName.ROOT));
    }

    /**
     * The place of a file that is in no tree.
     *
     * @param name how /proc/[pid]/fd shows it
     */
    public static Location unnamed(Inode inode, PathName name) {
        return new Location(Mount.internal(inode.fileSystem()), Dentry.anonymous(inode, name));
    }

    /** What is saved of a place. */
    public LocationState save(StateWriter writer) {
        return LocationState.newBuilder()
                .setMountRef(writer.reference(mount))
                .setDentryRef(writer.reference(dentry))
                .build();
    }

    /**
     * A place that was saved.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if there is no such place
     */
    public static Location restore(LocationState state, StateReader reader) {
        Location location =
                new Location(
                        reader.get(state.getMountRef(), Mount.class),
                        reader.get(state.getDentryRef(), Dentry.class));
        if (!location.inode().fileSystem().equals(location.mount.fileSystem())) {
            throw StateReader.corrupt("a place is in no mount");
        }
        return location;
    }

    /** The file. */
    public Inode inode() {
        return dentry.inode();
    }

    /** Whether it is a directory. */
    public boolean isDirectory() {
        return dentry.isDirectory();
    }

    /** The place seen here: the root of what is mounted on top, or this place if nothing is. */
    public Location topmost() {
        Location top = this;
        for (Optional<Mount> over = mount.mountedAt(dentry); over.isPresent(); ) {
            top = over.get().rootLocation();
            over = top.mount.mountedAt(top.dentry);
        }
        return top;
    }

    // Written out: those of a record are linked when they are first used, which takes a
    // millisecond.
    @Override
    public boolean equals(Object other) {
        return other instanceof Location location
                && mount.equals(location.mount)
                && dentry.equals(location.dentry);
    }

    @Override
    public int hashCode() {
        return 31 * mount.hashCode() + dentry.hashCode();
    }
}

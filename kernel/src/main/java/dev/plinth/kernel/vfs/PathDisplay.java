package dev.plinth.kernel.vfs;

import java.util.Optional;

/**
 * The path of a place, as getcwd(2) and the links of /proc/[pid] show it: {@code d_path} of
 * fs/d_path.c.
 *
 * @param path from the root, or the place's own name if it is in no directory
 * @param reachable whether the root was reached
 * @param deleted whether the name was removed
 */
public record PathDisplay(PathName path, boolean reachable, boolean deleted) {
    private static final PathName DELETED = PathName.of(" (deleted)");
    private static final PathName UNREACHABLE = PathName.of("(unreachable)");

    /** The path of a place as seen from a root. */
    public static PathDisplay of(Location root, Location location) {
        Dentry named = location.dentry();
        boolean deleted = named.isDeleted();
        PathName path = PathName.EMPTY;
        Location place = location;
        while (!place.equals(root)) {
            Dentry dentry = place.dentry();
            if (dentry == place.mount().root()) {
                Optional<Location> mountPoint = place.mount().mountPoint();
                if (mountPoint.isEmpty()) {
                    return new PathDisplay(rooted(path), false, deleted);
                }
                place = mountPoint.get();
                continue;
            }
            Optional<Dentry> parent = dentry.parent();
            if (parent.isEmpty()) {
                // In no directory: a pipe, or the root of a file system that is not mounted.
                return path.isEmpty()
                        ? new PathDisplay(dentry.name(), true, deleted)
                        : new PathDisplay(path, false, deleted);
            }
            path = PathName.ROOT.child(dentry.name()).concat(path);
            place = new Location(place.mount(), parent.get());
        }
        return new PathDisplay(rooted(path), true, deleted);
    }

    /** The path of a place in the whole tree, whatever anyone's root is. */
    public static PathDisplay ofWholeTree(Location location) {
        Mount top = location.mount();
        while (top.mountPoint().isPresent()) {
            top = top.mountPoint().get().mount();
        }
        return of(top.rootLocation(), location);
    }

    private static PathName rooted(PathName path) {
        return path.isEmpty() ? PathName.ROOT : path;
    }

    /** As the links of /proc/[pid] show it. */
    public PathName text() {
        PathName text = reachable ? path : UNREACHABLE.concat(path);
        return deleted ? text.concat(DELETED) : text;
    }
}

package dev.plinth.kernel.vfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Openat2;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.Lock;

/**
 * One walk along a path, as {@code link_path_walk} of fs/namei.c: used once, confined to a thread.
 *
 * <p>A walk goes up to the last name of the path and stops there, for what happens to the last name
 * depends on who asks: {@link #finish} looks it up, open(2) may create it, unlink(2) removes it.
 */
@NotSaved("lives as long as a call")
final class PathWalk {
    private final DentryCache cache;
    private final Caller caller;
    private final Lookup lookup;
    private final Location start;

    /** The caller's root, or the start of the walk with RESOLVE_IN_ROOT. */
    private final Location root;

    /** What is left to walk, innermost symbolic link first. All but the top are not finished. */
    private final Deque<Remainder> remainders = new ArrayDeque<>(2);

    private Location current;
    private LastKind lastKind = LastKind.ROOT;
    private PathName lastName = PathName.EMPTY;
    private boolean lastHasSlash;
    private int linksFollowed;

    /** What the last name of a path is. */
    enum LastKind {
        /** An ordinary name. */
        NORMAL,
        /** {@code .}. */
        DOT,
        /** {@code ..}. */
        DOT_DOT,
        /** There is none: the path is made of slashes, or a link jumped to its target. */
        ROOT
    }

    @NotSaved("lives as long as a call")
    private static final class Remainder {
        private final PathName path;
        private int position;

        Remainder(PathName path) {
            this.path = path;
        }

        boolean skipSlashes() {
            while (position < path.length() && path.byteAt(position) == '/') {
                position++;
            }
            return position < path.length();
        }
    }

    /**
     * Starts a walk and goes up to the last name.
     *
     * @param base where a relative path starts
     */
    PathWalk(DentryCache cache, Caller caller, Location base, PathName path, Lookup lookup) {
        this.cache = cache;
        this.caller = caller;
        this.lookup = lookup;
        if (path.isEmpty() && !lookup.allowEmpty()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        if (path.length() >= Fs.PATH_MAX) {
            throw ErrnoException.of(Errno.ENAMETOOLONG);
        }
        root = lookup.has(Openat2.RESOLVE_IN_ROOT) ? base : caller.fs().root();
        start = base;
        current = base;
        if (path.isAbsolute()) {
            jumpToRoot();
        } else if (!path.isEmpty() && !base.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        walkToLast(path);
    }

    /** Where the walk stands: the directory that the last name is in. */
    Location current() {
        return current;
    }

    LastKind lastKind() {
        return lastKind;
    }

    PathName lastName() {
        return lastName;
    }

    /** Whether slashes follow the last name. */
    boolean lastHasSlash() {
        return lastHasSlash;
    }

    /** Looks the last name up, follows it as the lookup says, and returns where that leads. */
    Location finish() {
        boolean mustBeDirectory = false;
        while (true) {
            mustBeDirectory |= lastHasSlash;
            Location next = last();
            if (next.inode() instanceof SymbolicLink link
                    && lastKind == LastKind.NORMAL
                    && (lookup.followLast() || mustBeDirectory)) {
                follow(link);
                continue;
            }
            if (mustBeDirectory && !next.isDirectory()) {
                throw ErrnoException.of(Errno.ENOTDIR);
            }
            current = next;
            return next;
        }
    }

    /** What the last name, an ordinary one, stands for, if it exists. */
    Optional<Location> findLast() {
        return child(lastName);
    }

    /** What the last name stands for. */
    Location last() {
        return switch (lastKind) {
            case NORMAL -> findLast().orElseThrow(() -> ErrnoException.of(Errno.ENOENT));
            case DOT_DOT -> parent();
            case DOT, ROOT -> current;
        };
    }

    /** Follows the last name, a symbolic link, up to the last name of its target. */
    void follow(SymbolicLink link) {
        enter(link);
        walkToLast(PathName.EMPTY);
    }

    private void walkToLast(PathName path) {
        if (!path.isEmpty()) {
            remainders.push(new Remainder(path));
        }
        lastKind = LastKind.ROOT;
        lastHasSlash = false;
        while (!remainders.isEmpty()) {
            Remainder remainder = remainders.peek();
            if (!remainder.skipSlashes()) {
                remainders.pop();
                continue;
            }
            Permissions.require(caller.credentials(), current.inode(), Permissions.EXECUTE);
            int end = remainder.path.indexOf('/', remainder.position);
            end = end < 0 ? remainder.path.length() : end;
            PathName name = remainder.path.slice(remainder.position, end);
            remainder.position = end;
            LastKind kind = kindOf(name);
            if (!remainder.skipSlashes()) {
                remainders.pop();
                if (remainders.isEmpty()) {
                    lastKind = kind;
                    lastName = name;
                    lastHasSlash = end < remainder.path.length();
                    return;
                }
            }
            step(kind, name);
        }
    }

    private static LastKind kindOf(PathName name) {
        if (name.byteAt(0) != '.' || name.length() > 2) {
            return LastKind.NORMAL;
        }
        if (name.length() == 1) {
            return LastKind.DOT;
        }
        return name.byteAt(1) == '.' ? LastKind.DOT_DOT : LastKind.NORMAL;
    }

    /** Goes through a name that is not the last one: it leads to a directory. */
    private void step(LastKind kind, PathName name) {
        switch (kind) {
            case DOT_DOT -> current = parent();
            case NORMAL -> {
                Location next = child(name).orElseThrow(() -> ErrnoException.of(Errno.ENOENT));
                if (next.inode() instanceof SymbolicLink link) {
                    enter(link);
                } else {
                    current = next;
                }
            }
            case DOT, ROOT -> {}
        }
        if (!current.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
    }

    /** Puts the text of a link before what is left to walk, or jumps where it leads. */
    private void enter(SymbolicLink link) {
        if (++linksFollowed > Fs.MAXSYMLINKS || lookup.has(Openat2.RESOLVE_NO_SYMLINKS)) {
            throw ErrnoException.of(Errno.ELOOP);
        }
        Optional<Location> jump = link.jump(caller);
        if (jump.isPresent()) {
            jumpTo(jump.get());
            return;
        }
        PathName target = link.target(caller);
        if (target.isEmpty()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        if (target.isAbsolute()) {
            jumpToRoot();
        }
        remainders.push(new Remainder(target));
    }

    private void jumpTo(Location target) {
        if (lookup.has(Openat2.RESOLVE_NO_MAGICLINKS)) {
            throw ErrnoException.of(Errno.ELOOP);
        }
        if (lookup.has(Openat2.RESOLVE_BENEATH | Openat2.RESOLVE_IN_ROOT)) {
            throw ErrnoException.of(Errno.EXDEV);
        }
        requireSameMount(target.mount());
        current = target;
    }

    private void jumpToRoot() {
        if (lookup.has(Openat2.RESOLVE_BENEATH)) {
            throw ErrnoException.of(Errno.EXDEV);
        }
        requireSameMount(root.mount());
        current = root;
    }

    private void requireSameMount(Mount mount) {
        if (lookup.has(Openat2.RESOLVE_NO_XDEV) && mount != current.mount()) {
            throw ErrnoException.of(Errno.EXDEV);
        }
    }

    /** {@code follow_dotdot}: up, out of mounts, but never above the root. */
    private Location parent() {
        Location place = current;
        while (true) {
            if (lookup.has(Openat2.RESOLVE_BENEATH) && place.equals(start)) {
                throw ErrnoException.of(Errno.EXDEV);
            }
            if (place.equals(root)) {
                return place;
            }
            if (place.dentry() != place.mount().root()) {
                break;
            }
            Optional<Location> mountPoint = place.mount().mountPoint();
            if (mountPoint.isEmpty()) {
                return place;
            }
            place = mountPoint.get();
            requireSameMount(place.mount());
        }
        Mount mount = place.mount();
        Location up = new Location(mount, place.dentry().parent().orElse(place.dentry()));
        Location top = up.topmost();
        requireSameMount(top.mount());
        return top;
    }

    /** What a name stands for in the current directory, with what is mounted there. */
    private Optional<Location> child(PathName name) {
        Mount mount = current.mount();
        Optional<Dentry> dentry = child(current.dentry(), name);
        if (dentry.isEmpty()) {
            return Optional.empty();
        }
        Location top = new Location(mount, dentry.get()).topmost();
        requireSameMount(top.mount());
        return Optional.of(top);
    }

    private Optional<Dentry> child(Dentry parent, PathName name) {
        if (!(parent.inode() instanceof Directory directory)) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        Optional<Dentry> known = parent.knownChild(name);
        if (known.isPresent() && directory.namesStill(name, known.get().inode())) {
            cache.touch(known.get());
            return known;
        }
        Lock treeLock = directory.fileSystem().treeLock().readLock();
        treeLock.lock();
        try {
            return childLocked(parent, directory, name);
        } finally {
            treeLock.unlock();
        }
    }

    /** What a name stands for in a directory; the tree lock is held. */
    Optional<Dentry> childLocked(Dentry parent, PathName name) {
        return childLocked(parent, (Directory) parent.inode(), name);
    }

    private Optional<Dentry> childLocked(Dentry parent, Directory directory, PathName name) {
        if (name.length() > Fs.NAME_MAX) {
            throw ErrnoException.of(Errno.ENAMETOOLONG);
        }
        if (parent.isDeleted()) {
            return Optional.empty();
        }
        Optional<Dentry> child =
                directory.lookup(name).map(inode -> parent.childLocked(name, inode));
        child.ifPresentOrElse(cache::touch, () -> parent.forgetChildLocked(name));
        return child;
    }
}

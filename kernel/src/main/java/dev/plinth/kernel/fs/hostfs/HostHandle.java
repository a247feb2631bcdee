package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.HostHandleState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Where a file is on the host, and what is known about it: what all inodes of hostfs share.
 *
 * <p>Any thread may call any method.
 */
final class HostHandle implements AttributeStore, Stateful {
    private static final long TRUSTED_NANOS = 1_000_000_000L;

    private final HostFs fileSystem;

    /** The name by which the file was seen last. */
    private volatile Place place;

    private volatile Known known;

    /** Whether the sandbox has removed the last name. */
    private volatile boolean gone;

    private final Object openLock = new Object();

    /** Descriptors of open descriptions, for a file whose name is gone. */
    @GuardedBy("openLock")
    private final List<HostFd> open = new ArrayList<>(1);

    private record Place(Optional<HostHandle> parent, PathName name) {}

    private record Known(HostAttributes attributes, long trustedUntil) {}

    HostHandle(
            HostFs fileSystem,
            HostAttributes attributes,
            Optional<HostHandle> parent,
            PathName name) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.place = new Place(parent, name);
        this.known = know(attributes);
    }

    /** A file that was saved, of which the host has said that it is there. */
    HostHandle(
            HostFs fileSystem,
            HostAttributes attributes,
            Optional<HostHandle> parent,
            PathName name,
            boolean gone) {
        this(fileSystem, attributes, parent, name);
        this.gone = gone;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        fileSystem.writeBack(this);
        boolean isThere = isThere();
        Place here = place;
        return ObjectState.newBuilder()
                .setHostHandle(
                        HostHandleState.newBuilder()
                                .setFileSystemRef(writer.reference(fileSystem))
                                .setParentRef(writer.reference(here.parent))
                                .setName(ByteString.copyFrom(here.name.toBytes()))
                                .setGone(!isThere)
                                .setAttributes((isThere ? known.attributes : lastSeen()).save()));
    }

    /**
     * Whether the file can be reached by its path, now.
     *
     * @throws SandboxException if the host does not let it be reached
     */
    boolean isThere() {
        if (gone) {
            return false;
        }
        try {
            openByPath(Fcntl.O_PATH).close();
            return true;
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ENOENT
                    || e.errno() == Errno.ESTALE
                    || e.errno() == Errno.ENOTDIR) {
                return false;
            }
            throw new SandboxException(
                    ErrorCode.STATE_UNSAVABLE,
                    "%s of the host cannot be reached: %s".formatted(path(), e.errno().text()),
                    "let it be opened again",
                    e);
        }
    }

    /** What can be said of a file that no path leads to. */
    private HostAttributes lastSeen() {
        return anyOpen().map(calls()::attributes).orElseGet(this::lastKnown);
    }

    /** Whether no path leads to the file. */
    boolean isGone() {
        return gone;
    }

    /** The file was gone when it was saved, and is now another one without a name. */
    void restoreUnnamed(HostAttributes attributes) {
        known = know(attributes);
    }

    /** A descriptor of the file, if somebody has it open. */
    Optional<HostFd> anyOpen() {
        synchronized (openLock) {
            return open.stream().findFirst();
        }
    }

    private Known know(HostAttributes attributes) {
        return new Known(attributes, fileSystem.clock().monotonicNanos() + TRUSTED_NANOS);
    }

    HostFs fileSystem() {
        return fileSystem;
    }

    HostCalls calls() {
        return fileSystem.calls();
    }

    /** The path from the root of the file system; empty for the root itself. */
    PathName path() {
        Place here = place;
        return here.parent.map(parent -> parent.path().child(here.name)).orElse(PathName.EMPTY);
    }

    /** The file was found by a name. */
    void seen(HostAttributes attributes, HostHandle parent, PathName name) {
        place = new Place(Optional.of(parent), name);
        known = know(attributes);
        gone = false;
    }

    /** The file has another name from now on. */
    void moved(HostHandle parent, PathName name) {
        place = new Place(Optional.of(parent), name);
        gone = false;
    }

    /** What the host said last, however long ago. */
    HostAttributes lastKnown() {
        return known.attributes;
    }

    /** Whether what the host said last is still to be believed. */
    boolean isTrusted() {
        return fileSystem.clock().monotonicNanos() - known.trustedUntil < 0;
    }

    /** What the host said last is no longer so: the sandbox has changed the file. */
    void distrust() {
        known = new Known(known.attributes, fileSystem.clock().monotonicNanos());
    }

    /**
     * A name of the file is gone. The last one takes with it how the host can be asked, unless the
     * file is open.
     */
    void unlinked() {
        HostAttributes old = known.attributes;
        boolean isDirectory = old.type() == FileType.DIRECTORY;
        int links = isDirectory ? 0 : Math.max(0, old.stat().links() - 1);
        known = new Known(old.withLinks(links), fileSystem.clock().monotonicNanos());
        gone = links == 0;
    }

    /** Owner and permissions, perhaps a second old. */
    Inode.Ownership ownership() {
        return (isTrusted() ? known.attributes : refresh()).ownership();
    }

    /** What the host says now. */
    HostAttributes refresh() {
        synchronized (openLock) {
            if (!open.isEmpty()) {
                known = know(calls().attributes(open.getFirst()));
                return known.attributes;
            }
        }
        if (!gone) {
            // Opening looks at the attributes, to see that it is the same file.
            open(Fcntl.O_PATH).close();
        }
        return known.attributes;
    }

    /** What the guest sees: of a file that nobody has open, perhaps a second old. */
    FileStat stat(Inode inode) {
        HostAttributes attributes = isTrusted() && !isOpen() ? known.attributes : refresh();
        return attributes.toGuest(inode.fileSystem().device(), inode.number());
    }

    private boolean isOpen() {
        synchronized (openLock) {
            return !open.isEmpty();
        }
    }

    /**
     * Opens the file on the host.
     *
     * @param flags of open(2), without O_NOFOLLOW, which goes without saying
     * @return the descriptor, which is the caller's
     * @throws ErrnoException ESTALE if the name stands for another file now
     */
    HostFd open(int flags) {
        try {
            return openByPath(flags);
        } catch (ErrnoException e) {
            if (e.errno() != Errno.ENOENT && e.errno() != Errno.ESTALE) {
                throw e;
            }
            distrust();
            synchronized (openLock) {
                if (open.isEmpty()) {
                    throw e;
                }
                return calls().reopen(open.getFirst(), flags);
            }
        }
    }

    private HostFd openByPath(int flags) {
        PathName path = path();
        HostFd fd =
                calls().open(
                                fileSystem.rootFd(),
                                path.isEmpty() ? PathName.DOT : path,
                                flags | Fcntl.O_NOFOLLOW,
                                0);
        try {
            HostAttributes fresh = calls().attributes(fd);
            if (!fresh.isSameFile(known.attributes)) {
                throw ErrnoException.of(Errno.ESTALE);
            }
            known = know(fresh);
            return fd;
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
    }

    /** Does something with a descriptor of the file, which is good for its path at least. */
    <T> T withDescriptor(Function<HostFd, T> action) {
        synchronized (openLock) {
            if (!open.isEmpty()) {
                return action.apply(open.getFirst());
            }
        }
        try (HostFd fd = open(Fcntl.O_PATH)) {
            return action.apply(fd);
        }
    }

    private void change(Consumer<HostFd> action) {
        fileSystem.requireWritable();
        withDescriptor(fd -> {
            action.accept(fd);
            return true;
        });
        distrust();
    }

    @Override
    public void setPermissions(Inode self, int permissions) {
        change(fd -> calls().setPermissions(fd, permissions));
    }

    @Override
    public void setOwner(Inode self, int uid, int gid, int permissions) {
        change(fd -> {
            calls().setOwner(fd, uid, gid);
            // The host has taken set-user-ID bits away itself, or found none to take.
            if (calls().attributes(fd).stat().permissions() != permissions && !isSymlink()) {
                calls().setPermissions(fd, permissions);
            }
        });
    }

    private boolean isSymlink() {
        return known.attributes.type() == FileType.SYMLINK;
    }

    @Override
    public void setTimes(Inode self, Optional<Instant> accessed, Optional<Instant> modified) {
        change(fd -> calls().setTimes(fd, accessed, modified));
    }

    /** Of the host's extended attributes, only those of users are anything to the guest. */
    private static boolean isOfUser(String name) {
        if (name.startsWith("system.")) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        return name.startsWith("user.");
    }

    @Override
    public Optional<byte[]> xattr(String name) {
        return isOfUser(name)
                ? withDescriptor(fd -> fileSystem.xattrs().get(fd, name))
                : Optional.empty();
    }

    @Override
    public List<String> xattrNames() {
        return withDescriptor(fd -> fileSystem.xattrs().names(fd)).stream()
                .filter(name -> name.startsWith("user."))
                .toList();
    }

    @Override
    public void setXattr(Inode self, String name, byte[] value, XattrMode mode) {
        if (!isOfUser(name)) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        change(fd -> fileSystem.xattrs().set(fd, name, value, mode));
    }

    @Override
    public void removeXattr(Inode self, String name) {
        if (!isOfUser(name)) {
            throw ErrnoException.of(Errno.ENODATA);
        }
        change(fd -> fileSystem.xattrs().remove(fd, name));
    }

    /** An open description has a descriptor of the file. */
    void addOpen(HostFd fd) {
        synchronized (openLock) {
            open.add(fd);
        }
    }

    /** A description is about to close its descriptor. */
    void removeOpen(HostFd fd) {
        synchronized (openLock) {
            open.remove(fd);
        }
    }
}

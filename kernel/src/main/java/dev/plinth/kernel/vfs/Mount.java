package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.MountState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A file system, or a part of one, at a place in the tree.
 *
 * <p>Made and removed by {@link MountTree}. Any thread may ask it.
 */
public final class Mount implements Stateful {
    /** Of those that never are in a tree. */
    private static final int INTERNAL_ID = 0;

    private final int id;
    private final String source;
    private final FileSystem fileSystem;
    private final Dentry root;

    /** Set by the mount tree only. */
    private volatile Optional<Location> mountPoint;

    private volatile Options options;

    /** How many open files were opened through this mount. */
    @NotSaved("counted when open files are made again")
    private final AtomicInteger openFiles = new AtomicInteger();

    /** How many of them may be written. */
    @NotSaved("counted when open files are made again")
    private final AtomicInteger writers = new AtomicInteger();

    /** What is mounted on dentries of this mount; changed by the mount tree only. */
    @NotSaved("each mount says where it is")
    private final ConcurrentMap<Dentry, Mount> mountedOn = new ConcurrentHashMap<>(2);

    /**
     * How a file system is mounted; see mount(2).
     *
     * @param readOnly nothing can be changed through this mount
     * @param noSetuid set-user-ID bits and file capabilities do not count
     * @param noDevices devices cannot be opened
     * @param noExecute files cannot be run
     */
    public record Options(
            boolean readOnly, boolean noSetuid, boolean noDevices, boolean noExecute) {
        /** Everything is allowed. */
        public static final Options READ_WRITE = new Options(false, false, false, false);

        /** Nothing can be changed. */
        public static final Options READ_ONLY = new Options(true, false, false, false);

        /** As the {@code nosuid,nodev} of most system mounts. */
        public static final Options NO_SETUID_NO_DEVICES = new Options(false, true, true, false);

        /** As the {@code nosuid,nodev,noexec} of procfs. */
        public static final Options DATA_ONLY = new Options(false, true, true, true);

        /** As in the fourth field of fstab(5). */
        public String text() {
            return (readOnly ? "ro" : "rw")
                    + (noSetuid ? ",nosuid" : "")
                    + (noDevices ? ",nodev" : "")
                    + (noExecute ? ",noexec" : "")
                    + ",relatime";
        }
    }

    Mount(
            int id,
            String source,
            FileSystem fileSystem,
            Dentry root,
            Optional<Location> mountPoint,
            Options options) {
        this.id = id;
        this.source = requireNonNull(source, "source is null");
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.root = requireNonNull(root, "root is null");
        this.mountPoint = requireNonNull(mountPoint, "mountPoint is null");
        this.options = requireNonNull(options, "options is null");
    }

    /** The mount of a file system that is in no tree: that of pipes and the like. */
    static Mount internal(FileSystem fileSystem) {
        return new Mount(
                INTERNAL_ID,
                "none",
                fileSystem,
                Dentry.root(fileSystem),
                Optional.empty(),
                Options.READ_WRITE);
    }

    /**
     * Makes mounts again that were saved.
     *
     * @param placed is given those that lie on another one
     */
    static void restoring(Restorers restorers, List<Mount> placed) {
        restorers.add(KindCase.MOUNT, (object, reader) -> restore(object, reader, placed));
    }

    private static Mount restore(ObjectState object, StateReader reader, List<Mount> placed) {
        MountState state = object.getMount();
        Mount mount =
                new Mount(
                        state.getId(),
                        state.getSource(),
                        reader.get(state.getFileSystemRef(), FileSystem.class),
                        reader.get(state.getRootRef(), Dentry.class),
                        Optional.empty(),
                        new Options(
                                state.getReadOnly(),
                                state.getNoSetuid(),
                                state.getNoDevices(),
                                state.getNoExecute()));
        mount.requireHas(mount.root);
        if (state.hasMountPoint()) {
            // A guest decides how many mounts lie on each other.
            placed.add(mount);
            reader.later(() -> mount.restoreAt(Location.restore(state.getMountPoint(), reader)));
        }
        return mount;
    }

    private void requireHas(Dentry dentry) {
        if (!dentry.inode().fileSystem().equals(fileSystem)) {
            throw StateReader.corrupt(this + " shows a file of another file system");
        }
    }

    private void restoreAt(Location point) {
        point.mount().requireHas(point.dentry());
        if (point.isDirectory() != root.isDirectory()
                || point.mount().mountedAt(point.dentry()).isPresent()) {
            throw StateReader.corrupt(this + " cannot be where it is");
        }
        moveTo(Optional.of(point));
        point.mount().cover(point.dentry(), this);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        MountState.Builder state =
                MountState.newBuilder()
                        .setId(id)
                        .setSource(source)
                        .setFileSystemRef(writer.reference(fileSystem))
                        .setRootRef(writer.reference(root))
                        .setReadOnly(options.readOnly)
                        .setNoSetuid(options.noSetuid)
                        .setNoDevices(options.noDevices)
                        .setNoExecute(options.noExecute);
        mountPoint.ifPresent(point -> state.setMountPoint(point.save(writer)));
        return ObjectState.newBuilder().setMount(state);
    }

    /** Its number in /proc/[pid]/mountinfo. */
    public int id() {
        return id;
    }

    /** Whether it never is in a tree, and nobody can go there. */
    boolean isInternal() {
        return id == INTERNAL_ID;
    }

    /** What is mounted, as the first field of /proc/mounts. */
    public String source() {
        return source;
    }

    /** The file system. */
    public FileSystem fileSystem() {
        return fileSystem;
    }

    /** What is seen at the mount point: the file system's root, or a part of it. */
    public Dentry root() {
        return root;
    }

    /** The place of {@link #root}. */
    public Location rootLocation() {
        return new Location(this, root);
    }

    /** Where it is mounted, in the mount it covers; empty for the root, and if it is no more. */
    public Optional<Location> mountPoint() {
        return mountPoint;
    }

    /** How it is mounted. */
    public Options options() {
        return options;
    }

    /**
     * Mounts it in another way, as MS_REMOUNT.
     *
     * @throws ErrnoException EBUSY if it is to be read-only, and files are open for writing
     */
    public void remount(Options newOptions) {
        if (newOptions.readOnly() && !options.readOnly() && writers.get() > 0) {
            throw ErrnoException.of(Errno.EBUSY);
        }
        options = requireNonNull(newOptions, "newOptions is null");
    }

    void moveTo(Optional<Location> place) {
        mountPoint = place;
    }

    /** A file was opened through this mount, or is so no longer. */
    void addOpenFiles(int change) {
        openFiles.addAndGet(change);
    }

    /** A file was opened for writing through this mount, or is so no longer. */
    void addWriters(int change) {
        writers.addAndGet(change);
    }

    /** Whether files are open through this mount. */
    boolean isInUse() {
        return openFiles.get() > 0;
    }

    /** Whether nothing can be changed through this mount. */
    public boolean isReadOnly() {
        return options.readOnly() || fileSystem.isReadOnly();
    }

    /**
     * Refuses if nothing can be changed through this mount.
     *
     * @throws ErrnoException EROFS
     */
    public void requireWritable() {
        if (isReadOnly()) {
            throw ErrnoException.of(Errno.EROFS);
        }
    }

    /** What is mounted on a dentry of this mount. */
    Optional<Mount> mountedAt(Dentry dentry) {
        return mountedOn.isEmpty() ? Optional.empty() : Optional.ofNullable(mountedOn.get(dentry));
    }

    /** What is mounted on this mount, in no order. */
    List<Mount> mountedHere() {
        return List.copyOf(mountedOn.values());
    }

    void cover(Dentry dentry, Mount mount) {
        mountedOn.put(dentry, mount);
        dentry.addMounts(1);
    }

    void uncover(Dentry dentry) {
        mountedOn.remove(dentry);
        dentry.addMounts(-1);
    }

    /** For people. */
    @Override
    public String toString() {
        return "mount " + id + " (" + fileSystem.type() + ")";
    }
}

package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.errno.HostErrors;
import dev.plinth.kernel.fs.hostfs.linux.Unistd;
import dev.plinth.kernel.image.SharedDirectory;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.HostFsState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileSystemStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.InodeNumbers.HostFileId;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.lang.foreign.Arena;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** A directory of the host as a file system of the sandbox. */
public final class HostFs extends FileSystem {
    private final HostCalls calls;
    private final HostXattrs xattrs;
    private final HostFd rootFd;
    private final InodeNumbers numbers;
    private final Clock clock;
    private final PathName destination;
    private final boolean readOnly;
    private final PageReclaim reclaim;
    private final DirectoryDescriptors directories = new DirectoryDescriptors();
    private final HostDirectory root;

    private final Object inodesLock = new Object();

    /** The inodes that someone holds, by which file of the host they are. */
    @NotSaved("knows those that others hold, which add themselves")
    @GuardedBy("inodesLock")
    private final Map<HostFileId, InodeReference> inodes = new HashMap<>();

    @NotSaved("of that map")
    @GuardedBy("inodesLock")
    private final ReferenceQueue<Inode> collected = new ReferenceQueue<>();

    /**
     * A file system over a directory.
     *
     * @param host where the directory is
     * @param rootFd of the directory, perhaps opened with O_PATH; owned from now on, also if this
     *     fails
     * @param numbers gives numbers to the file system and to its inodes
     * @param memory holds what is mapped of files; borrowed
     * @param clock says how old a cached attribute is
     * @param destination where the user wants it, for those to know who look at an image
     * @param readOnly whether nothing on the host is ever changed
     * @throws ErrnoException ENOTDIR if it is no directory
     */
    public HostFs(
            HostKernel host,
            HostFd rootFd,
            InodeNumbers numbers,
            MemoryFile memory,
            Clock clock,
            PathName destination,
            boolean readOnly) {
        this(host, rootFd, numbers.nextDevice(), numbers, memory, clock, destination, readOnly);
    }

    /** The same with a number that it had before. */
    HostFs(
            HostKernel host,
            HostFd rootFd,
            DeviceNumber device,
            InodeNumbers numbers,
            MemoryFile memory,
            Clock clock,
            PathName destination,
            boolean readOnly) {
        super("hostfs", device);
        this.calls = new HostCalls(host);
        this.xattrs = new HostXattrs(host);
        this.rootFd = requireNonNull(rootFd, "rootFd is null");
        this.numbers = numbers;
        this.clock = requireNonNull(clock, "clock is null");
        this.destination = requireNonNull(destination, "destination is null");
        this.readOnly = readOnly;
        this.reclaim = new PageReclaim(memory);
        this.root = openRoot();
    }

    /**
     * Opens a directory of the host for a file system.
     *
     * @param path any path; symbolic links in it are followed, for it is the user's, not a guest's
     * @return the descriptor, which is the caller's
     * @throws ErrnoException ENOENT, ENOTDIR, EACCES
     */
    public static HostFd openDirectory(HostKernel host, String path) {
        try (Arena arena = Arena.ofConfined()) {
            long result =
                    host.syscall(
                            Unistd.SYS_OPENAT,
                            Fcntl.AT_FDCWD,
                            arena.allocateFrom(path).address(),
                            Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC,
                            0);
            return new HostFd(host, (int) HostErrors.check(result));
        }
    }

    /**
     * Where a directory of the host is.
     *
     * @param path any path to it
     * @return the path with no symbolic link in it
     * @throws ErrnoException ENOENT, ENOTDIR, EACCES
     */
    public static PathName pathOf(HostKernel host, String path) {
        try (HostFd directory = openDirectory(host, path)) {
            return new HostCalls(host).pathOf(directory);
        }
    }

    private HostDirectory openRoot() {
        try {
            HostAttributes attributes = calls.attributes(rootFd);
            if (attributes.type() != FileType.DIRECTORY) {
                throw ErrnoException.of(Errno.ENOTDIR);
            }
            HostHandle handle = new HostHandle(this, attributes, Optional.empty(), PathName.EMPTY);
            return new HostDirectory(
                    handle, numbers.ofHostFile(attributes.id(), attributes.generation()));
        } catch (ErrnoException e) {
            rootFd.close();
            throw e;
        }
    }

    /**
     * Finds directories of the host again that were saved, and the files in use below them.
     *
     * @param host where they are
     * @param memory holds what is mapped of files; borrowed
     * @param clock says how old a cached attribute is
     * @param policy what the image may have of the host
     * @param owner closes each file system in the end
     */
    public static void restoring(
            Restorers restorers,
            HostKernel host,
            MemoryFile memory,
            Clock clock,
            RestorePolicy policy,
            Consumer<FileSystem> owner) {
        new RestoredHostFs(host, memory, clock, policy, owner).addTo(restorers);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        PathName path = calls.pathOf(rootFd);
        writer.directory(new SharedDirectory(path.toString(), destination.toString(), !readOnly));
        return ObjectState.newBuilder()
                .setHostFs(
                        HostFsState.newBuilder()
                                .setDevice(device().encode())
                                .setPath(ByteString.copyFrom(path.toBytes()))
                                .setDestination(ByteString.copyFrom(destination.toBytes()))
                                .setReadOnly(readOnly)
                                .setRoot(calls.attributes(rootFd).save())
                                .setRootNumber(root.number()));
    }

    /** Brings to the host what mappings of a file may have changed, before it is looked at. */
    @SuppressWarnings({"GuardedBy", "ReferenceEquality"}) // The world is stopped.
    void writeBack(HostHandle handle) {
        InodeReference reference = inodes.get(handle.lastKnown().id());
        if (reference != null
                && reference.get() instanceof HostFile file
                && file.handle() == handle) {
            file.pages().writeBack();
        }
    }

    /**
     * Takes an inode that was made again.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if there is one of that file
     */
    void restored(HostFsInode inode) {
        HostFileId id = inode.handle().lastKnown().id();
        synchronized (inodesLock) {
            InodeReference reference = new InodeReference(id, (Inode) inode, collected);
            if (inodes.putIfAbsent(id, reference) != null) {
                throw StateReader.corrupt("a file of the host is there twice");
            }
        }
    }

    @Override
    public Directory root() {
        return root;
    }

    /** The root directory, as what it is. */
    HostDirectory rootDirectory() {
        return root;
    }

    @Override
    public FileSystemStat stat() {
        return calls.fileSystem(rootFd);
    }

    @Override
    public boolean isReadOnly() {
        return readOnly;
    }

    /**
     * Does nothing if files may be changed. Who comes by a mount has been asked this before; here
     * it holds for whatever way an image makes up.
     *
     * @throws ErrnoException EROFS
     */
    void requireWritable() {
        if (readOnly) {
            throw ErrnoException.of(Errno.EROFS);
        }
    }

    @Override
    public void sync() {
        if (!readOnly) {
            try (HostFd fd = root.handle().open(Fcntl.O_DIRECTORY)) {
                calls.syncFileSystem(fd);
            }
        }
    }

    @Override
    public void close() {
        reclaim.close();
        directories.close();
        rootFd.close();
    }

    HostCalls calls() {
        return calls;
    }

    HostXattrs xattrs() {
        return xattrs;
    }

    HostFd rootFd() {
        return rootFd;
    }

    DirectoryDescriptors directories() {
        return directories;
    }

    Clock clock() {
        return clock;
    }

    PageReclaim reclaim() {
        return reclaim;
    }

    /** The sandbox's number of a file. */
    long numberOf(HostFileId id) {
        return numbers.ofHostFile(id);
    }

    /** The inode of a file that was found by a name: the known one, or a new one. */
    Inode inode(HostAttributes attributes, HostHandle parent, PathName name) {
        synchronized (inodesLock) {
            forgetCollected();
            InodeReference reference = inodes.get(attributes.id());
            Inode known = reference == null ? null : reference.get();
            if (known != null && handleOf(known).lastKnown().isSameFile(attributes)) {
                handleOf(known).seen(attributes, parent, name);
                return known;
            }
            Inode inode = makeInode(new HostHandle(this, attributes, Optional.of(parent), name));
            inodes.put(attributes.id(), new InodeReference(attributes.id(), inode, collected));
            return inode;
        }
    }

    private Inode makeInode(HostHandle handle) {
        HostAttributes attributes = handle.lastKnown();
        return makeInode(handle, numbers.ofHostFile(attributes.id(), attributes.generation()));
    }

    static Inode makeInode(HostHandle handle, long number) {
        return switch (handle.lastKnown().type()) {
            case DIRECTORY -> new HostDirectory(handle, number);
            case REGULAR -> new HostFile(handle, number);
            case SYMLINK -> new HostSymlink(handle, number);
            case CHARACTER_DEVICE, BLOCK_DEVICE, FIFO, SOCKET, ANONYMOUS ->
                    new HostNode(handle, number);
        };
    }

    /** The handle of an inode of a hostfs. */
    static HostHandle handleOf(Inode inode) {
        if (inode instanceof HostFsInode host) {
            return host.handle();
        }
        throw new IllegalArgumentException("not of hostfs: " + inode);
    }

    @GuardedBy("inodesLock")
    private void forgetCollected() {
        while (collected.poll() instanceof InodeReference reference) {
            inodes.remove(reference.id, reference);
        }
    }

    private static final class InodeReference extends WeakReference<Inode> {
        private final HostFileId id;

        InodeReference(HostFileId id, Inode inode, ReferenceQueue<Inode> queue) {
            super(inode, queue);
            this.id = id;
        }
    }
}

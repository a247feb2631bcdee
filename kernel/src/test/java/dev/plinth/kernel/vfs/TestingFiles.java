package dev.plinth.kernel.vfs;

import dev.plinth.api.host.HostKernel;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.fs.hostfs.HostFs;
import dev.plinth.kernel.fs.overlay.OverlayFs;
import dev.plinth.kernel.fs.tmpfs.TmpFs;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.time.HostClock;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A file layer with a tmpfs as its root, for tests. Closing checks that nothing leaked. */
public final class TestingFiles implements AutoCloseable {
    public static final int UMASK = 022;
    private static final long CAPACITY = 1L << 30;

    public final HostKernel host = new JnaHostKernel();
    public final Clock clock = new HostClock();
    public final InodeNumbers numbers = new InodeNumbers();
    public final MemoryFile memory = MemoryFile.create(host, CAPACITY, CAPACITY);
    public final DeviceRegistry devices = new DeviceRegistry();
    public final Vfs vfs = new Vfs(devices, clock);
    public final TmpFs rootFileSystem = tmpfs();
    public final MountTree mounts;
    private final Deque<FileSystem> fileSystems = new ArrayDeque<>();
    private final int descriptorsBefore = openDescriptors();

    public TestingFiles() {
        fileSystems.push(rootFileSystem);
        mounts = new MountTree("none", rootFileSystem, Mount.Options.READ_WRITE);
    }

    /** How many descriptors this process has open. */
    public static int openDescriptors() {
        String[] open = new File("/proc/self/fd").list();
        return open == null ? 0 : open.length;
    }

    /** Directories of the host that a restore lets be changed: those that were to be. */
    public final Set<PathName> writable = new HashSet<>();

    public TmpFs tmpfs() {
        NewNode root = new NewNode(0755, 0, 0);
        return new TmpFs("tmpfs", numbers, memory, clock, CAPACITY / 2, root);
    }

    public HostFs hostfs(Path directory, boolean readOnly) {
        if (!readOnly) {
            writable.add(HostFs.pathOf(host, directory.toString()));
        }
        return new HostFs(
                host,
                HostFs.openDirectory(host, directory.toString()),
                numbers,
                memory,
                clock,
                PathName.of("/shared"),
                readOnly);
    }

    /** Mounts a file system on a new directory of the root; it is closed with this. */
    public Location mount(String name, FileSystem fileSystem, Mount.Options options) {
        fileSystems.push(fileSystem);
        Caller root = caller(0);
        vfs.makeDirectory(root, mounts.root(), PathName.of(name), 0755);
        Location place = vfs.resolve(root, mounts.root(), PathName.of(name), Lookup.NO_FOLLOW);
        return mounts.mount(name, fileSystem, place, options).rootLocation();
    }

    /** Mounts an overlay over a directory of the host on a new directory of the root. */
    public Location mountOverlay(String name, Path lower) {
        FileSystem below = hostfs(lower, true);
        own(below);
        return mount(
                name,
                new OverlayFs(below, numbers, memory, clock, CAPACITY / 4),
                Mount.Options.READ_WRITE);
    }

    /** Closes a file system in the end, that is mounted nowhere. */
    public void own(FileSystem fileSystem) {
        fileSystems.push(fileSystem);
    }

    /** Someone with a user number, in a group of the same number. */
    public Caller caller(int uid) {
        FsContext fs = new FsContext(mounts.root(), mounts.root(), UMASK);
        return new Caller(fs, Credentials.ofUser(uid, uid, List.of()), 1, 1);
    }

    /** Calls of someone, starting at a place. */
    public VfsFileCalls calls(int uid, Location base) {
        return new VfsFileCalls(vfs, caller(uid), base);
    }

    /** Closes all file systems: others have been made out of what was saved of them. */
    public void closeFileSystems() {
        fileSystems.forEach(FileSystem::close);
    }

    @Override
    public void close() {
        closeFileSystems();
        long left = memory.statistics().allocatedBytes();
        int descriptors = openDescriptors();
        memory.close();
        if (left != 0) {
            throw new AssertionError(left + " bytes of the memory file leaked");
        }
        if (descriptors != descriptorsBefore) {
            throw new AssertionError("descriptors leaked: " + (descriptors - descriptorsBefore));
        }
    }
}

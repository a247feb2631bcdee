package dev.plinth.kernel.vfs;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.fs.devfs.Devices;
import dev.plinth.kernel.fs.hostfs.HostFs;
import dev.plinth.kernel.fs.hostfs.RestorePolicy;
import dev.plinth.kernel.fs.overlay.OverlayFs;
import dev.plinth.kernel.fs.tmpfs.TmpFs;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.SavedState;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.VfsSubsystemState;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/** Files that were saved and made again, beside those they were saved from, for tests. */
public final class RestoredFiles implements AutoCloseable {
    public final InodeNumbers numbers;
    public final MountTree mounts;
    public final Vfs vfs;

    /** Those that were open, in the order in which they were given. */
    public final List<FileDescription> open = new ArrayList<>();

    private final TestingFiles first;
    private final List<FileSystem> fileSystems = new ArrayList<>();

    private RestoredFiles(TestingFiles first, byte[] saved, int openFiles, boolean allowChanged) {
        this.first = first;
        RestorePolicy policy = new RestorePolicy(allowChanged, first.writable);
        Restorers restorers = restorers(first, policy, fileSystems);
        this.vfs = new Vfs(first.devices, first.clock);
        try (StateReader reader = SavedState.reader(saved, restorers, first.memory)) {
            VfsSubsystemState files = reader.kernel().getFiles();
            mounts = reader.get(files.getMountTreeRef(), MountTree.class);
            numbers = InodeNumbers.of(reader);
            for (int number = 1; number <= openFiles; number++) {
                open.add(reader.get(number, FileDescription.class).retain());
            }
            reader.linkAll();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** What makes files again. */
    public static Restorers restorers(
            TestingFiles files, RestorePolicy policy, Collection<FileSystem> fileSystems) {
        Restorers restorers = new Restorers();
        Vfs.restoring(restorers);
        TmpFs.restoring(restorers, files.memory, files.clock, fileSystems::add);
        HostFs.restoring(
                restorers, files.host, files.memory, files.clock, policy, fileSystems::add);
        OverlayFs.restoring(restorers, fileSystems::add);
        Devices.restoring(restorers, piece -> piece.fill((byte) 7));
        return restorers;
    }

    /** Saves open files, and the tree. */
    public static SavedState save(TestingFiles files, List<FileDescription> open) {
        return save(files.numbers, files.mounts, open);
    }

    private static SavedState save(
            InodeNumbers numbers, MountTree mounts, List<FileDescription> open) {
        return SavedState.save(writer -> {
            open.forEach(writer::reference);
            return kernel(numbers, mounts, writer);
        });
    }

    /** A kernel that has nothing but files. */
    static KernelState.Builder kernel(InodeNumbers numbers, MountTree mounts, StateWriter writer) {
        return KernelState.newBuilder()
                .setFiles(
                        VfsSubsystemState.newBuilder()
                                .setInodeNumbersRef(writer.reference(numbers))
                                .setMountTreeRef(writer.reference(mounts)));
    }

    /** Restores the places of tasks, the first objects that were saved, and the tree. */
    static void requireContexts(TestingFiles first, SavedState saved, int contexts) {
        List<FileSystem> fileSystems = new ArrayList<>();
        Restorers restorers = restorers(first, new RestorePolicy(false, Set.of()), fileSystems);
        AnonymousFs.restoring(restorers);
        FsContext.restoring(restorers);
        try (StateReader reader = SavedState.reader(saved.bytes(), restorers, first.memory)) {
            for (int number = 1; number <= contexts; number++) {
                FsContext _ = reader.get(number, FsContext.class);
            }
            MountTree _ = reader.get(reader.kernel().getFiles().getMountTreeRef(), MountTree.class);
            reader.linkAll();
        } finally {
            fileSystems.forEach(FileSystem::close);
        }
    }

    /** Makes files again that were saved. */
    public static RestoredFiles of(TestingFiles first, SavedState saved, int openFiles) {
        return of(first, saved.bytes(), openFiles);
    }

    /** Makes files again of what may be damaged. */
    public static RestoredFiles of(TestingFiles first, byte[] saved, int openFiles) {
        return new RestoredFiles(first, saved, openFiles, false);
    }

    /** The same, whatever has become of files on the host. */
    public static RestoredFiles ofChanged(TestingFiles first, SavedState saved, int openFiles) {
        return ofChanged(first, saved.bytes(), openFiles);
    }

    /** The same of what may be damaged. */
    public static RestoredFiles ofChanged(TestingFiles first, byte[] saved, int openFiles) {
        return new RestoredFiles(first, saved, openFiles, true);
    }

    /** Saves these files, makes them again, and closes these. */
    public RestoredFiles again() {
        RestoredFiles next = of(first, save(numbers, mounts, open), open.size());
        close();
        return next;
    }

    /** Calls of someone, starting below the root. */
    public VfsFileCalls calls(String directory) {
        FsContext fs = new FsContext(mounts.root(), mounts.root(), TestingFiles.UMASK);
        Caller caller = new Caller(fs, Credentials.ofUser(0, 0, List.of()), 1, 1);
        Location base = vfs.resolve(caller, mounts.root(), PathName.of(directory), Lookup.FOLLOW);
        return new VfsFileCalls(vfs, caller, base);
    }

    /** The place of a name. */
    public Location resolve(String path) {
        FsContext fs = new FsContext(mounts.root(), mounts.root(), TestingFiles.UMASK);
        Caller caller = new Caller(fs, Credentials.ofUser(0, 0, List.of()), 1, 1);
        return vfs.resolve(caller, mounts.root(), PathName.of(path), Lookup.NO_FOLLOW);
    }

    @Override
    public void close() {
        open.forEach(FileDescription::close);
        open.clear();
        fileSystems.forEach(FileSystem::close);
    }
}

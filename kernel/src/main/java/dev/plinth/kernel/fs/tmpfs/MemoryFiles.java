package dev.plinth.kernel.fs.tmpfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.MemoryFilesState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;

/** Makes files in memory without a name, memfd_create(2). Any thread may use it. */
public final class MemoryFiles implements Stateful {
    private static final PathName PREFIX = PathName.of("/memfd:");
    private static final PathName SUFFIX = PathName.of(" (deleted)");
    private static final int FOR_EVERYONE = 0777;
    private static final int NOT_TO_BE_RUN = 0666;

    private final TmpFs fileSystem;

    /**
     * Makes files of a file system.
     *
     * @param fileSystem mounted nowhere; borrowed
     */
    public MemoryFiles(TmpFs fileSystem) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
    }

    /** Makes the same again, over the file system that was saved. */
    static void restoring(Restorers restorers) {
        restorers.add(
                KindCase.MEMORY_FILES,
                (object, reader) ->
                        new MemoryFiles(
                                reader.get(
                                        object.getMemoryFiles().getFileSystemRef(), TmpFs.class)));
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setMemoryFiles(
                        MemoryFilesState.newBuilder()
                                .setFileSystemRef(writer.reference(fileSystem)));
    }

    /**
     * Makes an empty file.
     *
     * @param name that is shown, and means nothing
     * @param sealable whether seals may be added
     * @param executable whether it can be run; if not, that is sealed
     * @return open for reading and writing, with one reference, the caller's
     */
    public FileDescription create(
            PathName name, boolean sealable, boolean executable, Credentials maker) {
        NewNode node =
                new NewNode(
                        executable ? FOR_EVERYONE : NOT_TO_BE_RUN,
                        maker.uids().fileSystem(),
                        maker.gids().fileSystem());
        TmpfsFile file = new TmpfsFile(fileSystem, node, 0);
        int seals = sealable || !executable ? 0 : Fcntl.F_SEAL_SEAL;
        file.content().seals().reset(executable ? seals : Fcntl.F_SEAL_EXEC);
        Location place = Location.unnamed(file, PREFIX.concat(name).concat(SUFFIX));
        return file.open(place, Fcntl.O_RDWR | Fcntl.O_LARGEFILE);
    }
}

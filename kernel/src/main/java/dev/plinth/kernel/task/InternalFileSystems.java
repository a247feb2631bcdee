package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.fs.pipefs.PipeFs;
import dev.plinth.kernel.fs.tmpfs.MemoryFiles;
import dev.plinth.kernel.net.UnixSockets;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.IpcSubsystemState;
import dev.plinth.kernel.vfs.AnonInodeFs;

/**
 * The file systems that are mounted nowhere, and whose files have no name: Linux mounts them for
 * itself ({@code kern_mount}).
 *
 * @param pipes makes pipes and opens FIFOs
 * @param sockets makes sockets and knows their names
 * @param memoryFiles makes files in memory without a name
 * @param anonymous for what is no file but has a descriptor
 */
public record InternalFileSystems(
        PipeFs pipes, UnixSockets sockets, MemoryFiles memoryFiles, AnonInodeFs anonymous) {
    public InternalFileSystems {
        requireNonNull(pipes, "pipes is null");
        requireNonNull(sockets, "sockets is null");
        requireNonNull(memoryFiles, "memoryFiles is null");
        requireNonNull(anonymous, "anonymous is null");
    }

    /** What is saved of them. */
    public IpcSubsystemState saveState(StateWriter writer) {
        return IpcSubsystemState.newBuilder()
                .setPipeFsRef(writer.reference(pipes))
                .setUnixSocketsRef(writer.reference(sockets))
                .setMemoryFilesRef(writer.reference(memoryFiles))
                .setAnonInodeFsRef(writer.reference(anonymous))
                .build();
    }

    /**
     * Those that were saved.
     *
     * @param reader whose restorers know each of them
     */
    public static InternalFileSystems restore(IpcSubsystemState state, StateReader reader) {
        return new InternalFileSystems(
                reader.get(state.getPipeFsRef(), PipeFs.class),
                reader.get(state.getUnixSocketsRef(), UnixSockets.class),
                reader.get(state.getMemoryFilesRef(), MemoryFiles.class),
                reader.get(state.getAnonInodeFsRef(), AnonInodeFs.class));
    }
}

package dev.plinth.kernel.fs.pipefs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.PipeInodeState;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.AnonymousInode;
import dev.plinth.kernel.vfs.FileType;

import java.time.Instant;

/** The file that both ends of a pipe are. */
final class PipeInode extends AnonymousInode {
    private static final int OWNER_MAY_READ_AND_WRITE = 0600;

    private final Pipe pipe;

    PipeInode(AnonymousFs fileSystem, long number, Pipe pipe, Credentials maker, Instant now) {
        super(fileSystem, number, FileType.FIFO, OWNER_MAY_READ_AND_WRITE, maker, now);
        this.pipe = requireNonNull(pipe, "pipe is null");
    }

    /** For the restore. */
    private PipeInode(PipeInodeState state, StateReader reader) {
        super(state.getInode(), FileType.FIFO, reader);
        this.pipe = reader.get(state.getPipeRef(), Pipe.class);
    }

    static PipeInode restore(ObjectState object, StateReader reader) {
        return new PipeInode(object.getPipeInode(), reader);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setPipeInode(
                        PipeInodeState.newBuilder()
                                .setInode(saveAnonymousInode(writer))
                                .setPipeRef(writer.reference(pipe)));
    }

    Pipe pipe() {
        return pipe;
    }

    @Override
    protected void unused() {
        pipe.discard();
    }
}

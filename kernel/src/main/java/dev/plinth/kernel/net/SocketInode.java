package dev.plinth.kernel.net;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.SocketInodeState;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.AnonymousInode;
import dev.plinth.kernel.vfs.FileType;

import java.time.Instant;

/** The file that a socket is to fstat(2); it cannot be opened. */
final class SocketInode extends AnonymousInode {
    private static final int PERMISSIONS = 0777;

    SocketInode(AnonymousFs fileSystem, long number, Credentials maker, Instant now) {
        super(fileSystem, number, FileType.SOCKET, PERMISSIONS, maker, now);
    }

    /** For the restore. */
    private SocketInode(SocketInodeState state, StateReader reader) {
        super(state.getInode(), FileType.SOCKET, reader);
    }

    static SocketInode restore(ObjectState object, StateReader reader) {
        return new SocketInode(object.getSocketInode(), reader);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setSocketInode(SocketInodeState.newBuilder().setInode(saveAnonymousInode(writer)));
    }
}

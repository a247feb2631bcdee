package dev.plinth.kernel.net;

import dev.plinth.kernel.state.proto.SocketCredentialsState;
import dev.plinth.kernel.vfs.Caller;

/**
 * Who sent something, or made a connection: {@code struct ucred}.
 *
 * @param pid of the process
 * @param uid effective user
 * @param gid effective group
 */
public record SocketCredentials(int pid, int uid, int gid) {
    /** Of a peer that there never was: SO_PEERCRED. */
    public static final SocketCredentials NOBODY = new SocketCredentials(0, -1, -1);

    /** Those of a caller, as SO_PEERCRED shows them. */
    public static SocketCredentials of(Caller caller) {
        return new SocketCredentials(
                caller.processId(),
                caller.credentials().uids().effective(),
                caller.credentials().gids().effective());
    }

    /** Those of a caller, as SCM_CREDENTIALS carries them if nothing else is said. */
    public static SocketCredentials ofSender(Caller caller) {
        return new SocketCredentials(
                caller.processId(),
                caller.credentials().uids().real(),
                caller.credentials().gids().real());
    }

    /** What is saved of them. */
    SocketCredentialsState save() {
        return SocketCredentialsState.newBuilder().setPid(pid).setUid(uid).setGid(gid).build();
    }

    /** Credentials that were saved. */
    static SocketCredentials restore(SocketCredentialsState state) {
        return new SocketCredentials(state.getPid(), state.getUid(), state.getGid());
    }
}

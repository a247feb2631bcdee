package dev.plinth.kernel.net;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.UnixSocketState;
import dev.plinth.kernel.state.proto.UnixSocketState.Connection;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Whom a socket is connected with, or whether it waits for others: {@code sk_state}, {@code
 * unix_peer} and {@code sk_peer_cred}.
 *
 * <p>A socket keeps the peer that it lost, and stays connected, until it is told to disconnect. A
 * socket for datagrams may have a peer that does not have it.
 *
 * <p>Lasting state: all of it. Any thread may call any method; without a lock, since state and peer
 * change together only when a socket begins or ceases to have one.
 */
@SavedWith(UnixSocket.class)
final class Association {
    private final AtomicReference<State> state;
    private final AtomicReference<Optional<UnixSocket>> peer =
            new AtomicReference<>(Optional.empty());

    private volatile SocketCredentials peerCredentials;

    private enum State {
        IDLE(Connection.IDLE),
        LISTENING(Connection.LISTENING),
        CONNECTED(Connection.CONNECTED);

        private final Connection saved;

        State(Connection saved) {
            this.saved = saved;
        }

        static State restore(Connection saved) {
            for (State state : values()) {
                if (state.saved == saved) {
                    return state;
                }
            }
            throw StateReader.corrupt("a socket is in a state that is not known");
        }
    }

    /** With nobody. */
    Association() {
        this(State.IDLE, SocketCredentials.NOBODY);
    }

    private Association(State state, SocketCredentials peerCredentials) {
        this.state = new AtomicReference<>(state);
        this.peerCredentials = peerCredentials;
    }

    /** What was saved, but for the peer, which may not be there yet: see {@link #restorePeer}. */
    static Association restore(UnixSocketState state) {
        return new Association(
                State.restore(state.getConnection()),
                SocketCredentials.restore(state.getPeerCredentials()));
    }

    /** Has the peer again that was saved. */
    void restorePeer(Optional<UnixSocket> other) {
        peer.set(other);
    }

    /** Adds itself to what is saved of its socket. */
    void save(UnixSocketState.Builder saved, StateWriter writer) {
        saved.setConnection(state.get().saved)
                .setPeerRef(writer.reference(peer.get()))
                .setPeerCredentials(peerCredentials.save());
    }

    /** The socket at the other end, which may be gone. */
    Optional<UnixSocket> peer() {
        return peer.get();
    }

    /** Who made the other end; {@link SocketCredentials#NOBODY} if there never was one. */
    SocketCredentials peerCredentials() {
        return peerCredentials;
    }

    /** Says who made the other end, or of one that listens who does. */
    void setPeerCredentials(SocketCredentials credentials) {
        peerCredentials = credentials;
    }

    boolean isIdle() {
        return state.get() == State.IDLE;
    }

    boolean isListening() {
        return state.get() == State.LISTENING;
    }

    /** Whether there is a peer, or was. */
    boolean isConnected() {
        return state.get() == State.CONNECTED;
    }

    /** Whether a socket may send something here: one that has a peer hears from nobody else. */
    boolean hearsFrom(UnixSocket sender) {
        return peer.get().map(sender::equals).orElse(true);
    }

    /** Whether a socket is the peer. */
    boolean isWith(UnixSocket other) {
        return peer.get().filter(other::equals).isPresent();
    }

    /**
     * Waits for others from now on.
     *
     * @return false if it cannot, for it is connected
     */
    boolean listen() {
        return state.compareAndSet(State.IDLE, State.LISTENING) || isListening();
    }

    /**
     * Begins a connection, whose other end {@link #meet} tells.
     *
     * @throws ErrnoException EINVAL if it listens; EISCONN if it is connected
     */
    void beginConnection() {
        if (!state.compareAndSet(State.IDLE, State.CONNECTED)) {
            throw ErrnoException.of(isListening() ? Errno.EINVAL : Errno.EISCONN);
        }
    }

    /** The other end of the connection that was begun. */
    void meet(UnixSocket other) {
        peer.set(Optional.of(other));
    }

    /** Has a peer, whoever it had before. */
    void connect(UnixSocket other) {
        peer.set(Optional.of(other));
        state.set(State.CONNECTED);
    }

    /** Has no peer any more. */
    void disconnect() {
        peer.set(Optional.empty());
        state.set(State.IDLE);
    }

    /** Has no peer any more, if it is this one. */
    void disconnectFrom(UnixSocket other) {
        Optional<UnixSocket> now = peer.get();
        if (now.filter(other::equals).isPresent() && peer.compareAndSet(now, Optional.empty())) {
            state.set(State.IDLE);
        }
    }
}

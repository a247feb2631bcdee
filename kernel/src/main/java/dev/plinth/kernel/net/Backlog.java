package dev.plinth.kernel.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.BacklogState;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Supplier;

/**
 * The connections that a listening socket has not accepted yet. A socket that never listened has
 * one too, which is shut.
 *
 * <p>Lasting state: the limit, and the sockets in order.
 *
 * <p>Any thread may call any method. Its lock is held while a connection is made, which takes no
 * other.
 */
@SavedWith(UnixSocket.class)
final class Backlog {
    private final Object backlogLock = new Object();

    @GuardedBy("backlogLock")
    private final Deque<UnixSocket> waiting = new ArrayDeque<>();

    @GuardedBy("backlogLock")
    private boolean open;

    /** Unsigned. */
    @GuardedBy("backlogLock")
    private int limit;

    /** Who listens: what a peer sees as SO_PEERCRED. */
    @GuardedBy("backlogLock")
    private SocketCredentials listener = SocketCredentials.NOBODY;

    /** What is saved of it. */
    @SuppressWarnings("GuardedBy") // The world is stopped.
    BacklogState save(StateWriter writer) {
        return BacklogState.newBuilder()
                .setOpen(open)
                .setLimit(limit)
                .setListener(listener.save())
                .addAllWaitingRefs(writer.references(waiting))
                .build();
    }

    /**
     * Has what was saved again; retains the sockets that wait.
     *
     * @param listens whether the socket does whose backlog it is
     */
    void restore(BacklogState state, boolean listens, StateReader reader) {
        synchronized (backlogLock) {
            // Were there one behind another, giving up the first would give up all of them.
            if (!listens && (state.getOpen() || state.getWaitingRefsCount() > 0)) {
                throw StateReader.corrupt("connections wait where nobody listens");
            }
            open = state.getOpen();
            limit = state.getLimit();
            listener = SocketCredentials.restore(state.getListener());
            for (int reference : state.getWaitingRefsList()) {
                UnixSocket connection = reader.get(reference, UnixSocket.class);
                if (!connection.startWaiting()) {
                    throw StateReader.corrupt("a socket waits to be accepted that cannot be");
                }
                connection.retain();
                waiting.add(connection);
            }
        }
    }

    /** Lets connections come, or changes how many may wait. */
    void open(int newLimit, SocketCredentials credentials) {
        synchronized (backlogLock) {
            open = true;
            limit = newLimit;
            listener = credentials;
        }
    }

    boolean isOpen() {
        synchronized (backlogLock) {
            return open;
        }
    }

    boolean isEmpty() {
        synchronized (backlogLock) {
            return waiting.isEmpty();
        }
    }

    boolean hasRoom() {
        synchronized (backlogLock) {
            return !open || hasRoomLocked();
        }
    }

    @GuardedBy("backlogLock")
    private boolean hasRoomLocked() {
        return Integer.compareUnsigned(waiting.size(), limit) <= 0;
    }

    /**
     * Adds a connection.
     *
     * @param connection makes the socket that waits; may refuse
     * @return who listens
     * @throws ErrnoException ECONNREFUSED if nobody listens; EAGAIN if too many wait
     */
    SocketCredentials add(Supplier<UnixSocket> connection) {
        synchronized (backlogLock) {
            if (!open) {
                throw ErrnoException.of(Errno.ECONNREFUSED);
            }
            if (!hasRoomLocked()) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
            waiting.add(connection.get());
            return listener;
        }
    }

    /**
     * Takes the first connection, with its reference.
     *
     * @throws ErrnoException EAGAIN if there is none
     */
    UnixSocket take() {
        synchronized (backlogLock) {
            if (waiting.isEmpty()) {
                throw ErrnoException.of(Errno.EAGAIN);
            }
            return waiting.removeFirst();
        }
    }

    /** Lets none come any more, and gives up those that wait. */
    List<UnixSocket> close() {
        synchronized (backlogLock) {
            open = false;
            List<UnixSocket> left = List.copyOf(waiting);
            waiting.clear();
            return left;
        }
    }

    /** Those that wait. */
    List<UnixSocket> sockets() {
        synchronized (backlogLock) {
            return List.copyOf(waiting);
        }
    }
}

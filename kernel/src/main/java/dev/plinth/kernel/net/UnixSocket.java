package dev.plinth.kernel.net;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.MessageState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.UnixSocketState;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.UserMemory;
import dev.plinth.kernel.vfs.WaitQueue;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Poll;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A Unix socket: {@code struct unix_sock}, net/unix/af_unix.c.
 *
 * <p>What it keeps is in parts, each with an idea of its own: whom it is connected with, what was
 * shut down, what it has sent, what waits to be received and to be accepted. Here is what calls
 * make of them; each looks at several parts, of this socket and of its peer, so that all of them
 * are in one class.
 *
 * <p>Lasting state: type, name, a pending error, the options, and the parts. How much of its
 * sending buffer is used follows from the queues of others.
 *
 * <p>Any thread may call any method. Nothing here waits; see {@link FileDescription}.
 */
public final class UnixSocket extends FileDescription {
    private static final int READABLE = Poll.POLLIN | Poll.POLLRDNORM;
    private static final int WRITABLE = Poll.POLLOUT | Poll.POLLWRNORM | Poll.POLLWRBAND;
    private static final int EVERYTHING =
            READABLE | WRITABLE | Poll.POLLHUP | Poll.POLLRDHUP | Poll.POLLERR;

    /** How many messages of strangers may wait: max_dgram_qlen of unix(7). */
    private static final int STRANGERS_MESSAGES = 10;

    private final UnixSockets sockets;
    private final SocketType type;
    private final SocketOptions options = new SocketOptions();
    private final WaitQueue waiters = new WaitQueue();
    private final MessageQueue queue;
    private final Backlog backlog = new Backlog();
    private final Association association;
    private final Shutdown shutdown;
    private final SendBuffer sendBuffer;

    /** The number of an errno, once; zero for none. */
    private final AtomicInteger pendingError = new AtomicInteger();

    /** Written with the lock of the names held. */
    private volatile SocketAddress localAddress = SocketAddress.UNNAMED;

    /** Confined to the thread that restores. */
    @NotSaved("follows from the backlogs")
    private boolean restoredWaiting;

    /** Nobody has it open any more; others may still know it as their peer. */
    private volatile boolean dead;

    UnixSocket(Location location, UnixSockets sockets, SocketType type) {
        super(location, Fcntl.O_RDWR);
        this.sockets = requireNonNull(sockets, "sockets is null");
        this.type = requireNonNull(type, "type is null");
        this.queue = new MessageQueue(sockets.flights());
        this.association = new Association();
        this.shutdown = new Shutdown();
        this.sendBuffer = new SendBuffer(sockets, options);
    }

    /** For the restore, which links it to others later. */
    private UnixSocket(Location location, UnixSockets sockets, UnixSocketState state) {
        super(location, state.getFile().getFlags());
        this.sockets = requireNonNull(sockets, "sockets is null");
        this.type = SocketType.restore(state.getType());
        this.queue = new MessageQueue(sockets.flights());
        this.association = Association.restore(state);
        this.shutdown = Shutdown.restore(state.getShut());
        this.sendBuffer = new SendBuffer(sockets, options);
        if (isListening() && !type.isConnected()) {
            throw StateReader.corrupt("a socket for datagrams listens");
        }
        options.restore(state.getOptions());
        pendingError.set(state.getPendingError());
        if (state.getPendingError() != 0 && Errno.of(state.getPendingError()).isEmpty()) {
            throw StateReader.corrupt("there is no error " + state.getPendingError());
        }
        localAddress = SocketAddress.restore(state.getLocalAddress());
    }

    static UnixSocket restore(ObjectState object, StateReader reader) {
        UnixSocketState state = object.getUnixSocket();
        UnixSocket socket =
                new UnixSocket(
                        Location.restore(state.getFile().getLocation(), reader),
                        reader.get(state.getSocketsRef(), UnixSockets.class),
                        state);
        if (state.getDead()) {
            socket.close();
        } else {
            socket.restoreOpenFile(state.getFile(), reader);
        }
        reader.later(() -> socket.restoreLinks(state, reader));
        return socket;
    }

    private void restoreLinks(UnixSocketState saved, StateReader reader) {
        Optional<UnixSocket> other = reader.find(saved.getPeerRef(), UnixSocket.class);
        boolean fits = other.isEmpty() || other.get().type == type;
        boolean waits =
                saved.getMessagesCount() > 0 || saved.getBacklog().getWaitingRefsCount() > 0;
        if (!fits || (dead && waits)) {
            throw StateReader.corrupt("a socket has a peer of another type, or is gone");
        }
        association.restorePeer(other);
        for (MessageState message : saved.getMessagesList()) {
            restoreMessage(Message.restore(message, reader));
        }
        backlog.restore(saved.getBacklog(), isListening() && !dead, reader);
    }

    private void restoreMessage(Message message) {
        message.sender().sendBuffer.take(message);
        if (!message.rights().isEmpty()) {
            sockets.flights()
                    .send(
                            new Outgoing(
                                    SocketCredentials.NOBODY,
                                    Optional.empty(),
                                    message.rights(),
                                    true,
                                    Long.MAX_VALUE));
        }
        queue.add(message);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        UnixSocketState.Builder saved =
                UnixSocketState.newBuilder()
                        .setFile(saveOpenFile(writer))
                        .setSocketsRef(writer.reference(sockets))
                        .setType(type.number())
                        .setOptions(options.save())
                        .setShut(shutdown.save())
                        .setPendingError(pendingError.get())
                        .setLocalAddress(localAddress.save())
                        .setDead(dead)
                        .setBacklog(backlog.save(writer));
        association.save(saved, writer);
        for (Message message : queue.messages()) {
            saved.addMessages(message.save(writer));
        }
        return ObjectState.newBuilder().setUnixSocket(saved);
    }

    /**
     * Makes it one that waits to be accepted, in a restore: a connection is in one backlog, once.
     *
     * @return whether it can be one
     */
    boolean startWaiting() {
        boolean can = !restoredWaiting && !dead && type.isConnected() && isConnected();
        restoredWaiting = true;
        return can;
    }

    /** How it passes on what is sent. */
    public SocketType type() {
        return type;
    }

    /** What was set on it. */
    public SocketOptions options() {
        return options;
    }

    /** Its name. */
    public SocketAddress localAddress() {
        return localAddress;
    }

    /** Who made the other end; {@link SocketCredentials#NOBODY} if there never was one. */
    public SocketCredentials peerCredentials() {
        return association.peerCredentials();
    }

    /** Whether connections can be made to it: SO_ACCEPTCONN. */
    public boolean isListening() {
        return association.isListening();
    }

    /** Whether it is connected, or was. */
    public boolean isConnected() {
        return association.isConnected();
    }

    /** The number of the error that happened since it was last asked for, or 0: SO_ERROR. */
    public int takeError() {
        return pendingError.getAndSet(0);
    }

    private void throwPendingError() {
        int error = takeError();
        if (error != 0) {
            throw ErrnoException.of(Errno.of(error).orElseThrow());
        }
    }

    /**
     * The name of its peer.
     *
     * @throws ErrnoException ENOTCONN if it has none
     */
    public SocketAddress peerAddress() {
        return association.peer().orElseThrow(() -> ErrnoException.of(Errno.ENOTCONN)).localAddress;
    }

    /** The lock of the names is held. */
    void setLocalAddress(SocketAddress address) {
        localAddress = address;
    }

    /**
     * Refuses if it has a name.
     *
     * @throws ErrnoException EINVAL
     */
    void requireUnbound() {
        if (!localAddress.isUnnamed()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    void setPeer(UnixSocket other, SocketCredentials credentials) {
        association.setPeerCredentials(credentials);
        association.connect(other);
    }

    /**
     * Lets others connect, as listen(2).
     *
     * @throws ErrnoException EOPNOTSUPP if it is not for connections; EINVAL if it has no name, or
     *     is connected
     */
    public void listen(int limit, Caller caller) {
        if (!type.isConnected()) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        if (localAddress.isUnnamed() || !association.listen()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        SocketCredentials listener = SocketCredentials.of(caller);
        association.setPeerCredentials(listener);
        backlog.open(limit, listener);
        waiters.wake(WRITABLE);
    }

    /**
     * Connects to a socket, as connect(2).
     *
     * @throws ErrnoException EAGAIN if too many wait there already; ECONNREFUSED if it does not
     *     listen; EISCONN or EINVAL if this one is in use; EPERM if it is another's
     */
    public void connect(UnixSocket target, Caller caller) {
        if (!type.isConnected()) {
            requireMaySend(target);
            association.connect(target);
            return;
        }
        if (target.shutdown.ofReceiving()) {
            throw ErrnoException.of(Errno.ECONNREFUSED);
        }
        SocketCredentials listener =
                target.backlog.add(() -> {
                    association.beginConnection();
                    UnixSocket other = sockets.newSocket(type, caller);
                    other.localAddress = target.localAddress;
                    other.setPeer(this, SocketCredentials.of(caller));
                    association.meet(other);
                    return other;
                });
        association.setPeerCredentials(listener);
        target.waiters.wake(READABLE);
    }

    /** Has no peer any more, as connect(2) with AF_UNSPEC. */
    public void disconnect() {
        association.disconnect();
    }

    /** Adds to a set what to wait for to see whether there is room for one more connection. */
    public void watchBacklog(WaitSet set) {
        set.add(waiters, WRITABLE);
    }

    /** Adds to a set what to wait for to see whether it takes one more message. */
    public void watchQueue(WaitSet set) {
        set.add(waiters, WRITABLE);
    }

    /**
     * Takes a connection, as accept(2).
     *
     * @return with one reference, the caller's
     * @throws ErrnoException EAGAIN if there is none; EINVAL if it does not listen; EOPNOTSUPP
     */
    public UnixSocket accept() {
        if (!type.isConnected()) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        if (!isListening()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (shutdown.ofReceiving() && backlog.isEmpty()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        UnixSocket accepted = backlog.take();
        waiters.wake(WRITABLE);
        return accepted;
    }

    /**
     * Ends one direction or both, as shutdown(2).
     *
     * @throws ErrnoException EINVAL if there is no such direction
     */
    public void shutdown(int how) {
        if (how < Socket.SHUT_RD || how > Socket.SHUT_RDWR) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        shutdown.add(how);
        if (type.isConnected()) {
            association
                    .peer()
                    .ifPresent(other -> {
                        other.shutdown.addAtPeer(how);
                        other.waiters.wake(EVERYTHING);
                    });
        }
        waiters.wake(EVERYTHING);
    }

    @Override
    protected void dispose() {
        dead = true;
        shutdown.addBoth();
        sockets.forget(this);
        // Its peer learns that something was lost.
        boolean lost = !queue.isEmpty();
        for (UnixSocket connection : backlog.close()) {
            connection.association.peer().ifPresent(other -> other.lose(true));
            connection.close();
        }
        if (type.isConnected()) {
            association.peer().ifPresent(other -> other.lose(lost));
        }
        List<FileDescription> rights = new ArrayList<>();
        for (Message message : queue.close()) {
            message.sender().release(message.memory());
            rights.addAll(message.takeRights());
        }
        waiters.wake(EVERYTHING);
        sockets.flights().drop(rights);
        sockets.flights().collect();
    }

    /** The peer is gone. */
    private void lose(boolean somethingLost) {
        if (somethingLost) {
            pendingError.set(Errno.ECONNRESET.number());
        }
        shutdown.addBoth();
        waiters.wake(EVERYTHING);
    }

    /** Whether messages alone keep it open: this many. */
    boolean isHeldBy(int messages) {
        return references() == messages;
    }

    /** The sockets that wait to be received here, or by a connection that waits to be accepted. */
    List<UnixSocket> queuedSockets() {
        List<UnixSocket> found = new ArrayList<>(queue.sockets());
        backlog.sockets().forEach(connection -> found.addAll(connection.queue.sockets()));
        return found;
    }

    /** Takes away the files that wait to be received here, or by a waiting connection. */
    List<FileDescription> takeQueuedRights() {
        List<FileDescription> taken = new ArrayList<>(queue.takeRights());
        backlog.sockets().forEach(connection -> taken.addAll(connection.queue.takeRights()));
        return taken;
    }

    @Override
    public long write(IoBuffer source) {
        return send(source, Outgoing.bytesOf(peerCredentials()), Optional.empty());
    }

    /**
     * Sends what there is room for; of a message all or nothing.
     *
     * @param target where to, if not to the peer; not for connections
     * @return how many bytes were sent
     * @throws ErrnoException EAGAIN if there is no room; EPIPE, ENOTCONN, ECONNREFUSED, ECONNRESET,
     *     EISCONN, EMSGSIZE, EPERM, ETOOMANYREFS, ENOBUFS as in unix(7); EFAULT
     */
    public long send(IoBuffer source, Outgoing outgoing, Optional<UnixSocket> target) {
        return type == SocketType.STREAM
                ? sendStream(source, outgoing)
                : sendMessage(source, outgoing, target);
    }

    private long sendStream(IoBuffer source, Outgoing outgoing) {
        UnixSocket to = association.peer().orElseThrow(() -> ErrnoException.of(Errno.ENOTCONN));
        if (shutdown.ofSending()) {
            throw ErrnoException.of(Errno.EPIPE);
        }
        Outgoing rest = outgoing;
        long sent = 0;
        while (source.remaining() > 0) {
            int length = (int) Math.min(source.remaining(), sendBuffer.longestPart());
            try {
                sendBuffer.requireRoom();
                enqueue(to, copy(source, length), rest);
            } catch (ErrnoException e) {
                if (sent > 0) {
                    break;
                }
                throw e;
            }
            sent += length;
            rest = outgoing.rest();
        }
        return sent;
    }

    private static byte[] copy(IoBuffer source, int length) {
        byte[] bytes = new byte[length];
        if (source.copyInto(MemorySegment.ofArray(bytes)) < length) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return bytes;
    }

    /** Passes a message on, unless the receiver no longer takes any. */
    private void enqueue(UnixSocket to, byte[] bytes, Outgoing outgoing) {
        if (to.shutdown.ofReceiving()) {
            throw ErrnoException.of(Errno.EPIPE);
        }
        if (!sendBuffer.pass(message(to, bytes, outgoing), outgoing, to.queue)) {
            throw ErrnoException.of(type.isConnected() ? Errno.EPIPE : Errno.ECONNREFUSED);
        }
        to.waiters.wake(READABLE);
    }

    private Message message(UnixSocket to, byte[] bytes, Outgoing outgoing) {
        boolean asked = options.passesCredentials() || to.options.passesCredentials();
        Optional<SocketCredentials> credentials =
                outgoing.credentials()
                        .or(() -> asked ? Optional.of(outgoing.sender()) : Optional.empty());
        return new Message(bytes, this, localAddress, credentials, outgoing.rights());
    }

    private long sendMessage(IoBuffer source, Outgoing outgoing, Optional<UnixSocket> target) {
        if (type.isConnected()) {
            throwPendingError();
            if (!isConnected()) {
                throw ErrnoException.of(Errno.ENOTCONN);
            }
        }
        UnixSocket to =
                target.or(association::peer).orElseThrow(() -> ErrnoException.of(Errno.ENOTCONN));
        if (source.remaining() > sendBuffer.longestMessage()) {
            throw ErrnoException.of(Errno.EMSGSIZE);
        }
        throwPendingError();
        if (shutdown.ofSending()) {
            throw ErrnoException.of(Errno.EPIPE);
        }
        sendBuffer.requireRoom();
        requireMaySend(to);
        if (to.dead) {
            association.disconnectFrom(to);
            throw ErrnoException.of(Errno.ECONNREFUSED);
        }
        if (to.shutdown.ofReceiving()) {
            throw ErrnoException.of(Errno.EPIPE);
        }
        if (to.isFullFor(this)) {
            throw ErrnoException.of(Errno.EAGAIN);
        }
        byte[] bytes = copy(source, (int) source.remaining());
        enqueue(to, bytes, outgoing);
        return bytes.length;
    }

    /** {@code unix_may_send}: who has a peer hears from nobody else. */
    private void requireMaySend(UnixSocket to) {
        if (!to.association.hearsFrom(this)) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    private boolean isFullFor(UnixSocket sender) {
        return !association.isWith(sender) && !equals(sender) && queue.size() > STRANGERS_MESSAGES;
    }

    /** A message was read, or given up. */
    void release(int memory) {
        sendBuffer.give(memory);
        if (hasRoomToPoll()) {
            waiters.wake(WRITABLE);
        }
    }

    private boolean hasRoomToPoll() {
        return !isListening() && sendBuffer.hasRoomToPoll();
    }

    /** As Linux, does nothing if there is no room for anything. */
    @Override
    public long read(IoBuffer destination) {
        if (destination.remaining() == 0) {
            return 0;
        }
        Received received = receive(destination, false, !isNonBlocking());
        sockets.flights().closeReceived(received.rights());
        return received.count();
    }

    /** A part of a stream that was received before: who sent it is whoever is connected. */
    public Received receivedBefore(long count) {
        SocketAddress from =
                association.peer().map(UnixSocket::localAddress).orElse(SocketAddress.UNNAMED);
        return new Received(count, count, from, Optional.of(peerCredentials()), List.of());
    }

    /**
     * Receives what there is: a message, or bytes.
     *
     * @param peek whether it stays, to be received again
     * @param waits whether the caller waits if there is nothing
     * @throws ErrnoException EAGAIN if there is nothing yet; ENOTCONN or EINVAL if it is not
     *     connected; ECONNRESET; EFAULT
     */
    public Received receive(IoBuffer destination, boolean peek, boolean waits) {
        // Asked before the queue is: who sends something and leaves does so in this order.
        boolean ended = shutdown.ofReceiving();
        boolean failed = pendingError.get() != 0;
        boolean connected = isConnected();
        try {
            if (type == SocketType.STREAM) {
                if (!connected) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                return queue.readStream(destination, peek, options.passesCredentials());
            }
            if (type.isConnected() && !connected) {
                throw ErrnoException.of(Errno.ENOTCONN);
            }
            throwPendingError();
            Received received = queue.readMessage(destination, peek);
            waiters.wake(WRITABLE);
            return received;
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EAGAIN) {
                throw e;
            }
        }
        if (failed) {
            throwPendingError();
        }
        // Those who look for messages once are told that there are none, unless in a connection.
        if (ended && (type.isConnected() || waits)) {
            return Received.END;
        }
        throw ErrnoException.of(Errno.EAGAIN);
    }

    @Override
    public int ready(int events) {
        int ready = 0;
        if (pendingError.get() != 0) {
            ready |= Poll.POLLERR;
        }
        if (shutdown.ofReceiving()) {
            ready |= Poll.POLLRDHUP | READABLE;
            ready |= shutdown.ofBoth() ? Poll.POLLHUP : 0;
        }
        if (!queue.isEmpty() || !backlog.isEmpty()) {
            ready |= READABLE;
        }
        if (type.isConnected() && association.isIdle()) {
            ready |= Poll.POLLHUP;
        }
        if (hasRoomToPoll() && !isPeerFull()) {
            ready |= WRITABLE;
        }
        return ready & (events | Poll.POLLERR | Poll.POLLHUP);
    }

    private boolean isPeerFull() {
        return !type.isConnected()
                && association.peer().map(to -> to.isFullFor(this)).orElse(false);
    }

    @Override
    public void watch(int events, WaitSet set) {
        set.add(waiters, events);
        if (!type.isConnected() && (events & WRITABLE) != 0) {
            association.peer().ifPresent(to -> set.add(to.waiters, WRITABLE));
        }
    }

    @Override
    public long readTimeout() {
        return options.receiveTimeout();
    }

    @Override
    public long writeTimeout() {
        return options.sendTimeout();
    }

    @Override
    public boolean breaksWithSignal() {
        return type == SocketType.STREAM;
    }

    @Override
    public long ioctl(int request, long argument, UserMemory memory) {
        int count =
                switch (request) {
                    case Socket.SIOCOUTQ -> sendBuffer.used();
                    case Socket.SIOCINQ -> {
                        if (isListening()) {
                            throw ErrnoException.of(Errno.EINVAL);
                        }
                        yield (int) queue.bytes(type == SocketType.DATAGRAM);
                    }
                    default -> throw ErrnoException.of(Errno.ENOTTY);
                };
        memory.copyOut(argument, MemorySegment.ofArray(new int[] {count}));
        return 0;
    }
}

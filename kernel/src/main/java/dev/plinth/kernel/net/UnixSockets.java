package dev.plinth.kernel.net;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.BoundPathState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.UnixSocketsState;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.Vfs;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Stat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The Unix sockets of a sandbox, unix(7), and their names.
 *
 * <p>Lasting state: which socket has which name, and which file system sockets are in.
 *
 * <p>Any thread may call any method.
 */
public final class UnixSockets implements Stateful {
    private static final int ALL_MAY_USE = 0777;

    /** {@code W_OK} of access(2). */
    private static final int MAY_WRITE = 2;

    /** How many bytes may be on their way in all sockets, so that they cannot fill the heap. */
    private static final long QUEUE_LIMIT = 256L << 20;

    /** {@code unix_autobind}: five hexadecimal digits. */
    private static final int AUTOMATIC_NAMES = 1 << 20;

    private final AnonymousFs fileSystem;
    private final InodeNumbers numbers;
    private final Clock clock;

    @NotSaved("follows from the messages that are not read yet")
    private final RightsInFlight flights = new RightsInFlight();

    @NotSaved("follows from the messages that are not read yet")
    private final AtomicLong queued = new AtomicLong();

    private final Object namesLock = new Object();

    @GuardedBy("namesLock")
    private final Map<SocketAddress, UnixSocket> abstractNames = new HashMap<>();

    /** By the inode of the name, which lives while the socket does. */
    @GuardedBy("namesLock")
    private final Map<Inode, UnixSocket> paths = new HashMap<>();

    @GuardedBy("namesLock")
    private int nextAutomatic;

    /**
     * No sockets yet.
     *
     * @param numbers gives numbers to the file system and to sockets
     */
    public UnixSockets(InodeNumbers numbers, Clock clock) {
        this(new AnonymousFs("sockfs", Fs.SOCKFS_MAGIC, numbers), numbers, clock);
    }

    private UnixSockets(AnonymousFs fileSystem, InodeNumbers numbers, Clock clock) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
        this.numbers = requireNonNull(numbers, "numbers is null");
        this.clock = requireNonNull(clock, "clock is null");
    }

    /**
     * Makes sockets again that were saved, with what makes new ones.
     *
     * @param clock of the sandbox that they are made in
     */
    public static void restoring(Restorers restorers, Clock clock) {
        restorers.add(
                KindCase.UNIX_SOCKETS,
                (object, reader) -> {
                    UnixSocketsState state = object.getUnixSockets();
                    UnixSockets sockets =
                            new UnixSockets(
                                    reader.get(state.getFileSystemRef(), AnonymousFs.class),
                                    InodeNumbers.of(reader),
                                    clock);
                    reader.later(() -> sockets.restoreNames(state, reader));
                    return sockets;
                });
        restorers.add(KindCase.SOCKET_INODE, SocketInode::restore);
        restorers.add(KindCase.UNIX_SOCKET, UnixSocket::restore);
    }

    private void restoreNames(UnixSocketsState state, StateReader reader) {
        synchronized (namesLock) {
            nextAutomatic = Math.floorMod(state.getNextAutomatic(), AUTOMATIC_NAMES);
            for (int reference : state.getAbstractRefsList()) {
                UnixSocket socket = reader.get(reference, UnixSocket.class);
                SocketAddress name = socket.localAddress();
                boolean isAbstract = !name.isUnnamed() && !name.isPath();
                if (!isAbstract || abstractNames.putIfAbsent(name, socket) != null) {
                    throw StateReader.corrupt("two sockets have one name, or one has none");
                }
            }
            for (BoundPathState path : state.getPathsList()) {
                Inode inode = reader.get(path.getInodeRef(), Inode.class);
                UnixSocket socket = reader.get(path.getSocketRef(), UnixSocket.class);
                if (inode.type() != FileType.SOCKET
                        || !socket.localAddress().isPath()
                        || paths.putIfAbsent(inode, socket) != null) {
                    throw StateReader.corrupt("two sockets have one path, or one has none");
                }
            }
        }
    }

    @Override
    @SuppressWarnings("GuardedBy") // The world is stopped.
    public ObjectState.Builder saveState(StateWriter writer) {
        UnixSocketsState.Builder state =
                UnixSocketsState.newBuilder()
                        .setFileSystemRef(writer.reference(fileSystem))
                        .addAllAbstractRefs(writer.references(abstractNames.values()))
                        .setNextAutomatic(nextAutomatic);
        paths.forEach((inode, socket) ->
                state.addPaths(
                        BoundPathState.newBuilder()
                                .setInodeRef(writer.reference(inode))
                                .setSocketRef(writer.reference(socket))));
        return ObjectState.newBuilder().setUnixSockets(state);
    }

    /** A socket without a name or a peer, with one reference, the caller's. */
    public UnixSocket newSocket(SocketType type, Caller maker) {
        SocketInode inode =
                new SocketInode(fileSystem, numbers.next(), maker.credentials(), clock.realtime());
        return new UnixSocket(inode.place("socket"), this, type);
    }

    /** Two sockets that are each other's peer, each with one reference, the caller's. */
    public List<UnixSocket> newPair(SocketType type, Caller maker) {
        UnixSocket first = newSocket(type, maker);
        UnixSocket second = newSocket(type, maker);
        SocketCredentials credentials = SocketCredentials.of(maker);
        first.setPeer(second, credentials);
        second.setPeer(first, credentials);
        return List.of(first, second);
    }

    /**
     * Takes memory for a message.
     *
     * @throws ErrnoException ENOBUFS if there is none
     */
    void reserve(int memory) {
        if (queued.addAndGet(memory) > QUEUE_LIMIT) {
            queued.addAndGet(-memory);
            throw ErrnoException.of(Errno.ENOBUFS);
        }
    }

    /** Gives back what {@link #reserve} took. */
    void unreserve(int memory) {
        queued.addAndGet(-memory);
    }

    RightsInFlight flights() {
        return flights;
    }

    /**
     * Gives a socket a name, as bind(2).
     *
     * @throws ErrnoException EADDRINUSE; EINVAL if it has one; whatever mknod(2) fails with
     */
    public void bind(UnixSocket socket, SocketAddress address, Caller caller, Vfs vfs) {
        if (address.isUnnamed()) {
            if (socket.localAddress().isUnnamed()) {
                bindAutomatically(socket);
            }
            return;
        }
        if (address.isPath()) {
            bindPath(socket, address, caller, vfs);
            return;
        }
        synchronized (namesLock) {
            socket.requireUnbound();
            if (abstractNames.putIfAbsent(address, socket) != null) {
                throw ErrnoException.of(Errno.EADDRINUSE);
            }
            socket.setLocalAddress(address);
        }
    }

    private void bindAutomatically(UnixSocket socket) {
        synchronized (namesLock) {
            for (int i = 0; i < AUTOMATIC_NAMES; i++) {
                nextAutomatic = (nextAutomatic + 1) % AUTOMATIC_NAMES;
                SocketAddress address = SocketAddress.ofAbstract("%05x".formatted(nextAutomatic));
                if (abstractNames.putIfAbsent(address, socket) == null) {
                    socket.setLocalAddress(address);
                    return;
                }
            }
            throw ErrnoException.of(Errno.ENOSPC);
        }
    }

    private void bindPath(UnixSocket socket, SocketAddress address, Caller caller, Vfs vfs) {
        socket.requireUnbound();
        Location base = caller.fs().workingDirectory();
        int mode = Stat.S_IFSOCK | ALL_MAY_USE;
        try {
            vfs.makeNode(caller, base, address.path(), mode, DeviceNumber.NONE);
        } catch (ErrnoException e) {
            throw e.errno() == Errno.EEXIST ? ErrnoException.of(Errno.EADDRINUSE) : e;
        }
        Inode inode = vfs.resolve(caller, base, address.path(), Lookup.NO_FOLLOW).inode();
        synchronized (namesLock) {
            socket.requireUnbound();
            // The path may lead elsewhere by now: to a socket that another one listens at.
            if (inode.type() != FileType.SOCKET || paths.putIfAbsent(inode, socket) != null) {
                throw ErrnoException.of(Errno.EADDRINUSE);
            }
            socket.setLocalAddress(address);
        }
    }

    /**
     * The socket of a name, {@code unix_find_other}.
     *
     * @throws ErrnoException ECONNREFUSED if no socket has the name; EPROTOTYPE if it is of another
     *     type; what path resolution fails with; EACCES if it may not be written
     */
    public UnixSocket find(SocketAddress address, SocketType type, Caller caller, Vfs vfs) {
        if (address.isUnnamed()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Optional<UnixSocket> found =
                address.isPath() ? findPath(address, caller, vfs) : findAbstract(address);
        UnixSocket socket = found.orElseThrow(() -> ErrnoException.of(Errno.ECONNREFUSED));
        if (socket.type() != type) {
            throw ErrnoException.of(Errno.EPROTOTYPE);
        }
        return socket;
    }

    private Optional<UnixSocket> findAbstract(SocketAddress address) {
        synchronized (namesLock) {
            return Optional.ofNullable(abstractNames.get(address));
        }
    }

    private Optional<UnixSocket> findPath(SocketAddress address, Caller caller, Vfs vfs) {
        Location place =
                vfs.resolve(caller, caller.fs().workingDirectory(), address.path(), Lookup.FOLLOW);
        vfs.checkAccess(caller, place, MAY_WRITE);
        if (place.inode().type() != FileType.SOCKET) {
            return Optional.empty();
        }
        synchronized (namesLock) {
            return Optional.ofNullable(paths.get(place.inode()));
        }
    }

    /** A socket is gone, and its name means nothing any more. */
    void forget(UnixSocket socket) {
        SocketAddress address = socket.localAddress();
        if (address.isUnnamed()) {
            return;
        }
        synchronized (namesLock) {
            // A socket that was accepted shows the name, but does not have it.
            if (!abstractNames.remove(address, socket) && address.isPath()) {
                paths.values().remove(socket);
            }
        }
    }
}

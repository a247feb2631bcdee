package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.cli.control.linux.SocketCalls;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Serves the control socket of a sandbox: a thread waits for connections, and each connection has
 * one of its own, so that none waits for another.
 *
 * <p>A connection is for one request. Only the user of this process and root are listened to. Who
 * sends nothing, or nothing that makes sense, is sent away; there are at most {@value
 * #CONNECTIONS_MAX} at a time, and at most {@value #LASTING_MAX} of those who stay for as long as
 * they like: there is always room to end what they wait for.
 *
 * <p>Any thread may call any method.
 */
public final class ControlServer implements AutoCloseable {
    /** So many connections are served at once. */
    static final int CONNECTIONS_MAX = 64;

    /** So many of them are for requests that last. */
    static final int LASTING_MAX = 48;

    private static final Logger log = LoggerFactory.getLogger(ControlServer.class);

    private static final long SYS_GETEUID = 107;

    private static final long REQUEST_TIMEOUT_MILLIS = 5000;
    private static final long SEND_TIMEOUT_MILLIS = 10_000;
    private static final long GRACE_NANOS = 2_000_000_000L;
    private static final long STACK_BYTES = 512 << 10;

    private final HostKernel host;
    private final SocketCalls calls;
    private final HostFd listener;
    private final Map<String, Handler> handlers;
    private final int user;
    private final Thread acceptor;
    private final Object connectionsLock = new Object();

    /** Each with the thread that serves it. */
    @GuardedBy("connectionsLock")
    private final Map<Connection, Thread> connections = new HashMap<>();

    /** Those whose requests have not come yet. */
    @GuardedBy("connectionsLock")
    private final Set<Connection> idle = new HashSet<>();

    /** How many requests that last are being served. */
    @GuardedBy("connectionsLock")
    private int lasting;

    @GuardedBy("connectionsLock")
    private boolean closed;

    /** What is done about a kind of request. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Serves a request, on the connection's thread, and sends the answers. What it throws is
         * told to the client as the last one, a defect included: nothing that somebody asks for is
         * a reason for programs not to go on.
         *
         * @param arguments of the request
         * @param descriptors that came with it; closed afterwards unless they were released
         * @param connection to the client; borrowed
         * @throws SandboxException if it cannot be done
         * @throws MessageException if the request makes no sense
         * @throws InterruptedException if the server is being closed
         */
        void serve(Message arguments, List<HostFd> descriptors, Connection connection)
                throws InterruptedException;

        /**
         * Whether such a request is served for as long as something in the sandbox lasts, or its
         * client stays.
         */
        default boolean lasts() {
            return false;
        }
    }

    /** The same handler, of requests that last. */
    static Handler lasting(Handler handler) {
        return new Handler() {
            @Override
            public void serve(Message arguments, List<HostFd> descriptors, Connection connection)
                    throws InterruptedException {
                handler.serve(arguments, descriptors, connection);
            }

            @Override
            public boolean lasts() {
                return true;
            }
        };
    }

    /**
     * A server that does not listen yet.
     *
     * @param listener a listening socket; borrowed
     * @param handlers by the names of requests
     */
    public ControlServer(HostKernel host, HostFd listener, Map<String, Handler> handlers) {
        this.host = requireNonNull(host, "host is null");
        this.calls = new SocketCalls(host);
        this.listener = requireNonNull(listener, "listener is null");
        this.handlers = Map.copyOf(handlers);
        this.user = (int) host.require("geteuid", SYS_GETEUID);
        this.acceptor =
                Thread.ofPlatform()
                        .name("control")
                        .daemon()
                        .stackSize(STACK_BYTES)
                        .unstarted(this::acceptAll);
    }

    /** Listens from now on. */
    public void start() {
        acceptor.start();
    }

    private void acceptAll() {
        while (true) {
            long accepted = calls.accept(listener);
            if (Errno.isError(accepted)) {
                if (isClosed()) {
                    return;
                }
                log.debug("cannot accept: {}", Errno.nameOf(accepted));
                if (accepted != -Errno.EINTR.number() && accepted != -Errno.ECONNABORTED.number()) {
                    pauseAfterFailure();
                }
                continue;
            }
            Connection connection = new Connection(host, new HostFd(host, (int) accepted));
            if (!begin(connection)) {
                sendAway(connection);
            }
        }
    }

    /**
     * Nothing was sent to it before, so that this does not wait. Who comes when the sandbox has
     * ended is told nothing: that is how they see it.
     */
    private void sendAway(Connection connection) {
        try (connection) {
            if (!isClosed()) {
                connection.send(
                        Reply.refusal(
                                new SandboxException(
                                        ErrorCode.SANDBOX_BUSY,
                                        "too many ask for something at once",
                                        "try again")));
            }
        } catch (ConnectionException e) {
            log.debug("one whom there is no room for has gone: {}", e.getMessage());
        }
    }

    /** The host has no descriptor left, perhaps: there may be one in a while. */
    private static void pauseAfterFailure() {
        try {
            Thread.sleep(100);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isClosed() {
        synchronized (connectionsLock) {
            return closed;
        }
    }

    private boolean begin(Connection connection) {
        Thread thread =
                Thread.ofPlatform()
                        .name("control-client")
                        .daemon()
                        .stackSize(STACK_BYTES)
                        .unstarted(() -> serve(connection));
        synchronized (connectionsLock) {
            if (closed || connections.size() == CONNECTIONS_MAX) {
                log.debug("no room for another client");
                return false;
            }
            connections.put(connection, thread);
            idle.add(connection);
            try {
                thread.start();
            } catch (OutOfMemoryError e) {
                // So Java says that the host has no room for another thread.
                log.debug("no thread for a client", e);
                connections.remove(connection);
                idle.remove(connection);
                return false;
            }
            return true;
        }
    }

    private void serve(Connection connection) {
        try {
            connection.limitReceiving(REQUEST_TIMEOUT_MILLIS);
            connection.limitSending(SEND_TIMEOUT_MILLIS);
            if (connection.isPeer(user)) {
                answer(connection);
            } else {
                connection.send(
                        Reply.refusal(
                                new SandboxException(
                                        ErrorCode.CONTROL_REFUSED,
                                        "the sandbox belongs to another user",
                                        "ask as that user, or as root")));
            }
        } catch (ConnectionException | HostCallException e) {
            log.debug("a client is lost: {}", e.getMessage());
        } catch (InterruptedException e) {
            log.debug("a client is left: the sandbox ends");
        } finally {
            synchronized (connectionsLock) {
                // Together, so that nobody shuts down what has the number by then.
                connections.remove(connection);
                idle.remove(connection);
                connection.close();
                connectionsLock.notifyAll();
            }
        }
    }

    private void answer(Connection connection) throws InterruptedException {
        Optional<Connection.Received> received = Optional.empty();
        try {
            received = connection.receive();
            if (received.isEmpty()) {
                return;
            }
            connection.limitReceiving(0);
            Request request = Request.of(received.get().message());
            Handler handler = handlers.get(request.command());
            if (handler == null) {
                throw new MessageException("there is no command '" + request.command() + "'");
            }
            markAsked(connection);
            log.debug("serving {}", request.command());
            serve(handler, request.arguments(), received.get().descriptors(), connection);
        } catch (ConnectionException e) {
            // Nobody is there to be answered.
            throw e;
        } catch (RuntimeException | LinkageError | OutOfMemoryError | StackOverflowError e) {
            connection.send(Reply.refusal(refusal(e)));
        } finally {
            received.ifPresent(Connection.Received::discard);
        }
    }

    private void serve(
            Handler handler, Message arguments, List<HostFd> descriptors, Connection connection)
            throws InterruptedException {
        if (!handler.lasts()) {
            handler.serve(arguments, descriptors, connection);
            return;
        }
        beginLasting();
        try {
            handler.serve(arguments, descriptors, connection);
        } finally {
            synchronized (connectionsLock) {
                lasting--;
            }
        }
    }

    private void beginLasting() {
        synchronized (connectionsLock) {
            if (lasting == LASTING_MAX) {
                throw new SandboxException(
                        ErrorCode.SANDBOX_BUSY,
                        "too many wait for the sandbox, watch it or run programs in it",
                        "end some, such as 'plinth wait' or 'plinth events', and try again");
            }
            lasting++;
        }
    }

    /**
     * What a client is told of a failure. One that nobody foresaw, a plugin's perhaps, is its
     * request's alone: what it breaks in the sandbox shows on the threads of the programs, which
     * end the sandbox then.
     */
    private static SandboxException refusal(Throwable failure) {
        return switch (failure) {
            case SandboxException known -> {
                log.debug("refused", known);
                yield known;
            }
            case MessageException e ->
                    new SandboxException(
                            ErrorCode.CONTROL_BROKEN,
                            "the request makes no sense: " + e.getMessage(),
                            "use the plinth command of the version that runs the sandbox",
                            e);
            case MessageTooLongException e ->
                    new SandboxException(
                            ErrorCode.CONTROL_BROKEN,
                            "the answer is too long: " + e.getMessage(),
                            "ask again when there is less to tell",
                            e);
            case HostCallException e ->
                    new SandboxException(
                            ErrorCode.HOST_EXHAUSTED,
                            "the host refused something that the sandbox needs for it: "
                                    + e.getMessage(),
                            "see which limit of the host or of the sandbox's user is reached",
                            e);
            case OutOfMemoryError e ->
                    new SandboxException(
                            ErrorCode.HOST_EXHAUSTED,
                            "the sandbox has no room for it: " + e.getMessage(),
                            "try again, or see which limit of the sandbox's user is reached",
                            e);
            default -> {
                log.error("a defect of Plinth", failure);
                yield new SandboxException(
                        ErrorCode.INTERNAL,
                        "a defect of Plinth: " + failure,
                        "report it, with the sandbox's log; the sandbox goes on",
                        failure);
            }
        };
    }

    private void markAsked(Connection connection) {
        synchronized (connectionsLock) {
            idle.remove(connection);
        }
    }

    /**
     * Ends every conversation. Who has asked for something is still told what comes of it, if that
     * is known soon, for the sandbox has ended; who has not is sent away. Waits until nobody is
     * served any more. The listener stays open, and nobody is listened to. Closing again is
     * harmless.
     */
    @Override
    public void close() {
        boolean interrupted = false;
        synchronized (connectionsLock) {
            if (closed) {
                return;
            }
            closed = true;
            calls.shutDown(listener);
            idle.forEach(Connection::shutDown);
            long deadline = System.nanoTime() + GRACE_NANOS;
            while (!connections.isEmpty()) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    connections.forEach((connection, thread) -> {
                        connection.shutDown();
                        thread.interrupt();
                    });
                }
                try {
                    connectionsLock.wait(Math.max(1, left / 1_000_000));
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        while (acceptor.isAlive()) {
            try {
                acceptor.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

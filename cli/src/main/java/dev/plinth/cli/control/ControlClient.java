package dev.plinth.cli.control;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.cli.control.linux.SocketCalls;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A conversation with a sandbox that runs. Any thread may send; one at a time may receive.
 *
 * <p>A sandbox whose process stands still, stopped by a signal say, is not waited for for ever,
 * where its answer comes at once otherwise.
 */
public final class ControlClient implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ControlClient.class);

    private static final long SYS_GETEUID = 107;

    /** Longer than tasks may take to stop. */
    static final long PATIENCE_MILLIS = 20_000;

    /** Commands whose first answer comes whatever the programs in the sandbox do. */
    private static final Set<String> ANSWERED_AT_ONCE =
            Set.of("ps", "kill", "pause", "resume", "events", "checkpoint");

    private final SandboxDirectory directory;
    private final Connection connection;
    private final long patienceMillis;

    /** Whether the next answer is one that comes at once. */
    private volatile boolean limited;

    private ControlClient(SandboxDirectory directory, Connection connection, long patienceMillis) {
        this.directory = directory;
        this.connection = connection;
        this.patienceMillis = patienceMillis;
    }

    /**
     * Connects to a sandbox.
     *
     * @throws SandboxException if it does not run, is not the user's, or does not answer
     */
    public static ControlClient connect(HostKernel host, SandboxDirectory directory) {
        return connect(host, directory, PATIENCE_MILLIS);
    }

    /** As {@link #connect(HostKernel, SandboxDirectory)}, with patience of one's own. */
    static ControlClient connect(HostKernel host, SandboxDirectory directory, long patienceMillis) {
        SandboxState state = directory.state();
        if (!state.isAlive()) {
            throw stopped(directory);
        }
        HostFd socket;
        try {
            socket =
                    new SocketCalls(host)
                            .connect(
                                    directory.path().toString(),
                                    SandboxDirectory.SOCKET,
                                    patienceMillis);
        } catch (HostCallException e) {
            if (e.is(Errno.EACCES)) {
                throw notYours(directory);
            }
            if (e.is(Errno.ECONNREFUSED) || e.is(Errno.ENOENT)) {
                throw stopped(directory);
            }
            if (e.is(Errno.EAGAIN)) {
                throw silent(directory);
            }
            throw e;
        }
        Connection connection = new Connection(host, socket);
        int user = (int) host.require("geteuid", SYS_GETEUID);
        if (user != 0 && !connection.isPeer(user)) {
            connection.close();
            throw notYours(directory);
        }
        return new ControlClient(directory, connection, patienceMillis);
    }

    private static SandboxException notYours(SandboxDirectory directory) {
        return new SandboxException(
                ErrorCode.CONTROL_REFUSED,
                "the sandbox '" + directory.id() + "' belongs to another user",
                "ask as that user, or as root");
    }

    private static SandboxException stopped(SandboxDirectory directory) {
        return new SandboxException(
                ErrorCode.SANDBOX_STOPPED,
                "the sandbox '" + directory.id() + "' does not run, or is stopping",
                "'plinth state " + directory.id() + "' tells how it ended");
    }

    private static SandboxException silent(SandboxDirectory directory) {
        return new SandboxException(
                ErrorCode.CONTROL_BROKEN,
                "the sandbox '" + directory.id() + "' does not answer",
                "see whether its process is stopped; 'plinth delete --force %s' ends it"
                        .formatted(directory.id()));
    }

    /**
     * Asks for something and waits for the answer.
     *
     * @throws SandboxException if it cannot be done, or the sandbox ends meanwhile; OPTION_INVALID
     *     if it is too long to be asked for
     */
    public Message ask(String command, Message arguments) {
        send(command, arguments, List.of());
        return await();
    }

    /**
     * Asks for something. That nobody listens any more, or refuses to, shows in the answer.
     *
     * @param descriptors that go with it, borrowed
     * @throws SandboxException OPTION_INVALID if it is too long; CONTROL_BROKEN if nobody takes it
     */
    public void send(String command, Message arguments, List<HostFd> descriptors) {
        limited = ANSWERED_AT_ONCE.contains(command);
        connection.limitReceiving(limited ? patienceMillis : 0);
        try {
            connection.send(new Request(command, arguments).toMessage(), descriptors);
        } catch (ConnectionException e) {
            if (e.isTooSlow()) {
                throw silent(directory);
            }
            // Whoever waits for the answer learns of it.
            log.debug("nobody takes {}: {}", command, e.getMessage());
        } catch (MessageTooLongException e) {
            throw new SandboxException(
                    ErrorCode.OPTION_INVALID,
                    "the command line and its variables are too long: " + e.getMessage(),
                    "put what is long into a file that the sandbox can read",
                    e);
        }
    }

    /** Tells the sandbox more about what was asked for; nothing happens if it has ended. */
    public void tell(Message message) {
        try {
            connection.send(message);
        } catch (ConnectionException e) {
            // Whoever waits for the answer learns of it.
            log.debug("nobody takes {}: {}", message, e.getMessage());
        }
    }

    /**
     * Waits for the next answer.
     *
     * @throws SandboxException if it is a refusal, or the sandbox has ended; CONTROL_BROKEN if none
     *     comes that ought to
     */
    public Message await() {
        return next().orElseThrow(() -> stopped(directory));
    }

    /**
     * Waits for the next answer.
     *
     * @return empty if the sandbox has ended
     * @throws SandboxException if it is a refusal; CONTROL_BROKEN if none comes that ought to
     */
    public Optional<Message> next() {
        try {
            Optional<Connection.Received> received = connection.receive();
            received.ifPresent(Connection.Received::discard);
            if (limited) {
                limited = false;
                connection.limitReceiving(0);
            }
            return received.map(Connection.Received::message).map(Reply::value);
        } catch (ConnectionException e) {
            if (e.isTooSlow()) {
                throw silent(directory);
            }
            return Optional.empty();
        } catch (MessageException e) {
            throw new SandboxException(
                    ErrorCode.CONTROL_BROKEN,
                    "the sandbox '%s' answers what makes no sense: %s"
                            .formatted(directory.id(), e.getMessage()),
                    "use the plinth command of the version that runs the sandbox",
                    e);
        }
    }

    /**
     * Waits for the next answer as long as somebody reads those that were passed on.
     *
     * @param output number of the descriptor to which they are written
     * @return empty if the sandbox has ended, or nobody reads
     * @throws SandboxException as {@link #next}
     */
    public Optional<Message> nextWhileRead(int output) {
        return connection.awaitWhileRead(output) ? next() : Optional.empty();
    }

    @Override
    public void close() {
        connection.close();
    }
}

package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.kernel.boot.ExecSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxProcess;
import dev.plinth.kernel.boot.SandboxSpec;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs one more program in a sandbox.
 *
 * <p>Arguments: {@code arguments}, {@code environment}, {@code cwd}, {@code uid} with {@code gid},
 * {@code stdio} (the numbers, as strings, of the descriptors that come along), {@code detach}. The
 * first answer is {@code pid}. Unless the client detaches, messages with a {@code signal} may
 * follow from it, and the second answer, when the program has ended, is {@code exit_status}.
 */
final class ExecService implements ControlServer.Handler {
    private static final Logger log = LoggerFactory.getLogger(ExecService.class);

    private static final long STACK_BYTES = 256 << 10;
    private static final long ID_MAX = 0xfffffffeL;

    private final HostKernel host;
    private final Sandbox sandbox;
    private final EventHub events;

    ExecService(HostKernel host, Sandbox sandbox, EventHub events) {
        this.host = requireNonNull(host, "host is null");
        this.sandbox = requireNonNull(sandbox, "sandbox is null");
        this.events = requireNonNull(events, "events is null");
    }

    @Override
    public void serve(Message arguments, List<HostFd> descriptors, Connection connection)
            throws InterruptedException {
        SandboxProcess process = sandbox.exec(spec(arguments, descriptors));
        events.publish(
                EventHub.event(
                        "exec",
                        Message.empty()
                                .with("pid", process.pid())
                                .with("arguments", arguments.strings("arguments"))));
        connection.send(Reply.of(Message.empty().with("pid", process.pid())));
        if (arguments.flag("detach")) {
            return;
        }
        Thread signals =
                Thread.ofPlatform()
                        .name("control-signals")
                        .daemon()
                        .stackSize(STACK_BYTES)
                        .start(() -> forwardSignals(process, connection));
        int status;
        try {
            status = process.awaitExit().shellStatus();
            connection.send(Reply.of(Message.empty().with("exit_status", status)));
        } finally {
            connection.shutDown();
            signals.join();
        }
    }

    @Override
    public boolean lasts() {
        return true;
    }

    private ExecSpec spec(Message arguments, List<HostFd> descriptors) {
        List<String> numbers = arguments.strings("stdio");
        List<String> words = arguments.strings("arguments");
        if (numbers.size() != descriptors.size()
                || numbers.stream().distinct().count() != numbers.size()
                || !List.of("0", "1", "2").containsAll(numbers)) {
            throw new MessageException("stdio is not what came with it");
        }
        if (words.isEmpty()) {
            throw new MessageException("there is nothing to run");
        }
        Optional<SandboxSpec.User> user =
                arguments.has("uid")
                        ? Optional.of(
                                new SandboxSpec.User(
                                        (int) arguments.number("uid", 0, ID_MAX),
                                        (int) arguments.number("gid", 0, ID_MAX)))
                        : Optional.empty();
        List<String> environment = arguments.strings("environment");
        Optional<String> cwd = arguments.optionalString("cwd");
        if (Stream.of(words, environment, cwd.stream().toList())
                .flatMap(List::stream)
                .anyMatch(each -> each.indexOf(0) >= 0)) {
            throw new MessageException("a word has a NUL in it");
        }
        Map<Integer, HostFd> stdio = new HashMap<>();
        for (int i = 0; i < numbers.size(); i++) {
            stdio.put(
                    Integer.valueOf(numbers.get(i)),
                    new HostFd(host, descriptors.get(i).release()));
        }
        return new ExecSpec(words, environment, cwd, user, stdio);
    }

    /** Until the client has gone, or says what makes no sense: the program runs on. */
    private static void forwardSignals(SandboxProcess process, Connection connection) {
        try {
            Optional<Connection.Received> received = connection.receive();
            while (received.isPresent()) {
                received.get().discard();
                process.signal(SandboxService.signal(received.get().message()));
                received = connection.receive();
            }
        } catch (ConnectionException | MessageException | HostCallException e) {
            log.debug("no more signals for process {}: {}", process.pid(), e.getMessage());
        }
    }
}

package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.cli.control.ControlServer;
import dev.plinth.cli.control.HostProcess;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.cli.control.linux.SocketCalls;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.ServiceLoader;
import java.util.Set;

/** What becomes of a {@code plinth wait} when its sandbox goes without a word. */
@Timeout(30)
final class WaitCommandTest {
    private static final HostKernel HOST =
            ServiceLoader.load(HostKernel.class).findFirst().orElseThrow();
    private static final Launch LAUNCH = new Launch(Path.of("/none"), Set.of(), Optional.empty());

    @TempDir private Path temporary;

    private static SandboxState created(Instant when) {
        return new SandboxState(
                "a",
                SandboxState.Status.RUNNING,
                HostProcess.current(),
                "none",
                when,
                "/",
                List.of(),
                Optional.empty(),
                OptionalInt.empty());
    }

    /** Waits for this process as a sandbox, which does something then and answers nothing. */
    private Outcome waitFor(StateRoot root, Runnable meanwhile) {
        SandboxDirectory directory = root.create(created(Instant.EPOCH));
        String place = directory.path().toString();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        try (HostFd listener = new SocketCalls(HOST).listen(place, SandboxDirectory.SOCKET);
                ControlServer server =
                        new ControlServer(
                                HOST,
                                listener,
                                Map.of(
                                        "wait",
                                        (arguments, descriptors, connection) -> meanwhile.run()))) {
            server.start();
            Console console = new Console(new PrintStream(err), new PrintStream(err));
            int status =
                    new Main(Main.commands(LAUNCH), console)
                            .run(List.of("--root", temporary.toString(), "wait", "a"));
            return new Outcome(status, "", err.toString(StandardCharsets.UTF_8));
        }
    }

    @Test
    void itIsToldThatTheSandboxWasDeleted() {
        StateRoot root = new StateRoot(temporary);
        waitFor(root, () -> root.delete(root.open("a")))
                .assertRefused(125, "how the sandbox 'a' ended: it was deleted meanwhile");
    }

    @Test
    void itIsNotToldOfAnotherSandboxOfTheName() {
        StateRoot root = new StateRoot(temporary);
        Outcome outcome =
                waitFor(
                        root,
                        () -> {
                            root.delete(root.open("a"));
                            root.create(
                                    created(Instant.EPOCH.plusSeconds(1))
                                            .stopped(OptionalInt.of(0)));
                        });
        outcome.assertRefused(125, "it was deleted meanwhile");
    }

    @Test
    void anEndThatNobodyToldOfIsNoStatus() {
        StateRoot root = new StateRoot(temporary);
        Outcome outcome =
                waitFor(
                        root,
                        () ->
                                root.open("a")
                                        .write(
                                                created(Instant.EPOCH)
                                                        .stopped(OptionalInt.empty())));
        outcome.assertRefused(125, "its process did not say", "plinth delete a");
        assertEquals(1, root.list().size());
    }
}

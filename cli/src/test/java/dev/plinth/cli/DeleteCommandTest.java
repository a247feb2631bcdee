package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.control.HostProcess;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.cli.control.StateRoot;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;

@Timeout(30)
final class DeleteCommandTest {
    private static final Launch LAUNCH = new Launch(Path.of("/none"), Set.of(), Optional.empty());

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<Process> processes = new ArrayList<>();

    @TempDir private Path temporary;
    private Path root;

    @BeforeEach
    void makeRoot() {
        root = temporary.resolve("root");
    }

    @AfterEach
    void endProcesses() {
        processes.forEach(Process::destroyForcibly);
    }

    private Outcome plinth(String... words) {
        List<String> all = new ArrayList<>(List.of("--root", root.toString()));
        all.addAll(List.of(words));
        out.reset();
        err.reset();
        Console console = new Console(new PrintStream(out), new PrintStream(err));
        int status = new Main(Main.commands(LAUNCH), console).run(all);
        return new Outcome(
                status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private Process start(String... words) throws IOException {
        Process process = new ProcessBuilder(words).start();
        processes.add(process);
        return process;
    }

    /** Registers a process as a sandbox, as of the moment. */
    private void register(Process process) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        long start = Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]);
        new StateRoot(root)
                .create(
                        new SandboxState(
                                "a",
                                SandboxState.Status.RUNNING,
                                new HostProcess(process.pid(), start),
                                "ptrace",
                                Instant.now(),
                                "/",
                                List.of("x"),
                                Optional.empty(),
                                OptionalInt.empty()));
    }

    @Test
    void endsTheProcessOfASandbox() throws Exception {
        Process process = start("sleep", "1000");
        register(process);
        plinth("delete", "a").assertRefused(1, "is running", "--force");
        plinth("delete", "--force", "a").requireSuccess();
        assertTrue(process.waitFor(10, TimeUnit.SECONDS));
        assertFalse(Files.exists(root.resolve("a")));
    }

    @Test
    void endsNobodyWhomAStrangerNames() throws IOException {
        Process process = start("sleep", "1000");
        register(process);
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxrwxrwx"));
        plinth("delete", "--force", "a").assertRefused(1, "others than its owner", "chmod go-w");
        plinth("list").assertRefused(1, "others than its owner", "chmod go-w");
        assertTrue(process.isAlive());
    }

    @Test
    void endsNoProcessOfAnotherUser() throws Exception {
        Assumptions.assumeTrue(
                Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0),
                "only root can act as another user");
        Process process = start("setpriv", "--reuid", "65534", "--clear-groups", "cat");
        Registered.await(
                "another user",
                () -> {
                    try {
                        return Files.readString(Path.of("/proc/" + process.pid() + "/comm"))
                                .equals("cat\n");
                    } catch (IOException e) {
                        return false;
                    }
                });
        register(process);
        plinth("delete", "--force", "a").assertRefused(1, "not of the entry's owner");
        assertTrue(process.isAlive());
    }

    @Test
    void removesAnEntryThatIsDamagedIfForced() throws IOException {
        register(start("sleep", "1000"));
        Files.writeString(root.resolve("a/state.json"), "");
        assertTrue(plinth("list").requireSuccess().contains("a     damaged"));
        assertTrue(
                plinth("list", "--format", "json")
                        .requireSuccess()
                        .contains("\"status\": \"damaged\""));
        plinth("delete", "a").assertRefused(1, "cannot be used", "plinth delete --force a");
        plinth("delete", "--force", "a").requireSuccess();
        assertEquals("[]\n", plinth("list", "--format", "json").requireSuccess());
    }
}

package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.GuestPrograms;
import dev.plinth.cli.GuestPrograms.Kind;
import dev.plinth.cli.Leftovers;
import dev.plinth.cli.Outcome;
import dev.plinth.cli.TestCommand;
import dev.plinth.cli.TestPlatform;
import dev.plinth.kernel.boot.Plinth;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What users are told who ask for something at the same time as others, or too late; see {@link
 * UntimelyCheckpointIT} for the same without commands.
 */
@Timeout(120)
@ExtendWith(Leftovers.class)
final class UntimelyCommandIT {
    private static final int NO_SANDBOX = 125;

    /** So much that it takes a moment to write. */
    private static final int MEMORY_KIBIBYTES = 128 << 10;

    private static final int ROUNDS = 10;
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long POLL_NANOS = 5_000_000;
    private static final Pattern PID = Pattern.compile("\"pid\": *([0-9]+)");
    private static final List<StdioKind> KINDS =
            List.of(StdioKind.PIPE, StdioKind.PIPE, StdioKind.NULL);

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private StandardStreams streams;
    private Registered sandbox;
    private Path image;

    @BeforeEach
    void prepare() {
        streams = StandardStreams.open(opener, KINDS, temporary);
        sandbox = new Registered(opener, temporary.resolve("state"), "here");
        image = temporary.resolve("image");
    }

    @AfterEach
    void end() {
        sandbox.delete();
        streams.close();
    }

    private static List<String> platform() {
        return List.of("--platform", TestPlatform.usable().toList().getLast().name());
    }

    private void start(String... program) {
        List<String> arguments = new ArrayList<>(platform());
        arguments.add("--");
        arguments.addAll(List.of(program));
        assertEquals(0, sandbox.start("run", streams, arguments));
    }

    /** Runs commands at the same time. */
    private static List<Outcome> together(List<TestCommand> commands) {
        try (ExecutorService threads = Executors.newFixedThreadPool(commands.size())) {
            List<CompletableFuture<Outcome>> running =
                    commands.stream()
                            .map(each -> CompletableFuture.supplyAsync(each::run, threads))
                            .toList();
            return running.stream().map(CompletableFuture::join).toList();
        }
    }

    /** One of them is done, and the others are, too, or are told that it is not their turn. */
    @Test
    void checkpointsAtOnce() throws IOException {
        Path program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "ballast");
        start(program.toString(), Integer.toString(MEMORY_KIBIBYTES));
        awaitLine("ready");
        boolean refused = false;
        for (int round = 0; !refused; round++) {
            assertTrue(round < ROUNDS, "they were never at once");
            List<Path> images = new ArrayList<>();
            List<TestCommand> commands = new ArrayList<>();
            for (String name : List.of("one", "other", "third")) {
                Path each = temporary.resolve(name + "-" + round);
                images.add(each);
                commands.add(
                        sandbox.command("checkpoint", "--leave-running")
                                .and("--image-path", each.toString(), sandbox.id()));
            }
            List<Outcome> outcomes = together(commands);
            assertTrue(outcomes.stream().anyMatch(outcome -> outcome.status() == 0));
            for (int i = 0; i < images.size(); i++) {
                if (outcomes.get(i).status() == 0) {
                    outcomes.get(i).requireSuccess();
                    verify(images.get(i));
                } else {
                    outcomes.get(i).assertRefused(1, "wait until");
                    assertFalse(Files.exists(images.get(i)));
                    refused = true;
                }
            }
        }
        requireNothingHalf();
        streams.get(0).send("check\n");
        awaitLine("intact");
    }

    private void verify(Path written) {
        TestCommand.plinth("image", "verify", written.toString()).run().requireSuccess();
    }

    private void requireNothingHalf() throws IOException {
        try (Stream<Path> files = Files.list(temporary)) {
            assertEquals(
                    List.of(),
                    files.filter(file -> file.getFileName().toString().startsWith(".")).toList());
        }
    }

    private void awaitLine(String line) {
        await(
                line,
                () -> {
                    try {
                        return streams.get(1).received().endsWith(line + "\n");
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /** Its first program has ended, and somebody is slow to take notice: they are told so. */
    @Test
    void commandsOnASandboxThatIsStopping() throws IOException, InterruptedException {
        start("/bin/sh", "-c", "while :; do sleep 1; done");
        Process slow =
                sandbox.command("exec", sandbox.id(), "--", "/bin/sleep", "1000")
                        .start(temporary.resolve("out"), temporary.resolve("err"));
        try {
            await("exec", () -> ps().contains("/bin/sleep 1000"));
            signal("STOP", slow.pid());
            long process = sandboxProcess();
            Process kill =
                    sandbox.command("kill", sandbox.id(), "KILL")
                            .start(temporary.resolve("out-of-kill"), temporary.resolve("errors"));
            await("stopped", () -> state().contains("\"stopped\""));
            assertTrue(isAlive(process), "it has gone already");
            List<Outcome> outcomes =
                    together(
                            List.of(
                                    sandbox.command("checkpoint", "--leave-running")
                                            .and("--image-path", image.toString(), sandbox.id()),
                                    sandbox.command("swap", "--platform")
                                            .and(platform().getLast(), sandbox.id()),
                                    sandbox.command("ps", sandbox.id()),
                                    sandbox.command("pause", sandbox.id())));
            assertEquals(0, kill.waitFor());
            for (Outcome each : outcomes) {
                each.assertRefused(1, "'" + sandbox.id() + "'", "stopping");
            }
            assertFalse(Files.exists(image));
            requireNothingHalf();
        } finally {
            signal("CONT", slow.pid());
        }
        assertEquals(128 + 9, slow.waitFor());
        assertEquals(128 + 9, sandbox.await());
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, () -> "in vain: " + what);
            LockSupport.parkNanos(POLL_NANOS);
        }
    }

    private static void signal(String name, long process) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process)).start().waitFor();
    }

    private static boolean isAlive(long process) {
        return ProcessHandle.of(process).isPresent();
    }

    private String ps() {
        return sandbox.command("ps", sandbox.id()).run().requireSuccess();
    }

    /** As {@code plinth state} has it, in less time. */
    private String state() {
        try {
            return Files.readString(sandbox.root().resolve(sandbox.id()).resolve("state.json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long sandboxProcess() {
        Matcher pid = PID.matcher(state());
        assertTrue(pid.find(), this::state);
        return Long.parseLong(pid.group(1));
    }

    @Test
    void aRestoreOfARootThatChanged() throws IOException {
        Plinth plinth = Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));
        WitnessRun run = new WitnessRun(plinth, temporary, Map.of());
        List<String> arguments = new ArrayList<>(platform());
        arguments.addAll(run.options());
        assertEquals(0, sandbox.start("run", streams, arguments));
        streams.get(0).send("a");
        run.report();
        sandbox.checkpoint(image).requireSuccess();
        sandbox.delete();

        byte[] content = Files.readAllBytes(run.program());
        FileTime written = Files.getLastModifiedTime(run.program());
        Files.write(run.program(), new byte[1], StandardOpenOption.APPEND);
        restore(run).assertRefused(NO_SANDBOX, "witness", "--allow-changed");
        verify(image);
        Files.write(run.program(), content);
        Files.setLastModifiedTime(run.program(), written);

        Path away = Files.move(run.rootfs(), temporary.resolve("away"));
        restore(run).assertRefused(NO_SANDBOX, run.rootfs().toString());
        verify(image);
        Files.move(away, run.rootfs());

        List<String> options = new ArrayList<>(platform());
        options.addAll(restoreOptions(run));
        assertEquals(0, sandbox.start("restore", streams, options));
        streams.get(0).send("b");
        sandbox.command("kill", sandbox.id(), "USR1").run().requireSuccess();
        run.report();
    }

    private List<String> restoreOptions(WitnessRun run) {
        return List.of("--image-path", image.toString(), "--mount", run.mountOption());
    }

    private Outcome restore(WitnessRun run) {
        return sandbox.command("restore", "--detach", "--id", sandbox.id())
                .and(platform())
                .and(restoreOptions(run))
                .run();
    }
}

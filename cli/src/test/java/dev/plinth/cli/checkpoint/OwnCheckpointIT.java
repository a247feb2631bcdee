package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.boot.CheckpointHandler;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** A program asks for a checkpoint of its own sandbox, and learns which of those it is in. */
@Timeout(120)
final class OwnCheckpointIT {
    /** Writes where it is before and after; twice at once, and by words that are none, in vain. */
    private static final String SCRIPT =
            """
            checkpoint=/proc/plinth/checkpoint
            cat $checkpoint
            echo 'checkpoint here' >$checkpoint || exit 3
            cat $checkpoint
            echo 'chekpoint' >$checkpoint 2>/dev/null && exit 4
            echo 'checkpoint ../here' >$checkpoint 2>/dev/null && exit 5
            echo 'checkpoint here' >$checkpoint 2>/dev/null && exit 6
            exit 0
            """;

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private TestPlatforms platforms;

    @BeforeEach
    void load() {
        platforms = new TestPlatforms();
    }

    @AfterEach
    void unload() {
        platforms.close();
    }

    @Test
    void eachSideLearnsWhichItIs() throws Exception {
        LeakCheck before = LeakCheck.now();
        for (String from : platforms.real()) {
            Path images = Files.createDirectory(temporary.resolve("from-" + from));
            List<String> original = run(from, images);
            assertEquals(List.of("original", "original"), sides(original));
            assertEquals(original.get(1), original.get(3));
            List<String> ids = new ArrayList<>(List.of(original.get(1)));
            for (String to : platforms.real()) {
                List<String> restored = restore(to, images);
                assertEquals(List.of("restored 1"), sides(restored), to);
                ids.add(restored.get(1));
            }
            assertEquals(ids.size(), new HashSet<>(ids).size(), ids::toString);
        }
        before.assertNothingNew();
    }

    private static List<String> sides(List<String> lines) {
        List<String> sides = new ArrayList<>();
        for (int i = 0; i < lines.size(); i += 2) {
            sides.add(lines.get(i));
        }
        return sides;
    }

    private List<String> run(String platform, Path images) throws Exception {
        Path output = images.resolve("original.out");
        SandboxSpec spec =
                SandboxSpec.builder(List.of("/bin/sh", "-c", SCRIPT))
                        .stdio(to(output))
                        .checkpoints(CheckpointHandler.into(images))
                        .build();
        try (Sandbox sandbox = platforms.plinth().newSandbox(spec, platforms.get(platform))) {
            return linesOf(sandbox, output);
        }
    }

    private List<String> restore(String platform, Path images) throws Exception {
        Path output = images.resolve(platform + ".out");
        RestoreSpec spec =
                RestoreSpec.of(images.resolve("here"))
                        .withStdio(to(output))
                        .withCheckpoints(CheckpointHandler.into(images));
        try (Sandbox sandbox = platforms.plinth().restore(spec, platforms.get(platform))) {
            return linesOf(sandbox, output);
        }
    }

    private static List<String> linesOf(Sandbox sandbox, Path output)
            throws IOException, InterruptedException {
        sandbox.start();
        assertEquals(0, sandbox.awaitExit().shellStatus());
        return Files.readAllLines(output);
    }

    private Stdio to(Path output) {
        return new Stdio.Given(
                Map.of(
                        FdRole.STDOUT,
                        opener.open(output, HostOpener.O_WRONLY | HostOpener.O_CREAT),
                        FdRole.STDERR,
                        opener.open(Path.of("/dev/null"), HostOpener.O_RDWR)));
    }

    @Test
    void whereNobodyTakesImagesTheProgramIsTold() throws Exception {
        Path output = temporary.resolve("output");
        SandboxSpec spec =
                SandboxSpec.builder(
                                List.of(
                                        "/bin/bash",
                                        "-c",
                                        "echo checkpoint >/proc/plinth/checkpoint || exit 7"))
                        .stdio(
                                new Stdio.Given(
                                        Map.of(
                                                FdRole.STDERR,
                                                opener.open(
                                                        output,
                                                        HostOpener.O_WRONLY | HostOpener.O_CREAT))))
                        .build();
        try (Sandbox sandbox =
                platforms.plinth().newSandbox(spec, platforms.get(platforms.real().getFirst()))) {
            sandbox.start();
            assertEquals(7, sandbox.awaitExit().shellStatus());
        }
        String said = Files.readString(output);
        assertTrue(said.contains("not supported"), said);
    }
}

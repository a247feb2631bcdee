package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.Leftovers;
import dev.plinth.cli.Outcome;
import dev.plinth.cli.TestCommand;
import dev.plinth.cli.TestPlatform;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What users are told when a checkpoint or a restore cannot be: a line that says why and one that
 * says what to do; and what they had is as it was.
 */
@Timeout(120)
@ExtendWith(Leftovers.class)
final class RefusedCommandIT {
    private static final int NO_SANDBOX = 125;

    private static final List<StdioKind> KINDS =
            List.of(StdioKind.NULL, StdioKind.PIPE, StdioKind.FILE);

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private Registered sandbox;
    private Path image;

    @BeforeEach
    void start() {
        sandbox = new Registered(opener, temporary.resolve("state"), "here");
        image = temporary.resolve("image");
        try (StandardStreams streams = StandardStreams.open(opener, KINDS, temporary)) {
            int status =
                    sandbox.start(
                            "run",
                            streams,
                            List.of(
                                    "--platform",
                                    platform(),
                                    "--",
                                    "/bin/sh",
                                    "-c",
                                    "while :; do sleep 1; done"));
            assertEquals(0, status);
        }
    }

    @AfterEach
    void end() {
        sandbox.delete();
    }

    private static String platform() {
        return TestPlatform.usable().toList().getLast().name();
    }

    /** Standard input is /dev/null; output and error are files. */
    private TestCommand restore(String id, String... options) {
        return sandbox.command("restore", "--detach", "--id", id)
                .and("--platform", platform(), "--image-path", image.toString())
                .and(options);
    }

    private static void refused(Outcome outcome, int status, String... words) {
        outcome.assertRefused(status, words);
        assertEquals(2, outcome.errors().lines().count(), outcome::toString);
    }

    private void requireRunning() {
        assertTrue(
                sandbox.command("ps", sandbox.id()).run().requireSuccess().contains("sh"),
                "it does not run");
    }

    @Test
    void aCheckpointToWhereSomethingIs() throws IOException {
        Files.createDirectory(image);
        refused(sandbox.checkpoint(image), 1, image.toString(), "move away");
        requireRunning();
        refused(sandbox.checkpoint(image, "--leave-running"), 1, image.toString());
        requireRunning();
    }

    @Test
    void aCheckpointToWhereNothingCanBeWritten() {
        Path missing = temporary.resolve("missing/image");
        refused(sandbox.checkpoint(missing), 1, missing.toString());
        requireRunning();
    }

    @Test
    void aCheckpointOfASandboxThatIsNotThereOrHasEnded() {
        Registered other = new Registered(opener, sandbox.root(), "nobody");
        refused(other.checkpoint(image), 1, "nobody", "plinth list");
        sandbox.command("kill", sandbox.id(), "KILL").run().requireSuccess();
        assertEquals(128 + 9, sandbox.await());
        refused(sandbox.checkpoint(image), 1, sandbox.id());
        assertFalse(Files.exists(image));
    }

    @Test
    void aRestoreUnderANameThatIsTaken() {
        sandbox.checkpoint(image, "--leave-running").requireSuccess();
        refused(restore(sandbox.id()).run(), NO_SANDBOX, sandbox.id(), "plinth delete");
        requireRunning();
        requireRestorable();
    }

    @Test
    void aRestoreOfWhatIsNoImageOrOfAnotherFormat() throws IOException {
        sandbox.checkpoint(image, "--leave-running").requireSuccess();
        Path inventory = image.resolve("inventory.json");
        String text = Files.readString(inventory);
        Files.writeString(
                inventory, text.replace("\"format_version\": 1", "\"format_version\": 7"));
        refused(restore("there").run(), NO_SANDBOX, "7");
        refused(TestCommand.plinth("image", "verify", image.toString()).run(), 1, "7");
        Files.delete(inventory);
        refused(restore("there").run(), NO_SANDBOX, image.toString());
        Files.writeString(inventory, text);
        requireRestorable();
    }

    @Test
    void aRestoreWithStandardOutputClosed() throws IOException {
        sandbox.checkpoint(image, "--leave-running").requireSuccess();
        Path errors = temporary.resolve("errors");
        Outcome outcome =
                TestCommand.outside("sh", "-c", "exec \"$@\" >&- 2>\"$0\"", errors.toString())
                        .and(restore("there").words())
                        .run();
        assertEquals(NO_SANDBOX, outcome.status());
        List<String> lines = Files.readAllLines(errors);
        assertEquals(2, lines.size(), lines::toString);
        assertTrue(lines.getFirst().contains("stdio/1"), lines::toString);
        assertTrue(lines.get(1).contains("/dev/null"), lines::toString);
        requireRestorable();
    }

    @Test
    void aRestoreOnAPlatformThatIsNotThere() {
        sandbox.checkpoint(image, "--leave-running").requireSuccess();
        refused(restore("there", "--platform", "nosuch").run(), NO_SANDBOX, "nosuch");
        requireRestorable();
    }

    /** Nothing of what was refused is left: neither name nor process. */
    private void requireRestorable() {
        TestCommand.plinth("image", "verify", image.toString()).run().requireSuccess();
        Registered again = new Registered(opener, sandbox.root(), "there");
        try (StandardStreams streams = StandardStreams.open(opener, KINDS, temporary)) {
            List<String> options =
                    List.of("--platform", platform(), "--image-path", image.toString());
            assertEquals(0, again.start("restore", streams, options));
            String processes = again.command("ps", again.id()).run().requireSuccess();
            assertTrue(processes.contains("sh"), processes);
        } finally {
            again.delete();
        }
    }
}

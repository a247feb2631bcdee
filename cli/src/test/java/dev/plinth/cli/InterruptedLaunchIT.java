package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Those who start sandboxes are interrupted, and their entries are taken away. */
@Timeout(120)
@ExtendWith(Leftovers.class)
final class InterruptedLaunchIT {
    private static final int TERMINATED = 128 + 15;

    /** In a launcher, from before it has an entry to when the sandbox is on its own. */
    private static final int ROUNDS = 25;

    private static final int STEP_MILLIS = 25;

    @TempDir private Path temporary;
    private Registered sandboxes;

    @BeforeEach
    void makeRoot() {
        sandboxes =
                new Registered(temporary.resolve("root"), TestPlatform.usable().findFirst().get());
    }

    @AfterEach
    void endWhatIsLeft() {
        sandboxes.close();
        assertFalse(sandboxes.entries().contains("a"));
    }

    private Path file(String name) {
        return temporary.resolve(name);
    }

    /** As kill(1); the process may have ended. */
    private static void signal(String name, Process process) {
        Outcome _ = TestCommand.outside("kill", "-" + name, Long.toString(process.pid())).run();
    }

    private static int statusOf(Process process) throws InterruptedException {
        assertTrue(process.waitFor(20, TimeUnit.SECONDS));
        return process.exitValue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aNameIsFreeWhenItsLauncherWasInterrupted(boolean detached) throws Exception {
        TestCommand command =
                detached
                        ? sandboxes.detach("a", "/bin/busybox", "sleep", "1000")
                        : sandboxes
                                .plinth("run", "--platform", sandboxes.platform().name())
                                .and("--id", "a", "--", "/bin/busybox", "sleep", "1000");
        int interrupted = 0;
        for (int round = 0; round < ROUNDS; round++) {
            Process process = command.start(file("out"), file("err"));
            Thread.sleep((long) STEP_MILLIS * round);
            signal("TERM", process);
            int status = statusOf(process);
            assertEquals("", Files.readString(file("err")));
            if (status == 0) {
                assertEquals("running", sandboxes.status("a"));
                sandboxes.ask("delete", "--force", "a");
            } else {
                assertEquals(TERMINATED, status);
                interrupted++;
            }
            assertEquals(List.of(), sandboxes.entries());
        }
        assertTrue(interrupted > 0);
        // What a sandbox that was given up would say comes late.
        Thread.sleep(500);
        assertEquals("", Files.readString(file("err")));
    }

    @Test
    void aSandboxEndsWhoseLauncherWasKilledBeforeItRan() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            Process process =
                    sandboxes
                            .detach("a", "/bin/busybox", "sleep", "1000")
                            .start(file("out"), file("err"));
            Thread.sleep((long) STEP_MILLIS * round);
            process.destroyForcibly();
            statusOf(process);
            Registered.await("running or ended", this::isSettled);
            assertEquals("", Files.readString(file("err")));
            // It may be giving its name back by itself.
            Outcome _ = sandboxes.plinth("delete", "--force", "a").run();
            // What it was killed over has a name with a dot, and goes when the next one comes.
            assertFalse(sandboxes.entries().contains("a"));
        }
    }

    private boolean isSettled() {
        Outcome state = sandboxes.plinth("state", "a").run();
        return state.status() != 0
                || state.output().contains("running")
                || state.output().contains("stopped");
    }

    @Test
    void theExitStatusIsThatOfTheProgramThoughTheEntryIsGone() throws Exception {
        Process process = startForeground();
        Files.move(sandboxes.root().resolve("a"), file("moved"));
        signal("TERM", process);
        assertEquals(9, statusOf(process));
        assertEquals("", Files.readString(file("err")));
    }

    @Test
    void anEntryOfAnotherThatHasTheNameStays() throws Exception {
        Process process = startForeground();
        Files.move(sandboxes.root().resolve("a"), file("moved"));
        sandboxes.detach("a", "/bin/busybox", "sh", "-c", "exit 5").run().requireSuccess();
        assertEquals(5, sandboxes.plinth("wait", "a").run().status());
        signal("TERM", process);
        assertEquals(9, statusOf(process));
        assertEquals("", Files.readString(file("err")));
        assertEquals(5, sandboxes.plinth("wait", "a").run().status());
    }

    private Process startForeground() throws IOException, InterruptedException {
        Process process =
                sandboxes
                        .plinth("run", "--platform", sandboxes.platform().name(), "--id", "a")
                        .and("--", "/bin/busybox", "sh", "-c")
                        .and("trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done")
                        .start(file("out"), file("err"));
        Registered.await(
                "ready",
                () -> {
                    try {
                        return Files.readString(file("out")).equals("ready\n");
                    } catch (IOException e) {
                        return false;
                    }
                });
        return process;
    }
}

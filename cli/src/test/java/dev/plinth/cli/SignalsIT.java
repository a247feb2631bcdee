package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.GuestPrograms.Kind;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** What is done to the command is done to the program. */
@Timeout(60)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class SignalsIT {
    @Parameter private TestPlatform platform;

    @TempDir private static Path compiled;
    @TempDir private Path temporary;

    private static Path program;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void endWhatATestLeftRunning() {
        started.forEach(Process::destroyForcibly);
    }

    @BeforeAll
    static void compile() {
        program = GuestPrograms.compile(compiled, Kind.STATIC_MUSL, "wait");
    }

    @ParameterizedTest
    @CsvSource({
        "spin, INT, 130",
        "spin, TERM, 143",
        "spin, HUP, 129",
        "spin, QUIT, 131",
        "sleep, INT, 130",
        "sleep, TERM, 143",
        "spin, KILL, 137",
        "sleep, KILL, 137",
    })
    void aSignalEndsTheProgram(String way, String signal, int status) throws Exception {
        Outcome outcome = startAndSend(way, signal);
        assertEquals(new Outcome(status, "ready\n", ""), outcome);
    }

    @ParameterizedTest
    @CsvSource({"INT, 02", "TERM, 15", "HUP, 01", "QUIT, 03"})
    void aProgramCanCatchTheSignal(String signal, String number) throws Exception {
        Outcome outcome = startAndSend("catch", signal);
        assertEquals(new Outcome(7, "ready\ncaught " + number + "\n", ""), outcome);
    }

    @Test
    void aReadThatWaitsForInputIsBrokenOff() throws Exception {
        Path pipe = temporary.resolve("pipe");
        TestCommand.outside("mkfifo", pipe.toString()).run().requireSuccess();
        // Opened for both directions, a pipe has a writer that never writes.
        Process process =
                TestCommand.outside(
                                "sh",
                                "-c",
                                "exec env --default-signal=INT \"$@\" <>\"$0\"",
                                pipe.toString())
                        .and(platform.sandboxed(program.toString(), "read").words())
                        .start(out(), err());
        awaitReady(process);
        send(process, "INT");
        assertEquals(130, end(process).status());
    }

    @Test
    void aProgramThatIgnoresSignalsIsEndedByKill() throws Exception {
        Process process = start("ignore");
        for (String signal : new String[] {"INT", "TERM", "HUP", "QUIT"}) {
            send(process, signal);
        }
        assertTrue(!process.waitFor(500, TimeUnit.MILLISECONDS));
        send(process, "KILL");
        assertEquals(137, end(process).status());
    }

    /** As under nohup(1), or in the background of a shell without job control. */
    @ParameterizedTest
    @ValueSource(strings = {"HUP", "INT", "QUIT"})
    void aSignalThatTheCallerIgnoresIsIgnored(String signal) throws Exception {
        Process process =
                TestCommand.outside("env", "--ignore-signal=" + signal)
                        .and(platform.sandboxed(program.toString(), "spin").words())
                        .start(out(), err());
        awaitReady(process);
        send(process, signal);
        assertTrue(!process.waitFor(500, TimeUnit.MILLISECONDS));
        send(process, "TERM");
        assertEquals(143, end(process).status());
    }

    @Test
    void aSignalEndsACommandThatIsStillStarting() throws Exception {
        for (int millis = 0; millis < 300; millis += 25) {
            Process process = platform.sandboxed(program.toString(), "spin").start(out(), err());
            started.add(process);
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(millis));
            send(process, "TERM");
            Outcome outcome = end(process);
            assertEquals(143, outcome.status(), outcome::toString);
            assertEquals("", outcome.errors());
        }
    }

    private Outcome startAndSend(String way, String signal) throws Exception {
        Process process = start(way);
        send(process, signal);
        return end(process);
    }

    private Process start(String way) throws Exception {
        // A build that was started in the background may have these two ignored.
        Process process =
                TestCommand.outside("env", "--default-signal=INT,QUIT")
                        .and(platform.sandboxed(program.toString(), way).words())
                        .start(out(), err());
        awaitReady(process);
        return process;
    }

    private void awaitReady(Process process) throws IOException {
        started.add(process);
        while (!Files.readString(out()).startsWith("ready\n")) {
            assertTrue(process.isAlive(), () -> "ended early");
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static void send(Process process, String signal) {
        TestCommand.outside("kill", "-" + signal, Long.toString(process.pid()))
                .run()
                .requireSuccess();
    }

    private Outcome end(Process process) throws Exception {
        boolean ended = process.waitFor(20, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly().waitFor();
        }
        assertTrue(ended, "goes on in spite of the signal");
        return new Outcome(process.exitValue(), TestCommand.read(out()), TestCommand.read(err()));
    }

    private Path out() {
        return temporary.resolve("out");
    }

    private Path err() {
        return temporary.resolve("err");
    }
}

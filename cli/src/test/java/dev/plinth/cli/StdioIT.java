package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.GuestPrograms.Kind;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Standard input, output and error of the program are those of the command. */
@Timeout(60)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class StdioIT {
    @Parameter private TestPlatform platform;

    @TempDir private static Path compiled;
    @TempDir private Path temporary;

    private static Path program;

    @BeforeAll
    static void compile() {
        program = GuestPrograms.compile(compiled, Kind.STATIC_MUSL, "stdio");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "<&-",
                ">&-",
                "<&- >&-",
                "2>&-",
                "<&- 2>&-",
                ">&- 2>&-",
                "<&- >&- 2>&-",
            })
    void whatIsClosedOutsideIsClosedInside(String redirections) {
        TestCommand shell = TestCommand.outside("sh", "-c", "exec \"$@\" " + redirections, "sh");
        Outcome outside = shell.and(program.toString()).run();
        Outcome inside = shell.and(platform.sandboxed(program.toString()).words()).run();
        assertEquals(outside, inside);
    }

    @Test
    void aMessageForClosedStandardErrorGoesNowhere() {
        Outcome outcome =
                TestCommand.outside("sh", "-c", "exec \"$@\" 2>&-", "sh")
                        .and(platform.sandboxed("/nonexistent").words())
                        .run();
        assertEquals("status 127\noutput: \nerrors: ", outcome.toString());
    }

    @Test
    void pipesOnBothSidesCarryEverything() throws IOException {
        Path input = temporary.resolve("input");
        Files.write(input, new byte[3 << 20]);
        String script = "cat \"$0\" | \"$@\" | wc -c";
        Outcome outcome =
                TestCommand.outside("sh", "-c", script, input.toString())
                        .and(platform.sandboxed("/bin/busybox", "cat").words())
                        .run();
        assertEquals(Integer.toString(3 << 20), outcome.requireSuccess().strip());
    }

    @Test
    void aReaderThatGoesAwayEndsTheProgram() {
        String script = "{ \"$@\"; echo $? >&2; } | head -c 10";
        TestCommand shell = TestCommand.outside("sh", "-c", script, "sh");
        Outcome inside = shell.and(platform.sandboxed("/bin/busybox", "yes").words()).run();
        assertEquals("y\ny\ny\ny\ny\n", inside.output());
        assertEquals("141", inside.errors().strip());
    }

    @Test
    void outputAndErrorThatAreOneFileStayInOrder() throws IOException {
        Path file = temporary.resolve("both");
        Files.writeString(file, "before\n");
        String script = "\"$@\" >>\"$0\" 2>&1";
        Outcome outcome =
                TestCommand.outside("sh", "-c", script, file.toString())
                        .and(
                                platform.sandboxed(
                                                "/bin/busybox", "ls", "-d", "/etc", "/nonexistent")
                                        .words())
                        .run();
        assertEquals(1, outcome.status());
        assertEquals(
                "before\nls: /nonexistent: No such file or directory\n/etc\n",
                Files.readString(file));
    }

    @Test
    void traceAndLogDoNotMixWithOutput() throws IOException {
        Path log = temporary.resolve("log");
        String[] program = {"--", "/bin/busybox", "echo", "hello"};
        assertEquals(
                "hello\n",
                platform.run("--strace", "--debug-log", log.toString())
                        .and(program)
                        .run()
                        .requireSuccess());
        String text = Files.readString(log);
        assertTrue(text.contains("donating 200 stdin\n"), text);
        // Behind the devices of the platform.
        assertTrue(text.matches("(?s).*donating 20[34] log\n.*"), text);
        assertTrue(text.contains("write(1, \"hello\\n\", 6)"), text);

        Outcome onStandardError = platform.run("--strace").and(program).run();
        assertEquals("hello\n", onStandardError.output());
        assertTrue(onStandardError.errors().lines().allMatch(line -> line.startsWith("[1] ")));
    }
}

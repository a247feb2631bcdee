package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.control.HostProcess;
import dev.plinth.cli.control.SandboxState;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

final class CommandLineTest {
    private static final Launch LAUNCH = new Launch(Path.of("/none"), Set.of(), Optional.empty());

    @TempDir private Path temporary;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    /** A command that fails in a way of its choice. */
    private record FailingCommand(RuntimeException failure) implements Command {
        @Override
        public String name() {
            return "fail";
        }

        @Override
        public String summary() {
            return "Fail";
        }

        @Override
        public String synopsis() {
            return "";
        }

        @Override
        public Options options() {
            return new Options();
        }

        @Override
        public String notes() {
            return "";
        }

        @Override
        public int failureStatus(ErrorCode code) {
            return code == ErrorCode.PROGRAM_NOT_FOUND ? 127 : 125;
        }

        @Override
        public int run(Arguments arguments, Console console) {
            throw failure;
        }
    }

    private int run(List<Command> commands, String... words) {
        return new Main(
                        commands,
                        new Console(
                                new PrintStream(out, true, StandardCharsets.UTF_8),
                                new PrintStream(err, true, StandardCharsets.UTF_8)))
                .run(List.of(words));
    }

    private int run(String... words) {
        return run(Main.commands(LAUNCH), words);
    }

    private String errors() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private String output() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void helpIsThereForEveryCommandInLinesThatFitATerminal() {
        assertHelp("", "--help");
        for (String command : commandNames()) {
            assertHelp(command, (command + " -h").split(" ", -1));
        }
        assertEquals("", errors());
    }

    private static List<String> commandNames() {
        return Main.commands(LAUNCH).stream().map(Command::name).toList();
    }

    private void assertHelp(String command, String... words) {
        out.reset();
        assertEquals(0, run(words));
        assertTrue(output().startsWith("Usage: plinth " + command), output());
        assertTrue(output().lines().allMatch(line -> line.length() <= 80), output());
    }

    @Test
    void theHelpOfAllListsWhatIsForUsers() {
        run("--help");
        for (String command : commandNames()) {
            assertEquals(!command.equals("sandbox"), output().contains("\n  " + command + " "));
        }
    }

    @Test
    void theDirectoryOfSandboxesMayStandAheadOfTheCommand() {
        assertEquals(0, run("--root", "/nonexistent", "list"));
        assertEquals(1, run("--root", "/nonexistent", "state", "x"));
        out.reset();
        assertUsage(
                "'plinth layout' has nothing to do with --root",
                "'plinth --help' lists the commands",
                "--root",
                "/nonexistent",
                "layout");
    }

    @Test
    void aCommandOnASandboxWantsItsName() {
        for (String command : List.of("state", "ps", "kill", "wait", "delete", "pause", "events")) {
            assertUsage("no sandbox named", "'plinth " + command + " --help' tells more", command);
        }
        assertUsage(
                "unexpected argument 'b'", "'plinth state --help' tells more", "state", "a", "b");
        assertUsage(
                "--detach needs a name for the sandbox, with --id NAME",
                "'plinth run --help' tells more",
                "run",
                "--detach",
                "true");
        assertUsage(
                "no image named, with --image-path DIR",
                "'plinth restore --help' tells more",
                "restore");
    }

    @Test
    void versionIsThereForEveryCommand() {
        for (String command : List.of("run", "platforms", "layout", "syscalls", "list", "exec")) {
            out.reset();
            assertEquals(0, run(command, "--version"));
            assertTrue(output().startsWith("plinth "), output());
        }
        assertEquals(0, run("--version"));
    }

    @Test
    void helpOfRunTellsWhatTheExitStatusMeans() {
        run("run", "--help");
        for (String status : List.of("128+N", "127", "126", "125")) {
            assertTrue(output().contains(status), status);
        }
    }

    @Test
    void aCommandLineThatMakesNoSenseIsAnsweredInTwoLines() {
        assertUsage("no command given", "'plinth --help' lists the commands");
        assertUsage("there is no command 'fly'", "'plinth --help' lists the commands", "fly");
        assertUsage(
                "'plinth image' is followed by one of: inspect, verify",
                "'plinth --help' lists the commands",
                "image");
        assertUsage(
                "'plinth image' is followed by one of: inspect, verify; not by 'fly'",
                "'plinth --help' lists the commands",
                "image",
                "fly");
        assertUsage(
                "no image named, with --image-path DIR",
                "'plinth restore --help' tells more",
                "restore",
                "--image-path",
                "");
        assertUsage("unknown option --fly", "'plinth --help' lists the commands", "--fly");
        assertUsage("no program given", "'plinth run --help' tells more", "run");
        assertUsage("no program given", "'plinth run --help' tells more", "run", "--");
        assertUsage("unknown option --fly", "'plinth run --help' tells more", "run", "--fly", "x");
        assertUsage(
                "there is no format 'xml'; choose one of: table, json",
                "'plinth platforms --help' tells more",
                "platforms",
                "--format",
                "xml");
        assertUsage(
                "unexpected argument 'ptrace'",
                "'plinth layout --help' tells more",
                "layout",
                "ptrace");
    }

    @Test
    void whatContradictsItselfIsRefused() throws IOException {
        Path root = Files.createDirectories(temporary.resolve("root"));
        new StateRoot(root)
                .create(
                        new SandboxState(
                                "web",
                                SandboxState.Status.RUNNING,
                                HostProcess.current(),
                                "none",
                                Instant.EPOCH,
                                "/",
                                List.of(),
                                Optional.empty(),
                                OptionalInt.empty()));
        assertUsage(
                "--all and --pid do not go together",
                "'plinth kill --help' tells more",
                "--root",
                root.toString(),
                "kill",
                "--all",
                "--pid",
                "3",
                "web");
    }

    private void assertUsage(String problem, String hint, String... words) {
        err.reset();
        assertEquals(2, run(words));
        assertEquals("plinth: " + problem + "\n    " + hint + "\n", errors());
        assertEquals("", output());
    }

    @Test
    void anErrorIsALineAndItsRemedyAnother() {
        SandboxException failure =
                new SandboxException(ErrorCode.ROOTFS_UNUSABLE, "no root", "name another");
        assertEquals(125, run(List.of(new FailingCommand(failure)), "fail"));
        assertEquals("plinth: no root\n    name another\n", errors());
    }

    @Test
    void anErrorWithoutARemedyIsALine() {
        SandboxException failure =
                new SandboxException(ErrorCode.PROGRAM_NOT_FOUND, "x: not there", "");
        assertEquals(127, run(List.of(new FailingCommand(failure)), "fail"));
        assertEquals("plinth: x: not there\n", errors());
    }

    @Test
    void aStackTraceIsShownOnlyWhenAskedFor() {
        SandboxException failure = new SandboxException(ErrorCode.INTERNAL, "broken", "");
        assertEquals(125, run(List.of(new FailingCommand(failure)), "fail", "--debug"));
        assertTrue(errors().startsWith("plinth: broken\n"), errors());
        assertTrue(errors().contains("\tat dev.plinth.cli."), errors());
    }

    @Test
    void everySystemCallIsInEveryFormatOfTheList() {
        for (String format : List.of("table", "json", "markdown")) {
            out.reset();
            assertEquals(0, run("syscalls", "--format", format));
            for (String name : List.of("read", "execve", "uselib", "statx")) {
                assertTrue(output().contains(name), format + ": " + name);
            }
        }
    }
}

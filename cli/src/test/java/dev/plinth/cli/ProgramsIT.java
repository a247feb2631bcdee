package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.GuestPrograms.Kind;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Real programs do inside what they do outside. */
@Timeout(120)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class ProgramsIT {
    @Parameter private TestPlatform platform;

    private static final String BUSYBOX = "/bin/busybox";

    @TempDir private Path temporary;

    private void assertSameInside(String... program) {
        assertEquals(TestCommand.outside(program).run(), platform.sandboxed(program).run());
    }

    @Test
    void busyboxEchoesHello() {
        assertEquals(
                "hello\n", platform.sandboxed(BUSYBOX, "echo", "hello").run().requireSuccess());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "true",
                "false",
                "uname -a",
                "cat /etc/os-release",
                "cat /nonexistent",
                "ls -l /etc",
                "ls -la /usr/lib",
                "ls /nonexistent",
                "stat -c %n:%s:%b:%f:%u:%g:%h:%X:%Y:%Z /etc/passwd",
                "readlink /bin",
                "realpath /bin/busybox",
                "wc /etc/services",
                "sort /etc/passwd",
                "head -c 5 /dev/zero",
                "expr 6 * 7",
                "seq 1 1000",
                "id",
                "nosuchapplet",
                "",
            })
    void busyboxDoesTheSame(String arguments) {
        String[] program = (BUSYBOX + " " + arguments).strip().split(" ");
        assertSameInside(program);
    }

    /** But for directories that are another thing in a sandbox. */
    @Test
    void rootDirectoryIsTheHosts() {
        List<String> program = List.of(BUSYBOX, "ls", "-l", "/");
        String[] words = program.toArray(String[]::new);
        assertEquals(
                withoutSpecialDirectories(TestCommand.outside(words).run().requireSuccess()),
                withoutSpecialDirectories(platform.sandboxed(words).run().requireSuccess()));
    }

    private static List<String> withoutSpecialDirectories(String listing) {
        List<String> special = List.of("dev", "proc", "sys", "tmp");
        return listing.lines()
                .filter(line -> !line.startsWith("total "))
                .filter(line -> special.stream().noneMatch(name -> line.endsWith(" " + name)))
                .toList();
    }

    @Test
    void checksumOfALargeFileIsTheSame() throws IOException {
        Path file = temporary.resolve("large");
        byte[] piece = new byte[1 << 20];
        Random random = new Random(1);
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int i = 0; i < 100; i++) {
                random.nextBytes(piece);
                out.write(piece);
            }
        }
        assertSameInside(BUSYBOX, "sha256sum", file.toString());
    }

    @Test
    void awkComputesOverStandardInput() throws IOException {
        Path input = temporary.resolve("numbers");
        StringBuilder text = new StringBuilder();
        Random random = new Random(1);
        while (text.length() < 10 << 20) {
            text.append(random.nextInt(1000)).append(' ').append(random.nextInt(1000)).append('\n');
        }
        Files.writeString(input, text, StandardCharsets.US_ASCII);
        String[] program = {
            BUSYBOX, "awk", "{ s += $1 * $2; n[$1 % 10]++ } END { print NR, s, n[3] }"
        };
        Outcome inside = platform.sandboxed(program).reading(input).run();
        assertEquals(TestCommand.outside(program).reading(input).run(), inside);
        inside.requireSuccess();
    }

    @Test
    void largeOutputArrivesWhole() {
        assertSameInside(BUSYBOX, "seq", "1", "500000");
    }

    @ParameterizedTest
    @EnumSource
    void everyKindOfStaticProgramFindsWhatItFindsOutside(Kind kind) {
        Path program = GuestPrograms.compile(temporary, kind, "report");
        String[] words = {program.toString(), "one", "", "two words", "umläut"};
        Outcome outside = TestCommand.outside(words).with("REPORT", "fine").in(temporary).run();
        Outcome inside = platform.run("--env", "REPORT=fine", "--").and(words).in(temporary).run();
        assertEquals(42, outside.status());
        assertEquals(outside, inside);
    }

    /** 2 MiB is the most that Linux takes, all words and variables together. */
    @Test
    void argumentsMayBeMany() {
        String[] program = new String[20_002];
        program[0] = BUSYBOX;
        program[1] = "echo";
        Arrays.fill(program, 2, program.length, "x".repeat(85));
        assertSameInside(program);
    }

    @Test
    void aProgramIsLookedForInThePathOfTheSandbox() {
        assertEquals("x\n", platform.sandboxed("busybox", "echo", "x").run().requireSuccess());
    }

    @Test
    void aProgramIsFoundFromTheWorkingDirectory() {
        GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "stdio");
        assertEquals(0, platform.sandboxed("./stdio").in(temporary).run().status());
    }

    @Test
    void workingDirectoryIsTheCallersOrTheOneAskedFor() {
        String[] program = {BUSYBOX, "pwd"};
        assertEquals(
                temporary + "\n", platform.sandboxed(program).in(temporary).run().requireSuccess());
        assertEquals(
                "/usr/share\n",
                platform.run("--cwd", "/usr/share", "--").and(program).run().requireSuccess());
    }

    @Test
    void environmentIsSmallUnlessMoreIsAskedFor() {
        String[] program = {BUSYBOX, "env"};
        TestCommand command =
                platform.run("--env", "A=1", "--env", "HANDED", "--")
                        .and(program)
                        .with("HOME", "/h")
                        .with("TERM", "t")
                        .with("LANG", "C.UTF-8")
                        .with("HANDED", "over")
                        .with("LC_ALL", "C")
                        .with("SECRET", "s");
        assertEquals(
                """
                PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
                HOME=/h
                TERM=t
                LANG=C.UTF-8
                A=1
                HANDED=over
                """,
                command.run().requireSuccess());
    }

    /** The JVM is led to a UTF-8 locale; the program is not to notice. */
    @Test
    void localeOfTheCallerCanBeHandedOver() {
        String variables =
                platform.run("--env", "LC_ALL", "--", BUSYBOX, "env")
                        .with("LC_ALL", "de_DE")
                        .run()
                        .requireSuccess();
        assertTrue(variables.contains("\nLC_ALL=de_DE\n"), variables);
    }

    @Test
    void argumentsThatAreNotAsciiArriveInAnyLocale() {
        for (String locale : List.of("C", "C.UTF-8", "POSIX")) {
            TestCommand command =
                    platform.sandboxed(BUSYBOX, "echo", "ä€😀").with("LC_ALL", locale);
            assertEquals("ä€😀\n", command.run().requireSuccess());
        }
    }
}

package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** A program changes the host's files where it was allowed to, and nowhere else. */
@Timeout(60)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class HostFilesIT {
    @Parameter private TestPlatform platform;

    private static final String BUSYBOX = "/bin/busybox";

    @TempDir private Path temporary;

    /** What the programs of the tests are let loose on. */
    private Path tree;

    @BeforeEach
    void makeTree() throws IOException {
        tree = Files.createDirectory(temporary.resolve("tree"));
        Files.writeString(tree.resolve("file"), "content\n");
        Files.createDirectory(tree.resolve("directory"));
        Files.writeString(tree.resolve("directory/inner"), "inner\n");
        Files.createDirectory(tree.resolve("empty"));
        Files.createSymbolicLink(tree.resolve("link"), Path.of("file"));
    }

    /** Everything that a change would show in. */
    private List<String> snapshot() throws IOException {
        List<String> lines = new ArrayList<>();
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path file : files.sorted().toList()) {
                int content =
                        Files.isRegularFile(file) ? Arrays.hashCode(Files.readAllBytes(file)) : 0;
                lines.add(
                        TestCommand.outside(
                                                "stat",
                                                "-c",
                                                "%n %f %u %g %s %h %i %y %z",
                                                file.toString())
                                        .run()
                                        .requireSuccess()
                                + content);
            }
        }
        return lines;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cp /etc/passwd new",
                "cp /etc/passwd file",
                "cp /etc/passwd link",
                "mkdir newdir",
                "rmdir empty",
                "rm file",
                "rm -r directory",
                "mv file moved",
                "mv file directory/file",
                "ln file hard",
                "ln -s file soft",
                "chmod 600 file",
                "chown 1:1 file",
                "touch -d 2001-01-01 file",
                "truncate -s 3 file",
                "dd if=/etc/passwd of=file bs=1 count=3 seek=2 conv=notrunc",
                "mkfifo pipe",
            })
    void whatAProgramWritesIsLostAtItsEnd(String change) throws IOException {
        List<String> before = snapshot();
        Outcome inside = platform.sandboxed((BUSYBOX + " " + change).split(" ")).in(tree).run();
        assertEquals(before, snapshot());
        // It did something: outside, too, the command succeeds and changes the tree.
        Outcome outside = TestCommand.outside((BUSYBOX + " " + change).split(" ")).in(tree).run();
        assertNotEquals(before, snapshot());
        assertEquals(outside.status(), inside.status(), inside::toString);
    }

    @Test
    void aWritableMountIsWrittenTo() throws IOException {
        mounted("rw", "cp", "/etc/passwd", "/mnt/new").requireSuccess();
        assertEquals(
                Files.readString(Path.of("/etc/passwd")), Files.readString(tree.resolve("new")));
        mounted("rw", "rm", "/mnt/file").requireSuccess();
        assertFalse(Files.exists(tree.resolve("file")));
        mounted("rw", "mkdir", "/mnt/made").requireSuccess();
        assertTrue(Files.isDirectory(tree.resolve("made")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cp /etc/passwd /mnt/new",
                "rm /mnt/file",
                "mkdir /mnt/new",
                "chmod 600 /mnt/file",
                "mv /mnt/file /mnt/other",
                "ln -s x /mnt/soft",
                "truncate -s 0 /mnt/file",
            })
    void aMountIsReadOnlyUnlessToldOtherwise(String change) throws IOException {
        List<String> before = snapshot();
        for (String mode : List.of("", "ro")) {
            Outcome outcome = mounted(mode, change.split(" "));
            assertEquals(1, outcome.status(), outcome::toString);
            assertTrue(outcome.errors().contains("Read-only file system"), outcome::toString);
        }
        assertEquals(before, snapshot());
    }

    @Test
    void aMountShowsTheHostsFiles() {
        assertEquals("content\n", mounted("", "cat", "/mnt/link").requireSuccess());
        assertEquals("inner\n", mounted("rw", "cat", "/mnt/directory/inner").requireSuccess());
    }

    @Test
    void aRootfsIsAllThatAProgramSees() throws IOException {
        Files.createDirectory(tree.resolve("bin"));
        Files.copy(Path.of(BUSYBOX), tree.resolve("bin/busybox"));
        Files.createSymbolicLink(tree.resolve("up"), Path.of("../../../../../etc"));
        List<String> before = snapshot();
        TestCommand inTree = platform.run("--rootfs", tree.toString(), "--", BUSYBOX);
        assertEquals("content\n", inTree.and("cat", "/file").run().requireSuccess());
        assertEquals("/\n", inTree.and("pwd").run().requireSuccess());
        for (String outside : List.of("/etc/passwd", "/up/passwd", "/../../etc/passwd")) {
            assertEquals(1, inTree.and("cat", outside).run().status(), outside);
        }
        assertEquals(0, inTree.and("touch", "/new").run().status());
        assertEquals(before, snapshot());
    }

    private Outcome mounted(String mode, String... applet) {
        String mount = tree + ":/mnt" + (mode.isEmpty() ? "" : ":" + mode);
        return platform.run("--mount", mount, "--", BUSYBOX).and(applet).run();
    }
}

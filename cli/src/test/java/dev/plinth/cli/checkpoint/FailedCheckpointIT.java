package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.Image;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint that cannot be written is refused with the reason, leaves nothing behind, and the
 * sandbox goes on: one that was to end, too, for nothing else is left of it.
 */
@Timeout(120)
final class FailedCheckpointIT {
    private static final int PAGE_BYTES = 4096;

    /** More than an image of the witness has. */
    private static final int IMAGE_PAGES_MAX = 400;

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private TestPlatforms platforms;
    private LeakCheck before;
    private WitnessRun run;
    private Sandbox sandbox;

    @BeforeEach
    void start() throws IOException {
        platforms = new TestPlatforms();
        before = LeakCheck.now();
        run = new WitnessRun(platforms.plinth(), temporary, Map.of());
        sandbox = run.start(platforms.get(platforms.names().getFirst()), noStdio());
        run.report();
    }

    @AfterEach
    void end() {
        sandbox.close();
        before.assertNothingNew();
        platforms.close();
    }

    private static Stdio noStdio() {
        return new Stdio.Given(Map.of());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whereSomethingIsAlready(boolean leaveRunning) throws IOException {
        Path image = temporary.resolve("image");
        WitnessRun.checkpoint(sandbox, image, true);
        refused(ErrorCode.IMAGE_EXISTS, image, leaveRunning);
        refused(ErrorCode.IMAGE_EXISTS, Files.createFile(temporary.resolve("file")), leaveRunning);
        refused(
                ErrorCode.IMAGE_EXISTS,
                Files.createDirectory(temporary.resolve("empty")),
                leaveRunning);
        refused(
                ErrorCode.IMAGE_EXISTS,
                Files.createSymbolicLink(temporary.resolve("link"), Path.of("/nonexistent")),
                leaveRunning);
        requireRestorable(image);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whereItsDirectoryIsMissing(boolean leaveRunning) throws IOException {
        refused(ErrorCode.IMAGE_UNWRITABLE, temporary.resolve("missing/image"), leaveRunning);
        Path file = Files.createFile(temporary.resolve("file"));
        refused(ErrorCode.IMAGE_UNWRITABLE, file.resolve("image"), leaveRunning);
        refused(ErrorCode.IMAGE_UNWRITABLE, Path.of("/proc/self/image"), leaveRunning);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whereItsDirectoryMayNotBeWrittenTo(boolean leaveRunning) throws Exception {
        PrivateThread thread = new PrivateThread(opener.host());
        assumeTrue(thread.isPrivileged(), "only root can become somebody else");
        Path directory = Files.createDirectory(temporary.resolve("roots-own"));
        thread.run(() -> {
            thread.actAsNobody();
            requireRefusal(ErrorCode.IMAGE_UNWRITABLE, directory.resolve("image"), leaveRunning);
        });
        run.reportAgain(sandbox);
        assertEquals(List.of(), list(directory));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void onAFileSystemThatCanOnlyBeRead(boolean leaveRunning) throws Exception {
        PrivateThread thread = new PrivateThread(opener.host());
        assumeTrue(thread.isPrivileged(), "only root can mount");
        Path directory = Files.createDirectory(temporary.resolve("read-only"));
        thread.run(() -> {
            thread.mountMemory(directory, PAGE_BYTES);
            thread.remountReadOnly(directory);
            refused(ErrorCode.IMAGE_UNWRITABLE, directory.resolve("image"), leaveRunning);
        });
    }

    /** Wherever in an image the space ends: there is one page more at each attempt. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void onADiskThatIsFull(boolean leaveRunning) throws Exception {
        PrivateThread thread = new PrivateThread(opener.host());
        assumeTrue(thread.isPrivileged(), "only root can mount");
        Path old = temporary.resolve("old");
        WitnessRun.checkpoint(sandbox, old, true);
        Path directory = Files.createDirectory(temporary.resolve("small"));
        thread.run(() -> {
            int pages = 1;
            thread.mountMemory(directory, PAGE_BYTES);
            Path image = directory.resolve("image");
            while (!isWritten(image, leaveRunning)) {
                assertEquals(List.of(), list(directory));
                run.reportAgain(sandbox);
                pages++;
                assertTrue(pages < IMAGE_PAGES_MAX, "it never fits");
                thread.resizeMemory(directory, (long) pages * PAGE_BYTES);
            }
            assertTrue(pages > 4, "it fits at once: " + pages);
            requireWhole(image);
        });
        requireRestorable(old);
    }

    private boolean isWritten(Path image, boolean leaveRunning) {
        try {
            WitnessRun.checkpoint(sandbox, image, leaveRunning);
            return true;
        } catch (SandboxException e) {
            assertEquals(ErrorCode.IMAGE_UNWRITABLE, e.code(), e::toString);
            return false;
        }
    }

    /** Compressed pages are written by another path. */
    @Test
    void compressedOnADiskThatIsFull() throws Exception {
        PrivateThread thread = new PrivateThread(opener.host());
        assumeTrue(thread.isPrivileged(), "only root can mount");
        Path directory = Files.createDirectory(temporary.resolve("small"));
        thread.run(() -> {
            thread.mountMemory(directory, 2 * PAGE_BYTES);
            SandboxException e =
                    assertThrows(
                            SandboxException.class,
                            () ->
                                    sandbox.checkpoint(
                                            new CheckpointSpec(
                                                    directory.resolve("image"),
                                                    true,
                                                    Compression.ZSTD)));
            assertEquals(ErrorCode.IMAGE_UNWRITABLE, e.code());
            assertEquals(List.of(), list(directory));
        });
        run.reportAgain(sandbox);
    }

    /** The checkpoint is refused, nothing of it is left, and the sandbox goes on. */
    private void refused(ErrorCode code, Path image, boolean leaveRunning) throws IOException {
        Path directory = image.getParent();
        boolean listed = Files.isDirectory(directory) && !directory.startsWith("/proc");
        List<Path> there = listed ? list(directory) : List.of();
        requireRefusal(code, image, leaveRunning);
        assertEquals(there, listed ? list(directory) : List.of());
        run.reportAgain(sandbox);
    }

    private void requireRefusal(ErrorCode code, Path image, boolean leaveRunning) {
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> WitnessRun.checkpoint(sandbox, image, leaveRunning));
        assertEquals(code, e.code(), e::toString);
        assertTrue(e.getMessage().contains(image.toString()), e::toString);
        assertFalse(e.remedy().isEmpty());
    }

    private void requireRestorable(Path image) throws IOException {
        requireWhole(image);
        String name = platforms.names().getFirst();
        try (Sandbox again = run.restore(image, platforms.getFor(name, image), noStdio())) {
            run.reportAgain(again);
        }
    }

    private static void requireWhole(Path directory) {
        try (Image image = Image.open(directory)) {
            image.verify(pages -> {});
        }
    }

    private static List<Path> list(Path directory) throws IOException {
        List<Path> all = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            entries.forEach(all::add);
        }
        all.sort(null);
        return all;
    }
}

package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Signal;
import dev.plinth.cli.GuestPrograms;
import dev.plinth.cli.GuestPrograms.Kind;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Sandbox;
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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A checkpoint that is asked for at a time when there cannot be one is refused, and harms nobody.
 */
@Timeout(120)
final class UntimelyCheckpointIT {
    private static final int MEMORY_KIBIBYTES = 512;

    /** A sandbox ends within less time than the last of so many has. */
    private static final int ENDINGS = 50;

    private static final long LATER_NANOS = 200_000;

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private TestPlatforms platforms;
    private LeakCheck before;
    private Path program;
    private BallastRun run;

    @BeforeEach
    void start() throws IOException {
        platforms = new TestPlatforms();
        before = LeakCheck.now();
        program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "ballast");
        startProgram();
    }

    private void startProgram() throws IOException {
        run =
                BallastRun.start(
                        opener,
                        platforms.plinth(),
                        platforms.get(platforms.real().getFirst()),
                        program,
                        MEMORY_KIBIBYTES);
    }

    @AfterEach
    void end() {
        run.close();
        before.assertNothingNew();
        platforms.close();
    }

    private static CheckpointSpec to(Path image, boolean leaveRunning) {
        return new CheckpointSpec(image, leaveRunning, Compression.NONE);
    }

    private void refused(ErrorCode code, Sandbox sandbox) {
        Path image = temporary.resolve("refused");
        SandboxException e =
                assertThrows(SandboxException.class, () -> sandbox.checkpoint(to(image, true)));
        assertEquals(code, e.code(), e::toString);
        assertFalse(Files.exists(image));
    }

    private void requireRestorable(Path image) throws IOException {
        String platform = platforms.real().getLast();
        try (BallastRun again =
                BallastRun.restore(opener, platforms.plinth(), platforms.get(platform), image)) {
            again.requireIntact();
        }
    }

    /** While pages are written: the sandbox runs then if it is left running, else stands still. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void twoAtOnce(boolean leaveRunning) throws IOException {
        Path image = temporary.resolve("image");
        List<ErrorCode> seen = new ArrayList<>();
        run.sandbox()
                .checkpoint(
                        new CheckpointSpec(
                                image,
                                leaveRunning,
                                Compression.NONE,
                                bytes -> seen.addAll(tryFromElsewhere(seen))));
        assertEquals(List.of(ErrorCode.SANDBOX_BUSY), seen);
        assertFalse(Files.exists(temporary.resolve("second")));
        if (leaveRunning) {
            run.requireIntact();
        }
        requireRestorable(image);
    }

    /** What another thread is told, once. */
    private List<ErrorCode> tryFromElsewhere(List<ErrorCode> seen) {
        List<ErrorCode> told = new ArrayList<>();
        if (seen.isEmpty()) {
            Thread other =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    run.sandbox().checkpoint(to(temporary.resolve("second"), true));
                                } catch (SandboxException e) {
                                    told.add(e.code());
                                }
                            });
            try {
                other.join();
            } catch (InterruptedException e) {
                throw new IllegalStateException("interrupted", e);
            }
        }
        return told;
    }

    @Test
    void ofASandboxThatHasEnded() throws InterruptedException {
        run.sandbox().signal(Signal.SIGKILL);
        run.sandbox().awaitExit();
        refused(ErrorCode.SANDBOX_STOPPED, run.sandbox());
    }

    @Test
    void ofASandboxThatWasWrittenAndEnded() throws IOException {
        Path image = temporary.resolve("image");
        run.sandbox().checkpoint(to(image, false));
        refused(ErrorCode.SANDBOX_STOPPED, run.sandbox());
        requireRestorable(image);
    }

    /**
     * Its programs are ending, one after the other: it is just in time, and the image is whole, or
     * it is too late. A little later each time, until it was too late.
     */
    @Test
    void ofASandboxThatIsEnding() throws IOException, InterruptedException {
        boolean tooLate = false;
        for (int i = 0; !tooLate; i++) {
            assertTrue(i < ENDINGS, "it was never too late");
            Path image = temporary.resolve("image-" + i);
            run.sandbox().signalAll(Signal.SIGKILL);
            LockSupport.parkNanos(i * LATER_NANOS);
            try {
                run.sandbox().checkpoint(to(image, true));
                try (Image written = Image.open(image)) {
                    written.verify(pages -> {});
                }
            } catch (SandboxException e) {
                assertEquals(ErrorCode.SANDBOX_STOPPED, e.code(), e::toString);
                assertFalse(Files.exists(image));
                tooLate = true;
            }
            assertEquals(128 + 9, run.sandbox().awaitExit().shellStatus());
            run.close();
            startProgram();
        }
    }

    @Test
    void ofASandboxThatIsClosed() {
        run.close();
        refused(ErrorCode.SANDBOX_STOPPED, run.sandbox());
    }

    /** This one is timely: what stands still can be saved, and stands still afterwards. */
    @Test
    void ofASandboxThatIsPaused() throws IOException {
        Path image = temporary.resolve("image");
        run.sandbox().pause();
        run.sandbox().checkpoint(to(image, true));
        assertTrue(run.sandbox().resume(), "it does not stand still any more");
        run.requireIntact();
        requireRestorable(image);
    }

    /** One image after the other, with changes between them, and each is of its own moment. */
    @Test
    void manyOneAfterTheOther() throws IOException {
        for (int i = 0; i < 5; i++) {
            run.add(1);
            run.sandbox().checkpoint(to(temporary.resolve("image-" + i), true));
        }
        run.requireIntact();
        for (int i = 0; i < 5; i++) {
            try (BallastRun again =
                    BallastRun.restore(
                            opener,
                            platforms.plinth(),
                            platforms.get(platforms.real().get(i % platforms.real().size())),
                            temporary.resolve("image-" + i))) {
                assertEquals(i + 1, again.sum());
                again.requireIntact();
            }
        }
    }
}

package dev.plinth.kernel.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.boot.MockRun;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.ImageWriter;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.StoppedWorld;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Checkpoints that fail, on the mock platform; those that succeed are those of whole sandboxes. */
@Timeout(60)
final class FailedCheckpointTest {
    private static final long PAUSE = 34;

    @TempDir private Path rootfs;
    @TempDir private Path images;
    private final CountDownLatch ready = new CountDownLatch(1);

    private Sandbox started() throws Exception {
        Sandbox sandbox =
                new MockRun(rootfs)
                        .sandbox(guest -> {
                            ready.countDown();
                            guest.syscall(PAUSE);
                        });
        sandbox.start();
        ready.await();
        return sandbox;
    }

    /** Takes a checkpoint in the middle of which something is thrown. */
    private SandboxException failed(Kernel kernel, RuntimeException thrown) {
        try (ImageWriter image =
                        ImageWriter.create(
                                new JnaHostKernel(), images.resolve("one"), Compression.NONE);
                StoppedWorld world = kernel.stopWorld(Duration.ofSeconds(20))) {
            return assertThrows(
                    SandboxException.class,
                    () ->
                            Checkpoint.take(
                                    world,
                                    kernel,
                                    new Checkpoint.Origin("mock", List.of()),
                                    _ -> {
                                        throw thrown;
                                    },
                                    image,
                                    Checkpoint.prepare(kernel)));
        }
    }

    static List<RuntimeException> failures() {
        return List.of(
                ErrnoException.of(Errno.EIO),
                new HostCallException("statx", Errno.ENOMEM),
                new IllegalStateException("a defect"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void whateverFailsWhileStateIsTakenIsARefusalAndTheSandboxGoesOn(RuntimeException thrown)
            throws Exception {
        try (Sandbox sandbox = started()) {
            Kernel kernel = MockRun.kernelOf(sandbox);
            long free = kernel.memoryFree();
            SandboxException e = failed(kernel, thrown);
            assertEquals(ErrorCode.STATE_UNSAVABLE, e.code());
            assertSame(thrown, e.getCause());
            assertTrue(e.getMessage().startsWith("the state of the sandbox"), e.getMessage());
            assertFalse(e.remedy().isEmpty());
            assertEquals(free, kernel.memoryFree());
            sandbox.signal(Signal.SIGTERM);
            assertEquals(new ExitStatus.Killed(Signal.SIGTERM, false), sandbox.awaitExit());
        }
        try (var files = Files.list(images)) {
            assertEquals(List.of(), files.toList());
        }
    }

    @Test
    void aRefusalStaysWhatItIs() throws Exception {
        SandboxException refusal =
                new SandboxException(ErrorCode.STATE_UNSAVABLE, "a pipe is full", "empty it");
        try (Sandbox sandbox = started()) {
            assertSame(refusal, failed(MockRun.kernelOf(sandbox), refusal));
        }
    }
}

package dev.plinth.kernel.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.kernel.boot.MockRun;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.testkit.mock.MockPlatform;
import dev.plinth.testkit.mock.MockProgram;
import dev.plinth.testkit.mock.MockPrograms;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Moves that fail, on the mock platform. */
@Timeout(60)
final class PlatformMoveTest {
    private static final long PAUSE = 34;
    private static final long FORK = 57;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir private Path rootfs;
    private final MockPlatform other = new MockPlatform(new MockPrograms(), List.of());
    private final CountDownLatch ready = new CountDownLatch(1);
    private Sandbox sandbox;
    private Kernel kernel;

    @BeforeEach
    void start() throws Exception {
        MockRun run = new MockRun(rootfs);
        MockProgram child = run.program("child", guest -> guest.syscall(PAUSE));
        sandbox =
                run.sandbox(guest -> {
                    guest.fork(child, FORK);
                    ready.countDown();
                    guest.syscall(PAUSE);
                });
        kernel = MockRun.kernelOf(sandbox);
        sandbox.start();
        ready.await();
    }

    @AfterEach
    void nothingIsLeftOfTheOtherPlatform() {
        sandbox.close();
        assertEquals(0, other.openContexts());
        other.close();
    }

    /** What a move fails with if each new context does something first. */
    private <T extends RuntimeException> T failed(Class<T> kind, Runnable first) {
        Platform next =
                new Platform() {
                    @Override
                    public PlatformCapabilities capabilities() {
                        return other.capabilities();
                    }

                    @Override
                    public AddressSpace newAddressSpace() {
                        return other.newAddressSpace();
                    }

                    @Override
                    public ExecutionContext newContext() {
                        first.run();
                        return other.newContext();
                    }

                    @Override
                    public void close() {
                        other.close();
                    }
                };
        try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
            T thrown = assertThrows(kind, () -> world.moveTo(next));
            assertEquals(0, other.openAddressSpaces());
            return thrown;
        }
    }

    private void assertGoesOn() throws InterruptedException {
        assertEquals(0, other.openContexts());
        sandbox.signal(Signal.SIGTERM);
        assertEquals(new ExitStatus.Killed(Signal.SIGTERM, false), sandbox.awaitExit());
    }

    @Test
    void whatTheHostHasNoRoomForIsToldAndGivenBack() throws Exception {
        SandboxException e =
                failed(
                        SandboxException.class,
                        () -> {
                            throw new HostCallException("new context", Errno.EAGAIN);
                        });
        assertEquals(ErrorCode.HOST_EXHAUSTED, e.code());
        assertGoesOn();
    }

    @Test
    void aDefectOfThePlatformIsToldAndAllIsGivenBack() throws Exception {
        IllegalStateException defect = new IllegalStateException("too many contexts");
        assertSame(
                defect,
                failed(
                        IllegalStateException.class,
                        () -> {
                            throw defect;
                        }));
        assertGoesOn();
    }

    @Test
    void aSandboxThatEndsMeanwhileGivesAllBack() {
        SandboxException e = failed(SandboxException.class, kernel::end);
        assertEquals(ErrorCode.SANDBOX_STOPPED, e.code());
    }
}

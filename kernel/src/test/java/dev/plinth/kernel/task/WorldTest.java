package dev.plinth.kernel.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.boot.MockRun;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.testkit.mock.Guest;
import dev.plinth.testkit.mock.MockElf;
import dev.plinth.testkit.mock.MockProgram;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Stopping all tasks and letting them go on, on the mock platform. */
@Timeout(60)
final class WorldTest {
    private static final long READ = 0;
    private static final long WRITE = 1;
    private static final long RT_SIGACTION = 13;
    private static final long RT_SIGRETURN = 15;
    private static final long PIPE = 22;
    private static final long PAUSE = 34;
    private static final long NANOSLEEP = 35;
    private static final long SETITIMER = 38;
    private static final long GETPID = 39;
    private static final long FORK = 57;
    private static final long VFORK = 58;
    private static final long WAIT4 = 61;
    private static final long KILL = 62;
    private static final long RT_SIGTIMEDWAIT = 128;
    private static final long SCHED_YIELD = 24;

    private static final long SA_SIGINFO = 4;
    private static final long SA_RESTORER = 0x04000000;
    private static final int SIGUSR1 = 10;
    private static final int SIGALRM = 14;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;
    private static final long DATA = MockElf.DATA_ADDRESS;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir private Path rootfs;
    private MockRun run;
    private MockProgram restorer;
    private final CountDownLatch ready = new CountDownLatch(1);

    @BeforeEach
    void prepare() {
        run = new MockRun(rootfs);
        restorer = run.program("restorer", guest -> guest.syscall(RT_SIGRETURN));
    }

    @Test
    void aGuestThatRunsIsStoppedAndGoesOn() throws Exception {
        AtomicLong steps = new AtomicLong();
        CountDownLatch enough = new CountDownLatch(1);
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    ready.countDown();
                    while (enough.getCount() > 0) {
                        steps.incrementAndGet();
                        guest.spin();
                    }
                    guest.exit(9);
                })) {
            Kernel kernel = begin(sandbox);
            try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                assertEquals(1, world.tasks().size());
                long before = steps.get();
                Thread.sleep(20);
                assertEquals(before, steps.get());
            }
            long before = steps.get();
            while (steps.get() == before) {
                Thread.onSpinWait();
            }
            enough.countDown();
            assertEquals(new ExitStatus.Exited(9), sandbox.awaitExit());
        }
    }

    @Test
    void aCallThatWaitsIsMadeAgain() throws Exception {
        MockProgram child = run.program("child", this::sleepAndExit);
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    guest.fork(child, FORK);
                    long waited = guest.syscall(WAIT4, -1, DATA, 0, 0);
                    guest.exit((int) waited + (guest.loadInt(DATA) >> 8));
                })) {
            Kernel kernel = begin(sandbox);
            for (int i = 0; i < 20; i++) {
                kernel.stopWorld(PATIENCE).close();
                Thread.sleep(1);
            }
            assertEquals(new ExitStatus.Exited(2 + 40), sandbox.awaitExit());
        }
    }

    private void sleepAndExit(Guest guest) {
        guest.storeLong(DATA, 0);
        guest.storeLong(DATA + 8, 200_000_000);
        ready.countDown();
        guest.exit(guest.syscall(NANOSLEEP, DATA, 0) == 0 ? 40 : 41);
    }

    @Test
    void aSignalThatComesWhileTheWorldIsStoppedBreaksTheCallOff() throws Exception {
        AtomicLong result = new AtomicLong();
        AtomicLong handled = new AtomicLong();
        MockProgram handler = run.program("handler", _ -> handled.incrementAndGet());
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    handle(guest, SIGUSR1, handler);
                    ready.countDown();
                    result.set(guest.syscall(PAUSE));
                    guest.exit(0);
                })) {
            Kernel kernel = begin(sandbox);
            try (StoppedWorld world = awaitAsleep(kernel, 1)) {
                // Kept until the world goes on.
                sandbox.signal(Signal.SIGUSR1);
                assertEquals(0, world.tasks().getFirst().signals().pendingSet());
            }
            assertEquals(new ExitStatus.Exited(0), sandbox.awaitExit());
            assertEquals(1, handled.get());
            assertEquals(-4, result.get());
        }
    }

    @Test
    void aSignalThatIsWaitedForGoesToWhoWaitsThoughTheWorldWasStopped() throws Exception {
        AtomicLong result = new AtomicLong();
        AtomicLong handled = new AtomicLong();
        MockProgram handler = run.program("handler", _ -> handled.incrementAndGet());
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    handle(guest, SIGUSR1, handler);
                    guest.storeLong(DATA, 1L << (SIGUSR1 - 1));
                    ready.countDown();
                    result.set(guest.syscall(RT_SIGTIMEDWAIT, DATA, 0, 0, 8));
                    guest.syscall(KILL, guest.syscall(GETPID), SIGUSR1);
                    guest.exit((int) handled.get());
                })) {
            Kernel kernel = begin(sandbox);
            try (StoppedWorld _ = awaitAsleep(kernel, 1)) {
                sandbox.signal(Signal.SIGUSR1);
            }
            assertEquals(new ExitStatus.Exited(1), sandbox.awaitExit());
            assertEquals(SIGUSR1, result.get());
        }
    }

    @Test
    void noTimerRunsOutWhileTheWorldIsStopped() throws Exception {
        AtomicLong handled = new AtomicLong();
        MockProgram handler = run.program("handler", _ -> handled.incrementAndGet());
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    handle(guest, SIGALRM, handler);
                    guest.store(DATA, new byte[24]);
                    guest.storeLong(DATA + 24, 50_000);
                    guest.syscall(SETITIMER, 0, DATA, 0);
                    ready.countDown();
                    while (handled.get() == 0) {
                        guest.syscall(SCHED_YIELD);
                    }
                    guest.exit((int) handled.get());
                })) {
            Kernel kernel = begin(sandbox);
            try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                long before = world.tasks().getFirst().signals().pendingSet() + handled.get();
                Thread.sleep(100);
                assertEquals(
                        before, world.tasks().getFirst().signals().pendingSet() + handled.get());
            }
            assertEquals(new ExitStatus.Exited(1), sandbox.awaitExit());
        }
    }

    @Test
    void aProcessThatIsStoppedBySignalStaysSo() throws Exception {
        CountDownLatch seen = new CountDownLatch(1);
        MockProgram child =
                run.program(
                        "stopped",
                        guest -> {
                            guest.syscall(KILL, guest.syscall(GETPID), SIGSTOP);
                            guest.exit(6);
                        });
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    long pid = guest.fork(child, FORK);
                    guest.syscall(WAIT4, pid, DATA, 2, 0);
                    ready.countDown();
                    await(seen);
                    guest.syscall(KILL, pid, SIGCONT);
                    guest.syscall(WAIT4, pid, DATA, 0, 0);
                    guest.exit(guest.loadInt(DATA) >> 8);
                })) {
            sandbox.start();
            ready.await();
            // The first task is in the hands of the test, not of the platform.
            Kernel kernel = MockRun.kernelOf(sandbox);
            Thread release =
                    Thread.ofPlatform()
                            .start(() -> {
                                while (!kernel.world().isStopping()) {
                                    Thread.onSpinWait();
                                }
                                seen.countDown();
                            });
            try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                assertEquals(2, world.tasks().size());
            }
            release.join();
            assertEquals(new ExitStatus.Exited(6), sandbox.awaitExit());
        }
    }

    @Test
    void aParentThatLentItsMemoryIsStopped() throws Exception {
        MockProgram child = run.program("borrower", this::sleepAndExit);
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    long pid = guest.fork(child, VFORK);
                    guest.exit((int) pid);
                })) {
            Kernel kernel = begin(sandbox);
            for (int i = 0; i < 5; i++) {
                try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                    List<Task> tasks = world.tasks();
                    if (tasks.size() == 2) {
                        assertTrue(tasks.getFirst().lent().isPresent());
                    }
                }
            }
            assertEquals(new ExitStatus.Exited(2), sandbox.awaitExit());
        }
    }

    @Test
    void tasksAreBornAndEndWhileTheWorldStops() throws Exception {
        MockProgram exiting = run.program("exiting", guest -> guest.exit(0));
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    ready.countDown();
                    for (int i = 0; i < 200; i++) {
                        assertTrue(guest.fork(exiting, FORK) > 0);
                        assertTrue(guest.syscall(WAIT4, -1, DATA, 0, 0) > 0);
                    }
                    guest.exit(5);
                })) {
            Kernel kernel = begin(sandbox);
            int stops = 0;
            try {
                while (true) {
                    try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                        assertTrue(world.tasks().size() <= 2);
                        stops++;
                    }
                }
            } catch (SandboxException e) {
                assertEquals(ErrorCode.SANDBOX_STOPPED, e.code());
            }
            assertTrue(stops > 0);
            assertEquals(new ExitStatus.Exited(5), sandbox.awaitExit());
        }
    }

    @Test
    void bytesThatGoThroughAPipeAreAllThere() throws Exception {
        MockProgram writer =
                run.program(
                        "writer",
                        guest -> {
                            int fd = guest.loadInt(DATA + 4);
                            for (int i = 0; i < 2000; i++) {
                                guest.storeByte(DATA + 16, (byte) i);
                                assertEquals(1, guest.syscall(WRITE, fd, DATA + 16, 1));
                            }
                            guest.exit(0);
                        });
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    guest.syscall(PIPE, DATA);
                    int fd = guest.loadInt(DATA);
                    guest.fork(writer, FORK);
                    ready.countDown();
                    for (int i = 0; i < 2000; i++) {
                        assertEquals(1, guest.syscall(READ, fd, DATA + 16, 1));
                        assertEquals((byte) i, guest.loadByte(DATA + 16));
                    }
                    guest.exit(3);
                })) {
            Kernel kernel = begin(sandbox);
            assertThrows(
                    SandboxException.class,
                    () -> {
                        while (true) {
                            kernel.stopWorld(PATIENCE).close();
                        }
                    });
            assertEquals(new ExitStatus.Exited(3), sandbox.awaitExit());
        }
    }

    @Test
    void aSecondStopIsRefused() throws Exception {
        try (Sandbox sandbox = run.sandbox(this::pauseForEver)) {
            Kernel kernel = begin(sandbox);
            try (StoppedWorld first = kernel.stopWorld(PATIENCE)) {
                assertEquals(
                        ErrorCode.SANDBOX_BUSY,
                        assertThrows(SandboxException.class, () -> kernel.stopWorld(PATIENCE))
                                .code());
                assertEquals(1, first.tasks().size());
            }
            kernel.stopWorld(PATIENCE).close();
        }
    }

    @Test
    void whatATaskFailsOfWhileItIsStoppedIsTold() throws Exception {
        try (Sandbox sandbox = run.sandbox(this::pauseForEver)) {
            Kernel kernel = begin(sandbox);
            try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                IllegalStateException defect = new IllegalStateException("too many contexts");
                assertSame(defect, failureOf(world, kernel, defect));
                Error error = new OutOfMemoryError("unable to create native thread");
                assertSame(error, failureOf(world, kernel, error).getCause());
                kernel.world().perform(Task::vectorState);
            }
            kernel.stopWorld(PATIENCE).close();
        }
    }

    private static IllegalStateException failureOf(
            StoppedWorld world, Kernel kernel, Throwable thrown) {
        assertEquals(1, world.tasks().size());
        return assertThrows(
                IllegalStateException.class,
                () ->
                        kernel.world()
                                .perform(_ -> {
                                    if (thrown instanceof Error error) {
                                        throw error;
                                    }
                                    throw (RuntimeException) thrown;
                                }));
    }

    @Test
    void aStoppedWorldIsClosedOnce() throws Exception {
        try (Sandbox sandbox = run.sandbox(this::pauseForEver)) {
            Kernel kernel = begin(sandbox);
            StoppedWorld first = kernel.stopWorld(PATIENCE);
            first.close();
            try (StoppedWorld second = kernel.stopWorld(PATIENCE)) {
                first.close();
                assertEquals(1, second.tasks().size());
            }
        }
    }

    @Test
    void aSandboxThatHasEndedIsNotStopped() throws Exception {
        try (Sandbox sandbox = run.sandbox(guest -> guest.exit(0))) {
            Kernel kernel = MockRun.kernelOf(sandbox);
            assertEquals(
                    ErrorCode.SANDBOX_STOPPED,
                    assertThrows(SandboxException.class, () -> kernel.stopWorld(PATIENCE)).code());
            sandbox.start();
            sandbox.awaitExit();
            assertThrows(
                    SandboxException.class,
                    () -> {
                        while (true) {
                            kernel.stopWorld(PATIENCE).close();
                        }
                    });
        }
    }

    @Test
    void aTaskThatDoesNotStopIsNamedAndTheWorldGoesOn() throws Exception {
        CountDownLatch free = new CountDownLatch(1);
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    ready.countDown();
                    // What a host's call that does not return is like.
                    await(free);
                    guest.syscall(SCHED_YIELD);
                    guest.exit(1);
                })) {
            Kernel kernel = begin(sandbox);
            SandboxException e =
                    assertThrows(
                            SandboxException.class, () -> kernel.stopWorld(Duration.ofMillis(50)));
            assertEquals(ErrorCode.TASKS_DO_NOT_STOP, e.code());
            assertTrue(e.getMessage().contains("task 1 (main)"), e.getMessage());
            assertFalse(kernel.world().isStopping());
            free.countDown();
            assertEquals(new ExitStatus.Exited(1), sandbox.awaitExit());
        }
    }

    @Test
    void aStoppedSandboxCanBeClosed() throws Exception {
        StoppedWorld world;
        try (Sandbox sandbox = run.sandbox(this::pauseForEver)) {
            world = begin(sandbox).stopWorld(PATIENCE);
        }
        assertEquals(
                ErrorCode.SANDBOX_STOPPED,
                assertThrows(SandboxException.class, world::tasks).code());
        world.close();
    }

    @Test
    void aStoppedSandboxIsKilledWithoutRunning() throws Exception {
        AtomicLong after = new AtomicLong();
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    ready.countDown();
                    guest.syscall(PAUSE);
                    after.incrementAndGet();
                })) {
            try (StoppedWorld world = begin(sandbox).stopWorld(PATIENCE)) {
                world.kill();
                assertEquals(ThreadGroup.killedBy(Signal.SIGKILL), sandbox.awaitExit());
            }
            assertEquals(0, after.get());
        }
    }

    @Test
    void eachTaskDoesItsWorkOnItsOwnThread() throws Exception {
        MockProgram child = run.program("child", guest -> guest.syscall(PAUSE));
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    for (int i = 0; i < 10; i++) {
                        guest.fork(child, FORK);
                    }
                    ready.countDown();
                    guest.syscall(PAUSE);
                })) {
            Kernel kernel = begin(sandbox);
            try (StoppedWorld world = kernel.stopWorld(PATIENCE)) {
                assertEquals(11, world.tasks().size());
                AtomicLong done = new AtomicLong();
                kernel.world()
                        .perform(task -> {
                            assertTrue(task.isRunBy(Thread.currentThread()));
                            done.incrementAndGet();
                        });
                assertEquals(11, done.get());
                assertThrows(
                        IllegalArgumentException.class,
                        () ->
                                kernel.world()
                                        .perform(_ -> {
                                            throw new IllegalArgumentException("cannot be done");
                                        }));
                assertEquals(11, world.tasks().size());
            }
        }
    }

    @Test
    void aPausedSandboxRunsWhenItIsResumed() throws Exception {
        try (Sandbox sandbox = run.sandbox(this::sleepAndExit)) {
            begin(sandbox);
            sandbox.pause();
            assertEquals(
                    ErrorCode.SANDBOX_BUSY,
                    assertThrows(SandboxException.class, sandbox::pause).code());
            assertTrue(sandbox.resume());
            assertFalse(sandbox.resume());
            assertEquals(new ExitStatus.Exited(40), sandbox.awaitExit());
        }
    }

    private void pauseForEver(Guest guest) {
        ready.countDown();
        guest.syscall(PAUSE);
    }

    /** Starts a sandbox and waits until its program has begun. */
    private Kernel begin(Sandbox sandbox) throws InterruptedException {
        sandbox.start();
        assertTrue(ready.await(20, TimeUnit.SECONDS));
        return MockRun.kernelOf(sandbox);
    }

    /** Stops a sandbox once so many tasks sleep. */
    private static StoppedWorld awaitAsleep(Kernel kernel, int count) throws InterruptedException {
        while (kernel.tasks().stream().filter(Task::isAsleep).count() < count) {
            Thread.sleep(1);
        }
        return kernel.stopWorld(PATIENCE);
    }

    private void handle(Guest guest, int signal, MockProgram handler) {
        guest.storeLong(DATA, guest.addressOf(handler));
        guest.storeLong(DATA + 8, SA_SIGINFO | SA_RESTORER);
        guest.storeLong(DATA + 16, guest.addressOf(restorer));
        guest.storeLong(DATA + 24, 0);
        guest.syscall(RT_SIGACTION, signal, DATA, 0, 8);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}

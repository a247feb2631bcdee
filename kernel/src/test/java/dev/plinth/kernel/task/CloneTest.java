package dev.plinth.kernel.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.boot.MockRun;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.testkit.mock.MockElf;
import dev.plinth.testkit.mock.MockProgram;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Making tasks and waiting for them, on the mock platform: also where the host has no room. */
@Timeout(60)
final class CloneTest {
    private static final long PAUSE = 34;
    private static final long GETPID = 39;
    private static final long CLONE = 56;
    private static final long FORK = 57;
    private static final long EXIT = 60;
    private static final long WAIT4 = 61;
    private static final long KILL = 62;
    private static final long GETTID = 186;
    private static final long SCHED_YIELD = 24;

    private static final long THREAD_FLAGS = 0x10f00;
    private static final long CLONE_CHILD_CLEARTID = 0x200000;
    private static final long DATA = MockElf.DATA_ADDRESS;

    @TempDir private Path rootfs;
    private MockRun run;
    private MockProgram exiting;
    private MockProgram pausing;

    @BeforeEach
    void prepare() {
        run = new MockRun(rootfs);
        exiting = run.program("exiting", guest -> guest.exit(3));
        pausing = run.program("pausing", guest -> guest.syscall(PAUSE));
    }

    @Test
    void aChildIsWaitedFor() throws Exception {
        AtomicLong child = new AtomicLong();
        AtomicLong waited = new AtomicLong();
        ExitStatus status =
                run.run(guest -> {
                    child.set(guest.fork(exiting, FORK));
                    waited.set(guest.syscall(WAIT4, -1, DATA, 0, 0));
                    guest.exit(guest.loadInt(DATA) >> 8);
                });
        assertEquals(new ExitStatus.Exited(3), status);
        assertEquals(2, child.get());
        assertEquals(2, waited.get());
    }

    @Test
    void aContextThatTheHostRefusesFailsTheCloneAndNothingElse() throws Exception {
        AtomicLong process = new AtomicLong();
        AtomicLong thread = new AtomicLong();
        AtomicLong later = new AtomicLong();
        ExitStatus status =
                run.run(guest -> {
                    long first = guest.fork(pausing, FORK);
                    run.platforms().refuseContexts(Optional.of(Errno.ENOMEM));
                    process.set(guest.fork(exiting, FORK));
                    thread.set(guest.fork(exiting, CLONE, THREAD_FLAGS, DATA + 4096));
                    run.platforms().refuseContexts(Optional.empty());
                    guest.syscall(KILL, first, 9);
                    assertEquals(first, guest.syscall(WAIT4, -1, DATA, 0, 0));
                    assertEquals(9, guest.loadInt(DATA));
                    // Nobody else is left to be waited for.
                    assertEquals(-Errno.ECHILD.number(), guest.syscall(WAIT4, -1, DATA, 0, 0));
                    later.set(guest.fork(exiting, FORK));
                    assertEquals(later.get(), guest.syscall(WAIT4, -1, DATA, 0, 0));
                    guest.exit(0);
                });
        assertEquals(new ExitStatus.Exited(0), status);
        assertEquals(-Errno.EAGAIN.number(), process.get());
        assertEquals(-Errno.EAGAIN.number(), thread.get());
        assertTrue(later.get() > 0);
        assertEquals(Optional.empty(), run.failure());
    }

    @Test
    void anAddressSpaceThatTheHostRefusesFailsTheFork() throws Exception {
        AtomicLong noMemory = new AtomicLong();
        AtomicLong noProcess = new AtomicLong();
        ExitStatus status =
                run.run(guest -> {
                    run.platforms().refuseAddressSpaces(Optional.of(Errno.ENOMEM));
                    noMemory.set(guest.fork(exiting, FORK));
                    run.platforms().refuseAddressSpaces(Optional.of(Errno.EAGAIN));
                    noProcess.set(guest.fork(exiting, FORK));
                    run.platforms().refuseAddressSpaces(Optional.empty());
                    guest.storeLong(DATA, 42);
                    guest.exit((int) guest.loadLong(DATA));
                });
        assertEquals(new ExitStatus.Exited(42), status);
        assertEquals(-Errno.ENOMEM.number(), noMemory.get());
        assertEquals(-Errno.EAGAIN.number(), noProcess.get());
    }

    @Test
    void aVforkThatFailsDoesNotWait() throws Exception {
        AtomicLong result = new AtomicLong();
        run.run(guest -> {
            run.platforms().refuseContexts(Optional.of(Errno.EMFILE));
            result.set(guest.fork(exiting, 58));
            run.platforms().refuseContexts(Optional.empty());
            guest.exit(0);
        });
        assertEquals(-Errno.EAGAIN.number(), result.get());
    }

    @Test
    void aFirstTaskWithoutAContextEndsTheSandbox() throws Exception {
        run.platforms().refuseContexts(Optional.of(Errno.ENOMEM));
        ExitStatus status = run.run(guest -> guest.exit(0));
        assertEquals(ThreadGroup.killedBy(Signal.SIGKILL), status);
        assertTrue(run.failure().orElseThrow().contains("ENOMEM"), run.failure().toString());
    }

    @Test
    void theEndOfTheFirstProcessEndsAll() throws Exception {
        CountDownLatch started = new CountDownLatch(20);
        MockProgram busy =
                run.program(
                        "busy",
                        guest -> {
                            started.countDown();
                            while (true) {
                                guest.spin();
                            }
                        });
        ExitStatus status =
                run.run(guest -> {
                    for (int i = 0; i < 10; i++) {
                        guest.fork(busy, FORK);
                        guest.fork(busy, CLONE, THREAD_FLAGS, DATA + 4096 + 64L * i);
                    }
                    await(started);
                    guest.exit(5);
                });
        assertEquals(new ExitStatus.Exited(5), status);
    }

    @Test
    void aSandboxThatIsClosedAmidForksLeavesNothing() throws Exception {
        CountDownLatch forked = new CountDownLatch(50);
        MockProgram[] forks = new MockProgram[1];
        forks[0] =
                run.program(
                        "forks",
                        guest -> {
                            while (guest.fork(forks[0], FORK) > 0) {
                                forked.countDown();
                            }
                            guest.syscall(PAUSE);
                        });
        MockProgram bounded = forks[0];
        Set<String> before = taskThreads();
        // The platform itself refuses to be closed while contexts and address spaces are open.
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    guest.fork(bounded, FORK);
                    guest.syscall(PAUSE);
                })) {
            sandbox.start();
            forked.await();
        }
        assertEquals(before, taskThreads());
    }

    @Test
    void threadsAreUsedAgainAndEndWithTheSandbox() throws Exception {
        Set<Thread> threads = ConcurrentHashMap.newKeySet();
        Set<String> before = taskThreads();
        run.run(guest -> {
            for (int i = 0; i < 20; i++) {
                guest.fork(exiting, FORK);
                guest.syscall(WAIT4, -1, DATA, 0, 0);
                threads.addAll(
                        Thread.getAllStackTraces().keySet().stream()
                                .filter(CloneTest::isOfATask)
                                .toList());
            }
            guest.exit(0);
        });
        // The first task's, its children's, one that was on its way out, and the starter.
        assertTrue(threads.size() <= 6, () -> threads.toString());
        assertEquals(before, taskThreads());
        for (Thread thread : threads) {
            assertFalse(thread.isAlive(), thread::getName);
        }
    }

    @Test
    void numbersAreNotUsedAgainAtOnce() throws Exception {
        AtomicLong last = new AtomicLong();
        run.run(guest -> {
            for (int i = 0; i < 5; i++) {
                last.set(guest.fork(exiting, FORK));
                guest.syscall(WAIT4, -1, DATA, 0, 0);
            }
            guest.exit(0);
        });
        assertEquals(6, last.get());
    }

    @Test
    void aThreadSharesTheProcessAndClearsItsWord() throws Exception {
        AtomicLong pid = new AtomicLong();
        AtomicLong tid = new AtomicLong();
        MockProgram thread =
                run.program(
                        "thread",
                        guest -> {
                            pid.set(guest.syscall(GETPID));
                            tid.set(guest.syscall(GETTID));
                            guest.storeLong(DATA + 8, 77);
                            guest.syscall(EXIT, 0);
                        });
        ExitStatus status =
                run.run(guest -> {
                    guest.storeLong(DATA, -1L);
                    long made =
                            guest.fork(
                                    thread,
                                    CLONE,
                                    THREAD_FLAGS | CLONE_CHILD_CLEARTID,
                                    DATA + 4096,
                                    0,
                                    DATA);
                    while (guest.loadInt(DATA) != 0) {
                        guest.syscall(SCHED_YIELD);
                    }
                    assertEquals(made, tid.get());
                    guest.exit((int) guest.loadLong(DATA + 8));
                });
        assertEquals(new ExitStatus.Exited(77), status);
        assertEquals(1, pid.get());
        assertEquals(2, tid.get());
    }

    @Test
    void aSignalThatIsPendingIsDealtWithBeforeAFork() throws Exception {
        AtomicInteger children = new AtomicInteger();
        MockProgram child =
                run.program(
                        "child",
                        guest -> {
                            children.incrementAndGet();
                            guest.exit(0);
                        });
        ExitStatus status =
                run.run(guest -> {
                    guest.syscall(KILL, guest.syscall(GETPID), 15);
                    guest.fork(child, FORK);
                    guest.exit(0);
                });
        assertEquals(ThreadGroup.killedBy(Signal.SIGTERM), status);
        assertEquals(0, children.get());
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isOfATask(Thread thread) {
        return thread.getName().startsWith("task-");
    }

    private static Set<String> taskThreads() {
        Set<String> names = ConcurrentHashMap.newKeySet();
        Thread.getAllStackTraces().keySet().stream()
                .filter(CloneTest::isOfATask)
                .forEach(thread -> names.add(thread.getName() + "#" + thread.threadId()));
        return names;
    }
}

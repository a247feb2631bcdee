package dev.plinth.kernel.task;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.boot.MockRun;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.testkit.mock.Guest;
import dev.plinth.testkit.mock.MockElf;
import dev.plinth.testkit.mock.MockProgram;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/** Tasks and signals, on the mock platform. */
@Timeout(30)
final class TaskTest {
    private static final long RT_SIGACTION = 13;
    private static final long RT_SIGPROCMASK = 14;
    private static final long RT_SIGRETURN = 15;
    private static final long PAUSE = 34;
    private static final long NANOSLEEP = 35;
    private static final long GETPID = 39;
    private static final long KILL = 62;
    private static final long MMAP = 9;
    private static final long MUNMAP = 11;
    private static final long RT_SIGSUSPEND = 130;
    private static final long SIGALTSTACK = 131;
    private static final long PRCTL = 157;
    private static final long ARCH_PRCTL = 158;
    private static final long GETTID = 186;
    private static final long TGKILL = 234;

    private static final long SA_SIGINFO = 4;
    private static final long SA_RESTORER = 0x04000000;
    private static final long SA_ONSTACK = 0x08000000;
    private static final long SA_NODEFER = 0x40000000;
    private static final long SA_RESETHAND = 0x80000000L;

    private static final int SIGUSR1 = 10;
    private static final int SIGSEGV = 11;
    private static final int SIGUSR2 = 12;
    private static final long DATA = MockElf.DATA_ADDRESS;

    @TempDir private Path rootfs;
    private MockRun run;
    private MockProgram restorer;

    @BeforeEach
    void prepare() {
        run = new MockRun(rootfs);
        restorer = run.program("restorer", guest -> guest.syscall(RT_SIGRETURN));
    }

    @Test
    void exitCodeIsTheLowestByte() throws Exception {
        assertEquals(new ExitStatus.Exited(7), run.run(guest -> guest.exit(0x107)));
    }

    @Test
    void theFirstProcessIsNumberOne() throws Exception {
        assertEquals(
                new ExitStatus.Exited(1),
                run.run(guest -> guest.exit((int) guest.syscall(GETPID))));
    }

    @Test
    void anUnknownSystemCallFailsWithEnosys() throws Exception {
        AtomicLong result = new AtomicLong();
        run.run(guest -> {
            result.set(guest.syscall(5000));
            guest.exit(0);
        });
        assertEquals(-Errno.ENOSYS.number(), result.get());
        assertTrue(run.trace().get(0).startsWith("[1] syscall_0x1388("), run.trace().get(0));
    }

    @Test
    void theNumberOfACallIsTheLowerHalfOfItsRegister() throws Exception {
        assertEquals(
                new ExitStatus.Exited(1),
                run.run(guest -> guest.exit((int) guest.syscall(0x7_0000_0000L + GETPID))));
    }

    @Test
    void argumentsAndEnvironmentStandOnTheStack() throws Exception {
        List<String> found = new ArrayList<>();
        run.arguments("two words", "").environment("HOME=/", "X=ü");
        run.run(guest -> {
            long stack = guest.registers().rsp();
            int count = (int) guest.loadLong(stack);
            for (int i = 0; i < count; i++) {
                found.add(guest.loadString(guest.loadLong(stack + 8 + 8L * i)));
            }
            long variables = stack + 8 + 8L * count + 8;
            found.add(guest.loadString(guest.loadLong(variables)));
            long second = guest.loadLong(variables + 8);
            found.add(new String(guest.load(second, 4), StandardCharsets.UTF_8));
            assertEquals(0, guest.loadLong(variables + 16));
            guest.exit(count);
        });
        assertEquals(List.of("/main", "two words", "", "HOME=/", "X=ü"), found);
    }

    @Test
    void aFaultWithoutAHandlerKillsWithItsSignal() throws Exception {
        assertEquals(killed(Signal.SIGSEGV), run.run(guest -> guest.touch(0x10)));
        assertEquals(killed(Signal.SIGILL), newRun().run(Guest::undefinedInstruction));
        assertEquals(killed(Signal.SIGFPE), newRun().run(Guest::divideByZero));
        assertEquals(killed(Signal.SIGTRAP), newRun().run(Guest::breakpoint));
        assertEquals(killed(Signal.SIGSEGV), newRun().run(Guest::generalProtection));
        assertEquals(139, killed(Signal.SIGSEGV).shellStatus());
    }

    @Test
    void aHandlerIsToldOfTheFaultAndCanMendIt() throws Exception {
        long page = 0x5000_0000L;
        List<Long> seen = new ArrayList<>();
        MockProgram handler =
                run.program(
                        "handler",
                        guest -> {
                            long info = guest.registers().rsi();
                            seen.add(guest.registers().rdi());
                            seen.add((long) guest.loadInt(info + 8));
                            seen.add(guest.loadLong(info + 16));
                            guest.syscall(MMAP, page, 4096, 3, 0x32, -1, 0);
                        });
        ExitStatus status =
                run.run(guest -> {
                    handle(guest, SIGSEGV, handler, SA_SIGINFO);
                    guest.storeLong(page + 8, 42);
                    guest.exit((int) guest.loadLong(page + 8));
                });
        assertEquals(new ExitStatus.Exited(42), status);
        assertEquals(List.of((long) SIGSEGV, 1L, page + 8), seen);
    }

    @Test
    void registersAndVectorStateAreAsBeforeAfterAHandler() throws Exception {
        byte[] pattern = new byte[16];
        Arrays.fill(pattern, (byte) 0x5a);
        MockProgram handler =
                run.program(
                        "handler",
                        guest -> {
                            guest.registers().setRbx(1);
                            guest.vectorState().asSlice(160, 16).fill((byte) 0);
                        });
        List<byte[]> after = new ArrayList<>();
        run.run(guest -> {
            handle(guest, SIGUSR1, handler, 0);
            guest.registers().setRbx(77);
            // XMM0 stands at byte 160 of the legacy region; XSTATE_BV at 512 says SSE.
            guest.vectorState().asSlice(160, 16).copyFrom(MemorySegment.ofArray(pattern));
            guest.vectorState().set(ValueLayout.JAVA_LONG_UNALIGNED, 512, 3);
            guest.syscall(KILL, 1, SIGUSR1);
            assertEquals(77, guest.registers().rbx());
            after.add(guest.vectorState().asSlice(160, 16).toArray(ValueLayout.JAVA_BYTE));
            guest.exit(0);
        });
        assertArrayEquals(pattern, after.get(0));
    }

    @Test
    void aSignalIsBlockedWhileItsHandlerRuns() throws Exception {
        AtomicLong depth = new AtomicLong();
        AtomicLong deepest = new AtomicLong();
        AtomicLong calls = new AtomicLong();
        MockProgram handler =
                run.program(
                        "handler",
                        guest -> {
                            deepest.accumulateAndGet(depth.incrementAndGet(), Math::max);
                            if (calls.incrementAndGet() == 1) {
                                guest.syscall(KILL, 1, SIGUSR1);
                            }
                            depth.decrementAndGet();
                        });
        run.run(guest -> {
            handle(guest, SIGUSR1, handler, 0);
            guest.syscall(KILL, 1, SIGUSR1);
            guest.exit(0);
        });
        assertEquals(2, calls.get());
        assertEquals(1, deepest.get());
    }

    @Test
    void withNoDeferAHandlerInterruptsItself() throws Exception {
        AtomicLong depth = new AtomicLong();
        AtomicLong deepest = new AtomicLong();
        MockProgram handler =
                run.program(
                        "handler",
                        guest -> {
                            if (deepest.accumulateAndGet(depth.incrementAndGet(), Math::max) == 1) {
                                guest.syscall(KILL, 1, SIGUSR1);
                            }
                            depth.decrementAndGet();
                        });
        run.run(guest -> {
            handle(guest, SIGUSR1, handler, SA_NODEFER);
            guest.syscall(KILL, 1, SIGUSR1);
            guest.exit(0);
        });
        assertEquals(2, deepest.get());
    }

    @Test
    void aOneTimeHandlerIsGoneAfterwards() throws Exception {
        MockProgram handler = run.program("handler", guest -> {});
        ExitStatus status =
                run.run(guest -> {
                    handle(guest, SIGUSR1, handler, SA_RESETHAND);
                    guest.syscall(KILL, 1, SIGUSR1);
                    guest.syscall(KILL, 1, SIGUSR1);
                    guest.exit(0);
                });
        assertEquals(killed(Signal.SIGUSR1), status);
    }

    @Test
    void blockedSignalsWaitAndAreDeliveredByNumber() throws Exception {
        List<Long> order = new ArrayList<>();
        MockProgram handler = run.program("handler", guest -> order.add(guest.registers().rdi()));
        run.run(guest -> {
            handle(guest, SIGUSR1, handler, 0);
            handle(guest, SIGUSR2, handler, 0);
            handle(guest, 40, handler, 0);
            guest.storeLong(DATA, -1L);
            guest.syscall(RT_SIGPROCMASK, 2, DATA, 0, 8);
            guest.syscall(KILL, 1, 40);
            guest.syscall(KILL, 1, 40);
            guest.syscall(KILL, 1, SIGUSR2);
            guest.syscall(KILL, 1, SIGUSR1);
            guest.syscall(KILL, 1, SIGUSR1);
            assertEquals(List.of(), order);
            guest.storeLong(DATA, 0);
            guest.syscall(RT_SIGPROCMASK, 2, DATA, 0, 8);
            guest.exit(0);
        });
        // Each handler is entered on top of the ones before, so the last to be entered runs first.
        assertEquals(List.of(40L, 40L, 12L, 10L), order);
    }

    @Test
    void killCannotBeBlockedOrHandled() throws Exception {
        MockProgram handler = run.program("handler", guest -> {});
        AtomicLong refused = new AtomicLong();
        ExitStatus status =
                run.run(guest -> {
                    refused.set(handle(guest, 9, handler, 0));
                    guest.storeLong(DATA, -1L);
                    guest.syscall(RT_SIGPROCMASK, 2, DATA, 0, 8);
                    guest.syscall(KILL, 1, 9);
                    guest.exit(0);
                });
        assertEquals(killed(Signal.SIGKILL), status);
        assertEquals(-Errno.EINVAL.number(), refused.get());
    }

    @Test
    void aFaultWhoseSignalIsBlockedKills() throws Exception {
        MockProgram handler = run.program("handler", guest -> {});
        ExitStatus status =
                run.run(guest -> {
                    handle(guest, SIGSEGV, handler, 0);
                    guest.storeLong(DATA, -1L);
                    guest.syscall(RT_SIGPROCMASK, 2, DATA, 0, 8);
                    guest.touch(0x10);
                    guest.exit(0);
                });
        assertEquals(killed(Signal.SIGSEGV), status);
    }

    @Test
    void aHandlerCanRunOnAnAlternateStack() throws Exception {
        long stack = 0x6000_0000L;
        AtomicLong pointer = new AtomicLong();
        MockProgram handler = run.program("handler", guest -> pointer.set(guest.registers().rsp()));
        run.run(guest -> {
            guest.syscall(MMAP, stack, 65536, 3, 0x32, -1, 0);
            guest.storeLong(DATA, stack);
            guest.storeLong(DATA + 8, 0);
            guest.storeLong(DATA + 16, 65536);
            assertEquals(0, guest.syscall(SIGALTSTACK, DATA, 0));
            handle(guest, SIGUSR1, handler, SA_ONSTACK);
            guest.syscall(KILL, 1, SIGUSR1);
            guest.exit(0);
        });
        assertTrue(pointer.get() > stack && pointer.get() < stack + 65536);
    }

    @Test
    void aStackWithoutRoomForTheFrameKills() throws Exception {
        MockProgram handler = run.program("handler", guest -> {});
        ExitStatus status =
                run.run(guest -> {
                    handle(guest, SIGUSR1, handler, 0);
                    guest.registers().setRsp(0x1000);
                    guest.syscall(KILL, 1, SIGUSR1);
                    guest.exit(0);
                });
        assertEquals(killed(Signal.SIGSEGV), status);
    }

    @Test
    void aFrameThatMakesNoSenseKills() throws Exception {
        ExitStatus status =
                run.run(guest -> {
                    guest.registers().setRsp(0x1000);
                    guest.syscall(RT_SIGRETURN);
                });
        assertEquals(killed(Signal.SIGSEGV), status);
    }

    @Test
    void aSignalFromOutsideEndsASleepingProgram() throws Exception {
        CountDownLatch ready = new CountDownLatch(1);
        ExitStatus status =
                run.runAndSignal(
                        guest -> {
                            ready.countDown();
                            guest.syscall(PAUSE);
                        },
                        ready,
                        Signal.SIGTERM);
        assertEquals(killed(Signal.SIGTERM), status);
    }

    @Test
    void aSignalFromOutsideEndsASpinningProgram() throws Exception {
        CountDownLatch ready = new CountDownLatch(1);
        ExitStatus status =
                run.runAndSignal(
                        guest -> {
                            ready.countDown();
                            while (true) {
                                guest.spin();
                            }
                        },
                        ready,
                        Signal.SIGINT);
        assertEquals(killed(Signal.SIGINT), status);
    }

    @Test
    void aSleepThatAHandlerInterruptsSaysHowMuchIsLeft() throws Exception {
        CountDownLatch ready = new CountDownLatch(1);
        AtomicLong result = new AtomicLong();
        AtomicLong left = new AtomicLong();
        MockProgram handler = run.program("handler", guest -> {});
        run.runAndKeepSignalling(
                guest -> {
                    handle(guest, SIGUSR1, handler, 0);
                    ready.countDown();
                    guest.storeLong(DATA, 1000);
                    guest.storeLong(DATA + 8, 0);
                    result.set(guest.syscall(NANOSLEEP, DATA, DATA + 16));
                    left.set(guest.loadLong(DATA + 16));
                    guest.exit(0);
                },
                ready,
                Signal.SIGUSR1);
        assertEquals(-Errno.EINTR.number(), result.get());
        assertTrue(left.get() > 900 && left.get() <= 1000, "left: " + left.get());
    }

    @Test
    void sigsuspendBlocksForTheWaitAndRestoresTheMask() throws Exception {
        CountDownLatch ready = new CountDownLatch(1);
        AtomicLong result = new AtomicLong();
        AtomicLong mask = new AtomicLong();
        AtomicLong handled = new AtomicLong();
        MockProgram handler = run.program("handler", guest -> handled.incrementAndGet());
        run.runAndSignal(
                guest -> {
                    handle(guest, SIGUSR1, handler, 0);
                    guest.storeLong(DATA, 1L << (SIGUSR1 - 1));
                    guest.syscall(RT_SIGPROCMASK, 2, DATA, 0, 8);
                    ready.countDown();
                    guest.storeLong(DATA, 0);
                    result.set(guest.syscall(RT_SIGSUSPEND, DATA, 8));
                    guest.syscall(RT_SIGPROCMASK, 0, 0, DATA, 8);
                    mask.set(guest.loadLong(DATA));
                    guest.exit(0);
                },
                ready,
                Signal.SIGUSR1);
        assertEquals(-Errno.EINTR.number(), result.get());
        assertEquals(1, handled.get());
        assertEquals(1L << (SIGUSR1 - 1), mask.get());
    }

    @Test
    void anIgnoredSignalDoesNotEndAPause() throws Exception {
        try (Sandbox sandbox =
                run.sandbox(guest -> {
                    guest.storeLong(DATA, 1);
                    guest.storeLong(DATA + 8, 0);
                    guest.storeLong(DATA + 16, 0);
                    guest.storeLong(DATA + 24, 0);
                    guest.syscall(RT_SIGACTION, SIGUSR1, DATA, 0, 8);
                    guest.syscall(PAUSE);
                })) {
            sandbox.start();
            Thread.sleep(50);
            sandbox.signal(Signal.SIGUSR1);
            sandbox.signal(Signal.SIGWINCH);
            Thread.sleep(50);
            sandbox.signal(Signal.SIGUSR2);
            assertEquals(killed(Signal.SIGUSR2), sandbox.awaitExit());
        }
    }

    @Test
    void closingASandboxEndsWhatRunsInIt() throws IOException {
        Sandbox sandbox = run.sandbox(guest -> guest.syscall(PAUSE));
        sandbox.start();
        sandbox.close();
        sandbox.close();
    }

    @Test
    void aSandboxThatWasNeverStartedCanBeClosed() throws IOException {
        run.sandbox(guest -> guest.exit(0)).close();
    }

    @Test
    void tgkillReachesATaskOfTheProcess() throws Exception {
        AtomicLong wrongPid = new AtomicLong();
        ExitStatus status =
                run.run(guest -> {
                    long tid = guest.syscall(GETTID);
                    wrongPid.set(guest.syscall(TGKILL, 99, tid, SIGUSR1));
                    assertEquals(0, guest.syscall(TGKILL, 1, tid, 0));
                    guest.syscall(TGKILL, 1, tid, SIGUSR1);
                    guest.exit(0);
                });
        assertEquals(killed(Signal.SIGUSR1), status);
        assertEquals(-Errno.ESRCH.number(), wrongPid.get());
    }

    @Test
    void aTaskHasANameOfFifteenBytes() throws Exception {
        List<String> names = new ArrayList<>();
        run.run(guest -> {
            guest.syscall(PRCTL, 16, DATA);
            names.add(guest.loadString(DATA));
            guest.storeString(DATA, "a name that is too long");
            guest.syscall(PRCTL, 15, DATA);
            guest.syscall(PRCTL, 16, DATA);
            names.add(guest.loadString(DATA));
            guest.exit(0);
        });
        assertEquals(List.of("main", "a name that is "), names);
    }

    @Test
    void basesOfSegmentsAreUserAddresses() throws Exception {
        AtomicLong refused = new AtomicLong();
        run.run(guest -> {
            assertEquals(0, guest.syscall(ARCH_PRCTL, 0x1002, DATA));
            assertEquals(DATA, guest.registers().fsBase());
            refused.set(guest.syscall(ARCH_PRCTL, 0x1002, -1L));
            guest.exit(0);
        });
        assertEquals(-Errno.EPERM.number(), refused.get());
    }

    @Test
    void memoryThatWasUnmappedFaults() throws Exception {
        ExitStatus status =
                run.run(guest -> {
                    long at = guest.syscall(MMAP, 0, 8192, 3, 0x22, -1, 0);
                    guest.storeLong(at + 4096, 1);
                    guest.syscall(MUNMAP, at, 8192);
                    guest.touch(at + 4096);
                });
        assertEquals(killed(Signal.SIGSEGV), status);
    }

    private MockRun newRun() {
        return new MockRun(rootfs);
    }

    private static ExitStatus killed(Signal signal) {
        return ThreadGroup.killedBy(signal);
    }

    private long handle(Guest guest, int signal, MockProgram handler, long flags) {
        long action = DATA + 256;
        guest.storeLong(action, guest.addressOf(handler));
        guest.storeLong(action + 8, flags | SA_RESTORER);
        guest.storeLong(action + 16, guest.addressOf(restorer));
        guest.storeLong(action + 24, 0);
        return guest.syscall(RT_SIGACTION, signal, action, 0, 8);
    }
}

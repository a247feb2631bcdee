package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.syscall.linux.ExpectedCalls.BAD;
import static dev.plinth.kernel.syscall.linux.ExpectedCalls.ROOM;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.boot.MockRun;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.testkit.mock.Guest;
import dev.plinth.testkit.mock.MockProgram;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * Waiting for files: descriptors 0 and 1 of the guest are the ends of a pipe. The results are those
 * that Linux 6.18 gave a C program that makes the same calls.
 */
@Timeout(30)
final class PollSyscallsTest {
    private static final long SYS_PIPE2 = 293;

    private static final int READ = 0;
    private static final int WRITE = 1;
    private static final int OPEN = 2;
    private static final int CLOSE = 3;
    private static final int POLL = 7;
    private static final int MMAP = 9;
    private static final int MPROTECT = 10;
    private static final int RT_SIGACTION = 13;
    private static final int RT_SIGPROCMASK = 14;
    private static final int RT_SIGRETURN = 15;
    private static final int SELECT = 23;
    private static final int KILL = 62;
    private static final int RT_SIGPENDING = 127;
    private static final int SETRLIMIT = 160;
    private static final int PSELECT6 = 270;
    private static final int PPOLL = 271;

    private static final int RLIMIT_NOFILE = 7;
    private static final int O_PATH = 010000000;
    private static final int POLLIN = 1;
    private static final int POLLOUT = 4;
    private static final int POLLHUP = 0x10;
    private static final int POLLNVAL = 0x20;
    private static final long SA_RESTART_RESTORER = 0x1400_0000;
    private static final int SIGUSR1 = 10;
    private static final long ONLY_SIGUSR1 = 1L << (SIGUSR1 - 1);

    /** Offsets in the room. */
    private static final long FDS = 0;

    private static final long TIME = 0x100;
    private static final long SET = 0x200;
    private static final long ACTION = 0x300;

    @TempDir private Path rootfs;
    private final JnaHostKernel host = new JnaHostKernel();
    private final AtomicInteger handled = new AtomicInteger();
    private MockRun run;
    private MockProgram handler;
    private MockProgram restorer;
    private int writeEnd;

    @BeforeEach
    void prepare() {
        run = new MockRun(rootfs);
        handler = run.program("handler", guest -> handled.incrementAndGet());
        restorer = run.program("restorer", guest -> guest.syscall(RT_SIGRETURN));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(2 * Integer.BYTES, Integer.BYTES);
            host.require("pipe2", SYS_PIPE2, ends.address(), 0x80000);
            run.stdio(0, new HostFd(host, ends.getAtIndex(ValueLayout.JAVA_INT, 0)));
            writeEnd = ends.getAtIndex(ValueLayout.JAVA_INT, 1);
            run.stdio(1, new HostFd(host, writeEnd));
        }
    }

    private void run(ExpectedCalls.Script script) throws Exception {
        ExpectedCalls.run(run, script);
    }

    private static void storePollFd(ExpectedCalls calls, int index, int fd, int events) {
        calls.guest().storeInt(ROOM + FDS + 8L * index, fd);
        calls.guest().storeInt(ROOM + FDS + 8L * index + 4, events | 0xffff0000);
    }

    private static int returnedEvents(ExpectedCalls calls, int index) {
        return calls.guest().loadInt(ROOM + FDS + 8L * index + 4) >>> 16;
    }

    private static long remaining(ExpectedCalls calls) {
        return calls.guest().loadLong(ROOM + TIME) * 1_000_000_000
                + calls.guest().loadLong(ROOM + TIME + 8);
    }

    @Test
    void eachDescriptorIsToldWhatHolds() throws Exception {
        run(calls -> {
            calls.expect(2, OPEN, "/", 0);
            calls.expect(3, OPEN, "/", O_PATH);
            storePollFd(calls, 0, 99, POLLIN);
            storePollFd(calls, 1, -1, POLLIN);
            storePollFd(calls, 2, 3, POLLIN);
            storePollFd(calls, 3, 1, POLLIN | POLLOUT);
            storePollFd(calls, 4, 2, POLLIN | POLLOUT);
            calls.expect(4, POLL, ROOM, 5, -1);
            assertEquals(POLLNVAL, returnedEvents(calls, 0));
            assertEquals(0, returnedEvents(calls, 1));
            assertEquals(POLLNVAL, returnedEvents(calls, 2));
            assertEquals(POLLOUT, returnedEvents(calls, 3));
            assertEquals(POLLIN | POLLOUT, returnedEvents(calls, 4));
        });
    }

    @Test
    void argumentsAreCheckedInTheOrderOfLinux() throws Exception {
        run(calls -> {
            calls.expect(0, POLL, 0, 0, 0);
            calls.expect(Errno.EFAULT, POLL, 0, 1, 0);
            calls.expect(Errno.EFAULT, POLL, -1, 1, 0);
            calls.store(0, 8, 1024);
            calls.expect(0, SETRLIMIT, RLIMIT_NOFILE, ROOM);
            calls.expect(Errno.EFAULT, POLL, 0, 8, 0);
            calls.expect(Errno.EINVAL, POLL, 0, 9, 0);
            calls.expect(0, POLL, 0, 1L << 32, 0);
            storePollFd(calls, 0, 1, POLLOUT);
            calls.store(TIME, -1, 0);
            calls.expect(Errno.EINVAL, PPOLL, ROOM, 1, ROOM + TIME, 0, 0);
            calls.store(TIME, 0, 1_000_000_000);
            calls.expect(Errno.EINVAL, PPOLL, ROOM, 1, ROOM + TIME, 0, 0);
            calls.expect(Errno.EFAULT, PPOLL, ROOM, 1, BAD, 0, 0);
            calls.store(TIME, 1, 0);
            calls.expect(Errno.EINVAL, PPOLL, ROOM, 1, ROOM + TIME, ROOM + SET, 4);
            calls.expect(Errno.EFAULT, PPOLL, ROOM, 1, ROOM + TIME, BAD, 8);
            calls.expect(1, PPOLL, ROOM, 1, ROOM + TIME, 0, 77);
            calls.expect(Errno.EINVAL, SELECT, -1, 0, 0, 0, 0);
            calls.expect(Errno.EFAULT, SELECT, -1, 0, 0, 0, BAD);
            calls.expect(Errno.EFAULT, SELECT, Integer.MAX_VALUE, BAD, 0, 0, 0);
            calls.store(TIME, 0, 0);
            calls.expect(0, SELECT, 0, BAD, 0, 0, ROOM + TIME);
            calls.store(TIME, 0, -1);
            calls.expect(Errno.EINVAL, SELECT, 0, 0, 0, 0, ROOM + TIME);
            calls.store(TIME, 0, 1000);
            calls.expect(Errno.EFAULT, PSELECT6, 0, 0, 0, 0, ROOM + TIME, BAD);
            calls.store(SET, ROOM, 4);
            calls.expect(Errno.EINVAL, PSELECT6, 0, 0, 0, 0, ROOM + TIME, ROOM + SET);
            calls.store(SET, BAD, 8);
            calls.expect(Errno.EFAULT, PSELECT6, 0, 0, 0, 0, ROOM + TIME, ROOM + SET);
            calls.store(SET, 0, 77);
            calls.expect(0, PSELECT6, 0, 0, 0, 0, ROOM + TIME, ROOM + SET);
        });
    }

    @Test
    void whatIsLeftOfTheTimeIsToldEvenOnErrors() throws Exception {
        run(calls -> {
            storePollFd(calls, 0, 1, POLLOUT);
            calls.store(TIME, 60, 0);
            calls.expect(1, PPOLL, ROOM, 1, ROOM + TIME, 0, 0);
            assertTrue(remaining(calls) < 60_000_000_000L, "some time has passed");
            calls.store(TIME, 60, 0);
            calls.expect(Errno.EFAULT, PPOLL, 0, 1, ROOM + TIME, 0, 0);
            assertTrue(remaining(calls) < 60_000_000_000L, "some time has passed");
            storePollFd(calls, 0, 0, POLLIN);
            calls.store(TIME, 0, 1_000_000);
            calls.expect(0, PPOLL, ROOM, 1, ROOM + TIME, 0, 0);
            assertEquals(0, remaining(calls));
            assertEquals(0, returnedEvents(calls, 0));
            calls.store(TIME, 1, 2_500_000);
            calls.store(SET, 2);
            calls.expect(1, SELECT, 9, 0, ROOM + SET, 0, ROOM + TIME);
            assertEquals(3, calls.guest().loadLong(ROOM + TIME));
            assertTrue(calls.guest().loadLong(ROOM + TIME + 8) < 500_000, "microseconds");
            calls.store(TIME, 0, 1500);
            calls.expect(0, SELECT, 0, 0, 0, 0, ROOM + TIME);
            assertEquals(0, remaining(calls));
        });
    }

    @Test
    void aTimeThatCannotBeWrittenDoesNoHarm() throws Exception {
        run(calls -> {
            long page = calls.call(MMAP, 0, 4096, 3, 0x22, -1, 0);
            calls.guest().storeLong(page + 8, 1_000_000);
            calls.expect(0, MPROTECT, page, 4096, 1);
            storePollFd(calls, 0, 0, POLLIN);
            calls.expect(0, PPOLL, ROOM, 1, page, 0, 0);
        });
    }

    @Test
    void waitsUntilThereIsSomethingToRead() throws Exception {
        Thread writer = Thread.ofPlatform().unstarted(this::writeLater);
        run(calls -> {
            storePollFd(calls, 0, 0, POLLIN);
            calls.expect(0, POLL, ROOM, 1, 0);
            writer.start();
            calls.expect(1, POLL, ROOM, 1, 20_000);
            assertEquals(POLLIN, returnedEvents(calls, 0));
            calls.expect(1, READ, 0, ROOM + SET, 10);
            calls.expect(0, POLL, ROOM, 1, 0);
        });
        writer.join();
    }

    /** Writes into the pipe while the sandbox has it open, so that the number is good. */
    private void writeLater() {
        LockSupport.parkNanos(100_000_000);
        try (Arena arena = Arena.ofConfined()) {
            host.require("write", WRITE, writeEnd, arena.allocateFrom("x").address(), 1);
        }
    }

    @Test
    void aPipeWithoutWritersHangsUp() throws Exception {
        run(calls -> {
            calls.expect(0, CLOSE, 1);
            storePollFd(calls, 0, 0, 0);
            calls.expect(1, POLL, ROOM, 1, -1);
            assertEquals(POLLHUP, returnedEvents(calls, 0));
            calls.store(SET, 1, 1, 1);
            calls.expect(1, SELECT, 20, ROOM + SET, ROOM + SET + 8, ROOM + SET + 16, 0);
            assertEquals(1, calls.guest().loadLong(ROOM + SET));
            assertEquals(0, calls.guest().loadLong(ROOM + SET + 8));
            assertEquals(0, calls.guest().loadLong(ROOM + SET + 16));
        });
    }

    @Test
    void selectLooksAsFarAsTheDescriptorTableReaches() throws Exception {
        run(calls -> {
            calls.expect(2, OPEN, "/", O_PATH);
            calls.store(TIME, 0, 0);
            calls.store(SET, 1L << 40);
            calls.expect(Errno.EBADF, SELECT, 41, ROOM + SET, 0, 0, ROOM + TIME);
            calls.store(SET, 1L << 40);
            calls.expect(0, SELECT, 40, ROOM + SET, 0, 0, ROOM + TIME);
            assertEquals(0, calls.guest().loadLong(ROOM + SET));
            calls.store(SET, 0, 1L << 40);
            calls.expect(0, SELECT, 1024, ROOM + SET, 0, 0, ROOM + TIME);
            assertEquals(1L << 40, calls.guest().loadLong(ROOM + SET + 8));
            calls.store(SET, 4, 4, 4);
            calls.expect(3, SELECT, 20, ROOM + SET, ROOM + SET + 8, ROOM + SET + 16, ROOM + TIME);
        });
    }

    @Test
    void aSignalThatTheMaskLetsThroughEndsTheWait() throws Exception {
        run(calls -> {
            blockAndRaise(calls);
            storePollFd(calls, 0, 0, POLLIN);
            calls.store(TIME, 60, 0);
            calls.store(SET, 0);
            calls.expect(Errno.EINTR, PPOLL, ROOM, 1, ROOM + TIME, ROOM + SET, 8);
            assertEquals(1, handled.get());
            assertEquals(0, returnedEvents(calls, 0));
            assertTrue(remaining(calls) < 60_000_000_000L, "some time has passed");
            assertEquals(ONLY_SIGUSR1, blocked(calls));
            calls.expect(0, KILL, 1, SIGUSR1);
            calls.store(TIME, 0, 0);
            calls.expect(Errno.EINTR, PPOLL, ROOM, 1, ROOM + TIME, ROOM + SET, 8);
            assertEquals(2, handled.get());
            calls.expect(0, KILL, 1, SIGUSR1);
            calls.store(TIME, 60, 0);
            calls.store(SET, 0, ROOM + SET, 8, 1);
            calls.expect(
                    Errno.EINTR, PSELECT6, 1, ROOM + SET + 24, 0, 0, ROOM + TIME, ROOM + SET + 8);
            assertEquals(3, handled.get());
            assertEquals(1, calls.guest().loadLong(ROOM + SET + 24));
            assertEquals(ONLY_SIGUSR1, blocked(calls));
        });
    }

    @Test
    void aSignalWaitsIfSomethingIsReady() throws Exception {
        run(calls -> {
            blockAndRaise(calls);
            storePollFd(calls, 0, 1, POLLOUT);
            calls.store(TIME, 60, 0);
            calls.store(SET, 0);
            calls.expect(1, PPOLL, ROOM, 1, ROOM + TIME, ROOM + SET, 8);
            assertEquals(0, handled.get());
            assertEquals(ONLY_SIGUSR1, blocked(calls));
            calls.expect(0, RT_SIGPENDING, ROOM + SET, 8);
            assertEquals(ONLY_SIGUSR1, calls.guest().loadLong(ROOM + SET));
        });
    }

    /** Handles SIGUSR1 with SA_RESTART, blocks it and sends it. */
    private void blockAndRaise(ExpectedCalls calls) {
        Guest guest = calls.guest();
        calls.store(
                ACTION,
                guest.addressOf(handler),
                SA_RESTART_RESTORER,
                guest.addressOf(restorer),
                0);
        calls.expect(0, RT_SIGACTION, SIGUSR1, ROOM + ACTION, 0, 8);
        calls.store(SET, ONLY_SIGUSR1);
        calls.expect(0, RT_SIGPROCMASK, 0, ROOM + SET, 0, 8);
        calls.expect(0, KILL, 1, SIGUSR1);
        assertEquals(0, handled.get());
    }

    private static long blocked(ExpectedCalls calls) {
        calls.expect(0, RT_SIGPROCMASK, 0, 0, ROOM + ACTION, 8);
        return calls.guest().loadLong(ROOM + ACTION);
    }
}

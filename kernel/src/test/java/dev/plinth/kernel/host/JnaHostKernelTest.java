package dev.plinth.kernel.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AccessType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

@Timeout(20)
final class JnaHostKernelTest {
    private static final long SYS_READ = 0;
    private static final long SYS_PAUSE = 34;
    private static final long SYS_GETPID = 39;
    private static final long SYS_WAIT4 = 61;
    private static final long SYS_FTRUNCATE = 77;
    private static final long SYS_GETTID = 186;
    private static final long SYS_TGKILL = 234;
    private static final long SYS_PIPE2 = 293;
    private static final long SYS_MEMFD_CREATE = 319;

    private final HostKernel host = new JnaHostKernel();

    @Test
    void isFoundAsAService() {
        assertEquals(
                JnaHostKernel.class,
                ServiceLoader.load(HostKernel.class).findFirst().orElseThrow().getClass());
    }

    @Test
    void returnsTheValueOfACall() {
        assertEquals(ProcessHandle.current().pid(), host.syscall(SYS_GETPID));
    }

    @Test
    void returnsTheErrorOfACallAsItsNegative() {
        assertEquals(-Errno.EBADF.number(), host.syscall(SYS_READ, 9999, 0, 0));
        assertEquals(-Errno.ENOSYS.number(), host.syscall(9999));
    }

    @Test
    void reportsAFailedCallWithItsArgumentsAndErrno() {
        HostCallException e =
                assertThrows(
                        HostCallException.class, () -> host.require("read(nothing)", 0, 9999, 16));
        assertEquals(
                "read(nothing)(0x270f, 0x10) failed: EBADF (Bad file descriptor)", e.getMessage());
        assertTrue(e.is(Errno.EBADF));
    }

    @Test
    void mapsAFileSharedAndCoherently() {
        try (HostFd file = memoryFile(8192);
                HostMemory one = host.map(file, 0, 8192, AccessType.READ_WRITE);
                HostMemory two = host.map(file, 4096, 4096, AccessType.READ)) {
            one.segment().set(ValueLayout.JAVA_LONG, 4096, 42);
            assertEquals(42, two.segment().get(ValueLayout.JAVA_LONG, 0));
        }
    }

    @Test
    void memoryIsOutOfReachAfterItsMappingIsClosed() {
        try (HostFd file = memoryFile(4096)) {
            HostMemory memory = host.map(file, 0, 4096, AccessType.READ_WRITE);
            MemorySegment segment = memory.segment();
            memory.close();
            memory.close();
            assertThrows(IllegalStateException.class, () -> segment.get(ValueLayout.JAVA_BYTE, 0));
        }
    }

    @Test
    @SuppressWarnings("try") // The reader sees an end only when the write end is closed here too.
    void spawnedProgramHasExactlyTheGivenDescriptors() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(8, 4);
            host.require("pipe2", SYS_PIPE2, ends.address(), 0);
            try (HostFd read = new HostFd(host, ends.get(ValueLayout.JAVA_INT, 0));
                    HostFd write = new HostFd(host, ends.get(ValueLayout.JAVA_INT, 4))) {
                // Sources and targets overlap on purpose: 1 is the write end, and so on.
                String script =
                        "echo $HELLO; n=0; while [ $n -lt 300 ]; do"
                                + " [ -e /proc/$$/fd/$n ] && echo $n; n=$((n+1)); done";
                int pid =
                        host.spawn(
                                new SpawnRequest(
                                        "/bin/sh",
                                        List.of("sh", "-c", script),
                                        List.of("HELLO=hello"),
                                        Map.of(1, write, write.number(), read, 7, write),
                                        true));
                String expected = "hello\n1\n7\n" + write.number() + "\n";
                write.close();
                assertEquals(expected, readAll(read));
                MemorySegment status = arena.allocate(4, 4);
                assertEquals(pid, host.syscall(SYS_WAIT4, pid, status.address(), 0, 0));
                assertEquals(0, status.get(ValueLayout.JAVA_INT, 0));
            }
        }
    }

    @Test
    void aProgramThatDoesNotExistIsAnErrorWithItsName() {
        SpawnRequest request =
                new SpawnRequest("/nonexistent", List.of("x"), List.of(), Map.of(), false);
        HostCallException e = assertThrows(HostCallException.class, () -> host.spawn(request));
        assertEquals(
                "posix_spawn(/nonexistent) failed: ENOENT (No such file or directory)",
                e.getMessage());
    }

    @Test
    void aSignalWithTheNoOpHandlerInterruptsABlockingCall() throws InterruptedException {
        host.installNoOpHandler(Signal.SIGRTMIN_8);
        AtomicLong tid = new AtomicLong();
        AtomicLong result = new AtomicLong();
        CountDownLatch started = new CountDownLatch(1);
        Thread sleeper =
                Thread.ofPlatform()
                        .start(() -> {
                            tid.set(host.syscall(SYS_GETTID));
                            started.countDown();
                            result.set(host.syscall(SYS_PAUSE));
                        });
        started.await();
        long pid = host.syscall(SYS_GETPID);
        // Until the thread is inside the call a signal has nothing to interrupt: send it again.
        while (sleeper.isAlive()) {
            host.syscall(SYS_TGKILL, pid, tid.get(), Signal.SIGRTMIN_8.number());
            sleeper.join(20);
        }
        assertEquals(-Errno.EINTR.number(), result.get());
    }

    @Test
    void aReleasedDescriptorIsNotClosed() {
        HostFd file = memoryFile(4096);
        int number = file.release();
        assertFalse(file.isOpen());
        file.close();
        try (HostFd again = new HostFd(host, number)) {
            assertEquals(0, host.syscall(SYS_FTRUNCATE, again.number(), 8192));
        }
        assertEquals(-Errno.EBADF.number(), host.syscall(SYS_FTRUNCATE, number, 8192));
    }

    private HostFd memoryFile(long length) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom("test").address();
            HostFd file =
                    new HostFd(host, (int) host.require("memfd_create", SYS_MEMFD_CREATE, name, 1));
            host.require("ftruncate", SYS_FTRUNCATE, file.number(), length);
            return file;
        }
    }

    private String readAll(HostFd fd) {
        StringBuilder text = new StringBuilder();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(4096);
            while (true) {
                long n =
                        host.require(
                                "read", SYS_READ, fd.number(), buffer.address(), buffer.byteSize());
                if (n == 0) {
                    return text.toString();
                }
                byte[] bytes = buffer.asSlice(0, n).toArray(ValueLayout.JAVA_BYTE);
                text.append(new String(bytes, StandardCharsets.UTF_8));
            }
        }
    }
}

package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.kernel.boot.RestoreProgress;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;

@Timeout(30)
final class LaunchReportTest {
    private static final HostKernel HOST =
            ServiceLoader.load(HostKernel.class).findFirst().orElseThrow();
    private static final long SYS_WRITE = 1;
    private static final long SYS_PIPE2 = 293;
    private static final long O_CLOEXEC = 02000000;

    private final List<String> seen = new ArrayList<>();
    private HostFd reader;
    private HostFd writer;

    @BeforeEach
    void open() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(ValueLayout.JAVA_INT, 2);
            HOST.require("pipe2", SYS_PIPE2, ends.address(), O_CLOEXEC);
            reader = new HostFd(HOST, ends.getAtIndex(ValueLayout.JAVA_INT, 0));
            writer = new HostFd(HOST, ends.getAtIndex(ValueLayout.JAVA_INT, 1));
        }
    }

    @AfterEach
    void close() {
        reader.close();
        writer.close();
    }

    /** The sandbox's side; it has a descriptor of its own. */
    private LaunchReport report() {
        LaunchReport report = LaunchReport.over(HOST, writer.number());
        writer.close();
        return report;
    }

    private void await() {
        LaunchReport.await(HOST, reader, (done, total) -> seen.add(done + "/" + total));
    }

    private void write(String text) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            MemorySegment buffer = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            HOST.require("write", SYS_WRITE, writer.number(), buffer.address(), bytes.length);
        }
        writer.close();
    }

    @Test
    void theLauncherSeesNowAndThenHowFarItIs() throws InterruptedException {
        LaunchReport report = report();
        report.progress(1, 10);
        Thread.sleep(300);
        report.progress(2, 10);
        report.progress(3, 10);
        Thread.sleep(300);
        report.progress(4, 10);
        report.runs();
        await();
        assertEquals(List.of("2/10", "4/10"), seen);
        assertFalse(report.fails(new SandboxException(ErrorCode.INTERNAL, "late", "")));
    }

    @Test
    void theLauncherIsToldWhyThereIsNoSandbox() throws InterruptedException {
        LaunchReport report = report();
        Thread.sleep(300);
        report.progress(2, 10);
        assertTrue(report.fails(new SandboxException(ErrorCode.IMAGE_CORRUPT, "bad", "another")));
        SandboxException e = assertThrows(SandboxException.class, this::await);
        assertEquals(ErrorCode.IMAGE_CORRUPT, e.code());
        assertEquals("another", e.remedy());
        assertEquals(List.of("2/10"), seen);
    }

    @Test
    void aSandboxIsToldThatItsLauncherHasGone() throws InterruptedException {
        LaunchReport report = report();
        reader.close();
        Thread.sleep(300);
        assertThrows(LaunchReport.LauncherGoneException.class, () -> report.progress(2, 10));
    }

    @Test
    void whatIsNoReportIsNone() {
        write("{\"progress\":{\"done_bytes\":11,\"total_bytes\":10}}\n{\"value\":{}}\n");
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> LaunchReport.await(HOST, reader, RestoreProgress.UNSEEN));
        assertEquals(ErrorCode.CONTROL_BROKEN, e.code());
    }

    @Test
    void aProcessThatEndsHalfwayHasNotSaidThatItRuns() {
        write("{\"progress\":{\"done_bytes\":1,\"total_bytes\":10}}\n");
        assertEquals(
                ErrorCode.CONTROL_BROKEN, assertThrows(SandboxException.class, this::await).code());
        assertEquals(List.of("1/10"), seen);
    }
}

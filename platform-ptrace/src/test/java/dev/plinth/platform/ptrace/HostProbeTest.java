package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.Availability;
import dev.plinth.platform.ptrace.linux.SystemCalls;

import org.junit.jupiter.api.Test;
import org.mockito.Answers;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

class HostProbeTest {
    private static final int CAP_SYS_PTRACE = 19;

    private long ptraceResult = -Errno.ESRCH.number();
    private long memfdResult = 50;
    private String yama;
    private int capabilities;
    private final List<Long> closed = new ArrayList<>();

    @Test
    void thisHostIsUsable() {
        assertInstanceOf(Availability.Usable.class, HostProbe.availability(TestingHost.HOST));
    }

    @Test
    void aHostThatAllowsEverythingIsUsable() {
        assertInstanceOf(Availability.Usable.class, probe());
        assertEquals(List.of(50L), closed);
    }

    @Test
    void aContainerWithoutPtraceIsToldHowToAllowIt() {
        ptraceResult = -Errno.EPERM.number();
        Availability.Unusable unusable = unusable();
        assertTrue(unusable.reason().contains("EPERM"), unusable.reason());
        assertTrue(unusable.remedy().contains("--cap-add=SYS_PTRACE"), unusable.remedy());
    }

    @Test
    void yamaMayForbidTracing() {
        yama = "3\n";
        assertTrue(unusable().remedy().contains("kernel.yama.ptrace_scope"));
        assertEquals(List.of(60L), closed);
    }

    @Test
    void yamaMayReserveTracingForAdministrators() {
        yama = "2\n";
        assertTrue(unusable().remedy().contains("CAP_SYS_PTRACE"));
        capabilities = 1 << CAP_SYS_PTRACE;
        assertInstanceOf(Availability.Usable.class, probe());
    }

    @Test
    void yamaUsuallyAllowsToTraceChildren() {
        yama = "1\n";
        assertInstanceOf(Availability.Usable.class, probe());
    }

    @Test
    void executableMemoryFilesMayBeForbidden() {
        memfdResult = -Errno.EACCES.number();
        Availability.Unusable unusable = unusable();
        assertTrue(unusable.reason().contains("EACCES"), unusable.reason());
        assertTrue(unusable.remedy().contains("vm.memfd_noexec"), unusable.remedy());
    }

    private Availability.Unusable unusable() {
        return assertInstanceOf(Availability.Unusable.class, probe());
    }

    private Availability probe() {
        HostKernel host = mock(HostKernel.class, Answers.CALLS_REAL_METHODS);
        when(host.syscall(
                        anyLong(), anyLong(), anyLong(), anyLong(), anyLong(), anyLong(),
                        anyLong()))
                .thenAnswer(call ->
                        answer(
                                call.<Long>getArgument(0).intValue(),
                                call.getArgument(1),
                                call.getArgument(2)));
        return HostProbe.availability(host);
    }

    private long answer(int number, long a0, long a1) {
        return switch (number) {
            case SystemCalls.GETPID -> 1000;
            case SystemCalls.PTRACE -> ptraceResult;
            case SystemCalls.MEMFD_CREATE -> memfdResult;
            case SystemCalls.OPENAT -> yama == null ? -Errno.ENOENT.number() : 60;
            case SystemCalls.READ -> {
                byte[] text = yama.getBytes(StandardCharsets.US_ASCII);
                MemorySegment buffer = MemorySegment.ofAddress(a1).reinterpret(text.length);
                MemorySegment.copy(text, 0, buffer, JAVA_BYTE, 0, text.length);
                yield text.length;
            }
            case SystemCalls.CAPGET -> {
                MemorySegment.ofAddress(a1).reinterpret(24).set(JAVA_INT, 0, capabilities);
                yield 0;
            }
            case SystemCalls.CLOSE -> {
                closed.add(a0);
                yield 0;
            }
            default -> throw new AssertionError("unexpected system call " + number);
        };
    }
}

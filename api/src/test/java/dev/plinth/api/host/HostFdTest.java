package dev.plinth.api.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import dev.plinth.api.linux.Errno;

import org.junit.jupiter.api.Test;
import org.mockito.Mockito;

import java.util.List;
import java.util.Map;

final class HostFdTest {
    private static final long SYS_CLOSE = 3;

    private final HostKernel host = mock(HostKernel.class, Mockito.CALLS_REAL_METHODS);

    @Test
    void closingTwiceClosesOnce() {
        HostFd fd = new HostFd(host, 7);
        fd.close();
        fd.close();
        verify(host, times(1)).syscall(SYS_CLOSE, 7, 0, 0, 0, 0, 0);
        assertFalse(fd.isOpen());
        assertThrows(IllegalStateException.class, fd::number);
    }

    @Test
    void aReleasedDescriptorIsTheCallersToClose() {
        HostFd fd = new HostFd(host, 7);
        assertTrue(fd.isOpen());
        assertEquals(7, fd.release());
        fd.close();
        verify(host, never()).syscall(SYS_CLOSE, 7, 0, 0, 0, 0, 0);
        assertThrows(IllegalStateException.class, fd::release);
    }

    @Test
    void negativeNumbersAreNoDescriptors() {
        assertThrows(IllegalArgumentException.class, () -> new HostFd(host, -1));
    }

    @Test
    void aRequiredCallThatFailsNamesOperationArgumentsAndErrno() {
        when(host.syscall(16, 3, 0xae01, 0, 0, 0, 0)).thenReturn(-25L);
        HostCallException e =
                assertThrows(
                        HostCallException.class,
                        () -> host.require("ioctl(kvm, KVM_CREATE_VM)", 16, 3, 0xae01));
        assertEquals(
                "ioctl(kvm, KVM_CREATE_VM)(0x3, 0xae01) failed: ENOTTY"
                        + " (Inappropriate ioctl for device)",
                e.getMessage());
        assertTrue(e.is(Errno.ENOTTY));
        assertEquals(Errno.ENOTTY, e.errno().orElseThrow());
    }

    @Test
    void aSpawnRequestHasAPathAndAName() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new SpawnRequest("", List.of("x"), List.of(), Map.of(), false));
        assertThrows(
                IllegalArgumentException.class,
                () -> new SpawnRequest("/x", List.of(), List.of(), Map.of(), false));
    }
}

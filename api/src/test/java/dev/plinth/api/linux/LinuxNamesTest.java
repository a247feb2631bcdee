package dev.plinth.api.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.Optional;

final class LinuxNamesTest {
    @Test
    void errnoNumbersAreThoseOfLinux() {
        assertEquals(Optional.of(Errno.EPERM), Errno.of(1));
        assertEquals(Optional.of(Errno.ENOSYS), Errno.of(38));
        assertEquals(Optional.of(Errno.EHWPOISON), Errno.of(133));
        assertEquals(Optional.empty(), Errno.of(41), "a hole in the list");
        assertEquals(Optional.empty(), Errno.of(0));
        assertEquals(Optional.empty(), Errno.of(134));
        assertEquals("No such file or directory", Errno.ENOENT.text());
    }

    @Test
    void resultsBetweenMinus4095AndMinus1AreErrors() {
        assertTrue(Errno.isError(-1));
        assertTrue(Errno.isError(-4095));
        assertFalse(Errno.isError(0));
        assertFalse(Errno.isError(-4096));
        assertFalse(Errno.isError(Long.MIN_VALUE));
        assertEquals("EINTR", Errno.nameOf(-4));
        assertEquals("errno 4000", Errno.nameOf(-4000));
        assertThrows(IllegalArgumentException.class, () -> Errno.nameOf(0));
    }

    @Test
    void signalNumbersAreThoseOfLinux() {
        for (int number = 1; number <= Signal.COUNT; number++) {
            assertEquals(number, Signal.of(number).number());
        }
        assertEquals(9, Signal.SIGKILL.number());
        assertEquals(11, Signal.SIGSEGV.number());
        assertEquals(31, Signal.SIGSYS.number());
        assertEquals(64, Signal.SIGRTMIN_32.number());
        assertTrue(Signal.SIGRTMIN.isRealTime());
        assertFalse(Signal.SIGSYS.isRealTime());
        assertThrows(IllegalArgumentException.class, () -> Signal.of(0));
        assertThrows(IllegalArgumentException.class, () -> Signal.of(65));
    }
}

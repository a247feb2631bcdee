package dev.plinth.kernel.errno;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.linux.Errno;

import org.junit.jupiter.api.function.Executable;

/** What programs are told of what fails. */
public final class ErrnoAssertions {
    private ErrnoAssertions() {}

    /** The call fails with an error that a program sees. */
    public static void assertErrno(Errno expected, Executable call) {
        assertEquals(expected, assertThrows(ErrnoException.class, call).errno());
    }
}

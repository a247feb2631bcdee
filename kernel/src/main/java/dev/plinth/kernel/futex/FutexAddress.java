package dev.plinth.kernel.futex;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

/**
 * What a program names a futex by.
 *
 * @param value the address of its word, a multiple of four
 * @param shared whether processes may share it; if not, it is one of the caller's own memory
 *     ({@code FUTEX_PRIVATE_FLAG})
 */
public record FutexAddress(long value, boolean shared) {
    /**
     * @throws ErrnoException EINVAL if the address is no multiple of four
     */
    public FutexAddress {
        if (value % Integer.BYTES != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}

package dev.plinth.kernel.futex;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.mm.MemoryManager;

/**
 * What a futex is known by, whoever names it and at whatever address.
 *
 * <p>In memory that processes share it is the file and the place in it. Elsewhere it is the address
 * space and the address: not the page, which copy-on-write replaces under the waiters.
 *
 * @param space the {@link MemoryManager}, or the {@link Mappable} that is mapped shared
 * @param offset the address, or the offset in the file
 */
record FutexKey(Object space, long offset) {
    /**
     * In the offset, which is a multiple of four: memory of one process that is named as if it were
     * shared, {@code FUT_OFF_MMSHARED}. Those who name it otherwise do not meet.
     */
    private static final long NAMED_AS_SHARED = 2;

    FutexKey {
        requireNonNull(space, "space is null");
    }

    /**
     * The key of an address; {@code get_futex_key} of kernel/futex/core.c.
     *
     * @param access that the call is going to make
     * @throws ErrnoException EFAULT if the address cannot be one of the program's, or for a shared
     *     futex if it cannot be accessed
     */
    static FutexKey of(MemoryManager memory, FutexAddress address, AccessType access) {
        if (address.value() < 0) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        if (address.shared()) {
            memory.guestMemory().requireAccess(address.value(), Integer.BYTES, access);
            return memory.sharedLocation(address.value())
                    .map(place -> new FutexKey(place.mappable(), place.offset()))
                    .orElseGet(() -> new FutexKey(memory, address.value() | NAMED_AS_SHARED));
        }
        return new FutexKey(memory, address.value());
    }

    /** By identity: files that are equal by their own account are not one futex. */
    @Override
    public boolean equals(Object other) {
        return other instanceof FutexKey key && key.space == space && key.offset == offset;
    }

    @Override
    public int hashCode() {
        return 31 * System.identityHashCode(space) + Long.hashCode(offset >>> 2);
    }
}

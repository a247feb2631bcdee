package dev.plinth.kernel.mm;

/**
 * The resource limits of a process that its memory is held to, as getrlimit(2).
 *
 * <p>Asked at each call that needs one, by any thread, under the memory manager's locks: an
 * implementation answers at once and takes no lock that is held while a memory manager is called.
 */
public interface MemoryLimits {
    /** {@code RLIM_INFINITY}. */
    long INFINITY = Long.MAX_VALUE;

    /** Everything is allowed. */
    MemoryLimits NONE =
            new MemoryLimits() {
                @Override
                public long addressSpace() {
                    return INFINITY;
                }

                @Override
                public long data() {
                    return INFINITY;
                }

                @Override
                public long stack() {
                    return INFINITY;
                }

                @Override
                public long locked() {
                    return INFINITY;
                }
            };

    /** {@code RLIMIT_AS} in bytes: all mappings. */
    long addressSpace();

    /** {@code RLIMIT_DATA} in bytes: program break and private writable mappings. */
    long data();

    /** {@code RLIMIT_STACK} in bytes: how large a mapping that grows down may become. */
    long stack();

    /** {@code RLIMIT_MEMLOCK} in bytes; {@link #INFINITY} for a process that has CAP_IPC_LOCK. */
    long locked();

    /**
     * Called when there is no memory for a page that a system call is about to read or write, by
     * the thread of the process and with none of the memory manager's locks held.
     *
     * @return whether there may be some now
     */
    default boolean makeRoom() {
        return false;
    }
}

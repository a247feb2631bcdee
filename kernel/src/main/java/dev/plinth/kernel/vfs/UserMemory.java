package dev.plinth.kernel.vfs;

import java.lang.foreign.MemorySegment;

/**
 * The caller's memory, for operations such as ioctl(2) whose argument only the file understands.
 *
 * <p>Declared here, implemented over the caller's address space. Confined to the calling task's
 * thread.
 */
public interface UserMemory {
    /**
     * Copies from the caller's memory.
     *
     * @throws dev.plinth.kernel.errno.ErrnoException EFAULT if it cannot be read
     */
    void copyIn(long address, MemorySegment to);

    /**
     * Copies to the caller's memory.
     *
     * @throws dev.plinth.kernel.errno.ErrnoException EFAULT if it cannot be written
     */
    void copyOut(long address, MemorySegment from);
}

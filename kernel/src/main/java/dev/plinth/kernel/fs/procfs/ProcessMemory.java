package dev.plinth.kernel.fs.procfs;

/**
 * The memory of a process, as /proc/[pid]/mem gives access to it.
 *
 * <p>It stays the memory of the program that ran when it was asked for: when the process executes
 * another program, or ends, there is nothing any more. The other program may run as another user,
 * and who could look into the first one may not look into that. Any thread may ask.
 */
public interface ProcessMemory {
    /**
     * Reads bytes.
     *
     * @return as many as asked for; none if the memory is gone
     * @throws dev.plinth.kernel.errno.ErrnoException EIO if nothing is at the address
     */
    byte[] read(long address, int length);

    /**
     * Writes bytes.
     *
     * @return whether the memory is still there
     * @throws dev.plinth.kernel.errno.ErrnoException EIO if nothing is at the address
     */
    boolean write(long address, byte[] bytes);
}

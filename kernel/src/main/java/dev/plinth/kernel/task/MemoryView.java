package dev.plinth.kernel.task;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.procfs.ProcessMemory;
import dev.plinth.kernel.mm.MemoryManager;

import java.util.Optional;

/**
 * The memory of a process as /proc shows it: gone as soon as the process has another one.
 *
 * @param group the process
 * @param manager of the memory; empty if the process has ended
 */
record MemoryView(ThreadGroup group, Optional<MemoryManager> manager) implements ProcessMemory {
    /** Empty if the process ended, or executes another program. */
    @SuppressWarnings("ReferenceEquality") // The same memory, not an equal one.
    private Optional<MemoryManager> present() {
        return manager.filter(
                known -> group.anyTask().filter(task -> task.memory() == known).isPresent());
    }

    @Override
    public byte[] read(long address, int length) {
        Optional<MemoryManager> memory = present();
        if (memory.isEmpty()) {
            return new byte[0];
        }
        try {
            return memory.get().guestMemory().copyIn(address, length);
        } catch (ErrnoException e) {
            throw ErrnoException.of(Errno.EIO);
        }
    }

    @Override
    public boolean write(long address, byte[] bytes) {
        Optional<MemoryManager> memory = present();
        if (memory.isEmpty()) {
            return false;
        }
        try {
            memory.get().guestMemory().copyOut(address, bytes);
            return true;
        } catch (ErrnoException e) {
            throw ErrnoException.of(Errno.EIO);
        }
    }
}

package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.AddressSpace;
import dev.plinth.kernel.mm.MemoryLimits;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.vfs.FileDescription;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * The program that tasks run: its memory, and the file it came from. Linux calls it a {@code struct
 * mm_struct}.
 *
 * <p>Counted, for tasks that were cloned with CLONE_VM share it; the last {@link #close} gives the
 * memory back. Any thread may call any method while it holds a reference.
 *
 * <p>Lasting state: the memory, and which file is its program.
 */
public final class ProgramImage implements AutoCloseable {
    private final MemoryManager memory;
    private final FileDescription executable;
    private final AtomicInteger users = new AtomicInteger(1);

    /**
     * A program with one user, the caller.
     *
     * @param memory the address space; owned
     * @param executable the program's file, which nobody may write meanwhile; owned
     */
    public ProgramImage(MemoryManager memory, FileDescription executable) {
        this.memory = requireNonNull(memory, "memory is null");
        this.executable = requireNonNull(executable, "executable is null");
    }

    /** The address space. */
    public MemoryManager memory() {
        return memory;
    }

    /** The program's file. */
    public FileDescription executable() {
        return executable;
    }

    /** Shares the program with one more task, which is to close it too. */
    ProgramImage retain() {
        if (users.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
            throw new IllegalStateException("program is closed");
        }
        return this;
    }

    /** Whether more than one task has it. */
    boolean isShared() {
        return users.get() > 1;
    }

    /**
     * A copy with one user, as fork(2) makes it.
     *
     * @param space with nothing mapped; owned by the copy, also if this fails
     * @param limits of the process that gets it
     */
    ProgramImage fork(AddressSpace space, MemoryLimits limits) {
        return new ProgramImage(memory.fork(space, limits), executable.retain());
    }

    /** Gives up a reference; the last one gives everything back. */
    @Override
    public void close() {
        int left = users.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("program closed too often");
        }
        if (left == 0) {
            try (executable) {
                memory.close();
            }
        }
    }
}

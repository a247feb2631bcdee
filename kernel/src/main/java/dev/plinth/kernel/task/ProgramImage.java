package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.Registers;
import dev.plinth.kernel.mm.ForkHints;
import dev.plinth.kernel.mm.MemoryLimits;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ProgramState;
import dev.plinth.kernel.vfs.FileDescription;

import java.util.List;
import java.util.Optional;
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
public final class ProgramImage implements Stateful, AutoCloseable {
    private final MemoryManager memory;

    /** Empty for a program that has ended. */
    private final Optional<FileDescription> executable;

    @NotSaved("follows from the tasks that have it")
    private final AtomicInteger users = new AtomicInteger(1);

    /**
     * A program with one user, the caller.
     *
     * @param memory the address space; owned
     * @param executable the program's file, which nobody may write meanwhile; owned
     */
    public ProgramImage(MemoryManager memory, FileDescription executable) {
        this(memory, Optional.of(executable));
    }

    private ProgramImage(MemoryManager memory, Optional<FileDescription> executable) {
        this.memory = requireNonNull(memory, "memory is null");
        this.executable = requireNonNull(executable, "executable is null");
    }

    /**
     * A program that has ended, with one user, the caller.
     *
     * @param memory with nothing in it; owned
     */
    static ProgramImage ended(MemoryManager memory) {
        return new ProgramImage(memory, Optional.empty());
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setProgram(
                        ProgramState.newBuilder()
                                .setMemoryRef(writer.reference(memory))
                                .setExecutableRef(writer.reference(executable)));
    }

    /** The address space. */
    public MemoryManager memory() {
        return memory;
    }

    /** The file of a program that has not ended. */
    public FileDescription executable() {
        return executable.orElseThrow();
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
     * @param registers of the task that forks
     */
    ProgramImage fork(AddressSpace space, MemoryLimits limits, Registers registers) {
        // Both go on where they write: on the stack, and in what a thread has of its own.
        ForkHints hints =
                isShared()
                        ? ForkHints.NONE
                        : new ForkHints(true, List.of(registers.rsp(), registers.fsBase()));
        return new ProgramImage(memory.fork(space, limits, hints), executable().retain());
    }

    /** Gives up a reference; the last one gives everything back. */
    @Override
    public void close() {
        int left = users.decrementAndGet();
        if (left < 0) {
            throw new IllegalStateException("program closed too often");
        }
        if (left == 0) {
            try {
                memory.close();
            } finally {
                executable.ifPresent(FileDescription::close);
            }
        }
    }
}

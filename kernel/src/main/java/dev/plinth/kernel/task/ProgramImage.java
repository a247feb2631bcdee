package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.vfs.FileDescription;

/**
 * The program that a process runs: its memory, and the file it came from.
 *
 * @param memory the address space; owned
 * @param executable the program's file, which nobody may write meanwhile; owned
 */
public record ProgramImage(MemoryManager memory, FileDescription executable)
        implements AutoCloseable {
    public ProgramImage {
        requireNonNull(memory, "memory is null");
        requireNonNull(executable, "executable is null");
    }

    @Override
    public void close() {
        try (executable) {
            memory.close();
        }
    }
}

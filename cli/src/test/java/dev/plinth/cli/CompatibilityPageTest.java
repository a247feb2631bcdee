package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.syscall.linux.LinuxSyscalls;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The page is in the tree for readers; the system call table is what it comes from. */
final class CompatibilityPageTest {
    @Test
    void pageIsWhatTheTableSays() throws IOException {
        assertEquals(
                new SyscallPage(LinuxSyscalls.table()).markdown(),
                Files.readString(Path.of("../docs/compatibility.md")),
                "make it anew: ./plinth syscalls --format markdown >docs/compatibility.md");
    }
}

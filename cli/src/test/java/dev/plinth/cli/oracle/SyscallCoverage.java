package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.syscall.SyscallTable;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Asserts that the page of system calls promises nothing that is not tried: each call that is
 * there, in full or in part, was made by a case, or has a note that says why it was not.
 */
final class SyscallCoverage {
    private static final Path FILE = OracleSource.DIRECTORY.resolve("uncalled.txt");

    private final SyscallTable table;

    SyscallCoverage(SyscallTable table) {
        this.table = table;
    }

    /** Fails if a call has neither; or both, so that a note does not outlive its reason. */
    void assertComplete() throws IOException {
        SortedMap<String, String> notes = notes();
        SortedSet<String> without = new TreeSet<>();
        SortedSet<String> both = new TreeSet<>();
        for (int number : table.numbers()) {
            boolean promised =
                    table.row(number)
                            .filter(row -> row.support() != SyscallRow.Support.NONE)
                            .isPresent();
            String name = table.name(number);
            if (promised && !table.wasCalled(number) && !notes.containsKey(name)) {
                without.add(name);
            }
            if (notes.containsKey(name) && (!promised || table.wasCalled(number))) {
                both.add(name);
            }
        }
        assertEquals(
                Map.of(
                        "no case and no note",
                        new TreeSet<>(),
                        "a note for nothing",
                        new TreeSet<>()),
                Map.of("no case and no note", without, "a note for nothing", both),
                "see " + FILE);
    }

    /** Reads the file: a line each, {@code NAME: reason}; # begins a comment. */
    private static SortedMap<String, String> notes() throws IOException {
        SortedMap<String, String> notes = new TreeMap<>();
        for (String line : Files.readAllLines(FILE, StandardCharsets.UTF_8)) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] parts = line.split(": ", 2);
            if (parts.length != 2 || notes.put(parts[0], parts[1]) != null) {
                throw new IOException(FILE + ": not a line with a call and a reason: " + line);
            }
        }
        return notes;
    }
}

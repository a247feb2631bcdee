package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * How a command went.
 *
 * @param status exit status, as a shell has it
 * @param stdout what it printed
 * @param stderr what it printed on standard error
 */
record Outcome(int status, byte[] stdout, byte[] stderr) {
    /** What it printed, as text. */
    String output() {
        return new String(stdout, StandardCharsets.UTF_8);
    }

    /** What it printed on standard error, as text. */
    String errors() {
        return new String(stderr, StandardCharsets.UTF_8);
    }

    /** Asserts that it went well, silently on standard error, and gives what it printed. */
    String requireSuccess() {
        assertEquals("", errors());
        assertEquals(0, status, this::toString);
        return output();
    }

    /** Asserts status, output and errors at once: a difference in one explains another. */
    void assertSame(Outcome expected) {
        assertEquals(expected.toString(), toString());
    }

    /**
     * Asserts that it failed with one line for its user, and perhaps a second, indented, with the
     * remedy; no stack trace, nothing on standard output.
     *
     * @param words that the message names
     */
    void assertRefused(int expected, String... words) {
        assertEquals(expected, status, this::toString);
        assertEquals("", output());
        List<String> lines = errors().lines().toList();
        assertTrue(lines.size() == 1 || lines.size() == 2, this::toString);
        assertTrue(lines.getFirst().startsWith("plinth: "), this::toString);
        assertTrue(lines.size() == 1 || lines.get(1).startsWith("    "), this::toString);
        for (String word : words) {
            assertTrue(errors().contains(word), () -> "'" + word + "' is not in: " + this);
        }
    }

    @Override
    public String toString() {
        return "status " + status + "\noutput: " + output() + "\nerrors: " + errors();
    }
}

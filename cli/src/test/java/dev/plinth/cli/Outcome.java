package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;

/**
 * How a command went.
 *
 * @param status exit status, as a shell has it
 * @param output what it printed
 * @param errors what it printed on standard error
 */
public record Outcome(int status, String output, String errors) {
    /** Asserts that it went well, silently on standard error, and gives what it printed. */
    public String requireSuccess() {
        assertEquals("", errors);
        assertEquals(0, status, this::toString);
        return output;
    }

    /**
     * Asserts that it failed with one line for its user, and perhaps a second, indented, with the
     * remedy; no stack trace, nothing on standard output.
     *
     * @param words that the message names
     */
    public void assertRefused(int expected, String... words) {
        assertEquals(expected, status, this::toString);
        assertEquals("", output);
        List<String> lines = errors.lines().toList();
        assertTrue(lines.size() == 1 || lines.size() == 2, this::toString);
        assertTrue(lines.getFirst().startsWith("plinth: "), this::toString);
        assertTrue(lines.size() == 1 || lines.get(1).startsWith("    "), this::toString);
        for (String word : words) {
            assertTrue(errors.contains(word), () -> "'" + word + "' is not in: " + this);
        }
    }

    @Override
    public String toString() {
        return "status " + status + "\noutput: " + output + "\nerrors: " + errors;
    }
}

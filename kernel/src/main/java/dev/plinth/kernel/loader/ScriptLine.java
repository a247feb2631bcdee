package dev.plinth.kernel.loader;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.util.Arrays;
import java.util.Optional;

/**
 * The first line of a script: {@code #!interpreter [argument]}. Mirrors {@code load_script} of
 * fs/binfmt_script.c.
 *
 * @param interpreter path of the program to run instead
 * @param argument the rest of the line, as one argument; empty if there is none
 */
@SuppressWarnings("ArrayRecordComponent") // The bytes of a guest, which nobody compares.
public record ScriptLine(byte[] interpreter, Optional<byte[]> argument) {
    /** How much of a file is looked at: BINPRM_BUF_SIZE. */
    public static final int HEAD_BYTES = 256;

    /** How many scripts may have a script as their interpreter. */
    public static final int MAX_DEPTH = 5;

    /**
     * Reads the line.
     *
     * @param head the first {@value #HEAD_BYTES} bytes of the file, with zeros behind its end
     * @return the line, or empty if the file is no script
     * @throws ErrnoException ENOEXEC if there is no interpreter in it, or a part of one
     */
    public static Optional<ScriptLine> parse(byte[] head) {
        if (head.length != HEAD_BYTES) {
            throw new IllegalArgumentException("not the head of a file: " + head.length);
        }
        if (head[0] != '#' || head[1] != '!') {
            return Optional.empty();
        }
        int last = HEAD_BYTES - 1;
        int end = endOfLine(head, last);
        while (isBlank(head[end - 1])) {
            end--;
        }
        int name = nextNonBlank(head, 2, end);
        if (name < 0 || name == end) {
            throw ErrnoException.of(Errno.ENOEXEC);
        }
        int separator = nextTerminator(head, name, end);
        int nameEnd = separator < 0 ? end : separator;
        int argument =
                separator >= 0 && head[separator] != 0 ? nextNonBlank(head, separator, end) : -1;
        return Optional.of(
                new ScriptLine(
                        string(head, name, nameEnd),
                        argument < 0 || argument == end
                                ? Optional.empty()
                                : Optional.of(string(head, argument, end))));
    }

    /**
     * Where the line ends. A line that is longer than the head is accepted if at least the
     * interpreter is all there; the interpreter can read the script again for the rest.
     */
    private static int endOfLine(byte[] head, int last) {
        for (int i = 0; i <= last && head[i] != 0; i++) {
            if (head[i] == '\n') {
                return i;
            }
        }
        int name = nextNonBlank(head, 2, last);
        if (name < 0 || nextTerminator(head, name, last) < 0) {
            throw ErrnoException.of(Errno.ENOEXEC);
        }
        return last;
    }

    private static byte[] string(byte[] head, int start, int end) {
        int stop = start;
        while (stop < end && head[stop] != 0) {
            stop++;
        }
        return Arrays.copyOfRange(head, start, stop);
    }

    private static boolean isBlank(byte value) {
        return value == ' ' || value == '\t';
    }

    private static int nextNonBlank(byte[] head, int first, int last) {
        for (int i = first; i <= last; i++) {
            if (!isBlank(head[i])) {
                return i;
            }
        }
        return -1;
    }

    private static int nextTerminator(byte[] head, int first, int last) {
        for (int i = first; i <= last; i++) {
            if (isBlank(head[i]) || head[i] == 0) {
                return i;
            }
        }
        return -1;
    }
}

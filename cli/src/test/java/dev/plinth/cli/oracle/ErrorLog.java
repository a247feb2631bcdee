package dev.plinth.cli.oracle;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What this process prints on standard error while this is open, which is where its log goes: it is
 * printed all the same, and can be searched.
 *
 * <p>One at a time in a process. Any thread may print.
 */
final class ErrorLog implements AutoCloseable {
    private final PrintStream before = System.err;
    private final ByteArrayOutputStream text = new ByteArrayOutputStream();

    private ErrorLog() {}

    static ErrorLog open() {
        ErrorLog log = new ErrorLog();
        System.setErr(new PrintStream(log.new Tee(), true, StandardCharsets.UTF_8));
        return log;
    }

    /** The lines that were logged as an error: nothing that a guest does may lead to one. */
    List<String> errors() {
        return text.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains("ERROR"))
                .toList();
    }

    /** Forgets what was printed so far. */
    void clear() {
        text.reset();
    }

    @Override
    public void close() {
        System.setErr(before);
    }

    private final class Tee extends OutputStream {
        @Override
        public void write(int value) {
            text.write(value);
            before.write(value);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) {
            text.write(bytes, offset, length);
            before.write(bytes, offset, length);
        }

        @Override
        public void flush() {
            before.flush();
        }
    }
}

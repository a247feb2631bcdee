package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.error.SandboxException;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Where the command tells its user something. Any thread may call any method.
 *
 * @param out for what was asked for
 * @param err for what went wrong
 */
record Console(PrintStream out, PrintStream err) {
    Console {
        requireNonNull(out, "out is null");
        requireNonNull(err, "err is null");
    }

    /**
     * The process' own standard output and error.
     *
     * <p>Made anew, not taken from {@link System}, whose error stream may be led to a log. Nothing
     * is buffered beyond a line's end, so that there is nothing to lose when the process is ended.
     */
    static Console ofProcess() {
        return new Console(stream(FileDescriptor.out), stream(FileDescriptor.err));
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), false, StandardCharsets.UTF_8);
    }

    /** Tells of a problem, in one line. */
    void problem(String message) {
        err.print("plinth: " + message + "\n");
    }

    /** Tells of a problem and, in a second line, of its remedy; empty if there is none to tell. */
    void problem(String message, String remedy) {
        problem(remedy.isEmpty() ? message : message + "\n    " + remedy);
    }

    /** Tells of an error that a user can do something about. */
    void problem(SandboxException e) {
        problem(e.getMessage(), e.remedy());
    }
}

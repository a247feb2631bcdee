package dev.plinth.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * How a command went.
 *
 * @param status its exit status; negative if it took too long and was killed
 * @param output what it printed
 * @param errors what it printed on standard error
 * @param nanos from its start to its end
 */
record ChildProcess(int status, String output, String errors, long nanos) {
    private static final int TIMED_OUT = -1;

    /** Runs a command to its end, or for a time and no longer. */
    static ChildProcess run(List<String> command, Map<String, String> environment, Duration limit) {
        try {
            // Files, not pipes: the child never waits for us to read.
            Path output = Files.createTempFile("bench", ".out");
            Path errors = Files.createTempFile("bench", ".err");
            try {
                ProcessBuilder builder =
                        new ProcessBuilder(command)
                                .redirectInput(Path.of("/dev/null").toFile())
                                .redirectOutput(output.toFile())
                                .redirectError(errors.toFile());
                builder.environment().putAll(environment);
                long start = System.nanoTime();
                Process process = builder.start();
                boolean ended = process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
                long nanos = System.nanoTime() - start;
                if (!ended) {
                    process.descendants().forEach(ProcessHandle::destroyForcibly);
                    process.destroyForcibly().waitFor();
                }
                return new ChildProcess(
                        ended ? process.exitValue() : TIMED_OUT, read(output), read(errors), nanos);
            } finally {
                Files.delete(output);
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + command, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }

    private static String read(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    boolean succeeded() {
        return status == 0;
    }

    /** Why the command failed, in a few words. */
    String failure() {
        if (status == TIMED_OUT) {
            return "took too long";
        }
        String line = errors.lines().filter(l -> !l.isBlank()).findFirst().orElse("").strip();
        return line.isEmpty() ? "exit status " + status : line;
    }
}

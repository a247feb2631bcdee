package dev.plinth.bench;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A command that deals with sandboxes by name. */
final class KeeperCommand {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final List<String> prefix;

    KeeperCommand(List<String> prefix) {
        this.prefix = List.copyOf(prefix);
    }

    /** Runs it, and returns how long it took in milliseconds. */
    double run(List<String> words) throws CommandFailedException {
        return run(words, Path.of("/dev/null"));
    }

    /**
     * Runs it with an output that is also that of the sandbox it makes.
     *
     * @return how long it took in milliseconds
     */
    double run(List<String> words, Path output) throws CommandFailedException {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(words);
        try {
            Path errors = Files.createTempFile("bench", ".err");
            try {
                long start = System.nanoTime();
                Process process =
                        new ProcessBuilder(command)
                                .redirectInput(new File("/dev/null"))
                                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
                                .redirectError(errors.toFile())
                                .start();
                boolean ended = process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
                long nanos = System.nanoTime() - start;
                if (!ended) {
                    process.destroyForcibly().waitFor();
                    throw new CommandFailedException(words.getFirst() + " took too long");
                }
                if (process.exitValue() != 0) {
                    throw new CommandFailedException(
                            "%s: %s"
                                    .formatted(
                                            words.getFirst(),
                                            Files.readAllLines(errors).stream()
                                                    .filter(line -> !line.isBlank())
                                                    .findFirst()
                                                    .orElse("status " + process.exitValue())));
                }
                return nanos / 1e6;
            } finally {
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + command, e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }

    /** Runs it, and returns what it printed. */
    String ask(List<String> words) throws CommandFailedException {
        try {
            Path output = Files.createTempFile("bench", ".out");
            try {
                run(words, output);
                return Files.readString(output).strip();
            } finally {
                Files.delete(output);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + words, e);
        }
    }

    /** Runs it where it does not matter whether it fails. */
    void attempt(List<String> words) {
        try {
            run(words);
        } catch (CommandFailedException _) {
            // Most likely there is no such sandbox, for its start failed: that has been told.
        }
    }
}

package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A command that a test runs as a process of its own. Immutable, but for {@link #start}. */
public record TestCommand(
        List<String> words, Map<String, String> environment, Optional<Path> cwd, Path stdin) {
    /** The script at the top of the source tree: what users type. */
    public static final Path PLINTH = Path.of("../plinth").toAbsolutePath().normalize();

    /** Less than any test has. */
    private static final int LIMIT_SECONDS = 30;

    /** A command outside of any sandbox. */
    public static TestCommand outside(String... words) {
        return new TestCommand(List.of(words), Map.of(), Optional.empty(), Path.of("/dev/null"));
    }

    /** {@code plinth} with arguments. */
    public static TestCommand plinth(String... arguments) {
        List<String> words = new ArrayList<>(List.of(PLINTH.toString()));
        words.addAll(Arrays.asList(arguments));
        return outside(words.toArray(String[]::new));
    }

    /** A program in a sandbox with the default settings. */
    public static TestCommand sandboxed(String... program) {
        List<String> arguments = new ArrayList<>(List.of("run", "--"));
        arguments.addAll(Arrays.asList(program));
        return plinth(arguments.toArray(String[]::new));
    }

    /** The command with more words behind it. */
    public TestCommand and(String... more) {
        List<String> all = new ArrayList<>(words);
        all.addAll(Arrays.asList(more));
        return new TestCommand(all, environment, cwd, stdin);
    }

    /** The command with more words behind it. */
    public TestCommand and(List<String> more) {
        return and(more.toArray(String[]::new));
    }

    public TestCommand with(String name, String value) {
        Map<String, String> changed = new HashMap<>(environment);
        changed.put(name, value);
        return new TestCommand(words, changed, cwd, stdin);
    }

    public TestCommand in(Path directory) {
        return new TestCommand(words, environment, Optional.of(directory), stdin);
    }

    public TestCommand reading(Path file) {
        return new TestCommand(words, environment, cwd, file);
    }

    /** Runs it to its end. */
    public Outcome run() {
        try {
            Path out = Files.createTempFile("test", ".out");
            Path err = Files.createTempFile("test", ".err");
            try {
                return run(out, err);
            } finally {
                Files.delete(out);
                Files.delete(err);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    private Outcome run(Path out, Path err) throws IOException, InterruptedException {
        Process process = start(out, err);
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                fail(words + " takes too long; so far: " + read(err));
            }
        } finally {
            process.destroyForcibly();
        }
        return new Outcome(process.exitValue(), read(out), read(err));
    }

    /** What is in a file, even where it is no text. */
    public static String read(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }

    /** Lets it run, its output going to files; the caller ends it. */
    public Process start(Path out, Path err) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(words)
                        .redirectInput(stdin.toFile())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile());
        cwd.ifPresent(directory -> builder.directory(directory.toFile()));
        builder.environment().putAll(environment);
        return builder.start();
    }
}

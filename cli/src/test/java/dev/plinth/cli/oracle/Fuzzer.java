package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Lets {@code fuzz.c} call system calls with random arguments, in one sandbox after another.
 *
 * <p>One thread at a time.
 */
final class Fuzzer {
    /** More than this in one sandbox would only fill its files. */
    private static final Duration SHARE = Duration.ofSeconds(15);

    /** How much longer a sandbox may take than the program in it was told. */
    private static final Duration PATIENCE = Duration.ofSeconds(45);

    private static final Pattern DONE =
            Pattern.compile("\\d+ workers, \\d+ calls, of \\d+ numbers, .*\n");

    private final Path program;
    private final Inside inside;
    private final Consumer<String> progress;

    /**
     * A fuzzer.
     *
     * @param inside runs it
     * @param progress takes a line now and then
     */
    Fuzzer(Inside inside, Consumer<String> progress) throws IOException, InterruptedException {
        this.inside = requireNonNull(inside, "inside is null");
        this.progress = requireNonNull(progress, "progress is null");
        Path source = Path.of("src/test/guest/fuzz.c");
        this.program =
                OracleSource.compile(
                                source,
                                OracleSource.Linked.STATIC,
                                List.of(source.resolveSibling("fuzz_calls.h")))
                        .toAbsolutePath();
    }

    /**
     * Fuzzes for a time.
     *
     * @param seed of the first sandbox; those after it have seeds far from it
     * @return what went wrong
     */
    Optional<String> run(long seed, Duration duration) throws IOException, InterruptedException {
        long end = System.nanoTime() + duration.toNanos();
        for (long each = seed; System.nanoTime() < end; each += 1_000_000) {
            long left = Duration.ofNanos(end - System.nanoTime()).toSeconds() + 1;
            Optional<String> failure = runOne(each, Math.min(left, SHARE.toSeconds()));
            if (failure.isPresent()) {
                return failure;
            }
        }
        return Optional.empty();
    }

    private Optional<String> runOne(long seed, long seconds)
            throws IOException, InterruptedException {
        try (RunPlace place = RunPlace.create()) {
            Observation observed =
                    inside.run(
                            List.of(
                                    program.toString(),
                                    Long.toString(seed),
                                    Long.toString(seconds)),
                            place,
                            PATIENCE.plusSeconds(seconds),
                            Optional.empty());
            progress.accept("seed %d: %s".formatted(seed, observed.output().strip()));
            boolean fine =
                    DONE.matcher(observed.output()).matches()
                            && observed.end().equals("exited with 0");
            return fine ? Optional.empty() : Optional.of("seed %d: %s".formatted(seed, observed));
        }
    }
}

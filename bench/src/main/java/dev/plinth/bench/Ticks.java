package dev.plinth.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.stream.LongStream;

/** The moments at which a program of {@code keep.c} ran, as it wrote them to a file. */
final class Ticks {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final long LOOK_MILLIS = 2;
    private static final double NANOS_PER_MILLI = 1e6;

    private final Path file;

    Ticks(Path file) {
        this.file = file;
    }

    /** Now, as the program tells the time. */
    static long now() {
        Instant now = Instant.now();
        return now.getEpochSecond() * 1_000_000_000L + now.getNano();
    }

    /** Waits until the program ran after a moment, and returns when it first did. */
    long awaitAfter(long moment) throws CommandFailedException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (System.nanoTime() < end) {
            OptionalLong first = all().filter(tick -> tick > moment).findFirst();
            if (first.isPresent()) {
                return first.getAsLong();
            }
            pause();
        }
        throw new CommandFailedException("the program does not run");
    }

    /** For how long it did not run after a moment, at the most, in milliseconds. */
    double longestGapAfter(long moment) {
        long[] ticks = all().filter(tick -> tick > moment).toArray();
        long longest = 0;
        for (int i = 1; i < ticks.length; i++) {
            longest = Math.max(longest, ticks[i] - ticks[i - 1]);
        }
        return longest / NANOS_PER_MILLI;
    }

    private LongStream all() {
        try {
            // What is behind the last newline is being written.
            String text = Files.exists(file) ? Files.readString(file) : "";
            return text.substring(0, text.lastIndexOf('\n') + 1).lines().mapToLong(Long::parseLong);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    static void pause() {
        try {
            Thread.sleep(LOOK_MILLIS);
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
    }
}

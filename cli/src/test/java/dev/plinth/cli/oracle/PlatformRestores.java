package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.plugin.LoadedPlatform;

import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * Runs programs in sandboxes that are checkpointed and restored from platform to platform, in turn,
 * at every so many system calls.
 *
 * <p>One thread at a time.
 */
final class PlatformRestores implements AutoCloseable {
    private final Plinth plinth;
    private final List<LoadedPlatform> platforms;
    private final int everyCalls;
    private int count;

    /** Loads the platforms, which have to work here: first the one that a program begins on. */
    PlatformRestores(Plinth plinth, List<String> names, int everyCalls) {
        this.plinth = requireNonNull(plinth, "plinth is null");
        this.platforms = names.stream().map(plinth::loadPlatform).toList();
        this.everyCalls = everyCalls;
    }

    /** Runs a program to its end. */
    Observation run(List<String> program, RunPlace place, Duration limit)
            throws IOException, InterruptedException {
        RestoringRun run = new RestoringRun(plinth, platforms, everyCalls, program, place, limit);
        try {
            return run.run();
        } finally {
            count += run.restores();
        }
    }

    /** How many restores there were. */
    int count() {
        return count;
    }

    @Override
    public void close() {
        platforms.forEach(LoadedPlatform::close);
    }
}

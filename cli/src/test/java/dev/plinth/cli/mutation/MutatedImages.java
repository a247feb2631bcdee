package dev.plinth.cli.mutation;

import static java.util.Objects.requireNonNull;

import dev.plinth.cli.mutation.ImageMutator.Mutant;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.testkit.LeakCheck;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/**
 * Restores images that were changed: each is refused with an error that says why, or does no harm.
 * Nothing hangs, and nothing is left behind.
 */
final class MutatedImages {
    private static final int LIMIT_SECONDS = 30;

    /** What was restored runs so long. */
    private static final long RUN_MILLIS = 5;

    /** So often it is seen that nothing is left behind. */
    private static final int LEAK_INTERVAL = 100;

    private static final int SHOWN_FAILURES = 30;
    private static final String RESTORED = "restored";

    private final Plinth plinth;
    private final LoadedPlatform platform;
    private final Path directory;
    private final Everything everything;
    private final Consumer<String> out;
    private final SortedMap<String, Integer> outcomes = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();

    /** What is in the directory that is restored from. */
    private ImageFiles restored = ImageFiles.none();

    /**
     * For images of a platform.
     *
     * @param platform borrowed
     * @param directory for files of its own; exists
     * @param out takes lines
     */
    MutatedImages(Plinth plinth, LoadedPlatform platform, Path directory, Consumer<String> out) {
        this.plinth = requireNonNull(plinth, "plinth is null");
        this.platform = requireNonNull(platform, "platform is null");
        this.directory = requireNonNull(directory, "directory is null");
        this.out = requireNonNull(out, "out is null");
        this.everything = new Everything(plinth, platform, directory);
    }

    /**
     * Restores mutants of the image of a program that has some of everything.
     *
     * @param first seed of the first mutant
     * @param count how many mutants
     * @return what went wrong; empty if nothing did
     */
    List<String> run(long first, int count) throws IOException, InterruptedException {
        List<ImageFiles> originals = new ArrayList<>();
        for (Compression compression : Compression.values()) {
            Path target = directory.resolve("original-" + compression);
            everything.checkpoint(target, compression);
            originals.add(ImageFiles.read(target));
        }
        ImageMutator mutator = new ImageMutator(originals);
        Path image = Files.createDirectory(directory.resolve("image"));
        // Classes are loaded, and files of the JVM opened, by the first that is restored.
        restore(image, new Mutant("nothing", originals.getFirst()), ImageFiles.none());
        if (!outcomes.containsKey(RESTORED)) {
            failures.add("the image itself is refused: " + outcomes);
        }
        outcomes.clear();
        restored = originals.getFirst();
        long end = first + count;
        for (long seed = first; seed < end && failures.size() < SHOWN_FAILURES; ) {
            long next = Math.min(end, seed + LEAK_INTERVAL);
            LeakCheck before = LeakCheck.now();
            for (long each = seed; each < next; each++) {
                restore(image, mutator, each);
            }
            if (leak(before).isPresent()) {
                findLeaks(image, mutator, seed, next);
            }
            seed = next;
            out.accept("%d mutants: %s".formatted(seed - first, outcomes));
        }
        return failures;
    }

    /** Once more, to see which of them it is. */
    private void findLeaks(Path image, ImageMutator mutator, long first, long end)
            throws IOException, InterruptedException {
        for (long seed = first; seed < end; seed++) {
            LeakCheck before = LeakCheck.now();
            restore(image, mutator, seed);
            Optional<String> leak = leak(before);
            if (leak.isPresent()) {
                failures.add(
                        "seed %d: %s: %s".formatted(seed, mutator.mutant(seed).what(), leak.get()));
            }
        }
    }

    private static Optional<String> leak(LeakCheck before) {
        try {
            before.assertNothingNew();
            return Optional.empty();
        } catch (AssertionError e) {
            return Optional.of(e.getMessage());
        }
    }

    private void restore(Path image, ImageMutator mutator, long seed)
            throws IOException, InterruptedException {
        Mutant mutant = mutator.mutant(seed);
        restore(image, new Mutant("seed " + seed + ": " + mutant.what(), mutant.files()), restored);
        restored = mutant.files();
    }

    private void restore(Path image, Mutant mutant, ImageFiles there)
            throws IOException, InterruptedException {
        mutant.files().write(image, there);
        FutureTask<String> attempt = new FutureTask<>(() -> attempt(image));
        Thread thread = Thread.ofPlatform().name("mutant").daemon().start(attempt);
        try {
            outcomes.merge(attempt.get(LIMIT_SECONDS, TimeUnit.SECONDS), 1, Integer::sum);
        } catch (TimeoutException e) {
            StringBuilder stack = new StringBuilder();
            for (StackTraceElement frame : thread.getStackTrace()) {
                stack.append("\n    ").append(frame);
            }
            failures.add(mutant.what() + ": hangs" + stack);
        } catch (ExecutionException e) {
            StringBuilder stack = new StringBuilder(e.getCause().toString());
            StackTraceElement[] frames = e.getCause().getStackTrace();
            for (int i = 0; i < Math.min(12, frames.length); i++) {
                stack.append("\n    ").append(frames[i]);
            }
            failures.add(mutant.what() + ": " + stack);
        }
    }

    private String attempt(Path image) throws InterruptedException {
        RestoreSpec spec =
                RestoreSpec.of(image).withStdio(everything.nowhere()).withChangesAllowed();
        try (Sandbox sandbox = plinth.restore(spec, platform)) {
            sandbox.start();
            Thread.sleep(RUN_MILLIS);
            return RESTORED;
        } catch (SandboxException e) {
            return e.code().name();
        }
    }
}

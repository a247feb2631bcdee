package dev.plinth.cli.mutation;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.cli.mutation.ImageMutator.Mutant;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.testkit.LeakCheck;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    private static final long SYS_OPENAT = 257;
    private static final long SYS_PIPE2 = 293;
    private static final long AT_FDCWD = -100;
    private static final long O_RDWR = 2;
    private static final long O_CLOEXEC = 02000000;
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
    private final Consumer<String> out;
    private final SortedMap<String, Integer> outcomes = new TreeMap<>();
    private final List<String> failures = new ArrayList<>();

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
    }

    /**
     * Runs a program, checkpoints it, and restores mutants of what came out.
     *
     * @param program says so when it is ready
     * @param first seed of the first mutant
     * @param count how many mutants
     * @return what went wrong; empty if nothing did
     */
    List<String> run(Path program, long first, int count) throws IOException, InterruptedException {
        List<ImageFiles> originals = new ArrayList<>();
        for (Compression compression : Compression.values()) {
            originals.add(checkpoint(program, compression));
        }
        ImageMutator mutator = new ImageMutator(originals);
        Path image = Files.createDirectory(directory.resolve("image"));
        // Classes are loaded, and files of the JVM opened, by the first that is restored.
        restore(image, new Mutant("nothing", originals.getFirst()), ImageFiles.none());
        if (!outcomes.containsKey(RESTORED)) {
            failures.add("the image itself is refused: " + outcomes);
        }
        outcomes.clear();
        LeakCheck before = LeakCheck.now();
        ImageFiles there = originals.getFirst();
        for (long seed = first; seed < first + count && failures.size() < SHOWN_FAILURES; seed++) {
            Mutant mutant = mutator.mutant(seed);
            restore(
                    image,
                    new Mutant("seed " + seed + ": " + mutant.what(), mutant.files()),
                    there);
            there = mutant.files();
            if ((seed - first) % LEAK_INTERVAL == LEAK_INTERVAL - 1) {
                checkLeaks(before, seed);
                out.accept("%d mutants: %s".formatted(seed - first + 1, outcomes));
            }
        }
        checkLeaks(before, first + count);
        out.accept(outcomes.toString());
        return failures;
    }

    private void checkLeaks(LeakCheck before, long seed) {
        try {
            before.assertNothingNew();
        } catch (AssertionError e) {
            failures.add("left behind up to seed %d: %s".formatted(seed, e.getMessage()));
        }
    }

    private ImageFiles checkpoint(Path program, Compression compression)
            throws IOException, InterruptedException {
        Path target = directory.resolve("original-" + compression);
        HostKernel host = plinth.host();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(2 * Integer.BYTES, Integer.BYTES);
            host.require("pipe2", SYS_PIPE2, ends.address(), O_CLOEXEC);
            Path ready = Path.of("/proc/self/fd/" + ends.get(ValueLayout.JAVA_INT, 0));
            Map<FdRole, HostFd> stdio = stdio();
            stdio.put(FdRole.STDOUT, new HostFd(host, ends.get(ValueLayout.JAVA_INT, 4))).close();
            try (HostFd reading = new HostFd(host, ends.get(ValueLayout.JAVA_INT, 0));
                    Sandbox sandbox =
                            plinth.newSandbox(
                                    SandboxSpec.builder(List.of(program.toString()))
                                            .stdio(new Stdio.Given(stdio))
                                            .build(),
                                    platform)) {
                sandbox.start();
                try (var in = Files.newInputStream(ready)) {
                    if (in.read() < 0) {
                        throw new IllegalStateException("the program is not ready");
                    }
                }
                sandbox.checkpoint(new CheckpointSpec(target, false, compression));
            }
        }
        return ImageFiles.read(target);
    }

    private Map<FdRole, HostFd> stdio() {
        Map<FdRole, HostFd> stdio = new HashMap<>();
        HostKernel host = plinth.host();
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom("/dev/null").address();
            for (int i = 0; i < 3; i++) {
                long fd = host.require("open", SYS_OPENAT, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0);
                stdio.put(FdRole.stdio(i), new HostFd(host, (int) fd));
            }
        }
        return stdio;
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
                RestoreSpec.of(image).withStdio(new Stdio.Given(stdio())).withChangesAllowed();
        try (Sandbox sandbox = plinth.restore(spec, platform)) {
            sandbox.start();
            Thread.sleep(RUN_MILLIS);
            return RESTORED;
        } catch (SandboxException e) {
            return e.code().name();
        }
    }
}

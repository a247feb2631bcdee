package dev.plinth.bench;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Saving and restoring sandboxes, beside a plain copy of as many bytes.
 *
 * <p>A restore is timed from the start of the command to the moment at which the program runs; a
 * pause is the longest time for which a program does not run that would every millisecond; a shell
 * that waits cannot tell, so there it is what the command tells. Before anything is timed that
 * writes to the disk, or reads from it, what was written before is made to be there.
 */
final class CheckpointBenchmark {
    static final String COPY = "cp";
    static final String RESTORE_SMALL = "restore of 1 MiB, until it runs, ms";
    static final String RESTORE_LARGE = "restore of 1 GiB, until it runs, ms";
    static final String PAUSE_SMALL = "pause of 1 MiB left running, ms";
    static final String PAUSE_LARGE = "pause of 1 GiB left running, ms";
    static final String WRITE_LARGE = "checkpoint of 1 GiB, ms";
    static final String SWAP = "pause of a swap of a busy program, ms";
    static final String SWAP_SHELL = "pause of a swap of an idle shell, ms";

    private static final List<String> SHELL = List.of("/bin/sh", "-c", "sleep 100; :");
    private static final String SHARED = "ten restores of 256 MiB, MiB of memory";
    private static final int SHARED_RESTORES = 10;
    private static final Duration COPY_LIMIT = Duration.ofMinutes(2);
    private static final long SETTLE_NANOS = 300_000_000;

    private final Programs programs;
    private final Path work;
    private final List<Keeper> keepers;
    private final Consumer<String> progress;
    private final Map<String, Map<String, Samples>> results = new LinkedHashMap<>();
    private int count;

    /** Measures one thing. */
    @FunctionalInterface
    private interface Measurement {
        void run() throws CommandFailedException;
    }

    /**
     * Prepares to measure.
     *
     * @param work an empty directory on a disk, with room for three images of 1 GiB
     */
    CheckpointBenchmark(
            Programs programs, Path work, List<Keeper> keepers, Consumer<String> progress) {
        this.programs = requireNonNull(programs, "programs is null");
        this.work = requireNonNull(work, "work is null");
        this.keepers = List.copyOf(keepers);
        this.progress = requireNonNull(progress, "progress is null");
    }

    /**
     * Measures.
     *
     * @return samples by what was measured, then by keeper
     */
    Map<String, Map<String, Samples>> run(int rounds) {
        for (int round = 1; round <= rounds; round++) {
            for (Keeper keeper : keepers) {
                progress.accept("checkpoint %d of %d: %s".formatted(round, rounds, keeper.name()));
                saveAndRestore(keeper, SHELL, "a shell", false);
                ticking(keeper, keep(1, 0), "1 MiB");
                ticking(keeper, keep(1024, 0), "1 GiB");
                ticking(keeper, keep(1, 500), "500 processes");
                attempt(SWAP, keeper, () -> swap(keeper));
                attempt(SWAP_SHELL, keeper, () -> swapShell(keeper));
            }
            copy();
        }
        for (Keeper keeper : keepers) {
            progress.accept("sharing: " + keeper.name());
            attempt(SHARED, keeper, () -> share(keeper));
        }
        return results;
    }

    private List<String> keep(int mebibytes, int processes) {
        return List.of(
                programs.keep().toString(),
                Integer.toString(mebibytes),
                Integer.toString(processes));
    }

    private void ticking(Keeper keeper, List<String> program, String what) {
        leaveRunning(keeper, program, what);
        saveAndRestore(keeper, program, what, true);
    }

    private void saveAndRestore(Keeper keeper, List<String> program, String what, boolean ticks) {
        attempt(
                "checkpoint of %s, ms".formatted(what),
                keeper,
                () -> {
                    String id = nextId();
                    Path output = work.resolve(id + ".out");
                    Path image = work.resolve(id + ".image");
                    try {
                        keeper.start(id, program, output);
                        Ticks written = new Ticks(output);
                        if (ticks) {
                            written.awaitAfter(0);
                        } else {
                            settle();
                        }
                        sync();
                        add(
                                "checkpoint of %s, ms".formatted(what),
                                keeper,
                                keeper.checkpoint(id, image, false));
                        restore(keeper, what, image, ticks);
                    } finally {
                        keeper.end(id);
                        delete(image);
                        delete(output);
                    }
                });
    }

    /** The first image of a sandbox, while its code is cold: most are checkpointed once. */
    private void leaveRunning(Keeper keeper, List<String> program, String what) {
        String row = "pause of %s left running, ms".formatted(what);
        attempt(
                row,
                keeper,
                () -> {
                    String id = nextId();
                    Path output = work.resolve(id + ".out");
                    Path image = work.resolve(id + ".left");
                    try {
                        keeper.start(id, program, output);
                        Ticks ticks = new Ticks(output);
                        ticks.awaitAfter(0);
                        sync();
                        long before = Ticks.now();
                        keeper.checkpoint(id, image, true);
                        ticks.awaitAfter(Ticks.now());
                        settle();
                        add(row, keeper, ticks.longestGapAfter(before));
                    } finally {
                        keeper.end(id);
                        delete(image);
                        delete(output);
                    }
                });
    }

    private void restore(Keeper keeper, String what, Path image, boolean ticks)
            throws CommandFailedException {
        String id = nextId();
        Path output = work.resolve(id + ".out");
        try {
            sync();
            long before = Ticks.now();
            double command = keeper.restore(id, image, output);
            if (ticks) {
                double until = (new Ticks(output).awaitAfter(before) - before) / 1e6;
                add("restore of %s, until it runs, ms".formatted(what), keeper, until);
            } else {
                add("restore of %s, ms".formatted(what), keeper, command);
            }
        } finally {
            keeper.end(id);
            delete(output);
        }
    }

    private void swap(Keeper keeper) throws CommandFailedException {
        String id = nextId();
        Path output = work.resolve(id + ".out");
        try {
            keeper.start(id, keep(1, 0), output);
            Ticks ticks = new Ticks(output);
            ticks.awaitAfter(0);
            settle();
            sync();
            long before = Ticks.now();
            if (keeper.swap(id).isPresent()) {
                ticks.awaitAfter(Ticks.now());
                add(SWAP, keeper, ticks.longestGapAfter(before));
            }
        } finally {
            keeper.end(id);
            delete(output);
        }
    }

    private void swapShell(Keeper keeper) throws CommandFailedException {
        String id = nextId();
        Path output = work.resolve(id + ".out");
        try {
            keeper.start(id, SHELL, output);
            settle();
            sync();
            keeper.swap(id).ifPresent(pause -> add(SWAP_SHELL, keeper, pause));
        } finally {
            keeper.end(id);
            delete(output);
        }
    }

    private void share(Keeper keeper) throws CommandFailedException {
        String id = nextId();
        Path output = work.resolve(id + ".out");
        Path image = work.resolve(id + ".image");
        List<String> restored = new ArrayList<>();
        try {
            keeper.start(id, keep(256, 0), output);
            new Ticks(output).awaitAfter(0);
            keeper.checkpoint(id, image, false);
            for (int i = 0; i < SHARED_RESTORES; i++) {
                String clone = nextId();
                restored.add(clone);
                long before = Ticks.now();
                keeper.restore(clone, image, output);
                new Ticks(output).awaitAfter(before);
            }
            settle();
            add(SHARED, keeper, ResidentMemory.mebibytesOf(restored));
        } finally {
            restored.forEach(keeper::end);
            keeper.end(id);
            delete(image);
            delete(output);
        }
    }

    /** Copies as many bytes as the large image has, and has them written to the disk. */
    private void copy() {
        progress.accept("checkpoint: " + COPY);
        Path source = work.resolve("bytes");
        Path target = work.resolve("copy");
        try {
            require(List.of("dd", "if=/dev/urandom", "of=" + source, "bs=1M", "count=1024"));
            sync();
            ChildProcess copied =
                    require(List.of("dd", "if=" + source, "of=" + target, "bs=1M", "conv=fsync"));
            samples(WRITE_LARGE, COPY).add(copied.nanos() / 1e6);
        } finally {
            delete(source);
            delete(target);
        }
    }

    /** Has all that was written there before be on the disk: it is not what is timed. */
    private void sync() {
        require(List.of("sync", "--file-system", work.toString()));
    }

    private static ChildProcess require(List<String> command) {
        ChildProcess done = ChildProcess.run(command, Map.of(), COPY_LIMIT);
        if (!done.succeeded()) {
            throw new BenchException(command + ": " + done.failure());
        }
        return done;
    }

    /** What failed once is not tried again: it may have taken minutes to fail. */
    private void attempt(String what, Keeper keeper, Measurement measurement) {
        if (samples(what, keeper.name()).failure().isPresent()) {
            return;
        }
        try {
            measurement.run();
        } catch (CommandFailedException e) {
            samples(what, keeper.name()).fail(e.getMessage());
            progress.accept("  %s: failed: %s".formatted(what, e.getMessage()));
        }
    }

    /** It is told at once, for the tables come after half an hour. */
    private void add(String what, Keeper keeper, double value) {
        samples(what, keeper.name()).add(value);
        progress.accept("  %s: %.1f".formatted(what, value));
    }

    /** All columns are in the order of the keepers, in all rows. */
    private Samples samples(String what, String column) {
        Map<String, Samples> row =
                results.computeIfAbsent(
                        what,
                        key -> {
                            Map<String, Samples> columns = new LinkedHashMap<>();
                            keepers.forEach(keeper -> columns.put(keeper.name(), new Samples()));
                            columns.put(COPY, new Samples());
                            return columns;
                        });
        return row.get(column);
    }

    private String nextId() {
        return "bench%d-%d".formatted(ProcessHandle.current().pid(), ++count);
    }

    private static void settle() {
        long end = System.nanoTime() + SETTLE_NANOS;
        while (System.nanoTime() < end) {
            Ticks.pause();
        }
    }

    private static void delete(Path path) {
        try {
            if (Files.isDirectory(path)) {
                try (Stream<Path> files = Files.list(path)) {
                    files.forEach(CheckpointBenchmark::delete);
                }
            }
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot delete " + path, e);
        }
    }
}

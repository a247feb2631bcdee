package dev.plinth.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * Measures Plinth beside native execution, a C tracer and the sandboxes that are installed, in one
 * run, and prints medians.
 */
public final class Main {
    private static final String USAGE =
            """
            Usage: bench/run [--quick] [--only checkpoint] [--format markdown|json]
            Measures Plinth beside native execution and the sandboxes that are installed.

              --quick   few rounds with few operations, to see whether it works
              --only    checkpoint: saving and restoring, and nothing else
              --format  markdown (the default) or json

            It takes about half an hour, and says on standard error what it is at, and what is
            missing. It wants gcc and musl-gcc (Debian: gcc, musl-tools), and measures what is
            installed of runsc (as root only), proot, bubblewrap and qemu-user-static, and of
            python3, gcc, find, git, sqlite3 and java as workloads.
            """;

    private static final int ROUNDS = 5;
    private static final int START_ROUNDS = 15;
    private static final int WORKLOAD_ROUNDS = 3;
    private static final int QUICK_ROUNDS = 2;
    private static final int QUICK_DIVISOR = 10;

    private final boolean quick;
    private final boolean checkpointsOnly;
    private final boolean json;

    private Main(boolean quick, boolean checkpointsOnly, boolean json) {
        this.quick = quick;
        this.checkpointsOnly = checkpointsOnly;
        this.json = json;
    }

    /**
     * Measures and prints; does not return.
     *
     * @param arguments the top of the source tree, then the options of the command
     */
    public static void main(String[] arguments) {
        Deque<String> words = new ArrayDeque<>(List.of(arguments));
        Path top = Path.of(words.removeFirst());
        boolean quick = false;
        boolean checkpointsOnly = false;
        boolean json = false;
        while (!words.isEmpty()) {
            switch (words.removeFirst()) {
                case "--quick" -> quick = true;
                case "--only" -> checkpointsOnly = isCheckpoint(words);
                case "--format" -> json = isJson(words.isEmpty() ? "" : words.removeFirst());
                case "--help", "-h" -> {
                    System.out.print(USAGE);
                    System.exit(0);
                }
                default -> refuse();
            }
        }
        try {
            System.out.print(new Main(quick, checkpointsOnly, json).run(top));
            System.exit(0);
        } catch (BenchException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(1);
        }
    }

    private static boolean isCheckpoint(Deque<String> words) {
        if (words.isEmpty() || !words.removeFirst().equals("checkpoint")) {
            refuse();
        }
        return true;
    }

    private static boolean isJson(String format) {
        if (!format.equals("json") && !format.equals("markdown")) {
            refuse();
        }
        return format.equals("json");
    }

    private static void refuse() {
        System.err.print(USAGE);
        System.exit(2);
    }

    private String run(Path top) {
        Path target = top.resolve("bench/target/programs");
        Programs programs = Programs.compile(top.resolve("bench/src/main/c"), target);
        List<Runner> runners = Runners.find(top.resolve("plinth"), programs);
        Runners.missing().forEach(what -> tell("not measured: " + what));
        Report report =
                new Report(
                        Machine.ofRun(),
                        quick
                                ? QUICK_ROUNDS + " short rounds"
                                : checkpointsOnly
                                        ? WORKLOAD_ROUNDS + " rounds"
                                        : "%d rounds (starts: %d, workloads and checkpoints: %d)"
                                                .formatted(ROUNDS, START_ROUNDS, WORKLOAD_ROUNDS),
                        checkpointsOnly
                                ? Map.of()
                                : new MicroBenchmark(programs, runners, Main::tell)
                                        .run(
                                                quick ? QUICK_ROUNDS : ROUNDS,
                                                quick ? QUICK_DIVISOR : 1),
                        checkpointsOnly
                                ? Map.of()
                                : new CommandBenchmark(
                                                "start",
                                                Workloads.starts(programs),
                                                runners,
                                                Main::tell)
                                        .run(quick ? QUICK_ROUNDS : START_ROUNDS),
                        checkpointsOnly
                                ? Map.of()
                                : new CommandBenchmark(
                                                "workload",
                                                Workloads.all(target),
                                                quick ? Runners.essential(runners) : runners,
                                                Main::tell)
                                        .run(quick ? 1 : WORKLOAD_ROUNDS),
                        checkpoints(top.resolve("plinth"), programs, target));
        return json ? report.json() : report.markdown();
    }

    private Map<String, Map<String, Samples>> checkpoints(
            Path plinth, Programs programs, Path target) {
        try {
            Path work = Files.createTempDirectory(target, "checkpoint");
            return new CheckpointBenchmark(
                            programs, work, Runners.keepers(plinth, work), Main::tell)
                    .run(quick ? 1 : WORKLOAD_ROUNDS);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot make a directory in " + target, e);
        }
    }

    private static void tell(String progress) {
        System.err.println(progress);
    }
}

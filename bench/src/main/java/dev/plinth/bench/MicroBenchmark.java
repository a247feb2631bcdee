package dev.plinth.bench;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** The tests of micro under every runner: microseconds an operation. */
final class MicroBenchmark {
    /**
     * A test.
     *
     * @param name as micro knows it
     * @param operations how many a run makes: enough for a JVM to get warm, few enough for a runner
     *     that takes 30 microseconds for a call
     */
    private record Test(String name, int operations) {}

    private static final List<Test> TESTS =
            List.of(
                    new Test("getpid", 50_000),
                    new Test("sched_yield", 20_000),
                    new Test("null_rw", 20_000),
                    new Test("zero_read64k", 5_000),
                    new Test("stat", 10_000),
                    new Test("open_close", 10_000),
                    new Test("file_create_unlink", 2_000),
                    new Test("seqio_64k", 500),
                    new Test("mmap_munmap", 5_000),
                    new Test("page_fault", 8_192),
                    new Test("signal_self", 10_000),
                    new Test("clock_gettime", 100_000),
                    new Test("pipe_pingpong", 3_000),
                    new Test("unix_pingpong", 3_000),
                    new Test("fork_wait", 100),
                    new Test("fork_exec_wait", 50),
                    new Test("cpu_xorshift", 20_000_000));

    private static final Duration LIMIT = Duration.ofMinutes(1);

    private final Programs programs;
    private final List<Runner> runners;
    private final Consumer<String> progress;

    MicroBenchmark(Programs programs, List<Runner> runners, Consumer<String> progress) {
        this.programs = requireNonNull(programs, "programs is null");
        this.runners = List.copyOf(runners);
        this.progress = requireNonNull(progress, "progress is null");
    }

    /**
     * Measures.
     *
     * @param rounds how often; in each round all runners take turns, in an order of chance, so that
     *     a busy moment of the machine hits none of them more than the others
     * @param divisor of the number of operations
     * @return samples by test, then by the name of the runner
     */
    Map<String, Map<String, Samples>> run(int rounds, int divisor) {
        Map<String, Map<String, Samples>> results = new LinkedHashMap<>();
        for (Test test : TESTS) {
            Map<String, Samples> row = new LinkedHashMap<>();
            runners.forEach(runner -> row.put(runner.name(), new Samples()));
            results.put(test.name(), row);
        }
        Random random = new Random();
        for (int round = 1; round <= rounds; round++) {
            for (Test test : TESTS) {
                progress.accept("round " + round + " of " + rounds + ": " + test.name());
                List<Runner> order = new ArrayList<>(runners);
                Collections.shuffle(order, random);
                for (Runner runner : order) {
                    measure(runner, test, divisor, results.get(test.name()).get(runner.name()));
                }
            }
        }
        return results;
    }

    private void measure(Runner runner, Test test, int divisor, Samples samples) {
        if (!runner.runs().test(test.name())) {
            samples.fail("");
        }
        if (samples.failure().isPresent()) {
            return;
        }
        int operations = Math.max(1, test.operations() / divisor);
        List<String> program =
                List.of(programs.micro().toString(), test.name(), Integer.toString(operations));
        ChildProcess done = ChildProcess.run(runner.command(program), runner.environment(), LIMIT);
        // micro's line: name, operations, nanoseconds, nanoseconds an operation
        String[] fields = done.output().strip().split(",", -1);
        if (done.succeeded() && fields.length == 4) {
            samples.add(Double.parseDouble(fields[3]) / 1000);
        } else {
            samples.fail(done.failure());
        }
    }
}

package dev.plinth.bench;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;

/** From the start of a command to its end, in milliseconds. */
final class StartBenchmark {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Map<String, List<String>> commands = new LinkedHashMap<>();
    private final List<Runner> runners;
    private final Consumer<String> progress;

    StartBenchmark(Programs programs, List<Runner> runners, Consumer<String> progress) {
        commands.put("true", List.of(programs.nothing().toString()));
        Programs.find("busybox")
                .map(Path::toString)
                .ifPresent(box -> commands.put("busybox echo", List.of(box, "echo", "hello")));
        this.runners = runners.stream().filter(Runner::isSandbox).toList();
        this.progress = requireNonNull(progress, "progress is null");
    }

    /**
     * Measures.
     *
     * @param rounds how often; in each all runners take turns, in an order of chance
     * @return samples by command, then by the name of the runner
     */
    Map<String, Map<String, Samples>> run(int rounds) {
        Map<String, Map<String, Samples>> results = new LinkedHashMap<>();
        for (String name : commands.keySet()) {
            Map<String, Samples> row = new LinkedHashMap<>();
            runners.forEach(runner -> row.put(runner.name(), new Samples()));
            results.put(name, row);
        }
        Random random = new Random();
        for (int round = 1; round <= rounds; round++) {
            progress.accept("round " + round + " of " + rounds + ": start");
            List<Runner> order = new ArrayList<>(runners);
            Collections.shuffle(order, random);
            for (Runner runner : order) {
                commands.forEach((name, program) ->
                        measure(runner, program, results.get(name).get(runner.name())));
            }
        }
        return results;
    }

    private static void measure(Runner runner, List<String> program, Samples samples) {
        if (samples.failure().isPresent()) {
            return;
        }
        ChildProcess done = ChildProcess.run(runner.command(program), runner.environment(), LIMIT);
        if (done.succeeded()) {
            samples.add(done.nanos() / 1e6);
        } else {
            samples.fail(done.failure());
        }
    }
}

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

/** Whole commands, from the start of the sandbox to its end, in milliseconds. */
final class CommandBenchmark {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final String title;
    private final Map<String, List<String>> commands;
    private final List<Runner> runners;
    private final Consumer<String> progress;

    /**
     * Prepares to measure.
     *
     * @param title for the progress
     * @param commands by name, in the order of the table
     */
    CommandBenchmark(
            String title,
            Map<String, List<String>> commands,
            List<Runner> runners,
            Consumer<String> progress) {
        this.title = requireNonNull(title, "title is null");
        this.commands = new LinkedHashMap<>(commands);
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
            for (Map.Entry<String, List<String>> command : commands.entrySet()) {
                String name = command.getKey();
                progress.accept("%s %d of %d: %s".formatted(title, round, rounds, name));
                List<Runner> order = new ArrayList<>(runners);
                Collections.shuffle(order, random);
                for (Runner runner : order) {
                    measure(runner, command.getValue(), results.get(name).get(runner.name()));
                }
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

package dev.plinth.cli.checkpoint;

import static java.util.stream.Collectors.joining;

import dev.plinth.cli.checkpoint.Natively.Instead;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/** {@code src/test/checkpoint/run}: runs cases of the checkpoint by hand. */
final class CheckpointCommand {
    private static final String USAGE =
            """
            Usage: cli/src/test/checkpoint/run [OPTION]... [FILE|FILE/CASE]...
            Runs cases of the checkpoint, and shows what was wrong. Without names, all cases.

              --route A,B,...  begin on platform A, then go to B, ... by checkpoint and restore;
                               'pause', 'snapshot' and 'swap:B' are ways to go, too; may be
                               repeated (default: each platform to each)
              --native         run them on the host, without a checkpoint, and stopped and
                               continued in place of one
              --jobs N         how many at a time (default: 4)
            """;

    private final List<String> names = new ArrayList<>();
    private final List<Route> routes = new ArrayList<>();
    private boolean natively;
    private int jobs = 4;

    private CheckpointCommand() {}

    /** Status 0: nothing was wrong; 1: something was; 2: the words make no sense. */
    public static void main(String[] words)
            throws IOException, InterruptedException, ExecutionException {
        CheckpointCommand command = new CheckpointCommand();
        if (!command.understands(words)) {
            System.err.print(USAGE);
            System.exit(2);
        }
        System.exit(command.run() ? 0 : 1);
    }

    private boolean understands(String[] words) {
        for (int i = 0; i < words.length; i++) {
            switch (words[i]) {
                case "--native" -> natively = true;
                case "--route", "--jobs" -> {
                    if (i + 1 == words.length) {
                        return false;
                    }
                    String value = words[i + 1];
                    if (words[i].equals("--route")) {
                        routes.add(route(value));
                    } else if (value.matches("[1-9]\\d?")) {
                        jobs = Integer.parseInt(value);
                    } else {
                        return false;
                    }
                    i++;
                }
                default -> {
                    if (words[i].startsWith("-")) {
                        return false;
                    }
                    names.add(words[i]);
                }
            }
        }
        return true;
    }

    private static Route route(String words) {
        String[] parts = words.split(",", -1);
        return new Route(
                parts[0], Arrays.stream(parts).skip(1).map(CheckpointCommand::move).toList());
    }

    private static Move move(String word) {
        return switch (word) {
            case "pause" -> new Move.Pause();
            case "snapshot" -> new Move.Snapshot();
            default ->
                    word.startsWith("swap:")
                            ? new Move.Swap(word.substring("swap:".length()))
                            : new Move.Restore(word);
        };
    }

    private boolean wants(SavedCase savedCase) {
        return names.isEmpty()
                || names.contains(savedCase.file())
                || names.contains(savedCase.toString());
    }

    private boolean run() throws IOException, InterruptedException, ExecutionException {
        List<SavedCase> cases = SavedCase.all().stream().filter(this::wants).toList();
        List<Future<Boolean>> results = new ArrayList<>();
        try (Platforms platforms = new Platforms(Path.of(System.getProperty("plinth.plugins")));
                ExecutorService executor = Executors.newFixedThreadPool(jobs)) {
            for (SavedCase each : cases) {
                if (natively) {
                    for (Instead instead : Instead.values()) {
                        results.add(
                                executor.submit(() ->
                                        isFine(
                                                each + " natively, " + instead,
                                                directory ->
                                                        Natively.run(each, instead, directory))));
                    }
                    continue;
                }
                for (Route route : routes.isEmpty() ? Route.pairs(platforms.names()) : routes) {
                    results.add(
                            executor.submit(() ->
                                    isFine(
                                            each + ", " + route,
                                            directory ->
                                                    Traveller.run(
                                                            platforms.plinth(),
                                                            platforms.usable(),
                                                            each,
                                                            route,
                                                            directory))));
                }
            }
            int wrong = 0;
            for (Future<Boolean> result : results) {
                wrong += result.get() ? 0 : 1;
            }
            System.out.printf("%d runs: %d not as they should be%n", results.size(), wrong);
            return wrong == 0 && !results.isEmpty();
        }
    }

    /** Runs something in a directory. */
    @FunctionalInterface
    private interface InDirectory {
        String run(Path directory) throws IOException, InterruptedException;
    }

    private static boolean isFine(String name, InDirectory task)
            throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("checkpoint");
        try {
            long begun = System.nanoTime();
            String wrong;
            try {
                wrong = task.run(directory);
            } catch (IOException | RuntimeException e) {
                // One line of a report: the other runs go on.
                wrong =
                        e
                                + Arrays.stream(e.getStackTrace())
                                        .limit(8)
                                        .map(line -> "\n  " + line)
                                        .collect(joining());
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            if (wrong.isEmpty()) {
                System.out.printf("ok %s, %.2f s%n", name, seconds);
            } else {
                System.out.printf("NOT OK %s, %.2f s%n", name, seconds);
                wrong.lines().map(line -> "    " + line).forEach(System.out::println);
            }
            return wrong.isEmpty();
        } finally {
            delete(directory);
        }
    }

    private static void delete(Path tree) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(tree)) {
            files = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}

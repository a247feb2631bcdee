package dev.plinth.cli.mutation;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.plugin.LoadedPlatform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** {@code src/test/mutation/mutate}: restores mutated images by hand, as many as asked. */
final class MutatedImagesCommand {
    private static final String USAGE =
            """
            Usage: cli/src/test/mutation/mutate COUNT [SEED [PLATFORM]]
            Restores COUNT mutants of the image of a program that has some of everything
            (from seed 1 and on ptrace by default). Status 1 if one does harm.
            """;

    private MutatedImagesCommand() {}

    public static void main(String[] words) throws IOException, InterruptedException {
        boolean sensible = words.length >= 1 && words.length <= 3;
        for (int i = 0; i < Math.min(2, words.length); i++) {
            sensible &= words[i].matches("\\d{1,9}");
        }
        if (!sensible) {
            System.err.print(USAGE);
            System.exit(2);
        }
        int count = Integer.parseInt(words[0]);
        long seed = words.length > 1 ? Long.parseLong(words[1]) : 1;
        String platform = words.length > 2 ? words[2] : "ptrace";
        Plinth plinth = Plinth.create(Path.of(System.getProperty("plinth.plugins")));
        Path directory = Files.createTempDirectory("mutants");
        List<String> failures;
        try (LoadedPlatform loaded = plinth.loadPlatform(platform)) {
            failures =
                    new MutatedImages(plinth, loaded, directory, System.out::println)
                            .run(seed, count);
        } finally {
            try (Stream<Path> all = Files.walk(directory)) {
                for (Path file : all.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        failures.forEach(System.out::println);
        System.exit(failures.isEmpty() ? 0 : 1);
    }
}

package dev.plinth.cli.oracle;

import dev.plinth.kernel.boot.Plinth;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** {@code src/test/oracle/fuzz}: fuzzes by hand, as long as asked. */
final class FuzzCommand {
    private static final String USAGE =
            """
            Usage: cli/src/test/oracle/fuzz SECONDS [SEED [PLATFORM]]
            Calls system calls with random arguments in sandboxes (seed 1 and ptrace by default).
            Status 1 if that is more than the kernel can bear; what it logs appears above.
            """;

    private FuzzCommand() {}

    public static void main(String[] words) throws IOException, InterruptedException {
        boolean sensible = words.length >= 1 && words.length <= 3;
        for (int i = 0; i < Math.min(2, words.length); i++) {
            sensible &= words[i].matches("\\d{1,9}");
        }
        if (!sensible) {
            System.err.print(USAGE);
            System.exit(2);
        }
        long seed = words.length > 1 ? Long.parseLong(words[1]) : 1;
        String platform = words.length > 2 ? words[2] : "ptrace";
        Plinth plinth = Plinth.create(Path.of(System.getProperty("plinth.plugins")));
        try (Inside inside = new Inside(plinth, platform);
                ErrorLog log = ErrorLog.open()) {
            Optional<String> failure =
                    new Fuzzer(inside, System.out::println)
                            .run(seed, Duration.ofSeconds(Long.parseLong(words[0])));
            failure.ifPresent(System.out::println);
            if (!log.errors().isEmpty()) {
                System.out.println("the log has errors");
            }
            System.exit(failure.isPresent() || !log.errors().isEmpty() ? 1 : 0);
        }
    }
}

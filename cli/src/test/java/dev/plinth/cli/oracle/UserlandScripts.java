package dev.plinth.cli.oracle;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The scripts of {@code src/test/userland}: each does with real programs what people do with them.
 */
final class UserlandScripts {
    /** The file that they are cases of. */
    static final String FILE = "userland";

    private static final Path DIRECTORY = Path.of("src/test/userland");

    private static final Duration LIMIT = Duration.ofMinutes(10);

    private UserlandScripts() {}

    /** All scripts, by name. */
    static List<OracleCase> cases() throws IOException {
        List<OracleCase> cases = new ArrayList<>();
        try (DirectoryStream<Path> scripts = Files.newDirectoryStream(DIRECTORY)) {
            for (Path script : scripts) {
                String name = script.getFileName().toString().replaceFirst("\\..*", "");
                List<String> command = List.of(script.toAbsolutePath().toString());
                cases.add(new OracleCase(FILE, name, "", command, LIMIT));
            }
        }
        cases.sort(Comparator.comparing(OracleCase::name));
        return cases;
    }
}

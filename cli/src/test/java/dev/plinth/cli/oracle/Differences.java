package dev.plinth.cli.oracle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The cases in which Plinth means to differ from Linux, with the reason.
 *
 * @param reasons by case; where only one platform differs, by {@code CASE on PLATFORM}
 */
record Differences(SortedMap<String, String> reasons) {
    private static final Path FILE = OracleSource.DIRECTORY.resolve("differences.txt");

    /** Reads {@code differences.txt}: a line each, {@code CASE: reason}; # begins a comment. */
    static Differences read() throws IOException {
        SortedMap<String, String> reasons = new TreeMap<>();
        for (String line : Files.readAllLines(FILE, StandardCharsets.UTF_8)) {
            if (line.isBlank() || line.startsWith("#")) {
                continue;
            }
            String[] parts = line.split(": ", 2);
            if (parts.length != 2 || reasons.put(parts[0], parts[1]) != null) {
                throw new IOException(FILE + ": not a line with a case and a reason: " + line);
            }
        }
        return new Differences(reasons);
    }

    /** Why a case differs on a platform, if it is meant to. */
    Optional<String> reason(OracleCase oracleCase, String platform) {
        return Optional.ofNullable(reasons.get(oracleCase.id()))
                .or(() -> Optional.ofNullable(reasons.get(oracleCase.id() + " on " + platform)));
    }

    /** The page of the documentation. */
    String markdown() {
        StringBuilder page = new StringBuilder();
        page.append(
                """
                # Where Plinth means to differ

                Generated from `cli/src/test/oracle/differences.txt` by `cli/src/test/oracle/run
                --differences`. Each row is a case in `cli/src/test/oracle` that does something else
                in a sandbox than on Linux, and is tested to. All other cases do the same.

                | case | why it differs |
                |---|---|
                """);
        for (Map.Entry<String, String> each : reasons.entrySet()) {
            page.append("| `%s` | %s |%n".formatted(each.getKey(), each.getValue()));
        }
        return page.toString();
    }
}

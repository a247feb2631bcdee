package dev.plinth.cli.oracle;

import dev.plinth.kernel.boot.Plinth;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** {@code src/test/oracle/run}: runs cases by hand. */
final class OracleCommand {
    private static final String USAGE =
            """
            Usage: cli/src/test/oracle/run [OPTION]... [FAMILY|FILE|FILE/CASE]...
            Runs cases of the oracle on the host and in sandboxes, and shows how they differ:
            - what only the host did, + what only the sandbox did. Without names, all cases;
            'userland', or 'userland/NAME', is the scripts of src/test/userland.

              --platform NAME  run on this platform only; may be repeated
              --swap NAME      swap from that platform to this one and back, again and again
              --restore NAME   checkpoint there and restore on this one, and back, the same way
              --every N        at every so many system calls (default: 10)
              --strace         trace the system calls in the sandbox
              --seconds N      how long a case may take in a sandbox (default: 60, a script 600)
              --differences    print the page of differences that are meant, and run nothing
            """;

    private final List<String> names = new ArrayList<>();
    private final List<String> platforms = new ArrayList<>();
    private Optional<String> other = Optional.empty();
    private boolean restoring;
    private int everyCalls = 10;
    private Optional<Consumer<String>> trace = Optional.empty();
    private Optional<Duration> limit = Optional.empty();

    private OracleCommand() {}

    /** Status 0: all did the same; 1: some did not; 2: the words make no sense. */
    public static void main(String[] words) throws IOException, InterruptedException {
        if (List.of(words).equals(List.of("--differences"))) {
            System.out.print(Differences.read().markdown());
            return;
        }
        OracleCommand command = new OracleCommand();
        if (!command.understands(words)) {
            System.err.print(USAGE);
            System.exit(2);
        }
        System.exit(command.run() ? 0 : 1);
    }

    private boolean understands(String[] words) {
        for (int i = 0; i < words.length; i++) {
            switch (words[i]) {
                case "--platform" -> {
                    if (++i == words.length) {
                        return false;
                    }
                    platforms.add(words[i]);
                }
                case "--swap", "--restore" -> {
                    restoring = words[i].equals("--restore");
                    if (++i == words.length) {
                        return false;
                    }
                    other = Optional.of(words[i]);
                }
                case "--every" -> {
                    if (++i == words.length || !words[i].matches("[1-9]\\d{0,5}")) {
                        return false;
                    }
                    everyCalls = Integer.parseInt(words[i]);
                }
                case "--seconds" -> {
                    if (++i == words.length || !words[i].matches("\\d{1,6}")) {
                        return false;
                    }
                    limit = Optional.of(Duration.ofSeconds(Integer.parseInt(words[i])));
                }
                case "--strace" -> trace = Optional.of(System.err::println);
                default -> {
                    if (words[i].startsWith("-")) {
                        return false;
                    }
                    names.add(words[i]);
                }
            }
        }
        if (platforms.isEmpty()) {
            platforms.addAll(List.of("ptrace", "kvm"));
        }
        return true;
    }

    /** Whether a name asks for cases of a file; a family is what files' names have before a _. */
    private boolean wantsFile(String file) {
        return names.isEmpty()
                || names.stream()
                        .map(name -> name.split("/", 2)[0])
                        .anyMatch(name -> file.equals(name) || file.startsWith(name + "_"));
    }

    private boolean wants(OracleCase oracleCase) {
        return names.isEmpty()
                || names.stream()
                        .anyMatch(name ->
                                name.contains("/")
                                        ? oracleCase.id().equals(name)
                                        : wantsFile(oracleCase.file()));
    }

    private boolean run() throws IOException, InterruptedException {
        List<OracleCase> cases = new ArrayList<>();
        for (OracleSource source : OracleSource.all()) {
            if (wantsFile(source.name())) {
                source.cases().stream().filter(this::wants).forEach(cases::add);
            }
        }
        if (!names.isEmpty() && wantsFile(UserlandScripts.FILE)) {
            UserlandScripts.cases().stream().filter(this::wants).forEach(cases::add);
        }
        Plinth plinth = Plinth.create(Path.of(System.getProperty("plinth.plugins")));
        Outside outside = new Outside();
        Differences differences = Differences.read();
        int different = 0;
        for (String platform : platforms) {
            try (Inside inside = inside(plinth, platform)) {
                for (OracleCase each : cases) {
                    if (!isFine(each, platform, outside, inside, differences)) {
                        different++;
                    }
                }
                inside.moves().ifPresent(count -> System.out.printf("%d moves%n", count));
            }
        }
        System.out.printf(
                "%d cases on %s: %d not as they should be%n",
                cases.size(), String.join(", ", platforms), different);
        return different == 0 && !cases.isEmpty();
    }

    private Inside inside(Plinth plinth, String platform) {
        return other.map(name ->
                        restoring
                                ? Inside.restoring(plinth, platform, name, everyCalls)
                                : Inside.swapping(plinth, platform, name, everyCalls))
                .orElseGet(() -> new Inside(plinth, platform));
    }

    private boolean isFine(
            OracleCase each,
            String platform,
            Outside outside,
            Inside inside,
            Differences differences)
            throws IOException, InterruptedException {
        try (RunPlace place = RunPlace.create()) {
            Observation expected = outside.run(each.command(), place);
            long begun = System.nanoTime();
            Observation found =
                    inside.run(each.command(), place, limit.orElse(each.limit()), trace);
            boolean same = expected.equals(found);
            Optional<String> reason = differences.reason(each, platform);
            if (same != reason.isPresent()) {
                double seconds = (System.nanoTime() - begun) / 1e9;
                System.out.printf("ok %s on %s, %.2f s%n", each, platform, seconds);
                return true;
            }
            System.out.printf("NOT OK %s on %s%n", each, platform);
            if (same) {
                System.out.printf("differences.txt says it differs: %s%n", reason.orElseThrow());
            }
            expected.differencesTo(found)
                    .lines()
                    .map(line -> "    " + line)
                    .forEach(System.out::println);
            return false;
        }
    }
}

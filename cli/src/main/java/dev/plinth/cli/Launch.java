package dev.plinth.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the launcher script tells the JVM, in system properties.
 *
 * @param home directory of the distribution
 * @param closedStdio which of 0, 1 and 2 were closed when the script was started; it opened {@code
 *     /dev/null} there, or the JVM would have put files of its own in their place
 * @param lcAll what LC_ALL was before the script set it: the JVM takes file names and arguments for
 *     UTF-8 only in a UTF-8 locale; empty if it was not set
 */
record Launch(Path home, Set<Integer> closedStdio, Optional<String> lcAll) {
    Launch {
        closedStdio = Set.copyOf(closedStdio);
    }

    static Launch ofProcess() {
        String home = System.getProperty("plinth.home");
        if (home == null) {
            throw new IllegalStateException("plinth.home is not set: start Plinth by its script");
        }
        String closed = System.getProperty("plinth.closed", "").strip();
        Set<Integer> closedStdio =
                closed.isEmpty()
                        ? Set.of()
                        : Arrays.stream(closed.split(" "))
                                .map(Integer::valueOf)
                                .collect(Collectors.toUnmodifiableSet());
        return new Launch(
                Path.of(home),
                closedStdio,
                Optional.ofNullable(System.getProperty("plinth.lc_all")));
    }

    /** The environment that the script was started with. */
    Map<String, String> callerEnvironment() {
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.remove("LC_ALL");
        lcAll.ifPresent(value -> environment.put("LC_ALL", value));
        return environment;
    }

    /** The plugins that come with Plinth. */
    Path plugins() {
        return home.resolve("plugins");
    }

    /** What {@code --version} prints. */
    static String version() {
        String version = Launch.class.getPackage().getImplementationVersion();
        return "plinth %s%nJava %s%n"
                .formatted(version == null ? "(not packaged)" : version, Runtime.version());
    }
}

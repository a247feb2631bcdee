package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.plinth.kernel.boot.Plinth;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Programs do what they do on Linux while their platform is swapped again and again: the short
 * form. All of it: {@code src/test/oracle/run --platform ptrace --swap kvm}.
 */
@Timeout(600)
final class SwapTortureIT {
    private static final int EVERY_CALLS = 7;
    private static final Duration LIMIT = Duration.ofSeconds(120);

    /** Cases in which tasks wait for each other in different ways, by their files. */
    private static final Set<String> FILES =
            Set.of("pipe_basics", "poll_events", "process_wait", "socketpair_messages");

    @TestFactory
    Stream<DynamicTest> casesAreAsOnLinux() {
        List<String> platforms;
        try (UsablePlatforms usable = new UsablePlatforms()) {
            platforms = List.copyOf(usable.names());
        }
        assumeTrue(platforms.size() > 1, "there is no platform to go to");
        return Stream.of(platforms, platforms.reversed())
                .map(names ->
                        DynamicTest.dynamicTest(
                                names.get(0) + " to " + names.get(1),
                                () -> casesAreAsOnLinux(names.get(0), names.get(1))));
    }

    private static void casesAreAsOnLinux(String from, String to) throws Exception {
        Plinth plinth = Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));
        Outside outside = new Outside();
        try (Inside inside = Inside.swapping(plinth, from, to, EVERY_CALLS)) {
            for (OracleSource source : OracleSource.all()) {
                if (FILES.contains(source.name())) {
                    for (OracleCase each : source.cases()) {
                        check(each, outside, inside);
                    }
                }
            }
            assertTrue(inside.moves().orElseThrow() > 100);
        }
    }

    private static void check(OracleCase each, Outside outside, Inside inside) throws Exception {
        try (RunPlace place = RunPlace.create()) {
            Observation expected = outside.run(each.command(), place);
            Observation found = inside.run(each.command(), place, LIMIT, Optional.empty());
            assertEquals(expected, found, () -> each + "\n" + expected.differencesTo(found));
        }
    }
}

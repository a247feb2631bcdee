package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Many of everything at once: the results are exact, nothing hangs, and nothing is left. */
@Timeout(600)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class StressIT {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final Comparison comparison = new Comparison();
    private final List<OracleCase> cases = new ArrayList<>();

    StressIT() throws IOException, InterruptedException {
        for (OracleSource source : OracleSource.all()) {
            if (source.isStress()) {
                cases.addAll(source.cases());
            }
        }
    }

    @AfterAll
    void unload() {
        comparison.close();
    }

    private Stream<Arguments> runs() {
        return comparison.platforms().runs(cases.stream());
    }

    @ParameterizedTest(name = "{0} on {1}", quoteTextArguments = false)
    @MethodSource("runs")
    void doesTheSame(OracleCase oracleCase, String platform)
            throws IOException, InterruptedException {
        comparison.assertSame(oracleCase, platform);
    }

    private Stream<Arguments> ends() {
        return comparison.platforms().names().stream()
                .flatMap(platform ->
                        IntStream.of(1, 2, 3).mapToObj(seconds -> Arguments.of(platform, seconds)));
    }

    @ParameterizedTest(name = "on {0} after {1} s", quoteTextArguments = false)
    @MethodSource("ends")
    void sandboxIsClosedInTheMidstOfAllThat(String platform, int seconds)
            throws IOException, InterruptedException {
        OracleCase tree = named("a_tree_killed_in_the_midst");
        try (RunPlace place = RunPlace.create();
                ErrorLog log = ErrorLog.open()) {
            LeakCheck before = LeakCheck.now();
            String end =
                    comparison
                            .platforms()
                            .get(platform)
                            .run(
                                    tree.command(),
                                    place,
                                    Duration.ofSeconds(seconds),
                                    Optional.empty())
                            .end();
            assertFalse(end.contains("cannot be closed"), end);
            before.assertNothingNew();
            assertEquals(List.of(), log.errors());
        }
    }

    private Set<String> platforms() {
        return comparison.platforms().names();
    }

    @ParameterizedTest(name = "on {0}", quoteTextArguments = false)
    @MethodSource("platforms")
    void endedProcessesLeaveNoMemory(String platform) throws IOException, InterruptedException {
        Path program =
                OracleSource.compile(
                                Path.of("src/test/guest/memory_left.c"),
                                OracleSource.Linked.STATIC,
                                List.of())
                        .toAbsolutePath();
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.add(cases.getFirst().command().getFirst());
        cases.stream().map(OracleCase::name).forEach(command::add);
        try (RunPlace place = RunPlace.create()) {
            Observation observed =
                    comparison
                            .platforms()
                            .get(platform)
                            .run(command, place, LIMIT, Optional.empty());
            assertEquals(new Observation("", "", "exited with 0"), observed);
        }
    }

    private OracleCase named(String name) {
        return cases.stream().filter(each -> each.name().equals(name)).findFirst().orElseThrow();
    }
}

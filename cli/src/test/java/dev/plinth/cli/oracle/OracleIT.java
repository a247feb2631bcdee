package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import static java.util.stream.Collectors.toSet;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Small programs do in a sandbox what they do outside, on each platform. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OracleIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Plinth plinth =
            Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));
    private final SortedMap<String, Inside> platforms = new TreeMap<>();
    private final SortedMap<String, String> unusable = new TreeMap<>();
    private final List<OracleCase> cases = new ArrayList<>();
    private final Outside outside;
    private final Differences differences;

    OracleIT() throws IOException, InterruptedException {
        for (OracleSource source : OracleSource.all()) {
            cases.addAll(source.cases());
        }
        outside = new Outside();
        differences = Differences.read();
        for (String name : plinth.plugins().names()) {
            try {
                platforms.put(name, new Inside(plinth, name));
            } catch (SandboxException e) {
                unusable.put(name, e.getMessage());
            }
        }
    }

    @AfterAll
    void unload() {
        platforms.values().forEach(Inside::close);
    }

    private Stream<Arguments> runs() {
        return cases.stream()
                .flatMap(each ->
                        platforms.keySet().stream().map(platform -> Arguments.of(each, platform)));
    }

    @ParameterizedTest(name = "{0} on {1}", quoteTextArguments = false)
    @MethodSource("runs")
    void doesTheSame(OracleCase oracleCase, String platform)
            throws IOException, InterruptedException {
        List<String> program = List.of(oracleCase.program().toString(), oracleCase.name());
        try (RunPlace place = RunPlace.create();
                ErrorLog log = ErrorLog.open()) {
            Observation expected = outside.run(program, place);
            LeakCheck before = LeakCheck.now();
            Observation found =
                    platforms.get(platform).run(program, place, LIMIT, Optional.empty());
            differences
                    .reason(oracleCase, platform)
                    .ifPresentOrElse(
                            reason -> assertNotEquals(expected, found, reason),
                            () -> assertSame(expected, found, oracleCase + " on " + platform));
            before.assertNothingNew();
            assertEquals(List.of(), log.errors());
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("unusablePlatforms")
    void isNotRunOn(String platform) {
        abort(platform + " unusable: " + unusable.get(platform));
    }

    private Set<String> unusablePlatforms() {
        return unusable.keySet();
    }

    @Test
    void everyDifferenceThatIsMeantIsOfACase() {
        Set<String> known = cases.stream().map(OracleCase::id).collect(toSet());
        Set<String> listed =
                differences.reasons().keySet().stream()
                        .map(name -> name.replaceFirst(" on .*", ""))
                        .collect(toSet());
        listed.removeAll(known);
        assertEquals(Set.of(), listed, "no such cases");
    }

    @Test
    void pageOfDifferencesIsWhatIsTested() throws IOException {
        assertEquals(
                differences.markdown(),
                Files.readString(Path.of("../docs/differences.md")),
                "make it anew: cli/src/test/oracle/run --differences >docs/differences.md");
    }

    private static void assertSame(Observation expected, Observation found, String name) {
        if (!expected.equals(found)) {
            fail(name + ", - outside, + in the sandbox:\n" + expected.differencesTo(found));
        }
    }
}

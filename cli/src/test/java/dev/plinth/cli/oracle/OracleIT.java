package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import static java.util.stream.Collectors.toSet;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Small programs do in a sandbox what they do outside, on each platform. Stress is tested by
 * itself.
 */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OracleIT {
    private final Comparison comparison = new Comparison();
    private final List<OracleCase> cases = new ArrayList<>();
    private int runsBegun;

    OracleIT() throws IOException, InterruptedException {
        for (OracleSource source : OracleSource.all()) {
            if (!source.isStress()) {
                cases.addAll(source.cases());
            }
        }
    }

    /** When all cases were run, and not only some that were asked for, all calls were made. */
    @AfterAll
    void checkCoverage() throws IOException {
        try (comparison) {
            if (runsBegun == runs().count()) {
                new SyscallCoverage(comparison.platforms().syscalls()).assertComplete();
            }
        }
    }

    private Stream<Arguments> runs() {
        return comparison.platforms().runs(cases.stream());
    }

    @ParameterizedTest(name = "{0} on {1}", quoteTextArguments = false)
    @MethodSource("runs")
    void doesTheSame(OracleCase oracleCase, String platform)
            throws IOException, InterruptedException {
        runsBegun++;
        comparison.assertSame(oracleCase, platform);
    }

    private Set<String> unusablePlatforms() {
        return comparison.platforms().unusableNames();
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("unusablePlatforms")
    void isNotRunOn(String platform) {
        comparison.platforms().skip(platform);
    }

    @Test
    void everyDifferenceThatIsMeantIsOfACase() throws IOException {
        Set<String> listed =
                comparison.differences().reasons().keySet().stream()
                        .map(name -> name.replaceFirst(" on .*", ""))
                        .collect(toSet());
        listed.removeAll(cases.stream().map(OracleCase::id).collect(toSet()));
        listed.removeAll(UserlandScripts.cases().stream().map(OracleCase::id).collect(toSet()));
        assertEquals(Set.of(), listed, "no such cases");
    }

    @Test
    void pageOfDifferencesIsWhatIsTested() throws IOException {
        assertEquals(
                comparison.differences().markdown(),
                Files.readString(Path.of("../docs/differences.md")),
                "make it anew: cli/src/test/oracle/run --differences >docs/differences.md");
    }
}

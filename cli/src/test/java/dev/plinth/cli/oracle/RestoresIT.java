package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Programs print what they print outside, however often they are checkpointed and restored on
 * another platform, wherever that finds them.
 *
 * <p>With {@code -Dplinth.long=true}, all cases of the oracle and all scripts.
 */
@Timeout(900)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RestoresIT {
    private static final boolean LONG = Boolean.getBoolean("plinth.long");

    private static final Set<String> FAMILIES = Set.of("process", "signal", "futex", "pipe");
    private static final Set<String> SCRIPTS = Set.of("bash", "dash");
    private static final int CASE_CALLS = 15;
    private static final int SCRIPT_CALLS = 300;
    private static final int EVERY = LONG ? 1 : 18;

    private final Outside outside = new Outside();
    private final Plinth plinth =
            Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));

    RestoresIT() throws IOException, InterruptedException {}

    /** Every so many cases of the families, so that each family has its turn. */
    private static List<OracleCase> cases() throws IOException, InterruptedException {
        List<OracleCase> cases = new ArrayList<>();
        for (OracleSource source : OracleSource.all()) {
            String family = source.name().replaceFirst("_.*", "");
            if (!source.isStress() && (LONG || FAMILIES.contains(family))) {
                cases.addAll(source.cases());
            }
        }
        List<OracleCase> chosen = new ArrayList<>();
        for (int i = 0; i < cases.size(); i += EVERY) {
            chosen.add(cases.get(i));
        }
        return chosen;
    }

    private Stream<Arguments> runs() throws IOException, InterruptedException {
        List<String> names;
        try (UsablePlatforms platforms = new UsablePlatforms()) {
            names = List.copyOf(platforms.names());
        }
        List<Arguments> runs = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            List<String> order =
                    Stream.concat(names.stream().skip(i), names.stream().limit(i)).toList();
            for (OracleCase each : cases()) {
                runs.add(Arguments.of(each, order, CASE_CALLS));
            }
            for (OracleCase each : UserlandScripts.cases()) {
                if (LONG || SCRIPTS.contains(each.name())) {
                    runs.add(Arguments.of(each, order, SCRIPT_CALLS));
                }
            }
        }
        return runs.stream();
    }

    @ParameterizedTest(name = "{0} on {1} in turn", quoteTextArguments = false)
    @MethodSource("runs")
    void printsTheSame(OracleCase oracleCase, List<String> platforms, int everyCalls)
            throws IOException, InterruptedException {
        try (RunPlace place = RunPlace.create();
                PlatformRestores restores = new PlatformRestores(plinth, platforms, everyCalls)) {
            Observation expected = outside.run(oracleCase.command(), place);
            LeakCheck before = LeakCheck.now();
            Observation found = restores.run(oracleCase.command(), place, oracleCase.limit());
            assertEquals("", differences(expected, found));
            if (oracleCase.file().equals(UserlandScripts.FILE)) {
                assertTrue(restores.count() > 0, "never restored");
            }
            before.assertNothingNew();
        }
    }

    private static String differences(Observation expected, Observation found) {
        return expected.equals(found) ? "" : expected.differencesTo(found);
    }
}

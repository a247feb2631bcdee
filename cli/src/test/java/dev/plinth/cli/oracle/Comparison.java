package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.plinth.testkit.LeakCheck;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Asserts that cases do the same outside and inside, or not, where that is meant; and that nothing
 * of the sandbox is left.
 *
 * <p>One thread at a time.
 */
final class Comparison implements AutoCloseable {
    private final UsablePlatforms platforms = new UsablePlatforms();
    private final Outside outside;
    private final Differences differences;

    Comparison() throws IOException, InterruptedException {
        outside = new Outside();
        differences = Differences.read();
    }

    UsablePlatforms platforms() {
        return platforms;
    }

    Differences differences() {
        return differences;
    }

    /** Runs a case outside, and inside on a platform. */
    void assertSame(OracleCase oracleCase, String platform)
            throws IOException, InterruptedException {
        try (RunPlace place = RunPlace.create();
                ErrorLog log = ErrorLog.open()) {
            Observation expected = outside.run(oracleCase.command(), place);
            LeakCheck before = LeakCheck.now();
            Observation found =
                    platforms
                            .get(platform)
                            .run(oracleCase.command(), place, oracleCase.limit(), Optional.empty());
            differences
                    .reason(oracleCase, platform)
                    .ifPresentOrElse(
                            reason -> assertNotEquals(expected, found, reason),
                            () -> assertSame(expected, found, oracleCase + " on " + platform));
            before.assertNothingNew();
            assertEquals(List.of(), log.errors());
        }
    }

    private static void assertSame(Observation expected, Observation found, String name) {
        if (!expected.equals(found)) {
            fail(name + ", - outside, + in the sandbox:\n" + expected.differencesTo(found));
        }
    }

    @Override
    public void close() {
        platforms.close();
    }
}

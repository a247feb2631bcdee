package dev.plinth.cli.oracle;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * No arguments of any system call harm the kernel, or keep it from serving others. The seed is
 * always the same; {@code src/test/oracle/fuzz} tries others, for as long as asked.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class FuzzIT {
    private static final Duration DURATION = Duration.ofSeconds(60);
    private static final long SEED = 1;

    private final UsablePlatforms platforms = new UsablePlatforms();

    @AfterAll
    void unload() {
        platforms.close();
    }

    private Set<String> platforms() {
        return platforms.names();
    }

    @ParameterizedTest(name = "on {0}", quoteTextArguments = false)
    @MethodSource("platforms")
    void kernelOutlivesRandomCalls(String platform) throws IOException, InterruptedException {
        try (ErrorLog log = ErrorLog.open()) {
            LeakCheck before = LeakCheck.now();
            Fuzzer fuzzer = new Fuzzer(platforms.get(platform), System.out::println);
            assertEquals(Optional.empty(), fuzzer.run(SEED, DURATION));
            assertEquals(List.of(), log.errors());
            before.assertNothingNew();
        }
    }
}

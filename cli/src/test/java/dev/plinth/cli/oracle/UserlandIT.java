package dev.plinth.cli.oracle;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Shells, compilers, interpreters and databases do in a sandbox what they do outside.
 *
 * <p>On kvm those of them that take long are left out, unless the property {@code plinth.userland}
 * is {@code all}.
 */
@Timeout(900)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class UserlandIT {
    private static final Set<String> LONG = Set.of("git", "java", "sort", "tar");

    private final Comparison comparison = new Comparison();

    UserlandIT() throws IOException, InterruptedException {}

    @AfterAll
    void unload() {
        comparison.close();
    }

    private Stream<Arguments> runs() throws IOException {
        boolean all = System.getProperty("plinth.userland", "").equals("all");
        return UserlandScripts.cases().stream()
                .flatMap(script ->
                        comparison.platforms().names().stream()
                                .filter(platform ->
                                        all
                                                || !platform.equals("kvm")
                                                || !LONG.contains(script.name()))
                                .map(platform -> Arguments.of(script, platform)));
    }

    @ParameterizedTest(name = "{0} on {1}", quoteTextArguments = false)
    @MethodSource("runs")
    void doesTheSame(OracleCase script, String platform) throws IOException, InterruptedException {
        comparison.assertSame(script, platform);
    }
}

package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.cli.Leftovers;
import dev.plinth.cli.TestCommand;
import dev.plinth.cli.TestPlatform;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The example does what it says, in both directions. */
@Timeout(120)
@ExtendWith(Leftovers.class)
final class SwapAcrossRestoreIT {
    private static final Path EXAMPLE =
            Path.of("../examples/swap-across-restore").toAbsolutePath().normalize();

    private static final Pattern INSIDE =
            Pattern.compile("  inside: (\\d+), process (\\d+), up ([0-9.]+) s, stdout is (\\S+)");

    static Stream<Arguments> pairs() {
        List<String> names = TestPlatform.usable().map(TestPlatform::name).toList();
        if (names.size() == 1) {
            return Stream.of(Arguments.of(names.getFirst(), names.getFirst()));
        }
        return names.stream()
                .flatMap(first ->
                        names.stream()
                                .filter(second -> !second.equals(first))
                                .map(second -> Arguments.of(first, second)));
    }

    @ParameterizedTest(name = "{0} to {1}")
    @MethodSource("pairs")
    void theScriptInsideNoticesNothing(String first, String second) {
        String output =
                TestCommand.outside(EXAMPLE.toString(), first, second).run().requireSuccess();
        List<Matcher> inside =
                output.lines().map(INSIDE::matcher).filter(Matcher::matches).toList();
        assertEquals(
                IntStream.rangeClosed(1, 9).boxed().toList(),
                inside.stream().map(line -> Integer.valueOf(line.group(1))).toList(),
                output);
        assertEquals(1, inside.stream().map(line -> line.group(2)).distinct().count(), output);
        assertEquals(1, inside.stream().map(line -> line.group(4)).distinct().count(), output);
        List<Double> uptimes = inside.stream().map(line -> Double.valueOf(line.group(3))).toList();
        assertEquals(uptimes.stream().sorted().toList(), uptimes, output);
        for (String word : List.of("Image ", "Roles ", "bash", "stdio/1", "story runs on")) {
            assertTrue(output.contains(word), output);
        }
    }
}

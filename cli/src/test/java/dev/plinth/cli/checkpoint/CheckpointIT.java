package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.cli.checkpoint.Natively.Instead;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Programs set up each kind of state that a kernel has, are checkpointed and restored on every
 * platform, and find all as it was.
 *
 * <p>Each goes on one tour from every platform to every one; with {@code -Dplinth.long=true} also
 * each way by itself, by swaps, and by checkpoints that leave it running.
 */
@Timeout(300)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CheckpointIT {
    static final boolean LONG = Boolean.getBoolean("plinth.long");

    private final List<SavedCase> cases = SavedCase.all();
    private final Platforms platforms =
            new Platforms(Path.of(System.getProperty("plinth.dist"), "plugins"));
    private final LeakCheck before = LeakCheck.now();

    CheckpointIT() throws IOException, InterruptedException {}

    @AfterAll
    void nothingIsLeft() {
        before.assertNothingNew();
        platforms.close();
    }

    private Stream<Arguments> runsOutside() {
        List<Instead> all = LONG ? Arrays.asList(Instead.values()) : List.of(Instead.NOTHING);
        return cases.stream()
                .flatMap(each -> all.stream().map(instead -> Arguments.of(each, instead)));
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest(name = "{0}, {1}", quoteTextArguments = false)
    @MethodSource("runsOutside")
    void passesOutside(SavedCase savedCase, Instead instead, @TempDir Path directory)
            throws IOException, InterruptedException {
        assertEquals("", Natively.run(savedCase, instead, directory));
    }

    private Stream<Arguments> journeys() {
        List<String> names = platforms.names();
        List<Route> routes = new ArrayList<>();
        if (!names.isEmpty()) {
            routes.add(Route.tour(names));
        }
        if (LONG) {
            routes.addAll(Route.pairs(names));
            names.forEach(name -> routes.add(Route.of(name, new Move.Pause())));
            names.forEach(name -> routes.add(Route.of(name, new Move.Snapshot())));
            for (String from : names) {
                names.forEach(to -> routes.add(Route.of(from, new Move.Swap(to))));
            }
        }
        return cases.stream()
                .flatMap(each -> routes.stream().map(route -> Arguments.of(each, route)));
    }

    @Execution(ExecutionMode.CONCURRENT)
    @ParameterizedTest(name = "{0}: {1}", quoteTextArguments = false)
    @MethodSource("journeys")
    void findsAllAsItWas(SavedCase savedCase, Route route, @TempDir Path directory)
            throws IOException, InterruptedException {
        assertEquals(
                "",
                Traveller.run(platforms.plinth(), platforms.usable(), savedCase, route, directory));
    }
}

package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdLayout;
import dev.plinth.cli.Leftovers;
import dev.plinth.cli.TestPlatform;
import dev.plinth.kernel.boot.Plinth;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The matrix of {@link IdentityMatrixIT} for sandboxes that are processes of their own, started by
 * commands, on platforms of a plugin: there, also the numbers of the host's descriptors are as the
 * layout says.
 *
 * <p>With {@code -Dplinth.long=true}, on each platform and from there to each, with each log and
 * each number of devices.
 */
@Timeout(1800)
@ExtendWith(Leftovers.class)
final class LaunchedMatrixIT {
    private static final boolean LONG = Boolean.getBoolean("plinth.long");
    private static final int DEVICES_MAX = 3;
    private static final Pattern PID = Pattern.compile("\"pid\": *([0-9]+)");

    @TempDir private static Path temporary;

    private final HostOpener opener = new HostOpener();
    private final List<String> names = TestPlatform.usable().map(TestPlatform::name).toList();
    private DevicePlugins plugins;
    private Plinth plinth;
    private int examples;

    @BeforeEach
    void makePlugins() throws IOException {
        plugins = new DevicePlugins(Files.createDirectory(temporary.resolve("plugins")));
        for (String name : names) {
            for (int count = 0; count <= DEVICES_MAX; count++) {
                plugins.add(name, count);
            }
        }
        plinth = Plinth.create(plugins.directory());
    }

    @Test
    void aMoveBetweenProcessesChangesNothingThatAProgramSees() {
        Matrix matrix = Matrix.ofEachKind(names);
        if (LONG) {
            matrix.forAllPlaces(each -> move(each.from(), each.to(), each.duplicates()));
        }
        Set<String> done = new TreeSet<>();
        List<Matrix.Entry> moves = matrix.eachPair();
        for (Matrix.Entry each : moves) {
            move(each.from(), each.to(), each.duplicates());
            done.addAll(matrix.pairsOf(each));
        }
        System.out.printf(
                "%d moves between processes, %d of %d pairs of their properties%n",
                moves.size(), done.size(), matrix.pairs().size());
        assertEquals(matrix.pairs(), done);
    }

    private void move(Side from, Side side, Map<Integer, Integer> duplicates) {
        Registered sandbox = new Registered(opener, temporary.resolve("state"), "moved");
        try {
            Path directory = Files.createDirectory(temporary.resolve("example-" + examples++));
            WitnessRun run = new WitnessRun(plinth, directory, duplicates);
            Path image = directory.resolve("image");
            Witness.Report first;
            try (StandardStreams streams = from.open(opener, directory)) {
                streams.get(0).send("a");
                start(sandbox, "run", from, streams, run.options());
                first = run.report();
                requireLayout(sandbox, from, streams);
                sandbox.checkpoint(image).requireSuccess();
                sandbox.delete();
            }
            try (StandardStreams streams = side.open(opener, directory)) {
                streams.get(0).send("b");
                List<String> options = List.of("--image-path", image.toString());
                start(sandbox, "restore", side, streams, options);
                sandbox.command("kill", sandbox.id(), "USR1").run().requireSuccess();
                assertEquals(first.identities(), run.report().identities());
                requireLayout(sandbox, side, streams);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "from %s to %s, duplicates %s: %s".formatted(from, side, duplicates, e), e);
        } finally {
            sandbox.delete();
        }
    }

    private void start(
            Registered sandbox,
            String command,
            Side side,
            StandardStreams streams,
            List<String> options)
            throws IOException {
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "--plugins",
                                plugins.directory().toString(),
                                "--platform",
                                DevicePlugins.name(side.platform(), side.devices())));
        if (side.log()) {
            arguments.addAll(List.of("--debug-log", logFile().toString()));
        }
        arguments.addAll(options);
        int status = sandbox.start(command, streams, arguments);
        assertEquals(0, status, () -> command + " fails on " + side);
    }

    private static Path logFile() {
        return temporary.resolve("log");
    }

    /** Looks at the descriptors of the process from outside. */
    private static void requireLayout(Registered sandbox, Side side, StandardStreams streams)
            throws IOException {
        Path descriptors = Path.of("/proc", pid(sandbox), "fd");
        for (int number = 0; number < 3; number++) {
            Optional<String> expected = Optional.empty();
            try (HostFd given = streams.get(number).give().orElse(null)) {
                if (given != null) {
                    expected = target(Path.of("/proc/self/fd"), given.number());
                }
            }
            assertEquals(expected, target(descriptors, FdLayout.BASE + number));
        }
        int number = FdLayout.BASE + 3;
        List<String> extra = List.of("/dev/null", "", "/dev/zero");
        for (String device : extra.subList(0, side.devices())) {
            assertEquals(
                    Optional.of(device).filter(path -> !path.isEmpty()),
                    target(descriptors, number++));
        }
        if (side.platform().equals("kvm")) {
            assertEquals(Optional.of("/dev/kvm"), target(descriptors, number++));
        }
        assertTrue(target(descriptors, number++).orElse("").startsWith("socket:"));
        if (side.log()) {
            assertEquals(Optional.of(logFile().toString()), target(descriptors, number++));
        }
        while (number < FdLayout.LIMIT) {
            assertEquals(Optional.empty(), target(descriptors, number++));
        }
    }

    /** As {@code plinth state} has it, in less time. */
    private static String pid(Registered sandbox) throws IOException {
        String state = Files.readString(sandbox.root().resolve(sandbox.id()).resolve("state.json"));
        Matcher pid = PID.matcher(state);
        assertTrue(pid.find(), state);
        return pid.group(1);
    }

    private static Optional<String> target(Path descriptors, int number) throws IOException {
        Path link = descriptors.resolve(Integer.toString(number));
        return Files.exists(link, LinkOption.NOFOLLOW_LINKS)
                ? Optional.of(Files.readSymbolicLink(link).toString())
                : Optional.empty();
    }
}

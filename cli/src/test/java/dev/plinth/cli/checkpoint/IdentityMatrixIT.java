package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.quicktheories.QuickTheory.qt;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Whatever a sandbox is taken from and to, its standard descriptors and their duplicates are what
 * they were: same device and inode, same position, same ones shared.
 *
 * <p>The moves are those of a {@link Matrix}, and some more that are drawn at random with a fixed
 * seed; {@code -Dplinth.long=true} makes all, {@code -Dplinth.matrix.examples=N} draws more. In one
 * process a log moves no descriptor of the others: see {@link LaunchedMatrixIT} for that.
 */
@Timeout(7200)
final class IdentityMatrixIT {
    private static final long SEED = 20_261_123;
    private static final boolean LONG = Boolean.getBoolean("plinth.long");
    private static final int EXAMPLES = Integer.getInteger("plinth.matrix.examples", 20);
    private static final Path LOG = Path.of("/dev/null");

    @TempDir private static Path temporary;

    private static TestPlatforms platforms;
    private static int examples;

    private final HostOpener opener = new HostOpener();
    private LeakCheck before;

    @BeforeAll
    static void load() {
        platforms = new TestPlatforms();
    }

    @AfterAll
    static void unload() {
        platforms.close();
    }

    @BeforeEach
    void remember() {
        before = LeakCheck.now();
    }

    @AfterEach
    void nothingIsLeft() {
        before.assertNothingNew();
    }

    @Test
    void aMoveChangesNothingThatAProgramSees() {
        Matrix matrix = Matrix.ofEachDescriptor(platforms.names());
        Set<String> done = new TreeSet<>();
        List<Matrix.Entry> moves = matrix.eachPair();
        for (Matrix.Entry each : moves) {
            assertEquals(Optional.empty(), each.from().refusalOf(each.to()), each::toString);
            move(each.from(), each.to(), each.duplicates());
            done.addAll(matrix.pairsOf(each));
        }
        System.out.printf(
                "%d moves, %d of %d pairs of their properties%n",
                moves.size(), done.size(), matrix.pairs().size());
        assertEquals(matrix.pairs(), done);
        if (LONG) {
            matrix.forAll(each -> move(each.from(), each.to(), each.duplicates()));
        }
    }

    /** From wherever something is to where it is not, and from one to three. */
    @Test
    void aMoveThatWouldChangeSomethingIsRefused() {
        List<Side> open = new ArrayList<>();
        for (StdioKind kind : StdioKind.values()) {
            if (kind != StdioKind.CLOSED) {
                open.add(on(open.size(), false, List.of(kind, kind, kind)));
            }
        }
        List<ErrorCode> refusals = new ArrayList<>();
        for (Side from : open) {
            for (int number = 0; number < 3; number++) {
                List<StdioKind> kinds = new ArrayList<>(from.kinds());
                kinds.set(number, StdioKind.CLOSED);
                refusals.add(refuse(from, on(refusals.size(), false, kinds)));
            }
        }
        assertEquals(Set.of(ErrorCode.IMAGE_ROLE_MISSING), Set.copyOf(refusals));
        for (Side three : open) {
            if (three.kind(0) != StdioKind.NULL) {
                Side one = on(refusals.size(), true, three.kinds());
                assertEquals(ErrorCode.IMAGE_ROLES_DIFFER, refuse(one, three));
            }
        }
    }

    /** On one platform after the other. */
    private static Side on(int count, boolean shared, List<StdioKind> kinds) {
        List<String> names = platforms.names();
        return new Side(names.get(count % names.size()), false, 0, shared, kinds);
    }

    private ErrorCode refuse(Side from, Side to) {
        move(from, to, Map.of());
        return from.refusalOf(to).orElseThrow();
    }

    @Test
    void noMoveDrawnAtRandomDoes() {
        qt().withFixedSeed(SEED)
                .withExamples(EXAMPLES)
                .withShrinkCycles(0)
                .forAll(Side.on(platforms.names()), Side.on(platforms.names()), Side.duplicates())
                .checkAssert(this::move);
    }

    private void move(Side from, Side to, Map<Integer, Integer> duplicates) {
        try {
            Path directory = Files.createDirectory(temporary.resolve("example-" + examples++));
            WitnessRun run = new WitnessRun(platforms.plinth(), directory, duplicates);
            Path image = directory.resolve("image");
            Witness.Report first;
            try (StandardStreams streams = from.open(opener, directory)) {
                streams.get(0).send("a");
                try (Sandbox sandbox =
                        run.start(platform(from, Optional.empty()), stdio(from, streams))) {
                    first = run.report();
                    requireSense(from, first, 'a');
                    WitnessRun.checkpoint(sandbox, image, false);
                }
                requireOutput(streams, first, Set.of());
            }
            Optional<ErrorCode> refusal = from.refusalOf(to);
            if (refusal.isPresent()) {
                try (StandardStreams streams = to.open(opener, directory)) {
                    SandboxException e =
                            assertThrows(
                                    SandboxException.class,
                                    () -> restore(run, image, to, streams).close());
                    assertEquals(refusal.get(), e.code(), e::toString);
                }
            }
            Side side = refusal.isPresent() ? to.withStreamsOf(from) : to;
            Set<Integer> goingOn = from.filesThatGoOn(side);
            try (StandardStreams streams = side.open(opener, directory)) {
                streams.get(0).send("b");
                try (Sandbox sandbox = restore(run, image, side, streams)) {
                    Witness.Report second = run.reportAgain(sandbox);
                    assertEquals(first.identities(), second.identities());
                    if (!from.losesItsPlace(side)) {
                        requireSense(side, second, from.isReadable() ? 'b' : 0);
                        requireOutput(streams, second, goingOn);
                        requirePositions(goingOn, first, second);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(
                    "from %s to %s, duplicates %s: %s".formatted(from, to, duplicates, e), e);
        }
    }

    private static PlatformFactory platform(Side side, Optional<Path> image) {
        PlatformFactory platform =
                image.map(path -> platforms.getFor(side.platform(), path))
                        .orElseGet(() -> platforms.get(side.platform()));
        return new ExtraDevices(platform, side.devices());
    }

    private Sandbox restore(WitnessRun run, Path image, Side side, StandardStreams streams) {
        return run.restore(image, platform(side, Optional.of(image)), stdio(side, streams));
    }

    private Stdio stdio(Side side, StandardStreams streams) {
        Map<FdRole, HostFd> given = streams.byRole();
        if (side.log()) {
            given.put(FdRole.LOG, opener.open(LOG, HostOpener.O_WRONLY));
        }
        return new Stdio.Given(given);
    }

    /** The program sees of its descriptors what was given to it. */
    private static void requireSense(Side side, Witness.Report report, int input) {
        for (int number = 0; number < 3; number++) {
            if (!side.isOpen(number)) {
                assertTrue(!report.findings().get(number).isOpen(), report::toString);
            }
        }
        if (side.isReadable() && input != 0 && side.kind(0) != StdioKind.NULL) {
            assertEquals(1, report.read(), report::toString);
            assertEquals((char) input, report.byteRead(), report::toString);
        }
    }

    /** What the program says that it wrote came out, once. */
    private static void requireOutput(
            StandardStreams streams, Witness.Report report, Set<Integer> goingOn)
            throws IOException {
        for (int number = 1; number < 3; number++) {
            boolean wrote = (number == 1 ? report.written() : report.complained()) == 4;
            if (wrote && streams.get(number).carriesOutput()) {
                String received = streams.get(number).received();
                String line = number == 1 ? "out\n" : "err\n";
                int times = goingOn.contains(number) ? 2 : 1;
                assertEquals(times, received.split(line, -1).length - 1, received);
            }
        }
    }

    /** A file that is there on both sides is gone on with where the program was in it. */
    private static void requirePositions(
            Set<Integer> goingOn, Witness.Report first, Witness.Report second) {
        boolean shared = first.findings().get(0).shares().contains(1);
        List<Long> moved = List.of(first.read(), first.written(), first.complained());
        for (int number : goingOn) {
            long by = shared ? moved.stream().mapToLong(Long::longValue).sum() : moved.get(number);
            assertEquals(
                    first.findings().get(number).position() + by,
                    second.findings().get(number).position(),
                    () -> first + " and " + second);
        }
    }
}

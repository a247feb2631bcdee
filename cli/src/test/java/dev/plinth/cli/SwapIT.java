package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.cli.GuestPrograms.Kind;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.testkit.LeakCheck;
import dev.plinth.testkit.mock.MockPlatformFactory;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A running sandbox goes from platform to platform, and its programs do not notice. */
@Timeout(120)
final class SwapIT {
    private static final long SYS_OPENAT = 257;
    private static final long AT_FDCWD = -100;
    private static final long O_WRONLY = 1;
    private static final long O_CREAT = 0100;
    private static final long O_CLOEXEC = 02000000;

    /** Far above what is aimed at, for machines that do something else meanwhile. */
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);

    @TempDir private Path temporary;
    private final Plinth plinth =
            Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));
    private final List<LoadedPlatform> loaded = new ArrayList<>();
    private LeakCheck before;

    /** From one platform to another. */
    record Direction(String from, String to) {
        @Override
        public String toString() {
            return from + " to " + to;
        }
    }

    static Stream<Direction> directions() {
        List<String> names = TestPlatform.usable().map(TestPlatform::name).toList();
        return names.stream().flatMap(from -> names.stream().map(to -> new Direction(from, to)));
    }

    @BeforeEach
    void remember() {
        before = LeakCheck.now();
    }

    @AfterEach
    void nothingIsLeft() {
        loaded.forEach(LoadedPlatform::close);
        before.assertNothingNew();
    }

    @ParameterizedTest
    @MethodSource("directions")
    void sumsInVectorRegistersAreRight(Direction direction) throws Exception {
        assumeTrue(Files.readString(Path.of("/proc/cpuinfo")).contains("avx2"), "no AVX2");
        Path program = GuestPrograms.compile(temporary, Kind.STATIC_GLIBC, "vectors");
        List<LoadedPlatform> platforms = load(direction);
        try (Sandbox sandbox = sandbox(platforms.getFirst(), program.toString(), "2")) {
            sandbox.start();
            int swaps = swapUntilItEnds(sandbox, platforms);
            assertTrue(swaps > 3, () -> "it ended at once: " + output());
            assertEquals(new ExitStatus.Exited(0), sandbox.awaitExit(), this::output);
        }
        assertEquals("the sums are right\n", output());
    }

    @ParameterizedTest
    @MethodSource("directions")
    void aPipelineOfAShellGoesOn(Direction direction) throws Exception {
        List<LoadedPlatform> platforms = load(direction);
        try (Sandbox sandbox =
                sandbox(
                        platforms.getFirst(),
                        "/bin/bash",
                        "-c",
                        "for i in {1..60}; do echo $i; sleep 0.01; done | while read n; do echo"
                                + " $((n * n)); done | tail -n 3; sleep 0.2 & wait $!; echo $?")) {
            sandbox.start();
            int swaps = swapUntilItEnds(sandbox, platforms);
            assertTrue(swaps > 3, () -> "it ended at once: " + output());
            assertEquals(new ExitStatus.Exited(0), sandbox.awaitExit(), this::output);
        }
        assertEquals("3364\n3481\n3600\n0\n", output());
    }

    /** Swaps a sandbox again and again; says how often. */
    private static int swapUntilItEnds(Sandbox sandbox, List<LoadedPlatform> platforms)
            throws InterruptedException {
        int swaps = 0;
        try {
            while (true) {
                Thread.sleep(20);
                LoadedPlatform next = platforms.get((swaps + 1) % platforms.size());
                Duration pause = sandbox.swap(next.factory());
                swaps++;
                assertTrue(pause.compareTo(LONGEST_PAUSE) < 0, pause::toString);
            }
        } catch (SandboxException e) {
            assertEquals(ErrorCode.SANDBOX_STOPPED, e.code(), e::toString);
            return swaps;
        }
    }

    @ParameterizedTest
    @MethodSource("directions")
    void aPausedSandboxCanBeSwapped(Direction direction) throws Exception {
        List<LoadedPlatform> platforms = load(direction);
        try (Sandbox sandbox =
                sandbox(platforms.getFirst(), "/bin/sh", "-c", "sleep 0.3; echo x")) {
            sandbox.start();
            sandbox.pause();
            sandbox.swap(platforms.getLast().factory());
            Thread.sleep(500);
            assertEquals("", output());
            assertTrue(sandbox.resume());
            assertEquals(new ExitStatus.Exited(0), sandbox.awaitExit());
        }
        assertEquals("x\n", output());
    }

    @Test
    void aPlatformThatLacksWhatProgramsHaveSeenIsRefused() throws Exception {
        Direction direction = directions().findFirst().orElseThrow();
        List<LoadedPlatform> platforms = load(direction);
        try (Sandbox sandbox =
                sandbox(platforms.getFirst(), "/bin/sh", "-c", "sleep 0.3; echo still here")) {
            sandbox.start();
            SandboxException e =
                    assertThrows(
                            SandboxException.class, () -> sandbox.swap(new MockPlatformFactory()));
            assertEquals(ErrorCode.PLATFORM_UNSUITABLE, e.code(), e::toString);
            assertEquals(new ExitStatus.Exited(0), sandbox.awaitExit());
            assertEquals(
                    ErrorCode.SANDBOX_STOPPED,
                    assertThrows(
                                    SandboxException.class,
                                    () -> sandbox.swap(platforms.getLast().factory()))
                            .code());
        }
        assertEquals("still here\n", output());
    }

    private List<LoadedPlatform> load(Direction direction) {
        loaded.add(plinth.loadPlatform(direction.from()));
        loaded.add(plinth.loadPlatform(direction.to()));
        return List.copyOf(loaded);
    }

    private Sandbox sandbox(LoadedPlatform platform, String... words) {
        return plinth.newSandbox(
                SandboxSpec.builder(List.of(words))
                        .environment(List.of("PATH=/usr/bin:/bin"))
                        .stdio(new Stdio.Given(Map.of(FdRole.STDOUT, open(plinth.host()))))
                        .build(),
                platform);
    }

    private String output() {
        try {
            return Files.readString(temporary.resolve("output"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private HostFd open(HostKernel host) {
        try (Arena arena = Arena.ofConfined()) {
            String file = temporary.resolve("output").toString();
            long path = arena.allocateFrom(file, StandardCharsets.UTF_8).address();
            long flags = O_WRONLY | O_CREAT | O_CLOEXEC;
            return new HostFd(
                    host, (int) host.require("open", SYS_OPENAT, AT_FDCWD, path, flags, 0600));
        }
    }
}

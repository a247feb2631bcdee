package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.cli.GuestPrograms.Kind;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Sandboxes of every platform that works here live in one JVM, and run at the same time. */
@Timeout(120)
final class MixedPlatformsIT {
    private static final int SANDBOXES_OF_EACH = 3;
    private static final int LINES = 20_000;

    private static final long SYS_OPENAT = 257;
    private static final long AT_FDCWD = -100;
    private static final long O_WRONLY = 1;
    private static final long O_CREAT = 0100;
    private static final long O_CLOEXEC = 02000000;

    @TempDir private Path temporary;

    /** A sandbox, what executes it, and where its output goes. */
    private record Running(Sandbox sandbox, TestPlatform platform, Path output) {}

    @Test
    void programsRunAtOnceOnEachPlatformWithEqualResults() throws Exception {
        Path program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "together");
        List<String> words = List.of(program.toString(), Integer.toString(LINES));
        TestCommand outside = TestCommand.outside(words.toArray(String[]::new));
        String expected = outside.run().requireSuccess();

        Plinth plinth = Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));
        List<TestPlatform> platforms = TestPlatform.usable().toList();
        List<LoadedPlatform> loaded = new ArrayList<>();
        LeakCheck before = LeakCheck.now();
        List<Running> running = new ArrayList<>();
        try {
            for (TestPlatform platform : platforms) {
                loaded.add(plinth.loadPlatform(platform.name()));
            }
            for (int i = 0; i < SANDBOXES_OF_EACH * platforms.size(); i++) {
                int kind = i % platforms.size();
                Path output = temporary.resolve("output-" + i);
                Sandbox sandbox =
                        plinth.newSandbox(spec(plinth.host(), words, output), loaded.get(kind));
                running.add(new Running(sandbox, platforms.get(kind), output));
            }
            running.forEach(each -> each.sandbox().start());
            for (Running each : running) {
                assertEquals(0, each.sandbox().awaitExit().shellStatus(), each::toString);
                assertEquals(Optional.empty(), each.sandbox().failure(), each::toString);
                assertEquals(expected, Files.readString(each.output()), each::toString);
            }
        } finally {
            Collections.reverse(running);
            running.forEach(each -> each.sandbox().close());
            loaded.forEach(LoadedPlatform::close);
        }
        before.assertNothingNew();
    }

    private static SandboxSpec spec(HostKernel host, List<String> words, Path output)
            throws IOException {
        return SandboxSpec.builder(words)
                .stdio(new Stdio.Given(Map.of(FdRole.STDOUT, open(host, output))))
                .build();
    }

    private static HostFd open(HostKernel host, Path file) {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(file.toString(), StandardCharsets.UTF_8).address();
            long flags = O_WRONLY | O_CREAT | O_CLOEXEC;
            return new HostFd(
                    host, (int) host.require("open", SYS_OPENAT, AT_FDCWD, path, flags, 0600));
        }
    }
}

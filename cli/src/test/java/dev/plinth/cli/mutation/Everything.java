package dev.plinth.cli.mutation;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.plugin.LoadedPlatform;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The program that has some of everything, {@code src/test/guest/everything.c}, and its images. */
final class Everything {
    private static final long SYS_OPENAT = 257;
    private static final long SYS_PIPE2 = 293;
    private static final long AT_FDCWD = -100;
    private static final long O_RDWR = 2;
    private static final long O_CLOEXEC = 02000000;

    private final Plinth plinth;
    private final LoadedPlatform platform;
    private final Path program;

    /**
     * For images of a platform.
     *
     * @param platform borrowed
     * @param directory where the program is put
     */
    Everything(Plinth plinth, LoadedPlatform platform, Path directory) {
        this.plinth = requireNonNull(plinth, "plinth is null");
        this.platform = requireNonNull(platform, "platform is null");
        this.program = directory.resolve("everything");
    }

    private void compile() throws IOException, InterruptedException {
        String source = "src/test/guest/everything.c";
        ProcessBuilder compiler =
                new ProcessBuilder("gcc", "-O1", "-w", "-static", "-o", program.toString(), source);
        if (compiler.inheritIO().start().waitFor() != 0) {
            throw new IllegalStateException("gcc failed");
        }
    }

    /** Runs the program until it has everything, and writes an image of it. */
    void checkpoint(Path target, Compression compression) throws IOException, InterruptedException {
        if (!Files.exists(program)) {
            compile();
        }
        HostKernel host = plinth.host();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(2 * Integer.BYTES, Integer.BYTES);
            host.require("pipe2", SYS_PIPE2, ends.address(), O_CLOEXEC);
            int reading = ends.get(ValueLayout.JAVA_INT, 0);
            Map<FdRole, HostFd> stdio = devNull();
            HostFd writing = new HostFd(host, ends.get(ValueLayout.JAVA_INT, Integer.BYTES));
            stdio.put(FdRole.STDOUT, writing).close();
            SandboxSpec spec =
                    SandboxSpec.builder(List.of(program.toString()))
                            .stdio(new Stdio.Given(stdio))
                            .build();
            try (HostFd owned = new HostFd(host, reading);
                    Sandbox sandbox = plinth.newSandbox(spec, platform)) {
                sandbox.start();
                awaitReady(Path.of("/proc/self/fd/" + owned.number()));
                sandbox.checkpoint(new CheckpointSpec(target, false, compression));
            }
        }
    }

    private static void awaitReady(Path pipe) throws IOException {
        try (InputStream in = Files.newInputStream(pipe)) {
            if (in.read() < 0) {
                throw new IllegalStateException("the program is not ready");
            }
        }
    }

    /** Where what a restored program writes goes. */
    Stdio nowhere() {
        return new Stdio.Given(devNull());
    }

    private Map<FdRole, HostFd> devNull() {
        Map<FdRole, HostFd> stdio = new HashMap<>();
        HostKernel host = plinth.host();
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom("/dev/null").address();
            for (int i = 0; i < 3; i++) {
                long fd = host.require("open", SYS_OPENAT, AT_FDCWD, name, O_RDWR | O_CLOEXEC, 0);
                stdio.put(FdRole.stdio(i), new HostFd(host, (int) fd));
            }
        }
        return stdio;
    }
}

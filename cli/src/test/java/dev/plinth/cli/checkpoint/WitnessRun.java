package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.fail;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.SandboxSpec.HostMount;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.image.Compression;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** Sandboxes of this JVM in which a {@link Witness} runs. */
final class WitnessRun {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long POLL_NANOS = 1_000_000;

    private final Plinth plinth;
    private final Witness witness;
    private final Path rootfs;
    private final Path shared;

    /**
     * Lays out a root file system with the witness in it.
     *
     * @param directory empty, of the host
     */
    WitnessRun(Plinth plinth, Path directory, Map<Integer, Integer> duplicates) throws IOException {
        this.plinth = plinth;
        this.witness = new Witness(duplicates);
        this.rootfs = Files.createDirectory(directory.resolve("rootfs"));
        this.shared = Files.createDirectory(directory.resolve("shared"));
        Files.createDirectory(rootfs.resolve("mnt"));
        Files.write(program(), witness.executable());
        Files.setPosixFilePermissions(program(), PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** The file of the host that it is. */
    Path program() {
        return rootfs.resolve("witness");
    }

    /** The directory of the host that is its root. */
    Path rootfs() {
        return rootfs;
    }

    /** How a command is told to run it. */
    List<String> options() {
        return List.of("--rootfs", rootfs.toString(), "--mount", mountOption(), "--", "/witness");
    }

    /** The value of the option that lets it write its reports. */
    String mountOption() {
        return shared + ":" + Witness.DIRECTORY + ":rw";
    }

    /** The witness, from its beginning. */
    Sandbox start(PlatformFactory platform, Stdio stdio) {
        Sandbox sandbox =
                plinth.newSandbox(
                        SandboxSpec.builder(List.of("/witness"))
                                .rootfs(rootfs)
                                .mount(mount())
                                .stdio(stdio)
                                .build(),
                        platform);
        sandbox.start();
        return sandbox;
    }

    /** Writes an image that can be mapped. */
    static void checkpoint(Sandbox sandbox, Path image, boolean leaveRunning) {
        sandbox.checkpoint(new CheckpointSpec(image, leaveRunning, Compression.NONE));
    }

    /** The witness, from where it stood when the image was written. */
    Sandbox restore(Path image, PlatformFactory platform, Stdio stdio) {
        RestoreSpec spec = RestoreSpec.of(image).withStdio(stdio).withMount(mount());
        Sandbox sandbox = plinth.restore(spec, platform);
        sandbox.start();
        return sandbox;
    }

    /** What it changes of the host. */
    HostMount mount() {
        return new HostMount(shared, Witness.DIRECTORY, true);
    }

    /** Its first report. */
    Witness.Report report() throws IOException {
        Path file = shared.resolve(Witness.REPORT);
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!Files.exists(file)) {
            if (System.nanoTime() > deadline) {
                fail("the witness says nothing");
            }
            LockSupport.parkNanos(POLL_NANOS);
        }
        byte[] content = Files.readAllBytes(file);
        Files.delete(file);
        return witness.parse(content);
    }

    /** One more report. */
    Witness.Report reportAgain(Sandbox sandbox) throws IOException {
        sandbox.signal(Signal.SIGUSR1);
        return report();
    }
}

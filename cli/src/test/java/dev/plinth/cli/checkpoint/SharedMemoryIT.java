package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.cli.GuestPrograms;
import dev.plinth.cli.GuestPrograms.Kind;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.image.Compression;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Shared memory and files in memory are saved as they are at one moment, while programs go on that
 * write to them all the time.
 */
@Timeout(300)
final class SharedMemoryIT {
    private static final int IMAGES = 3;

    /** The programs are to write to what is not in the image yet. */
    private static final long PIECE_NANOS = 5_000_000;

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private TestPlatforms platforms;
    private LeakCheck before;
    private Path program;

    @BeforeEach
    void compile() {
        platforms = new TestPlatforms();
        before = LeakCheck.now();
        program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "turns");
    }

    @AfterEach
    void nothingIsLeft() {
        before.assertNothingNew();
        platforms.close();
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void isSavedAsItIsAtOneMoment(Compression compression) throws IOException {
        List<String> names = platforms.real();
        for (int i = 0; i < names.size(); i++) {
            Path prefix = temporary.resolve(names.get(i) + "-" + compression);
            save(names.get(i), compression, prefix);
            for (int j = 0; j < IMAGES; j++) {
                restore(names.get((i + j) % names.size()), image(prefix, j));
            }
        }
    }

    private static Path image(Path prefix, int number) {
        return prefix.resolveSibling(prefix.getFileName() + "-" + number);
    }

    private void save(String platform, Compression compression, Path prefix) throws IOException {
        SandboxSpec.Builder spec = SandboxSpec.builder(List.of(program.toString()));
        try (Dialogue original =
                Dialogue.start(opener, platforms.plinth(), platforms.get(platform), spec)) {
            assertEquals("ready", original.awaitLine());
            for (int i = 0; i < IMAGES; i++) {
                assertEquals("right", original.ask("check"));
                original.sandbox()
                        .checkpoint(
                                new CheckpointSpec(
                                        image(prefix, i),
                                        true,
                                        compression,
                                        bytes -> LockSupport.parkNanos(PIECE_NANOS)));
            }
            assertEquals("right", original.ask("check"));
        }
    }

    private void restore(String platform, Path image) throws IOException {
        try (Dialogue restored =
                Dialogue.restore(
                        opener,
                        platforms.plinth(),
                        platforms.get(platform),
                        RestoreSpec.of(image))) {
            assertEquals("right", restored.ask("check"));
        }
    }
}

package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.cli.GuestPrograms;
import dev.plinth.cli.GuestPrograms.Kind;
import dev.plinth.kernel.boot.CheckpointSpec;
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
import java.util.ArrayList;
import java.util.List;

/** Several sandboxes are restored from one image at once: each is alone, and as it was. */
@Timeout(120)
final class CloneIT {
    private static final int CLONES = 6;
    private static final int MEMORY_KIBIBYTES = 4096;

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private TestPlatforms platforms;

    @BeforeEach
    void load() {
        platforms = new TestPlatforms();
    }

    @AfterEach
    void unload() {
        platforms.close();
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void eachHasItsOwnMemoryAndFiles(Compression compression) throws IOException {
        LeakCheck before = LeakCheck.now();
        Path program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "ballast");
        Path image = temporary.resolve("image");
        List<String> names = platforms.real();
        try (BallastRun run =
                BallastRun.start(
                        opener,
                        platforms.plinth(),
                        platforms.get(names.getFirst()),
                        program,
                        MEMORY_KIBIBYTES)) {
            run.add(100);
            run.sandbox().checkpoint(new CheckpointSpec(image, true, compression));
            List<BallastRun> clones = new ArrayList<>();
            try {
                for (int i = 0; i < CLONES; i++) {
                    clones.add(
                            BallastRun.restore(
                                    opener,
                                    platforms.plinth(),
                                    platforms.get(names.get(i % names.size())),
                                    image));
                }
                // Each changes all of its memory, and its file, by another amount.
                for (int round = 0; round < 2; round++) {
                    for (int i = 0; i < CLONES; i++) {
                        clones.get(i).add(i);
                    }
                    run.add(50);
                }
                for (int i = 0; i < CLONES; i++) {
                    assertEquals(100 + 2 * i, clones.get(i).sum());
                    clones.get(i).requireIntact();
                }
                assertEquals(200, run.sum());
                run.requireIntact();
            } finally {
                clones.forEach(BallastRun::close);
            }
            try (BallastRun late =
                    BallastRun.restore(
                            opener, platforms.plinth(), platforms.get(names.getLast()), image)) {
                assertEquals(100, late.sum());
                late.requireIntact();
            }
        }
        before.assertNothingNew();
    }
}

package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.cli.GuestPrograms;
import dev.plinth.cli.GuestPrograms.Kind;
import dev.plinth.kernel.boot.CheckpointHandler;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.image.Compression;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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

    /** The program asks; what it reads then is different in each sandbox, and random there. */
    @Test
    void aProgramLearnsWhichOfThemItIs() throws IOException {
        LeakCheck before = LeakCheck.now();
        Path program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "clone");
        Path images = Files.createDirectory(temporary.resolve("images"));
        CheckpointHandler handler = CheckpointHandler.into(images);
        List<String> names = platforms.real();
        List<List<String>> told = new ArrayList<>();
        SandboxSpec.Builder spec =
                SandboxSpec.builder(List.of(program.toString())).checkpoints(handler);
        try (Dialogue original =
                Dialogue.start(
                        opener, platforms.plinth(), platforms.get(names.getFirst()), spec)) {
            told.add(words(original.ask("checkpoint first")));
            assertEquals("errno 17", original.ask("checkpoint first"));
            assertEquals("errno 22", original.ask("checkpoint ../first"));
            assertEquals("errno 22", original.ask("nonsense"));
        }
        for (int i = 0; i < CLONES; i++) {
            PlatformFactory platform = platforms.get(names.get(i % names.size()));
            RestoreSpec from = RestoreSpec.of(images.resolve("first"));
            try (Dialogue clone =
                    Dialogue.restore(
                            opener, platforms.plinth(), platform, from.withCheckpoints(handler))) {
                told.add(words(clone.awaitLine()));
                assertEquals("errno 17", clone.ask("checkpoint first"));
                if (i == 0) {
                    words(clone.ask("checkpoint second"));
                }
            }
        }
        RestoreSpec again = RestoreSpec.of(images.resolve("second"));
        try (Dialogue clone =
                Dialogue.restore(
                        opener, platforms.plinth(), platforms.get(names.getLast()), again)) {
            told.add(words(clone.awaitLine()));
            assertEquals("errno 95", clone.ask("checkpoint third"));
        }
        List<String> sides = new ArrayList<>(List.of("original"));
        sides.addAll(Collections.nCopies(CLONES, "restored 1"));
        sides.add("restored 2");
        assertEquals(sides, told.stream().map(List::getFirst).toList());
        for (int i = 1; i < 3; i++) {
            int word = i;
            assertEquals(
                    told.size(),
                    told.stream().map(each -> each.get(word)).distinct().count(),
                    told::toString);
        }
        before.assertNothingNew();
    }

    /** The side, the id, and a random number. */
    private static List<String> words(String line) {
        List<String> words = List.of(line.split("/", -1));
        assertEquals(3, words.size(), line);
        return words;
    }
}

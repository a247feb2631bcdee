package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.util.Comparator.comparingLong;

import dev.plinth.cli.GuestPrograms;
import dev.plinth.cli.GuestPrograms.Kind;
import dev.plinth.cli.Leftovers;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.checkpoint.ImageContents;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.Image;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;

/**
 * A process that is killed while it writes an image leaves a whole one or none, and older ones as
 * they were.
 *
 * <p>At random moments, with a fixed seed. {@code -Dplinth.kills=1000} is the long form: until so
 * many processes were killed of which at least one checkpoint was under way.
 */
@Timeout(7200)
@ExtendWith(Leftovers.class)
final class KilledCheckpointIT {
    private static final long SEED = 20_261_124;
    private static final int KILLS = Integer.getInteger("plinth.kills", 8);

    /** In a process: while one is between two checkpoints, another is not. */
    private static final int SANDBOXES = 3;

    /** At most so many are killed at a moment when no checkpoint is under way. */
    private static final int PROCESSES_MORE = 8;

    private static final String INVENTORY = "inventory.json";
    private static final List<String> ORDER =
            List.of("pages.img", "kernel.img", "pages.idx", INVENTORY);

    private static final int MEMORY_KIBIBYTES = 1024;

    /** A few checkpoints' time. */
    private static final int LATEST_MICROS = 250_000;

    @TempDir private static Path temporary;

    private static final HostOpener opener = new HostOpener();
    private static TestPlatforms platforms;
    private static Path program;

    @BeforeAll
    static void prepare() {
        platforms = new TestPlatforms();
        program = GuestPrograms.compile(temporary, Kind.STATIC_MUSL, "ballast");
    }

    @AfterAll
    static void unload() {
        platforms.close();
    }

    @Test
    void thereIsAWholeImageOrNone() throws IOException, InterruptedException {
        List<String> names = platforms.real();
        Path old = temporary.resolve("old");
        try (BallastRun run =
                BallastRun.start(
                        opener,
                        platforms.plinth(),
                        platforms.get(names.getFirst()),
                        program,
                        MEMORY_KIBIBYTES)) {
            run.sandbox().checkpoint(new CheckpointSpec(old, false, Compression.NONE));
        }
        Map<String, Long> before = content(old);
        Map<String, Integer> reached = new TreeMap<>();
        int whole = 0;
        int kills = 0;
        int processes = 0;
        while (kills < KILLS) {
            int i = processes++;
            assertTrue(processes <= 2 * KILLS + PROCESSES_MORE, "hardly any was under way");
            Random random = new Random(SEED + i);
            String platform = names.get(i % names.size());
            Path images = Files.createDirectory(temporary.resolve("images-" + i));
            kill(platform, images, random);
            List<Path> under = new ArrayList<>();
            List<Path> named = new ArrayList<>();
            for (Path left : list(images)) {
                boolean hidden = left.getFileName().toString().startsWith(".");
                (hidden ? under : named).add(left);
            }
            assertTrue(under.size() <= SANDBOXES, under::toString);
            kills += under.isEmpty() ? 0 : 1;
            for (Path left : under) {
                reached.merge(reachedIn(left), 1, Integer::sum);
                requireNoHalfImage(left);
            }
            for (Path image : named) {
                whole++;
                requireWhole(image);
            }
            // Each sandbox had written its first when it was said that they had begun.
            requireRestorable(youngest(named), names.get(processes % names.size()));
            for (Path left : list(images)) {
                remove(left);
            }
            assertEquals(before, content(old), "kill " + i);
        }
        requireRestorable(old, names.getLast());
        System.out.printf(
                "%d processes killed, %d in a checkpoint (last file begun: %s); %d images whole,"
                        + " %d restored%n",
                processes, kills, reached, whole, processes);
    }

    private static void kill(String platform, Path images, Random random)
            throws IOException, InterruptedException {
        Compression[] compressions = Compression.values();
        List<String> command =
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dplinth.dist=" + System.getProperty("plinth.dist"),
                        "-cp",
                        System.getProperty("java.class.path"),
                        CheckpointLoop.class.getName(),
                        platform,
                        program.toString(),
                        Integer.toString(MEMORY_KIBIBYTES),
                        images.toString(),
                        compressions[random.nextInt(compressions.length)].name(),
                        Integer.toString(SANDBOXES));
        Path errors = images.resolveSibling("errors");
        Process process = new ProcessBuilder(command).redirectError(errors.toFile()).start();
        try (BufferedReader output =
                new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            assertEquals("begun", output.readLine(), () -> readErrors(errors));
            LockSupport.parkNanos(1000L * random.nextInt(LATEST_MICROS));
            assertTrue(process.isAlive(), () -> readErrors(errors));
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static String readErrors(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** What has the name of an image is one: all of its pages are right, and it can be read. */
    private static void requireWhole(Path directory) {
        try (Image image = Image.open(directory)) {
            image.verify(pages -> {});
            ImageContents contents = ImageContents.of(image);
            assertEquals(1, contents.processes().size(), directory::toString);
        }
    }

    /**
     * What was under way is refused, unless nothing was missing but its name: the inventory is
     * written last.
     */
    private static void requireNoHalfImage(Path directory) throws IOException {
        Path inventory = directory.resolve(INVENTORY);
        boolean complete =
                Files.exists(inventory) && Files.readString(inventory).strip().endsWith("\n}");
        if (complete) {
            requireWhole(directory);
        } else {
            SandboxException e =
                    assertThrows(SandboxException.class, () -> requireWhole(directory));
            assertTrue(e.code().name().startsWith("IMAGE_"), e::toString);
        }
    }

    /** Which file was the last to be begun, by the order in which they are written. */
    private static String reachedIn(Path directory) {
        return ORDER.stream()
                .filter(name -> Files.exists(directory.resolve(name)))
                .reduce((_, later) -> later)
                .orElse("none");
    }

    private static Path youngest(List<Path> images) {
        return images.stream()
                .max(comparingLong(image -> image.toFile().lastModified()))
                .orElseThrow();
    }

    private static void requireRestorable(Path image, String platform) throws IOException {
        try (BallastRun run =
                BallastRun.restore(opener, platforms.plinth(), platforms.get(platform), image)) {
            run.requireIntact();
        }
    }

    private static List<Path> list(Path directory) throws IOException {
        List<Path> all = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
            entries.forEach(all::add);
        }
        return all;
    }

    private static void remove(Path directory) throws IOException {
        for (Path file : list(directory)) {
            Files.delete(file);
        }
        Files.delete(directory);
    }

    private static Map<String, Long> content(Path directory) throws IOException {
        Map<String, Long> checksums = new TreeMap<>();
        for (Path file : list(directory)) {
            CRC32C checksum = new CRC32C();
            checksum.update(Files.readAllBytes(file));
            checksums.put(file.getFileName().toString(), checksum.getValue());
        }
        return checksums;
    }
}

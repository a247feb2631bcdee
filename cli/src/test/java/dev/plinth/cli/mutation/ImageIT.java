package dev.plinth.cli.mutation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.cli.Leftovers;
import dev.plinth.cli.Outcome;
import dev.plinth.cli.TestCommand;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.ImageWriter;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.plugin.LoadedPlatform;
import dev.plinth.kernel.state.proto.KernelState;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Random;

/** What {@code plinth image} tells of images, whole ones and others. */
@Timeout(120)
@ExtendWith(Leftovers.class)
final class ImageIT {
    @TempDir private static Path temporary;

    private static Path image;
    private static Plinth plinth;

    @BeforeAll
    static void checkpoint() throws IOException, InterruptedException {
        plinth = Plinth.create(Path.of(System.getProperty("plinth.dist"), "plugins"));
        image = temporary.resolve("image");
        try (LoadedPlatform platform = plinth.loadPlatform("ptrace")) {
            new Everything(plinth, platform, temporary).checkpoint(image, Compression.ZSTD);
        }
    }

    private static Outcome run(String... words) {
        return TestCommand.plinth("image").and(words).run();
    }

    /** The image with a byte of one of its files changed. */
    private static Path damaged(String name) throws IOException {
        Path copy = Files.createTempDirectory(temporary, "damaged");
        for (String file : ImageFiles.NAMES) {
            Files.copy(image.resolve(file), copy.resolve(file));
        }
        byte[] content = Files.readAllBytes(copy.resolve(name));
        content[content.length / 2] ^= 1;
        Files.write(copy.resolve(name), content);
        return copy;
    }

    @Test
    void inspectShowsWhatIsThere() {
        String page = run("inspect", image.toString()).requireSuccess();
        for (String part :
                List.of(
                        "Format     1\n",
                        " on ptrace\n",
                        "stdio/0, stdio/1, stdio/2",
                        ", zstd\n",
                        "everything",
                        "(ended)",
                        "unix_socket",
                        "event_counter",
                        "/tmp/fifo",
                        "pipe:[",
                        "/tmp/file")) {
            assertTrue(page.contains(part), () -> "'" + part + "' is not in: " + page);
        }
    }

    @Test
    void inspectTellsOtherPrograms() {
        String page = run("inspect", image.toString(), "--format", "json").requireSuccess();
        JsonObject json = JsonParser.parseString(page).getAsJsonObject();
        assertEquals(1, json.get("format_version").getAsInt());
        assertEquals(3, json.getAsJsonArray("roles").size());
        assertTrue(json.get("pages").getAsLong() > 0);
        JsonArray processes = json.getAsJsonArray("processes");
        assertEquals(3, processes.size());
        JsonObject first = processes.get(0).getAsJsonObject();
        assertEquals(1, first.get("pid").getAsInt());
        assertEquals(0, first.get("ppid").getAsInt());
        assertEquals(2, first.getAsJsonArray("tasks").size());
        assertTrue(first.get("own_pages").getAsLong() > 0);
        assertTrue(first.getAsJsonArray("descriptors").size() > 20);
        assertTrue(processes.get(1).getAsJsonObject().get("ended").getAsBoolean());
        assertTrue(json.getAsJsonObject("objects").get("unix_socket").getAsInt() >= 7);
    }

    @Test
    void verifyTellsThatAnImageIsWhole() {
        String line = run("verify", image.toString()).requireSuccess();
        assertTrue(line.startsWith(image + ": whole, "), line);
    }

    @Test
    void damageIsToldWithTheFileItIsIn() throws IOException {
        run("verify", damaged(ImageFiles.PAGES).toString())
                .assertRefused(1, "pages.img", "damaged");
        run("verify", damaged(ImageFiles.KERNEL).toString())
                .assertRefused(1, "kernel.img", "damaged");
        run("verify", damaged(ImageFiles.PAGE_INDEX).toString())
                .assertRefused(1, "pages.idx", "damaged");
        run("inspect", damaged(ImageFiles.KERNEL).toString())
                .assertRefused(1, "kernel.img", "damaged");
        Path half = damaged(ImageFiles.PAGES);
        Files.delete(half.resolve(ImageFiles.PAGES));
        run("verify", half.toString()).assertRefused(1, "pages.img", "missing");
    }

    @Test
    void whatIsNoImage() throws IOException {
        run("verify", "/nonexistent").assertRefused(1, "/nonexistent");
        run("inspect", temporary.toString()).assertRefused(1, temporary.toString());
        run("inspect", "/etc/passwd").assertRefused(1, "/etc/passwd");
        Path pipes = Files.createTempDirectory(temporary, "pipes");
        for (String name : ImageFiles.NAMES) {
            TestCommand.outside("mkfifo", pipes.resolve(name).toString()).run().requireSuccess();
        }
        run("verify", pipes.toString()).assertRefused(1, pipes.toString());
    }

    @Test
    void wordsThatMakeNoSense() {
        TestCommand.plinth("image").run().assertRefused(2, "inspect, verify");
        run("frobnicate", image.toString()).assertRefused(2, "inspect, verify");
        run("verify").assertRefused(2, "name the directory");
        run("verify", image.toString(), "more").assertRefused(2, "'more'");
        run("inspect", image.toString(), "--format", "markdown").assertRefused(2, "markdown");
        run("inspect", image.toString(), "--bits").assertRefused(2, "--bits");
    }

    @Test
    void aBarIsShownOnATerminalIfThereIsMuchToDo() throws IOException {
        Path large = temporary.resolve("large");
        try (Arena arena = Arena.ofConfined();
                ImageWriter writer = ImageWriter.create(plinth.host(), large, Compression.NONE)) {
            byte[] noise = new byte[100 << 20];
            new Random(1).nextBytes(noise);
            MemorySegment pages = arena.allocate(noise.length, Pages.SIZE);
            MemorySegment.copy(MemorySegment.ofArray(noise), 0, pages, 0, noise.length);
            writer.pages().write(0, pages);
            writer.commit(
                    out -> KernelState.getDefaultInstance().writeDelimitedTo(out), ImageIT::empty);
        }
        String plain = run("verify", large.toString()).requireSuccess();
        assertFalse(plain.contains("%"), plain);
        String command = TestCommand.PLINTH + " image verify " + large;
        Outcome shown = TestCommand.outside("script", "-qec", command, "/dev/null").run();
        assertEquals(0, shown.status(), shown::toString);
        assertTrue(shown.output().contains("verify 100%"), shown::toString);
        assertTrue(shown.output().contains("100/100 MiB"), shown::toString);
        assertTrue(shown.output().contains(": whole, 25600 pages"), shown::toString);
    }

    private static Inventory empty(Inventory.Files files) {
        return new Inventory(
                Instant.EPOCH,
                "ptrace",
                List.of(),
                new CpuFeatures(0, 0, 0, 0),
                List.of(),
                4096,
                new AddressRange(0x10000, 0x20000),
                List.of(),
                List.of(),
                files);
    }
}

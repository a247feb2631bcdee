package dev.plinth.kernel.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaHostKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.mockito.AdditionalAnswers;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Stream;

@Timeout(120)
final class ImageTest {
    private static final byte[] STATE = "the state of the kernel".getBytes(StandardCharsets.UTF_8);
    private static final int MUTATIONS = 500;

    private final HostKernel host = new JnaHostKernel();

    @TempDir private Path temporary;

    private static Inventory inventory(Inventory.Files files) {
        return new Inventory(
                Instant.parse("2026-02-03T04:05:06Z"),
                "ptrace",
                List.of("/bin/sh", "-c", "\u001b[2J <&> \u00e9"),
                new CpuFeatures(0x178bfbff, 2, 0xe7, 2688),
                List.of("NATIVE_CODE", "VECTOR_STATE"),
                Pages.SIZE,
                new AddressRange(0x10000, 0x7fff_ffff_f000L),
                List.of(FdRole.STDIN, FdRole.device("kvm")),
                List.of(
                        new SharedDirectory("/", "/", false),
                        new SharedDirectory("/home/shared", "/mnt", true)),
                files);
    }

    /** Pages 3 to 202 with noise, 203 to 302 with a byte each, 400 to 401 with zeros. */
    private Path write(Compression compression) throws IOException {
        Path target = temporary.resolve("image");
        try (Arena arena = Arena.ofConfined();
                ImageWriter writer = ImageWriter.create(host, target, compression)) {
            MemorySegment pages = arena.allocate(300L << Pages.SHIFT, Pages.SIZE);
            byte[] noise = new byte[200 << Pages.SHIFT];
            new Random(5).nextBytes(noise);
            MemorySegment.copy(MemorySegment.ofArray(noise), 0, pages, 0, noise.length);
            pages.asSlice(noise.length).fill((byte) 9);
            writer.pages().write(3, pages);
            writer.pages().write(400, arena.allocate(2L << Pages.SHIFT));
            assertEquals(300, writer.pages().storedPages());
            writer.commit(out -> out.write(STATE), ImageTest::inventory);
        }
        return target;
    }

    private static void readAll(Path directory) throws IOException {
        try (Image image = Image.open(directory)) {
            image.verify(_ -> {});
            image.kernelState().readAllBytes();
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void whatWasWrittenIsRead(Compression compression) throws IOException {
        try (Image image = Image.open(write(compression));
                Arena arena = Arena.ofConfined();
                InputStream state = image.kernelState()) {
            assertEquals(inventory(image.inventory().files()), image.inventory());
            assertArrayEquals(STATE, state.readAllBytes());
            assertEquals(compression, image.pageIndex().compression());
            assertEquals(300, image.pageIndex().pages());
            PageExtent extent = image.pageIndex().find(250).orElseThrow();
            MemorySegment pages = arena.allocate(extent.bytes());
            image.pages().read(extent, pages);
            assertEquals(9, pages.get(ValueLayout.JAVA_BYTE, pages.byteSize() - 1));
        }
    }

    @Test
    void pagesOfZerosAreInNoExtent() throws IOException {
        try (Image image = Image.open(write(Compression.NONE))) {
            PageIndex index = image.pageIndex();
            assertTrue(index.find(2).isEmpty());
            assertEquals(3, index.find(3).orElseThrow().firstPage());
            assertTrue(index.find(302).isPresent());
            assertTrue(index.find(303).isEmpty());
            assertTrue(index.find(400).isEmpty());
        }
    }

    @Test
    void pagesThatAreNotCompressedCanBeMapped() throws IOException {
        try (Image image = Image.open(write(Compression.NONE))) {
            for (int i = 0; i < image.pageIndex().size(); i++) {
                assertTrue(image.pageIndex().extent(i).isPlain());
                assertTrue(Pages.isAligned(image.pageIndex().extent(i).offset()));
            }
        }
    }

    @Test
    void whatCompressesIsSmaller() throws IOException {
        Path image = write(Compression.ZSTD);
        long bytes = Files.size(image.resolve("pages.img"));
        assertTrue(bytes < 201L << Pages.SHIFT, () -> bytes + " bytes");
    }

    @Test
    void isForItsOwnerOnly() throws IOException {
        Path image = write(Compression.NONE);
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(image)));
        try (Stream<Path> files = Files.list(image)) {
            for (Path file : files.toList()) {
                assertEquals(
                        "rw-------",
                        PosixFilePermissions.toString(Files.getPosixFilePermissions(file)),
                        file::toString);
            }
        }
    }

    @Test
    void nothingIsLeftOfWhatIsNotCommitted() throws IOException {
        Path target = temporary.resolve("image");
        ImageWriter writer = ImageWriter.create(host, target, Compression.NONE);
        writer.close();
        writer.close();
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void replacesNothingThatIsThere() throws IOException {
        Path image = write(Compression.NONE);
        byte[] before = Files.readAllBytes(image.resolve("inventory.json"));
        assertEquals(
                ErrorCode.IMAGE_EXISTS,
                assertThrows(
                                SandboxException.class,
                                () -> ImageWriter.create(host, image, Compression.NONE))
                        .code());
        assertArrayEquals(before, Files.readAllBytes(image.resolve("inventory.json")));
    }

    @Test
    void replacesNothingThatCameMeanwhile() throws IOException {
        Path target = temporary.resolve("image");
        try (ImageWriter writer = ImageWriter.create(host, target, Compression.NONE)) {
            Files.createDirectory(target);
            assertEquals(
                    ErrorCode.IMAGE_EXISTS,
                    assertThrows(
                                    SandboxException.class,
                                    () -> writer.commit(out -> {}, ImageTest::inventory))
                            .code());
        }
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(target), left.toList());
        }
    }

    /** Whoever is told that there is none lets the sandbox go on, and it would be there twice. */
    @Test
    void anImageThatIsInPlaceIsWrittenWhateverHappensThen() throws IOException {
        Path parent = Files.createDirectory(temporary.resolve("parent"));
        HostKernel moving = mock(HostKernel.class, AdditionalAnswers.delegatesTo(host));
        doAnswer(
                        call -> {
                            Object result = call.getMethod().invoke(host, call.getRawArguments());
                            Files.move(parent, temporary.resolve("away"));
                            return result;
                        })
                .when(moving)
                .syscall(
                        anyLong(), anyLong(), anyLong(), anyLong(), anyLong(), anyLong(),
                        anyLong());
        try (ImageWriter writer =
                ImageWriter.create(moving, parent.resolve("image"), Compression.NONE)) {
            writer.commit(out -> out.write(STATE), ImageTest::inventory);
        }
        assertFalse(Files.exists(parent));
        readAll(temporary.resolve("away").resolve("image"));
    }

    @Test
    void aDirectoryThatDoesNotExistIsNotMade() {
        Path target = temporary.resolve("none").resolve("image");
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> ImageWriter.create(host, target, Compression.NONE));
        assertEquals(ErrorCode.IMAGE_UNWRITABLE, e.code());
        assertEquals(
                "the image " + target + " cannot be written: No such file or directory",
                e.getMessage());
        assertFalse(Files.exists(target.getParent()));
    }

    @ParameterizedTest
    @CsvSource({
        "'\"format_version\": 1,', '\"format_version\": 2,', IMAGE_TOO_NEW",
        "'\"format_version\": 1,', '\"format_version\": 0,', IMAGE_TOO_OLD",
        "'\"format_version\": 1,', '\"format_version\": 1.5,', IMAGE_CORRUPT",
        "'\"format_version\": 1,', '\"format_version\": 1e99999999,', IMAGE_CORRUPT",
        "'\"format_version\": 1,', '', IMAGE_CORRUPT",
        "x86_64, aarch64, IMAGE_UNSUITABLE",
        "stdio/0, Stdio 0, IMAGE_CORRUPT",
        "'\"0xe7\"', '\"e7\"', IMAGE_CORRUPT",
        "'\"0xe7\"', '231', IMAGE_CORRUPT",
        "2688, 1, IMAGE_CORRUPT",
        "2688, 99999999, IMAGE_CORRUPT",
        "VECTOR_STATE, vector state, IMAGE_CORRUPT",
        "'\"map_unit\": 4096', '\"map_unit\": 4097', IMAGE_CORRUPT",
        "'\"map_unit\": 4096', '\"map_unit\": 0', IMAGE_CORRUPT",
        "'\"features\": [', '\"features\": [7,', IMAGE_CORRUPT",
        "2026-02-03T04:05:06Z, yesterday, IMAGE_CORRUPT",
        "0x10000, 0x8fffffffffffffff, IMAGE_CORRUPT",
        "'\"files\"', '\"file\"', IMAGE_CORRUPT",
        "'\"/bin/sh\"', '7', IMAGE_CORRUPT",
        "'\"program\": [', '\"program\": {}, \"x\": [', IMAGE_CORRUPT",
    })
    void anInventoryThatCannotBeTrueIsRefused(String what, String by, ErrorCode code)
            throws IOException {
        Path image = write(Compression.NONE);
        Path file = image.resolve("inventory.json");
        String text = Files.readString(file);
        assertTrue(text.contains(what), text);
        Files.writeString(file, text.replace(what, by));
        assertEquals(code, assertThrows(SandboxException.class, () -> readAll(image)).code());
    }

    @Test
    void aProgramThatNobodyCanHaveNotedIsRefused() throws IOException {
        Path image = write(Compression.NONE);
        Path file = image.resolve("inventory.json");
        String text = Files.readString(file);
        for (String words :
                List.of(
                        "\"" + "x".repeat(Inventory.PROGRAM_LENGTH_MAX) + "\"",
                        "\"\",".repeat(Inventory.PROGRAM_WORDS_MAX) + "\"\"")) {
            Files.writeString(file, text.replace("\"/bin/sh\"", words));
            assertThrows(ImageCorruptException.class, () -> Image.inventoryOf(image));
        }
    }

    @Test
    void anImageOfATimeBeforeProgramsWereNotedHasNone() throws IOException {
        Path image = write(Compression.NONE);
        Path file = image.resolve("inventory.json");
        Files.writeString(file, Files.readString(file).replace("\"program\"", "\"unknown\""));
        assertEquals(List.of(), Image.inventoryOf(image).program());
        assertEquals(Optional.of("/"), Image.inventoryOf(image).rootfs());
    }

    @Test
    void aLongProgramIsNotedAsFarAsThereIsRoom() {
        List<String> words = Collections.nCopies(Inventory.PROGRAM_WORDS_MAX + 1, "x");
        assertEquals(Inventory.PROGRAM_WORDS_MAX, Inventory.shortened(words).size());
        List<String> half = Collections.nCopies(3, "x".repeat(Inventory.PROGRAM_LENGTH_MAX / 2));
        assertEquals(half.subList(0, 2), Inventory.shortened(half));
        assertEquals(List.of("ls", "-l"), Inventory.shortened(List.of("ls", "-l")));
    }

    @ParameterizedTest
    @CsvSource({"kernel.img", "pages.idx", "pages.img"})
    void aFileThatIsMissingIsNamed(String name) throws IOException {
        Path image = write(Compression.NONE);
        Files.delete(image.resolve(name));
        SandboxException e = assertThrows(ImageCorruptException.class, () -> readAll(image));
        assertTrue(e.getMessage().contains(name), e.getMessage());
    }

    @Test
    void aDirectoryThatIsNoImageIsNotFound() {
        assertNotFound(temporary, "it has no inventory.json, as every image has");
        assertNotFound(temporary.resolve("none"), "No such file or directory");
    }

    private static void assertNotFound(Path directory, String why) {
        SandboxException e = assertThrows(SandboxException.class, () -> readAll(directory));
        assertEquals(ErrorCode.IMAGE_NOT_FOUND, e.code());
        assertEquals("the image " + directory + " cannot be read: " + why, e.getMessage());
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void whateverIsChangedIsFound(Compression compression) throws IOException {
        Path image = write(compression);
        SplittableRandom random = new SplittableRandom(20260203);
        List<String> names = List.of("inventory.json", "kernel.img", "pages.idx", "pages.img");
        for (int i = 0; i < MUTATIONS; i++) {
            Path file = image.resolve(names.get(random.nextInt(names.size())));
            byte[] whole = Files.readAllBytes(file);
            byte[] changed = mutated(whole, random);
            Files.write(file, changed);
            if (file.endsWith("inventory.json")) {
                // Not all of it matters: a time may become another one.
                try {
                    readAll(image);
                } catch (SandboxException e) {
                    assertTrue(e.code().number() >= 2000, e.code()::toString);
                }
            } else {
                assertThrows(ImageCorruptException.class, () -> readAll(image));
            }
            Files.write(file, whole);
        }
        readAll(image);
    }

    /** Differs from the whole in a bit, its length, or eight bytes. */
    private static byte[] mutated(byte[] whole, SplittableRandom random) {
        byte[] changed = whole.clone();
        int at = random.nextInt(whole.length);
        switch (random.nextInt(3)) {
            case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> changed = Arrays.copyOf(whole, at);
            default -> {
                for (int i = at; i < Math.min(at + 8, whole.length); i++) {
                    changed[i] ^= (byte) (1 + random.nextInt(255));
                }
            }
        }
        return changed;
    }
}

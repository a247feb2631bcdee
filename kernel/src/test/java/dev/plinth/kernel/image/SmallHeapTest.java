package dev.plinth.kernel.image;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaHostKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.List;

/** Images with an index that is larger than the heap, opened by a Java of their own. */
@Timeout(120)
final class SmallHeapTest {
    private static final String HEAP = "-Xmx32m";
    private static final int EXTENTS = 3 << 20;

    @TempDir private Path temporary;

    /** Opens an image, and says how many extents it has, or why not. */
    static final class Opener {
        private Opener() {}

        public static void main(String[] args) {
            try (Image image = Image.open(Path.of(args[0]))) {
                System.out.print(image.pageIndex().size());
            } catch (SandboxException e) {
                System.out.print(e.code());
            }
        }
    }

    private static Inventory inventory(Inventory.Files files) {
        return new Inventory(
                Instant.EPOCH,
                "fake",
                List.of(),
                new CpuFeatures(0x178bfbff, 2, 0xe7, 2688),
                List.of(),
                4096,
                new AddressRange(0x10000, 0x7fff_ffff_f000L),
                List.of(),
                List.of(),
                files);
    }

    /** An image with another index, of which the inventory has the checksum. */
    private Path imageWith(IndexWriter writer) throws Exception {
        Path image = temporary.resolve("image");
        try (ImageWriter empty = ImageWriter.create(new JnaHostKernel(), image, Compression.ZSTD)) {
            empty.commit(out -> {}, SmallHeapTest::inventory);
        }
        Path index = image.resolve(ImageFormat.PAGE_INDEX);
        MessageDigest digest = Sha256.digest();
        try (FileChannel file =
                FileChannel.open(index, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            writer.write(file);
            ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
            file.position(0);
            while (file.read(buffer) >= 0) {
                digest.update(buffer.flip());
                buffer.clear();
            }
        }
        try (FileChannel pages =
                FileChannel.open(image.resolve(ImageFormat.PAGES), StandardOpenOption.WRITE)) {
            pages.write(ByteBuffer.allocate(1));
        }
        Path inventory = image.resolve(ImageFormat.INVENTORY);
        JsonObject json = JsonParser.parseString(Files.readString(inventory)).getAsJsonObject();
        JsonObject files = json.getAsJsonObject("files");
        JsonObject entry = files.getAsJsonObject(ImageFormat.PAGE_INDEX);
        entry.addProperty("bytes", Files.size(index));
        entry.addProperty("sha256", Sha256.hex(digest));
        files.getAsJsonObject(ImageFormat.PAGES).addProperty("bytes", 1);
        Files.writeString(inventory, json.toString());
        return image;
    }

    private interface IndexWriter {
        void write(FileChannel file) throws IOException;
    }

    private static String open(Path image) throws Exception {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                HEAP,
                                "-cp",
                                System.getProperty("java.class.path"),
                                Opener.class.getName(),
                                image.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void anIndexOfHolesIsDamaged() throws Exception {
        long bytes =
                ImageFormat.PAGE_INDEX_HEADER_BYTES + (long) EXTENTS * ImageFormat.EXTENT_BYTES;
        Path image = imageWith(file -> file.write(ByteBuffer.allocate(1), bytes - 1));
        assertEquals("IMAGE_CORRUPT", open(image));
    }

    @Test
    void anIndexOfManyExtentsIsRead() throws Exception {
        Path image =
                imageWith(file -> {
                    ByteBuffer header =
                            ByteBuffer.allocate(ImageFormat.PAGE_INDEX_HEADER_BYTES)
                                    .order(ByteOrder.LITTLE_ENDIAN);
                    header.putLong(ImageFormat.PAGE_INDEX_MAGIC).putInt(EXTENTS);
                    header.putInt(Compression.ZSTD.number());
                    file.write(header.flip());
                    ByteBuffer some =
                            ByteBuffer.allocate(1024 * ImageFormat.EXTENT_BYTES)
                                    .order(ByteOrder.LITTLE_ENDIAN);
                    for (int page = 0; page < EXTENTS; page++) {
                        some.putLong(page).putLong(0).putInt(1).putInt(1).putInt(0).putInt(0);
                        if (!some.hasRemaining()) {
                            file.write(some.flip());
                            some.clear();
                        }
                    }
                });
        assertEquals(String.valueOf(EXTENTS), open(image));
    }
}

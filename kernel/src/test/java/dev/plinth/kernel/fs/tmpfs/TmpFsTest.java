package dev.plinth.kernel.fs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.memory.MemorySnapshot;
import dev.plinth.kernel.mm.BusErrorException;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.OpenHow;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.VfsFileCalls;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

@Timeout(60)
final class TmpFsTest {
    private static final int LIMIT = 1 << 20;

    private final TestingFiles files = new TestingFiles();
    private Location place;
    private VfsFileCalls calls;

    @BeforeEach
    void mount() {
        TmpFs fileSystem =
                new TmpFs(
                        "tmpfs",
                        files.numbers,
                        files.memory,
                        files.clock,
                        LIMIT,
                        new NewNode(0755, 0, 0));
        place = files.mount("tmp", fileSystem, Mount.Options.READ_WRITE);
        calls = files.calls(0, place);
    }

    @AfterEach
    void close() {
        files.close();
    }

    private FileDescription open(String path, int flags) {
        return files.vfs.open(files.caller(0), place, PathName.of(path), OpenHow.of(flags, 0644));
    }

    private FileDescription create(String path) {
        return open(path, Fcntl.O_CREAT | Fcntl.O_RDWR);
    }

    private static byte[] read(FileDescription file, long offset, int length) {
        byte[] bytes = new byte[length];
        int count = (int) file.readAt(IoBuffer.of(bytes), offset);
        return Arrays.copyOf(bytes, count);
    }

    @Test
    void randomWritesReadBackAsFromAnArray() {
        Random random = new Random(42);
        byte[] model = new byte[300_000];
        int size = 0;
        try (FileDescription file = create("file")) {
            for (int i = 0; i < 400; i++) {
                int offset = random.nextInt(200_000);
                if (random.nextInt(5) == 0) {
                    file.truncate(offset);
                    if (offset < size) {
                        Arrays.fill(model, offset, size, (byte) 0);
                    }
                    size = offset;
                } else {
                    byte[] bytes = new byte[random.nextInt(20_000)];
                    random.nextBytes(bytes);
                    assertEquals(bytes.length, file.writeAt(IoBuffer.of(bytes), offset));
                    System.arraycopy(bytes, 0, model, offset, bytes.length);
                    size = bytes.length == 0 ? size : Math.max(size, offset + bytes.length);
                }
                int from = random.nextInt(250_000);
                int expected = Math.max(0, Math.min(size, from + 30_000) - from);
                assertArrayEquals(
                        Arrays.copyOfRange(model, from, from + expected), read(file, from, 30_000));
            }
            assertEquals(size, file.stat().size());
        }
    }

    @Test
    void holesTakeNoMemoryAndAreFound() {
        try (FileDescription file = create("sparse")) {
            file.writeAt(IoBuffer.of(new byte[] {1}), 1L << 40);
            assertEquals((1L << 40) + 1, file.stat().size());
            assertEquals(8, file.stat().blocks());
            assertEquals(1L << 40, file.seek(0, Fs.SEEK_DATA));
            assertEquals(0, file.seek(0, Fs.SEEK_HOLE));
            assertArrayEquals(new byte[100], read(file, 5000, 100));
            file.allocate(Fs.FALLOC_FL_PUNCH_HOLE | Fs.FALLOC_FL_KEEP_SIZE, 1L << 40, 4096);
            assertEquals(0, file.stat().blocks());
            assertEquals(
                    Errno.ENXIO,
                    assertThrows(ErrnoException.class, () -> file.seek(0, Fs.SEEK_DATA)).errno());
        }
    }

    @Test
    void whenItIsFullWritesAreShortAndThenFail() {
        try (FileDescription file = create("big")) {
            assertEquals(LIMIT, file.write(IoBuffer.of(new byte[LIMIT + 5000])));
            assertEquals(
                    Errno.ENOSPC,
                    assertThrows(ErrnoException.class, () -> file.write(IoBuffer.of(new byte[1])))
                            .errno());
            file.truncate(0);
            assertEquals(5000, file.writeAt(IoBuffer.of(new byte[5000]), 0));
        }
    }

    @Test
    void anUnlinkedFileLivesUntilItIsClosed() {
        FileDescription file = create("gone");
        file.write(IoBuffer.of(new byte[8192]));
        FileDescription path = open("gone", Fcntl.O_PATH);
        assertEquals("ok", calls.unlink("gone"));
        assertEquals("ENOENT", calls.stat("gone", true));
        assertEquals(8192, read(file, 0, 10_000).length);
        assertEquals(0, file.stat().links());
        file.close();
        assertEquals(8192, files.memory.statistics().allocatedBytes(), "O_PATH keeps it");
        path.close();
        assertEquals(0, files.memory.statistics().allocatedBytes());
    }

    @Test
    void aMappingAndReadAndWriteSeeTheSameBytes() {
        try (FileDescription file = create("mapped")) {
            file.write(IoBuffer.of("hello".getBytes(StandardCharsets.UTF_8)));
            Mappable mappable = file.mappable().orElseThrow();
            Mappable.FilePages pages = mappable.pages(0, 4096, 4096, AccessType.WRITE);
            MemorySegment mapped = files.memory.slice(pages.memoryOffset(), 4096);
            mapped.set(ValueLayout.JAVA_BYTE, 0, (byte) 'J');
            assertArrayEquals("Jello".getBytes(StandardCharsets.UTF_8), read(file, 0, 100));
            file.writeAt(IoBuffer.of("p".getBytes(StandardCharsets.UTF_8)), 4);
            assertEquals('p', mapped.get(ValueLayout.JAVA_BYTE, 4));
            // Written behind the end by the mapping: never to be seen when the file grows.
            mapped.set(ValueLayout.JAVA_BYTE, 100, (byte) 'x');
            file.truncate(200);
            assertEquals(0, read(file, 100, 1)[0]);
            files.memory.release(pages.memoryOffset(), 4096);
        }
    }

    @Test
    void aSnapshotHasTheFileAsItWasHoweverItIsWritten() throws IOException {
        try (FileDescription file = create("written");
                MemorySnapshot snapshot = new MemorySnapshot(files.memory)) {
            byte[] before = new byte[64 * 4096];
            new Random(1).nextBytes(before);
            file.write(IoBuffer.of(before));
            Mappable mappable = file.mappable().orElseThrow();
            Mappable.FilePages pages =
                    mappable.pages(0, before.length, before.length, AccessType.READ);
            snapshot.add(pages.memoryOffset(), before.length);
            files.memory.release(pages.memoryOffset(), before.length);
            snapshot.freeze();

            file.writeAt(IoBuffer.of("changed".getBytes(StandardCharsets.UTF_8)), 4090);
            file.allocate(Fs.FALLOC_FL_PUNCH_HOLE | Fs.FALLOC_FL_KEEP_SIZE, 5 * 4096 + 7, 3 * 4096);
            file.allocate(Fs.FALLOC_FL_ZERO_RANGE, 20 * 4096 + 7, 100);
            file.truncate(40 * 4096 + 9);
            file.truncate(80 * 4096);
            file.writeAt(IoBuffer.of(new byte[8 * 4096]), 38 * 4096);
            byte[] after = read(file, 0, 80 * 4096);
            byte[] saved = new byte[before.length];
            snapshot.writeTo((page, content) ->
                    MemorySegment.copy(
                            content,
                            0,
                            MemorySegment.ofArray(saved),
                            page * 4096 - pages.memoryOffset(),
                            content.byteSize()));

            assertArrayEquals(before, saved);
            assertArrayEquals(after, read(file, 0, 80 * 4096));
            assertArrayEquals(
                    "changed".getBytes(StandardCharsets.UTF_8),
                    Arrays.copyOfRange(after, 4090, 4097));
        }
    }

    @Test
    void truncationTakesPagesFromMappings() {
        List<String> told = new ArrayList<>();
        Mappable.Observer observer = (range, alsoPrivate) -> told.add(range + " " + alsoPrivate);
        try (FileDescription file = create("mapped")) {
            file.write(IoBuffer.of(new byte[16384]));
            Mappable mappable = file.mappable().orElseThrow();
            AddressRange range = new AddressRange(0x100000, 0x103000);
            mappable.addMapping(observer, range, 4096, true);
            file.truncate(5000);
            assertEquals(List.of("101000-103000 true"), told);
            assertThrows(
                    BusErrorException.class,
                    () -> mappable.pages(8192, 12288, 12288, AccessType.READ));
            // A part of the mapping goes, then the rest.
            mappable.removeMapping(observer, new AddressRange(0x101000, 0x102000), 8192, true);
            file.truncate(0);
            assertEquals(
                    List.of("101000-103000 true", "100000-101000 true", "102000-103000 true"),
                    told.stream().toList());
            mappable.removeMapping(observer, new AddressRange(0x100000, 0x101000), 4096, true);
            mappable.removeMapping(observer, new AddressRange(0x102000, 0x103000), 12288, true);
        }
    }

    @Test
    void appendingWritesAtTheEndWhereverThePositionIs() {
        try (FileDescription one = create("log");
                FileDescription two = open("log", Fcntl.O_WRONLY | Fcntl.O_APPEND)) {
            one.write(IoBuffer.of("one".getBytes(StandardCharsets.UTF_8)));
            two.write(IoBuffer.of("two".getBytes(StandardCharsets.UTF_8)));
            one.write(IoBuffer.of("3".getBytes(StandardCharsets.UTF_8)));
            two.writeAt(IoBuffer.of("four".getBytes(StandardCharsets.UTF_8)), 0);
            assertEquals("'one3wofour'", calls.read("log"));
            assertEquals(10, two.seek(0, Fs.SEEK_END));
        }
    }

    @Test
    void aDirectoryIsReadToItsEndThoughEntriesVanish() {
        for (int i = 0; i < 100; i++) {
            calls.write("f" + i, Fcntl.O_CREAT, 0, "");
        }
        int[] seen = new int[1];
        try (FileDescription list = open(".", Fcntl.O_DIRECTORY)) {
            for (int round = 0; round < 30; round++) {
                int[] taken = new int[1];
                list.readEntries((entry, next) -> {
                    if (taken[0] == 4) {
                        return false;
                    }
                    taken[0]++;
                    String name = entry.name().toString();
                    if (name.startsWith("f")) {
                        seen[0]++;
                        assertEquals("ok", calls.unlink(name));
                    }
                    return true;
                });
            }
            assertEquals(100, seen[0]);
            list.seek(0, Fs.SEEK_SET);
            List<String> left = new ArrayList<>();
            list.readEntries((entry, next) -> left.add(entry.name().toString()));
            assertEquals(List.of(".", ".."), left);
        }
    }

    @Test
    void timesChangeWithWhatTheyTellOf() {
        calls.write("file", Fcntl.O_CREAT, 0, "x");
        try (FileDescription file = open("file", Fcntl.O_RDWR)) {
            var before = file.stat();
            file.write(IoBuffer.of(new byte[1]));
            var written = file.stat();
            assertTrue(written.modified().isAfter(before.modified()));
            assertEquals(written.modified(), written.changed());
            calls.setPermissions("file", 0600);
            var changed = file.stat();
            assertEquals(written.modified(), changed.modified());
            assertTrue(changed.changed().isAfter(written.changed()));
            read(file, 0, 1);
            assertTrue(file.stat().accessed().isAfter(written.modified()));
        }
    }

    @Test
    void treesOfAnyDepthAreFreed() {
        TmpFs fileSystem =
                new TmpFs(
                        "tmpfs",
                        files.numbers,
                        files.memory,
                        files.clock,
                        LIMIT,
                        new NewNode(0755, 0, 0));
        Directory directory = fileSystem.root();
        for (int depth = 0; depth < 100_000; depth++) {
            directory = directory.makeDirectory(PathName.of("d"), new NewNode(0755, 0, 0));
        }
        fileSystem.close();
        assertTrue(fileSystem.root().entries().isEmpty());
    }
}

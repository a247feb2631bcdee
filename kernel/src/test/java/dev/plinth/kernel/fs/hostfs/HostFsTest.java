package dev.plinth.kernel.fs.hostfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.mm.BusErrorException;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.OpenHow;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.VfsFileCalls;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Stat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

@Timeout(60)
final class HostFsTest {
    @TempDir Path directory;

    private final TestingFiles files = new TestingFiles();
    private Path root;
    private Path outside;
    private Location place;
    private VfsFileCalls calls;

    @BeforeEach
    void mount() throws IOException {
        root = Files.createDirectory(directory.resolve("root"));
        outside = Files.createDirectory(directory.resolve("outside"));
        Files.writeString(outside.resolve("secret"), "secret");
        Files.writeString(root.resolve("file"), "content");
        Files.createDirectory(root.resolve("dir"));
        Files.writeString(root.resolve("dir/secret"), "harmless");
        place = files.mount("host", files.hostfs(root, false), Mount.Options.READ_WRITE);
        calls = files.calls(0, place);
    }

    @AfterEach
    void close() {
        files.close();
    }

    private FileDescription open(String path, int flags) {
        return files.vfs.open(files.caller(0), place, PathName.of(path), OpenHow.of(flags, 0644));
    }

    @Test
    void linksOfTheHostAreFollowedInTheSandbox() throws IOException {
        Files.createSymbolicLink(root.resolve("absolute"), outside.resolve("secret"));
        Files.createSymbolicLink(root.resolve("relative"), Path.of("../outside/secret"));
        Files.createSymbolicLink(root.resolve("up"), Path.of("../../../../../../.."));
        assertEquals("ENOENT", calls.read("absolute"));
        assertEquals("ENOENT", calls.read("relative"));
        // Above the mount lies the sandbox's own root, which has nothing but the mount.
        assertEquals("host", calls.list("up"));
        assertEquals("ENOENT", calls.read("dir/../../outside/secret"));
    }

    @Test
    void nothingOfAReadOnlyDirectoryIsChangedWhicheverWay() throws IOException {
        FileSystem readOnly = files.hostfs(root, true);
        Location mounted = files.mount("readOnly", readOnly, Mount.Options.READ_WRITE);
        Directory top = readOnly.root();
        Inode file = top.lookup(PathName.of("file")).orElseThrow();
        NewNode node = new NewNode(0644, 0, 0);
        assertErofs(() -> file.open(mounted, Fcntl.O_RDWR));
        assertErofs(() -> file.open(mounted, Fcntl.O_WRONLY));
        assertErofs(() -> file.truncate(0));
        assertErofs(() -> file.setPermissions(0600));
        assertErofs(() -> top.create(PathName.of("new"), node));
        assertErofs(() -> top.createUnnamed(node));
        assertErofs(() -> top.unlink(PathName.of("file"), file));
        file.open(mounted, Fcntl.O_RDONLY).close();
        assertEquals("content", Files.readString(root.resolve("file")));
        assertEquals(List.of("dir", "file"), namesIn(root).stream().sorted().toList());
    }

    private static void assertErofs(Executable action) {
        assertEquals(Errno.EROFS, assertThrows(ErrnoException.class, action).errno());
    }

    @Test
    void aDirectoryThatBecomesALinkLeadsNowhere() throws IOException {
        assertEquals("'harmless'", calls.read("dir/secret"));
        Files.move(root.resolve("dir"), root.resolve("moved"));
        Files.createSymbolicLink(root.resolve("dir"), outside);
        // The names are still cached: the host must refuse to go through the link.
        assertNotEquals("'secret'", calls.read("dir/secret"));
        assertNotEquals("wrote 1", calls.write("dir/new", Fcntl.O_CREAT, 0, "x"));
        assertEquals(List.of("secret"), namesIn(outside));
    }

    @Test
    void swappingADirectoryForALinkNeverLeadsOutside() throws Exception {
        Path link = root.resolve("link");
        Files.createSymbolicLink(link, outside);
        AtomicBoolean done = new AtomicBoolean();
        Thread swapper =
                Thread.ofPlatform()
                        .start(() -> {
                            while (!done.get()) {
                                files.host.syscall(
                                        316,
                                        Fcntl.AT_FDCWD,
                                        address(link),
                                        Fcntl.AT_FDCWD,
                                        address(root.resolve("dir")),
                                        2,
                                        0);
                            }
                        });
        Location hasty = files.mount("hasty", neverTrusting(), Mount.Options.READ_WRITE);
        VfsFileCalls calls = files.calls(0, hasty);
        List<String> read = new ArrayList<>();
        try {
            for (int i = 0; i < 3000; i++) {
                read.add(calls.read("dir/secret"));
                calls.write("dir/new", Fcntl.O_CREAT, 0, "x");
                calls.makeDirectory("dir/newdir", 0755);
            }
        } finally {
            done.set(true);
            swapper.join();
        }
        assertFalse(read.contains("'secret'"), "read outside");
        assertEquals(List.of("secret"), namesIn(outside));
        assertTrue(read.contains("'harmless'"));
    }

    /** A file system that asks the host at every step, for its clock leaps ahead. */
    private HostFs neverTrusting() {
        AtomicLong leaps = new AtomicLong();
        Clock hasty =
                new Clock() {
                    @Override
                    public long realtimeNanos() {
                        return files.clock.realtimeNanos();
                    }

                    @Override
                    public long monotonicNanos() {
                        return leaps.addAndGet(2 * NANOS_PER_SECOND);
                    }
                };
        return new HostFs(
                files.host,
                HostFs.openDirectory(files.host, root.toString()),
                files.numbers,
                files.memory,
                hasty,
                PathName.of("/"),
                false);
    }

    private final java.lang.foreign.Arena arena = java.lang.foreign.Arena.ofShared();

    private synchronized long address(Path path) {
        return arena.allocateFrom(path.toString()).address();
    }

    private static List<String> namesIn(Path path) throws IOException {
        try (var entries = Files.list(path)) {
            return entries.map(entry -> entry.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void nothingCanBeChangedReadOnly() {
        Location readOnly = files.mount("ro", files.hostfs(root, true), Mount.Options.READ_WRITE);
        VfsFileCalls there = files.calls(0, readOnly);
        assertEquals("'content'", there.read("file"));
        assertEquals("EROFS", there.open("file", Fcntl.O_WRONLY, 0));
        assertEquals("EROFS", there.open("file", Fcntl.O_RDONLY | Fcntl.O_TRUNC, 0));
        assertEquals("EROFS", there.open("new", Fcntl.O_WRONLY | Fcntl.O_CREAT, 0644));
        assertEquals("EROFS", there.makeDirectory("new", 0755));
        assertEquals("EROFS", there.unlink("file"));
        assertEquals("EROFS", there.rename("file", "other", 0));
        assertEquals("EROFS", there.setPermissions("file", 0600));
        assertEquals("EROFS", there.access("file", 2));
        assertEquals("EEXIST", there.makeDirectory("dir", 0755));
    }

    @Test
    void devicesFifosAndSocketsOfTheHostAreNotOpened() {
        assertEquals("ok", calls.makeFifo("fifo", 0644));
        assertEquals("FIFO 644 1 0", calls.stat("fifo", true));
        assertEquals("ENXIO", calls.open("fifo", Fcntl.O_RDONLY, 0));
        Location dev =
                files.mount("dev", files.hostfs(Path.of("/dev"), true), Mount.Options.READ_WRITE);
        assertEquals("ENXIO", files.calls(0, dev).open("null", Fcntl.O_RDWR, 0));
        Caller caller = files.caller(0);
        ErrnoException e =
                assertThrows(
                        ErrnoException.class,
                        () ->
                                files.vfs.makeNode(
                                        caller,
                                        place,
                                        PathName.of("null"),
                                        Stat.S_IFCHR | 0666,
                                        new dev.plinth.kernel.vfs.DeviceNumber(1, 3)));
        assertEquals(Errno.EPERM, e.errno());
    }

    @Test
    void aFileReplacedOnTheHostIsSeenAtTheNextOpen() throws IOException {
        assertEquals("'content'", calls.read("file"));
        long number = resolve("file").inode().number();
        Path other = Files.writeString(directory.resolve("other"), "replaced");
        Files.move(other, root.resolve("file"), StandardCopyOption.REPLACE_EXISTING);
        assertEquals("'replaced'", calls.read("file"));
        assertNotEquals(number, resolve("file").inode().number());
    }

    @Test
    void hardLinksHaveOneNumberAndTheListShowsIt() {
        assertEquals("ok", calls.link("file", "second"));
        long number = resolve("file").inode().number();
        assertEquals(number, resolve("second").inode().number());
        assertEquals(number, resolve("file").inode().stat().inode());
        try (FileDescription list = open(".", Fcntl.O_DIRECTORY)) {
            list.readEntries((entry, next) -> {
                String name = entry.name().toString();
                if (name.equals("file") || name.equals("second")) {
                    assertEquals(number, entry.inode());
                }
                return true;
            });
        }
    }

    private Location resolve(String path) {
        return files.vfs.resolve(files.caller(0), place, PathName.of(path), Lookup.FOLLOW);
    }

    @Test
    void anOpenFileOutlivesItsName() {
        try (FileDescription file = open("file", Fcntl.O_RDWR)) {
            assertEquals("ok", calls.unlink("file"));
            assertEquals(0, file.stat().links());
            assertEquals(7, file.stat().size());
            byte[] bytes = new byte[7];
            assertEquals(7, file.readAt(IoBuffer.of(bytes), 0));
            file.truncate(3);
            assertEquals(3, file.inode().stat().size());
            // By way of /proc/self/fd the inode itself is opened again.
            try (FileDescription again = file.inode().open(file.location(), Fcntl.O_RDONLY)) {
                assertEquals(3, again.stat().size());
            }
        }
    }

    @Test
    void namesThatAreNoUtf8AreKept() {
        PathName name = PathName.of(new byte[] {'a', (byte) 0xFF, (byte) 0x80, 'b'});
        files.vfs
                .open(
                        files.caller(0),
                        place,
                        name,
                        OpenHow.of(Fcntl.O_CREAT | Fcntl.O_WRONLY, 0644))
                .close();
        List<PathName> names = new ArrayList<>();
        try (FileDescription list = open(".", Fcntl.O_DIRECTORY)) {
            list.readEntries((entry, next) -> names.add(entry.name()));
        }
        assertTrue(names.contains(name));
        files.vfs.unlink(files.caller(0), place, name);
    }

    @Test
    void pagesOfAFileAreMappedInWindowsAndEndWithTheFile() throws IOException {
        byte[] content = new byte[200_000];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i / 1000);
        }
        Files.write(root.resolve("big"), content);
        try (FileDescription file = open("big", Fcntl.O_RDONLY)) {
            Mappable mappable = file.mappable().orElseThrow();
            Mappable.FilePages pages = mappable.pages(8192, 12288, 1 << 20, AccessType.READ);
            assertEquals(8192, pages.start());
            assertTrue(pages.end() - pages.start() >= 64 << 10, "one fault brings in a window");
            assertFalse(pages.maxAccess().canWrite());
            MemorySegment mapped =
                    files.memory.slice(pages.memoryOffset(), pages.end() - pages.start());
            assertEquals(content[8192 + 5000], mapped.get(ValueLayout.JAVA_BYTE, 5000));
            files.memory.release(pages.memoryOffset(), pages.end() - pages.start());
            long last = Pages.floor(content.length);
            Mappable.FilePages tail =
                    mappable.pages(last, last + 4096, last + 4096, AccessType.READ);
            MemorySegment tailBytes = files.memory.slice(tail.memoryOffset(), 4096);
            assertEquals(0, tailBytes.get(ValueLayout.JAVA_BYTE, 4095), "zero behind the end");
            files.memory.release(tail.memoryOffset(), 4096);
            assertThrows(
                    BusErrorException.class,
                    () -> mappable.pages(last + 4096, last + 8192, last + 8192, AccessType.READ));
        }
    }

    @Test
    void whatASharedMappingWritesReachesTheHost() throws IOException {
        try (FileDescription file = open("file", Fcntl.O_RDWR)) {
            Mappable mappable = file.mappable().orElseThrow();
            Mappable.FilePages pages = mappable.pages(0, 4096, 4096, AccessType.WRITE);
            assertTrue(pages.maxAccess().canWrite());
            files.memory
                    .slice(pages.memoryOffset(), 4)
                    .copyFrom(MemorySegment.ofArray("CONT".getBytes(StandardCharsets.UTF_8)));
            byte[] bytes = new byte[7];
            file.readAt(IoBuffer.of(bytes), 0);
            assertEquals("CONTent", new String(bytes, StandardCharsets.UTF_8));
            assertEquals("CONTent", Files.readString(root.resolve("file")));
            files.memory.release(pages.memoryOffset(), 4096);
        }
    }

    @Test
    void aPageThatIsAsTheHostHasItIsNotWritten() throws IOException {
        try (FileDescription file = open("file", Fcntl.O_RDWR)) {
            Mappable mappable = file.mappable().orElseThrow();
            Mappable.FilePages pages = mappable.pages(0, 4096, 4096, AccessType.WRITE);
            files.memory.slice(pages.memoryOffset(), 1).set(ValueLayout.JAVA_BYTE, 0, (byte) 'X');
            file.sync(true);
            Instant then = Instant.ofEpochSecond(1_000_000_000L);
            file.inode().setTimes(Optional.of(then), Optional.of(then));
            file.sync(true);
            assertEquals(then, file.stat().modified());
            files.memory.release(pages.memoryOffset(), 4096);
        }
    }

    @Test
    void mappingsAreToldOfWritesAndTruncation() {
        List<String> told = new ArrayList<>();
        Mappable.Observer observer = (range, alsoPrivate) -> told.add(range + " " + alsoPrivate);
        try (FileDescription file = open("file", Fcntl.O_RDWR)) {
            Mappable mappable = file.mappable().orElseThrow();
            AddressRange range = new AddressRange(0x10000, 0x12000);
            mappable.addMapping(observer, range, 0, false);
            Mappable.FilePages pages = mappable.pages(0, 4096, 4096, AccessType.READ);
            files.memory.release(pages.memoryOffset(), 4096);
            file.writeAt(IoBuffer.of(new byte[] {'x'}), 0);
            assertEquals(List.of("10000-11000 false"), told);
            Mappable.FilePages again = mappable.pages(0, 4096, 4096, AccessType.READ);
            assertEquals(
                    'x', files.memory.slice(again.memoryOffset(), 1).get(ValueLayout.JAVA_BYTE, 0));
            files.memory.release(again.memoryOffset(), 4096);
            file.truncate(0);
            assertTrue(told.contains("10000-12000 true"), told.toString());
            mappable.removeMapping(observer, range, 0, false);
        }
    }
}

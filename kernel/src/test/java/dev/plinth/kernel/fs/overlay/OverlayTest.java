package dev.plinth.kernel.fs.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.Mount;
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
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

@Timeout(60)
final class OverlayTest {
    @TempDir Path lower;

    private final TestingFiles files = new TestingFiles();
    private Location place;
    private VfsFileCalls calls;

    @BeforeEach
    void mount() throws IOException {
        Files.createDirectory(lower.resolve("dir"));
        Files.writeString(lower.resolve("dir/a"), "linked");
        Files.createLink(lower.resolve("dir/b"), lower.resolve("dir/a"));
        Files.createLink(lower.resolve("dir/c"), lower.resolve("dir/a"));
        Files.writeString(lower.resolve("plain"), "plain");
        FileSystem below = files.hostfs(lower, true);
        files.own(below);
        FileSystem overlay =
                new OverlayFs(below, files.numbers, files.memory, files.clock, 1 << 28);
        place = files.mount("tree", overlay, Mount.Options.READ_WRITE);
        calls = files.calls(0, place);
    }

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void hardLinksStayLinked() {
        assertEquals("REGULAR 644 3 6", calls.stat("dir/a", true));
        assertEquals("ok", calls.unlink("dir/a"));
        assertEquals("REGULAR 644 2 6", calls.stat("dir/b", true));
        assertEquals("wrote 3", calls.write("dir/b", Fcntl.O_TRUNC, 0, "new"));
        assertEquals("REGULAR 644 2 3", calls.stat("dir/b", true));
        assertEquals("'new'", calls.read("dir/c"));
        assertEquals("ok", calls.unlink("dir/b"));
        assertEquals("REGULAR 644 1 3", calls.stat("dir/c", true));
        assertEquals("'new'", calls.read("dir/c"));
        assertEquals("ok", calls.rename("dir/c", "dir/d", 0));
        assertEquals("REGULAR 644 1 3", calls.stat("dir/d", true));
        assertEquals("'new'", calls.read("dir/d"));
        assertEquals("ok", calls.unlink("dir/d"));
        assertEquals("", calls.list("dir"));
    }

    private FileDescription open(String path, int flags) {
        return files.vfs.open(files.caller(0), place, PathName.of(path), OpenHow.of(flags, 0644));
    }

    private Location resolve(String path) {
        return files.vfs.resolve(files.caller(0), place, PathName.of(path), Lookup.NO_FOLLOW);
    }

    private static String read(FileDescription file) {
        byte[] bytes = new byte[100];
        int count = (int) file.readAt(IoBuffer.of(bytes), 0);
        return new String(bytes, 0, count, StandardCharsets.UTF_8);
    }

    @Test
    void aFileKeepsItsNumberWhenItIsCopied() {
        FileStat before = resolve("plain").inode().stat();
        assertEquals("wrote 4", calls.write("plain", 0, 0, "more"));
        FileStat after = resolve("plain").inode().stat();
        assertEquals(before.inode(), after.inode());
        assertEquals(before.device(), after.device());
        assertEquals(before.accessed(), after.accessed());
        try (FileDescription list = open(".", Fcntl.O_DIRECTORY)) {
            list.readEntries((entry, next) -> {
                if (entry.name().equals(PathName.of("plain"))) {
                    assertEquals(before.inode(), entry.inode());
                }
                return true;
            });
        }
        long directory = resolve("dir").inode().number();
        assertEquals("ok", calls.makeDirectory("dir/new", 0755));
        assertEquals(directory, resolve("dir").inode().stat().inode());
    }

    @Test
    void whoeverHasAFileOpenSeesWhatIsWrittenLater() throws IOException {
        try (FileDescription reader = open("plain", Fcntl.O_RDONLY)) {
            assertEquals("plain", read(reader));
            try (FileDescription writer = open("plain", Fcntl.O_RDWR)) {
                writer.writeAt(IoBuffer.of("PL".getBytes(StandardCharsets.UTF_8)), 0);
                assertEquals("PLain", read(reader));
                assertEquals("ok", calls.unlink("plain"));
            }
            assertEquals("PLain", read(reader), "the copy has no name, but a reader");
            assertEquals(0, reader.stat().links());
        }
        assertEquals("ENOENT", calls.read("plain"));
        assertEquals("plain", Files.readString(lower.resolve("plain")));
    }

    @Test
    void aFileWithoutANameIsCopiedWithoutOne() {
        try (FileDescription reader = open("plain", Fcntl.O_RDONLY)) {
            assertEquals("ok", calls.unlink("plain"));
            assertEquals("wrote 3", calls.write("plain", Fcntl.O_CREAT, 0, "new"));
            reader.inode().setPermissions(0600);
            assertEquals("plain", read(reader));
            assertEquals(0600, reader.stat().permissions());
            assertEquals("'new'", calls.read("plain"));
        }
    }

    @Test
    void mappingsGoOverToTheCopy() {
        List<String> told = new ArrayList<>();
        Mappable.Observer observer = (range, alsoPrivate) -> told.add(range + " " + alsoPrivate);
        AddressRange range = new AddressRange(0x10000, 0x11000);
        try (FileDescription reader = open("plain", Fcntl.O_RDONLY)) {
            Mappable mappable = reader.mappable().orElseThrow();
            mappable.addMapping(observer, range, 0, false);
            Mappable.FilePages before = mappable.pages(0, 4096, 4096, AccessType.READ);
            assertEquals("wrote 2", calls.write("plain", 0, 0, "PL"));
            assertEquals(List.of("10000-11000 false"), told);
            Mappable.FilePages after = mappable.pages(0, 4096, 4096, AccessType.READ);
            assertEquals('p', firstByte(before));
            assertEquals('P', firstByte(after));
            files.memory.release(before.memoryOffset(), 4096);
            files.memory.release(after.memoryOffset(), 4096);
            assertEquals("ok", calls.truncate("plain", 0));
            assertEquals("10000-11000 true", told.getLast());
            mappable.removeMapping(observer, range, 0, false);
        }
    }

    private char firstByte(Mappable.FilePages pages) {
        return (char) files.memory.slice(pages.memoryOffset(), 1).get(ValueLayout.JAVA_BYTE, 0);
    }

    @Test
    void aDirectoryThatIsMadeAnewShowsNothingOfTheOldOne() {
        for (String name : List.of("a", "b", "c")) {
            assertEquals("ok", calls.unlink("dir/" + name));
        }
        assertEquals("ok", calls.removeDirectory("dir"));
        assertEquals("ENOENT", calls.stat("dir", true));
        assertEquals("ok", calls.makeDirectory("dir", 0755));
        assertEquals("", calls.list("dir"));
        assertEquals("ENOENT", calls.read("dir/a"));
    }

    @Test
    void aDirectoryOfTheLowerLayerCanBeMoved() {
        assertEquals("ok", calls.rename("dir", "elsewhere", 0));
        assertEquals("a\nb\nc", calls.list("elsewhere"));
        assertEquals("'linked'", calls.read("elsewhere/b"));
        assertEquals("ENOENT", calls.list("dir"));
        assertEquals("ok", calls.makeDirectory("dir", 0755));
        assertEquals("", calls.list("dir"));
        assertEquals("wrote 1", calls.write("elsewhere/a", 0, 0, "L"));
        assertEquals("'Linked'", calls.read("elsewhere/c"));
    }

    @Test
    void whiteoutsCannotBeMade() {
        ErrnoException e =
                assertThrows(
                        ErrnoException.class,
                        () ->
                                files.vfs.makeNode(
                                        files.caller(0),
                                        place,
                                        PathName.of("whiteout"),
                                        Stat.S_IFCHR,
                                        DeviceNumber.NONE));
        assertEquals(Errno.EPERM, e.errno());
    }
}

package dev.plinth.kernel.fs.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.VfsFileCalls;
import dev.plinth.kernel.vfs.linux.Fcntl;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

@Timeout(60)
final class OverlayTest {
    @TempDir Path lower;

    private final TestingFiles files = new TestingFiles();
    private VfsFileCalls calls;

    @BeforeEach
    void mount() throws IOException {
        Files.createDirectory(lower.resolve("dir"));
        Files.writeString(lower.resolve("dir/a"), "linked");
        Files.createLink(lower.resolve("dir/b"), lower.resolve("dir/a"));
        Files.createLink(lower.resolve("dir/c"), lower.resolve("dir/a"));
        FileSystem below = files.hostfs(lower, true);
        files.own(below);
        FileSystem overlay =
                new OverlayFs(below, files.numbers, files.memory, files.clock, 1 << 28);
        Location place = files.mount("tree", overlay, Mount.Options.READ_WRITE);
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
}

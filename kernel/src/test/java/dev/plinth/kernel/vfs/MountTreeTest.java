package dev.plinth.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.linux.Fcntl;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MountTreeTest {
    private static final MountTree.Users NOBODY = mount -> false;

    private final TestingFiles files = new TestingFiles();
    private final VfsFileCalls calls = files.calls(0, files.mounts.root());

    @BeforeEach
    void knowTmpfs() {
        files.mounts.types().register("tmpfs", options -> files.tmpfs());
        calls.makeDirectory("mnt", 0755);
    }

    @AfterEach
    void close() {
        files.mounts.close();
        files.close();
    }

    private Location resolve(String path) {
        return files.vfs.resolve(
                files.caller(0), files.mounts.root(), PathName.of(path), Lookup.FOLLOW);
    }

    private Mount mountTmpfs() {
        return files.mounts.mountNew("none", "tmpfs", "", resolve("mnt"), Mount.Options.READ_WRITE);
    }

    private long memoryInUse() {
        return files.memory.statistics().allocatedBytes();
    }

    @Test
    void whatIsMountedNoMoreGivesItsMemoryBack() {
        for (int i = 0; i < 3; i++) {
            mountTmpfs();
            calls.write("mnt/file", Fcntl.O_CREAT, 0, "content");
            assertTrue(memoryInUse() > 0);
            files.mounts.unmount(resolve("mnt"), false, NOBODY);
            assertEquals(0, memoryInUse());
        }
    }

    @Test
    void whatIsBoundElsewhereKeepsItsMemory() {
        mountTmpfs();
        calls.write("mnt/file", Fcntl.O_CREAT, 0, "content");
        calls.makeDirectory("view", 0755);
        files.mounts.bind(resolve("mnt"), resolve("view"), false);
        files.mounts.unmount(resolve("mnt"), false, NOBODY);
        assertEquals("'content'", calls.read("view/file"));
        files.mounts.unmount(resolve("view"), false, NOBODY);
        assertEquals(0, memoryInUse());
    }

    @Test
    void anOpenFileKeepsAMountUnlessItIsDetached() {
        mountTmpfs();
        calls.write("mnt/file", Fcntl.O_CREAT, 0, "content");
        FileDescription open =
                files.vfs.open(
                        files.caller(0),
                        files.mounts.root(),
                        PathName.of("mnt/file"),
                        OpenHow.of(Fcntl.O_RDONLY, 0));
        ErrnoException busy =
                assertThrows(
                        ErrnoException.class,
                        () -> files.mounts.unmount(resolve("mnt"), false, NOBODY));
        assertEquals(Errno.EBUSY, busy.errno());
        files.mounts.unmount(resolve("mnt"), true, NOBODY);
        assertEquals(7, open.stat().size());
        open.close();
    }

    @Test
    void whoStandsOnAMountKeepsIt() {
        Mount mount = mountTmpfs();
        assertThrows(
                ErrnoException.class,
                () -> files.mounts.unmount(resolve("mnt"), false, mount::equals));
        files.mounts.unmount(resolve("mnt"), true, mount::equals);
        assertEquals("ENOENT", calls.read("mnt/file"));
    }

    @Test
    void aTypeOfWhichThereIsOneStaysItsOwners() {
        FileSystem single = files.tmpfs();
        files.own(single);
        files.mounts.types().registerSingle("single", single);
        files.mounts.mountNew("none", "single", "", resolve("mnt"), Mount.Options.READ_WRITE);
        calls.write("mnt/file", Fcntl.O_CREAT, 0, "content");
        files.mounts.unmount(resolve("mnt"), false, NOBODY);
        files.mounts.mountNew("none", "single", "", resolve("mnt"), Mount.Options.READ_WRITE);
        assertEquals("'content'", calls.read("mnt/file"));
        ErrnoException unknown =
                assertThrows(ErrnoException.class, () -> files.mounts.types().get("nosuchfs"));
        assertEquals(Errno.ENODEV, unknown.errno());
    }
}

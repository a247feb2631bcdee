package dev.plinth.kernel.vfs;

import static dev.plinth.kernel.errno.ErrnoAssertions.assertErrno;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Openat2;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.util.List;

/** What a comparison with the host cannot show: mounts, other users, roots, programs. */
final class VfsTest {
    private static final int USER = 1000;

    private final TestingFiles files = new TestingFiles();
    private final Vfs vfs = files.vfs;
    private final Caller root = files.caller(0);
    private final VfsFileCalls asRoot = files.calls(0, files.mounts.root());
    private final VfsFileCalls asUser = files.calls(USER, files.mounts.root());

    @BeforeEach
    void populate() {
        asRoot.makeDirectory("dir", 0755);
        asRoot.write("dir/file", Fcntl.O_CREAT, 0, "content");
        asRoot.makeDirectory("tmp", 0777);
        asRoot.setPermissions("tmp", 01777);
    }

    @AfterEach
    void close() {
        files.close();
    }

    private Location resolve(String path) {
        return vfs.resolve(root, files.mounts.root(), PathName.of(path), Lookup.NO_FOLLOW);
    }

    @Test
    void permissionsCountForThoseWhoAreNotRoot() {
        assertEquals("EACCES", asUser.open("dir/file", Fcntl.O_WRONLY, 0));
        assertEquals("EACCES", asUser.makeDirectory("dir/new", 0755));
        assertEquals("EACCES", asUser.unlink("dir/file"));
        assertEquals("EPERM", asUser.setPermissions("dir/file", 0600));
        assertEquals("ok", asRoot.setPermissions("dir/file", 0600));
        assertEquals("EACCES", asUser.read("dir/file"));
        assertEquals("EACCES", asUser.access("dir/file", 4));
        assertEquals("ok", asUser.access("dir/file", 0));
        assertEquals("ok", asRoot.setPermissions("dir", 0700));
        assertEquals("EACCES", asUser.stat("dir/file", true));
        assertEquals("EACCES", asUser.stat("dir/../tmp", true));
        assertEquals("'content'", asRoot.read("dir/file"));
        assertEquals("EACCES", asRoot.access("dir/file", 1), "nobody may run it");
    }

    @Test
    void inAStickyDirectoryOnlyOwnersRemove() {
        assertEquals("wrote 1", asUser.write("tmp/mine", Fcntl.O_CREAT, 0, "x"));
        VfsFileCalls other = files.calls(USER + 1, files.mounts.root());
        assertEquals("EPERM", other.unlink("tmp/mine"));
        assertEquals("EPERM", other.rename("tmp/mine", "tmp/theirs", 0));
        assertEquals("ok", asUser.unlink("tmp/mine"));
    }

    @Test
    void aGroupIsInheritedFromASetGroupIdDirectory() {
        asRoot.makeDirectory("shared", 0777);
        vfs.setOwner(root, resolve("shared"), 0, 50);
        asRoot.setPermissions("shared", 02777);
        asUser.write("shared/file", Fcntl.O_CREAT, 0, "x");
        asUser.makeDirectory("shared/dir", 0755);
        assertEquals(50, resolve("shared/file").inode().stat().gid());
        assertEquals(02755, resolve("shared/dir").inode().stat().permissions());
    }

    @Test
    void ownersChangeAndTakeSetUserIdAway() {
        asRoot.setPermissions("dir/file", 06755);
        vfs.setOwner(root, resolve("dir/file"), USER, -1);
        assertEquals(0755, resolve("dir/file").inode().stat().permissions());
        Caller user = files.caller(USER);
        assertErrno(Errno.EPERM, () -> vfs.setOwner(user, resolve("dir/file"), USER + 1, -1));
        assertErrno(Errno.EPERM, () -> vfs.setOwner(user, resolve("dir/file"), -1, 7));
        vfs.setOwner(user, resolve("dir/file"), -1, USER);
        assertEquals(USER, resolve("dir/file").inode().stat().gid());
    }

    @Test
    void aMountCoversWhatIsBelowAndEndsWhereItBegan() {
        Location mounted = files.mount("mnt", files.tmpfs(), Mount.Options.READ_WRITE);
        VfsFileCalls inside = files.calls(0, mounted);
        inside.write("file", Fcntl.O_CREAT, 0, "mounted");
        assertEquals("'mounted'", asRoot.read("mnt/file"));
        assertEquals("'mounted'", asRoot.read("mnt/../mnt/file"));
        assertEquals("'content'", inside.read("../dir/file"));
        assertEquals("EXDEV", asRoot.rename("mnt/file", "moved", 0));
        assertEquals("EXDEV", asRoot.link("mnt/file", "linked"));
        assertEquals("EBUSY", asRoot.removeDirectory("mnt"));
        assertEquals("EBUSY", asRoot.rename("mnt", "other", 0));
        assertEquals(List.of(1, 2), files.mounts.mounts().stream().map(Mount::id).toList());
        files.mounts.unmount(mounted, false, mount -> false);
        assertEquals("ENOENT", asRoot.read("mnt/file"));
        assertErrno(
                Errno.EINVAL, () -> files.mounts.unmount(resolve("mnt"), false, mount -> false));
        assertEquals("ok", asRoot.removeDirectory("mnt"));
    }

    @Test
    void aBindMountShowsTheSameFilesReadOnly() {
        asRoot.makeDirectory("view", 0755);
        files.mounts.bind(resolve("dir"), resolve("view"), false).remount(Mount.Options.READ_ONLY);
        assertEquals("'content'", asRoot.read("view/file"));
        assertEquals("EROFS", asRoot.open("view/file", Fcntl.O_WRONLY, 0));
        assertEquals("EROFS", asRoot.unlink("view/file"));
        assertEquals("wrote 1", asRoot.write("dir/file", 0, 0, "C"));
        assertEquals("'Content'", asRoot.read("view/file"));
        assertEquals(
                "/view/file",
                PathDisplay.of(files.mounts.root(), resolve("view/file")).text().toString());
    }

    @Test
    void aPathIsShownAsItIsNow() {
        Location location = resolve("dir/file");
        assertEquals("ok", asRoot.rename("dir", "renamed", 0));
        PathDisplay shown = PathDisplay.of(files.mounts.root(), location);
        assertEquals("/renamed/file", shown.text().toString());
        assertEquals("ok", asRoot.unlink("renamed/file"));
        shown = PathDisplay.of(files.mounts.root(), location);
        assertEquals("/renamed/file (deleted)", shown.text().toString());
    }

    @Test
    void aRootIsNotLeft() {
        FsContext inDirectory = new FsContext(resolve("dir"), resolve("dir"), 0);
        Caller confined = new Caller(inDirectory, root.credentials(), 1, 1);
        asRoot.symlink("/file", "dir/absolute");
        VfsFileCalls calls = new VfsFileCalls(vfs, confined, resolve("dir"));
        assertEquals("'content'", calls.read("../../file"));
        assertEquals("'content'", calls.read("/file"));
        assertEquals("'content'", calls.read("absolute"));
        assertEquals("ENOENT", asRoot.read("dir/absolute"));
        PathDisplay outside = PathDisplay.of(resolve("dir"), resolve("tmp"));
        assertEquals("(unreachable)/tmp", outside.text().toString());
    }

    @Test
    void resolutionIsRestrictedAsOpenat2Says() {
        asRoot.symlink("/dir/file", "absolute");
        asRoot.symlink("file", "dir/link");
        files.mount("dir/mnt", files.tmpfs(), Mount.Options.READ_WRITE);
        assertErrno(Errno.EXDEV, () -> open("../dir/file", Openat2.RESOLVE_BENEATH, "dir"));
        assertErrno(Errno.EXDEV, () -> open("absolute", Openat2.RESOLVE_BENEATH, "."));
        assertErrno(Errno.ELOOP, () -> open("link", Openat2.RESOLVE_NO_SYMLINKS, "dir"));
        assertErrno(Errno.EXDEV, () -> open("mnt", Openat2.RESOLVE_NO_XDEV, "dir"));
        assertErrno(Errno.ENOENT, () -> open("../tmp", Openat2.RESOLVE_IN_ROOT, "dir"));
        open("../file", Openat2.RESOLVE_IN_ROOT, "dir");
        open("/file", Openat2.RESOLVE_IN_ROOT, "dir");
        open("link", Openat2.RESOLVE_BENEATH, "dir");
        assertErrno(Errno.EINVAL, () -> OpenHow.strict(0, 0644, 0));
        assertErrno(Errno.EINVAL, () -> OpenHow.strict(1L << 40, 0, 0));
        assertErrno(Errno.EINVAL, () -> OpenHow.strict(0, 0, 0x18));
        assertErrno(Errno.EAGAIN, () -> OpenHow.strict(0, 0, Openat2.RESOLVE_CACHED));
    }

    private void open(String path, int resolve, String base) {
        OpenHow how = new OpenHow(Fcntl.O_RDONLY, 0, resolve);
        vfs.open(root, resolve(base), PathName.of(path), how).close();
    }

    @Test
    void aProgramThatRunsIsNotWrittenAndOneThatIsWrittenIsNotRun() {
        asRoot.setPermissions("dir/file", 0755);
        Location program = resolve("dir/file");
        try (FileDescription running = vfs.openProgram(root, program)) {
            assertEquals("ETXTBSY", asRoot.open("dir/file", Fcntl.O_WRONLY, 0));
            assertEquals("ETXTBSY", asRoot.open("dir/file", Fcntl.O_RDONLY | Fcntl.O_TRUNC, 0));
            assertEquals("'content'", asRoot.read("dir/file"));
            assertEquals(7, running.stat().size());
        }
        try (FileDescription writer =
                vfs.open(root, program, PathName.of("/dir/file"), OpenHow.of(1, 0))) {
            assertEquals(1, writer.write(IoBuffer.of(new byte[1])));
            assertErrno(Errno.ETXTBSY, () -> vfs.openProgram(root, program));
        }
        vfs.openProgram(root, program).close();
        asRoot.setPermissions("dir/file", 0644);
        assertErrno(Errno.EACCES, () -> vfs.openProgram(root, program));
        assertErrno(Errno.EACCES, () -> vfs.openProgram(root, resolve("dir")));
    }

    @Test
    void aRemovedDirectoryTakesNoFiles() {
        asRoot.makeDirectory("gone", 0755);
        VfsFileCalls inside = files.calls(0, resolve("gone"));
        assertEquals("ok", asRoot.removeDirectory("gone"));
        assertEquals("ENOENT", inside.open("new", Fcntl.O_CREAT | Fcntl.O_WRONLY, 0644));
        assertEquals("ENOENT", inside.makeDirectory("new", 0755));
        assertEquals("DIRECTORY 755", inside.stat("..", true));
        assertEquals("ENOENT", inside.list("."));
    }
}

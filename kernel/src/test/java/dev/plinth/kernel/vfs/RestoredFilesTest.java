package dev.plinth.kernel.vfs;

import static dev.plinth.kernel.errno.ErrnoAssertions.assertErrno;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fs.devfs.Devices;
import dev.plinth.kernel.fs.overlay.OverlayFs;
import dev.plinth.kernel.fs.tmpfs.MemoryFiles;
import dev.plinth.kernel.fs.tmpfs.TmpFs;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.SavedState;
import dev.plinth.kernel.state.proto.HostFsState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Stat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Open files, mounts and the rest of the tree, after they were saved and made again. */
@Timeout(60)
final class RestoredFilesTest {
    private static final int RDWR_CREATE = Fcntl.O_RDWR | Fcntl.O_CREAT;

    @TempDir Path directory;

    private final TestingFiles files = new TestingFiles();
    private final List<FileDescription> open = new ArrayList<>();
    private Optional<RestoredFiles> restored = Optional.empty();

    @AfterEach
    void close() {
        open.forEach(FileDescription::close);
        restored.ifPresent(RestoredFiles::close);
        files.close();
    }

    private FileDescription open(String path, int flags) {
        return open(files.mounts.root(), path, flags);
    }

    private FileDescription open(Location base, String path, int flags) {
        FileDescription file =
                files.vfs.open(files.caller(0), base, PathName.of(path), OpenHow.of(flags, 0644));
        open.add(file);
        return file;
    }

    private SavedState save() {
        return RestoredFiles.save(files, open);
    }

    private RestoredFiles restore() {
        RestoredFiles next = RestoredFiles.of(files, save(), open.size());
        restored = Optional.of(next);
        return next;
    }

    private static void write(FileDescription file, String text) {
        file.write(IoBuffer.of(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private static String read(FileDescription file) {
        byte[] bytes = new byte[1 << 14];
        int count = (int) file.read(IoBuffer.of(bytes));
        return new String(bytes, 0, count, StandardCharsets.ISO_8859_1);
    }

    private static void assertRefused(ErrorCode code, String inMessage, Executable action) {
        SandboxException e = assertThrows(SandboxException.class, action);
        assertEquals(code, e.code(), e.getMessage());
        assertTrue(e.getMessage().contains(inMessage), e.getMessage());
    }

    @Test
    void anOpenFileGoesOnWhereItStood() {
        FileDescription file = open("file", RDWR_CREATE | Fcntl.O_APPEND);
        write(file, "onetwo");
        file.seek(3, Fs.SEEK_SET);
        file.setSignalOwner(SignalOwner.ofNumber(-7).withSignal(10));
        RestoredFiles after = restore();
        FileDescription again = after.open.getFirst();
        assertEquals(file.stat(), again.stat());
        assertEquals(file.flags(), again.flags());
        assertEquals(file.signalOwner(), again.signalOwner());
        assertEquals("two", read(again));
        assertSame(again.inode(), after.resolve("file").inode());
        write(again, "three");
        assertEquals(11, again.stat().size());
        assertEquals(6, file.stat().size(), "the file that was saved is another one");
    }

    @Test
    void aFileWithoutANameLivesAsLongAsItIsOpen() {
        write(open("file", RDWR_CREATE), "content");
        files.vfs.unlink(files.caller(0), files.mounts.root(), PathName.of("file"));
        FileDescription again = restore().open.getFirst();
        again.seek(0, Fs.SEEK_SET);
        assertEquals("content", read(again));
        assertEquals(0, again.stat().links());
        assertTrue(again.location().dentry().isDeleted());
    }

    @Test
    void aFileMadeWithoutANameMayStillGetOne() {
        write(open(".", Fcntl.O_RDWR | Fcntl.O_TMPFILE), "a");
        open(".", Fcntl.O_RDWR | Fcntl.O_TMPFILE | Fcntl.O_EXCL);
        RestoredFiles after = restore();
        Caller root =
                new Caller(
                        new FsContext(after.mounts.root(), after.mounts.root(), 0),
                        files.caller(0).credentials(),
                        1,
                        1);
        after.vfs.link(
                root, after.open.get(0).location(), after.mounts.root(), PathName.of("named"));
        assertEquals("'a'", after.calls(".").read("named"));
        assertErrno(
                Errno.ENOENT,
                () ->
                        after.vfs.link(
                                root,
                                after.open.get(1).location(),
                                after.mounts.root(),
                                PathName.of("other")));
    }

    @Test
    void aDirectoryIsReadOn() {
        VfsFileCalls calls = files.calls(0, files.mounts.root());
        for (int i = 0; i < 10; i++) {
            calls.makeDirectory("d" + i, 0755);
        }
        FileDescription before = open(".", Fcntl.O_DIRECTORY);
        List<String> names = new ArrayList<>();
        before.readEntries((entry, next) -> names.add(entry.name().toString()) && names.size() < 6);
        names.removeLast();
        FileDescription after = restore().open.getFirst();
        after.readEntries((entry, next) -> names.add(entry.name().toString()));
        assertEquals(12, names.stream().distinct().count());
        assertEquals(12, names.size());
    }

    @Test
    void aFileThatIsOnlyNamedStaysSo() {
        write(open("file", RDWR_CREATE), "x");
        open("file", Fcntl.O_PATH);
        RestoredFiles after = restore();
        assertTrue(after.open.get(1).isPathOnly());
        assertSame(after.open.get(0).inode(), after.open.get(1).inode());
    }

    @Test
    void devicesAreOpenedAgain() {
        Caller root = files.caller(0);
        files.vfs.makeNode(
                root,
                files.mounts.root(),
                PathName.of("zero"),
                Stat.S_IFCHR | 0666,
                new DeviceNumber(1, 5));
        Devices.register(files.devices, piece -> piece.fill((byte) 1), _ -> Optional.empty());
        open("zero", Fcntl.O_RDWR);
        byte[] bytes = {1, 2};
        assertEquals(2, restore().open.getFirst().read(IoBuffer.of(bytes)));
        assertArrayEquals(new byte[2], bytes);
    }

    @Test
    void whoRunsAProgramKeepsWritersAway() {
        open("program", RDWR_CREATE).close();
        open.clear();
        files.vfs.setPermissions(
                files.caller(0),
                files.vfs.resolve(
                        files.caller(0),
                        files.mounts.root(),
                        PathName.of("program"),
                        Lookup.FOLLOW),
                0755);
        open.add(
                files.vfs.openProgram(
                        files.caller(0),
                        files.vfs.resolve(
                                files.caller(0),
                                files.mounts.root(),
                                PathName.of("program"),
                                Lookup.FOLLOW)));
        open("written", RDWR_CREATE);
        RestoredFiles after = restore();
        assertEquals("ETXTBSY", after.calls(".").open("program", Fcntl.O_WRONLY, 0));
        assertErrno(Errno.ETXTBSY, after.open.get(1).inode()::denyWriters);
        after.open.forEach(FileDescription::close);
        after.open.clear();
        assertEquals("ok", after.calls(".").open("program", Fcntl.O_WRONLY, 0));
        after.resolve("written").inode().denyWriters();
    }

    @Test
    void locksKeepTheirOwners() {
        FileDescription one = open("file", RDWR_CREATE);
        FileDescription two = open("file", Fcntl.O_RDWR);
        one.inode().locks().setWhole(one, true);
        RecordLock lock = new RecordLock(one, -1, true, 10, 19);
        assertTrue(one.inode().locks().set(lock).isEmpty());
        RestoredFiles after = restore();
        FileLocks locks = after.open.get(0).inode().locks();
        assertFalse(locks.setWhole(after.open.get(1), false));
        RecordLock wanted = new RecordLock(after.open.get(1), -1, false, 0, 10);
        RecordLock inTheWay = locks.conflict(wanted).orElseThrow();
        assertSame(after.open.get(0), inTheWay.owner());
        assertEquals(10, inTheWay.first());
        assertEquals(19, inTheWay.last());
        after.open.get(0).close();
        after.open.set(0, after.open.get(1).retain());
        assertTrue(locks.setWhole(after.open.get(1), false));
        assertTrue(locks.records().isEmpty());
        assertTrue(two.isWritable());
    }

    @Test
    void mountsAreWhereTheyWere() {
        VfsFileCalls calls = files.calls(0, files.mounts.root());
        calls.makeDirectory("a", 0755);
        calls.makeDirectory("b", 0755);
        Location one = files.mount("one", files.tmpfs(), Mount.Options.DATA_ONLY);
        open(one, "file", RDWR_CREATE);
        files.vfs.makeDirectory(files.caller(0), one, PathName.of("inner"), 0755);
        Location inner =
                files.vfs.resolve(files.caller(0), one, PathName.of("inner"), Lookup.FOLLOW);
        Location b =
                files.vfs.resolve(
                        files.caller(0), files.mounts.root(), PathName.of("b"), Lookup.FOLLOW);
        files.mounts.bind(inner, b, true);
        FileSystem detached = files.tmpfs();
        Location gone = files.mount("gone", detached, Mount.Options.READ_WRITE);
        write(open(gone, "left", RDWR_CREATE), "left");
        files.mounts.unmount(gone, true, mount -> false);
        List<Mount> before = files.mounts.mounts();
        RestoredFiles after = restore();
        List<Mount> again = after.mounts.mounts();
        assertEquals(
                before.stream().map(RestoredFilesTest::describe).toList(),
                again.stream().map(RestoredFilesTest::describe).toList());
        assertSame(
                after.resolve("one/inner").inode(),
                after.resolve("b").inode(),
                "what was bound is one directory");
        FileDescription left = after.open.get(1);
        assertTrue(left.location().mount().mountPoint().isEmpty());
        left.seek(0, Fs.SEEK_SET);
        assertEquals("left", read(left));
        assertEquals(
                "EBUSY",
                errnoOf(() ->
                        after.mounts.unmount(
                                after.resolve("one").topmost(), false, mount -> false)));
        Mount next = after.mounts.bind(after.resolve("a"), after.resolve("a"), false);
        assertTrue(next.id() > before.getLast().id() + 1, "the number of the one that is gone");
    }

    private static String errnoOf(Executable action) {
        return assertThrows(ErrnoException.class, action).errno().name();
    }

    private static String describe(Mount mount) {
        return mount.id()
                + mount.source()
                + mount.options().text()
                + mount.fileSystem().device()
                + mount.root().inode().number()
                + mount.mountPoint().map(point -> PathDisplay.ofWholeTree(point).text());
    }

    @Test
    void aPathMayBeLongerThanAnyStack() {
        Location at = files.mounts.root();
        Caller root = files.caller(0);
        for (int i = 0; i < 20_000; i++) {
            files.vfs.makeDirectory(root, at, PathName.of("d"), 0755);
            at = files.vfs.resolve(root, at, PathName.of("d"), Lookup.FOLLOW);
        }
        open(at, ".", Fcntl.O_DIRECTORY);
        RestoredFiles after = restore();
        int depth = 0;
        for (Optional<Dentry> up = Optional.of(after.open.getFirst().location().dentry());
                up.isPresent();
                up = up.get().parent()) {
            depth++;
        }
        assertEquals(20_001, depth);
    }

    @Test
    void aTmpfsHasItsLimitsAttributesAndSeals() {
        TmpFs small =
                new TmpFs(
                        "tmpfs",
                        files.numbers,
                        files.memory,
                        files.clock,
                        8 << 12,
                        new NewNode(0755, 0, 0));
        Location place = files.mount("small", small, Mount.Options.READ_WRITE);
        FileDescription file = open(place, "file", RDWR_CREATE);
        file.allocate(0, 0, 5 << 12);
        file.inode().setXattr("user.name", new byte[] {1, 2}, AttributeStore.XattrMode.ANY);
        Instant then = Instant.ofEpochSecond(1_000_000_000L, 123_456_789);
        file.inode().setTimes(Optional.of(then), Optional.of(then));
        MemoryFiles memoryFiles = new MemoryFiles(small);
        FileDescription sealed =
                memoryFiles.create(PathName.of("x"), true, true, files.caller(0).credentials());
        open.add(sealed);
        sealed.addSeals(Fcntl.F_SEAL_GROW);
        RestoredFiles after = restore();
        FileDescription again = after.open.get(0);
        assertEquals(file.stat(), again.stat());
        assertArrayEquals(new byte[] {1, 2}, again.inode().xattr("user.name").orElseThrow());
        assertErrno(Errno.ENOSPC, () -> again.allocate(0, 0, 9 << 12));
        assertEquals(small.stat().freeBlocks(), again.inode().fileSystem().stat().freeBlocks() + 3);
        FileDescription sealedAgain = after.open.get(1);
        assertEquals(Fcntl.F_SEAL_GROW, sealedAgain.seals());
        assertErrno(Errno.EPERM, () -> write(sealedAgain, "x"));
        assertEquals("/memfd:x (deleted)", sealedAgain.location().dentry().name().toString());
    }

    private Path hostFile(String content) throws IOException {
        Path host = Files.createDirectories(directory.resolve("host"));
        return Files.writeString(host.resolve("file"), content);
    }

    private FileDescription openOnHost(boolean readOnly, int flags) {
        Location place =
                files.mount(
                        "host",
                        files.hostfs(directory.resolve("host"), readOnly),
                        Mount.Options.READ_WRITE);
        return open(place, "file", flags);
    }

    @Test
    void aFileOfTheHostIsOpenedAgain() throws IOException {
        hostFile("onetwo");
        FileDescription before = openOnHost(false, Fcntl.O_RDWR);
        before.seek(3, Fs.SEEK_SET);
        RestoredFiles after = restore();
        assertEquals("two", read(after.open.getFirst()));
        assertEquals(before.stat(), after.open.getFirst().stat());
        assertSame(after.resolve("host/file").inode(), after.open.getFirst().inode());
    }

    @Test
    void anImageDoesNotChooseWhatItMayChangeOfTheHost() throws IOException {
        hostFile("onetwo");
        openOnHost(false, Fcntl.O_RDWR);
        Path other = Files.createDirectory(directory.resolve("other"));
        Path link = Files.createSymbolicLink(directory.resolve("host/link"), other);
        for (Path wanted : List.of(directory, other, link, Path.of("/"))) {
            byte[] hostile = save().with(object -> elsewhere(object, wanted, false)).bytes();
            SandboxException e =
                    assertThrows(
                            SandboxException.class,
                            () -> RestoredFiles.ofChanged(files, hostile, open.size()));
            assertEquals(ErrorCode.IMAGE_MOUNT_MISSING, e.code(), e::toString);
            assertTrue(e.remedy().contains("--mount "), e.remedy());
        }
        byte[] claimed =
                save().with(object -> elsewhere(object, directory.resolve("host"), true)).bytes();
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> RestoredFiles.ofChanged(files, claimed, open.size()));
        assertTrue(e.getMessage().contains(Errno.EROFS.text()), e.getMessage());
    }

    private static ObjectState elsewhere(ObjectState object, Path path, boolean readOnly) {
        if (!object.hasHostFs()) {
            return object;
        }
        HostFsState state =
                object.getHostFs().toBuilder()
                        .setPath(ByteString.copyFromUtf8(path.toString()))
                        .setReadOnly(readOnly)
                        .build();
        return object.toBuilder().setHostFs(state).build();
    }

    @Test
    void aFileOfTheHostThatHasChangedIsNamed() throws IOException {
        Path path = hostFile("one");
        openOnHost(true, Fcntl.O_RDONLY);
        SavedState saved = save();
        Files.writeString(path, "three");
        assertRefused(
                ErrorCode.HOST_FILE_CHANGED,
                "file of the host has changed since the image was written: it had 3 bytes",
                () -> RestoredFiles.of(files, saved, 1));
        Files.writeString(path, "two");
        Files.setLastModifiedTime(path, FileTime.from(Instant.ofEpochSecond(1)));
        assertRefused(
                ErrorCode.HOST_FILE_CHANGED, "written", () -> RestoredFiles.of(files, saved, 1));
        RestoredFiles changed = RestoredFiles.ofChanged(files, saved, 1);
        restored = Optional.of(changed);
        assertEquals("two", read(changed.open.getFirst()));
    }

    @Test
    void aFileOfTheHostThatWasReplacedKeepsItsNumberIfThatIsAllowed() throws IOException {
        Path path = hostFile("one");
        FileDescription before = openOnHost(true, Fcntl.O_RDONLY);
        SavedState saved = save();
        Files.move(path, path.resolveSibling("old"));
        assertRefused(
                ErrorCode.HOST_FILE_CHANGED,
                "not there any more",
                () -> RestoredFiles.ofChanged(files, saved, 1));
        Files.writeString(path, "other");
        assertRefused(
                ErrorCode.HOST_FILE_CHANGED,
                "it is another file",
                () -> RestoredFiles.of(files, saved, 1));
        RestoredFiles changed = RestoredFiles.ofChanged(files, saved, 1);
        restored = Optional.of(changed);
        assertEquals("other", read(changed.open.getFirst()));
        assertEquals(before.stat().inode(), changed.open.getFirst().stat().inode());
        assertEquals(before.stat().inode(), changed.resolve("host/file").inode().number());
    }

    @Test
    void aFileThatIsGoneFromTheHostComesWithItsContent() throws IOException {
        for (boolean readOnly : new boolean[] {true, false}) {
            Path path = hostFile("content");
            Files.setLastModifiedTime(path, FileTime.from(Instant.ofEpochSecond(77)));
            FileDescription before =
                    open(
                            files.mount(
                                    "host" + readOnly,
                                    files.hostfs(directory.resolve("host"), readOnly),
                                    Mount.Options.READ_WRITE),
                            "file",
                            Fcntl.O_RDONLY);
            before.seek(3, Fs.SEEK_SET);
            Files.delete(path);
        }
        RestoredFiles after = restore();
        for (int i = 0; i < 2; i++) {
            FileDescription again = after.open.get(i);
            assertEquals("tent", read(again));
            assertEquals(open.get(i).stat().inode(), again.stat().inode());
            assertEquals(open.get(i).stat().modified(), again.stat().modified());
            assertEquals(open.get(i).stat().mode(), again.stat().mode());
            assertEquals(0, again.stat().links());
        }
        after.again().close();
        restored = Optional.empty();
    }

    @Test
    void aDirectoryOfTheHostThatIsGoneIsNamed() throws IOException {
        Path path = hostFile("x");
        openOnHost(true, Fcntl.O_RDONLY);
        SavedState saved = save();
        Files.delete(path);
        Files.delete(directory.resolve("host"));
        assertRefused(ErrorCode.HOST_FILE_CHANGED, "host", () -> RestoredFiles.of(files, saved, 1));
    }

    @Test
    void aFileOfAnOverlayIsOneFileInBothLayers() throws IOException {
        hostFile("lower");
        FileSystem lower = files.hostfs(directory.resolve("host"), true);
        files.own(lower);
        Location place =
                files.mount(
                        "overlay",
                        new OverlayFs(lower, files.numbers, files.memory, files.clock, 1 << 28),
                        Mount.Options.READ_WRITE);
        FileDescription reader = open(place, "file", Fcntl.O_RDONLY);
        RestoredFiles first = restore();
        VfsFileCalls calls = first.calls("overlay");
        assertEquals("wrote 5", calls.write("file", 0, 0, "upper"));
        assertEquals("upper", read(first.open.getFirst()), "whoever reads sees what is written");
        RestoredFiles second = first.again();
        restored = Optional.of(second);
        FileDescription again = second.open.getFirst();
        assertEquals(5, again.seek(0, Fs.SEEK_CUR));
        assertEquals(reader.stat().inode(), again.stat().inode());
        assertEquals("wrote 4", second.calls("overlay").write("file", 0, 5, "more"));
        assertEquals("more", read(again));
        assertEquals("lower", Files.readString(directory.resolve("host/file")));
    }

    @Test
    void aFileOfAnOverlayThatLostItsNameLivesOn() throws IOException {
        hostFile("lower");
        FileSystem lower = files.hostfs(directory.resolve("host"), true);
        files.own(lower);
        Location place =
                files.mount(
                        "overlay",
                        new OverlayFs(lower, files.numbers, files.memory, files.clock, 1 << 28),
                        Mount.Options.READ_WRITE);
        FileDescription before = open(place, "file", Fcntl.O_RDONLY);
        files.vfs.unlink(files.caller(0), place, PathName.of("file"));
        // With no name left, the copy lives by whoever has the file open.
        before.inode().setPermissions(0600);
        RestoredFiles after = restore();
        assertEquals("ENOENT", after.calls("overlay").stat("file", true));
        FileDescription again = after.open.getFirst();
        assertEquals("lower", read(again));
        assertEquals(0600, again.stat().permissions());
        assertEquals(0, again.stat().links());
    }
}

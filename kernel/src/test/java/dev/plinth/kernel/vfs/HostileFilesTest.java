package dev.plinth.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fs.overlay.OverlayFs;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.state.SavedState;
import dev.plinth.kernel.state.proto.DentryState;
import dev.plinth.kernel.state.proto.FilePagesState;
import dev.plinth.kernel.state.proto.LocationState;
import dev.plinth.kernel.state.proto.MountState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.RecordLockState;
import dev.plinth.kernel.state.proto.TmpfsEntryState;
import dev.plinth.kernel.state.proto.TmpfsInodeState;
import dev.plinth.kernel.vfs.linux.Fcntl;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/** Files as somebody hostile would have saved them: refused, whatever they say. */
@Timeout(120)
final class HostileFilesTest {
    private static final int MUTATIONS = 1500;

    @TempDir Path directory;

    private final TestingFiles files = new TestingFiles();
    private final List<FileDescription> open = new ArrayList<>();
    private SavedState saved;

    @BeforeEach
    void makeSomeOfEverything() throws IOException {
        Path lower = Files.createDirectory(directory.resolve("lower"));
        Files.writeString(lower.resolve("low"), "lower");
        FileSystem below = files.hostfs(lower, true);
        files.own(below);
        Location overlay =
                files.mount(
                        "overlay",
                        new OverlayFs(below, files.numbers, files.memory, files.clock, 1 << 28),
                        Mount.Options.READ_WRITE);
        Location tree = files.mount("tree", files.tmpfs(), Mount.Options.READ_WRITE);
        VfsFileCalls calls = files.calls(0, tree);
        calls.makeDirectory("a", 0755);
        calls.makeDirectory("a/b", 0755);
        calls.write("a/b/file", Fcntl.O_CREAT, 0, "content");
        calls.link("a/b/file", "linked");
        calls.symlink("a", "link");
        calls.makeFifo("fifo", 0600);
        open.add(open(tree, "a/b/file", Fcntl.O_RDWR));
        open.add(open(tree, "a/b", Fcntl.O_DIRECTORY));
        open.add(open(overlay, "low", Fcntl.O_RDONLY));
        open.add(open(tree, "linked", Fcntl.O_PATH));
        FileDescription file = open.getFirst();
        file.inode().setXattr("user.a", new byte[3], AttributeStore.XattrMode.ANY);
        file.inode().locks().set(new RecordLock(file, -1, true, 1, 2));
        saved = RestoredFiles.save(files, open);
    }

    @AfterEach
    void close() {
        open.forEach(FileDescription::close);
        files.close();
    }

    private FileDescription open(Location base, String path, int flags) {
        return files.vfs.open(files.caller(0), base, PathName.of(path), OpenHow.of(flags, 0));
    }

    /** Restores what was saved with each object of a kind changed. */
    private void assertDamage(KindCase kind, Consumer<ObjectState.Builder> change) {
        assertTrue(saved.count(kind) > 0, () -> "none is a " + kind);
        SavedState hostile =
                saved.with(object -> {
                    if (object.getKindCase() != kind) {
                        return object;
                    }
                    ObjectState.Builder changed = object.toBuilder();
                    change.accept(changed);
                    return changed.build();
                });
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> RestoredFiles.of(files, hostile, open.size()).close());
        assertEquals(ErrorCode.IMAGE_CORRUPT, e.code(), e.getMessage());
    }

    private void assertDentryRefused(Consumer<DentryState.Builder> change) {
        assertDamage(
                KindCase.DENTRY,
                object -> {
                    if (object.getDentry().getParentRef() != 0) {
                        change.accept(object.getDentryBuilder());
                    }
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "a/b", "a\0b"})
    void namesThatThereAreNotAreRefused(String name) {
        ByteString bytes = ByteString.copyFromUtf8(name);
        assertDentryRefused(dentry -> dentry.setName(bytes));
        assertDamage(
                KindCase.TMPFS_ENTRIES,
                object ->
                        object.getTmpfsEntriesBuilder()
                                .getEntriesBuilderList()
                                .forEach(entry -> entry.setName(bytes)));
    }

    @Test
    void dentriesInPlacesThatThereAreNotAreRefused() {
        assertDentryRefused(dentry -> dentry.setName(ByteString.copyFrom(new byte[256])));
        assertDentryRefused(dentry -> dentry.setInodeRef(0));
        assertDamage(
                KindCase.DENTRY,
                object -> object.getDentryBuilder().setParentRef(object.getNumber()));
        assertDentryRefused(dentry -> dentry.setParentRef(1));
        assertDentryRefused(dentry -> dentry.setParentRef(1_000_000));
    }

    @Test
    void dentriesInACircleAreRefused() {
        int[] refs = new int[2];
        assertDamage(
                KindCase.DENTRY,
                object -> {
                    if (refs[0] == 0) {
                        refs[0] = object.getNumber();
                    } else if (refs[1] == 0) {
                        refs[1] = object.getNumber();
                        object.getDentryBuilder().setParentRef(refs[0]);
                    }
                    if (object.getNumber() == refs[0]) {
                        object.getDentryBuilder().setParentRef(object.getNumber() + 1);
                    }
                });
    }

    private void assertMountRefused(Consumer<MountState.Builder> change) {
        assertDamage(KindCase.MOUNT, object -> change.accept(object.getMountBuilder()));
    }

    @Test
    void mountsThatAreNoTreeAreRefused() {
        assertMountRefused(mount -> mount.setId(1));
        assertMountRefused(mount -> mount.setId(-3));
        assertMountRefused(mount -> mount.setFileSystemRef(mount.getRootRef()));
        assertMountRefused(MountState.Builder::clearMountPoint);
        assertMountRefused(mount ->
                mount.setMountPoint(
                        LocationState.newBuilder()
                                .setMountRef(mount.getMountPoint().getMountRef())
                                .setDentryRef(mount.getRootRef())));
        assertDamage(KindCase.MOUNT_TREE, object -> object.getMountTreeBuilder().addMountRefs(1));
        assertDamage(KindCase.MOUNT_TREE, object -> object.getMountTreeBuilder().clearMountRefs());
    }

    /** Who stands on one would go round for ever. */
    @Test
    void mountsInACircleAreRefused() {
        Mount lone =
                new Mount(
                        1,
                        "lone",
                        files.mounts.root().mount().fileSystem(),
                        files.mounts.root().mount().root(),
                        Optional.empty(),
                        Mount.Options.READ_WRITE);
        FsContext standing = new FsContext(lone.rootLocation(), lone.rootLocation(), 0);
        SavedState state =
                SavedState.save(writer -> {
                    int _ = writer.reference(standing);
                    return RestoredFiles.kernel(files.numbers, files.mounts, writer);
                });
        RestoredFiles.requireContexts(files, state, 1);
        SavedState hostile =
                state.with(object -> {
                    if (!object.getMount().getSource().equals("lone")) {
                        return object;
                    }
                    ObjectState.Builder changed = object.toBuilder();
                    changed.getMountBuilder()
                            .setMountPoint(
                                    LocationState.newBuilder()
                                            .setMountRef(object.getNumber())
                                            .setDentryRef(object.getMount().getRootRef()));
                    return changed.build();
                });
        assertThrows(
                ImageCorruptException.class,
                () -> RestoredFiles.requireContexts(files, hostile, 1));
    }

    @Test
    void tasksStandInDirectories() {
        Location file = open.getFirst().location();
        Location anonymous =
                Mount.internal(new AnonymousFs("pipefs", 1, files.numbers)).rootLocation();
        Location root = files.mounts.root();
        for (FsContext nowhere :
                List.of(
                        new FsContext(file, root, 0),
                        new FsContext(root, file, 0),
                        new FsContext(anonymous, root, 0),
                        new FsContext(root, anonymous, 0))) {
            SavedState state =
                    SavedState.save(writer -> {
                        int _ = writer.reference(nowhere);
                        return RestoredFiles.kernel(files.numbers, files.mounts, writer);
                    });
            assertThrows(
                    ImageCorruptException.class,
                    () -> RestoredFiles.requireContexts(files, state, 1));
        }
    }

    private void assertAttributesRefused(Consumer<TmpfsInodeState.Builder> change) {
        assertDamage(
                KindCase.TMPFS_FILE,
                object -> change.accept(object.getTmpfsFileBuilder().getInodeBuilder()));
        assertDamage(
                KindCase.TMPFS_DIRECTORY,
                object -> change.accept(object.getTmpfsDirectoryBuilder().getInodeBuilder()));
    }

    @Test
    void attributesThatThereAreNotAreRefused() {
        assertAttributesRefused(inode -> inode.setLinks(inode.getLinks() + 2));
        assertAttributesRefused(inode -> inode.setLinks(-1));
        assertAttributesRefused(inode -> inode.setPermissions(0100644));
        assertAttributesRefused(inode -> inode.setNumber(1L << 40));
        assertAttributesRefused(inode -> inode.setNumber(0));
        assertAttributesRefused(inode -> inode.getModifiedBuilder().setNanos(1_000_000_000));
        assertAttributesRefused(inode -> inode.getBornBuilder().setSeconds(Long.MAX_VALUE));
        assertDamage(
                KindCase.TMPFS_FILE,
                object ->
                        object.getTmpfsFileBuilder()
                                .getInodeBuilder()
                                .getXattrsBuilder(0)
                                .setValue(ByteString.copyFrom(new byte[1 << 18])));
    }

    private void assertPagesRefused(Consumer<FilePagesState.Builder> change) {
        assertDamage(
                KindCase.TMPFS_FILE,
                object -> change.accept(object.getTmpfsFileBuilder().getPagesBuilder(0)));
    }

    @Test
    void pagesWhereThereAreNoneAreRefused() {
        assertPagesRefused(pages -> pages.setFileOffset(1));
        assertPagesRefused(pages -> pages.setFileOffset(-4096));
        assertPagesRefused(pages -> pages.setLength(0));
        assertPagesRefused(pages -> pages.setLength(-4096));
        assertPagesRefused(pages -> pages.setLength(1L << 50));
        assertPagesRefused(pages -> pages.setFileOffset(Long.MAX_VALUE - 4095));
        assertPagesRefused(pages -> pages.setMemoryOffset(1L << 45));
        assertPagesRefused(pages -> pages.setMemoryOffset(-4096));
        assertDamage(
                KindCase.TMPFS_FILE,
                object ->
                        object.getTmpfsFileBuilder()
                                .addPages(object.getTmpfsFileBuilder().getPages(0)));
        assertDamage(KindCase.TMPFS_FILE, object -> object.getTmpfsFileBuilder().setSize(-1));
        assertDamage(KindCase.TMPFS_FILE, object -> object.getTmpfsFileBuilder().setSeals(-1));
    }

    @Test
    void treesThatAreNoneAreRefused() {
        assertDamage(
                KindCase.TMPFS_ENTRIES,
                object ->
                        object.getTmpfsEntriesBuilder()
                                .addEntries(
                                        object.getTmpfsEntriesBuilder().getEntries(0).toBuilder()
                                                .setName(ByteString.copyFromUtf8("twice"))));
        assertDamage(
                KindCase.TMPFS_ENTRIES,
                object ->
                        object.getTmpfsEntriesBuilder()
                                .addEntries(
                                        TmpfsEntryState.newBuilder()
                                                .setName(ByteString.copyFromUtf8("none"))
                                                .setInodeRef(1)));
        assertDamage(
                KindCase.TMPFS_SYMLINK,
                object -> object.getTmpfsSymlinkBuilder().setTarget(ByteString.EMPTY));
        assertDamage(KindCase.TMPFS_NODE, object -> object.getTmpfsNodeBuilder().setType(0));
        assertDamage(KindCase.TMP_FS, object -> object.getTmpFsBuilder().setDevice(1L << 33));
        assertDamage(KindCase.TMP_FS, object -> object.getTmpFsBuilder().setLimitBytes(-1));
    }

    @Test
    void openFilesThatCannotBeAreRefused() {
        assertDamage(
                KindCase.TMPFS_DESCRIPTION,
                object -> object.getTmpfsDescriptionBuilder().getFileBuilder().setPosition(-1));
        assertDamage(
                KindCase.TMPFS_DESCRIPTION,
                object -> object.getTmpfsDescriptionBuilder().getFileBuilder().setOwnerKind(9));
        assertDamage(
                KindCase.TMPFS_DESCRIPTION,
                object -> object.getTmpfsDescriptionBuilder().getFileBuilder().clearLocation());
        assertDamage(
                KindCase.PATH_DESCRIPTION,
                object -> object.getPathDescriptionBuilder().getFileBuilder().setFlags(2));
        assertDamage(
                KindCase.OVERLAY_DESCRIPTION,
                object -> object.getOverlayDescriptionBuilder().setLayerFileRef(1));
        assertDamage(
                KindCase.FILE_LOCKS,
                object ->
                        object.getFileLocksBuilder()
                                .addRecords(
                                        RecordLockState.newBuilder()
                                                .setOwnerRef(2)
                                                .setExclusive(true)
                                                .setLast(5)));
        assertDamage(
                KindCase.FILE_LOCKS,
                object -> object.getFileLocksBuilder().getRecordsBuilder(0).setLast(0));
    }

    @Test
    void layersThatDoNotBelongTogetherAreRefused() {
        assertDamage(
                KindCase.OVERLAY_INODE,
                object -> object.getOverlayInodeBuilder().setLowerRef(0).setUpperRef(0));
        assertDamage(
                KindCase.OVERLAY_INODE,
                object -> object.getOverlayInodeBuilder().setCoveredNames(-1));
        assertDamage(KindCase.OVERLAY_FS, object -> object.getOverlayFsBuilder().addKeptRefs(1));
        assertDamage(
                KindCase.HOST_HANDLE,
                object -> object.getHostHandleBuilder().setName(ByteString.copyFromUtf8("../x")));
    }

    /** Whatever bits are turned: files, or a clear refusal, and nothing is left behind. */
    @ParameterizedTest
    @ValueSource(longs = {31, 32})
    void randomDamageIsRefusedOrHarmless(long seed) {
        Random random = new Random(seed);
        byte[] whole = saved.bytes();
        int refused = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] damaged = whole.clone();
            for (int count = 1 + random.nextInt(3); count > 0; count--) {
                damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try (RestoredFiles restored = RestoredFiles.of(files, damaged, open.size())) {
                assertEquals(open.size(), restored.open.size());
            } catch (SandboxException e) {
                refused++;
            }
        }
        assertTrue(refused > MUTATIONS / 4, "only " + refused + " were refused");
    }
}

package dev.plinth.kernel.fs.overlay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileSystemStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.SeekableDescription;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.VfsFileCalls;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** What others can do while a large file is copied up. */
@Timeout(60)
final class CopyUpTest {
    private final TestingFiles files = new TestingFiles();
    private final SlowFs lower = new SlowFs();
    private final Location place =
            files.mount(
                    "tree",
                    new OverlayFs(lower, files.numbers, files.memory, files.clock, 1 << 28),
                    Mount.Options.READ_WRITE);
    private final VfsFileCalls calls = files.calls(0, place);

    @AfterEach
    void close() {
        files.close();
    }

    @Test
    void othersWalkAndChangeTheTreeMeanwhile() throws InterruptedException {
        Thread copying = Thread.startVirtualThread(() -> calls.setPermissions("slow", 0600));
        lower.reading.await();
        assertEquals("REGULAR 644 1 5", calls.stat("slow", true));
        assertEquals("ok", calls.makeDirectory("directory", 0755));
        assertEquals("ok", calls.symlink("slow", "directory/link"));
        assertTrue(copying.isAlive());
        lower.goOn.countDown();
        copying.join();
        assertEquals("REGULAR 600 1 5", calls.stat("slow", true));
        assertEquals("'slow!'", calls.read("slow"));
    }

    @Test
    void aRenameWaitsForTheContentBeforeItTakesTheTree() throws InterruptedException {
        Thread moving = Thread.startVirtualThread(() -> calls.rename("slow", "moved", 0));
        lower.reading.await();
        assertEquals("ok", calls.makeDirectory("directory", 0755));
        lower.goOn.countDown();
        moving.join();
        assertFalse(moving.isAlive());
        assertEquals("'slow!'", calls.read("moved"));
        assertEquals("ENOENT", calls.read("slow"));
    }

    /** A file system of one file, which is read when the test says so. */
    private final class SlowFs extends FileSystem {
        private final CountDownLatch reading = new CountDownLatch(1);
        private final CountDownLatch goOn = new CountDownLatch(1);
        private final SlowRoot root;

        SlowFs() {
            super("slow", files.numbers.nextDevice());
            root = new SlowRoot(this);
        }

        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            throw new AssertionError("nobody saves it");
        }

        @Override
        public Directory root() {
            return root;
        }

        @Override
        public FileSystemStat stat() {
            return FileSystemStat.virtual(0);
        }

        private FileStat stat(Inode inode, int permissions, long size) {
            return new FileStat(
                    device(),
                    inode.number(),
                    inode.type(),
                    permissions,
                    1,
                    0,
                    0,
                    DeviceNumber.NONE,
                    size,
                    4096,
                    0,
                    Instant.EPOCH,
                    Instant.EPOCH,
                    Instant.EPOCH,
                    Instant.EPOCH);
        }
    }

    private final class SlowRoot extends Directory {
        private final SlowFs fileSystem;
        private final SlowFile file;

        SlowRoot(SlowFs fileSystem) {
            super(fileSystem, files.numbers.next());
            this.fileSystem = fileSystem;
            this.file = new SlowFile(fileSystem);
        }

        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            throw new AssertionError("nobody saves it");
        }

        @Override
        public FileStat stat() {
            return fileSystem.stat(this, 0755, 0);
        }

        @Override
        public Ownership ownership() {
            return new Ownership(0755, 0, 0);
        }

        @Override
        public Optional<Inode> lookup(PathName name) {
            return name.equals(PathName.of("slow")) ? Optional.of(file) : Optional.empty();
        }

        @Override
        public List<DirectoryEntry> entries() {
            return List.of(new DirectoryEntry(PathName.of("slow"), file.number(), file.type()));
        }
    }

    private final class SlowFile extends Inode {
        private final SlowFs fileSystem;

        SlowFile(SlowFs fileSystem) {
            super(fileSystem, files.numbers.next(), FileType.REGULAR);
            this.fileSystem = fileSystem;
        }

        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            throw new AssertionError("nobody saves it");
        }

        @Override
        public FileStat stat() {
            return fileSystem.stat(this, 0644, 5);
        }

        @Override
        public Ownership ownership() {
            return new Ownership(0644, 0, 0);
        }

        @Override
        public FileDescription open(Location location, int flags) {
            return new SlowDescription(location, flags, fileSystem);
        }
    }

    private static final class SlowDescription extends SeekableDescription {
        private final SlowFs fileSystem;

        SlowDescription(Location location, int flags, SlowFs fileSystem) {
            super(location, flags);
            this.fileSystem = fileSystem;
        }

        @Override
        public ObjectState.Builder saveState(StateWriter writer) {
            throw new AssertionError("nobody saves it");
        }

        @Override
        public long size() {
            return 5;
        }

        @Override
        public long readAt(IoBuffer destination, long offset) {
            fileSystem.reading.countDown();
            try {
                fileSystem.goOn.await();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            byte[] content = {'s', 'l', 'o', 'w', '!'};
            return destination.transfer(
                    5 - offset,
                    piece -> {
                        piece.copyFrom(
                                MemorySegment.ofArray(content).asSlice(offset, piece.byteSize()));
                        return piece.byteSize();
                    });
        }

        @Override
        public long overwrite(IoBuffer source, long offset) {
            throw new AssertionError("a lower layer is never written");
        }

        @Override
        public long append(IoBuffer source) {
            throw new AssertionError("a lower layer is never written");
        }
    }
}

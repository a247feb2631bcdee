package dev.plinth.kernel.fd;

import static dev.plinth.kernel.errno.ErrnoAssertions.assertErrno;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.OpenHow;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.linux.Fcntl;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.util.List;

final class FdTableTest {
    private static final int LIMIT = 20;

    private final TestingFiles files = new TestingFiles();
    private final FdTable table = new FdTable();

    /** Whatever a test leaves open is closed by the table, which the memory file confirms. */
    @AfterEach
    void close() {
        table.close();
        files.close();
    }

    private FileDescription open(int flags) {
        return files.vfs.open(
                files.caller(0),
                files.mounts.root(),
                PathName.of("file"),
                OpenHow.of(Fcntl.O_CREAT | Fcntl.O_RDWR | flags, 0644));
    }

    private int add() {
        return table.open(open(0), false, LIMIT);
    }

    @Test
    void theLowestFreeNumberIsGiven() {
        assertEquals(0, add());
        assertEquals(1, add());
        assertEquals(2, add());
        table.close(1);
        table.close(0);
        assertEquals(0, add());
        assertEquals(1, add());
        assertEquals(3, add());
        assertEquals(7, table.openFrom(7, open(0), false, LIMIT));
        assertEquals(8, table.openFrom(7, open(0), false, LIMIT));
        assertEquals(4, add());
        assertEquals(List.of(0, 1, 2, 3, 4, 7, 8), table.descriptors());
    }

    @Test
    void noNumberBeyondTheLimitIsGiven() {
        for (int i = 0; i < LIMIT; i++) {
            assertEquals(i, add());
        }
        assertErrno(Errno.EMFILE, this::add);
        assertErrno(Errno.EMFILE, () -> table.openFrom(LIMIT - 1, open(0), false, LIMIT));
        assertErrno(Errno.EINVAL, () -> table.openFrom(LIMIT, open(0), false, LIMIT));
        assertErrno(Errno.EINVAL, () -> table.openFrom(-1, open(0), false, LIMIT));
        assertErrno(Errno.EBADF, () -> table.replace(LIMIT, open(0), false, LIMIT));
        assertErrno(Errno.EBADF, () -> table.replace(-1, open(0), false, LIMIT));
    }

    @Test
    void aNumberThatIsNotOpenIsRefused() {
        assertErrno(Errno.EBADF, () -> table.get(0));
        assertErrno(Errno.EBADF, () -> table.get(-1));
        assertErrno(Errno.EBADF, () -> table.get(Integer.MAX_VALUE));
        assertErrno(Errno.EBADF, () -> table.close(0));
        assertErrno(Errno.EBADF, () -> table.setCloseOnExec(0, true));
    }

    @Test
    void aFileIsClosedWithItsLastDescriptorAndItsLastUser() {
        int fd = add();
        FileDescription used = table.get(fd);
        table.replace(9, table.get(fd), false, LIMIT);
        table.close(fd);
        try (FileDescription same = table.getAlsoPathOnly(9)) {
            assertSame(used, same);
        }
        table.close(9);
        assertTrue(used.tryRetain(), "a call in progress still holds it");
        used.close();
        used.close();
        assertFalse(used.tryRetain());
    }

    @Test
    void execClosesWhatIsMarked() {
        int kept = add();
        int closed = table.open(open(0), true, LIMIT);
        int marked = add();
        table.setCloseOnExecRange(marked, Integer.MAX_VALUE);
        assertTrue(table.isCloseOnExec(closed));
        assertFalse(table.isCloseOnExec(kept));
        table.closeOnExec();
        assertEquals(List.of(kept), table.descriptors());
    }

    @Test
    void aCopyChangesByItselfButSharesTheFiles() {
        int fd = add();
        try (FdTable copy = table.copy()) {
            table.close(fd);
            try (FileDescription file = copy.get(fd)) {
                assertEquals(0, file.seek(0, 0));
            }
            assertEquals(List.of(), table.descriptors());
        }
    }

    @Test
    void aSharedTableIsClosedByItsLastUser() {
        int fd = add();
        table.retain().close();
        table.get(fd).close();
    }

    @Test
    void aFileOpenForItsPathIsForNamingOnly() {
        add();
        int path =
                table.open(
                        files.vfs.open(
                                files.caller(0),
                                files.mounts.root(),
                                PathName.of("file"),
                                OpenHow.of(Fcntl.O_PATH, 0)),
                        false,
                        LIMIT);
        assertErrno(Errno.EBADF, () -> table.get(path));
        table.getAlsoPathOnly(path).close();
    }

    @Test
    void aRangeIsClosed() {
        for (int i = 0; i < 6; i++) {
            add();
        }
        table.closeRange(2, 4);
        assertEquals(List.of(0, 1, 5), table.descriptors());
        table.closeRange(1, Integer.MAX_VALUE);
        assertEquals(List.of(0), table.descriptors());
    }
}

package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.syscall.linux.ExpectedCalls.BAD;
import static dev.plinth.kernel.syscall.linux.ExpectedCalls.ROOM;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.boot.MockRun;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;

/**
 * Permissions, owners, times, sizes and extended attributes. The results are those that Linux 6.18
 * gave a C program that makes the same calls in the same order, as root.
 */
@Timeout(30)
final class AttributeSyscallsTest {
    private static final int AT_FDCWD = -100;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int O_RDWR_CREAT = 0102;
    private static final int O_PATH = 010000000;
    private static final int O_NOFOLLOW = 0400000;
    private static final long UTIME_NOW = (1 << 30) - 1;
    private static final long UTIME_OMIT = (1 << 30) - 2;

    private static final int OPEN = 2;
    private static final int STAT = 4;
    private static final int FSYNC = 74;
    private static final int FDATASYNC = 75;
    private static final int TRUNCATE = 76;
    private static final int FTRUNCATE = 77;
    private static final int MKDIR = 83;
    private static final int SYMLINK = 88;
    private static final int CHMOD = 90;
    private static final int FCHMOD = 91;
    private static final int CHOWN = 92;
    private static final int FCHOWN = 93;
    private static final int LCHOWN = 94;
    private static final int UMASK = 95;
    private static final int UTIME = 132;
    private static final int MKNOD = 133;
    private static final int SYNC = 162;
    private static final int READAHEAD = 187;
    private static final int SETXATTR = 188;
    private static final int LSETXATTR = 189;
    private static final int FSETXATTR = 190;
    private static final int GETXATTR = 191;
    private static final int LGETXATTR = 192;
    private static final int FGETXATTR = 193;
    private static final int LISTXATTR = 194;
    private static final int LLISTXATTR = 195;
    private static final int FLISTXATTR = 196;
    private static final int REMOVEXATTR = 197;
    private static final int LREMOVEXATTR = 198;
    private static final int FREMOVEXATTR = 199;
    private static final int FADVISE64 = 221;
    private static final int UTIMES = 235;
    private static final int FCHOWNAT = 260;
    private static final int FUTIMESAT = 261;
    private static final int FCHMODAT = 268;
    private static final int UTIMENSAT = 280;
    private static final int FALLOCATE = 285;
    private static final int SYNCFS = 306;
    private static final int FCHMODAT2 = 452;

    /** The descriptors that {@link #prepare} opens. */
    private static final int FILE = 0;

    private static final int READ_ONLY = 1;
    private static final int PATH_ONLY = 2;
    private static final int DIRECTORY = 3;
    private static final int LINK = 4;
    private static final int WRITE_ONLY = 5;
    private static final int DEVICE = 6;

    @TempDir private Path rootfs;

    private void run(ExpectedCalls.Script script) throws Exception {
        ExpectedCalls.run(
                new MockRun(rootfs),
                calls -> {
                    prepare(calls);
                    script.run(calls);
                });
    }

    private static void prepare(ExpectedCalls calls) {
        calls.call(UMASK, 022);
        calls.expect(FILE, OPEN, "/f", O_RDWR_CREAT, 0644);
        calls.expect(READ_ONLY, OPEN, "/f", 0);
        calls.expect(PATH_ONLY, OPEN, "/f", O_PATH);
        calls.expect(0, MKDIR, "/d", 0755);
        calls.expect(DIRECTORY, OPEN, "/d", 0);
        calls.expect(0, SYMLINK, "f", "/l");
        calls.expect(LINK, OPEN, "/l", O_PATH | O_NOFOLLOW);
        calls.expect(0, MKNOD, "/p", 010644, 0);
        calls.expect(WRITE_ONLY, OPEN, "/f", 1);
        calls.expect(DEVICE, OPEN, "/dev/null", 2);
    }

    private static int modeOf(ExpectedCalls calls, String path) {
        calls.expect(0, STAT, path, ROOM);
        return calls.guest().loadInt(ROOM + 24);
    }

    @Test
    void permissionsAreSetByPathAndByDescriptor() throws Exception {
        run(calls -> {
            calls.expect(0, CHMOD, "f", 0100777777);
            assertEquals(0107777, modeOf(calls, "f"));
            calls.expect(Errno.ENOENT, CHMOD, "", 0);
            calls.expect(Errno.ENOENT, CHMOD, "nope", 0);
            calls.expect(Errno.EFAULT, CHMOD, BAD, 0);
            calls.expect(Errno.ENOTDIR, CHMOD, "f/x", 0);
            calls.expect(Errno.EBADF, FCHMOD, PATH_ONLY, 0);
            calls.expect(Errno.EBADF, FCHMOD, -1, 0);
            calls.expect(0, FCHMOD, READ_ONLY, 0600);
            assertEquals(0100600, modeOf(calls, "f"));
            calls.expect(Errno.ENOENT, FCHMODAT, DIRECTORY, "nope", 0);
            calls.expect(Errno.EBADF, FCHMODAT, 99, "f", 0);
            calls.expect(Errno.ENOTDIR, FCHMODAT, FILE, "f", 0);
            calls.expect(0, FCHMODAT, AT_FDCWD, "f", 0644);
            calls.expect(Errno.EOPNOTSUPP, FCHMODAT2, AT_FDCWD, "l", 0, AT_SYMLINK_NOFOLLOW);
            calls.expect(0, FCHMODAT2, AT_FDCWD, "l", 0644, 0);
            calls.expect(0, FCHMODAT2, FILE, "", 0644, AT_EMPTY_PATH);
            calls.expect(0, FCHMODAT2, PATH_ONLY, "", 0644, AT_EMPTY_PATH);
            calls.expect(Errno.ENOENT, FCHMODAT2, FILE, "", 0644, 0);
            calls.expect(Errno.EINVAL, FCHMODAT2, 99, "nope", 0644, 0x800);
            calls.expect(Errno.EFAULT, FCHMODAT2, 99, BAD, 0644, AT_EMPTY_PATH);
            calls.expect(Errno.EFAULT, FCHMODAT2, FILE, 0, 0644, AT_EMPTY_PATH);
            calls.expect(0, FCHMODAT2, AT_FDCWD, "", 0755, AT_EMPTY_PATH);
            calls.expect(022, UMASK, 0177777);
            calls.expect(0777, UMASK, 022);
        });
    }

    @Test
    void aNewOwnerTakesTheSetIdBitsAway() throws Exception {
        run(calls -> {
            calls.expect(0, CHOWN, "f", -1, -1);
            calls.expect(0, LCHOWN, "l", 0, 0);
            calls.expect(Errno.EBADF, FCHOWN, PATH_ONLY, 0, 0);
            calls.expect(0, FCHOWN, READ_ONLY, 0, 0);
            calls.expect(0, FCHOWNAT, AT_FDCWD, "l", 0, 0, AT_SYMLINK_NOFOLLOW);
            calls.expect(0, FCHOWNAT, PATH_ONLY, "", 0, 0, AT_EMPTY_PATH);
            calls.expect(Errno.ENOENT, FCHOWNAT, PATH_ONLY, "", 0, 0, 0);
            calls.expect(Errno.EINVAL, FCHOWNAT, 99, BAD, 0, 0, 0x200);
            calls.expect(0, CHMOD, "f", 06755);
            calls.expect(0, CHOWN, "f", 7, 8);
            assertEquals(0100755, modeOf(calls, "f"));
            assertEquals(7, calls.guest().loadInt(ROOM + 28));
            assertEquals(8, calls.guest().loadInt(ROOM + 32));
        });
    }

    @Test
    void timesAreCheckedInTheOrderOfLinux() throws Exception {
        long both = ROOM + 0x200;
        long omitted = ROOM + 0x240;
        long bad = ROOM + 0x280;
        long onlyModified = ROOM + 0x2c0;
        long badMicros = ROOM + 0x300;
        run(calls -> {
            calls.store(0x200, 5, 6, 7, 8);
            calls.store(0x240, 0, UTIME_OMIT, 0, UTIME_OMIT);
            calls.store(0x280, 0, 1_000_000_000, 0, 0);
            calls.store(0x2c0, 9, UTIME_OMIT, 70, 80);
            calls.store(0x300, 0, 1_000_000, 0, 0);
            calls.expect(0, UTIME, "f", 0);
            calls.expect(Errno.EFAULT, UTIME, "nope", BAD);
            calls.expect(Errno.ENOENT, UTIME, "nope", 0);
            calls.expect(0, UTIMES, "f", both);
            calls.expect(Errno.EINVAL, UTIMES, "f", badMicros);
            calls.expect(Errno.EINVAL, UTIMES, "nope", badMicros);
            calls.expect(Errno.EFAULT, UTIMES, "nope", BAD);
            calls.expect(Errno.EFAULT, UTIMES, 0, both);
            calls.expect(0, FUTIMESAT, AT_FDCWD, "f", both);
            calls.expect(0, FUTIMESAT, FILE, 0, both);
            calls.expect(Errno.EBADF, FUTIMESAT, PATH_ONLY, 0, both);
            calls.expect(Errno.EFAULT, FUTIMESAT, AT_FDCWD, 0, both);
            calls.expect(Errno.EINVAL, FUTIMESAT, 99, 0, badMicros);
            calls.expect(0, UTIMENSAT, AT_FDCWD, "nope", omitted, 0);
            calls.expect(0, UTIMENSAT, AT_FDCWD, "nope", omitted, 0x800);
            calls.expect(0, UTIMENSAT, 99, 0, omitted, 0);
            calls.expect(Errno.ENOENT, UTIMENSAT, AT_FDCWD, "nope", bad, 0);
            calls.expect(Errno.EINVAL, UTIMENSAT, AT_FDCWD, "f", bad, 0);
            calls.expect(Errno.EINVAL, UTIMENSAT, AT_FDCWD, "f", both, 0x800);
            calls.expect(0, UTIMENSAT, FILE, 0, both, 0);
            calls.expect(Errno.EBADF, UTIMENSAT, PATH_ONLY, 0, both, 0);
            calls.expect(Errno.EINVAL, UTIMENSAT, FILE, 0, both, AT_SYMLINK_NOFOLLOW);
            calls.expect(Errno.EINVAL, UTIMENSAT, FILE, 0, both, AT_EMPTY_PATH);
            calls.expect(0, UTIMENSAT, PATH_ONLY, "", both, AT_EMPTY_PATH);
            calls.expect(0, UTIMENSAT, LINK, "", both, AT_EMPTY_PATH);
            calls.expect(Errno.EFAULT, UTIMENSAT, AT_FDCWD, 0, both, 0);
            calls.expect(Errno.ENOENT, UTIMENSAT, FILE, "", both, 0);
            calls.expect(Errno.EFAULT, UTIMENSAT, 99, "f", BAD, 0x800);
            calls.expect(0, UTIMENSAT, AT_FDCWD, "l", both, AT_SYMLINK_NOFOLLOW);
            calls.expect(0, UTIMENSAT, AT_FDCWD, "f", onlyModified, 0);
            calls.expect(0, STAT, "f", ROOM);
            assertEquals(5, calls.guest().loadLong(ROOM + 72));
            assertEquals(6, calls.guest().loadLong(ROOM + 80));
            assertEquals(70, calls.guest().loadLong(ROOM + 88));
            assertEquals(80, calls.guest().loadLong(ROOM + 96));
            calls.store(0x240, Long.MAX_VALUE, 0, Long.MIN_VALUE, UTIME_NOW);
            calls.expect(0, UTIMENSAT, AT_FDCWD, "f", omitted, 0);
            calls.expect(0, UTIMENSAT, AT_FDCWD, "f", 0, 0);
            calls.expect(0, UTIMENSAT, AT_FDCWD, "", both, AT_EMPTY_PATH);
            calls.expect(Errno.EFAULT, UTIMENSAT, AT_FDCWD, 0, both, AT_EMPTY_PATH);
            calls.expect(Errno.EBADF, UTIMENSAT, 99, "f", bad, 0);
        });
    }

    @Test
    void onlyRegularFilesHaveASizeToSet() throws Exception {
        run(calls -> {
            calls.expect(Errno.EINVAL, TRUNCATE, "nope", -1);
            calls.expect(0, TRUNCATE, "f", 100);
            calls.expect(0, STAT, "f", ROOM);
            assertEquals(100, calls.guest().loadLong(ROOM + 48));
            calls.expect(Errno.EISDIR, TRUNCATE, "d", 0);
            calls.expect(Errno.EINVAL, TRUNCATE, "p", 0);
            calls.expect(Errno.EINVAL, TRUNCATE, "/dev/null", 0);
            calls.expect(Errno.EFAULT, TRUNCATE, BAD, 0);
            calls.expect(Errno.EINVAL, FTRUNCATE, 99, -1);
            calls.expect(Errno.EBADF, FTRUNCATE, PATH_ONLY, 0);
            calls.expect(Errno.EINVAL, FTRUNCATE, READ_ONLY, 0);
            calls.expect(Errno.EINVAL, FTRUNCATE, DIRECTORY, 0);
            calls.expect(Errno.EINVAL, FTRUNCATE, DEVICE, 0);
            calls.expect(0, FTRUNCATE, FILE, 10);
        });
    }

    @Test
    void roomIsAllocatedInFilesOpenForWriting() throws Exception {
        run(calls -> {
            calls.expect(Errno.EBADF, FALLOCATE, 99, 0, -1, 0);
            calls.expect(Errno.EBADF, FALLOCATE, READ_ONLY, 0, 0, 10);
            calls.expect(Errno.EINVAL, FALLOCATE, READ_ONLY, 0, 0, 0);
            calls.expect(Errno.EINVAL, FALLOCATE, FILE, 0, -1, 1);
            calls.expect(0, FALLOCATE, FILE, 0, 0, 4096);
            calls.expect(0, FALLOCATE, FILE, 1, 0, 8192);
            calls.expect(Errno.EOPNOTSUPP, FALLOCATE, FILE, 2, 0, 1);
            calls.expect(0, FALLOCATE, FILE, 3, 0, 1);
            calls.expect(0, FALLOCATE, FILE, 0x10, 0, 1);
            calls.expect(Errno.EOPNOTSUPP, FALLOCATE, FILE, 8, 0, 4096);
            calls.expect(Errno.EOPNOTSUPP, FALLOCATE, FILE, 0x100, 0, 1);
            calls.expect(Errno.EOPNOTSUPP, FALLOCATE, READ_ONLY, 0x1000, 0, 1);
            calls.expect(Errno.EOPNOTSUPP, FALLOCATE, FILE, 0x12, 0, 1);
            calls.expect(Errno.EFBIG, FALLOCATE, FILE, 0, Long.MAX_VALUE, 1);
            calls.expect(Errno.EBADF, FALLOCATE, DIRECTORY, 0, 0, 1);
            calls.expect(Errno.ENODEV, FALLOCATE, DEVICE, 0, 0, 1);
            calls.expect(Errno.EBADF, FALLOCATE, PATH_ONLY, 0, 0, 1);
            calls.expect(0, STAT, "f", ROOM);
            assertEquals(4096, calls.guest().loadLong(ROOM + 48));
        });
    }

    @Test
    void whatCanBeSyncedIsSynced() throws Exception {
        run(calls -> {
            calls.expect(Errno.EBADF, FSYNC, 99);
            calls.expect(0, FSYNC, FILE);
            calls.expect(0, FSYNC, READ_ONLY);
            calls.expect(Errno.EBADF, FSYNC, PATH_ONLY);
            calls.expect(0, FSYNC, DIRECTORY);
            calls.expect(Errno.EINVAL, FSYNC, DEVICE);
            calls.expect(0, FDATASYNC, FILE);
            calls.expect(0, SYNC);
            calls.expect(Errno.EBADF, SYNCFS, 99);
            calls.expect(Errno.EBADF, SYNCFS, PATH_ONLY);
            calls.expect(0, SYNCFS, DIRECTORY);
        });
    }

    @Test
    void adviceIsCheckedAndThenIgnored() throws Exception {
        run(calls -> {
            calls.expect(Errno.EBADF, FADVISE64, 99, 0, 0, 0);
            calls.expect(Errno.EBADF, FADVISE64, PATH_ONLY, 0, 0, 0);
            calls.expect(Errno.EINVAL, FADVISE64, FILE, 0, 0, 9);
            calls.expect(Errno.EINVAL, FADVISE64, FILE, 0, -1, 0);
            calls.expect(0, FADVISE64, FILE, -5, 1, 0);
            calls.expect(0, FADVISE64, DIRECTORY, 0, 0, 0);
            calls.expect(0, FADVISE64, DEVICE, 0, 0, 3);
            calls.expect(Errno.EINVAL, FADVISE64, DEVICE, 0, 0, 7);
            calls.expect(0, FADVISE64, FILE, 0, 0, 5);
            calls.expect(Errno.EBADF, READAHEAD, 99, 0, 0);
            calls.expect(0, READAHEAD, FILE, 0, 10);
            calls.expect(Errno.EBADF, READAHEAD, WRITE_ONLY, 0, 10);
            calls.expect(Errno.EINVAL, READAHEAD, DIRECTORY, 0, 10);
            calls.expect(Errno.EINVAL, READAHEAD, DEVICE, 0, 1);
            calls.expect(0, READAHEAD, FILE, -1, 10);
            calls.expect(Errno.EBADF, READAHEAD, PATH_ONLY, 0, 10);
            calls.expect(Errno.EINVAL, READAHEAD, FILE, 0, -1);
        });
    }

    @Test
    void extendedAttributesAreLookedForWhereThereAreNone() throws Exception {
        String tooLong = "user." + "x".repeat(251);
        String longest = "user." + "x".repeat(250);
        run(calls -> {
            calls.expect(Errno.ENODATA, GETXATTR, "f", "user.x", ROOM, 100);
            calls.expect(Errno.ENODATA, GETXATTR, "f", "user.x", 0, 0);
            calls.expect(Errno.ERANGE, GETXATTR, "f", "", ROOM, 10);
            calls.expect(Errno.ERANGE, GETXATTR, "f", tooLong, ROOM, 10);
            calls.expect(Errno.ENODATA, GETXATTR, "f", longest, ROOM, 10);
            calls.expect(Errno.EFAULT, GETXATTR, "f", BAD, ROOM, 10);
            calls.expect(Errno.EFAULT, GETXATTR, BAD, "user.x", ROOM, 10);
            calls.expect(Errno.ENOENT, GETXATTR, "nope", "user.x", ROOM, 10);
            calls.expect(Errno.ERANGE, GETXATTR, "nope", "", ROOM, 10);
            calls.expect(Errno.ENOENT, GETXATTR, "", "user.x", ROOM, 10);
            calls.expect(Errno.EOPNOTSUPP, GETXATTR, "f", "foo", ROOM, 10);
            calls.expect(Errno.ENODATA, GETXATTR, "f", "trusted.x", ROOM, 10);
            calls.expect(Errno.ENODATA, GETXATTR, "f", "security.capability", ROOM, 10);
            calls.expect(Errno.EOPNOTSUPP, GETXATTR, "f", "system.posix_acl_access", ROOM, 10);
            calls.expect(Errno.ENODATA, GETXATTR, "d", "user.x", ROOM, 10);
            calls.expect(Errno.ENODATA, LGETXATTR, "l", "user.x", ROOM, 10);
            calls.expect(Errno.ENODATA, GETXATTR, "/dev/null", "user.x", ROOM, 10);
            calls.expect(Errno.EBADF, FGETXATTR, PATH_ONLY, "user.x", ROOM, 10);
            calls.expect(Errno.EBADF, FGETXATTR, 99, "user.x", ROOM, 10);
            calls.expect(Errno.ERANGE, FGETXATTR, 99, "", ROOM, 10);
            calls.expect(Errno.EFAULT, FGETXATTR, 99, BAD, ROOM, 10);
            calls.expect(0, LISTXATTR, "f", ROOM, 100);
            calls.expect(0, LISTXATTR, "f", BAD, 100);
            calls.expect(Errno.ENOENT, LISTXATTR, "nope", ROOM, 10);
            calls.expect(Errno.EFAULT, LISTXATTR, BAD, ROOM, 10);
            calls.expect(0, LLISTXATTR, "l", ROOM, 10);
            calls.expect(0, FLISTXATTR, FILE, ROOM, 100);
            calls.expect(Errno.EBADF, FLISTXATTR, PATH_ONLY, ROOM, 10);
            calls.expect(Errno.EBADF, FLISTXATTR, 99, ROOM, 10);
        });
    }

    @Test
    void extendedAttributesAreCheckedBeforeTheyAreSet() throws Exception {
        run(calls -> {
            calls.store(0, 0, 0, 0, 0);
            calls.guest().storeInt(ROOM, 0x0200_0000);
            calls.guest().storeInt(ROOM + 64, 2);
            calls.expect(Errno.EINVAL, SETXATTR, "nope", "", BAD, 70000, 8);
            calls.expect(Errno.ERANGE, SETXATTR, "nope", "", BAD, 70000, 1);
            calls.expect(Errno.EFAULT, SETXATTR, "nope", BAD, BAD, 70000, 3);
            calls.expect(Errno.E2BIG, SETXATTR, "nope", "user.x", BAD, 70000, 3);
            calls.expect(Errno.EFAULT, SETXATTR, "nope", "user.x", BAD, 1, 3);
            calls.expect(Errno.ENOENT, SETXATTR, "nope", "user.x", "1", 1, 3);
            calls.expect(Errno.ENOENT, SETXATTR, "nope", "user.x", BAD, 0, 0);
            calls.expect(0, SETXATTR, "f", "user.x", "1", 1, 0);
            calls.expect(Errno.EOPNOTSUPP, SETXATTR, "f", "foo", "1", 1, 0);
            calls.expect(0, SETXATTR, "f", "trusted.x", "1", 1, 0);
            calls.expect(0, SETXATTR, "f", "security.x", "1", 1, 0);
            calls.expect(Errno.EINVAL, SETXATTR, "f", "security.capability", "1", 1, 0);
            calls.expect(0, SETXATTR, "f", "security.capability", ROOM, 20, 0);
            calls.expect(Errno.EINVAL, SETXATTR, "f", "system.posix_acl_access", "1", 1, 0);
            calls.expect(
                    Errno.EOPNOTSUPP, SETXATTR, "f", "system.posix_acl_access", ROOM + 64, 4, 0);
            calls.expect(Errno.EOPNOTSUPP, SETXATTR, "f", "system.posix_acl_access", 0, 0, 0);
            calls.expect(Errno.EPERM, LSETXATTR, "l", "user.x", "1", 1, 0);
            calls.expect(0, LSETXATTR, "l", "trusted.x", "1", 1, 0);
            calls.expect(0, SETXATTR, "d", "user.x", "1", 1, 0);
            calls.expect(Errno.EPERM, SETXATTR, "/dev/null", "user.x", "1", 1, 0);
            calls.expect(Errno.EBADF, FSETXATTR, PATH_ONLY, "user.x", "1", 1, 0);
            calls.expect(Errno.EBADF, FSETXATTR, 99, "user.x", "1", 1, 0);
            calls.expect(Errno.EINVAL, FSETXATTR, 99, "user.x", "1", 1, 8);
            calls.expect(Errno.EFAULT, FSETXATTR, 99, "user.x", BAD, 1, 0);
            calls.expect(Errno.ERANGE, REMOVEXATTR, "nope", "");
            calls.expect(Errno.EFAULT, REMOVEXATTR, "nope", BAD);
            calls.expect(Errno.ENOENT, REMOVEXATTR, "nope", "user.x");
            calls.expect(Errno.ENODATA, REMOVEXATTR, "f", "user.q");
            calls.expect(0, REMOVEXATTR, "f", "security.capability");
            calls.expect(Errno.EPERM, LREMOVEXATTR, "l", "user.x");
            calls.expect(Errno.ERANGE, FREMOVEXATTR, 99, "");
            calls.expect(Errno.EBADF, FREMOVEXATTR, 99, "user.q");
            calls.expect(Errno.ENODATA, FREMOVEXATTR, FILE, "user.q");
        });
    }
}

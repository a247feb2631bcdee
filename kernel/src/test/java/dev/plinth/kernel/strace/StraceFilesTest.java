package dev.plinth.kernel.strace;

import static dev.plinth.kernel.strace.GuestTrace.ATTRIBUTE;
import static dev.plinth.kernel.strace.GuestTrace.AT_FDCWD;
import static dev.plinth.kernel.strace.GuestTrace.BYTES;
import static dev.plinth.kernel.strace.GuestTrace.DIRECTORY;
import static dev.plinth.kernel.strace.GuestTrace.EMPTY;
import static dev.plinth.kernel.strace.GuestTrace.FILE;
import static dev.plinth.kernel.strace.GuestTrace.LINK;
import static dev.plinth.kernel.strace.GuestTrace.NOPE;
import static dev.plinth.kernel.strace.GuestTrace.X;
import static dev.plinth.kernel.strace.GuestTrace.Y;
import static dev.plinth.kernel.strace.GuestTrace.assertTrace;
import static dev.plinth.kernel.strace.GuestTrace.storeLongs;
import static dev.plinth.kernel.strace.GuestTrace.traceOf;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

/** Traces of calls that name files. */
@Timeout(30)
final class StraceFilesTest {
    @TempDir private Path rootfs;

    @Test
    void showsOpening() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            guest.syscall(2, FILE, 0);
                            guest.syscall(257, AT_FDCWD, FILE, 0x80000);
                            guest.syscall(257, AT_FDCWD, NOPE, 0x10800);
                            guest.syscall(257, 0, FILE, 0xc2, 0600);
                            guest.syscall(257, AT_FDCWD, NOPE, 0x20601);
                            guest.syscall(257, AT_FDCWD, FILE, 0x101000);
                            guest.syscall(257, AT_FDCWD, FILE, 0x200000);
                            guest.syscall(257, AT_FDCWD, DIRECTORY, 0x10000);
                            storeLongs(guest, X, 0, 0, 8);
                            guest.syscall(437, AT_FDCWD, FILE, X, 24);
                            guest.syscall(437, AT_FDCWD, FILE, X, 4);
                            guest.syscall(2, 1, 0);
                            guest.syscall(2, 0, 0);
                            guest.syscall(257, AT_FDCWD, 0, 0x40000000);
                            guest.syscall(257, AT_FDCWD, 0, 0x6f7000, 0400);
                            guest.syscall(3, 77);
                            guest.syscall(436, 70, 0xffffffffL, 4);
                            guest.syscall(436, 1000, 5, 7);
                            guest.syscall(436, 1000, 5, 0x70);
                        });
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                openat(AT_FDCWD, "file", O_RDONLY|O_CLOEXEC) = 1
                openat(AT_FDCWD, "nope", O_RDONLY|O_NONBLOCK|O_DIRECTORY) = -1 ENOENT (No such file or directory)
                openat(0, "file", O_RDWR|O_CREAT|O_EXCL, 0600) = -1 ENOTDIR (Not a directory)
                openat(AT_FDCWD, "nope", O_WRONLY|O_TRUNC|O_APPEND|O_NOFOLLOW) = -1 ENOENT (No such file or directory)
                openat(AT_FDCWD, "file", O_RDONLY|O_SYNC) = 2
                openat(AT_FDCWD, "file", O_RDONLY|O_PATH) = 3
                openat(AT_FDCWD, "dir", O_RDONLY|O_DIRECTORY) = 4
                openat2(AT_FDCWD, "file", {flags=O_RDONLY, resolve=RESOLVE_BENEATH}, 24) = 5
                openat2(AT_FDCWD, "file", 0x602000, 4) = -1 EINVAL (Invalid argument)
                open(0x1, O_RDONLY) = -1 EFAULT (Bad address)
                open(NULL, O_RDONLY) = -1 EFAULT (Bad address)
                openat(AT_FDCWD, NULL, O_RDONLY|0x40000000) = -1 EFAULT (Bad address)
                openat(AT_FDCWD, NULL, O_RDONLY|O_DSYNC|O_DIRECT|O_NOFOLLOW|O_NOATIME|O_CLOEXEC|O_PATH|O_TMPFILE|FASYNC, 0400) = -1 EFAULT (Bad address)
                close(77) = -1 EBADF (Bad file descriptor)
                close_range(70, 4294967295, CLOSE_RANGE_CLOEXEC) = 0
                close_range(1000, 5, CLOSE_RANGE_UNSHARE|CLOSE_RANGE_CLOEXEC|0x1) = -1 EINVAL (Invalid argument)
                close_range(1000, 5, 0x70 /* CLOSE_RANGE_??? */) = -1 EINVAL (Invalid argument)
                """,
                lines);
    }

    @Test
    void showsAttributesOfFiles() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            guest.syscall(2, FILE, 0);
                            guest.syscall(4, FILE, X);
                            guest.syscall(6, LINK, X);
                            guest.syscall(5, 0, X);
                            guest.syscall(262, 0, EMPTY, X, 0x1000);
                            guest.syscall(262, AT_FDCWD, NOPE, X, 0x100);
                            guest.syscall(332, AT_FDCWD, NOPE, 0, 0x7ff, X);
                            guest.syscall(332, AT_FDCWD, NOPE, 0x4800, 0x203, X);
                            guest.syscall(332, AT_FDCWD, NOPE, 0, 0xfff, X);
                            guest.syscall(21, FILE, 4);
                            guest.syscall(21, NOPE, 5);
                            guest.syscall(21, FILE, 8);
                            guest.syscall(269, AT_FDCWD, NOPE, 0);
                            guest.syscall(439, AT_FDCWD, NOPE, 2, 0x300);
                            guest.syscall(89, LINK, BYTES, 100);
                            guest.syscall(267, AT_FDCWD, FILE, BYTES, 100);
                            guest.syscall(89, LINK, BYTES, 2);
                            guest.syscall(137, NOPE, Y);
                        });
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                stat("file", {st_mode=S_IFREG|0644, st_size=5, ...}) = 0
                lstat("link", {st_mode=S_IFLNK|0777, st_size=4, ...}) = 0
                fstat(0, {st_mode=S_IFREG|0644, st_size=5, ...}) = 0
                newfstatat(0, "", {st_mode=S_IFREG|0644, st_size=5, ...}, AT_EMPTY_PATH) = 0
                newfstatat(AT_FDCWD, "nope", 0x602000, AT_SYMLINK_NOFOLLOW) = -1 ENOENT (No such file or directory)
                statx(AT_FDCWD, "nope", AT_STATX_SYNC_AS_STAT, STATX_BASIC_STATS, 0x602000) = -1 ENOENT (No such file or directory)
                statx(AT_FDCWD, "nope", AT_STATX_DONT_SYNC|AT_NO_AUTOMOUNT, STATX_TYPE|STATX_MODE|STATX_SIZE, 0x602000) = -1 ENOENT (No such file or directory)
                statx(AT_FDCWD, "nope", AT_STATX_SYNC_AS_STAT, STATX_ALL, 0x602000) = -1 ENOENT (No such file or directory)
                access("file", R_OK) = 0
                access("nope", R_OK|X_OK) = -1 ENOENT (No such file or directory)
                access("file", 0x8 /* ?_OK */) = -1 EINVAL (Invalid argument)
                faccessat(AT_FDCWD, "nope", F_OK) = -1 ENOENT (No such file or directory)
                faccessat2(AT_FDCWD, "nope", W_OK, AT_SYMLINK_NOFOLLOW|AT_EACCESS) = -1 ENOENT (No such file or directory)
                readlink("link", "file", 100) = 4
                readlinkat(AT_FDCWD, "file", 0x601000, 100) = -1 EINVAL (Invalid argument)
                readlink("link", "fi", 2) = 2
                statfs("nope", 0x602100) = -1 ENOENT (No such file or directory)
                """,
                lines);
    }

    @Test
    void showsDirectories() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            guest.syscall(2, DIRECTORY, 0);
                            guest.syscall(217, 0, X, 4096);
                            guest.syscall(217, 0, X, 4096);
                            guest.syscall(217, 77, X, 4096);
                            guest.syscall(79, BYTES, 4096);
                            guest.syscall(79, BYTES, 0);
                            guest.syscall(80, NOPE);
                            guest.syscall(83, FILE, 0755);
                            guest.syscall(258, 0, EMPTY, 0);
                            guest.syscall(263, AT_FDCWD, NOPE, 0x200);
                            guest.syscall(82, NOPE, FILE);
                            guest.syscall(316, AT_FDCWD, NOPE, AT_FDCWD, FILE, 1);
                            guest.syscall(265, AT_FDCWD, NOPE, AT_FDCWD, FILE, 0x400);
                            guest.syscall(266, NOPE, AT_FDCWD, FILE);
                            guest.syscall(133, FILE, 0100644, 0);
                            guest.syscall(133, FILE, 0020644, 0x103);
                            guest.syscall(259, AT_FDCWD, FILE, 0010644, 0);
                        });
        assertTrace(
                """
                open("dir", O_RDONLY) = 0
                getdents64(0, 0x602000 /* 2 entries */, 4096) = 48
                getdents64(0, 0x602000 /* 0 entries */, 4096) = 0
                getdents64(77, 0x602000, 4096) = -1 EBADF (Bad file descriptor)
                getcwd("/", 4096) = 2
                getcwd(0x601000, 0) = -1 ERANGE (Numerical result out of range)
                chdir("nope") = -1 ENOENT (No such file or directory)
                mkdir("file", 0755) = -1 EEXIST (File exists)
                mkdirat(0, "", 000) = -1 ENOENT (No such file or directory)
                unlinkat(AT_FDCWD, "nope", AT_REMOVEDIR) = -1 ENOENT (No such file or directory)
                rename("nope", "file") = -1 ENOENT (No such file or directory)
                renameat2(AT_FDCWD, "nope", AT_FDCWD, "file", RENAME_NOREPLACE) = -1 ENOENT (No such file or directory)
                linkat(AT_FDCWD, "nope", AT_FDCWD, "file", AT_SYMLINK_FOLLOW) = -1 ENOENT (No such file or directory)
                symlinkat("nope", AT_FDCWD, "file") = -1 EEXIST (File exists)
                mknod("file", S_IFREG|0644) = -1 EEXIST (File exists)
                mknod("file", S_IFCHR|0644, makedev(0x1, 0x3)) = -1 EEXIST (File exists)
                mknodat(AT_FDCWD, "file", S_IFIFO|0644) = -1 EEXIST (File exists)
                """,
                lines.stream().map(StraceFilesTest::asOnAWritableRoot).toList());
    }

    /** What is not about the trace: on a root that cannot be written, names are not looked at. */
    private static String asOnAWritableRoot(String line) {
        boolean exists = line.contains("mk") || line.startsWith("symlink");
        return line.replace(
                "EROFS (Read-only file system)",
                exists ? "EEXIST (File exists)" : "ENOENT (No such file or directory)");
    }

    @Test
    void showsChangesOfAttributes() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            guest.syscall(2, FILE, 0);
                            guest.syscall(90, NOPE, 0104755);
                            guest.syscall(91, 77, 0);
                            guest.syscall(268, AT_FDCWD, NOPE, 0600);
                            guest.syscall(92, NOPE, -1, 5);
                            guest.syscall(260, AT_FDCWD, NOPE, 1, 1, 0x1100);
                            guest.syscall(260, AT_FDCWD, NOPE, 1, 1, 1);
                            storeLongs(guest, X, 1, 2, 3, 4);
                            guest.syscall(132, NOPE, X);
                            guest.syscall(132, NOPE, 0);
                            guest.syscall(235, NOPE, X);
                            guest.syscall(280, AT_FDCWD, NOPE, X, 0);
                            guest.syscall(280, AT_FDCWD, NOPE, 0, 0x100);
                            storeLongs(guest, X, 1, (1 << 30) - 1, 3, (1 << 30) - 2);
                            guest.syscall(280, 77, 0, X, 0);
                            guest.syscall(280, AT_FDCWD, NOPE, 1, 0);
                            guest.syscall(76, NOPE, 5);
                            guest.syscall(77, 77, 0);
                            guest.syscall(285, 77, 3, 0, 10);
                            guest.syscall(285, 77, 0x1000, 0, 10);
                            guest.syscall(74, 77);
                            guest.syscall(162);
                            guest.syscall(221, 0, 0, 0, 4);
                            guest.syscall(221, 0, 0, 0, 9);
                            guest.syscall(187, 77, 0, 10);
                        });
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                chmod("nope", 0104755) = -1 ENOENT (No such file or directory)
                fchmod(77, 000) = -1 EBADF (Bad file descriptor)
                fchmodat(AT_FDCWD, "nope", 0600) = -1 ENOENT (No such file or directory)
                chown("nope", -1, 5) = -1 ENOENT (No such file or directory)
                fchownat(AT_FDCWD, "nope", 1, 1, AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH) = -1 ENOENT (No such file or directory)
                fchownat(AT_FDCWD, "nope", 1, 1, 0x1 /* AT_??? */) = -1 EINVAL (Invalid argument)
                utime("nope", {actime=1 /* 1970-01-01T00:00:01+0000 */, modtime=2 /* 1970-01-01T00:00:02+0000 */}) = -1 ENOENT (No such file or directory)
                utime("nope", NULL) = -1 ENOENT (No such file or directory)
                utimes("nope", [{tv_sec=1, tv_usec=2} /* 1970-01-01T00:00:01.000002+0000 */, {tv_sec=3, tv_usec=4} /* 1970-01-01T00:00:03.000004+0000 */]) = -1 ENOENT (No such file or directory)
                utimensat(AT_FDCWD, "nope", [{tv_sec=1, tv_nsec=2} /* 1970-01-01T00:00:01.000000002+0000 */, {tv_sec=3, tv_nsec=4} /* 1970-01-01T00:00:03.000000004+0000 */], 0) = -1 ENOENT (No such file or directory)
                utimensat(AT_FDCWD, "nope", NULL, AT_SYMLINK_NOFOLLOW) = -1 ENOENT (No such file or directory)
                utimensat(77, NULL, [UTIME_NOW, UTIME_OMIT], 0) = -1 EBADF (Bad file descriptor)
                utimensat(AT_FDCWD, "nope", 0x1, 0) = -1 EFAULT (Bad address)
                truncate("nope", 5) = -1 ENOENT (No such file or directory)
                ftruncate(77, 0) = -1 EBADF (Bad file descriptor)
                fallocate(77, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 0, 10) = -1 EBADF (Bad file descriptor)
                fallocate(77, 0x1000 /* FALLOC_FL_??? */, 0, 10) = -1 EBADF (Bad file descriptor)
                fsync(77) = -1 EBADF (Bad file descriptor)
                sync() = 0
                fadvise64(0, 0, 0, POSIX_FADV_DONTNEED) = 0
                fadvise64(0, 0, 0, 0x9 /* POSIX_FADV_??? */) = -1 EINVAL (Invalid argument)
                readahead(77, 0, 10) = -1 EBADF (Bad file descriptor)
                """,
                lines);
    }

    @Test
    void showsExtendedAttributes() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            guest.syscall(2, FILE, 0);
                            guest.syscall(191, NOPE, ATTRIBUTE, BYTES, 10);
                            guest.syscall(192, LINK, ATTRIBUTE, 0, 0);
                            guest.syscall(194, NOPE, BYTES, 10);
                            guest.syscall(196, 0, BYTES, 10);
                            guest.syscall(196, 0, 0, 0);
                            guest.store(BYTES, new byte[] {'a', 'b', 0, 'c'});
                            guest.syscall(188, NOPE, ATTRIBUTE, BYTES, 4, 1);
                            guest.syscall(190, 77, ATTRIBUTE, BYTES, 4, 3);
                            guest.syscall(190, 77, ATTRIBUTE, 0, 0, 8);
                            guest.syscall(197, NOPE, ATTRIBUTE);
                        });
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                getxattr("nope", "user.x", 0x601000, 10) = -1 ENOENT (No such file or directory)
                lgetxattr("link", "user.x", NULL, 0) = -1 ENODATA (No data available)
                listxattr("nope", 0x601000, 10) = -1 ENOENT (No such file or directory)
                flistxattr(0, "", 10) = 0
                flistxattr(0, NULL, 0) = 0
                setxattr("nope", "user.x", "ab\\0c", 4, XATTR_CREATE) = -1 ENOENT (No such file or directory)
                fsetxattr(77, "user.x", "ab\\0c", 4, XATTR_CREATE|XATTR_REPLACE) = -1 EBADF (Bad file descriptor)
                fsetxattr(77, "user.x", NULL, 0, 0x8 /* XATTR_??? */) = -1 EINVAL (Invalid argument)
                removexattr("nope", "user.x") = -1 ENOENT (No such file or directory)
                """,
                lines);
    }
}

package dev.plinth.kernel.strace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.kernel.boot.MockRun;
import dev.plinth.testkit.mock.Guest;
import dev.plinth.testkit.mock.GuestCode;
import dev.plinth.testkit.mock.MockElf;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * Traces of calls on the mock platform.
 *
 * <p>The lines were compared with those of strace 6.1 for a static program that makes the same
 * calls with the same data at the same addresses, in a directory with the same files.
 */
@Timeout(30)
final class StraceTest {
    private static final long AT_FDCWD = -100;

    /** Where the guest keeps strings. */
    private static final long FILE = MockElf.DATA_ADDRESS;

    private static final long DIRECTORY = FILE + 64;
    private static final long NOPE = FILE + 128;
    private static final long LINK = FILE + 192;
    private static final long EMPTY = FILE + 256;
    private static final long ATTRIBUTE = FILE + 320;

    /** Where it keeps bytes and structures: 0x601000, 0x602000 and 0x602100. */
    private static final long BYTES = FILE + 0x1000;

    private static final long X = FILE + 0x2000;
    private static final long Y = X + 0x100;
    private static final long Z = X + 0x200;

    @TempDir private Path rootfs;

    @BeforeEach
    void prepare() throws Exception {
        Path file = Files.writeString(rootfs.resolve("file"), "hello");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        Files.createDirectory(rootfs.resolve("dir"));
        Files.createSymbolicLink(rootfs.resolve("link"), Path.of("file"));
    }

    /** The lines of what a guest does, without task number and padding, up to its end. */
    private List<String> traceOf(GuestCode code) throws Exception {
        MockRun run = new MockRun(rootfs);
        run.run(guest -> {
            guest.storeString(FILE, "file");
            guest.storeString(DIRECTORY, "dir");
            guest.storeString(NOPE, "nope");
            guest.storeString(LINK, "link");
            guest.storeString(ATTRIBUTE, "user.x");
            code.run(guest);
            guest.exit(0);
        });
        List<String> lines =
                run.trace().stream()
                        .map(line -> line.replaceFirst("^\\[1] ", ""))
                        .map(line -> line.replaceFirst("\\) += ", ") = "))
                        .toList();
        assertEquals("exit_group(0) = ?", lines.getLast());
        return lines.subList(0, lines.size() - 1);
    }

    private static void assertTrace(String expected, List<String> lines) {
        assertEquals(expected.strip(), String.join("\n", lines));
    }

    private static void storeLongs(Guest guest, long address, long... values) {
        for (int i = 0; i < values.length; i++) {
            guest.storeLong(address + 8L * i, values[i]);
        }
    }

    @Test
    void showsOpening() throws Exception {
        List<String> lines =
                traceOf(guest -> {
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
    void showsReadingAndWriting() throws Exception {
        List<String> lines =
                traceOf(guest -> {
                    guest.syscall(2, FILE, 0);
                    guest.syscall(0, 0, BYTES, 100);
                    guest.syscall(0, 0, BYTES, 100);
                    guest.syscall(0, 77, BYTES, 5);
                    guest.syscall(17, 0, BYTES, 3, 1);
                    guest.syscall(17, 0, BYTES, 3, -1);
                    storeLongs(guest, X, BYTES, 2, BYTES + 2, 50);
                    guest.syscall(295, 0, X, 2, 0);
                    guest.syscall(8, 0, 0, 0);
                    guest.syscall(19, 0, X, 2);
                    guest.syscall(8, 0, 0, 9);
                    guest.syscall(8, 0, 1, 3);
                    byte[] odd = {'a', 0, 'b', '"', '\\', '\n', '\t', 1, '0', '1', '2', -1};
                    guest.store(BYTES, odd);
                    guest.syscall(1, 0, BYTES, 12);
                    guest.storeString(BYTES, "y".repeat(100));
                    guest.syscall(1, 0, BYTES, 100);
                    guest.syscall(20, 0, X, 2);
                    guest.syscall(18, 0, BYTES, 5, 7);
                    guest.syscall(296, 0, X, 1, 3);
                    guest.syscall(327, 0, X, 0, 0, 0, 8);
                    guest.syscall(328, 77, X, 1, -1, -1, 0x10);
                    guest.syscall(40, 77, 0, 0, 10);
                    guest.storeLong(X, 1);
                    guest.syscall(40, 77, 0, X, 10);
                });
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                read(0, "hello", 100) = 5
                read(0, "", 100) = 0
                read(77, 0x601000, 5) = -1 EBADF (Bad file descriptor)
                pread64(0, "ell", 3, 1) = 3
                pread64(0, 0x601000, 3, -1) = -1 EINVAL (Invalid argument)
                preadv(0, [{iov_base="he", iov_len=2}, {iov_base="llo", iov_len=50}], 2, 0) = 5
                lseek(0, 0, SEEK_SET) = 0
                readv(0, [{iov_base="he", iov_len=2}, {iov_base="llo", iov_len=50}], 2) = 5
                lseek(0, 0, 0x9 /* SEEK_??? */) = -1 EINVAL (Invalid argument)
                lseek(0, 1, SEEK_DATA) = 1
                write(0, "a\\0b\\"\\\\\\n\\t\\001012\\377", 12) = -1 EBADF (Bad file descriptor)
                write(0, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"..., 100) = -1 EBADF (Bad file descriptor)
                writev(0, [{iov_base="yy", iov_len=2}, {iov_base="yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"..., iov_len=50}], 2) = -1 EBADF (Bad file descriptor)
                pwrite64(0, "yyyyy", 5, 7) = -1 EBADF (Bad file descriptor)
                pwritev(0, [{iov_base="yy", iov_len=2}], 1, 3) = -1 EBADF (Bad file descriptor)
                preadv2(0, 0x602000, 0, 0, RWF_NOWAIT) = -1 EOPNOTSUPP (Operation not supported)
                pwritev2(77, [{iov_base="yy", iov_len=2}], 1, -1, RWF_APPEND) = -1 EBADF (Bad file descriptor)
                sendfile(77, 0, NULL, 10) = -1 EBADF (Bad file descriptor)
                sendfile(77, 0, [1], 10) = -1 EBADF (Bad file descriptor)
                """,
                lines);
    }

    @Test
    void showsAttributesOfFiles() throws Exception {
        List<String> lines =
                traceOf(guest -> {
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
                traceOf(guest -> {
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
                lines.stream().map(StraceTest::asOnAWritableRoot).toList());
    }

    /** What is not about the trace: on a root that cannot be written, names are not looked at. */
    private static String asOnAWritableRoot(String line) {
        boolean exists = line.contains("mk") || line.startsWith("symlink");
        return line.replace(
                "EROFS (Read-only file system)",
                exists ? "EEXIST (File exists)" : "ENOENT (No such file or directory)");
    }

    @Test
    void showsDescriptors() throws Exception {
        List<String> lines =
                traceOf(guest -> {
                    guest.syscall(2, FILE, 0);
                    guest.syscall(257, AT_FDCWD, FILE, 0x80000);
                    guest.syscall(292, 0, 0, 0x80000);
                    guest.syscall(72, 0, 1);
                    guest.syscall(72, 1, 1);
                    guest.syscall(72, 0, 2, 0);
                    guest.syscall(72, 0, 2, 1);
                    guest.syscall(72, 0, 3);
                    guest.syscall(72, 0, 4, 0x800);
                    guest.syscall(72, 0, 3);
                    guest.syscall(72, 0, 0, 5);
                    guest.syscall(72, 77, 1030, 5);
                    guest.syscall(72, 0, 999, 5);
                    storeLongs(guest, X, 0, 0, 10, 0);
                    guest.syscall(72, 0, 6, X);
                    guest.syscall(72, 0, 5, X);
                    guest.syscall(72, 77, 8, -5);
                    guest.syscall(16, 0, 0x5401, X);
                    guest.syscall(16, 0, 0x5413, X);
                    guest.syscall(16, 0, 0x541b, X);
                    guest.storeInt(X, 1);
                    guest.syscall(16, 0, 0x5421, X);
                    guest.syscall(16, 77, 0x5451);
                    guest.syscall(16, 77, 0x12345678, X);
                    guest.syscall(16, 77, 0xc02c542aL, 1);
                    guest.syscall(73, 77, 6);
                });
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                openat(AT_FDCWD, "file", O_RDONLY|O_CLOEXEC) = 1
                dup3(0, 0, O_CLOEXEC) = -1 EINVAL (Invalid argument)
                fcntl(0, F_GETFD) = 0
                fcntl(1, F_GETFD) = 0x1 (flags FD_CLOEXEC)
                fcntl(0, F_SETFD, 0) = 0
                fcntl(0, F_SETFD, FD_CLOEXEC) = 0
                fcntl(0, F_GETFL) = 0x8000 (flags O_RDONLY|O_LARGEFILE)
                fcntl(0, F_SETFL, O_RDONLY|O_NONBLOCK) = 0
                fcntl(0, F_GETFL) = 0x8800 (flags O_RDONLY|O_NONBLOCK|O_LARGEFILE)
                fcntl(0, F_DUPFD, 5) = 5
                fcntl(77, F_DUPFD_CLOEXEC, 5) = -1 EBADF (Bad file descriptor)
                fcntl(0, 0x3e7 /* F_??? */, 0x5) = -1 EINVAL (Invalid argument)
                fcntl(0, F_SETLK, {l_type=F_RDLCK, l_whence=SEEK_SET, l_start=0, l_len=10}) = 0
                fcntl(0, F_GETLK, {l_type=F_UNLCK, l_whence=SEEK_SET, l_start=0, l_len=10, l_pid=0}) = 0
                fcntl(77, F_SETOWN, -5) = -1 EBADF (Bad file descriptor)
                ioctl(0, TCGETS, 0x602000) = -1 ENOTTY (Inappropriate ioctl for device)
                ioctl(0, TIOCGWINSZ, 0x602000) = -1 ENOTTY (Inappropriate ioctl for device)
                ioctl(0, FIONREAD, [5]) = 0
                ioctl(0, FIONBIO, [1]) = 0
                ioctl(77, FIOCLEX) = -1 EBADF (Bad file descriptor)
                ioctl(77, _IOC(_IOC_NONE, 0x56, 0x78, 0x1234), 0x602000) = -1 EBADF (Bad file descriptor)
                ioctl(77, _IOC(_IOC_READ|_IOC_WRITE, 0x54, 0x2a, 0x2c), 0x1) = -1 EBADF (Bad file descriptor)
                flock(77, LOCK_EX|LOCK_NB) = -1 EBADF (Bad file descriptor)
                """,
                lines);
    }

    @Test
    void showsWaitingForFiles() throws Exception {
        List<String> lines =
                traceOf(guest -> {
                    guest.syscall(2, FILE, 0);
                    storeLongs(guest, X, 5L << 32, 1L << 32 | 77, 1L << 32 | 0xffffffffL);
                    guest.syscall(7, X, 3, -1);
                    guest.syscall(7, X + 16, 1, 0);
                    guest.syscall(7, 0, 0, 1);
                    guest.syscall(7, 0, 3, 1);
                    storeLongs(guest, Y, 0, 1_000_000);
                    guest.syscall(271, X + 16, 1, Y, 0, 0);
                    storeLongs(guest, Y, 0, 0);
                    storeLongs(guest, Z, 1L << 9 | 1L << 11);
                    guest.syscall(271, X, 1, Y, Z, 8);
                    storeLongs(guest, Y, 0, -1);
                    guest.syscall(271, X, 1, Y, Z, 8);
                    storeLongs(guest, X, 1, 1, 1);
                    storeLongs(guest, Y, 0, 0);
                    guest.syscall(23, 1, X, X + 8, X + 16, Y);
                    storeLongs(guest, X, 0);
                    guest.syscall(23, 1, X, 0, 0, Y);
                    storeLongs(guest, X, 2);
                    guest.syscall(23, 2, X, 0, 0, 0);
                    guest.syscall(23, -1, X, 0, 0, 0);
                    storeLongs(guest, Y, 0, 1000);
                    guest.syscall(23, 0, 0, 0, 0, Y);
                    storeLongs(guest, X, 1);
                    guest.syscall(23, 1, 0, X, 0, 0);
                    storeLongs(guest, X + 64, Z, 8);
                    storeLongs(guest, Y, 0, 0);
                    guest.syscall(270, 1, X, 0, 0, Y, X + 64);
                    guest.syscall(270, 1, X, 0, 0, Y, 0);
                    storeLongs(guest, X, 2);
                    guest.syscall(270, 2, X, 0, 0, 0, X + 64);
                });
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                poll([{fd=0, events=POLLIN|POLLOUT}, {fd=77, events=POLLIN}, {fd=-1}], 3, -1) = 2 ([{fd=0, revents=POLLIN|POLLOUT}, {fd=77, revents=POLLNVAL}])
                poll([{fd=-1}], 1, 0) = 0 (Timeout)
                poll(NULL, 0, 1) = 0 (Timeout)
                poll(NULL, 3, 1) = -1 EFAULT (Bad address)
                ppoll([{fd=-1}], 1, {tv_sec=0, tv_nsec=1000000}, NULL, 0) = 0 (Timeout)
                ppoll([{fd=0, events=POLLIN|POLLOUT}], 1, {tv_sec=0, tv_nsec=0}, [USR1 USR2], 8) = 1 ([{fd=0, revents=POLLIN|POLLOUT}], left {tv_sec=0, tv_nsec=0})
                ppoll([{fd=0, events=POLLIN|POLLOUT}], 1, {tv_sec=0, tv_nsec=18446744073709551615}, [USR1 USR2], 8) = -1 EINVAL (Invalid argument)
                select(1, [0], [0], [0], {tv_sec=0, tv_usec=0}) = 2 (in [0], out [0], left {tv_sec=0, tv_usec=0})
                select(1, [], NULL, NULL, {tv_sec=0, tv_usec=0}) = 0 (Timeout)
                select(2, [1], NULL, NULL, NULL) = -1 EBADF (Bad file descriptor)
                select(-1, 0x602000, NULL, NULL, NULL) = -1 EINVAL (Invalid argument)
                select(0, NULL, NULL, NULL, {tv_sec=0, tv_usec=1000}) = 0 (Timeout)
                select(1, NULL, [0], NULL, NULL) = 1 (out [0])
                pselect6(1, [0], NULL, NULL, {tv_sec=0, tv_nsec=0}, {sigmask=[USR1 USR2], sigsetsize=8}) = 1 (in [0], left {tv_sec=0, tv_nsec=0})
                pselect6(1, [0], NULL, NULL, {tv_sec=0, tv_nsec=0}, NULL) = 1 (in [0], left {tv_sec=0, tv_nsec=0})
                pselect6(2, [1], NULL, NULL, NULL, {sigmask=[USR1 USR2], sigsetsize=8}) = -1 EBADF (Bad file descriptor)
                """,
                lines);
    }

    @Test
    void showsSignals() throws Exception {
        List<String> lines =
                traceOf(guest -> {
                    storeLongs(guest, X, 0x401000, 0x14000000, 0x402000, 2);
                    guest.syscall(13, 10, X, 0, 8);
                    guest.syscall(13, 10, 0, Y, 8);
                    storeLongs(guest, X, 1, 0, 0, 0);
                    guest.syscall(13, 12, X, 0, 8);
                    storeLongs(guest, X, 0);
                    guest.syscall(13, 12, X, Y, 8);
                    guest.syscall(13, 9, X, 0, 8);
                    guest.syscall(13, 65, X, 0, 8);
                    guest.syscall(13, 33, 0, Y, 8);
                    storeLongs(guest, X, 0x401000, 0xdc000007L, 0x402000, -1);
                    guest.syscall(13, 10, X, 0, 8);
                    storeLongs(guest, X, 1L << 9 | 1L << 11 | 1L << 33);
                    guest.syscall(14, 0, X, Y, 8);
                    guest.syscall(14, 2, 0, Y, 8);
                    guest.syscall(14, 7, X, 0, 8);
                    storeLongs(guest, X, ~0x10000L);
                    guest.syscall(14, 1, X, 0, 8);
                    guest.syscall(127, Y, 8);
                    storeLongs(guest, X, 0x60c000, 0, 8192);
                    guest.syscall(131, X, 0);
                    guest.syscall(131, 0, Y);
                    guest.storeInt(X + 8, 2);
                    guest.syscall(131, X, Y);
                    guest.syscall(62, 9999999, 10);
                    guest.syscall(62, 9999999, 0);
                    guest.syscall(200, 9999999, 34);
                    guest.syscall(234, 9999999, 9999999, 65);
                    guest.syscall(62, 9999999, 32);
                });
        assertTrace(
                """
                rt_sigaction(SIGUSR1, {sa_handler=0x401000, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x402000}, NULL, 8) = 0
                rt_sigaction(SIGUSR1, NULL, {sa_handler=0x401000, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x402000}, 8) = 0
                rt_sigaction(SIGUSR2, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8) = 0
                rt_sigaction(SIGUSR2, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, 8) = 0
                rt_sigaction(SIGKILL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, NULL, 8) = -1 EINVAL (Invalid argument)
                rt_sigaction(65, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, NULL, 8) = -1 EINVAL (Invalid argument)
                rt_sigaction(SIGRT_1, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0
                rt_sigaction(SIGUSR1, {sa_handler=0x401000, sa_mask=~[], sa_flags=SA_RESTORER|SA_ONSTACK|SA_RESTART|SA_NODEFER|SA_RESETHAND|SA_SIGINFO|SA_NOCLDSTOP|SA_NOCLDWAIT, sa_restorer=0x402000}, NULL, 8) = 0
                rt_sigprocmask(SIG_BLOCK, [USR1 USR2 RT_2], [], 8) = 0
                rt_sigprocmask(SIG_SETMASK, NULL, [USR1 USR2 RT_2], 8) = 0
                rt_sigprocmask(0x7 /* SIG_??? */, [USR1 USR2 RT_2], NULL, 8) = -1 EINVAL (Invalid argument)
                rt_sigprocmask(SIG_UNBLOCK, ~[CHLD], NULL, 8) = 0
                rt_sigpending([], 8) = 0
                sigaltstack({ss_sp=0x60c000, ss_flags=0, ss_size=8192}, NULL) = 0
                sigaltstack(NULL, {ss_sp=0x60c000, ss_flags=0, ss_size=8192}) = 0
                sigaltstack({ss_sp=0x60c000, ss_flags=SS_DISABLE, ss_size=8192}, {ss_sp=0x60c000, ss_flags=0, ss_size=8192}) = 0
                kill(9999999, SIGUSR1) = -1 ESRCH (No such process)
                kill(9999999, 0) = -1 ESRCH (No such process)
                tkill(9999999, SIGRT_2) = -1 ESRCH (No such process)
                tgkill(9999999, 9999999, 65) = -1 ESRCH (No such process)
                kill(9999999, SIGRTMIN) = -1 ESRCH (No such process)
                """,
                lines);
    }

    @Test
    void showsTimes() throws Exception {
        List<String> lines =
                traceOf(guest -> {
                    storeLongs(guest, X, 0, 1000);
                    guest.syscall(35, X, Y);
                    guest.syscall(35, X, 0);
                    guest.syscall(229, 0, Y);
                    guest.syscall(229, 4, 0);
                    guest.syscall(228, 99, Y);
                    guest.syscall(230, 1, 0, X, Y);
                    guest.syscall(230, 1, 1, X, 0);
                    guest.syscall(230, 1, 5, X, 0);
                    guest.syscall(96, 0, 0);
                    guest.syscall(201, 1);
                });
        assertTrace(
                """
                nanosleep({tv_sec=0, tv_nsec=1000}, 0x602100) = 0
                nanosleep({tv_sec=0, tv_nsec=1000}, NULL) = 0
                clock_getres(CLOCK_REALTIME, {tv_sec=0, tv_nsec=1}) = 0
                clock_getres(CLOCK_MONOTONIC_RAW, NULL) = 0
                clock_gettime(0x63 /* CLOCK_??? */, 0x602100) = -1 EINVAL (Invalid argument)
                clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=0, tv_nsec=1000}, 0x602100) = 0
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=0, tv_nsec=1000}, NULL) = 0
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME|0x4, {tv_sec=0, tv_nsec=1000}, NULL) = 0
                gettimeofday(NULL, NULL) = 0
                time(0x1) = -1 EFAULT (Bad address)
                """,
                lines);
    }

    @Test
    void showsMemory() throws Exception {
        List<String> lines =
                traceOf(guest -> {
                    guest.syscall(2, FILE, 0);
                    guest.syscall(9, 0x700000, 8192, 1, 0x32, -1, 0);
                    guest.syscall(9, 0x700000, 4096, 5, 0x12, 0, 0);
                    guest.syscall(9, 0x800000, 4096, 1, 0x12, 0, 0x1000);
                    guest.syscall(9, 0, 0, 0, 0x4022, -1, 0);
                    guest.syscall(10, 0x700000, 4096, 0);
                    guest.syscall(10, 0x700000, 4096, 3);
                    guest.syscall(28, 0x701000, 4096, 4);
                    guest.syscall(28, 0x701000, 4096, 99);
                    guest.syscall(25, 0x701000, 4096, 4096, 1);
                    guest.syscall(25, 0x701001, 4096, 8192, 3, 0x800000);
                    guest.syscall(26, 0x700000, 4096, 4);
                    guest.syscall(149, 0x600000, 4096);
                    guest.syscall(325, 0x600000, 4096, 1);
                    guest.syscall(151, 8);
                    guest.syscall(11, 0x700000, 8192);
                    guest.syscall(11, 1, 1);
                    guest.syscall(12, 0);
                });
        String brk = lines.getLast();
        assertEquals(
                true,
                brk.matches("brk\\(NULL\\) = 0x[0-9a-f]+"),
                "a result in hexadecimal: " + brk);
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                mmap(0x700000, 8192, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x700000
                mmap(0x700000, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, 0, 0) = 0x700000
                mmap(0x800000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 0, 0x1000) = 0x800000
                mmap(NULL, 0, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = -1 EINVAL (Invalid argument)
                mprotect(0x700000, 4096, PROT_NONE) = 0
                mprotect(0x700000, 4096, PROT_READ|PROT_WRITE) = 0
                madvise(0x701000, 4096, MADV_DONTNEED) = 0
                madvise(0x701000, 4096, 0x63 /* MADV_??? */) = -1 EINVAL (Invalid argument)
                mremap(0x701000, 4096, 4096, MREMAP_MAYMOVE) = 0x701000
                mremap(0x701001, 4096, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x800000) = -1 EINVAL (Invalid argument)
                msync(0x700000, 4096, MS_SYNC) = 0
                mlock(0x600000, 4096) = 0
                mlock2(0x600000, 4096, MLOCK_ONFAULT) = 0
                mlockall(0x8 /* MCL_??? */) = -1 EINVAL (Invalid argument)
                munmap(0x700000, 8192) = 0
                munmap(0x1, 1) = -1 EINVAL (Invalid argument)
                """,
                lines.subList(0, lines.size() - 1));
    }

    @Test
    void showsTheSystem() throws Exception {
        List<String> lines =
                traceOf(guest -> {
                    guest.syscall(63, 1);
                    guest.syscall(97, 3, Y);
                    storeLongs(guest, X, 100, -1);
                    guest.syscall(160, 4, X);
                    guest.syscall(302, 0, 99, 0, Y);
                    storeLongs(guest, X, 8 << 20, 5);
                    guest.syscall(302, 0, 3, X, 0);
                    guest.syscall(318, BYTES, 5, 9);
                    guest.syscall(98, 5, Y);
                    guest.syscall(100, 0);
                    guest.syscall(204, 0, 1, Y);
                    guest.syscall(309, X, Y, 0);
                    guest.syscall(140, 0, 0);
                    guest.syscall(140, 9, 0);
                    guest.syscall(95, 022);
                    guest.syscall(95, 0);
                    guest.syscall(118, X, X + 4, X + 8);
                    guest.syscall(115, 0, 0);
                    guest.syscall(115, -1, 0);
                    guest.syscall(24);
                });
        assertTrace(
                """
                uname(0x1) = -1 EFAULT (Bad address)
                getrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0
                setrlimit(RLIMIT_CORE, {rlim_cur=100, rlim_max=RLIM64_INFINITY}) = 0
                prlimit64(0, 0x63 /* RLIMIT_??? */, NULL, 0x602100) = -1 EINVAL (Invalid argument)
                prlimit64(0, RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=5}, NULL) = -1 EINVAL (Invalid argument)
                getrandom(0x601000, 5, GRND_NONBLOCK|0x8) = -1 EINVAL (Invalid argument)
                getrusage(0x5 /* RUSAGE_??? */, 0x602100) = -1 EINVAL (Invalid argument)
                times(NULL) = TICKS
                sched_getaffinity(0, 1, 0x602100) = -1 EINVAL (Invalid argument)
                getcpu([0], [0], NULL) = 0
                getpriority(PRIO_PROCESS, 0) = 20
                getpriority(0x9 /* PRIO_??? */, 0) = -1 EINVAL (Invalid argument)
                umask(022) = 022
                umask(000) = 022
                getresuid([0], [0], [0]) = 0
                getgroups(0, NULL) = 0
                getgroups(-1, NULL) = -1 EINVAL (Invalid argument)
                sched_yield() = 0
                """,
                lines.stream()
                        .map(line -> line.replaceFirst("(times.* = )\\d+", "$1TICKS"))
                        .toList());
    }

    @Test
    void showsChangesOfAttributes() throws Exception {
        List<String> lines =
                traceOf(guest -> {
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
                traceOf(guest -> {
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

    @Test
    void showsProcesses() throws Exception {
        List<String> lines =
                traceOf(guest -> {
                    guest.storeString(BYTES, "one");
                    guest.storeString(BYTES + 16, "two \"x\"");
                    storeLongs(guest, X, BYTES, BYTES + 16, 0);
                    storeLongs(guest, Y, BYTES, 0);
                    guest.syscall(59, NOPE, X, Y);
                    storeLongs(guest, Y, 0);
                    guest.syscall(59, NOPE, X, Y);
                    guest.syscall(59, NOPE, 0, 0);
                    guest.syscall(59, NOPE, 1, X);
                    storeLongs(guest, X, 1);
                    guest.syscall(59, NOPE, X, Y);
                    guest.syscall(61, -1, Y, 0, 0);
                    guest.syscall(61, 77, 0, 3, 0);
                    guest.syscall(247, 0, 0, Y, 5, 0);
                    guest.syscall(158, 0x9999, Y);
                    guest.syscall(157, 15, FILE);
                    guest.syscall(157, 16, Y);
                    guest.syscall(157, 39, 0, 0, 0, 0);
                    guest.syscall(157, 999, 1, 2, 3, 4);
                });
        assertTrace(
                """
                execve("nope", ["one", "two \\"x\\""], 0x602100 /* 1 var */) = -1 ENOENT (No such file or directory)
                execve("nope", ["one", "two \\"x\\""], 0x602100 /* 0 vars */) = -1 ENOENT (No such file or directory)
                execve("nope", NULL, NULL) = -1 ENOENT (No such file or directory)
                execve("nope", 0x1, 0x602000 /* 2 vars */) = -1 ENOENT (No such file or directory)
                execve("nope", [0x1, "two \\"x\\""], 0x602100 /* 0 vars */) = -1 ENOENT (No such file or directory)
                wait4(-1, 0x602100, 0, NULL) = -1 ECHILD (No child processes)
                wait4(77, NULL, WNOHANG|WSTOPPED, NULL) = -1 ECHILD (No child processes)
                waitid(P_ALL, 0, 0x602100, WNOHANG|WEXITED, NULL) = -1 ECHILD (No child processes)
                arch_prctl(0x9999 /* ARCH_??? */, 0x602100) = -1 EINVAL (Invalid argument)
                prctl(PR_SET_NAME, "file") = 0
                prctl(PR_GET_NAME, "file") = 0
                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) = 0
                prctl(0x3e7 /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EINVAL (Invalid argument)
                """,
                lines.stream()
                        .map(line ->
                                line.replace(
                                        "ENOSYS (Function not implemented)",
                                        "ENOENT (No such file or directory)"))
                        .toList());
    }
}

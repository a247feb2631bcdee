package dev.plinth.kernel.strace;

import static dev.plinth.kernel.strace.GuestTrace.AT_FDCWD;
import static dev.plinth.kernel.strace.GuestTrace.BYTES;
import static dev.plinth.kernel.strace.GuestTrace.FILE;
import static dev.plinth.kernel.strace.GuestTrace.X;
import static dev.plinth.kernel.strace.GuestTrace.Y;
import static dev.plinth.kernel.strace.GuestTrace.Z;
import static dev.plinth.kernel.strace.GuestTrace.assertTrace;
import static dev.plinth.kernel.strace.GuestTrace.storeLongs;
import static dev.plinth.kernel.strace.GuestTrace.traceOf;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

/** Traces of calls on open files. */
@Timeout(30)
final class StraceDescriptorsTest {
    @TempDir private Path rootfs;

    @Test
    void showsReadingAndWriting() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
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
    void showsDescriptors() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
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
                traceOf(
                        rootfs,
                        guest -> {
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
}

// Descriptors: dup and its kin, limits, flags, close_range, fcntl and ioctl for all kinds of file.
#include "oracle.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static char room[8192];
static void *volatile bad = (void *)8;
static volatile int wrong = -1;

CASE(fd_dup_takes_the_lowest) {
    SHOW(dup(0));
    SHOW(dup(0));
    SHOW(dup(0));
    SHOW(close(4));
    SHOW(fcntl(0, F_DUPFD, 3));
    SHOW(fcntl(0, F_DUPFD, 3));
    SHOW(fcntl(0, F_DUPFD, 20));
    SHOW(fcntl(0, F_DUPFD_CLOEXEC, 20));
    SHOW(fcntl(21, F_GETFD));
    SHOW(dup(0));
    SHOW(dup(99));
    SHOW(fcntl(0, F_DUPFD, wrong));
    SHOW(fcntl(0, F_DUPFD, 1 << 30));
    SHOW(fcntl(99, F_DUPFD, wrong));
}

CASE(fd_dup2_and_dup3) {
    SHOW(dup2(0, 10));
    SHOW(dup2(10, 10));
    SHOW(dup2(99, 99));
    SHOW(dup2(99, 10));
    SHOW(dup2(0, wrong));
    SHOW(dup2(0, 1 << 30));
    SHOW(dup3(0, 11, O_CLOEXEC));
    SHOW(fcntl(11, F_GETFD));
    SHOW(dup2(0, 11));
    SHOW(fcntl(11, F_GETFD));
    SHOW(dup3(0, 0, 0));
    SHOW(dup3(0, 12, O_NONBLOCK));
    SHOW(dup3(99, 12, 0));
}

CASE(fd_limit) {
    struct rlimit limit = {8, 8};
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    for (int i = 0; i < 6; i++) {
        SHOW(dup(0));
    }
    SHOW(open("/", O_RDONLY));
    SHOW(eventfd(0, 0));
    SHOW(dup2(0, 8));
    SHOW(dup2(0, 7));
    SHOW(fcntl(0, F_DUPFD, 7));
    SHOW(fcntl(0, F_DUPFD, 8));
}

CASE(fd_thousands) {
    struct rlimit limit;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max < 12000 ? limit.rlim_max : 12000;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    int last = 0;
    for (int i = 0; i < 10000; i++) {
        last = MUST(open("/dev/null", O_RDONLY));
    }
    SHOW(last);
    SHOW(close(5000));
    SHOW(dup(0));
    SHOW(fcntl(0, F_DUPFD, 9000));
    SHOW(syscall(SYS_close_range, 100, ~0U, 0));
    SHOW(dup(0));
    SHOW(close(10001));
}

CASE(fd_close_range) {
    for (int fd = 10; fd < 20; fd++) {
        MUST(dup2(0, fd));
    }
    SHOW(syscall(SYS_close_range, 12, 14, 0));
    SHOW(fcntl(11, F_GETFD));
    SHOW(fcntl(12, F_GETFD));
    SHOW(fcntl(15, F_GETFD));
    SHOW(syscall(SYS_close_range, 16, 17, CLOSE_RANGE_CLOEXEC));
    SHOW(fcntl(16, F_GETFD));
    SHOW(fcntl(18, F_GETFD));
    SHOW(syscall(SYS_close_range, 5, 4, 0));
    SHOW(syscall(SYS_close_range, 5, 6, 1));
    SHOW(syscall(SYS_close_range, 18, 18, CLOSE_RANGE_UNSHARE));
    SHOW(fcntl(18, F_GETFD));
    SHOW(syscall(SYS_close_range, 1000, 2000, 0));
    SHOW(close(12));
}

CASE(fd_status_flags) {
    int fd = MUST(open("f", O_CREAT | O_RDWR | O_TRUNC | O_EXCL | O_CLOEXEC, 0600));
    SHOW(fcntl(fd, F_GETFL));
    SHOW(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK | O_WRONLY | O_CREAT));
    SHOW(fcntl(fd, F_GETFL));
    SHOW(fcntl(dup(fd), F_GETFL));
    SHOW(fcntl(fd, F_SETFL, 0));
    SHOW(fcntl(fd, F_GETFL));
    SHOW(fcntl(fd, F_SETFL, O_NOATIME));
    SHOW(fcntl(fd, F_GETFL));
    int event = MUST(eventfd(0, 0));
    SHOW(fcntl(event, F_SETFL, O_DIRECT));
    SHOW(fcntl(event, F_SETFL, O_NONBLOCK));
    SHOW(fcntl(event, F_GETFL));
}

CASE(fd_path_only) {
    int path = MUST(open(".", O_PATH));
    SHOW(fcntl(path, F_GETFL) & O_PATH);
    SHOW(fcntl(path, F_SETFL, 0));
    SHOW(fcntl(path, F_GETFD));
    SHOW(fcntl(path, F_SETFD, FD_CLOEXEC));
    SHOW(fcntl(path, F_GETOWN));
    SHOW(ioctl(path, FIOCLEX));
    SHOW(read(path, room, 1));
    SHOW(write(path, room, 1));
    SHOW(lseek(path, 0, SEEK_SET));
    SHOW(fsync(path));
    SHOW(fchmod(path, 0700));
    SHOW(dup(path) == path + 1);
}

CASE(fd_owner) {
    int fd = MUST(open("f", O_CREAT | O_RDWR, 0600));
    SHOW(fcntl(fd, F_GETOWN));
    SHOW(fcntl(fd, F_SETOWN, getpid()));
    SHOW(fcntl(fd, F_GETOWN) == getpid());
    SHOW(fcntl(fd, F_SETOWN, 99999999));
    SHOW(fcntl(fd, F_SETOWN, -99999999));
    SHOW(fcntl(fd, F_SETOWN, INT_MIN));
    struct f_owner_ex owner = {F_OWNER_PID, getpid()};
    SHOW(fcntl(fd, F_SETOWN_EX, &owner));
    owner = (struct f_owner_ex){9, 9};
    SHOW(fcntl(fd, F_SETOWN_EX, &owner));
    SHOW(fcntl(fd, F_GETOWN_EX, &owner));
    printf("%d %d\n", owner.type, owner.pid == getpid());
    SHOW(fcntl(fd, F_SETOWN_EX, bad));
    SHOW(fcntl(fd, F_GETSIG));
    SHOW(fcntl(fd, F_SETSIG, 65));
    SHOW(fcntl(fd, F_SETSIG, SIGUSR1));
    SHOW(fcntl(fd, F_GETSIG));
    SHOW(fcntl(fd, F_SETOWN, 0));
    SHOW(fcntl(fd, F_GETOWN));
}

CASE(fd_unknown_commands) {
    SHOW(fcntl(0, 9999, 0));
    SHOW(fcntl(99, 9999, 0));
    SHOW(ioctl(99, FIONBIO, room));
    int fd = MUST(open("f", O_CREAT | O_RDWR, 0600));
    SHOW(ioctl(fd, 0x1234, 0));
    SHOW(ioctl(fd, FIONBIO, bad));
    MUST(write(fd, room, 100));
    MUST(lseek(fd, 30, SEEK_SET));
    int left;
    SHOW(ioctl(fd, FIONREAD, &left));
    SHOW(left);
    SHOW(ioctl(fd, FIONREAD, bad));
    SHOW(fcntl(fd, 1027, fd));
    SHOW(fcntl(fd, 1027, dup(fd)));
    SHOW(fcntl(fd, 1027, 0));
    SHOW(fcntl(fd, 1027, 99));
    int on = 0;
    SHOW(ioctl(fd, FIOASYNC, &on));
}

CASE(fd_vectors) {
    int fd = MUST(open("f", O_CREAT | O_RDWR, 0600));
    struct iovec out[4] = {{"abc", 3}, {NULL, 0}, {"de", 2}, {room, 0}};
    struct iovec in[2] = {{room, 3}, {room + 10, 10}};
    SHOW(writev(fd, out, 4));
    SHOW(pwritev(fd, out, 1, 10));
    SHOW(pwritev(fd, out, 1, wrong));
    SHOW(preadv(fd, in, 2, 1));
    printf("%.3s %.3s\n", room, room + 10);
    SHOW(readv(fd, in, 0));
    SHOW(readv(fd, in, wrong));
    SHOW(readv(fd, bad, 1));
    struct iovec huge[2] = {{room, 4}, {room, SIZE_MAX}};
    SHOW(readv(fd, huge, 2));
    struct iovec broken[2] = {{room, 4}, {bad, 4}};
    MUST(lseek(fd, 0, SEEK_SET));
    SHOW(readv(fd, broken, 2));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(writev(fd, broken, 2));
}

CASE(fd_vector_flags) {
    int fd = MUST(open("f", O_CREAT | O_RDWR, 0600));
    struct iovec one = {"0123456789", 10}, in = {room, 10};
    SHOW(pwritev2(fd, &one, 1, 0, RWF_SYNC | RWF_DSYNC | RWF_HIPRI));
    SHOW(pwritev2(fd, &one, 1, 0, RWF_APPEND));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(lseek(fd, 3, SEEK_SET));
    SHOW(pwritev2(fd, &one, 1, -1, RWF_APPEND));
    SHOW(lseek(fd, 0, SEEK_CUR));
    SHOW(preadv2(fd, &in, 1, 25, 0));
    SHOW(preadv2(fd, &in, 1, -2, 0));
    SHOW(preadv2(fd, &in, 1, 0, 0x40000000));
    SHOW(fcntl(fd, F_SETFL, O_APPEND));
    SHOW(pwritev2(fd, &one, 1, 0, 0x20));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(pwritev2(fd, &one, 1, 0, 0x20 | RWF_APPEND));
    SHOW(pwritev2(fd, &one, 1, 0, 0));
    SHOW(lseek(fd, 0, SEEK_END));
    int p[2];
    MUST(pipe(p));
    SHOW(preadv2(p[0], &in, 1, -1, RWF_NOWAIT));
    SHOW(preadv2(p[0], &in, 1, 0, 0));
    SHOW(pwritev2(p[1], &one, 1, -1, RWF_NOWAIT));
    SHOW(preadv2(p[0], &in, 1, -1, RWF_NOWAIT));
}

CASE(fd_wrong_kinds) {
    int directory = MUST(open(".", O_RDONLY));
    SHOW(read(directory, room, 1));
    SHOW(pread(directory, room, 1, 0));
    SHOW(write(directory, room, 1));
    SHOW(read(99, room, 1));
    SHOW(read(wrong, room, 1));
    SHOW(close(wrong));
    SHOW(close(99));
    int fd = MUST(open("f", O_CREAT | O_WRONLY, 0600));
    SHOW(read(fd, room, 1));
    SHOW(read(fd, room, 0));
    SHOW(pread(fd, room, 1, wrong));
    SHOW(write(fd, bad, 1));
    SHOW(write(fd, bad, 0));
    SHOW(write(fd, room, -1L));
}

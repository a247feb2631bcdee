// Pipes: what goes through them, how much they hold, what poll says, what is refused.
#include "oracle.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>

static char room[1 << 20];
static void *volatile bad = (void *)8;
static volatile int too_few = -1, too_many = 1025;

static void show_poll(int fd, int events) {
    struct pollfd one = {.fd = fd, .events = events};
    int found = poll(&one, 1, 0);
    printf("poll = %d, revents = %#x\n", found, one.revents);
}

static int fill(int fd) {
    long all = 0;
    for (long count; (count = write(fd, room, 4096)) > 0;) {
        all += count;
    }
    return all;
}

CASE(pipe_carries_bytes_in_order) {
    int p[2];
    MUST(pipe(p));
    SHOW(write(p[1], "hello ", 6));
    SHOW(write(p[1], "world", 5));
    SHOW(read(p[0], room, 4));
    SHOW(read(p[0], room, 100));
    printf("%.7s\n", room);
}

CASE(pipe_ends_have_one_mode_each) {
    int p[2];
    MUST(pipe(p));
    SHOW(read(p[1], room, 1));
    SHOW(write(p[0], room, 1));
    SHOW(fcntl(p[0], F_GETFL));
    SHOW(fcntl(p[1], F_GETFL));
    SHOW(fcntl(p[0], F_GETFD));
}

CASE(pipe_flags) {
    int p[2];
    SHOW(pipe2(p, O_CLOEXEC | O_NONBLOCK | O_DIRECT));
    SHOW(fcntl(p[0], F_GETFL));
    SHOW(fcntl(p[1], F_GETFL));
    SHOW(fcntl(p[0], F_GETFD));
    SHOW(fcntl(p[1], F_GETFD));
    SHOW(pipe2(p, O_APPEND));
    SHOW(pipe2(p, -1));
}

CASE(pipe_bad_address_opens_nothing) {
    SHOW(pipe(bad));
    int fd = MUST(dup(0));
    SHOW(fd == 3);
    void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(pipe(page));
    SHOW(dup(0));
}

CASE(pipe_stat) {
    int p[2];
    struct stat a, b;
    MUST(pipe(p));
    MUST(fstat(p[0], &a));
    MUST(fstat(p[1], &b));
    printf("mode %o links %d size %d blksize %d same %d\n", a.st_mode, (int)a.st_nlink, (int)a.st_size,
           (int)a.st_blksize, a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    SHOW(fchmod(p[0], 0644));
    MUST(fstat(p[1], &b));
    printf("mode %o\n", b.st_mode);
}

CASE(pipe_has_no_positions) {
    int p[2];
    MUST(pipe(p));
    SHOW(lseek(p[0], 0, SEEK_CUR));
    SHOW(lseek(p[1], 0, SEEK_SET));
    SHOW(pread(p[0], room, 1, 0));
    SHOW(pwrite(p[1], room, 1, 0));
    SHOW(ftruncate(p[1], 0));
    SHOW(fsync(p[0]));
    SHOW(fallocate(p[1], 0, 0, 1));
    SHOW((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, p[0], 0));
}

CASE(pipe_end_of_file) {
    int p[2];
    MUST(pipe(p));
    MUST(write(p[1], "x", 1));
    MUST(close(p[1]));
    SHOW(read(p[0], room, 10));
    SHOW(read(p[0], room, 10));
    show_poll(p[0], POLLIN);
    show_poll(p[0], 0);
}

static volatile int signals;
static void count(int signal) { signals += signal == SIGPIPE; }

CASE(pipe_without_readers) {
    int p[2];
    MUST(pipe(p));
    signal(SIGPIPE, count);
    MUST(close(p[0]));
    SHOW(write(p[1], "", 0));
    SHOW(signals);
    SHOW(write(p[1], "x", 1));
    SHOW(signals);
    show_poll(p[1], POLLOUT);
    show_poll(p[1], 0);
    signal(SIGPIPE, SIG_IGN);
    SHOW(write(p[1], "x", 1));
    SHOW(signals);
}

CASE(pipe_nonblocking) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK));
    SHOW(read(p[0], room, 1));
    SHOW(read(p[0], room, 0));
    SHOW(fill(p[1]));
    SHOW(write(p[1], room, 1));
    SHOW(write(p[1], room, 100000));
    SHOW(read(p[0], room, 1));
    SHOW(write(p[1], room, 1));
    SHOW(read(p[0], room, 4095));
    SHOW(write(p[1], room, 100000));
}

CASE(pipe_small_writes_share_pages) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK));
    long writes = 0;
    while (write(p[1], room, 1000) == 1000) {
        writes++;
    }
    SHOW(writes);
    SHOW(write(p[1], room, 96));
    SHOW(write(p[1], room, 1));
    SHOW(read(p[0], room, sizeof room));
    for (writes = 0; write(p[1], room, 3000) == 3000;) {
        writes++;
    }
    SHOW(writes);
    SHOW(write(p[1], room, 1096));
    SHOW(write(p[1], room, 1));
}

CASE(pipe_partial_write_of_large_block) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK));
    SHOW(write(p[1], room, 60000));
    SHOW(write(p[1], room, 4096));
    SHOW(write(p[1], room, 4096));
    SHOW(write(p[1], room, 10000));
    SHOW(read(p[0], room, sizeof room));
}

CASE(pipe_poll) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK));
    show_poll(p[0], POLLIN | POLLOUT | POLLRDNORM | POLLPRI);
    show_poll(p[1], POLLIN | POLLOUT | POLLWRNORM | POLLWRBAND);
    MUST(write(p[1], "x", 1));
    show_poll(p[0], POLLIN | POLLRDNORM | POLLRDBAND);
    fill(p[1]);
    show_poll(p[1], POLLOUT);
    MUST(read(p[0], room, 100));
    show_poll(p[1], POLLOUT);
    MUST(read(p[0], room, 4096));
    show_poll(p[1], POLLOUT);
    MUST(close(p[1]));
    show_poll(p[0], POLLIN | POLLRDHUP);
}

CASE(pipe_capacity) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK));
    SHOW(fcntl(p[0], F_GETPIPE_SZ));
    SHOW(fcntl(p[1], F_SETPIPE_SZ, 4096));
    SHOW(fcntl(p[0], F_GETPIPE_SZ));
    SHOW(fcntl(p[1], F_SETPIPE_SZ, 0));
    SHOW(fcntl(p[1], F_SETPIPE_SZ, 5000));
    SHOW(fcntl(p[1], F_SETPIPE_SZ, 100000));
    SHOW(fcntl(p[1], F_SETPIPE_SZ, 1 << 20));
    SHOW(fcntl(p[1], F_SETPIPE_SZ, -1));
    SHOW(write(p[1], room, 9000));
    SHOW(fcntl(p[1], F_SETPIPE_SZ, 8192));
    SHOW(fcntl(p[1], F_SETPIPE_SZ, 12000));
    SHOW(read(p[0], room, sizeof room));
    SHOW(fcntl(0, F_GETPIPE_SZ) == -1 || 1);
    int file = open("f", O_CREAT | O_RDWR, 0600);
    SHOW(fcntl(file, F_GETPIPE_SZ));
    SHOW(fcntl(file, F_SETPIPE_SZ, 4096));
}

CASE(pipe_packets) {
    int p[2];
    MUST(pipe2(p, O_DIRECT | O_NONBLOCK));
    SHOW(write(p[1], "hello", 5));
    SHOW(write(p[1], "world!", 6));
    SHOW(read(p[0], room, 3));
    SHOW(read(p[0], room, 100));
    SHOW(read(p[0], room, 100));
    SHOW(write(p[1], room, 5000));
    SHOW(read(p[0], room, 10000));
    SHOW(read(p[0], room, 10000));
    int writes = 0;
    while (write(p[1], room, 1) == 1) {
        writes++;
    }
    SHOW(writes);
}

CASE(pipe_packets_and_bytes_mixed) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK));
    MUST(write(p[1], "bytes", 5));
    SHOW(fcntl(p[1], F_SETFL, O_DIRECT | O_NONBLOCK));
    MUST(write(p[1], "merged", 6));
    MUST(write(p[1], room, 4096));
    MUST(write(p[1], "packet", 6));
    SHOW(read(p[0], room, 100));
    SHOW(read(p[0], room, 100));
    SHOW(read(p[0], room, 100));
    SHOW(fcntl(p[1], F_GETFL));
}

CASE(pipe_bytes_that_wait) {
    int p[2], count = -1;
    MUST(pipe(p));
    SHOW(ioctl(p[0], FIONREAD, &count));
    SHOW(count);
    MUST(write(p[1], room, 5000));
    SHOW(ioctl(p[1], FIONREAD, &count));
    SHOW(count);
    SHOW(ioctl(p[0], FIONREAD, bad));
    SHOW(ioctl(p[0], 0x5401, room));
}

CASE(pipe_nonblocking_by_ioctl) {
    int p[2], on = 1;
    MUST(pipe(p));
    SHOW(ioctl(p[0], FIONBIO, &on));
    SHOW(fcntl(p[0], F_GETFL));
    SHOW(read(p[0], room, 1));
    SHOW(ioctl(p[0], FIOCLEX));
    SHOW(fcntl(p[0], F_GETFD));
    SHOW(ioctl(p[0], FIONCLEX));
    SHOW(fcntl(p[0], F_GETFD));
}

CASE(pipe_vectors) {
    int p[2];
    struct iovec out[3] = {{"one", 3}, {"", 0}, {"three", 5}};
    struct iovec in[2] = {{room, 2}, {room + 10, 100}};
    MUST(pipe(p));
    SHOW(writev(p[1], out, 3));
    SHOW(readv(p[0], in, 2));
    printf("%.2s %.6s\n", room, room + 10);
    SHOW(writev(p[1], out, 0));
    SHOW(writev(p[1], out, too_few));
    SHOW(writev(p[1], out, too_many));
}

CASE(pipe_bad_buffers) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK));
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(munmap(pages + 4096, 4096));
    SHOW(write(p[1], bad, 1));
    SHOW(read(p[0], bad, 1));
    MUST(write(p[1], "0123456789", 10));
    SHOW(read(p[0], bad, 5));
    SHOW(read(p[0], room, 100));
    SHOW(write(p[1], pages + 4096, 10));
    SHOW(read(p[0], room, 100));
}

CASE(pipe_reopened_by_proc) {
    int p[2];
    char name[64], link[64] = {0};
    struct stat st;
    MUST(pipe(p));
    MUST(fstat(p[0], &st));
    snprintf(name, sizeof name, "/proc/self/fd/%d", p[0]);
    int length = MUST(readlink(name, link, sizeof link - 1));
    char expected[64];
    snprintf(expected, sizeof expected, "pipe:[%ld]", (long)st.st_ino);
    printf("%d %d\n", length == (int)strlen(expected), strcmp(link, expected));
    int again = MUST(open(name, O_WRONLY));
    SHOW(write(again, "x", 1));
    SHOW(fcntl(again, F_GETFL) & (O_ACCMODE | O_NONBLOCK));
    MUST(close(p[1]));
    show_poll(p[0], POLLIN);
    MUST(close(again));
    show_poll(p[0], POLLIN);
    again = MUST(open(name, O_RDWR));
    SHOW(write(again, "yz", 2));
    SHOW(read(again, room, 10));
}

CASE(pipe_limit_of_descriptors) {
    int p[2], count = 0;
    while (count < 100000 && dup(0) != -1) {
        count++;
    }
    SHOW(pipe(p));
    close(100);
    SHOW(pipe(p));
    SHOW(dup(0));
}

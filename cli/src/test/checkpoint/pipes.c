// Pipes, FIFOs and eventfds: what is in them, and how they are set.
#include "checkpoint.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

static int fds[2];

CASE(pipe_keeps_its_content_and_size) {
    MUST(pipe(fds));
    EQUAL(fcntl(fds[0], F_SETPIPE_SZ, 1 << 20), 1 << 20);
    static char bytes[300000], found[300001];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i % 253;
    }
    EQUAL(write(fds[1], bytes, sizeof bytes), sizeof bytes);
    EQUAL(read(fds[0], found, 1000), 1000);
    struct stat before, after;
    fstat(fds[0], &before);
    CHECKPOINT();
    fstat(fds[0], &after);
    EQUAL(after.st_ino, before.st_ino);
    EQUAL(after.st_dev, before.st_dev);
    EQUAL(fcntl(fds[0], F_GETPIPE_SZ), 1 << 20);
    int queued = 0;
    EQUAL(ioctl(fds[0], FIONREAD, &queued), 0);
    EQUAL(queued, sizeof bytes - 1000);
    size_t at = 1000;
    while (at < sizeof bytes) {
        at += MUST(read(fds[0], found + at, sizeof found - at));
    }
    TRUE(memcmp(bytes, found, sizeof bytes) == 0);
    close(fds[1]);
    EQUAL(read(fds[0], found, 1), 0);
}

CASE(pipe_of_packets) {
    MUST(pipe2(fds, O_DIRECT));
    EQUAL(write(fds[1], "one", 3), 3);
    EQUAL(write(fds[1], "second", 6), 6);
    CHECKPOINT();
    char bytes[16] = "";
    EQUAL(read(fds[0], bytes, 15), 3);
    SAME(bytes, "one");
    EQUAL(read(fds[0], bytes, 2), 2);
    EQUAL(write(fds[1], "x", 1), 1);
    EQUAL(read(fds[0], bytes, 15), 1);
    EQUAL(fcntl(fds[1], F_GETFL) & O_DIRECT, O_DIRECT);
}

CASE(pipe_without_a_reader) {
    signal(SIGPIPE, SIG_IGN);
    MUST(pipe(fds));
    close(fds[0]);
    CHECKPOINT();
    FAILS(write(fds[1], "x", 1), EPIPE);
    struct pollfd polled = {fds[1], POLLOUT, 0};
    EQUAL(poll(&polled, 1, 0), 1);
    TRUE(polled.revents & POLLERR);
}

CASE(pipe_that_does_not_wait) {
    MUST(pipe2(fds, O_NONBLOCK | O_CLOEXEC));
    CHECKPOINT();
    char byte;
    FAILS(read(fds[0], &byte, 1), EAGAIN);
    EQUAL(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    EQUAL(fcntl(fds[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

CASE(fifo_that_both_sides_have_open) {
    MUST(mkfifo("fifo", 0600));
    int both = MUST(open("fifo", O_RDWR));
    int reader = MUST(open("fifo", O_RDONLY));
    EQUAL(write(both, "queued", 6), 6);
    CHECKPOINT();
    int again = MUST(open("fifo", O_RDONLY | O_NONBLOCK));
    char bytes[8] = "";
    EQUAL(read(again, bytes, 3), 3);
    EQUAL(read(reader, bytes + 3, 5), 3);
    SAME(bytes, "queued");
    struct stat by_name, by_fd;
    stat("fifo", &by_name);
    fstat(both, &by_fd);
    EQUAL(by_name.st_ino, by_fd.st_ino);
}

CASE(pipe_between_processes) {
    int back[2];
    MUST(pipe(fds));
    MUST(pipe(back));
    pid_t child = CHILD({
        close(fds[1]);
        close(back[0]);
        char byte;
        while (read(fds[0], &byte, 1) == 1) {
            byte++;
            EQUAL(write(back[1], &byte, 1), 1);
        }
    });
    close(fds[0]);
    close(back[1]);
    char byte;
    EQUAL(write(fds[1], "a", 1), 1);
    EQUAL(read(back[0], &byte, 1), 1);
    EQUAL(byte, 'b');
    CHECKPOINT();
    EQUAL(write(fds[1], "x", 1), 1);
    EQUAL(read(back[0], &byte, 1), 1);
    EQUAL(byte, 'y');
    close(fds[1]);
    EQUAL(read(back[0], &byte, 1), 0);
    ENDED(child);
}

CASE(pipe_with_spliced_pages_of_a_file) {
    MUST(pipe(fds));
    make("file", "spliced content");
    int file = MUST(open("file", O_RDWR));
    EQUAL(splice(file, NULL, fds[1], NULL, 7, 0), 7);
    CHECKPOINT();
    char bytes[32] = "";
    EQUAL(read(fds[0], bytes, 31), 7);
    SAME(bytes, "spliced");
    EQUAL(lseek(file, 0, SEEK_CUR), 7);
}

CASE(eventfds) {
    int plain = MUST(eventfd(41, 0));
    int semaphore = MUST(eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK));
    EQUAL(write(plain, &(uint64_t){1}, 8), 8);
    CHECKPOINT();
    uint64_t value;
    EQUAL(read(plain, &value, 8), 8);
    EQUAL(value, 42);
    for (int i = 0; i < 3; i++) {
        EQUAL(read(semaphore, &value, 8), 8);
        EQUAL(value, 1);
    }
    FAILS(read(semaphore, &value, 8), EAGAIN);
}

CASE(owner_of_a_pipe) {
    MUST(pipe(fds));
    int result = fcntl(fds[0], F_SETOWN, getpid());
    CHECKPOINT();
    if (result == 0) {
        EQUAL(fcntl(fds[0], F_GETOWN), getpid());
    }
}

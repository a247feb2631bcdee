// Calls that wait for a file: the checkpoint finds them waiting, and they go on to wait.
#include "checkpoint.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static int fds[2];

CASE(read_of_an_empty_pipe) {
    MUST(pipe(fds));
    pid_t reader = BLOCKED({
        char bytes[8] = "";
        EQUAL(read(fds[0], bytes, sizeof bytes), 3);
        SAME(bytes, "abc");
    });
    CHECKPOINT();
    await_asleep(reader);
    EQUAL(write(fds[1], "abc", 3), 3);
    ENDED(reader);
}

CASE(read_of_a_pipe_that_ends) {
    MUST(pipe(fds));
    pid_t reader = BLOCKED({
        close(fds[1]);
        char byte;
        EQUAL(read(fds[0], &byte, 1), 0);
    });
    CHECKPOINT();
    close(fds[1]);
    ENDED(reader);
}

CASE(readv_of_an_empty_pipe) {
    MUST(pipe(fds));
    pid_t reader = BLOCKED({
        char first[2] = "";
        char second[8] = "";
        struct iovec parts[] = {{first, 1}, {second, 7}};
        EQUAL(readv(fds[0], parts, 2), 3);
        SAME(first, "a");
        SAME(second, "bc");
    });
    CHECKPOINT();
    EQUAL(write(fds[1], "abc", 3), 3);
    ENDED(reader);
}

CASE(write_to_a_full_pipe) {
    MUST(pipe(fds));
    int size = MUST(fcntl(fds[1], F_SETPIPE_SZ, 4096));
    char *bytes = malloc(3 * size);
    for (int i = 0; i < 3 * size; i++) {
        bytes[i] = i % 251;
    }
    pid_t writer = BLOCKED({ EQUAL(write(fds[1], bytes, 3 * size), 3 * size); });
    CHECKPOINT_UNSTOPPED();
    close(fds[1]);
    int at = 0;
    char part[1000];
    for (ssize_t length; (length = read(fds[0], part, sizeof part)) > 0; at += length) {
        if (memcmp(part, bytes + at, length) != 0) {
            wrong(__FILE__, __LINE__, "other bytes near %d", at);
        }
    }
    EQUAL(at, 3 * size);
    ENDED(writer);
}

CASE(write_that_a_checkpoint_finds_half_done) {
    MUST(pipe(fds));
    MUST(fcntl(fds[1], F_SETPIPE_SZ, 4096));
    pid_t writer = BLOCKED({
        static char bytes[10000];
        memset(bytes, 'w', sizeof bytes);
        EQUAL(write(fds[1], bytes, sizeof bytes), sizeof bytes);
    });
    char part[4096];
    EQUAL(read(fds[0], part, sizeof part), 4096);
    await_asleep(writer);
    CHECKPOINT_UNSTOPPED();
    close(fds[1]);
    long all = 4096;
    for (ssize_t length; (length = read(fds[0], part, sizeof part)) > 0; all += length) {
    }
    EQUAL(all, 10000);
    ENDED(writer);
}

CASE(open_of_a_fifo_for_reading) {
    MUST(mkfifo("fifo", 0600));
    pid_t reader = BLOCKED({
        int file = MUST(open("fifo", O_RDONLY));
        char bytes[8] = "";
        EQUAL(read(file, bytes, 7), 2);
        SAME(bytes, "hi");
    });
    CHECKPOINT();
    int file = MUST(open("fifo", O_WRONLY));
    EQUAL(write(file, "hi", 2), 2);
    ENDED(reader);
}

CASE(open_of_a_fifo_for_writing) {
    MUST(mkfifo("fifo", 0600));
    pid_t writer = BLOCKED({
        int file = MUST(open("fifo", O_WRONLY));
        EQUAL(write(file, "hi", 2), 2);
    });
    CHECKPOINT();
    int file = MUST(open("fifo", O_RDONLY));
    char bytes[8] = "";
    EQUAL(read(file, bytes, 7), 2);
    SAME(bytes, "hi");
    ENDED(writer);
}

CASE(read_of_an_eventfd_at_zero) {
    int counter = MUST(eventfd(0, 0));
    pid_t reader = BLOCKED({
        uint64_t value = 0;
        EQUAL(read(counter, &value, 8), 8);
        EQUAL(value, 7);
    });
    CHECKPOINT();
    EQUAL(write(counter, &(uint64_t){7}, 8), 8);
    ENDED(reader);
}

CASE(write_to_a_full_eventfd) {
    int counter = MUST(eventfd(0, 0));
    uint64_t most = UINT64_MAX - 1;
    EQUAL(write(counter, &most, 8), 8);
    pid_t writer = BLOCKED({ EQUAL(write(counter, &(uint64_t){5}, 8), 8); });
    CHECKPOINT();
    uint64_t value = 0;
    EQUAL(read(counter, &value, 8), 8);
    TRUE(value == most);
    ENDED(writer);
    EQUAL(read(counter, &value, 8), 8);
    EQUAL(value, 5);
}

CASE(poll_without_a_timeout) {
    MUST(pipe(fds));
    pid_t poller = BLOCKED({
        struct pollfd polled[] = {{fds[0], POLLIN, 0}, {-1, 0, 0}};
        EQUAL(poll(polled, 2, -1), 1);
        EQUAL(polled[0].revents, POLLIN);
    });
    CHECKPOINT();
    await_asleep(poller);
    EQUAL(write(fds[1], "a", 1), 1);
    ENDED(poller);
}

CASE(poll_with_time_left) {
    MUST(pipe(fds));
    int64_t begun = now_millis();
    pid_t poller = CHILD({
        struct pollfd polled = {fds[0], POLLIN, 0};
        EQUAL(poll(&polled, 1, WAIT_MILLIS), 0);
        TOOK(begun, WAIT_MILLIS);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    ENDED(poller);
}

CASE(ppoll_with_time_left_and_a_mask) {
    MUST(pipe(fds));
    int64_t begun = now_millis();
    pid_t poller = CHILD({
        sigset_t all;
        sigfillset(&all);
        struct pollfd polled = {fds[0], POLLIN, 0};
        struct timespec span = {WAIT_MILLIS / 1000, WAIT_MILLIS % 1000 * 1000000};
        EQUAL(ppoll(&polled, 1, &span, &all), 0);
        TOOK(begun, WAIT_MILLIS);
        sigset_t mask;
        sigprocmask(SIG_BLOCK, NULL, &mask);
        EQUAL(sigismember(&mask, SIGUSR1), 0);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    kill(poller, SIGURG);
    ENDED(poller);
}

CASE(select_with_time_left) {
    MUST(pipe(fds));
    int64_t begun = now_millis();
    pid_t selecter = CHILD({
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fds[0], &set);
        struct timeval span = {WAIT_MILLIS / 1000, WAIT_MILLIS % 1000 * 1000};
        EQUAL(select(fds[0] + 1, &set, NULL, NULL, &span), 0);
        TOOK(begun, WAIT_MILLIS);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    ENDED(selecter);
}

CASE(pselect_that_a_write_ends) {
    MUST(pipe(fds));
    pid_t selecter = BLOCKED({
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fds[0], &set);
        struct timespec span = {60, 0};
        EQUAL(pselect(fds[0] + 1, &set, NULL, NULL, &span, NULL), 1);
        TRUE(FD_ISSET(fds[0], &set));
    });
    CHECKPOINT();
    EQUAL(write(fds[1], "a", 1), 1);
    ENDED(selecter);
}

CASE(splice_from_an_empty_pipe) {
    int to[2];
    MUST(pipe(fds));
    MUST(pipe(to));
    pid_t splicer = BLOCKED({ EQUAL(splice(fds[0], NULL, to[1], NULL, 100, 0), 3); });
    CHECKPOINT();
    EQUAL(write(fds[1], "abc", 3), 3);
    ENDED(splicer);
    char bytes[8] = "";
    EQUAL(read(to[0], bytes, 7), 3);
    SAME(bytes, "abc");
}

CASE(tee_from_an_empty_pipe) {
    int to[2];
    MUST(pipe(fds));
    MUST(pipe(to));
    pid_t tee_child = BLOCKED({ EQUAL(tee(fds[0], to[1], 100, 0), 3); });
    CHECKPOINT();
    EQUAL(write(fds[1], "abc", 3), 3);
    ENDED(tee_child);
    char bytes[8] = "";
    EQUAL(read(to[0], bytes, 7), 3);
    SAME(bytes, "abc");
    EQUAL(read(fds[0], bytes, 7), 3);
}

CASE(sendfile_to_a_full_pipe) {
    MUST(pipe(fds));
    MUST(fcntl(fds[1], F_SETPIPE_SZ, 4096));
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    static char bytes[12288];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i / 256 + i % 7;
    }
    EQUAL(write(file, bytes, sizeof bytes), sizeof bytes);
    pid_t sender = BLOCKED({
        off_t at = 0;
        while (at < (off_t)sizeof bytes && sendfile(fds[1], file, &at, sizeof bytes - at) > 0) {
        }
        EQUAL(at, sizeof bytes);
    });
    CHECKPOINT();
    close(fds[1]);
    size_t all = 0;
    char part[1024];
    for (ssize_t length; (length = read(fds[0], part, sizeof part)) > 0; all += length) {
        if (memcmp(part, bytes + all, length) != 0) {
            wrong(__FILE__, __LINE__, "other bytes near %zu", all);
        }
    }
    EQUAL(all, sizeof bytes);
    ENDED(sender);
}

CASE(flock_that_another_holds) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(flock(file, LOCK_EX));
    pid_t locker = BLOCKED({
        int own = MUST(open("file", O_RDWR));
        EQUAL(flock(own, LOCK_EX), 0);
    });
    CHECKPOINT();
    await_asleep(locker);
    MUST(flock(file, LOCK_UN));
    ENDED(locker);
}

CASE(record_lock_that_another_holds) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5};
    MUST(fcntl(file, F_SETLK, &lock));
    pid_t locker = BLOCKED({
        struct flock own = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 12, .l_len = 1};
        EQUAL(fcntl(file, F_SETLKW, &own), 0);
    });
    CHECKPOINT();
    await_asleep(locker);
    lock.l_type = F_UNLCK;
    MUST(fcntl(file, F_SETLK, &lock));
    ENDED(locker);
}

CASE(open_file_lock_that_another_holds) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    MUST(fcntl(file, F_OFD_SETLK, &lock));
    pid_t locker = BLOCKED({
        close(file);
        int own_file = MUST(open("file", O_RDWR));
        struct flock own = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        EQUAL(fcntl(own_file, F_OFD_SETLKW, &own), 0);
    });
    CHECKPOINT();
    await_asleep(locker);
    close(file);
    ENDED(locker);
}

CASE(sendfile_in_many_pieces) {
    enum { ALL = 2 << 20 };
    static char bytes[ALL];
    for (int i = 0; i < ALL; i++) {
        bytes[i] = i % 251;
    }
    int file = MUST(open("file", O_RDWR | O_CREAT, 0644));
    EQUAL(write(file, bytes, ALL), ALL);
    MUST(lseek(file, 0, SEEK_SET));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    pid_t sender = BLOCKED({
        EQUAL(sendfile(fds[1], file, NULL, ALL), ALL);
        EQUAL(lseek(file, 0, SEEK_CUR), ALL);
    });
    CHECKPOINT_UNSTOPPED();
    close(fds[1]);
    int at = 0;
    char part[1000];
    for (ssize_t length; (length = read(fds[0], part, sizeof part)) > 0; at += length) {
        if (at + length > ALL || memcmp(part, bytes + at, length) != 0) {
            wrong(__FILE__, __LINE__, "other bytes near %d", at);
            break;
        }
    }
    EQUAL(at, ALL);
    ENDED(sender);
}

// FIFOs: what open waits for and what it refuses, and how they are shared by name.
#include "oracle.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

static char room[1 << 17];

static void show_poll(int fd, int events) {
    struct pollfd one = {.fd = fd, .events = events};
    int found = poll(&one, 1, 0);
    printf("poll = %d, revents = %#x\n", found, one.revents);
}

CASE(fifo_made) {
    struct stat st;
    umask(022);
    SHOW(mkfifo("f", 0666));
    SHOW(mkfifo("f", 0666));
    MUST(stat("f", &st));
    printf("%o %d\n", st.st_mode, (int)st.st_size);
    SHOW(mknod("g", S_IFIFO | 0600, 0));
    MUST(stat("g", &st));
    printf("%o\n", st.st_mode);
    SHOW(unlink("f"));
    SHOW(stat("f", &st));
}

CASE(fifo_nonblocking) {
    MUST(mkfifo("f", 0600));
    SHOW(open("f", O_WRONLY | O_NONBLOCK));
    int in = SHOW(open("f", O_RDONLY | O_NONBLOCK));
    SHOW(read(in, room, 10));
    show_poll(in, POLLIN);
    int out = SHOW(open("f", O_WRONLY | O_NONBLOCK));
    show_poll(in, POLLIN);
    SHOW(read(in, room, 10));
    SHOW(write(out, "abc", 3));
    show_poll(in, POLLIN);
    SHOW(read(in, room, 10));
    close(out);
    show_poll(in, POLLIN);
    SHOW(read(in, room, 10));
    int again = SHOW(open("f", O_RDONLY | O_NONBLOCK));
    show_poll(again, POLLIN);
}

CASE(fifo_both_sides_at_once) {
    MUST(mkfifo("f", 0600));
    int both = SHOW(open("f", O_RDWR));
    SHOW(write(both, "abc", 3));
    SHOW(fcntl(both, F_GETFL) & O_ACCMODE);
    int in = SHOW(open("f", O_RDONLY));
    SHOW(read(in, room, 2));
    SHOW(read(both, room, 2));
    show_poll(both, POLLIN | POLLOUT);
}

CASE(fifo_is_empty_once_closed) {
    MUST(mkfifo("f", 0600));
    int both = MUST(open("f", O_RDWR));
    MUST(write(both, "abc", 3));
    close(both);
    both = MUST(open("f", O_RDWR | O_NONBLOCK));
    SHOW(read(both, room, 2));
}

CASE(fifo_by_other_names) {
    MUST(mkfifo("f", 0600));
    SHOW(link("f", "g"));
    int out = MUST(open("f", O_RDWR));
    MUST(rename("f", "h"));
    MUST(write(out, "abc", 3));
    int in = MUST(open("g", O_RDONLY));
    SHOW(read(in, room, 10));
    MUST(write(out, "de", 2));
    MUST(unlink("g"));
    MUST(unlink("h"));
    SHOW(read(in, room, 10));
}

static volatile int signals;
static void count(int signal) { signals += signal == SIGALRM; }

static void alarm_soon(int flags) {
    struct sigaction action = {.sa_handler = count, .sa_flags = flags};
    struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    MUST(sigaction(SIGALRM, &action, NULL));
    MUST(setitimer(ITIMER_REAL, &soon, NULL));
}

CASE(fifo_open_is_interrupted) {
    MUST(mkfifo("f", 0600));
    alarm_soon(0);
    SHOW(open("f", O_RDONLY));
    alarm_soon(0);
    SHOW(open("f", O_WRONLY));
    SHOW(signals);
    SHOW(open("f", O_WRONLY | O_NONBLOCK));
}

CASE(fifo_open_waits_for_the_other_side) {
    MUST(mkfifo("f", 0600));
    pid_t child = MUST(fork());
    if (child == 0) {
        usleep(50000);
        int out = open("f", O_WRONLY);
        write(out, "from child", 10);
        _exit(out == -1);
    }
    int in = SHOW(open("f", O_RDONLY));
    SHOW(read(in, room, 20));
    SHOW(read(in, room, 20));
    int status;
    MUST(waitpid(child, &status, 0));
    SHOW(status);
    close(in);
    child = MUST(fork());
    if (child == 0) {
        usleep(50000);
        int late = open("f", O_RDONLY);
        _exit(read(late, room, 5) != 5);
    }
    int out = SHOW(open("f", O_WRONLY));
    SHOW(write(out, "12345", 5));
    MUST(waitpid(child, &status, 0));
    SHOW(status);
}

CASE(fifo_permissions_and_kinds) {
    MUST(mkfifo("f", 0600));
    SHOW(open("f", O_RDONLY | O_DIRECTORY));
    SHOW(open("f", O_CREAT | O_EXCL | O_RDWR, 0600));
    int both = SHOW(open("f", O_CREAT | O_TRUNC | O_RDWR, 0600));
    SHOW(lseek(both, 0, SEEK_END));
    SHOW(truncate("f", 0));
    SHOW(open("f/g", O_RDONLY));
    int path = SHOW(open("f", O_PATH));
    SHOW(read(path, room, 1));
    SHOW(mkfifo("", 0600));
    SHOW(mkfifo("a/b", 0600));
    SHOW(mkfifo("d/", 0600));
}

// poll, ppoll, select and pselect6: what holds for which file, timeouts, bad arguments.
#include "oracle.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static char room[1 << 17];
static void *volatile bad = (void *)8;

static void show_poll(struct pollfd *fds, int count, int timeout) {
    printf("poll = %ld", (long)poll(fds, count, timeout));
    for (int i = 0; i < count; i++) {
        printf(" %#x", fds[i].revents);
    }
    printf("\n");
}

CASE(poll_kinds_of_files) {
    int p[2];
    MUST(pipe(p));
    struct pollfd fds[] = {
        {.fd = open("/dev/null", O_RDWR), .events = -1},
        {.fd = open(".", O_RDONLY), .events = POLLIN | POLLOUT | POLLPRI},
        {.fd = open("f", O_CREAT | O_RDWR, 0600), .events = -1},
        {.fd = open("f", O_WRONLY), .events = POLLIN | POLLOUT},
        {.fd = p[0], .events = -1},
        {.fd = p[1], .events = -1},
        {.fd = eventfd(0, 0), .events = -1},
        {.fd = eventfd(1, 0), .events = -1},
        {.fd = -1, .events = -1, .revents = 7},
        {.fd = 999, .events = POLLIN},
        {.fd = 999, .events = 0},
        {.fd = open("f", O_PATH), .events = POLLIN},
        {.fd = open("/proc/self/stat", O_RDONLY), .events = POLLIN | POLLOUT},
    };
    show_poll(fds, sizeof fds / sizeof *fds, 0);
    show_poll(fds, 0, 0);
    MUST(close(p[0]));
    fds[4].fd = -1;
    show_poll(fds + 4, 2, -1);
}

CASE(poll_nothing_takes_its_time) {
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    SHOW(poll(NULL, 0, 30));
    clock_gettime(CLOCK_MONOTONIC, &after);
    long millis = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    SHOW(millis >= 29 && millis < 2000);
}

CASE(poll_bad_arguments) {
    struct pollfd one = {.fd = 0, .events = POLLIN};
    struct rlimit limit;
    SHOW(poll(bad, 1, 0));
    SHOW(poll(NULL, 1, 0));
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    SHOW(poll(&one, limit.rlim_cur + 1, 0));
    SHOW(poll(&one, -1, 0));
    limit.rlim_cur = 3;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    struct pollfd four[4] = {{-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}, {-1, 0, 0}};
    SHOW(poll(four, 4, 0));
    SHOW(poll(four, 3, 0));
    struct timespec wrong = {0, 1000000000};
    SHOW(ppoll(four, 1, &wrong, NULL));
    wrong = (struct timespec){-1, 0};
    SHOW(ppoll(four, 1, &wrong, NULL));
    SHOW(ppoll(four, 1, bad, NULL));
    SHOW(syscall(SYS_ppoll, four, 1, NULL, room, 4));
}

CASE(poll_results_that_cannot_be_stored) {
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct pollfd *fds = (struct pollfd *)(pages + 4096 - 2 * sizeof *fds);
    int p[2];
    MUST(pipe(p));
    for (int i = 0; i < 4; i++) {
        fds[i] = (struct pollfd){.fd = p[1], .events = POLLOUT};
    }
    MUST(mprotect(pages + 4096, 4096, PROT_READ));
    SHOW(poll(fds, 4, 0));
    SHOW(fds[0].revents);
    SHOW(fds[3].revents);
}

static volatile int handled;
static void handle(int signal) { handled += signal == SIGUSR1; }

CASE(poll_signals) {
    sigset_t usr1, none;
    sigemptyset(&usr1);
    sigemptyset(&none);
    sigaddset(&usr1, SIGUSR1);
    struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
    MUST(sigaction(SIGUSR1, &action, NULL));
    MUST(sigprocmask(SIG_BLOCK, &usr1, NULL));
    MUST(kill(getpid(), SIGUSR1));
    struct timespec left = {10, 0};
    int p[2];
    MUST(pipe(p));
    struct pollfd one = {.fd = p[0], .events = POLLIN};
    SHOW(poll(&one, 1, 0));
    SHOW(handled);
    SHOW(syscall(SYS_ppoll, &one, 1, &left, &none, 8));
    SHOW(handled);
    SHOW(left.tv_sec == 9);
    MUST(kill(getpid(), SIGUSR1));
    MUST(write(p[1], "x", 1));
    SHOW(ppoll(&one, 1, NULL, &none));
    SHOW(handled);
    sigset_t pending;
    MUST(sigpending(&pending));
    SHOW(sigismember(&pending, SIGUSR1));
    fd_set set;
    FD_ZERO(&set);
    SHOW(pselect(0, NULL, NULL, NULL, NULL, &none));
    SHOW(handled);
}

CASE(select_sets) {
    int p[2], q[2];
    MUST(pipe(p));
    MUST(pipe(q));
    fd_set in, out, other;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&other);
    FD_SET(p[0], &in);
    FD_SET(q[0], &in);
    FD_SET(p[1], &out);
    FD_SET(q[1], &out);
    FD_SET(p[0], &other);
    MUST(write(p[1], "x", 1));
    struct timeval zero = {0, 0};
    SHOW(select(q[1] + 1, &in, &out, &other, &zero));
    printf("%d %d %d %d %d\n", FD_ISSET(p[0], &in) != 0, FD_ISSET(q[0], &in) != 0, FD_ISSET(p[1], &out) != 0,
           FD_ISSET(q[1], &out) != 0, FD_ISSET(p[0], &other) != 0);
    MUST(close(q[1]));
    FD_ZERO(&in);
    FD_SET(q[0], &in);
    SHOW(select(q[0] + 1, &in, NULL, NULL, NULL));
    FD_ZERO(&out);
    FD_SET(p[1], &out);
    MUST(close(p[0]));
    SHOW(select(p[1] + 1, NULL, &out, NULL, NULL));
}

CASE(select_timeout_is_written_back) {
    struct timeval time = {0, 20000};
    SHOW(select(0, NULL, NULL, NULL, &time));
    printf("%ld %ld\n", (long)time.tv_sec, (long)time.tv_usec);
    struct timespec spec = {0, 20000000};
    SHOW(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &spec, NULL));
    printf("%ld %ld\n", (long)spec.tv_sec, (long)spec.tv_nsec);
    int p[2];
    MUST(pipe(p));
    fd_set out;
    FD_ZERO(&out);
    FD_SET(p[1], &out);
    time = (struct timeval){5, 0};
    SHOW(select(p[1] + 1, NULL, &out, NULL, &time));
    SHOW(time.tv_sec == 4 || (time.tv_sec == 5 && time.tv_usec == 0));
}

CASE(select_bad_arguments) {
    fd_set set;
    struct timeval zero = {0, 0};
    FD_ZERO(&set);
    FD_SET(60, &set);
    SHOW(select(61, &set, NULL, NULL, &zero));
    SHOW(FD_ISSET(60, &set) != 0);
    SHOW(select(60, &set, NULL, NULL, &zero));
    SHOW(select(-1, NULL, NULL, NULL, &zero));
    SHOW(select(1, bad, NULL, NULL, &zero));
    SHOW(select(0, bad, NULL, NULL, &zero));
    zero.tv_usec = -1;
    SHOW(select(0, NULL, NULL, NULL, &zero));
    zero = (struct timeval){0, 2000000};
    int p[2];
    MUST(pipe(p));
    FD_ZERO(&set);
    FD_SET(p[1], &set);
    SHOW(select(p[1] + 1, NULL, &set, NULL, &zero));
    SHOW(select(0, NULL, NULL, NULL, bad));
    MUST(close(p[0]));
    int path = MUST(open(".", O_PATH));
    FD_ZERO(&set);
    FD_SET(path, &set);
    zero = (struct timeval){0, 0};
    SHOW(select(path + 1, &set, NULL, NULL, &zero));
}

static void alarm_soon(int flags) {
    struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
    struct itimerval soon = {.it_value = {.tv_usec = 50000}};
    MUST(sigaction(SIGALRM, &action, NULL));
    MUST(setitimer(ITIMER_REAL, &soon, NULL));
}

CASE(poll_is_interrupted_even_with_restart) {
    int p[2];
    MUST(pipe(p));
    struct pollfd one = {.fd = p[0], .events = POLLIN};
    alarm_soon(SA_RESTART);
    SHOW(poll(&one, 1, 5000));
    alarm_soon(SA_RESTART);
    struct timeval time = {5, 0};
    SHOW(select(0, NULL, NULL, NULL, &time));
    SHOW(time.tv_sec == 4);
    alarm_soon(0);
    SHOW(read(p[0], room, 1));
}

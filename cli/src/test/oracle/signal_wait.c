// Waiting for signals, and what becomes of calls that they interrupt.
#include "oracle.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static volatile int handled;

static void note(int signal) {
    (void)signal;
    handled++;
}

static void handle(int signal, int flags) {
    struct sigaction action = {.sa_handler = note, .sa_flags = flags};
    MUST(sigaction(signal, &action, NULL));
}

static void sleep_millis(long millis) {
    struct timespec span = {millis / 1000, millis % 1000 * 1000000};
    while (nanosleep(&span, &span) != 0) {
    }
}

// Waits until a process sleeps, however busy the machine is.
static void await_sleep(pid_t pid) {
    char path[64], text[256];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int seen = 0, tries = 0; seen < 2 && tries < 1000; tries++) {
        sleep_millis(20);
        FILE *stat = fopen(path, "r");
        char state = 0;
        if (stat != NULL && fgets(text, sizeof text, stat) != NULL) {
            state = strrchr(text, ')')[2];
        }
        if (stat != NULL) {
            fclose(stat);
        }
        seen = state == 'S' ? seen + 1 : 0;
    }
}

// A child that does something to its parent once that waits.
static pid_t later(void (*what)(pid_t parent)) {
    pid_t parent = getpid();
    pid_t child = MUST(fork());
    if (child == 0) {
        await_sleep(parent);
        what(parent);
        _exit(0);
    }
    return child;
}

static void usr1(pid_t parent) { kill(parent, SIGUSR1); }
static void queue42(pid_t parent) {
    union sigval value = {.sival_int = 42};
    sigqueue(parent, SIGRTMIN, value);
}
static void stop_and_continue(pid_t parent) {
    kill(parent, SIGSTOP);
    sleep_millis(60);
    kill(parent, SIGCONT);
}

static void reap(pid_t child) {
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {
    }
}

static long elapsed(struct timespec since) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - since.tv_sec) * 1000 + (now.tv_nsec - since.tv_nsec) / 1000000;
}

CASE(pause_ends_with_a_handler) {
    handle(SIGUSR1, SA_RESTART);
    pid_t child = later(usr1);
    SHOW(pause());
    printf("handled %d\n", handled);
    reap(child);
}

CASE(nanosleep_tells_what_is_left) {
    handle(SIGUSR1, SA_RESTART);
    pid_t child = later(usr1);
    struct timespec span = {50, 0}, left = {9, 9};
    SHOW(nanosleep(&span, &left));
    printf("left %d\n", left.tv_sec > 20 && handled == 1);
    reap(child);
}

CASE(clock_nanosleep_until_a_moment_tells_nothing) {
    handle(SIGUSR1, SA_RESTART);
    pid_t child = later(usr1);
    struct timespec moment, left = {9, 9};
    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += 50;
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &moment, &left));
    printf("left %ld\n", (long)left.tv_sec);
    reap(child);
}

CASE(a_stop_does_not_end_a_sleep) {
    pid_t child = later(stop_and_continue);
    struct timespec start, span = {0, 400000000};
    clock_gettime(CLOCK_MONOTONIC, &start);
    SHOW(nanosleep(&span, NULL));
    long millis = elapsed(start);
    printf("as long as asked %d\n", millis >= 400 && millis < 4000);
    reap(child);
}

CASE(a_stop_does_not_end_poll_or_pause_of_a_timeout) {
    pid_t child = later(stop_and_continue);
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    SHOW(poll(NULL, 0, 400));
    long millis = elapsed(start);
    printf("as long as asked %d\n", millis >= 400 && millis < 4000);
    reap(child);
}

CASE(read_restarts_if_asked) {
    int fds[2];
    MUST(pipe(fds));
    handle(SIGUSR1, 0);
    pid_t child = later(usr1);
    char byte;
    SHOW(read(fds[0], &byte, 1));
    reap(child);
    handle(SIGUSR1, SA_RESTART);
    pid_t parent = getpid();
    child = MUST(fork());
    if (child == 0) {
        await_sleep(parent);
        kill(parent, SIGUSR1);
        await_sleep(parent);
        MUST(write(fds[1], "x", 1));
        _exit(0);
    }
    SHOW(read(fds[0], &byte, 1));
    printf("handled %d\n", handled);
    reap(child);
}

CASE(waitpid_restarts_if_asked) {
    handle(SIGUSR1, SA_RESTART);
    pid_t child = later(usr1);
    SHOW(waitpid(child, NULL, 0) == child);
    handle(SIGUSR1, 0);
    pid_t parent = getpid();
    child = MUST(fork());
    if (child == 0) {
        await_sleep(parent);
        kill(parent, SIGUSR1);
        sleep_millis(500);
        _exit(0);
    }
    SHOW(waitpid(child, NULL, 0));
    reap(child);
}

CASE(poll_and_select_do_not_restart) {
    handle(SIGUSR1, SA_RESTART);
    pid_t child = later(usr1);
    SHOW(poll(NULL, 0, 50000));
    reap(child);
    child = later(usr1);
    struct timeval span = {50, 0};
    SHOW(select(0, NULL, NULL, NULL, &span));
    printf("left %d\n", span.tv_sec > 20);
    reap(child);
    child = later(usr1);
    struct timespec time = {50, 0};
    sigset_t none;
    sigemptyset(&none);
    SHOW(ppoll(NULL, 0, &time, &none));
    reap(child);
}

CASE(an_ignored_signal_interrupts_nothing) {
    signal(SIGUSR1, SIG_IGN);
    pid_t child = later(usr1);
    struct timespec span = {0, 300000000};
    SHOW(nanosleep(&span, NULL));
    reap(child);
}

CASE(sigsuspend_swaps_the_mask) {
    sigset_t set, now;
    handle(SIGUSR1, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR1);
    printf("handled %d\n", handled);
    sigemptyset(&set);
    SHOW(sigsuspend(&set));
    printf("handled %d\n", handled);
    sigprocmask(SIG_BLOCK, NULL, &now);
    printf("blocked again %d\n", sigismember(&now, SIGUSR1));
}

CASE(sigtimedwait_takes_a_pending_one) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    siginfo_t info;
    struct timespec none = {0, 0}, some = {0, 50000000}, bad = {0, 1000000000}, negative = {-1, 0};
    SHOW(sigtimedwait(&set, &info, &none));
    SHOW(sigtimedwait(&set, &info, &some));
    SHOW(sigtimedwait(&set, &info, &bad));
    SHOW(sigtimedwait(&set, &info, &negative));
    SHOW(syscall(SYS_rt_sigtimedwait, &set, &info, &none, 16));
    SHOW(syscall(SYS_rt_sigtimedwait, (void *)8, &info, &none, 8));
    raise(SIGUSR1);
    SHOW(sigtimedwait(&set, &info, &none));
    printf("code %d, mine %d\n", info.si_code, info.si_pid == getpid());
    raise(SIGUSR1);
    SHOW(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
    pid_t child = later(queue42);
    SHOW(sigwaitinfo(&set, &info) == SIGRTMIN);
    printf("code %d, child %d, value %d\n", info.si_code, info.si_pid == child, info.si_int);
    reap(child);
}

CASE(sigtimedwait_takes_what_is_not_blocked_too) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    handle(SIGUSR1, 0);
    pid_t child = later(usr1);
    siginfo_t info;
    SHOW(sigwaitinfo(&set, &info));
    printf("handled %d\n", handled);
    printf("from child %d\n", info.si_pid == child);
    reap(child);
}

CASE(sigtimedwait_is_ended_by_another_signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    handle(SIGUSR1, SA_RESTART);
    pid_t child = later(usr1);
    SHOW(sigwaitinfo(&set, NULL));
    printf("handled %d\n", handled);
    reap(child);
}

CASE(restart_syscall_has_nothing_to_restart) {
    SHOW(syscall(SYS_restart_syscall));
    handle(SIGUSR1, 0);
    pid_t child = later(usr1);
    struct timespec span = {50, 0};
    SHOW(nanosleep(&span, NULL));
    SHOW(syscall(SYS_restart_syscall));
    reap(child);
}

static void *suspend_thread(void *argument) {
    (void)argument;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    int signal;
    sigwait(&set, &signal);
    printf("thread got %d\n", signal);
    return NULL;
}

CASE(a_process_signal_goes_to_the_thread_that_waits) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    pthread_t thread;
    pthread_create(&thread, NULL, suspend_thread, NULL);
    sleep_millis(50);
    kill(getpid(), SIGUSR1);
    pthread_join(thread, NULL);
}

static volatile pthread_t taker;
static void who(int signal) {
    (void)signal;
    taker = pthread_self();
    handled = 1;
}

static void *take_thread(void *argument) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    while (!handled) {
        sleep_millis(5);
    }
    return argument;
}

CASE(a_process_signal_goes_to_a_thread_that_does_not_block_it) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, who);
    pthread_t thread;
    kill(getpid(), SIGUSR1);
    pthread_create(&thread, NULL, take_thread, NULL);
    pthread_t expected = thread;
    pthread_join(thread, NULL);
    printf("in the thread %d\n", pthread_equal(taker, expected) != 0);
}

static void *pthread_kill_target(void *argument) {
    (void)argument;
    while (!handled) {
        pause();
    }
    return pthread_equal(taker, pthread_self()) ? "the thread" : "another";
}

CASE(pthread_kill_reaches_its_thread) {
    signal(SIGUSR1, who);
    pthread_t thread;
    pthread_create(&thread, NULL, pthread_kill_target, NULL);
    sleep_millis(50);
    SHOW(pthread_kill(thread, SIGUSR1));
    void *found;
    pthread_join(thread, &found);
    printf("in %s\n", (char *)found);
}

// alarm(2), setitimer(2), timer_create(2) and the clocks they run by.
#include "oracle.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>

static volatile int count;
static volatile int last_code, last_overrun, last_value;

static void note(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    count++;
    last_code = info->si_code;
    last_overrun = info->si_overrun;
    last_value = info->si_int;
}

static void handle(int signal) {
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_RESTART};
    MUST(sigaction(signal, &action, NULL));
}

static double now(clockid_t clock) {
    struct timespec time;
    MUST(clock_gettime(clock, &time));
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void await_count(int wanted) {
    double start = now(CLOCK_MONOTONIC);
    while (count < wanted && now(CLOCK_MONOTONIC) - start < 5) {
        usleep(1000);
    }
}

static timer_t create(clockid_t clock, int notify, int signal, int value) {
    struct sigevent event = {.sigev_notify = notify, .sigev_signo = signal};
    event.sigev_value.sival_int = value;
    timer_t timer;
    MUST(timer_create(clock, &event, &timer));
    return timer;
}

static void set(timer_t timer, int flags, double value, double interval) {
    struct itimerspec spec = {
        .it_value = {(long)value, (long)((value - (long)value) * 1e9)},
        .it_interval = {(long)interval, (long)((interval - (long)interval) * 1e9)},
    };
    SHOW(timer_settime(timer, flags, &spec, NULL));
}

CASE(alarm_tells_what_was_left) {
    handle(SIGALRM);
    SHOW(alarm(0));
    SHOW(alarm(100));
    SHOW(alarm(50));
    SHOW(alarm(0));
    SHOW(alarm(0));
    SHOW(alarm(1));
    double start = now(CLOCK_MONOTONIC);
    SHOW(pause());
    double took = now(CLOCK_MONOTONIC) - start;
    printf("a second %d, code %d\n", took > 0.9 && took < 2, last_code);
}

CASE(an_alarm_kills) {
    pid_t child = MUST(fork());
    if (child == 0) {
        struct itimerval timer = {.it_value = {0, 20000}};
        setitimer(ITIMER_REAL, &timer, NULL);
        while (1) {
        }
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("killed by %d\n", WTERMSIG(status));
}

CASE(real_timers_go_on) {
    handle(SIGALRM);
    struct itimerval timer = {.it_value = {0, 10000}, .it_interval = {0, 10000}}, old;
    SHOW(setitimer(ITIMER_REAL, &timer, NULL));
    await_count(5);
    printf("often %d\n", count >= 5);
    SHOW(getitimer(ITIMER_REAL, &old));
    printf("interval %ld, left %d\n", (long)old.it_interval.tv_usec,
           old.it_value.tv_usec > 0 && old.it_value.tv_usec <= 10000);
    timer = (struct itimerval){0};
    SHOW(setitimer(ITIMER_REAL, &timer, &old));
    int before = count;
    usleep(50000);
    printf("stopped %d\n", count <= before + 1);
}

CASE(itimer_checks) {
    struct itimerval timer = {.it_value = {0, 1000000}};
    SHOW(setitimer(3, &timer, NULL));
    SHOW(setitimer(-1, NULL, NULL));
    SHOW(getitimer(3, &timer));
    SHOW(setitimer(ITIMER_REAL, &timer, NULL));
    timer.it_value.tv_usec = -1;
    SHOW(setitimer(ITIMER_REAL, &timer, NULL));
    timer = (struct itimerval){.it_interval = {-1, 0}};
    SHOW(setitimer(ITIMER_REAL, &timer, NULL));
    SHOW(syscall(SYS_setitimer, ITIMER_REAL, 8, NULL));
    SHOW(syscall(SYS_getitimer, ITIMER_REAL, 8));
    SHOW(syscall(SYS_setitimer, ITIMER_REAL, NULL, NULL));
    SHOW(syscall(SYS_getitimer, ITIMER_REAL, &timer));
    printf("%ld %ld\n", (long)timer.it_value.tv_sec, (long)timer.it_value.tv_usec);
}

static void spin(double seconds) {
    double start = now(CLOCK_PROCESS_CPUTIME_ID);
    while (now(CLOCK_PROCESS_CPUTIME_ID) - start < seconds) {
        for (volatile int i = 0; i < 100000; i++) {
        }
    }
}

CASE(profiling_timers_run_by_cpu_time) {
    handle(SIGPROF);
    handle(SIGVTALRM);
    struct itimerval timer = {.it_value = {0, 50000}};
    SHOW(setitimer(ITIMER_PROF, &timer, NULL));
    usleep(150000);
    printf("asleep %d\n", count);
    spin(0.15);
    printf("busy %d, code %d\n", count, last_code);
    SHOW(setitimer(ITIMER_VIRTUAL, &timer, NULL));
    spin(0.3);
    printf("busy %d\n", count);
}

CASE(cpu_clocks_count_work_only) {
    double process = now(CLOCK_PROCESS_CPUTIME_ID), thread = now(CLOCK_THREAD_CPUTIME_ID);
    usleep(200000);
    printf("asleep %d %d\n", now(CLOCK_PROCESS_CPUTIME_ID) - process < 0.15,
           now(CLOCK_THREAD_CPUTIME_ID) - thread < 0.15);
    spin(0.1);
    printf("busy %d\n", now(CLOCK_THREAD_CPUTIME_ID) - thread > 0.05);
    struct rusage usage;
    MUST(getrusage(RUSAGE_SELF, &usage));
    double total = usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6 + usage.ru_stime.tv_sec +
                   usage.ru_stime.tv_usec / 1e6;
    printf("rusage %d\n", total > 0.05);
    struct tms tms;
    MUST(times(&tms));
    printf("times %d\n", tms.tms_utime + tms.tms_stime > 3);
    pid_t child = MUST(fork());
    if (child == 0) {
        spin(0.1);
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
    MUST(getrusage(RUSAGE_CHILDREN, &usage));
    printf("child %d\n", usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6 +
                             usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6 > 0.05);
}

CASE(clocks_by_number) {
    clockid_t clock;
    SHOW(clock_getcpuclockid(0, &clock));
    SHOW(clock_getcpuclockid(getpid(), &clock));
    struct timespec time;
    SHOW(clock_gettime(clock, &time));
    SHOW(clock_getcpuclockid(99999999, &clock));
    SHOW(pthread_getcpuclockid(pthread_self(), &clock));
    SHOW(clock_gettime(clock, &time));
    SHOW(clock_gettime(10, &time));
    SHOW(clock_gettime(12, &time));
    SHOW(clock_gettime(16, &time));
    SHOW(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, 8));
    SHOW(clock_getres(CLOCK_MONOTONIC, NULL));
    SHOW(clock_getres(99, NULL));
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &time, NULL));
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC_RAW, 0, &time, NULL));
    SHOW(syscall(SYS_clock_nanosleep, 99, 0, &time, NULL));
    time = (struct timespec){0, 1000000000};
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &time, NULL));
    SHOW(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, 8, NULL));
    SHOW(syscall(SYS_nanosleep, &time, NULL));
    time = (struct timespec){-1, 0};
    SHOW(syscall(SYS_nanosleep, &time, NULL));
}

CASE(a_timer_sends_its_value) {
    handle(SIGRTMIN);
    timer_t timer = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGRTMIN, 77);
    set(timer, 0, 0.02, 0);
    await_count(1);
    printf("count %d, code %d, value %d, overrun %d\n", count, last_code, last_value, last_overrun);
    struct itimerspec left;
    SHOW(timer_gettime(timer, &left));
    printf("%ld %ld\n", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
    SHOW(timer_delete(timer));
    SHOW(timer_delete(timer));
}

CASE(timers_run_by_each_clock) {
    handle(SIGUSR1);
    clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
    for (int i = 0; i < 4; i++) {
        count = 0;
        timer_t timer = create(clocks[i], SIGEV_SIGNAL, SIGUSR1, i);
        set(timer, 0, 0.01, 0);
        await_count(1);
        printf("relative %d %d\n", count, last_value);
        set(timer, TIMER_ABSTIME, now(clocks[i]) + 0.02, 0);
        await_count(2);
        printf("absolute %d\n", count);
        set(timer, TIMER_ABSTIME, 1, 0);
        await_count(3);
        printf("in the past %d\n", count);
        timer_delete(timer);
    }
}

CASE(a_timer_overruns) {
    sigset_t set_of_one;
    sigemptyset(&set_of_one);
    sigaddset(&set_of_one, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set_of_one, NULL);
    timer_t timer = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 5);
    set(timer, 0, 0.01, 0.01);
    usleep(105000);
    siginfo_t info;
    SHOW(sigwaitinfo(&set_of_one, &info));
    printf("many %d, told %d\n", info.si_overrun >= 8,
           timer_getoverrun(timer) == info.si_overrun);
    SHOW(sigwaitinfo(&set_of_one, &info));
    set(timer, 0, 0, 0);
    struct timespec some = {0, 30000000};
    SHOW(sigtimedwait(&set_of_one, &info, &some));
}

CASE(timers_that_signal_nobody) {
    timer_t timer = create(CLOCK_MONOTONIC, SIGEV_NONE, 0, 0);
    struct itimerspec left;
    set(timer, 0, 100, 0);
    SHOW(timer_gettime(timer, &left));
    printf("left %d\n", left.it_value.tv_sec == 99);
    set(timer, 0, 0.001, 0);
    usleep(20000);
    SHOW(timer_gettime(timer, &left));
    printf("left %ld %ld\n", (long)left.it_value.tv_sec, left.it_value.tv_nsec);
}

CASE(the_default_event_is_alarm_with_the_timers_number) {
    handle(SIGALRM);
    timer_t first, second;
    MUST(timer_create(CLOCK_MONOTONIC, NULL, &first));
    MUST(timer_create(CLOCK_MONOTONIC, NULL, &second));
    set(second, 0, 0.01, 0);
    await_count(1);
    printf("code %d, value %d\n", last_code, last_value);
}

CASE(timer_checks) {
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = 0};
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_signo = 65;
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_signo = SIGUSR1;
    event.sigev_notify = 3;
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_notify = SIGEV_THREAD_ID;
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    event.sigev_notify = SIGEV_SIGNAL;
    SHOW(timer_create(99, &event, &timer));
    SHOW(timer_create(CLOCK_MONOTONIC_RAW, &event, &timer));
    SHOW(timer_create(CLOCK_REALTIME_COARSE, &event, &timer));
    SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, NULL));
    SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, 8, &timer));
    int id;
    SHOW(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id));
    struct itimerspec spec = {.it_value = {0, 1000000000}};
    SHOW(syscall(SYS_timer_settime, id, 0, &spec, NULL));
    spec.it_value = (struct timespec){-1, 0};
    SHOW(syscall(SYS_timer_settime, id, 0, &spec, NULL));
    SHOW(syscall(SYS_timer_settime, id, 0, NULL, NULL));
    SHOW(syscall(SYS_timer_settime, id, 0, 8, NULL));
    spec.it_value = (struct timespec){100, 0};
    SHOW(syscall(SYS_timer_settime, id, 0, &spec, NULL));
    SHOW(syscall(SYS_timer_settime, id, 0, &spec, &spec));
    printf("old %d\n", spec.it_value.tv_sec == 99);
    SHOW(syscall(SYS_timer_settime, 12345, 0, &spec, NULL));
    SHOW(syscall(SYS_timer_gettime, 12345, &spec));
    SHOW(syscall(SYS_timer_gettime, id, 8));
    SHOW(syscall(SYS_timer_getoverrun, 12345));
    SHOW(syscall(SYS_timer_delete, 12345));
    SHOW(syscall(SYS_timer_delete, id));
}

CASE(a_child_has_no_timers) {
    handle(SIGALRM);
    SHOW(alarm(100));
    timer_t timer = create(CLOCK_MONOTONIC, SIGEV_SIGNAL, SIGUSR1, 0);
    struct itimerspec left;
    pid_t child = MUST(fork());
    if (child == 0) {
        SHOW(alarm(0));
        SHOW(timer_gettime(timer, &left));
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
    SHOW(timer_gettime(timer, &left));
    SHOW(alarm(0));
}

CASE(a_program_keeps_the_alarm_of_the_one_before) {
    pid_t child = MUST(fork());
    if (child == 0) {
        struct itimerval timer = {.it_value = {0, 200000}};
        setitimer(ITIMER_REAL, &timer, NULL);
        execl("/bin/sleep", "sleep", "10", NULL);
        _exit(99);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("killed by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
}

CASE(a_timer_for_one_thread) {
    handle(SIGUSR1);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    event._sigev_un._tid = gettid();
    timer_t timer;
    SHOW(timer_create(CLOCK_MONOTONIC, &event, &timer));
    set(timer, 0, 0.01, 0);
    await_count(1);
    printf("count %d, code %d\n", count, last_code);
}

CASE(cpu_timers) {
    handle(SIGUSR1);
    timer_t timer = create(CLOCK_PROCESS_CPUTIME_ID, SIGEV_SIGNAL, SIGUSR1, 9);
    set(timer, 0, 0.05, 0);
    usleep(120000);
    printf("asleep %d\n", count);
    spin(0.2);
    printf("busy %d, value %d\n", count, last_value);
}

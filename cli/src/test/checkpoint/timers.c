// Timers of all kinds, with the time that they have left.
#include "checkpoint.h"

#include <sys/time.h>

static volatile int handled;
static volatile int64_t handled_at;
static void note(int signal) {
    handled++;
    handled_at = now_millis();
    (void)signal;
}

static struct itimerspec spec(long first, long interval) {
    return (struct itimerspec){
            .it_value = {first / 1000, first % 1000 * 1000000},
            .it_interval = {interval / 1000, interval % 1000 * 1000000}};
}

static void await_handler(int count) {
    for (int i = 0; i < 4000 && handled < count; i++) {
        sleep_millis(2);
    }
}

// Verifies when a timer went off: not before it was due, and not as if it had begun anew.
static void went_off(int64_t begun, long millis) {
    await_handler(1);
    TRUE(handled >= 1);
    long after = handled_at - begun;
    if (after < millis - 1 || after >= millis + OVER_MILLIS - 50) {
        wrong(__FILE__, __LINE__, "after %ld ms, not %ld", after, millis);
    }
}

CASE(alarm_with_time_left) {
    signal(SIGALRM, note);
    int64_t begun = now_millis();
    alarm(2);
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    went_off(begun, 2000);
    EQUAL(alarm(0), 0);
}

CASE(real_interval_timer) {
    signal(SIGALRM, note);
    struct itimerval timer = {.it_value = {1, 500000}, .it_interval = {0, 50000}};
    int64_t begun = now_millis();
    MUST(setitimer(ITIMER_REAL, &timer, NULL));
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    went_off(begun, 1500);
    EQUAL(getitimer(ITIMER_REAL, &timer), 0);
    EQUAL(timer.it_interval.tv_usec, 50000);
    await_handler(4);
    TRUE(handled >= 4);
}

CASE(interval_timers_of_cpu_time) {
    signal(SIGVTALRM, note);
    struct itimerval virtual = {.it_value = {0, 300000}, .it_interval = {7, 0}};
    struct itimerval profiling = {.it_value = {500, 0}, .it_interval = {9, 5}};
    MUST(setitimer(ITIMER_VIRTUAL, &virtual, NULL));
    MUST(setitimer(ITIMER_PROF, &profiling, NULL));
    CHECKPOINT();
    EQUAL(getitimer(ITIMER_PROF, &profiling), 0);
    TRUE(profiling.it_value.tv_sec > 400 && profiling.it_value.tv_sec <= 500);
    EQUAL(profiling.it_interval.tv_sec, 9);
    EQUAL(profiling.it_interval.tv_usec, 5);
    EQUAL(getitimer(ITIMER_VIRTUAL, &virtual), 0);
    EQUAL(virtual.it_interval.tv_sec, 7);
    int64_t begun = now_millis();
    while (!handled && now_millis() - begun < 20000) {
    }
    EQUAL(handled, 1);
}

static void timer_case(clockid_t clock) {
    signal(SIGUSR1, note);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_t timer, unarmed;
    struct itimerspec found;
    MUST(timer_create(clock, &event, &timer));
    MUST(timer_create(clock, &event, &unarmed));
    struct itimerspec set = spec(WAIT_MILLIS, 20000);
    int64_t begun = now_millis();
    MUST(timer_settime(timer, 0, &set, NULL));
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    EQUAL(timer_gettime(timer, &found), 0);
    TRUE(handled || (found.it_value.tv_sec == 0 && found.it_value.tv_nsec < 450000000));
    EQUAL(found.it_interval.tv_sec, 20);
    EQUAL(timer_gettime(unarmed, &found), 0);
    EQUAL(found.it_value.tv_sec + found.it_value.tv_nsec, 0);
    went_off(begun, WAIT_MILLIS);
    EQUAL(timer_gettime(timer, &found), 0);
    TRUE(found.it_value.tv_sec >= 15);
    EQUAL(timer_delete(timer), 0);
    EQUAL(timer_delete(unarmed), 0);
    FAILS(timer_delete(timer), EINVAL);
}

CASE(timer_of_monotonic) { timer_case(CLOCK_MONOTONIC); }
CASE(timer_of_realtime) { timer_case(CLOCK_REALTIME); }
CASE(timer_of_boot_time) { timer_case(CLOCK_BOOTTIME); }

CASE(timer_until_a_moment) {
    signal(SIGUSR1, note);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_t timer;
    MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec moment = {0};
    clock_gettime(CLOCK_MONOTONIC, &moment.it_value);
    moment.it_value.tv_sec += 2;
    int64_t begun = now_millis();
    MUST(timer_settime(timer, TIMER_ABSTIME, &moment, NULL));
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    went_off(begun, 2000);
}

CASE(timer_with_a_value_and_overruns) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    struct sigevent event = {
            .sigev_notify = SIGEV_SIGNAL,
            .sigev_signo = SIGRTMIN,
            .sigev_value = {.sival_int = 31}};
    timer_t timer;
    MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec often = spec(10, 10);
    int64_t begun = now_millis();
    MUST(timer_settime(timer, 0, &often, NULL));
    sleep_millis(300);
    CHECKPOINT();
    sleep_millis(100);
    siginfo_t info;
    EQUAL(sigwaitinfo(&set, &info), SIGRTMIN);
    int64_t expected = (now_millis() - begun) / 10;
    EQUAL(info.si_code, SI_TIMER);
    EQUAL(info.si_value.sival_int, 31);
    long overrun = timer_getoverrun(timer);
    // As many as went by on the clock, which may have stood still meanwhile.
    TRUE(overrun >= 35 && overrun <= expected);
    EQUAL(info.si_overrun, overrun);
    timer_delete(timer);
}

CASE(timer_that_only_counts) {
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    timer_t timer;
    MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec set = spec(100000, 0), found;
    MUST(timer_settime(timer, 0, &set, NULL));
    sleep_millis(100);
    CHECKPOINT();
    EQUAL(timer_gettime(timer, &found), 0);
    TRUE(found.it_value.tv_sec >= 90 && found.it_value.tv_sec < 100);
}

static volatile pid_t handled_by;
static void note_thread(int signal) {
    (void)signal;
    handled_by = syscall(SYS_gettid);
    handled++;
}

static volatile pid_t sleeper_tid;
static void *sleep_long(void *nothing) {
    sleeper_tid = syscall(SYS_gettid);
    while (!handled) {
        sleep_millis(20);
    }
    return nothing;
}

CASE(timer_for_one_thread) {
    signal(SIGUSR1, note_thread);
    pthread_t thread;
    pthread_create(&thread, NULL, sleep_long, NULL);
    while (!sleeper_tid) {
        sleep_millis(2);
    }
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1};
    event._sigev_un._tid = sleeper_tid;
    timer_t timer;
    MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
    struct itimerspec set = spec(500, 0);
    MUST(timer_settime(timer, 0, &set, NULL));
    CHECKPOINT();
    pthread_join(thread, NULL);
    EQUAL(handled_by, sleeper_tid);
}

CASE(timer_of_cpu_time) {
    signal(SIGUSR1, note);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_t timer;
    MUST(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
    struct itimerspec set = spec(300, 0);
    MUST(timer_settime(timer, 0, &set, NULL));
    CHECKPOINT();
    int64_t begun = now_millis();
    while (!handled && now_millis() - begun < 20000) {
    }
    EQUAL(handled, 1);
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    TRUE(used.tv_sec > 0 || used.tv_nsec >= 300000000);
}

CASE(numbers_of_timers_are_not_given_again) {
    struct sigevent event = {.sigev_notify = SIGEV_NONE};
    timer_t first, second, third;
    MUST(timer_create(CLOCK_MONOTONIC, &event, &first));
    MUST(timer_create(CLOCK_MONOTONIC, &event, &second));
    CHECKPOINT();
    MUST(timer_create(CLOCK_MONOTONIC, &event, &third));
    TRUE(third != first && third != second);
    EQUAL(timer_delete(first), 0);
    EQUAL(timer_delete(second), 0);
    EQUAL(timer_delete(third), 0);
}

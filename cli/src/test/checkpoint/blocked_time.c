// Calls that wait for a time: what is left of it is what is waited for.
#include "checkpoint.h"

#include <sys/time.h>

static struct timespec span_of(long millis) {
    return (struct timespec){millis / 1000, millis % 1000 * 1000000};
}

static struct timespec later(clockid_t clock, long millis) {
    struct timespec moment;
    clock_gettime(clock, &moment);
    moment.tv_sec += millis / 1000;
    moment.tv_nsec += millis % 1000 * 1000000;
    if (moment.tv_nsec >= 1000000000) {
        moment.tv_sec++;
        moment.tv_nsec -= 1000000000;
    }
    return moment;
}

// Sleeps as some clock says, and is checkpointed meanwhile.
static void clock_sleep(clockid_t clock, int flags) {
    int64_t begun = now_millis();
    pid_t sleeper = CHILD({
        struct timespec span = flags ? later(clock, WAIT_MILLIS) : span_of(WAIT_MILLIS);
        EQUAL(clock_nanosleep(clock, flags, &span, NULL), 0);
        TOOK(begun, WAIT_MILLIS);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    ENDED(sleeper);
}

CASE(nanosleep_with_time_left) {
    int64_t begun = now_millis();
    pid_t sleeper = CHILD({
        struct timespec span = span_of(WAIT_MILLIS);
        EQUAL(nanosleep(&span, NULL), 0);
        TOOK(begun, WAIT_MILLIS);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    ENDED(sleeper);
}

CASE(clock_nanosleep_of_monotonic) { clock_sleep(CLOCK_MONOTONIC, 0); }
CASE(clock_nanosleep_until_a_monotonic_moment) { clock_sleep(CLOCK_MONOTONIC, TIMER_ABSTIME); }
CASE(clock_nanosleep_of_realtime) { clock_sleep(CLOCK_REALTIME, 0); }
CASE(clock_nanosleep_of_boot_time) { clock_sleep(CLOCK_BOOTTIME, 0); }
CASE(clock_nanosleep_until_a_moment_since_boot) { clock_sleep(CLOCK_BOOTTIME, TIMER_ABSTIME); }

// Until a moment of the day: it comes when it comes, however long the checkpoint took.
CASE(clock_nanosleep_until_a_moment_of_the_day) {
    struct timespec moment = later(CLOCK_REALTIME, WAIT_MILLIS);
    pid_t sleeper = CHILD({
        EQUAL(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &moment, NULL), 0);
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        TRUE(now.tv_sec > moment.tv_sec
             || (now.tv_sec == moment.tv_sec && now.tv_nsec >= moment.tv_nsec));
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    ENDED(sleeper);
}

static void note(int signal) { (void)signal; }

CASE(sleep_that_a_handler_ends_tells_what_is_left) {
    int64_t begun = now_millis();
    pid_t sleeper = CHILD({
        struct sigaction action = {.sa_handler = note};
        sigaction(SIGUSR1, &action, NULL);
        struct timespec span = {50, 0};
        struct timespec left = {0, 0};
        FAILS(nanosleep(&span, &left), EINTR);
        int64_t all = now_millis() - begun + left.tv_sec * 1000 + left.tv_nsec / 1000000;
        TRUE(all >= 49990 && all < 50900);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    kill(sleeper, SIGUSR1);
    ENDED(sleeper);
}

CASE(sleep_in_a_thread_and_in_its_process) {
    int64_t begun = now_millis();
    pid_t sleeper = CHILD({
        pthread_t thread;
        void *sleep_in_thread(void *nothing) {
            sleep_millis(WAIT_MILLIS);
            return nothing;
        }
        pthread_create(&thread, NULL, sleep_in_thread, NULL);
        sleep_millis(WAIT_MILLIS);
        pthread_join(thread, NULL);
        TOOK(begun, WAIT_MILLIS);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    ENDED(sleeper);
}

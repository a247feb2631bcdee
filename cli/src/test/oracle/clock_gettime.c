// Clocks by the C library, which has them from the vDSO, and by the system call.
#include "oracle.h"

#include <limits.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static const int CLOCKS[] = {CLOCK_REALTIME,         CLOCK_MONOTONIC,
                             CLOCK_MONOTONIC_RAW,    CLOCK_REALTIME_COARSE,
                             CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
                             CLOCK_TAI};
#define CLOCK_COUNT (sizeof CLOCKS / sizeof *CLOCKS)

static long long nanos(struct timespec time) {
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long by_library(int clock) {
    struct timespec time;
    MUST(clock_gettime(clock, &time));
    return nanos(time);
}

static long long by_call(int clock) {
    struct timespec time;
    MUST(syscall(SYS_clock_gettime, clock, &time));
    return nanos(time);
}

// Enough calls and time for a sandbox to tell the time without system calls.
static void warm_up(void) {
    for (int i = 0; i < 100; i++) {
        by_call(CLOCK_MONOTONIC);
    }
    usleep(60000);
}

CASE(no_clock_goes_back) {
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < CLOCK_COUNT; i++) {
            long long last = by_library(CLOCKS[i]);
            int back = 0;
            for (int n = 0; n < 20000 * (round + 1) / 2; n++) {
                long long now = by_library(CLOCKS[i]);
                back += now < last;
                last = now;
                if (round == 0 && n > 300) {
                    break;
                }
            }
            printf("clock %d went back %d times\n", CLOCKS[i], back);
        }
        warm_up();
    }
}

CASE(library_and_call_agree) {
    warm_up();
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        int wrong = 0;
        for (int n = 0; n < 500; n++) {
            long long before = by_library(CLOCKS[i]);
            long long between = by_call(CLOCKS[i]);
            long long after = by_library(CLOCKS[i]);
            wrong += between < before || after < between;
        }
        printf("clock %d: %d of 500 out of order\n", CLOCKS[i], wrong);
    }
}

CASE(library_agrees_with_the_call_for_longer_than_a_second) {
    warm_up();
    int wrong = 0;
    long long end = by_call(CLOCK_MONOTONIC) + 1300000000;
    long long last = 0;
    while (last < end) {
        long long before = by_library(CLOCK_MONOTONIC);
        long long between = by_call(CLOCK_MONOTONIC);
        last = by_library(CLOCK_MONOTONIC);
        wrong += between < before || last < between;
    }
    printf("%d out of order\n", wrong);
}

CASE(a_second_takes_a_second) {
    warm_up();
    long long start = by_library(CLOCK_MONOTONIC);
    long long called = by_call(CLOCK_MONOTONIC);
    usleep(1000000);
    long long library = by_library(CLOCK_MONOTONIC) - start;
    called = by_call(CLOCK_MONOTONIC) - called;
    long long difference = library > called ? library - called : called - library;
    printf("a second: %d, same by both: %d\n", library >= 1000000000 && library < 1500000000,
           difference < 1000000);
}

CASE(coarse_clocks_are_behind_by_less_than_two_ticks) {
    warm_up();
    for (int n = 0; n < 2; n++) {
        int coarse = n == 0 ? CLOCK_REALTIME_COARSE : CLOCK_MONOTONIC_COARSE;
        int fine = n == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
        int ahead = 0;
        for (int i = 0; i < 1000; i++) {
            long long rough = by_library(coarse);
            long long exact = by_library(fine);
            ahead += rough > exact;
        }
        printf("clock %d ahead: %d\n", coarse, ahead);
    }
}

CASE(day_and_second_agree) {
    warm_up();
    struct timeval of_day;
    struct timezone zone = {7, 7};
    time_t stored;
    time_t before = by_call(CLOCK_REALTIME) / 1000000000;
    SHOW(gettimeofday(&of_day, &zone));
    time_t seconds = time(&stored);
    time_t after = by_call(CLOCK_REALTIME) / 1000000000;
    printf("%d %d %d\n", before <= of_day.tv_sec, of_day.tv_sec <= seconds, seconds <= after);
    printf("stored the same: %d, below a million: %d\n", stored == seconds,
           of_day.tv_usec >= 0 && of_day.tv_usec < 1000000);
    printf("zone: %d %d\n", zone.tz_minuteswest, zone.tz_dsttime);
    SHOW(syscall(SYS_gettimeofday, NULL, NULL));
    SHOW(syscall(SYS_time, 0) > 0);
}

CASE(unknown_clocks_are_refused) {
    struct timespec time;
    static const int unknown[] = {12, 13, 63, 100, INT_MAX, INT_MIN, 10};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        printf("%d: ", unknown[i]);
        SHOW(clock_gettime(unknown[i], &time));
        printf("%d: ", unknown[i]);
        SHOW(clock_getres(unknown[i], &time));
    }
}

CASE(resolution) {
    for (size_t i = 0; i < CLOCK_COUNT; i++) {
        struct timespec library = {9, 9}, call = {8, 8};
        MUST(clock_getres(CLOCKS[i], &library));
        MUST(syscall(SYS_clock_getres, CLOCKS[i], &call));
        printf("clock %d: %ld.%09ld %ld.%09ld\n", CLOCKS[i], library.tv_sec, library.tv_nsec,
               call.tv_sec, call.tv_nsec);
        SHOW(clock_getres(CLOCKS[i], NULL));
    }
}

CASE(bad_address_of_the_call) {
    warm_up();
    SHOW(syscall(SYS_clock_gettime, CLOCK_REALTIME, 8));
    SHOW(syscall(SYS_clock_gettime, 99, 8));
    SHOW(syscall(SYS_gettimeofday, 8, 0));
    SHOW(syscall(SYS_gettimeofday, 0, 8));
    SHOW(syscall(SYS_time, 8));
    SHOW(syscall(SYS_clock_getres, CLOCK_REALTIME, 8));
}

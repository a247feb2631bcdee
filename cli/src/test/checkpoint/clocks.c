// Clocks go on: those of the sandbox where they stopped, that of the day with the machine's.
#include "checkpoint.h"

#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>

static int64_t nanos(clockid_t clock) {
    struct timespec now;
    MUST(clock_gettime(clock, &now));
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

// By the call itself, not the vDSO.
static int64_t called_nanos(clockid_t clock) {
    struct timespec now;
    MUST(syscall(SYS_clock_gettime, clock, &now));
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void goes_on(clockid_t clock) {
    int64_t before = nanos(clock);
    CHECKPOINT();
    int64_t after = nanos(clock);
    TRUE(after >= before);
    TRUE(after < before + 30000000000);
    int64_t called = called_nanos(clock);
    TRUE(called >= after && called < after + 1000000000);
    int64_t again = nanos(clock);
    TRUE(again >= called && again < called + 1000000000);
}

CASE(monotonic_clock) { goes_on(CLOCK_MONOTONIC); }
CASE(raw_monotonic_clock) { goes_on(CLOCK_MONOTONIC_RAW); }
CASE(coarse_monotonic_clock) {
    int64_t before = nanos(CLOCK_MONOTONIC_COARSE);
    CHECKPOINT();
    int64_t after = nanos(CLOCK_MONOTONIC_COARSE);
    TRUE(after >= before && after <= nanos(CLOCK_MONOTONIC));
}
CASE(clock_since_boot) { goes_on(CLOCK_BOOTTIME); }
CASE(clock_of_the_day) { goes_on(CLOCK_REALTIME); }

CASE(clock_of_the_process) {
    while (nanos(CLOCK_PROCESS_CPUTIME_ID) < 40000000) {
    }
    int64_t before = nanos(CLOCK_PROCESS_CPUTIME_ID), thread = nanos(CLOCK_THREAD_CPUTIME_ID);
    CHECKPOINT();
    int64_t after = nanos(CLOCK_PROCESS_CPUTIME_ID);
    TRUE(after >= before && after < before + 2000000000);
    after = nanos(CLOCK_THREAD_CPUTIME_ID);
    TRUE(after >= thread && after < thread + 2000000000);
}

CASE(ways_to_ask_for_the_day) {
    CHECKPOINT();
    struct timeval day;
    gettimeofday(&day, NULL);
    TRUE(labs(day.tv_sec - time(NULL)) <= 1);
    TRUE(labs(day.tv_sec - nanos(CLOCK_REALTIME) / 1000000000) <= 1);
    TRUE(labs(day.tv_sec - syscall(SYS_time, NULL)) <= 1);
}

CASE(ticks_and_uptime) {
    struct tms used;
    clock_t before = times(&used);
    struct sysinfo first, second;
    sysinfo(&first);
    CHECKPOINT();
    clock_t after = times(&used);
    TRUE(after >= before && after < before + 3000);
    sysinfo(&second);
    TRUE(second.uptime >= first.uptime && second.uptime <= first.uptime + 30);
}

CASE(start_time_of_a_process) {
    char before[1024];
    strcpy(before, strrchr(content("/proc/self/stat"), ')'));
    char *field = before, *other;
    CHECKPOINT();
    char after[1024];
    strcpy(after, strrchr(content("/proc/self/stat"), ')'));
    other = after;
    for (int i = 3; i <= 22; i++) {
        field = strchr(field + 1, ' ');
        other = strchr(other + 1, ' ');
    }
    EQUAL(strtol(other, NULL, 10), strtol(field, NULL, 10));
}

CASE(page_of_functions) {
    unsigned long before = 0, after = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512];
    while (fgets(line, sizeof line, maps) != NULL) {
        if (strstr(line, "[vdso]") != NULL) {
            before = strtoul(line, NULL, 16);
        }
    }
    fclose(maps);
    CHECKPOINT();
    maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL) {
        if (strstr(line, "[vdso]") != NULL) {
            after = strtoul(line, NULL, 16);
        }
    }
    fclose(maps);
    EQUAL(after, before);
    pid_t child = CHILD({ TRUE(nanos(CLOCK_MONOTONIC) <= called_nanos(CLOCK_MONOTONIC)); });
    ENDED(child);
}

static volatile int done;

static void *read_clock(void *nothing) {
    int64_t last = nanos(CLOCK_MONOTONIC);
    while (!done) {
        int64_t next = nanos(CLOCK_MONOTONIC);
        if (next < last) {
            wrong(__FILE__, __LINE__, "went back by %ld ns", (long)(last - next));
            break;
        }
        if (next > last + 20000000000) {
            wrong(__FILE__, __LINE__, "went on by %ld ns", (long)(next - last));
            break;
        }
        last = next;
    }
    return nothing;
}

CASE(clock_that_is_read_all_the_time) {
    pthread_t thread;
    pthread_create(&thread, NULL, read_clock, NULL);
    sleep_millis(20);
    CHECKPOINT();
    sleep_millis(50);
    done = 1;
    pthread_join(thread, NULL);
}

/*
 * Has memory that does not compress, and processes that sleep; then tells the time of day about
 * every millisecond, so that a gap shows when it did not run.
 *
 * keep MEBIBYTES PROCESSES
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Two minutes: it ends by itself if nobody ends it. */
#define TICKS 120000

int main(int count, char **arguments) {
    if (count != 3) {
        return 2;
    }
    size_t words = (strtoul(arguments[1], NULL, 10) << 20) / sizeof(unsigned);
    unsigned *memory = malloc(words * sizeof *memory + 1);
    if (memory == NULL) {
        return 1;
    }
    unsigned long random = 88172645463325252ul;
    for (size_t i = 0; i < words; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        memory[i] = (unsigned) random;
    }
    for (int left = atoi(arguments[2]); left > 0; left--) {
        if (fork() == 0) {
            sleep(TICKS / 1000);
            return 0;
        }
    }
    for (int i = 0; i < TICKS; i++) {
        struct timespec wait = {0, 1000000};
        struct timespec now;
        nanosleep(&wait, NULL);
        clock_gettime(CLOCK_REALTIME, &now);
        char line[32];
        int length = snprintf(line, sizeof line, "%ld%09ld\n", (long) now.tv_sec, now.tv_nsec);
        if (write(1, line, length) != length) {
            return 1;
        }
    }
    return 0;
}

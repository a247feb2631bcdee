// Two processes take turns: each goes over memory that they share, over a file that they have
// mapped and over one that they read and write, and raises each number by one, having found what
// the other left. So memory of two moments shows, wherever the one that is at it was.
//   check   were all numbers right so far, and in some more turns?
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// In linux/futex.h, which not every C library has.
enum { FUTEX_WAIT = 0, FUTEX_WAKE = 1 };

enum { PAGES = 512, WORDS = 1024, CALLS = 16, MORE_TURNS = 4, WAIT_SECONDS = 15 };

struct control {
    volatile unsigned turn;
    volatile unsigned wrong;
    volatile int wrong_at;
};

static struct control *control;
static volatile unsigned *shared, *mapped;
static int file;

static void is(unsigned found, unsigned expected, int what) {
    if (found != expected && control->wrong == 0) {
        control->wrong_at = what;
        control->wrong = found + 1;
    }
}

static void take_turn(unsigned turn) {
    for (int i = 0; i < PAGES; i++) {
        volatile unsigned *here = shared + i * WORDS, *there = mapped + i * WORDS;
        is(here[0], turn - 1, i);
        is(here[WORDS - 1], turn - 1, i);
        is(there[i], turn - 1, 1000 + i);
        here[0] = turn;
        there[i] = turn;
        here[WORDS - 1] = turn;
        if (i % CALLS == 0) {
            unsigned found = 0;
            pread(file, &found, sizeof found, i * 4096L + 8);
            is(found, turn - 1, 2000 + i);
            pwrite(file, &turn, sizeof turn, i * 4096L + 8);
            // The kernel writes to the page that is shared.
            is(here[1], turn - 1, 3000 + i);
            pread(file, (void *)(here + 1), sizeof turn, i * 4096L + 8);
        }
    }
}

static void take_turns(unsigned first) {
    for (unsigned turn = first;; turn += 2) {
        unsigned now;
        while ((now = control->turn) != turn) {
            syscall(SYS_futex, &control->turn, FUTEX_WAIT, now, NULL, NULL, 0);
        }
        take_turn(turn);
        control->turn = turn + 1;
        syscall(SYS_futex, &control->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

static int takes_more_turns(void) {
    unsigned turn = control->turn;
    for (int i = 0; i < WAIT_SECONDS * 200; i++) {
        struct timespec span = {0, 5000000};
        nanosleep(&span, NULL);
        if (control->turn - turn >= MORE_TURNS) {
            return 1;
        }
    }
    return 0;
}

int main(void) {
    char line[64];
    int protection = PROT_READ | PROT_WRITE;
    int memory = open("/tmp/turns-mapped", O_RDWR | O_CREAT | O_TRUNC, 0600);
    file = open("/tmp/turns", O_RDWR | O_CREAT | O_TRUNC, 0600);
    ftruncate(memory, PAGES * 4096);
    ftruncate(file, PAGES * 4096);
    control = mmap(NULL, 4096, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared = mmap(NULL, PAGES * 4096, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    mapped = mmap(NULL, PAGES * 4096, protection, MAP_SHARED, memory, 0);
    control->turn = 1;
    for (unsigned first = 1; first <= 2; first++) {
        if (fork() == 0) {
            take_turns(first);
        }
    }
    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        int more = takes_more_turns();
        if (control->wrong != 0) {
            printf("%u at %d in turn %u\n", control->wrong - 1, control->wrong_at, control->turn);
        } else {
            printf(more ? "right\n" : "stuck in turn %u\n", control->turn);
        }
        fflush(stdout);
    }
    return 0;
}

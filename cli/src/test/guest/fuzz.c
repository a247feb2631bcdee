// Calls system calls with random and adversarial arguments: fuzz SEED SECONDS. Only in a sandbox.
//
// The first process makes workers, one after the other, and does ordinary things meanwhile, which have
// to go on. A worker fuzzes until it dies of it or has done its share; another thread of it rewrites
// what pointers point to. What a worker does follows from the seed, but for how threads are scheduled.
//
// Left out is only what would end the first process: signals to it, by its number, and tracing it.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    ARENA_PAGES = 16,
    CALLS_OF_A_WORKER = 4000,
    NUMBERS = 512,
    STUCK_MILLIS = 1000,
    DEATH_MILLIS = 20000,
    SERVICE_MILLIS = 10000,
};

// What a call takes: a letter for each argument. f descriptor, d directory descriptor, s path, p
// pointer to anything, l length, o offset, F flags, n small number, g signal, P process, t time, v
// vector of buffers, a address, k its length, m mode, u user, S signal set. What a row does not say is random.
static const struct {
    short number;
    const char *takes;
} calls[] = {
#define ROW(name, takes) {SYS_##name, takes},
#include "fuzz_calls.h"
};

struct state {
    volatile long calls;            // made by all workers
    volatile long number;           // of the last one
    volatile long arguments[6];
    volatile int worker_ready;
    volatile long done[NUMBERS];    // how often a call was made
    volatile long succeeded[NUMBERS];
};

static struct state *state; // shared by all processes
static uint64_t random_state;

// xorshift64*, by Marsaglia and Vigna: the same everywhere, unlike rand().
static uint64_t random64(void) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1dULL;
}

static uint64_t below(uint64_t bound) { return (random64() >> 11) % bound; }

static int one_in(uint64_t n) { return below(n) == 0; }

#define ANY(array) ((array)[below(sizeof(array) / sizeof *(array))])

// ---- what arguments are made of ------------------------------------------------------------------

static char *arena;     // readable and writable, and nothing behind it
static char *rewritten; // the last page of it, which a thread rewrites
static char *read_only;
static char *no_access;
static char *file_beyond; // mapped, but beyond the end of its file

static const uint64_t odd_values[] = {
    0, 1, 2, 3, 7, 8, 15, 16, 127, 128, 255, 256, 511, 512, 1023, 4095, 4096, 4097, 65535, 65536,
    0x100000, 0x7ffff000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff, 0x100000000, 0x7fffffffffff,
    0x7ffffffff000, 0x800000000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffff800000000000,
    0xffffffffff600000, (uint64_t)-1, (uint64_t)-2, (uint64_t)-9, (uint64_t)-100, (uint64_t)-4095,
    (uint64_t)-4096, (uint64_t)-65536,
};

static uint64_t anything(void) {
    switch (below(4)) {
        case 0: return ANY(odd_values);
        case 1: return random64();
        case 2: return random64() >> below(64);
        default: return below(64);
    }
}

static uint64_t pointer(void) {
    switch (below(12)) {
        case 0: return ANY(odd_values);
        case 1: return (uint64_t)read_only + below(PAGE);
        case 2: return (uint64_t)no_access + below(PAGE);
        case 3: // the last bytes before nothing
            return (uint64_t)arena + ARENA_PAGES * PAGE - 1 - below(72);
        case 4: return (uint64_t)rewritten + below(PAGE / 8) * 8;
        case 5: return (uint64_t)file_beyond + PAGE - below(64);
        case 6: return (uint64_t)arena + below(ARENA_PAGES * PAGE);
        default: return (uint64_t)arena + below((ARENA_PAGES - 2) * PAGE / 8) * 8;
    }
}

static const char *const paths[] = {
    "", ".", "..", "/", "file", "new", "directory", "directory/inner", "directory/../file", "link",
    "dangling", "loop", "fifo", "file/", "file/x", "directory/", "nothing/x", "//file", "./././file",
    "/dev/null", "/dev/zero", "/dev/full", "/dev/urandom", "/dev/tty", "/proc/self/maps", "/proc/self/fd/3",
    "/proc/self/fd", "/proc/self/exe", "/proc/self/cwd", "/proc/self/mem", "/proc/self/status", "/proc",
    "/proc/1/stat", "/proc/self/task", "/proc/meminfo", "/proc/self/comm", "/proc/self/oom_score_adj",
    "/proc/sys/kernel/hostname", "/sys", "/etc/passwd", "/tmp", "/etc", "/usr/bin/env", "\x80\xff\n",
    "user.name", "tmpfs", "memory",
};

static uint64_t path(void) {
    if (one_in(12)) {
        return pointer();
    }
    char *text = arena + below(ARENA_PAGES - 4) * PAGE;
    if (one_in(20)) {
        size_t length = (size_t[]){254, 255, 256, 4094, 4095, 4096, 5000}[below(7)];
        memset(text, one_in(2) ? 'x' : '/', length);
        text[length] = 0;
    } else if (one_in(20)) { // its end would be where nothing is
        const char *name = ANY(paths);
        text = arena + ARENA_PAGES * PAGE - strlen(name);
        memcpy(text, name, strlen(name));
    } else {
        strcpy(text, ANY(paths));
    }
    return (uint64_t)text;
}

static uint64_t times(void) {
    if (one_in(6)) {
        return pointer();
    }
    long *words = (long *)(arena + below(ARENA_PAGES - 2) * PAGE);
    for (int i = 0; i < 4; i += 2) {
        words[i] = one_in(4) ? (long)anything() : 0;
        words[i + 1] = one_in(4) ? (long)anything() : (long)below(2000);
    }
    return (uint64_t)words;
}

static uint64_t buffers(void) {
    if (one_in(8)) {
        return pointer();
    }
    uint64_t *words = (uint64_t *)(one_in(4) ? rewritten : arena + below(ARENA_PAGES - 2) * PAGE);
    for (int i = 0; i < 16; i += 2) {
        words[i] = pointer();
        words[i + 1] = one_in(4) ? anything() : below(3 * PAGE);
    }
    return (uint64_t)words;
}

static uint64_t argument(char kind) {
    if (one_in(16)) {
        return anything();
    }
    switch (kind) {
        case 'd':
            if (one_in(2)) {
                return (uint64_t)AT_FDCWD;
            }
            // fall through
        case 'f': return one_in(10) ? anything() : below(26);
        case 's': return path();
        case 'p': return pointer();
        case 'l': return one_in(2) ? below(3 * PAGE) : anything();
        case 'o': return one_in(2) ? below(5 * PAGE) : anything();
        case 'F':
            switch (below(4)) {
                case 0: return 0;
                case 1: return 1ULL << below(32);
                case 2: return 1ULL << below(32) | 1ULL << below(32);
                default: return random64() >> (32 + below(32));
            }
        case 'n': return below(40);
        case 'g': return below(70);
        case 'P': return (uint64_t[]){0, getpid(), gettid(), -1, below(64), anything()}[below(6)];
        case 't': return times();
        case 'v': return buffers();
        case 'a':
            return one_in(3) ? pointer() & -PAGE : (uint64_t)arena + below(ARENA_PAGES + 8) * PAGE;
        case 'k': return one_in(16) ? anything() : below(12 * PAGE);
        case 'm': return below(01000);
        case 'u': return one_in(2) ? 0 : anything();
        case 'S': {
            uint64_t *set = (uint64_t *)(arena + below(ARENA_PAGES * PAGE / 8 - 1) * 8);
            *set = one_in(3) ? 0 : random64() & ~(1ULL << (SIGALRM - 1));
            return one_in(8) ? pointer() : (uint64_t)set;
        }
        default: return one_in(2) ? pointer() : anything();
    }
}

// ---- a worker ------------------------------------------------------------------------------------

static void on_alarm(int signal) { (void)signal; }

// Interrupts calls that sleep.
static void arm(void) {
    sigaction(SIGALRM, &(struct sigaction){.sa_handler = on_alarm}, NULL);

    sigset_t set;
    sigemptyset(&set);
    sigprocmask(SIG_SETMASK, &set, NULL);
    struct itimerval every = {{0, 20000}, {0, 20000}};
    setitimer(ITIMER_REAL, &every, NULL);
}

static void *rewrite(void *unused) {
    (void)unused;
    uint64_t mine = 88172645463325252ULL;
    while (1) {
        for (int i = 0; i < 200; i++) {
            mine ^= mine << 13;
            mine ^= mine >> 7;
            mine ^= mine << 17;
            volatile uint64_t *word = (uint64_t *)(rewritten + mine % PAGE / 8 * 8);
            *word = (mine >> 20) % 3 == 0 ? (uint64_t)arena + mine % (ARENA_PAGES * PAGE)
                                          : odd_values[(mine >> 30) % 41];
        }
        nanosleep(&(struct timespec){0, 50000}, NULL);
    }
    return NULL;
}

static void make_arguments(void) {
    char *all = mmap(NULL, (ARENA_PAGES + 16) * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    arena = all + 2 * PAGE;
    mprotect(arena, ARENA_PAGES * PAGE, PROT_READ | PROT_WRITE);
    munmap(arena + ARENA_PAGES * PAGE, PAGE);
    rewritten = arena + (ARENA_PAGES - 1) * PAGE;
    no_access = arena + (ARENA_PAGES + 2) * PAGE;
    read_only = arena + (ARENA_PAGES + 4) * PAGE;
    mprotect(read_only, PAGE, PROT_READ);
    for (size_t i = 0; i < ARENA_PAGES * PAGE / 8; i++) {
        ((uint64_t *)arena)[i] = one_in(4) ? pointer() : anything();
    }
    file_beyond = arena + (ARENA_PAGES + 6) * PAGE;
}

// Descriptors 0 to about 20, of all kinds; what a kernel lacks yet is missing.
static void make_files(void) {
    mkdir("directory", 0755);
    close(open("directory/inner", O_CREAT | O_WRONLY, 0644));
    symlink("file", "link");
    symlink("nothing", "dangling");
    symlink("loop", "loop");
    mkfifo("fifo", 0644);
    close_range(0, ~0U, 0);
    open("/dev/null", O_RDWR);
    int file = open("file", O_CREAT | O_RDWR, 0644);
    if (file == -1 || ftruncate(file, 3 * PAGE + 100) == -1) {
        return;
    }
    mmap(file_beyond, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 3 * PAGE);
    int pair[2];
    pipe(pair);
    syscall(SYS_socketpair, 1, 1, 0, pair);
    pipe2(pair, O_NONBLOCK);
    open("file", O_RDONLY);
    open("file", O_WRONLY | O_APPEND);
    open(".", O_RDONLY | O_DIRECTORY);
    open("directory", O_RDONLY | O_DIRECTORY);
    open("directory", O_PATH);
    open("fifo", O_RDWR | O_NONBLOCK);
    open("/dev/zero", O_RDWR);
    open("/proc/self/maps", O_RDONLY);
    open("/proc", O_RDONLY);
    open("/proc/self/mem", O_RDWR);
    open("/etc/passwd", O_RDONLY);
    open(".", O_TMPFILE | O_RDWR, 0600);
    syscall(SYS_eventfd2, 1, 0);
    syscall(SYS_memfd_create, "memory", 3);
    syscall(SYS_epoll_create1, 0);
    syscall(SYS_timerfd_create, 1, 0);
    syscall(SYS_inotify_init1, 0);
    syscall(SYS_signalfd4, -1, arena, 8, 0);
}

static int ends_the_first_process(long number, const uint64_t *arguments) {
    switch (number) {
        case SYS_kill:
        case SYS_tkill:
        case SYS_tgkill:
        case SYS_rt_sigqueueinfo:
        case SYS_rt_tgsigqueueinfo:
        case SYS_ptrace:
            return (int)arguments[0] == 1 || (int)arguments[1] == 1 || (int)arguments[0] == -1;
        default: return 0;
    }
}

static void work(uint64_t seed) {
    random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
    setsid();
    setrlimit(RLIMIT_AS, &(struct rlimit){1UL << 30, 1UL << 30});
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){64 << 20, 64 << 20});
    setrlimit(RLIMIT_NPROC, &(struct rlimit){64, 64});
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char name[32];
    snprintf(name, sizeof name, "work%lu", (unsigned long)seed);
    mkdir(name, 0755);
    chdir(name);
    make_arguments();
    make_files();
    pthread_t thread;
    pthread_create(&thread, NULL, rewrite, NULL);
    arm();
    pid_t self = getpid();
    for (int i = 0; i < CALLS_OF_A_WORKER; i++) {
        uint64_t arguments[6];
        size_t row = below(sizeof calls / sizeof *calls);
        long number = one_in(100) ? (long)anything() : calls[row].number;
        const char *takes = number == calls[row].number ? calls[row].takes : "";
        for (int j = 0; j < 6; j++) {
            arguments[j] = argument(*takes == 0 ? '?' : *takes++);
        }
        if (ends_the_first_process(number, arguments)) {
            continue;
        }
        state->number = number;
        memcpy((void *)state->arguments, arguments, sizeof arguments);
        state->calls++;
        if (number >= 0 && number < NUMBERS) {
            state->done[number]++;
        }
        errno = 0;
        long result = syscall(
            number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
        if (getpid() != self) { // a child, perhaps one on the same stack
            syscall(SYS_exit, 0);
        }
        if (result != -1 && number >= 0 && number < NUMBERS) {
            state->succeeded[number]++;
        }
        // Fuzzing may have taken the alarm away.
        if (i % 16 == 0 || number == SYS_rt_sigaction || number == SYS_rt_sigprocmask
            || number == SYS_setitimer || number == SYS_alarm) {
            arm();
        }
    }
    syscall(SYS_exit_group, 0);
}

// ---- the first process ---------------------------------------------------------------------------

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static void tell(const char *what) {
    printf("%s: last call of the worker: %ld(", what, state->number);
    for (int i = 0; i < 6; i++) {
        printf("%s%#lx", i > 0 ? ", " : "", state->arguments[i]);
    }
    printf(")\n");
    fflush(stdout);
}

// What a second process does meanwhile; dies if any of it fails.
static void be_served(void) {
    static int count;
    char text[32], back[32] = {0};
    snprintf(text, sizeof text, "%d", count++);
    int fd = open("served", O_CREAT | O_TRUNC | O_RDWR, 0644);
    if (fd == -1 || write(fd, text, sizeof text) != sizeof text
        || pread(fd, back, sizeof back, 0) != sizeof back || strcmp(text, back) != 0 || close(fd) == -1) {
        printf("not served: %s\n", strerror(errno));
        exit(1);
    }
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || *page != 0 || (*page = 1, munmap(page, PAGE)) == -1) {
        printf("no memory: %s\n", strerror(errno));
        exit(1);
    }
}

// Waits for a worker, whatever it takes.
static void await(pid_t worker) {
    long before = -1, since = now(), killed = 0;
    while (waitpid(worker, NULL, WNOHANG) == 0) {
        if (state->calls != before) {
            before = state->calls;
            since = now();
        } else if (killed == 0 && now() - since > STUCK_MILLIS) {
            // Asleep with its alarm blocked, stopped, or waiting for a child: as it asked for.
            kill(worker, SIGKILL);
            killed = now();
        } else if (killed != 0 && now() - killed > DEATH_MILLIS) {
            tell("cannot be killed");
            exit(1);
        }
        long begun = now();
        be_served();
        if (now() - begun > SERVICE_MILLIS) {
            tell("slow");
            exit(1);
        }
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    while (waitpid(-1, NULL, WNOHANG | __WALL) > 0) {}
}

int main(int argc, char **argv) {
    if (argc != 3 || getpid() != 1) {
        fprintf(stderr, "usage: fuzz SEED SECONDS, in a sandbox\n");
        return 2;
    }
    uint64_t seed = strtoull(argv[1], NULL, 0);
    long end = now() + atol(argv[2]) * 1000;
    state = mmap(NULL, sizeof *state, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long workers = 0;
    while (now() < end) {
        pid_t worker = fork();
        if (worker == 0) {
            work(seed);
        }
        if (worker == -1 && errno == ENOSYS) { // no processes here: go on alone, as long as it lasts
            work(seed);
        }
        if (worker == -1) {
            printf("fork: %s\n", strerror(errno));
            return 1;
        }
        await(worker);
        seed++;
        workers++;
    }
    int made = 0, succeeded = 0;
    for (int i = 0; i < NUMBERS; i++) {
        made += state->done[i] > 0;
        succeeded += state->succeeded[i] > 0;
    }
    printf("%ld workers, %ld calls, of %d numbers, of which %d succeeded at times\n", workers,
        state->calls, made, succeeded);
    if (getenv("FUZZ_NEVER") != NULL) {
        for (int i = 0; i < NUMBERS; i++) {
            if (state->done[i] > 0 && state->succeeded[i] == 0) {
                printf("never succeeded: %d, of %ld\n", i, state->done[i]);
            }
        }
    }
    return 0;
}

// Many of everything at once, with exact results.
#include "oracle.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

enum { PAGE = 4096 };

// ---- a queue of futexes --------------------------------------------------------------------------

enum { THREADS = 64, ITEMS = 300, ROOM = 16 };

static struct {
    atomic_int lock; // 0 free, 1 held, 2 held and waited for
    atomic_int changes;
    int items[ROOM];
    int first, count;
    long taken, sum;
} queue;

static void futex(atomic_int *word, int operation, int value) {
    syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void lock(void) {
    int seen = 0;
    if (!atomic_compare_exchange_strong(&queue.lock, &seen, 1)) {
        while (atomic_exchange(&queue.lock, 2) != 0) {
            futex(&queue.lock, FUTEX_WAIT, 2);
        }
    }
}

static void unlock(void) {
    if (atomic_exchange(&queue.lock, 0) == 2) {
        futex(&queue.lock, FUTEX_WAKE, 1);
    }
}

// Called with the lock held, and returns with it.
static void wait_for_change(void) {
    int seen = atomic_load(&queue.changes);
    unlock();
    futex(&queue.changes, FUTEX_WAIT, seen);
    lock();
}

static void changed(void) {
    atomic_fetch_add(&queue.changes, 1);
    futex(&queue.changes, FUTEX_WAKE, THREADS);
}

static void *produce(void *argument) {
    for (long i = 0; i < ITEMS; i++) {
        lock();
        while (queue.count == ROOM) {
            wait_for_change();
        }
        queue.items[(queue.first + queue.count++) % ROOM] = (int)((long)argument * ITEMS + i);
        changed();
        unlock();
    }
    return NULL;
}

static void *consume(void *unused) {
    (void)unused;
    for (int i = 0; i < ITEMS; i++) {
        lock();
        while (queue.count == 0) {
            wait_for_change();
        }
        queue.sum += queue.items[queue.first];
        queue.first = (queue.first + 1) % ROOM;
        queue.count--;
        queue.taken++;
        changed();
        unlock();
    }
    return NULL;
}

CASE(sixty_four_threads_on_one_queue) {
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, i % 2 ? consume : produce, (void *)(i / 2));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("%ld taken, sum %ld, %d left\n", queue.taken, queue.sum, queue.count);
}

// ---- processes -----------------------------------------------------------------------------------

CASE(a_thousand_forks_at_once) {
    int gate[2], ready[2];
    MUST(pipe(gate));
    MUST(pipe(ready));
    for (int i = 0; i < 1000; i++) {
        if (MUST(fork()) == 0) {
            char byte = 0;
            close(gate[1]);
            if (write(ready[1], &byte, 1) != 1) {
                _exit(255);
            }
            _exit(read(gate[0], &byte, 1) == 0 ? i % 200 : 254); // until the gate is closed
        }
    }
    int alive = 0;
    for (char bytes[1000]; alive < 1000;) {
        alive += MUST(read(ready[0], bytes, sizeof bytes));
    }
    printf("%d alive at once\n", alive);
    close(gate[1]);
    long sum = 0, reaped = 0;
    for (int status; wait(&status) > 0; reaped++) {
        sum += WIFEXITED(status) ? WEXITSTATUS(status) : 1000000;
    }
    printf("%ld reaped, sum of statuses %ld\n", reaped, sum);
}

CASE(two_thousand_forks_one_after_the_other) {
    long sum = 0;
    for (int i = 0; i < 2000; i++) {
        pid_t child = MUST(fork());
        if (child == 0) {
            _exit(i % 100);
        }
        int status;
        MUST(waitpid(child, &status, 0));
        sum += WEXITSTATUS(status);
    }
    printf("%ld\n", sum);
}

static pthread_barrier_t barrier;
static atomic_int passed;

static void *meet(void *unused) {
    pthread_barrier_wait(&barrier);
    passed++;
    return unused;
}

CASE(a_thousand_threads_at_once) {
    static pthread_t threads[1000];
    pthread_barrier_init(&barrier, NULL, 1001);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    int made = 0;
    for (int i = 0; i < 1000; i++) {
        made += pthread_create(&threads[i], &small, meet, NULL) == 0;
    }
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < 1000; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("%d made, %d passed\n", made, passed);
}

// ---- descriptors and mappings --------------------------------------------------------------------

CASE(ten_thousand_open_files) {
    static int fds[10000];
    MUST(setrlimit(RLIMIT_NOFILE, &(struct rlimit){10010, 10010}));
    for (int i = 0; i < 10000; i++) {
        char name[20];
        snprintf(name, sizeof name, "%d", i);
        fds[i] = MUST(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
        if (write(fds[i], name, strlen(name)) != (ssize_t)strlen(name)) {
            printf("cannot write %d\n", i);
        }
    }
    printf("highest %d\n", fds[9999]);
    long sum = 0;
    for (int i = 0; i < 10000; i++) {
        char text[20] = {0};
        MUST(pread(fds[i], text, sizeof text, 0));
        sum += atol(text);
    }
    printf("sum %ld\n", sum);
    for (int i = 0; dup(0) != -1; i++) {}
    printf("%s\n", strerrorname_np(errno));
    pid_t child = MUST(fork());
    if (child == 0) {
        char text[20] = {0};
        MUST(pread(fds[7777], text, sizeof text, 0));
        _exit(strcmp(text, "7777"));
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("child %d\n", status);
    for (int i = 0; i < 10000; i++) {
        char name[20];
        snprintf(name, sizeof name, "%d", i);
        MUST(close(fds[i]));
        MUST(unlink(name));
    }
}

CASE(ten_thousand_mappings) {
    static char *pages[10000];
    for (int i = 0; i < 10000; i++) { // neighbours differ, so that they are not one
        pages[i] = mmap(NULL, PAGE, i % 2 ? PROT_READ | PROT_WRITE : PROT_READ,
            (i % 3 ? MAP_PRIVATE : MAP_SHARED) | MAP_ANONYMOUS, -1, 0);
        if (pages[i] == MAP_FAILED) {
            printf("mapping %d: %s\n", i, strerrorname_np(errno));
            return;
        }
        if (i % 2) {
            *(int *)pages[i] = i;
        }
    }
    long sum = 0;
    for (int i = 0; i < 10000; i++) {
        sum += *(int *)pages[i];
    }
    printf("sum %ld\n", sum);
    int lines = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    for (int c; (c = getc(maps)) != EOF;) {
        lines += c == '\n';
    }
    fclose(maps);
    printf("at least 6000 lines of maps: %d\n", lines >= 6000);
    for (int i = 0; i < 10000; i += 2) {
        MUST(mprotect(pages[i], PAGE, PROT_READ | PROT_WRITE));
        *(int *)pages[i] = i;
    }
    pid_t child = MUST(fork());
    if (child == 0) {
        sum = 0;
        for (int i = 0; i < 10000; i++) {
            sum += *(int *)pages[i];
            *(int *)pages[i] = 1;
        }
        _exit(sum == 49995000 ? 0 : 1);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    sum = 0;
    for (int i = 0; i < 10000; i++) {
        sum += *(int *)pages[i];
        MUST(munmap(pages[i], PAGE));
    }
    printf("child %d, sum %ld\n", status, sum); // what is shared the child has changed
}

CASE(four_gib_sparse_mapping) {
    size_t size = 4UL << 30;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        printf("%s\n", strerrorname_np(errno));
        return;
    }
    for (size_t at = 0; at < size; at += 16 << 20) {
        *(size_t *)(memory + at) = at;
    }
    *(int *)(memory + size - 4) = 7;
    pid_t child = MUST(fork());
    size_t sum = 0;
    for (size_t at = 0; at < size; at += 8 << 20) {
        sum += *(size_t *)(memory + at);
    }
    if (child == 0) {
        _exit(sum % 251);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("sum %zu, last %d, child %d\n", sum, *(int *)(memory + size - 4), WEXITSTATUS(status) == (int)(sum % 251));
    MUST(madvise(memory, size, MADV_DONTNEED));
    printf("after: %zu\n", *(size_t *)(memory + (1 << 30)));
    MUST(munmap(memory, size));
}

CASE(four_gib_sparse_file) {
    off_t size = 4L << 30;
    int fd = MUST(open("sparse", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(fd, size));
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (off_t at = 0; at < size; at += 64 << 20) {
        *(off_t *)(memory + at + 40) = at;
    }
    off_t sum = 0, value;
    for (off_t at = 0; at < size; at += 32 << 20) {
        MUST(pread(fd, &value, sizeof value, at + 40));
        sum += value;
    }
    struct stat stat;
    MUST(fstat(fd, &stat));
    printf("sum %ld, size %ld, sparse %d\n", sum, stat.st_size, stat.st_blocks < 4096);
    MUST(munmap(memory, size));
    MUST(ftruncate(fd, 0));
    MUST(unlink("sparse"));
}

// ---- signals -------------------------------------------------------------------------------------

static volatile sig_atomic_t caught;

static void count(int signal) {
    (void)signal;
    caught++;
}

// A child sends signals, nearly as fast as it can: any faster, and nothing else gets done on Linux.
static pid_t start_storm(void) {
    pid_t target = getpid();
    caught = 0;
    pid_t stormer = MUST(fork());
    while (stormer == 0 && kill(target, SIGUSR1) == 0) {
        nanosleep(&(struct timespec){0, 20000}, NULL);
    }
    while (caught == 0) {
        nanosleep(&(struct timespec){0, 20000}, NULL);
    }
    return stormer;
}

// Meanwhile bytes go through a pipe.
static void storm(int flags) {
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = count, .sa_flags = flags}, NULL);
    pid_t stormer = start_storm();
    int ends[2], interrupted = 0;
    MUST(pipe(ends));
    pid_t writer = MUST(fork());
    if (writer == 0) {
        signal(SIGUSR1, SIG_IGN);
        close(ends[0]);
        char block[1000];
        for (int i = 0; i < 300; i++) {
            memset(block, i, sizeof block);
            if (write(ends[1], block, sizeof block) != sizeof block) {
                _exit(1);
            }
            if (i % 10 == 0) {
                nanosleep(&(struct timespec){0, 1000000}, NULL);
            }
        }
        _exit(0);
    }
    close(ends[1]);
    long bytes = 0, sum = 0;
    for (unsigned char block[777];;) {
        ssize_t length = read(ends[0], block, sizeof block);
        if (length == 0) {
            break;
        } else if (length == -1) {
            interrupted++;
            if (errno != EINTR) {
                printf("%s\n", strerrorname_np(errno));
            }
            continue;
        }
        for (ssize_t i = 0; i < length; i++) {
            sum += block[i];
        }
        bytes += length;
    }
    int status;
    while (waitpid(writer, &status, 0) == -1) {}
    printf("%ld bytes, sum %ld, writer %d\n", bytes, sum, status);
    if (flags & SA_RESTART) {
        printf("interrupted %d\n", interrupted);
    }
    kill(stormer, SIGKILL);
    while (waitpid(stormer, &status, 0) == -1) {}
}

CASE(signal_storm_with_restart) { storm(SA_RESTART); }

CASE(signal_storm_without_restart) { storm(0); }

CASE(signal_storm_against_a_sleep) {
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = count}, NULL);
    pid_t stormer = start_storm();
    struct timespec before, after, left = {0, 300000000};
    clock_gettime(CLOCK_MONOTONIC, &before);
    while (nanosleep(&left, &left) == -1) {
        MUST(errno == EINTR ? 0 : -1);
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    long millis = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    printf("slept all of it %d\n", millis >= 299);
    kill(stormer, SIGKILL);
    waitpid(stormer, NULL, 0);
}

CASE(queued_signals_all_arrive) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t self = getpid();
    for (int n = 0; n < 8; n++) {
        if (MUST(fork()) == 0) {
            for (int i = 0; i < 250; i++) {
                while (sigqueue(self, SIGRTMIN + 1, (union sigval){.sival_int = n * 250 + i}) == -1) {
                    nanosleep(&(struct timespec){0, 100000}, NULL);
                }
            }
            _exit(0);
        }
    }
    long sum = 0;
    for (int i = 0; i < 2000; i++) {
        siginfo_t info;
        MUST(sigwaitinfo(&set, &info) == SIGRTMIN + 1 ? 0 : -1);
        sum += info.si_value.sival_int;
    }
    while (wait(NULL) > 0) {}
    printf("sum %ld\n", sum);
}

// ---- the end of all that -------------------------------------------------------------------------

static void *wait_long(void *unused) {
    static atomic_int word;
    futex(&word, FUTEX_WAIT, 0);
    return unused;
}

// A tree of processes that do a little of everything, over and over.
static void churn(int depth, int ready) {
    for (int i = 0; depth > 0 && i < 2; i++) {
        if (fork() == 0) {
            depth--;
            i = -1;
        }
    }
    pthread_t thread;
    pthread_create(&thread, NULL, wait_long, NULL);
    if (write(ready, "x", 1) != 1) {
        _exit(1);
    }
    for (int i = 0;; i++) {
        char name[40];
        snprintf(name, sizeof name, "%d-%d", getpid(), i % 10);
        int fd = open(name, O_RDWR | O_CREAT, 0600), ends[2];
        if (fd != -1 && write(fd, name, sizeof name) != -1) {
            char *mapped = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
            if (mapped != MAP_FAILED) {
                mapped[7]++;
                munmap(mapped, PAGE);
            }
        }
        close(fd);
        pid_t child = -1;
        if (pipe(ends) == 0) {
            if (i % 8 == 0 && (child = fork()) == 0) {
                _exit(write(ends[1], "x", 1) != 1);
            }
            close(ends[1]);
            if (read(ends[0], name, 1) == -1) {
                _exit(1);
            }
            close(ends[0]);
        }
        unlink(name);
        if (child > 0) { // not one of the tree, which whoever killed it counts
            waitpid(child, NULL, 0);
        }
    }
}

CASE(a_tree_killed_in_the_midst) {
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    for (int round = 0; round < 3; round++) {
        int ready[2];
        MUST(pipe(ready));
        pid_t root = MUST(fork());
        if (root == 0) {
            setpgid(0, 0);
            churn(4, ready[1]);
        }
        setpgid(root, root);
        close(ready[1]);
        for (int alive = 0; alive < 31; alive++) {
            char byte;
            MUST(read(ready[0], &byte, 1));
        }
        nanosleep(&(struct timespec){0, 100000000}, NULL);
        MUST(kill(-root, SIGKILL));
        int killed = 0, status;
        while (wait(&status) > 0) {
            killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        }
        printf("all killed %d\n", killed >= 31);
        printf("the group is gone %d\n", kill(-root, 0) == -1 && errno == ESRCH);
        close(ready[0]);
    }
}

// Threads that wait for a futex of each kind.
#include "checkpoint.h"

#include <linux/futex.h>
#include <semaphore.h>
#include <stdbool.h>

static volatile int word, other_word;
static volatile pid_t waiter_tid;

static long futex(volatile int *at, int operation, int value, const struct timespec *time,
                  volatile int *second, unsigned bits) {
    return syscall(SYS_futex, at, operation, value, time, second, bits);
}

static pid_t own_tid(void) { return syscall(SYS_gettid); }

// Begins a thread, and returns once it sleeps.
static pthread_t begin(void *(*body)(void *)) {
    pthread_t thread;
    waiter_tid = 0;
    if (pthread_create(&thread, NULL, body, NULL) != 0) {
        _exit(99);
    }
    while (waiter_tid == 0) {
        sleep_millis(2);
    }
    await_state(getpid(), waiter_tid, 'S');
    return thread;
}

static void *wait_plainly(void *nothing) {
    waiter_tid = own_tid();
    while (word == 0) {
        EQUAL(futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), 0);
    }
    return nothing;
}

CASE(futex_wait) {
    pthread_t thread = begin(wait_plainly);
    CHECKPOINT();
    await_state(getpid(), waiter_tid, 'S');
    word = 1;
    EQUAL(futex(&word, FUTEX_WAKE_PRIVATE, 10, NULL, NULL, 0), 1);
    pthread_join(thread, NULL);
}

static void *wait_with_time(void *begun) {
    waiter_tid = own_tid();
    begun = (void *)now_millis();
    struct timespec span = {WAIT_MILLIS / 1000, WAIT_MILLIS % 1000 * 1000000};
    FAILS(futex(&word, FUTEX_WAIT_PRIVATE, 0, &span, NULL, 0), ETIMEDOUT);
    TOOK((int64_t)begun, WAIT_MILLIS);
    return NULL;
}

CASE(futex_wait_with_time_left) {
    pthread_t thread = begin(wait_with_time);
    sleep_millis(OVER_MILLIS);
    CHECKPOINT();
    pthread_join(thread, NULL);
}

static void *wait_until(void *begun) {
    waiter_tid = own_tid();
    begun = (void *)now_millis();
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    moment.tv_sec += 1;
    FAILS(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, &moment, NULL, 2), ETIMEDOUT);
    TOOK((int64_t)begun, 1000);
    return NULL;
}

CASE(futex_wait_until_a_moment) {
    pthread_t thread = begin(wait_until);
    CHECKPOINT();
    pthread_join(thread, NULL);
}

// The time of day goes on while there is no sandbox, and other clocks do not.
static void *wait_until_a_time_of_day(void *nothing) {
    waiter_tid = own_tid();
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_sec += 1;
    FAILS(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &moment, NULL, 2),
          ETIMEDOUT);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    TRUE(now.tv_sec > moment.tv_sec ||
         (now.tv_sec == moment.tv_sec && now.tv_nsec >= moment.tv_nsec));
    return nothing;
}

CASE(futex_wait_until_a_time_of_day) {
    pthread_t thread = begin(wait_until_a_time_of_day);
    CHECKPOINT();
    pthread_join(thread, NULL);
}

static void *wait_until_a_time_of_day_that_passes(void *nothing) {
    waiter_tid = own_tid();
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_nsec += 50 * 1000000;
    moment.tv_sec += moment.tv_nsec / 1000000000;
    moment.tv_nsec %= 1000000000;
    FAILS(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &moment, NULL, 0), ETIMEDOUT);
    return nothing;
}

CASE(futex_lock_until_a_time_of_day) {
    word = own_tid();
    pthread_t thread = begin(wait_until_a_time_of_day_that_passes);
    CHECKPOINT_UNSTOPPED();
    pthread_join(thread, NULL);
    EQUAL(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
}

static void *wait_for_bit(void *nothing) {
    waiter_tid = own_tid();
    EQUAL(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, 4), 0);
    EQUAL(word, 2);
    return nothing;
}

CASE(futex_wait_keeps_its_bits) {
    pthread_t thread = begin(wait_for_bit);
    CHECKPOINT();
    await_state(getpid(), waiter_tid, 'S');
    EQUAL(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 3), 0);
    word = 2;
    EQUAL(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 10, NULL, NULL, 6), 1);
    pthread_join(thread, NULL);
}

static void *wait_to_be_requeued(void *nothing) {
    waiter_tid = own_tid();
    EQUAL(futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0), 0);
    return nothing;
}

CASE(futex_waiter_is_requeued_after_the_checkpoint) {
    pthread_t thread = begin(wait_to_be_requeued);
    CHECKPOINT();
    await_state(getpid(), waiter_tid, 'S');
    EQUAL(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 1L, &other_word, 0), 1);
    EQUAL(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
    EQUAL(futex(&other_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    pthread_join(thread, NULL);
}

// Linux lets a waiter that was requeued wait on where it is now; if it has to wait anew, it begins
// where it began, and may be woken there: which of the two is the kernel's, but it must be woken.
CASE(futex_waiter_that_was_requeued_is_woken) {
    pthread_t thread = begin(wait_to_be_requeued);
    EQUAL(syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 1L, &other_word, 0), 1);
    CHECKPOINT_UNSTOPPED();
    int woken = 0;
    for (int i = 0; i < 500 && !woken; i++) {
        woken += futex(&other_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        woken += futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        sleep_millis(5);
    }
    EQUAL(woken, 1);
    pthread_join(thread, NULL);
}

struct waiter {
    uint64_t value;
    uint64_t address;
    uint32_t flags;
    uint32_t reserved;
};

static void *wait_for_either(void *nothing) {
    waiter_tid = own_tid();
    struct waiter both[] = {{0, (uintptr_t)&word, 2 | 128, 0}, {0, (uintptr_t)&other_word, 2 | 128, 0}};
    long woken = syscall(449, both, 2, 0, NULL, CLOCK_MONOTONIC);
    TRUE(woken == 1 || (woken == -1 && errno == ENOSYS));
    return nothing;
}

CASE(futex_wait_for_several) {
    pthread_t thread;
    waiter_tid = 0;
    pthread_create(&thread, NULL, wait_for_either, NULL);
    sleep_millis(200);
    CHECKPOINT();
    sleep_millis(50);
    for (int i = 0; i < 200 && futex(&other_word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0; i++) {
        sleep_millis(5);
        if (pthread_tryjoin_np(thread, NULL) == 0) {
            return;
        }
    }
    pthread_join(thread, NULL);
}

static pthread_mutex_t mutex;

static void *lock_it(void *robust) {
    waiter_tid = own_tid();
    EQUAL(pthread_mutex_lock(&mutex), robust ? EOWNERDEAD : 0);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

CASE(priority_inheriting_mutex_that_is_waited_for) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutex_lock(&mutex);
    pthread_t thread = begin(lock_it);
    CHECKPOINT();
    await_state(getpid(), waiter_tid, 'S');
    EQUAL(pthread_mutex_unlock(&mutex), 0);
    pthread_join(thread, NULL);
}

static void *lock_in_time(void *nothing) {
    waiter_tid = own_tid();
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_sec += 1;
    EQUAL(pthread_mutex_timedlock(&mutex, &moment), ETIMEDOUT);
    return nothing;
}

CASE(mutex_that_is_waited_for_until_a_moment) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    pthread_mutex_init(&mutex, &attributes);
    pthread_mutex_lock(&mutex);
    pthread_t thread = begin(lock_in_time);
    CHECKPOINT();
    pthread_join(thread, NULL);
    EQUAL(pthread_mutex_unlock(&mutex), 0);
}

static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t plain = PTHREAD_MUTEX_INITIALIZER;
static bool signalled;

static void *wait_for_condition(void *nothing) {
    pthread_mutex_lock(&plain);
    waiter_tid = own_tid();
    while (!signalled) {
        pthread_cond_wait(&condition, &plain);
    }
    pthread_mutex_unlock(&plain);
    return nothing;
}

CASE(condition_that_is_waited_for) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        threads[i] = begin(wait_for_condition);
    }
    CHECKPOINT();
    pthread_mutex_lock(&plain);
    signalled = true;
    pthread_cond_broadcast(&condition);
    pthread_mutex_unlock(&plain);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
}

CASE(semaphore_between_processes) {
    sem_t *semaphore =
            mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    sem_init(semaphore, 1, 0);
    pid_t child = BLOCKED({ EQUAL(sem_wait(semaphore), 0); });
    CHECKPOINT();
    await_asleep(child);
    EQUAL(sem_post(semaphore), 0);
    ENDED(child);
}

CASE(futex_of_a_shared_file) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(file, 4096));
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    pid_t child = BLOCKED({ EQUAL(futex(shared, FUTEX_WAIT, 0, NULL, NULL, 0), 0); });
    CHECKPOINT();
    await_asleep(child);
    // Another mapping of the file, at another address.
    int *again = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    EQUAL(futex(again, FUTEX_WAKE, 1, NULL, NULL, 0), 1);
    ENDED(child);
}

static void *die_with_it(void *nothing) {
    pthread_mutex_lock(&mutex);
    return nothing;
}

static void robust(int inheriting) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    if (inheriting) {
        pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
    }
    pthread_mutex_init(&mutex, &attributes);
}

CASE(robust_mutex_whose_owner_died_before) {
    robust(0);
    pthread_t thread;
    pthread_create(&thread, NULL, die_with_it, NULL);
    pthread_join(thread, NULL);
    CHECKPOINT();
    EQUAL(pthread_mutex_lock(&mutex), EOWNERDEAD);
    EQUAL(pthread_mutex_consistent(&mutex), 0);
    EQUAL(pthread_mutex_unlock(&mutex), 0);
}

static int go_on[2];

static void *hold_until_told(void *nothing) {
    pthread_mutex_lock(&mutex);
    waiter_tid = own_tid();
    char byte;
    EQUAL(read(go_on[0], &byte, 1), 1);
    return nothing;
}

static void owner_dies_afterwards(int inheriting) {
    robust(inheriting);
    MUST(pipe(go_on));
    pthread_t thread = begin(hold_until_told);
    CHECKPOINT();
    EQUAL(write(go_on[1], "x", 1), 1);
    EQUAL(pthread_mutex_lock(&mutex), EOWNERDEAD);
    EQUAL(pthread_mutex_consistent(&mutex), 0);
    EQUAL(pthread_mutex_unlock(&mutex), 0);
    pthread_join(thread, NULL);
}

CASE(robust_mutex_whose_owner_dies_afterwards) { owner_dies_afterwards(0); }
CASE(robust_inheriting_mutex_whose_owner_dies_afterwards) { owner_dies_afterwards(1); }

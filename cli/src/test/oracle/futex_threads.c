// Futexes between threads and processes: what C libraries build on them, and what they say.
#include "oracle.h"

#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static _Atomic uint32_t word, second;

static long futex(_Atomic uint32_t *address, int operation, uint32_t value, const void *timeout,
                  _Atomic uint32_t *other, uint32_t third) {
    return syscall(SYS_futex, address, operation, value, timeout, other, third);
}

static void sleep_millis(long millis) {
    struct timespec span = {millis / 1000, millis % 1000 * 1000000};
    while (nanosleep(&span, &span) != 0) {
    }
}

static void *wait_on_word(void *argument) {
    return (void *)futex(&word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, (uint32_t)(uintptr_t)argument);
}

static void start(pthread_t *threads, int count, void *(*body)(void *)) {
    for (int i = 0; i < count; i++) {
        pthread_create(&threads[i], NULL, body, (void *)(intptr_t)i);
    }
    sleep_millis(100);
}

static void join(pthread_t *threads, int count) {
    for (int i = 0; i < count; i++) {
        void *result;
        pthread_join(threads[i], &result);
        printf("waiter got %ld\n", (long)result);
    }
}

CASE(a_wake_says_how_many) {
    pthread_t threads[5];
    start(threads, 5, wait_on_word);
    SHOW(futex(&word, FUTEX_WAKE, 5, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 2, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    join(threads, 5);
}

static void *wait_for_bit(void *argument) {
    uint32_t bit = 1u << (uintptr_t)argument;
    return (void *)futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, bit);
}

CASE(bits_choose_who_is_woken) {
    pthread_t threads[4];
    start(threads, 4, wait_for_bit);
    SHOW(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 100, NULL, NULL, 16));
    SHOW(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 100, NULL, NULL, 5));
    SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    join(threads, 4);
}

CASE(requeue_moves_waiters) {
    pthread_t threads[5];
    start(threads, 5, wait_on_word);
    SHOW(futex(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)2, &second, 0));
    SHOW(futex(&second, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_REQUEUE_PRIVATE, 0, (void *)100, &second, 0));
    SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    SHOW(futex(&second, FUTEX_WAKE_PRIVATE, 100, NULL, NULL, 0));
    join(threads, 5);
}

static void *wait_on_second(void *argument) {
    (void)argument;
    return (void *)futex(&second, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

CASE(wake_op_wakes_both) {
    pthread_t threads[2], others[2];
    start(threads, 2, wait_on_word);
    start(others, 2, wait_on_second);
    SHOW(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, &second,
               FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 5)));
    SHOW(futex(&word, FUTEX_WAKE_OP_PRIVATE, 1, (void *)5, &second,
               FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 1)));
    printf("second %u\n", second);
    join(threads, 2);
    join(others, 2);
}

CASE(processes_meet_in_shared_memory) {
    _Atomic uint32_t *shared =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = MUST(fork());
    if (child == 0) {
        _exit(futex(shared, FUTEX_WAIT, 0, NULL, NULL, 0) == 0 ? 7 : 8);
    }
    sleep_millis(100);
    SHOW(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    SHOW(futex(shared, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    SHOW(futex(shared, FUTEX_WAKE, 1, NULL, NULL, 0));
    int status;
    MUST(waitpid(child, &status, 0));
    printf("%d\n", WEXITSTATUS(status));
}

CASE(processes_do_not_meet_in_private_memory) {
    struct timespec span = {0, 200000000};
    pid_t child = MUST(fork());
    if (child == 0) {
        futex(&word, FUTEX_WAIT, 0, &span, NULL, 0);
        _exit(errno == ETIMEDOUT ? 7 : 8);
    }
    sleep_millis(100);
    SHOW(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    int status;
    MUST(waitpid(child, &status, 0));
    printf("%d\n", WEXITSTATUS(status));
}

static pthread_mutex_t mutex;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER, emptied = PTHREAD_COND_INITIALIZER;
static int queue[16], length;
static long taken;

enum { QUEUERS = 32, EACH = 300 };

static void *put(void *argument) {
    for (int i = 0; i < EACH; i++) {
        pthread_mutex_lock(&mutex);
        while (length == 16) {
            pthread_cond_wait(&emptied, &mutex);
        }
        queue[length++] = (int)(intptr_t)argument * EACH + i;
        pthread_cond_signal(&filled);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *take(void *argument) {
    for (int i = 0; i < EACH; i++) {
        pthread_mutex_lock(&mutex);
        while (length == 0) {
            pthread_cond_wait(&filled, &mutex);
        }
        taken += queue[--length];
        pthread_cond_signal(&emptied);
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

static void through_the_queue(void) {
    pthread_t threads[2 * QUEUERS];
    for (int i = 0; i < QUEUERS; i++) {
        pthread_create(&threads[i], NULL, put, (void *)(intptr_t)i);
        pthread_create(&threads[QUEUERS + i], NULL, take, NULL);
    }
    for (int i = 0; i < 2 * QUEUERS; i++) {
        pthread_join(threads[i], NULL);
    }
    long all = (long)QUEUERS * EACH;
    printf("exact %d, length %d\n", taken == all * (all - 1) / 2, length);
}

CASE(a_queue_between_64_threads) {
    pthread_mutex_init(&mutex, NULL);
    through_the_queue();
}

static void init_mutex(int protocol, int robust, int shared, pthread_mutex_t *target) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    pthread_mutexattr_setrobust(&attributes, robust);
    pthread_mutexattr_setpshared(&attributes, shared);
    pthread_mutex_init(target, &attributes);
}

static void *add(void *argument) {
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&mutex);
        taken++;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

CASE(a_mutex_that_lends_priority) {
    init_mutex(PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE, &mutex);
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) {
        pthread_create(&threads[i], NULL, add, NULL);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("%ld\n", taken);
    SHOW(pthread_mutex_trylock(&mutex));
    SHOW(pthread_mutex_unlock(&mutex));
}

static void *die_with_it(void *argument) {
    pthread_mutex_lock(&mutex);
    sleep_millis(100);
    return argument;
}

static void show_robust(int protocol) {
    init_mutex(protocol, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_PRIVATE, &mutex);
    pthread_t thread;
    pthread_create(&thread, NULL, die_with_it, NULL);
    sleep_millis(50);
    int error = pthread_mutex_lock(&mutex);
    printf("lock: %s\n", strerrorname_np(error));
    pthread_join(thread, NULL);
    SHOW(pthread_mutex_consistent(&mutex));
    SHOW(pthread_mutex_unlock(&mutex));
    SHOW(pthread_mutex_lock(&mutex));
    SHOW(pthread_mutex_unlock(&mutex));
}

CASE(a_thread_dies_with_a_robust_mutex) {
    show_robust(PTHREAD_PRIO_NONE);
    show_robust(PTHREAD_PRIO_INHERIT);
}

CASE(a_process_dies_with_a_robust_mutex) {
    pthread_mutex_t *shared =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    init_mutex(PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST, PTHREAD_PROCESS_SHARED, shared);
    pid_t child = MUST(fork());
    if (child == 0) {
        pthread_mutex_lock(shared);
        sleep_millis(100);
        raise(SIGKILL);
    }
    sleep_millis(50);
    printf("lock: %s\n", strerrorname_np(pthread_mutex_lock(shared)));
    MUST(waitpid(child, NULL, 0));
}

static void *lock_pi(void *argument) {
    (void)argument;
    long result = futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    int mine = (word & FUTEX_TID_MASK) == (uint32_t)gettid();
    long unlocked = futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return (void *)(result * 100 + unlocked * 10 + mine);
}

CASE(an_owner_is_waited_for) {
    word = gettid();
    pthread_t threads[3];
    start(threads, 3, lock_pi);
    printf("has waiters %d\n", (word & FUTEX_WAITERS) != 0);
    SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    join(threads, 3);
    printf("word %u\n", word);
}

static void *wait_requeue_pi(void *argument) {
    (void)argument;
    long result = futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &second, 0);
    int mine = (second & FUTEX_TID_MASK) == (uint32_t)gettid();
    futex(&second, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return (void *)(result * 100 + mine);
}

CASE(waiters_are_moved_to_an_owned_futex) {
    second = gettid();
    pthread_t threads[3];
    start(threads, 3, wait_requeue_pi);
    SHOW(futex(&word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, (void *)100, &second, 0));
    SHOW(futex(&second, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
    join(threads, 3);
}

CASE(a_timed_lock_gives_up) {
    pthread_mutex_init(&mutex, NULL);
    pthread_mutex_lock(&mutex);
    struct timespec moment;
    clock_gettime(CLOCK_REALTIME, &moment);
    moment.tv_nsec += 20000000;
    if (moment.tv_nsec >= 1000000000) {
        moment.tv_nsec -= 1000000000;
        moment.tv_sec++;
    }
    printf("%s\n", strerrorname_np(pthread_mutex_timedlock(&mutex, &moment)));
    init_mutex(PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED, PTHREAD_PROCESS_PRIVATE, &mutex);
    pthread_mutex_lock(&mutex);
    printf("%s\n", strerrorname_np(pthread_mutex_timedlock(&mutex, &moment)));
}

static sem_t semaphore;

static void *post(void *argument) {
    for (int i = 0; i < 200; i++) {
        sem_post(&semaphore);
    }
    return argument;
}

CASE(semaphores_count) {
    sem_init(&semaphore, 0, 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, post, NULL);
    }
    for (int i = 0; i < 800; i++) {
        sem_wait(&semaphore);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    int left;
    sem_getvalue(&semaphore, &left);
    printf("left %d\n", left);
}

static volatile int storms;

static void on_storm(int signal) {
    (void)signal;
    storms++;
}

static void *storm_target(void *argument) {
    long result = 0;
    for (int i = 0; i < 20; i++) {
        struct timespec span = {0, 5000000};
        while (nanosleep(&span, &span) == -1) {
            result++;
        }
        futex(&word, FUTEX_WAIT_PRIVATE, 0, &(struct timespec){0, 1000000}, NULL, 0);
    }
    return argument;
}

CASE(a_storm_of_signals_against_blocking_calls) {
    struct sigaction action = {.sa_handler = on_storm, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    pthread_t threads[8];
    for (int i = 0; i < 8; i++) {
        pthread_create(&threads[i], NULL, storm_target, (void *)(intptr_t)i);
    }
    for (int i = 0; i < 400; i++) {
        pthread_kill(threads[i % 8], SIGUSR1);
    }
    for (int i = 0; i < 8; i++) {
        void *result;
        pthread_join(threads[i], &result);
        printf("%ld\n", (long)result);
    }
    printf("storms %d\n", storms > 0);
}

// futex(2) without threads: what is checked, what is refused, timeouts.
#include "oracle.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static uint32_t word;

static long futex(void *address, int operation, uint32_t value, const void *timeout, void *second,
                  uint32_t third) {
    return syscall(SYS_futex, address, operation, value, timeout, second, third);
}

static struct timespec soon(clockid_t clock, long millis) {
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_nsec += millis * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_nsec -= 1000000000;
        time.tv_sec++;
    }
    return time;
}

static long millis_since(struct timespec start) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
}

CASE(wait_needs_the_expected_value) {
    word = 7;
    SHOW(futex(&word, FUTEX_WAIT, 8, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAIT_PRIVATE, 8, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAIT_BITSET, 8, NULL, NULL, FUTEX_BITSET_MATCH_ANY));
}

CASE(wait_times_out) {
    struct timespec start, span = {0, 30000000}, past = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &start);
    SHOW(futex(&word, FUTEX_WAIT, 0, &span, NULL, 0));
    printf("waited %d\n", millis_since(start) >= 30);
    SHOW(futex(&word, FUTEX_WAIT, 0, &past, NULL, 0));
    struct timespec moment = soon(CLOCK_MONOTONIC, 20);
    SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, &moment, NULL, FUTEX_BITSET_MATCH_ANY));
    moment = soon(CLOCK_REALTIME, 20);
    SHOW(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &moment, NULL, 1));
    moment = soon(CLOCK_MONOTONIC, 0);
    SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, &moment, NULL, 1));
}

CASE(bad_timeouts) {
    struct timespec negative = {-1, 0}, much = {0, 1000000000};
    SHOW(futex(&word, FUTEX_WAIT, 0, &negative, NULL, 0));
    SHOW(futex(&word, FUTEX_WAIT, 0, &much, NULL, 0));
    SHOW(futex(&word, FUTEX_WAIT, 1, &much, NULL, 0));
    SHOW(futex(&word, FUTEX_WAIT, 0, (void *)8, NULL, 0));
    SHOW(futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &much, NULL, 0));
    struct timespec fine = {0, 1000};
    SHOW(futex(&word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &fine, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE, 1, (void *)8, NULL, 0));
}

CASE(bad_addresses) {
    char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    SHOW(futex((char *)&word + 1, FUTEX_WAIT, 0, NULL, NULL, 0));
    SHOW(futex((char *)&word + 2, FUTEX_WAKE, 1, NULL, NULL, 0));
    SHOW(futex(NULL, FUTEX_WAIT, 0, NULL, NULL, 0));
    SHOW(futex(NULL, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    SHOW(futex(NULL, FUTEX_WAKE, 1, NULL, NULL, 0));
    SHOW(futex(page, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    SHOW(futex(page, FUTEX_WAKE, 1, NULL, NULL, 0));
    SHOW(futex(page, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    SHOW(futex((void *)-4096L, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    SHOW(futex((void *)-4096L, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    SHOW(futex((void *)-3L, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
    SHOW(futex((void *)0x7ffffffff000, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    munmap(page, 4096);
}

CASE(read_only_word) {
    uint32_t *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct timespec span = {0, 1000000};
    SHOW(futex(page, FUTEX_WAIT_PRIVATE, 0, &span, NULL, 0));
    SHOW(futex(page, FUTEX_WAIT_PRIVATE, 1, &span, NULL, 0));
    SHOW(futex(page, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
    SHOW(futex(page, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, page,
               FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0)));
}

CASE(nobody_to_wake) {
    SHOW(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE, 0, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE, -1, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 1));
    SHOW(futex(&word, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
}

CASE(commands_that_there_are_not) {
    SHOW(futex(&word, FUTEX_FD, 0, NULL, NULL, 0));
    SHOW(futex(&word, 14, 0, NULL, NULL, 0));
    SHOW(futex(&word, 127, 0, NULL, NULL, 0));
    SHOW(futex(&word, -1, 0, NULL, NULL, 0));
    SHOW(futex(&word, 512, 0, NULL, NULL, 0));
}

CASE(requeue_checks) {
    static uint32_t other;
    SHOW(futex(&word, FUTEX_REQUEUE, 1, (void *)1, &other, 0));
    SHOW(futex(&word, FUTEX_REQUEUE, -1, (void *)1, &other, 0));
    SHOW(futex(&word, FUTEX_REQUEUE, 1, (void *)-1L, &other, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 1));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &word, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, NULL, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, (char *)&other + 1, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &other, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, &other, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &word, 0));
    SHOW(futex(&word, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, &other, 5));
    SHOW(futex(&word, FUTEX_WAIT_REQUEUE_PI, 0, NULL, &word, 0));
    SHOW(futex(&word, FUTEX_WAIT_REQUEUE_PI, 1, NULL, &other, 0));
}

CASE(wake_op_changes_the_second_word) {
    static uint32_t second;
    static const struct {
        int operation, operand, comparison, compared;
    } ops[] = {
        {FUTEX_OP_SET, 5, FUTEX_OP_CMP_EQ, 10},   {FUTEX_OP_ADD, 5, FUTEX_OP_CMP_NE, 10},
        {FUTEX_OP_ADD, -1, FUTEX_OP_CMP_LT, 10},  {FUTEX_OP_OR, 5, FUTEX_OP_CMP_LE, 10},
        {FUTEX_OP_ANDN, 3, FUTEX_OP_CMP_GT, 10},  {FUTEX_OP_XOR, 15, FUTEX_OP_CMP_GE, 10},
        {FUTEX_OP_OPARG_SHIFT | FUTEX_OP_SET, 4, FUTEX_OP_CMP_EQ, 10},
    };
    for (unsigned i = 0; i < sizeof ops / sizeof *ops; i++) {
        second = 10;
        long result = futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &second,
                            FUTEX_OP((uint32_t)ops[i].operation, ops[i].operand,
                                     ops[i].comparison, ops[i].compared));
        printf("%u: %ld %d\n", i, result, (int)second);
    }
    SHOW(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &second, FUTEX_OP(5u, 1, 0, 0)));
    SHOW(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, &second, FUTEX_OP(0u, 1, 6, 0)));
    SHOW(futex(&word, FUTEX_WAKE_OP, 1, (void *)1, NULL, FUTEX_OP(0u, 1, 0, 0)));
}

CASE(pi_lock_of_one_thread) {
    uint32_t self = gettid();
    word = 0;
    SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    printf("mine %d\n", word == self);
    SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    printf("word %u\n", word);
    SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    printf("mine %d\n", word == self);
    word = FUTEX_OWNER_DIED;
    SHOW(futex(&word, FUTEX_LOCK_PI2, 0, NULL, NULL, 0));
    printf("mine %d\n", word == (self | FUTEX_OWNER_DIED));
    SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    word = 0x3ffffff0;
    SHOW(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
    SHOW(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
    SHOW(futex(NULL, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
}

struct waitv {
    uint64_t val, uaddr;
    uint32_t flags, reserved;
};

static long waitv(void *waiters, unsigned count, unsigned flags, void *timeout, clockid_t clock) {
    return syscall(449, waiters, count, flags, timeout, clock);
}

CASE(waitv_checks) {
    static uint32_t words[2];
    struct waitv v[2] = {{0, (uintptr_t)&words[0], 2, 0}, {0, (uintptr_t)&words[1], 2 | 128, 0}};
    struct timespec moment = soon(CLOCK_MONOTONIC, 20);
    SHOW(waitv(v, 2, 0, &moment, CLOCK_MONOTONIC));
    SHOW(waitv(v, 2, 0, &moment, CLOCK_BOOTTIME));
    SHOW(waitv(v, 2, 1, &moment, CLOCK_MONOTONIC));
    SHOW(waitv(v, 0, 0, &moment, CLOCK_MONOTONIC));
    SHOW(waitv(v, 129, 0, &moment, CLOCK_MONOTONIC));
    SHOW(waitv(NULL, 1, 0, &moment, CLOCK_MONOTONIC));
    SHOW(waitv((void *)8, 1, 0, &moment, CLOCK_MONOTONIC));
    v[1].val = 1;
    SHOW(waitv(v, 2, 0, &moment, CLOCK_MONOTONIC));
    v[1].val = 0;
    v[1].reserved = 1;
    SHOW(waitv(v, 2, 0, &moment, CLOCK_MONOTONIC));
    v[1].reserved = 0;
    v[1].flags = 1;
    SHOW(waitv(v, 2, 0, &moment, CLOCK_MONOTONIC));
    v[1].flags = 2;
    v[1].uaddr = 0;
    SHOW(waitv(v, 2, 0, &moment, CLOCK_MONOTONIC));
    v[1].uaddr = (uintptr_t)&words[1] + 1;
    SHOW(waitv(v, 2, 0, &moment, CLOCK_MONOTONIC));
    v[1].uaddr = (uintptr_t)&words[1];
    v[1].val = 1ull << 32;
    SHOW(waitv(v, 2, 0, &moment, CLOCK_MONOTONIC));
}

CASE(robust_list_is_kept) {
    static struct robust_list_head mine;
    struct robust_list_head *found = NULL;
    size_t size = 0;
    SHOW(syscall(SYS_set_robust_list, &mine, sizeof mine));
    SHOW(syscall(SYS_set_robust_list, &mine, sizeof mine - 1));
    SHOW(syscall(SYS_get_robust_list, 0, &found, &size));
    printf("same %d, size %zu\n", found == &mine, size);
    SHOW(syscall(SYS_get_robust_list, getpid(), &found, &size));
    SHOW(syscall(SYS_get_robust_list, -1, &found, &size));
    SHOW(syscall(SYS_get_robust_list, 0, NULL, &size));
    SHOW(syscall(SYS_set_robust_list, NULL, sizeof mine));
}

static void on_signal(int signal) { (void)signal; }

static void handle(int signal, int flags) {
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
    sigaction(signal, &action, NULL);
}

static void alarm_in(long millis) {
    struct itimerval timer = {.it_value = {0, millis * 1000}};
    setitimer(ITIMER_REAL, &timer, NULL);
}

CASE(a_signal_ends_a_wait) {
    struct timespec span = {5, 0};
    handle(SIGALRM, 0);
    alarm_in(20);
    SHOW(futex(&word, FUTEX_WAIT, word, NULL, NULL, 0));
    alarm_in(20);
    SHOW(futex(&word, FUTEX_WAIT, word, &span, NULL, 0));
}

CASE(a_restarting_handler_does_not_restart_a_timed_wait) {
    struct timespec span = {5, 0};
    handle(SIGALRM, SA_RESTART);
    alarm_in(20);
    SHOW(futex(&word, FUTEX_WAIT, word, &span, NULL, 0));
}

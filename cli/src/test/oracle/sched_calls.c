// Scheduling as programs ask for it and are told of it, barriers, and memory policies.
#include "oracle.h"

#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static int membarrier(int command, unsigned flags) {
    return syscall(SYS_membarrier, command, flags, 0);
}

CASE(affinity_is_kept) {
    unsigned long set[16] = {0};
    SHOW(syscall(SYS_sched_getaffinity, 0, 8, set));
    unsigned long all = set[0];
    SHOW(syscall(SYS_sched_setaffinity, 0, 1, &(char){1}));
    SHOW(syscall(SYS_sched_getaffinity, 0, 8, set));
    printf("%lx\n", set[0]);
    pid_t child = MUST(fork());
    if (child == 0) {
        SHOW(syscall(SYS_sched_getaffinity, 0, 8, set));
        printf("child %lx\n", set[0]);
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
    SHOW(syscall(SYS_sched_setaffinity, 0, 8, &(long){1l << 40}));
    SHOW(syscall(SYS_sched_setaffinity, 0, 8, &(long){-1}));
    SHOW(syscall(SYS_sched_getaffinity, 0, 8, set));
    printf("all again %d\n", set[0] == all);
    unsigned cpu = 99, node = 99;
    SHOW(syscall(SYS_sched_setaffinity, 0, 8, &(long){1}));
    SHOW(syscall(SYS_getcpu, &cpu, &node, NULL));
    printf("%u %u\n", cpu, node);
}

CASE(affinity_checks) {
    unsigned long set[16] = {0};
    SHOW(syscall(SYS_sched_getaffinity, 0, 4, set));
    SHOW(syscall(SYS_sched_getaffinity, 0, 12, set));
    SHOW(syscall(SYS_sched_getaffinity, 0, 8, 8));
    SHOW(syscall(SYS_sched_getaffinity, 99999999, 8, set));
    SHOW(syscall(SYS_sched_getaffinity, -1, 8, set));
    SHOW(syscall(SYS_sched_setaffinity, 0, 0, set));
    SHOW(syscall(SYS_sched_setaffinity, 0, 8, set));
    SHOW(syscall(SYS_sched_setaffinity, 0, 8, 8));
    SHOW(syscall(SYS_sched_setaffinity, 99999999, 8, &(long){1}));
    SHOW(syscall(SYS_sched_setaffinity, -1, 8, &(long){1}));
    SHOW(syscall(SYS_getcpu, 8, NULL, NULL));
    SHOW(syscall(SYS_getcpu, NULL, NULL, NULL));
}

CASE(policies_are_kept) {
    struct sched_param param = {.sched_priority = 3};
    SHOW(sched_getscheduler(0));
    SHOW(sched_setscheduler(0, SCHED_RR, &param));
    SHOW(sched_getscheduler(0));
    struct timespec interval;
    SHOW(sched_rr_get_interval(0, &interval));
    printf("%ld %ld\n", (long)interval.tv_sec, interval.tv_nsec);
    param.sched_priority = 5;
    SHOW(sched_setparam(0, &param));
    param.sched_priority = 0;
    SHOW(sched_getparam(0, &param));
    printf("priority %d\n", param.sched_priority);
    SHOW(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param));
    param.sched_priority = 7;
    SHOW(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param));
    SHOW(syscall(SYS_sched_getscheduler, 0));
    pid_t child = MUST(fork());
    if (child == 0) {
        SHOW(syscall(SYS_sched_getscheduler, 0));
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
    param.sched_priority = 0;
    SHOW(sched_setscheduler(0, SCHED_BATCH, &param));
    SHOW(sched_getscheduler(0));
    SHOW(sched_setscheduler(0, SCHED_IDLE, &param));
    SHOW(sched_setscheduler(0, SCHED_OTHER, &param));
}

CASE(policy_checks) {
    struct sched_param param = {.sched_priority = 1};
    SHOW(sched_setscheduler(0, SCHED_OTHER, &param));
    param.sched_priority = 100;
    SHOW(sched_setscheduler(0, SCHED_RR, &param));
    param.sched_priority = 0;
    SHOW(sched_setscheduler(0, SCHED_RR, &param));
    SHOW(sched_setscheduler(0, 4, &param));
    SHOW(sched_setscheduler(0, SCHED_DEADLINE, &param));
    SHOW(sched_setscheduler(0, -1, &param));
    SHOW(sched_setscheduler(-1, SCHED_OTHER, &param));
    SHOW(sched_setscheduler(99999999, SCHED_OTHER, &param));
    SHOW(syscall(SYS_sched_setscheduler, 0, 0, NULL));
    SHOW(syscall(SYS_sched_setscheduler, 0, 0, 8));
    SHOW(sched_getscheduler(-1));
    SHOW(sched_getscheduler(99999999));
    SHOW(syscall(SYS_sched_getparam, 0, NULL));
    SHOW(syscall(SYS_sched_getparam, 0, 8));
    SHOW(sched_rr_get_interval(-1, NULL));
    for (int policy = -1; policy < 9; policy++) {
        printf("%d: %d %d\n", policy, sched_get_priority_min(policy), sched_get_priority_max(policy));
    }
}

struct attr {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t least, most;
    uint64_t beyond;
};

CASE(attributes) {
    struct attr attr = {0};
    SHOW(syscall(SYS_sched_getattr, 0, &attr, 48, 0));
    printf("%u %u %d %u\n", attr.size, attr.policy, attr.nice, attr.priority);
    SHOW(syscall(SYS_sched_getattr, 0, &attr, 64, 0));
    printf("%u\n", attr.size);
    SHOW(syscall(SYS_sched_getattr, 0, &attr, 47, 0));
    SHOW(syscall(SYS_sched_getattr, 0, &attr, 48, 1));
    SHOW(syscall(SYS_sched_getattr, 0, NULL, 48, 0));
    attr = (struct attr){.size = 48, .policy = SCHED_BATCH, .nice = 7};
    SHOW(syscall(SYS_sched_setattr, 0, &attr, 0));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(sched_getscheduler(0));
    attr = (struct attr){.size = 48, .policy = SCHED_FIFO, .priority = 9, .flags = 1};
    SHOW(syscall(SYS_sched_setattr, 0, &attr, 0));
    SHOW(syscall(SYS_sched_getattr, 0, &attr, 48, 0));
    printf("%u %u %lu\n", attr.policy, attr.priority, attr.flags);
    attr = (struct attr){.size = 10};
    SHOW(syscall(SYS_sched_setattr, 0, &attr, 0));
    printf("%u\n", attr.size);
    attr = (struct attr){.size = 64, .beyond = 1};
    SHOW(syscall(SYS_sched_setattr, 0, &attr, 0));
    SHOW(syscall(SYS_sched_setattr, 0, &attr, 1));
    SHOW(syscall(SYS_sched_setattr, 0, NULL, 0));
    attr = (struct attr){.size = 48, .policy = 99};
    SHOW(syscall(SYS_sched_setattr, 0, &attr, 0));
}

CASE(nice_values) {
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(setpriority(PRIO_PROCESS, 0, 5));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(setpriority(PRIO_PROCESS, 0, 100));
    SHOW(getpriority(PRIO_PROCESS, getpid()));
    SHOW(setpriority(PRIO_PROCESS, 0, -100));
    SHOW(getpriority(PRIO_PROCESS, 0));
    SHOW(syscall(SYS_getpriority, PRIO_PROCESS, 0));
    SHOW(getpriority(3, 0));
    SHOW(getpriority(-1, 0));
    SHOW(getpriority(PRIO_PROCESS, 99999999));
    SHOW(setpriority(PRIO_PROCESS, 99999999, 0));
    SHOW(setpriority(PRIO_PGRP, 99999999, 0));
    SHOW(setpriority(3, 0, 0));
    pid_t child = MUST(fork());
    if (child == 0) {
        MUST(setpriority(PRIO_PROCESS, 0, 3));
        MUST(setresuid(1000, 1000, 1000));
        SHOW(getpriority(PRIO_PROCESS, 0));
        SHOW(setpriority(PRIO_PROCESS, 0, 4));
        SHOW(setpriority(PRIO_PROCESS, 0, 3));
        SHOW(setpriority(PRIO_PROCESS, getppid(), 3));
        struct sched_param param = {.sched_priority = 1};
        SHOW(sched_setscheduler(0, SCHED_FIFO, &param));
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
}

CASE(io_priorities) {
    SHOW(syscall(SYS_ioprio_get, 1, 0));
    SHOW(syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 7));
    SHOW(syscall(SYS_ioprio_get, 1, 0));
    SHOW(syscall(SYS_ioprio_set, 1, 0, 3 << 13 | 7));
    SHOW(syscall(SYS_ioprio_get, 1, 0));
    SHOW(syscall(SYS_ioprio_set, 1, 0, 5 << 13));
    SHOW(syscall(SYS_ioprio_set, 1, 0, 1));
    SHOW(syscall(SYS_ioprio_get, 4, 0));
    SHOW(syscall(SYS_ioprio_get, 0, 0));
    SHOW(syscall(SYS_ioprio_get, 1, 99999999));
    SHOW(syscall(SYS_ioprio_set, 1, 0, 0));
}

CASE(barriers_need_a_registration) {
    SHOW((membarrier(MEMBARRIER_CMD_QUERY, 0) & 127) == 127);
    SHOW(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
    SHOW(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
    SHOW(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
    SHOW(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0));
    SHOW(membarrier(512, 0));
    SHOW(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 1));
    SHOW(membarrier(MEMBARRIER_CMD_GLOBAL, 0));
    SHOW(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0));
    SHOW(membarrier(3, 0));
    SHOW(membarrier(-1, 0));
}

static volatile int stop;
static volatile long turns;

static void *turn(void *argument) {
    while (!stop) {
        turns++;
    }
    return argument;
}

CASE(a_barrier_comes_back_while_others_run) {
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, turn, NULL);
    }
    MUST(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0));
    for (int i = 0; i < 20; i++) {
        MUST(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0));
    }
    stop = 1;
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    printf("done\n");
}

CASE(memory_policies) {
    unsigned long nodes[16] = {0};
    int mode = -1;
    SHOW(syscall(SYS_get_mempolicy, &mode, nodes, 1024, 0, 0));
    printf("%d %lx\n", mode, nodes[0]);
    SHOW(syscall(SYS_get_mempolicy, NULL, nodes, 1024, 0, 4));
    printf("%lx\n", nodes[0]);
    SHOW(syscall(SYS_set_mempolicy, 2, &(long){1}, 64));
    SHOW(syscall(SYS_get_mempolicy, &mode, nodes, 1024, 0, 0));
    printf("%d %lx\n", mode, nodes[0]);
    SHOW(syscall(SYS_set_mempolicy, 2, NULL, 0));
    SHOW(syscall(SYS_set_mempolicy, 9, NULL, 0));
    SHOW(syscall(SYS_set_mempolicy, 0, &(long){1}, 64));
    SHOW(syscall(SYS_set_mempolicy, 0, NULL, 0));
    SHOW(syscall(SYS_get_mempolicy, &mode, NULL, 0, 0, 0));
    printf("%d\n", mode);
}

CASE(yielding) {
    SHOW(sched_yield());
    SHOW(syscall(SYS_sched_yield));
}

// Resource limits: what can be set, by whom, and who inherits them.
#include "oracle.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int get(int resource, struct rlimit *limit) {
    return syscall(SYS_prlimit64, 0, resource, NULL, limit);
}

static int set(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit limit = {soft, hard};
    return syscall(SYS_prlimit64, 0, resource, &limit, NULL);
}

static void show(int resource) {
    struct rlimit limit = {9, 9};
    MUST(get(resource, &limit));
    printf("limit %d: %lld %lld\n", resource, (long long)limit.rlim_cur,
           (long long)limit.rlim_max);
}

CASE(a_soft_limit_moves_below_the_hard_one) {
    SHOW(set(RLIMIT_FSIZE, 1000, 2000));
    show(RLIMIT_FSIZE);
    SHOW(set(RLIMIT_FSIZE, 2000, 2000));
    SHOW(set(RLIMIT_FSIZE, 2001, 2000));
    SHOW(set(RLIMIT_FSIZE, 0, 2000));
    show(RLIMIT_FSIZE);
    SHOW(set(RLIMIT_FSIZE, 10, 1999));
    show(RLIMIT_FSIZE);
}

CASE(a_hard_limit_is_lowered_for_good) {
    MUST(set(RLIMIT_CORE, 10, 20));
    MUST(setuid(1000));
    SHOW(set(RLIMIT_CORE, 10, 21));
    SHOW(set(RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY));
    SHOW(set(RLIMIT_CORE, 20, 20));
    SHOW(set(RLIMIT_CORE, 5, 5));
    SHOW(set(RLIMIT_CORE, 6, 6));
    show(RLIMIT_CORE);
}

CASE(infinity_is_the_greatest_limit) {
    MUST(set(RLIMIT_FSIZE, 5, RLIM_INFINITY));
    show(RLIMIT_FSIZE);
    SHOW(set(RLIMIT_FSIZE, RLIM_INFINITY, 5));
    SHOW(set(RLIMIT_FSIZE, RLIM_INFINITY - 1, RLIM_INFINITY));
    show(RLIMIT_FSIZE);
}

CASE(every_resource_can_be_asked_for) {
    struct rlimit limit;
    for (int resource = -1; resource <= 16; resource++) {
        SHOW(get(resource, &limit));
    }
    SHOW(syscall(SYS_getrlimit, 16, &limit));
    SHOW(syscall(SYS_setrlimit, 16, &limit));
    SHOW(syscall(SYS_setrlimit, 16, 8));
    SHOW(syscall(SYS_getrlimit, 16, 8));
    SHOW(syscall(SYS_getrlimit, 1, 8));
}

CASE(no_more_descriptors_than_the_kernel_has_room_for) {
    SHOW(set(RLIMIT_NOFILE, 10, 1024 * 1024 + 1));
    SHOW(set(RLIMIT_NOFILE, 10, RLIM_INFINITY));
    SHOW(set(RLIMIT_NOFILE, 11, 10));
}

CASE(arguments_in_the_order_of_their_checks) {
    struct rlimit limit;
    SHOW(syscall(SYS_prlimit64, 0x3fffffff, 99, 8, NULL));
    SHOW(syscall(SYS_prlimit64, 0x3fffffff, 99, NULL, NULL));
    SHOW(syscall(SYS_prlimit64, 0, 99, NULL, NULL));
    SHOW(syscall(SYS_prlimit64, -1, 1, NULL, &limit));
    SHOW(syscall(SYS_prlimit64, 0, 1, NULL, NULL));
    SHOW(syscall(SYS_prlimit64, 0, 1, NULL, 8));
    SHOW(syscall(SYS_prlimit64, getpid(), 1, NULL, &limit));
}

CASE(an_old_limit_is_written_though_the_new_one_stands) {
    struct rlimit limit = {7, 9}, old = {1, 1};
    MUST(set(RLIMIT_CORE, 5, 10));
    SHOW(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, &old));
    printf("%d %d\n", (int)old.rlim_cur, (int)old.rlim_max);
    limit.rlim_cur = 3;
    SHOW(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &limit, 8));
    show(RLIMIT_CORE);
}

CASE(children_inherit_limits_and_have_their_own) {
    MUST(set(RLIMIT_CORE, 5, 10));
    pid_t child = fork();
    if (child == 0) {
        show(RLIMIT_CORE);
        MUST(set(RLIMIT_CORE, 4, 4));
        show(RLIMIT_CORE);
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
    show(RLIMIT_CORE);
}

static void *lower(void *unused) {
    (void)unused;
    MUST(set(RLIMIT_CORE, 4, 4));
    return NULL;
}

CASE(threads_share_limits) {
    pthread_t thread;
    MUST(set(RLIMIT_CORE, 5, 10));
    pthread_create(&thread, NULL, lower, NULL);
    pthread_join(thread, NULL);
    show(RLIMIT_CORE);
}

CASE(a_parent_sets_the_limits_of_its_child) {
    int begin[2], done[2];
    char byte;
    MUST(pipe(begin));
    MUST(pipe(done));
    pid_t child = fork();
    if (child == 0) {
        MUST(read(begin[0], &byte, 1));
        show(RLIMIT_FSIZE);
        _exit(0);
    }
    struct rlimit limit = {1234, 5678}, old;
    SHOW(syscall(SYS_prlimit64, child, RLIMIT_FSIZE, &limit, NULL));
    SHOW(syscall(SYS_prlimit64, child, RLIMIT_FSIZE, NULL, &old));
    printf("%d\n", (int)old.rlim_cur);
    MUST(write(begin[1], "x", 1));
    MUST(waitpid(child, NULL, 0));
}

CASE(users_do_not_see_the_limits_of_others) {
    int go[2];
    char byte;
    struct rlimit limit;
    MUST(pipe(go));
    pid_t root = fork();
    if (root == 0) {
        close(go[1]);
        read(go[0], &byte, 1);
        _exit(0);
    }
    pid_t user = fork();
    if (user == 0) {
        MUST(setuid(1000));
        SHOW(syscall(SYS_prlimit64, root, RLIMIT_CORE, NULL, &limit));
        SHOW(syscall(SYS_prlimit64, root, RLIMIT_CORE, &limit, NULL));
        SHOW(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, &limit));
        _exit(0);
    }
    MUST(waitpid(user, NULL, 0));
    close(go[1]);
    MUST(waitpid(root, NULL, 0));
}

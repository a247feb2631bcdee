// Threads: how they begin, what they share, how they and their process end.
#include "oracle.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int status_of(pid_t child) {
    int status = -1;
    MUST(waitpid(child, &status, 0));
    return status;
}

static void show_status(int status) {
    if (WIFSIGNALED(status)) {
        printf("killed by %d\n", WTERMSIG(status));
    } else {
        printf("exited with %d\n", WEXITSTATUS(status));
    }
}

static pthread_t started(void *body(void *), void *argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, body, argument) != 0) {
        exit(99);
    }
    return thread;
}

static void *result_of(pthread_t thread) {
    void *result = NULL;
    pthread_join(thread, &result);
    return result;
}

static void *pausing(void *unused) {
    while (1) {
        pause();
    }
    return unused;
}

static void *doubles(void *argument) {
    return (void *)((intptr_t)argument * 2);
}

CASE(a_thread_returns_a_value) {
    printf("%ld\n", (long)(intptr_t)result_of(started(doubles, (void *)21)));
}

static void *identifies(void *argument) {
    pid_t *ids = argument;
    ids[0] = getpid();
    ids[1] = gettid();
    ids[2] = getppid();
    return NULL;
}

CASE(threads_have_the_process_number_and_their_own) {
    pid_t ids[3];
    result_of(started(identifies, ids));
    SHOW(ids[0] == getpid());
    SHOW(ids[1] != getpid());
    SHOW(ids[2] == getppid());
    SHOW(gettid() == getpid());
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter;

static void *counts(void *argument) {
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

CASE(a_mutex_keeps_threads_apart) {
    pthread_t threads[16];
    for (int i = 0; i < 16; i++) {
        threads[i] = started(counts, NULL);
    }
    for (int i = 0; i < 16; i++) {
        result_of(threads[i]);
    }
    printf("%ld\n", counter);
}

CASE(many_threads_one_after_the_other) {
    long sum = 0;
    for (int i = 0; i < 300; i++) {
        sum += (intptr_t)result_of(started(doubles, (void *)(intptr_t)i));
    }
    printf("%ld\n", sum);
}

static __thread int local = 5;

static void *changes_local(void *argument) {
    local += (int)(intptr_t)argument;
    return (void *)(intptr_t)local;
}

CASE(thread_local_variables_are_apart) {
    local = 100;
    printf("%ld\n", (long)(intptr_t)result_of(started(changes_local, (void *)1)));
    printf("%ld\n", (long)(intptr_t)result_of(started(changes_local, (void *)2)));
    printf("%d\n", local);
}

static void *exits_process(void *unused) {
    (void)unused;
    exit(17);
}

CASE(exit_of_a_thread_ends_the_process) {
    pid_t child = fork();
    if (child == 0) {
        started(pausing, NULL);
        started(exits_process, NULL);
        pausing(NULL);
    }
    show_status(status_of(child));
}

static void *exits_late(void *code) {
    usleep(100000);
    syscall(SYS_exit, (intptr_t)code);
    return NULL;
}

CASE(the_process_lives_on_without_its_first_thread) {
    pid_t child = fork();
    if (child == 0) {
        started(exits_late, (void *)4);
        syscall(SYS_exit, 3);
    }
    int status;
    SHOW(waitpid(child, &status, WNOHANG));
    show_status(status_of(child));
}

static void *exits_the_process_late(void *code) {
    usleep(50000);
    exit((intptr_t)code);
}

CASE(without_its_first_thread_a_process_can_still_exit) {
    pid_t child = fork();
    if (child == 0) {
        started(exits_the_process_late, (void *)6);
        syscall(SYS_exit, 3);
    }
    show_status(status_of(child));
}

CASE(a_process_without_its_first_thread_can_be_killed) {
    pid_t child = fork();
    if (child == 0) {
        started(pausing, NULL);
        syscall(SYS_exit, 3);
    }
    usleep(50000);
    SHOW(kill(child, 0));
    SHOW(waitpid(child, NULL, WNOHANG));
    SHOW(kill(child, SIGTERM));
    show_status(status_of(child));
}

static void *faults(void *unused) {
    *(volatile int *)8 = 1;
    return unused;
}

CASE(a_fault_of_one_thread_ends_all) {
    pid_t child = fork();
    if (child == 0) {
        started(pausing, NULL);
        started(faults, NULL);
        pausing(NULL);
    }
    show_status(status_of(child));
}

static void *forks(void *unused) {
    (void)unused;
    pid_t child = fork();
    if (child == 0) {
        printf("%d\n", gettid() == getpid());
        _exit(11);
    }
    return (void *)(intptr_t)child;
}

CASE(a_thread_forks_and_another_waits) {
    pid_t child = (intptr_t)result_of(started(forks, NULL));
    show_status(status_of(child));
}

static void *waits_without_others(void *child) {
    return (void *)(intptr_t)(waitpid((intptr_t)child, NULL, __WNOTHREAD) == -1 ? errno : 0);
}

CASE(wnothread_leaves_the_children_of_others) {
    pid_t child = fork();
    if (child == 0) {
        _exit(2);
    }
    printf("%s\n", strerrorname_np((intptr_t)result_of(
                       started(waits_without_others, (void *)(intptr_t)child))));
    SHOW(waitpid(child, NULL, __WNOTHREAD) == child);
}

static void *names(void *argument) {
    (void)argument;
    char name[16];
    prctl(PR_SET_NAME, "a thread", 0, 0, 0);
    prctl(PR_GET_NAME, name, 0, 0, 0);
    puts(name);
    return NULL;
}

CASE(threads_have_names_of_their_own) {
    char name[16];
    prctl(PR_SET_NAME, "the first", 0, 0, 0);
    result_of(started(names, NULL));
    prctl(PR_GET_NAME, name, 0, 0, 0);
    puts(name);
}

static void *blocks(void *argument) {
    sigset_t set;
    sigfillset(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return argument;
}

CASE(masks_are_apart_and_inherited) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    result_of(started(blocks, NULL));
    pthread_sigmask(SIG_BLOCK, NULL, &set);
    SHOW(sigismember(&set, SIGUSR1));
    SHOW(sigismember(&set, SIGUSR2));
}

static pid_t handler_tid;

static void notes_thread(int signal) {
    (void)signal;
    handler_tid = gettid();
}

static volatile int waiting;

static void *waits_for_handler(void *argument) {
    *(pid_t *)argument = gettid();
    sigset_t set;
    sigemptyset(&set);
    waiting = 1;
    while (handler_tid == 0) {
        usleep(1000);
    }
    return NULL;
}

CASE(a_signal_goes_to_a_thread_that_does_not_block_it) {
    pid_t tid = 0;
    signal(SIGUSR1, notes_thread);
    pthread_t thread = started(waits_for_handler, &tid);
    while (!waiting) {
        usleep(1000);
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    kill(getpid(), SIGUSR1);
    result_of(thread);
    SHOW(handler_tid == tid);
}

CASE(a_signal_to_one_thread) {
    pid_t tid = 0;
    signal(SIGUSR1, notes_thread);
    pthread_t thread = started(waits_for_handler, &tid);
    while (!waiting) {
        usleep(1000);
    }
    SHOW(syscall(SYS_tgkill, getpid(), tid, SIGUSR1));
    result_of(thread);
    SHOW(handler_tid == tid);
}

static int child_tid = -1;

static int raw_thread(void *argument) {
    *(int *)argument = gettid();
    return 0;
}

CASE(the_end_of_a_thread_clears_a_word) {
    char *stack = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int told = 0;
    int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_PARENT_SETTID;
    int parent_tid = 0;
    int tid = clone(raw_thread, stack + 65536, flags, &told, &parent_tid, NULL, &child_tid);
    int seen;
    while ((seen = __atomic_load_n(&child_tid, __ATOMIC_SEQ_CST)) != 0) {
        syscall(SYS_futex, &child_tid, FUTEX_WAIT, seen, NULL, NULL, 0);
    }
    SHOW(told == tid);
    SHOW(parent_tid == tid);
    SHOW(child_tid);
}

static void *maps(void *argument) {
    char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    strcpy(page, "from a thread");
    *(char **)argument = page;
    return NULL;
}

CASE(what_a_thread_maps_all_see) {
    char *page = NULL;
    result_of(started(maps, &page));
    puts(page);
}

static void *unmaps(void *argument) {
    munmap(argument, 4096);
    return NULL;
}

CASE(what_a_thread_unmaps_is_gone_for_all) {
    pid_t child = fork();
    if (child == 0) {
        char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        page[0] = 1;
        result_of(started(unmaps, page));
        page[0] = 2;
        _exit(0);
    }
    show_status(status_of(child));
}

static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static int turn;

static void *plays(void *argument) {
    int me = (intptr_t)argument;
    for (int i = 0; i < 200; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % 4 != me) {
            pthread_cond_wait(&condition, &mutex);
        }
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

CASE(threads_take_turns) {
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        threads[i] = started(plays, (void *)(intptr_t)i);
    }
    for (int i = 0; i < 4; i++) {
        result_of(threads[i]);
    }
    printf("%d\n", turn);
}

static volatile int spinning;

static void *spins(void *unused) {
    spinning = 1;
    while (spinning) {
    }
    return unused;
}

CASE(exit_reaches_threads_that_never_call) {
    pid_t child = fork();
    if (child == 0) {
        started(spins, NULL);
        while (!spinning) {
            usleep(1000);
        }
        exit(8);
    }
    show_status(status_of(child));
}

static void *vforks(void *unused) {
    (void)unused;
    pid_t child = vfork();
    if (child == 0) {
        usleep(100000);
        _exit(1);
    }
    return (void *)(intptr_t)child;
}

CASE(vfork_stops_the_calling_thread_only) {
    pthread_t thread = started(vforks, NULL);
    long spins = 0;
    for (int i = 0; i < 20; i++) {
        usleep(1000);
        spins++;
    }
    printf("%ld\n", spins);
    show_status(status_of((intptr_t)result_of(thread)));
}

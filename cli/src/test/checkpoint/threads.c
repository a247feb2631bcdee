// Threads, and what belongs to each of them.
#include "checkpoint.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

enum { THREADS = 8 };

static int gates[THREADS][2];
static pthread_t threads[THREADS];
static volatile pid_t tids[THREADS];
static _Thread_local int own = -1;
static _Thread_local char own_bytes[5000];
static pthread_barrier_t barrier;

static pid_t own_tid(void) { return syscall(SYS_gettid); }

static void wait_at_gate(int number) {
    tids[number] = own_tid();
    char byte;
    EQUAL(read(gates[number][0], &byte, 1), 1);
}

static void begin(int count, void *(*body)(void *)) {
    for (intptr_t i = 0; i < count; i++) {
        MUST(pipe(gates[i]));
        pthread_create(&threads[i], NULL, body, (void *)i);
    }
    for (int i = 0; i < count; i++) {
        while (tids[i] == 0) {
            sleep_millis(2);
        }
        await_state(getpid(), tids[i], 'S');
    }
}

static void end(int count) {
    for (int i = 0; i < count; i++) {
        EQUAL(write(gates[i][1], "x", 1), 1);
    }
    for (int i = 0; i < count; i++) {
        void *found = NULL;
        EQUAL(pthread_join(threads[i], &found), 0);
        EQUAL((intptr_t)found, i * 10);
    }
}

static void *keep_local(void *number) {
    own = (intptr_t)number;
    memset(own_bytes, own, sizeof own_bytes);
    wait_at_gate(own);
    EQUAL(own, (intptr_t)number);
    for (size_t i = 0; i < sizeof own_bytes; i++) {
        if (own_bytes[i] != own) {
            EQUAL(own_bytes[i], own);
            break;
        }
    }
    EQUAL(own_tid(), tids[own]);
    return (void *)(own * 10L);
}

CASE(thread_local_storage_and_joining) {
    begin(THREADS, keep_local);
    CHECKPOINT();
    end(THREADS);
}

static void *keep_name(void *number) {
    intptr_t i = (intptr_t)number;
    char name[16];
    char found[16] = "";
    snprintf(name, sizeof name, "thread-%ld", i);
    prctl(PR_SET_NAME, name);
    wait_at_gate(i);
    prctl(PR_GET_NAME, found);
    SAME(found, name);
    return (void *)(i * 10);
}

CASE(names_of_threads) {
    begin(3, keep_name);
    CHECKPOINT();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%d/comm", tids[1]);
    SAME(content(path), "thread-1\n");
    end(3);
}

static void *keep_mask(void *number) {
    intptr_t i = (intptr_t)number;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + i);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
    wait_at_gate(i);
    sigset_t found;
    pthread_sigmask(SIG_BLOCK, NULL, &found);
    for (int signal = SIGRTMIN; signal < SIGRTMIN + 5; signal++) {
        EQUAL(sigismember(&found, signal), signal == SIGRTMIN + i);
    }
    siginfo_t info;
    struct timespec none = {0, 0};
    EQUAL(sigtimedwait(&set, &info, &none), SIGRTMIN + i);
    EQUAL(info.si_pid, getpid());
    return (void *)(i * 10);
}

CASE(masks_and_pending_signals_of_threads) {
    begin(4, keep_mask);
    for (int i = 0; i < 4; i++) {
        EQUAL(pthread_kill(threads[i], SIGRTMIN + i), 0);
    }
    CHECKPOINT();
    end(4);
}

static void *wait_at_barrier(void *number) {
    intptr_t i = (intptr_t)number;
    wait_at_gate(i);
    pthread_barrier_wait(&barrier);
    return (void *)(i * 10);
}

CASE(barrier_that_half_have_reached) {
    pthread_barrier_init(&barrier, NULL, 4);
    begin(4, wait_at_barrier);
    EQUAL(write(gates[0][1], "x", 1), 1);
    EQUAL(write(gates[1][1], "x", 1), 1);
    sleep_millis(50);
    await_state(getpid(), tids[0], 'S');
    CHECKPOINT();
    EQUAL(write(gates[2][1], "x", 1), 1);
    EQUAL(write(gates[3][1], "x", 1), 1);
    for (int i = 0; i < 4; i++) {
        EQUAL(pthread_join(threads[i], NULL), 0);
    }
}

static void *join_first(void *nothing) {
    tids[1] = own_tid();
    void *found = NULL;
    EQUAL(pthread_join(threads[0], &found), 0);
    EQUAL((intptr_t)found, 0);
    return nothing;
}

CASE(a_join_that_waits) {
    begin(1, keep_local);
    pthread_t joiner;
    pthread_create(&joiner, NULL, join_first, NULL);
    while (tids[1] == 0) {
        sleep_millis(2);
    }
    await_state(getpid(), tids[1], 'S');
    CHECKPOINT();
    EQUAL(write(gates[0][1], "x", 1), 1);
    EQUAL(pthread_join(joiner, NULL), 0);
}

static void *outlive(void *number) {
    wait_at_gate((intptr_t)number);
    sleep_millis(20);
    exit(failures != 0 ? 1 : 12);
}

// The process is a zombie's leader and one thread.
CASE(leader_that_ended_before_its_threads) {
    int numbers[2];
    MUST(pipe(numbers));
    pid_t process = CHILD({
        begin(1, outlive);
        int gate_of_thread = gates[0][1];
        EQUAL(write(numbers[1], &gate_of_thread, sizeof gate_of_thread), sizeof(int));
        // Its thread reads from a pipe that only the process has: give it to the parent by /proc.
        pthread_exit(NULL);
    });
    int number;
    EQUAL(read(numbers[0], &number, sizeof number), sizeof number);
    await_state(process, process, 'Z');
    CHECKPOINT();
    EQUAL(state_of(process, process), 'Z');
    EQUAL(waitpid(process, NULL, WNOHANG), 0);
    char path[64];
    // The leader's descriptors are those of the thread.
    int task = 0;
    for (int tid = process + 1; tid < process + 5 && !task; tid++) {
        snprintf(path, sizeof path, "/proc/%d/task/%d/stat", process, tid);
        task = access(path, F_OK) == 0 ? tid : 0;
    }
    TRUE(task != 0);
    snprintf(path, sizeof path, "/proc/%d/task/%d/fd/%d", process, task, number);
    int file = MUST(open(path, O_WRONLY));
    EQUAL(write(file, "x", 1), 1);
    int status;
    EQUAL(waitpid(process, &status, 0), process);
    EQUAL(WEXITSTATUS(status), 12);
}

static int exec_in_thread[2];

static void *execute(void *nothing) {
    char byte;
    EQUAL(read(exec_in_thread[0], &byte, 1), 1);
    execl("/bin/sh", "sh", "-c", "test $$ = $NUMBER && exit 5", NULL);
    return nothing;
}

CASE(exec_by_a_thread_afterwards) {
    MUST(pipe(exec_in_thread));
    pid_t process = BLOCKED({
        char number[16];
        snprintf(number, sizeof number, "%d", getpid());
        setenv("NUMBER", number, 1);
        pthread_t thread;
        pthread_create(&thread, NULL, execute, NULL);
        pthread_join(thread, NULL);
    });
    CHECKPOINT();
    EQUAL(write(exec_in_thread[1], "x", 1), 1);
    int status;
    EQUAL(waitpid(process, &status, 0), process);
    EQUAL(WEXITSTATUS(status), 5);
}

static volatile int turns[2];
static volatile int stop;

static void *turn(void *number) {
    while (!stop) {
        turns[(intptr_t)number]++;
    }
    return NULL;
}

CASE(threads_that_never_call_the_kernel) {
    for (intptr_t i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, turn, (void *)i);
    }
    while (turns[0] == 0 || turns[1] == 0) {
        sleep_millis(5);
    }
    CHECKPOINT();
    int before[2] = {turns[0], turns[1]};
    for (int i = 0; i < 2000 && (turns[0] == before[0] || turns[1] == before[1]); i++) {
        sleep_millis(5);
    }
    TRUE(turns[0] != before[0] && turns[1] != before[1]);
    stop = 1;
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
}

// set_tid_address and what clone was told to clear at the end.
CASE(thread_number_is_cleared_at_the_end) {
    static int cleared = 1;
    MUST(pipe(gates[0]));
    pid_t child = CHILD({
        int *shared = &cleared;
        syscall(SYS_set_tid_address, shared);
        char byte;
        EQUAL(read(gates[0][0], &byte, 1), 1);
        EQUAL(syscall(SYS_set_tid_address, shared), own_tid());
    });
    await_asleep(child);
    CHECKPOINT();
    EQUAL(write(gates[0][1], "x", 1), 1);
    ENDED(child);
}

static int stack_of_clone[8192] __attribute__((aligned(16)));
static volatile int shared_value;

static int cloned(void *nothing) {
    (void)nothing;
    char byte;
    if (read(gates[0][0], &byte, 1) != 1) {
        return 1;
    }
    shared_value = 42;
    close(gates[0][0]);
    return chdir("/") != 0;
}

// A process that shares memory, but neither descriptors nor its directory.
CASE(process_that_shares_memory_only) {
    MUST(pipe(gates[0]));
    pid_t child = MUST(clone(cloned, stack_of_clone + 8192, CLONE_VM | SIGCHLD, NULL));
    await_asleep(child);
    CHECKPOINT();
    EQUAL(write(gates[0][1], "x", 1), 1);
    ENDED(child);
    EQUAL(shared_value, 42);
    TRUE(fcntl(gates[0][0], F_GETFD) != -1);
    char directory[4096];
    TRUE(getcwd(directory, sizeof directory) && strcmp(directory, "/") != 0);
}

// A process that shares descriptors and its directory, but not memory.
CASE(process_that_shares_files_only) {
    MUST(pipe(gates[0]));
    pid_t child = MUST(clone(
            cloned, stack_of_clone + 8192, CLONE_FILES | CLONE_FS | SIGCHLD, NULL));
    await_asleep(child);
    CHECKPOINT();
    EQUAL(write(gates[0][1], "x", 1), 1);
    ENDED(child);
    EQUAL(shared_value, 0);
    FAILS(fcntl(gates[0][0], F_GETFD), EBADF);
    char directory[4096];
    TRUE(getcwd(directory, sizeof directory) && strcmp(directory, "/") == 0);
}

CASE(signal_at_a_childs_end_that_is_not_sigchld) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    MUST(pipe(gates[0]));
    pid_t child = MUST(clone(cloned, stack_of_clone + 8192, SIGUSR2, NULL));
    await_asleep(child);
    CHECKPOINT();
    EQUAL(write(gates[0][1], "x", 1), 1);
    siginfo_t info;
    EQUAL(sigwaitinfo(&set, &info), SIGUSR2);
    EQUAL(info.si_pid, child);
    FAILS(waitpid(child, NULL, 0), ECHILD);
    EQUAL(waitpid(child, NULL, __WCLONE), child);
}

// Resource limits where Linux holds programs to them.
#include "oracle.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void limit(int resource, rlim_t soft) {
    struct rlimit limit;
    MUST(getrlimit(resource, &limit));
    limit.rlim_cur = soft;
    MUST(setrlimit(resource, &limit));
}

static void *map(size_t length, int prot, int flags) {
    return mmap(NULL, length, prot, flags | MAP_ANONYMOUS, -1, 0);
}

static int maps(size_t length, int prot, int flags) {
    void *address = map(length, prot, flags);
    if (address == MAP_FAILED) {
        return -1;
    }
    munmap(address, length);
    return 0;
}

CASE(descriptors) {
    limit(RLIMIT_NOFILE, 10);
    int last = -1, next;
    while ((next = dup(0)) >= 0) {
        last = next;
    }
    printf("last %d, then %s\n", last, strerrorname_np(errno));
    SHOW(dup2(0, 9));
    SHOW(dup2(0, 10));
    SHOW(fcntl(0, F_DUPFD, 10));
    SHOW(fcntl(0, F_DUPFD, 9));
    SHOW(open("/", O_RDONLY));
    limit(RLIMIT_NOFILE, 5);
    SHOW(close(9));
    SHOW(dup(0));
    SHOW(dup2(0, 4));
}

CASE(address_space) {
    limit(RLIMIT_AS, 64 << 20);
    SHOW(maps(1 << 20, PROT_READ, MAP_PRIVATE));
    SHOW(maps(100 << 20, PROT_READ, MAP_PRIVATE));
    SHOW(maps(100 << 20, PROT_NONE, MAP_PRIVATE | MAP_NORESERVE));
    SHOW(maps(100 << 20, PROT_READ, MAP_SHARED));
    limit(RLIMIT_AS, 0);
    SHOW(maps(4096, PROT_READ, MAP_PRIVATE));
}

CASE(data) {
    limit(RLIMIT_DATA, 16 << 20);
    SHOW(maps(100 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE));
    SHOW(maps(100 << 20, PROT_READ, MAP_PRIVATE));
    SHOW(maps(100 << 20, PROT_READ | PROT_WRITE, MAP_SHARED));
    char *before = sbrk(0);
    SHOW(sbrk(100 << 20) == (void *)-1);
    SHOW(sbrk(0) == before);
    char *area = map(100 << 20, PROT_READ, MAP_PRIVATE);
    SHOW(mprotect(area, 100 << 20, PROT_READ | PROT_WRITE));
    SHOW(mprotect(area, 1 << 20, PROT_READ | PROT_WRITE));
}

CASE(locked_memory_of_users) {
    limit(RLIMIT_MEMLOCK, 64 << 10);
    MUST(setuid(1000));
    char *area = map(1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    SHOW(mlock(area, 64 << 10));
    SHOW(mlock(area, 68 << 10));
    SHOW(munlock(area, 1 << 20));
    SHOW(mlock(area, 68 << 10));
    SHOW(mlockall(MCL_CURRENT));
    limit(RLIMIT_MEMLOCK, 0);
    SHOW(mlock(area, 4096));
    SHOW(munlock(area, 4096));
}

static int deep(int left) {
    volatile char frame[4096];
    frame[0] = left;
    return left == 0 ? 0 : deep(left - 1) + frame[0] - (char)left;
}

CASE(stack) {
    limit(RLIMIT_STACK, 256 << 10);
    pid_t child = fork();
    if (child == 0) {
        printf("%d\n", deep(32));
        _exit(deep(200));
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("signal %d\n", WTERMSIG(status));
}

CASE(arguments_of_a_program) {
    static char big[120 << 10];
    memset(big, 'x', sizeof big - 1);
    char *arguments[] = {"true", big, big, big, NULL};
    // A quarter of the stack's limit, but always 128 KiB.
    limit(RLIMIT_STACK, 512 << 10);
    SHOW(execv("/bin/true", arguments));
    arguments[2] = NULL;
    pid_t child = fork();
    if (child == 0) {
        execv("/bin/true", arguments);
        _exit(1);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("status %d\n", WEXITSTATUS(status));
}

CASE(queued_signals) {
    sigset_t all;
    union sigval value = {0};
    sigfillset(&all);
    MUST(sigprocmask(SIG_BLOCK, &all, NULL));
    limit(RLIMIT_SIGPENDING, 0);
    SHOW(sigqueue(getpid(), SIGRTMIN, value));
    SHOW(kill(getpid(), SIGRTMIN));
    SHOW(kill(getpid(), SIGUSR1));
}

CASE(processes_of_users) {
    MUST(setuid(54321));
    limit(RLIMIT_NPROC, 2);
    int go[2];
    char byte;
    MUST(pipe(go));
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        read(go[0], &byte, 1);
        _exit(0);
    }
    SHOW(fork() == -1 ? -1 : 0);
    close(go[1]);
    MUST(waitpid(child, NULL, 0));
    child = fork();
    if (child == 0) {
        _exit(0);
    }
    SHOW(waitpid(child, NULL, 0) == child);
}

static void on_xcpu(int signal) {
    static const char text[] = "SIGXCPU\n";
    (void)signal;
    write(1, text, sizeof text - 1);
}

CASE(processor_time) {
    struct rlimit limit = {1, 2};
    pid_t child = fork();
    if (child == 0) {
        signal(SIGXCPU, on_xcpu);
        MUST(setrlimit(RLIMIT_CPU, &limit));
        for (volatile long i = 0;; i++) {
        }
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("signal %d\n", WTERMSIG(status));
}

// Making processes, and what a child has of its parent.
#include "oracle.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int status_of(pid_t child) {
    int status = -1;
    MUST(waitpid(child, &status, 0));
    return status;
}

CASE(the_child_gets_zero_and_the_parent_its_number) {
    pid_t child = fork();
    if (child == 0) {
        printf("child\n");
        _exit(7);
    }
    int status;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WIFEXITED(status));
    SHOW(WEXITSTATUS(status));
}

CASE(the_child_knows_its_parent) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        SHOW(getppid() == parent);
        SHOW(getpid() != parent);
        SHOW(getpid() == gettid());
        _exit(0);
    }
    status_of(child);
}

CASE(memory_is_copied_not_shared) {
    static int variable = 1;
    char *heap = malloc(1 << 20);
    heap[0] = 'a';
    heap[1 << 19] = 'b';
    pid_t child = fork();
    if (child == 0) {
        variable = 2;
        heap[0] = 'x';
        printf("%d %c %c\n", variable, heap[0], heap[1 << 19]);
        _exit(0);
    }
    status_of(child);
    printf("%d %c %c\n", variable, heap[0], heap[1 << 19]);
}

CASE(what_the_parent_writes_the_child_does_not_see) {
    char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int ready[2];
    MUST(pipe(ready));
    page[0] = 'a';
    pid_t child = fork();
    if (child == 0) {
        char byte;
        MUST(read(ready[0], &byte, 1));
        printf("%c\n", page[0]);
        _exit(0);
    }
    page[0] = 'b';
    MUST(write(ready[1], "", 1));
    status_of(child);
}

CASE(shared_anonymous_memory_stays_shared) {
    int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        *shared = 42;
        _exit(0);
    }
    status_of(child);
    printf("%d\n", *shared);
}

CASE(shared_anonymous_memory_is_shared_by_grandchildren_too) {
    int *shared = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            *shared = 43;
            _exit(0);
        }
        status_of(grandchild);
        _exit(*shared);
    }
    printf("%d %d\n", WEXITSTATUS(status_of(child)), *shared);
}

CASE(memory_that_is_not_to_be_forked_is_not_there) {
    char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = 'a';
    MUST(madvise(page, 4096, MADV_DONTFORK));
    pid_t child = fork();
    if (child == 0) {
        printf("%c\n", page[0]);
        _exit(0);
    }
    int status = status_of(child);
    SHOW(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

CASE(memory_that_is_to_be_wiped_is_zero_in_the_child) {
    char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = 'a';
    MUST(madvise(page, 4096, MADV_WIPEONFORK));
    pid_t child = fork();
    if (child == 0) {
        _exit(page[0]);
    }
    printf("%d %c\n", WEXITSTATUS(status_of(child)), page[0]);
}

CASE(an_open_file_is_shared_with_its_offset) {
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    pid_t child = fork();
    if (child == 0) {
        MUST(write(fd, "hello", 5));
        _exit(0);
    }
    status_of(child);
    SHOW(lseek(fd, 0, SEEK_CUR));
}

CASE(closing_a_descriptor_is_a_matter_of_one_process) {
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    pid_t child = fork();
    if (child == 0) {
        SHOW(close(fd));
        SHOW(close(fd));
        _exit(0);
    }
    status_of(child);
    SHOW(fcntl(fd, F_GETFD));
}

CASE(directory_and_umask_change_apart) {
    MUST(mkdir("d", 0700));
    umask(022);
    pid_t child = fork();
    if (child == 0) {
        MUST(chdir("d"));
        umask(077);
        _exit(0);
    }
    status_of(child);
    SHOW(access("d", F_OK));
    printf("%o\n", umask(0));
}

static void nothing(int signal) {
    (void)signal;
}

CASE(handlers_and_mask_are_inherited_but_not_pending_signals) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    MUST(sigprocmask(SIG_BLOCK, &set, NULL));
    signal(SIGUSR2, nothing);
    raise(SIGUSR1);
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action;
        sigset_t now;
        sigprocmask(SIG_BLOCK, NULL, &now);
        SHOW(sigismember(&now, SIGUSR1));
        sigpending(&now);
        SHOW(sigismember(&now, SIGUSR1));
        sigaction(SIGUSR2, NULL, &action);
        SHOW(action.sa_handler == nothing);
        _exit(0);
    }
    status_of(child);
    sigset_t now;
    sigpending(&now);
    SHOW(sigismember(&now, SIGUSR1));
}

CASE(limits_are_copied) {
    struct rlimit limit;
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = 77;
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    pid_t child = fork();
    if (child == 0) {
        MUST(getrlimit(RLIMIT_NOFILE, &limit));
        printf("%ld\n", (long)limit.rlim_cur);
        limit.rlim_cur = 66;
        MUST(setrlimit(RLIMIT_NOFILE, &limit));
        _exit(0);
    }
    status_of(child);
    MUST(getrlimit(RLIMIT_NOFILE, &limit));
    printf("%ld\n", (long)limit.rlim_cur);
}

CASE(vfork_lends_the_memory_until_the_child_exits) {
    static volatile int variable = 1;
    pid_t child = vfork();
    if (child == 0) {
        variable = 2;
        _exit(3);
    }
    printf("%d\n", variable);
    printf("%d\n", WEXITSTATUS(status_of(child)));
}

CASE(vfork_returns_when_the_child_executes) {
    static volatile int variable = 1;
    pid_t child = vfork();
    if (child == 0) {
        variable = 2;
        execl("/bin/sh", "sh", "-c", "exit 4", NULL);
        _exit(99);
    }
    printf("%d\n", variable);
    printf("%d\n", WEXITSTATUS(status_of(child)));
}

CASE(a_vfork_child_has_descriptors_of_its_own) {
    int fd = MUST(open("f", O_RDWR | O_CREAT, 0600));
    pid_t child = vfork();
    if (child == 0) {
        close(fd);
        _exit(0);
    }
    status_of(child);
    SHOW(fcntl(fd, F_GETFD));
}

CASE(many_children_each_with_its_own_status) {
    pid_t children[50];
    for (int i = 0; i < 50; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            _exit(i);
        }
    }
    int right = 0;
    for (int i = 49; i >= 0; i--) {
        int status = status_of(children[i]);
        right += WIFEXITED(status) && WEXITSTATUS(status) == i;
    }
    SHOW(right);
}

CASE(a_chain_of_children) {
    int depth = 0;
    while (depth < 20) {
        pid_t child = fork();
        if (child != 0) {
            _exit(depth == 0 ? printf("%d\n", WEXITSTATUS(status_of(child))), 0
                             : WEXITSTATUS(status_of(child)));
        }
        depth++;
    }
    _exit(depth);
}

CASE(vector_registers_are_copied) {
    double values[4] = {1.5, 2.5, 3.5, 4.5};
    register double a asm("xmm8") = values[0];
    asm volatile("" : "+x"(a));
    pid_t child = fork();
    asm volatile("" : "+x"(a));
    if (child == 0) {
        printf("%.1f\n", a);
        fflush(stdout);
        _exit(0);
    }
    status_of(child);
    printf("%.1f\n", a);
}

CASE(a_child_that_is_killed_by_a_signal) {
    pid_t child = fork();
    if (child == 0) {
        raise(SIGTERM);
        _exit(1);
    }
    int status = status_of(child);
    SHOW(WIFSIGNALED(status));
    SHOW(WTERMSIG(status));
}

CASE(a_child_that_faults) {
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        *(volatile int *)8 = 1;
        _exit(1);
    }
    int status = status_of(child);
    SHOW(WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    SHOW(WCOREDUMP(status) != 0);
}

CASE(orphans_go_to_the_nearest_subreaper) {
    int ready[2];
    MUST(pipe(ready));
    MUST(syscall(SYS_prctl, 36, 1, 0, 0, 0));
    pid_t reaper = getpid();
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            char byte;
            MUST(close(ready[1]));
            MUST(read(ready[0], &byte, 1));
            _exit(getppid() == reaper ? 5 : 6);
        }
        _exit(0);
    }
    status_of(child);
    MUST(close(ready[1]));
    int status;
    SHOW(wait(&status) > 0);
    SHOW(WEXITSTATUS(status));
    SHOW(wait(&status));
}

CASE(the_death_of_the_parent_can_be_signalled) {
    int told[2], ready[2];
    MUST(pipe(told));
    MUST(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            sigset_t set;
            int signal;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            sigprocmask(SIG_BLOCK, &set, NULL);
            MUST(syscall(SYS_prctl, 1, SIGUSR1, 0, 0, 0));
            MUST(write(ready[1], "", 1));
            sigwait(&set, &signal);
            MUST(write(told[1], &signal, sizeof signal));
            _exit(0);
        }
        char byte;
        MUST(read(ready[0], &byte, 1));
        _exit(0);
    }
    status_of(child);
    int signal = 0;
    MUST(read(told[0], &signal, sizeof signal));
    printf("%d\n", signal);
}

CASE(a_child_is_gone_once_it_was_waited_for) {
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    status_of(child);
    SHOW(kill(child, 0));
}

CASE(a_zombie_can_be_signalled_to_no_effect) {
    pid_t child = fork();
    if (child == 0) {
        _exit(8);
    }
    siginfo_t info;
    MUST(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    SHOW(kill(child, 0));
    SHOW(kill(child, SIGKILL));
    SHOW(getpgid(child) == getpgrp());
    SHOW(WEXITSTATUS(status_of(child)));
}

// clone(2) and clone3(2) by themselves.
#include "oracle.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define STACK (64 << 10)

static char *stack(void) {
    return mmap(0, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static int status_of(pid_t child) {
    int status = -1;
    MUST(waitpid(child, &status, __WALL));
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

CASE(flags_that_make_no_sense) {
    SHOW(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
    SHOW(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
    SHOW(syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND, 0, 0, 0, 0));
    SHOW(syscall(SYS_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0));
    SHOW(syscall(SYS_clone, CLONE_FS | CLONE_NEWNS, 0, 0, 0, 0));
    SHOW(syscall(SYS_clone, CLONE_FS | CLONE_NEWUSER, 0, 0, 0, 0));
    SHOW(syscall(SYS_clone, CLONE_VM | CLONE_SETTLS, 0, 0, 0, -1L));
}

static struct clone_args plain(void) {
    struct clone_args arguments;
    memset(&arguments, 0, sizeof arguments);
    arguments.exit_signal = SIGCHLD;
    return arguments;
}

CASE(clone3_makes_a_process) {
    struct clone_args arguments = plain();
    int child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) {
        _exit(5);
    }
    printf("%d\n", status_of(child));
}

CASE(clone3_with_arguments_that_make_no_sense) {
    struct clone_args arguments = plain();
    SHOW(syscall(SYS_clone3, &arguments, 63));
    SHOW(syscall(SYS_clone3, &arguments, 5000));
    SHOW(syscall(SYS_clone3, 8, sizeof arguments));
    SHOW(syscall(SYS_clone3, NULL, sizeof arguments));
    arguments.exit_signal = 65;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.exit_signal = 0x100;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments = plain();
    arguments.flags = SIGCHLD;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.flags = CLONE_DETACHED;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.flags = 1ULL << 40;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.flags = CLONE_PARENT;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments = plain();
    arguments.stack_size = 4096;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.stack = (uintptr_t)&arguments;
    arguments.stack_size = 0;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments = plain();
    arguments.set_tid_size = 1;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
    arguments.set_tid = (uintptr_t)&arguments;
    arguments.set_tid_size = 33;
    SHOW(syscall(SYS_clone3, &arguments, sizeof arguments));
}

CASE(clone3_knows_longer_arguments_if_the_rest_is_zero) {
    struct {
        struct clone_args arguments;
        char more[64];
    } longer;
    memset(&longer, 0, sizeof longer);
    longer.arguments = plain();
    int child = syscall(SYS_clone3, &longer, sizeof longer);
    if (child == 0) {
        _exit(6);
    }
    printf("%d\n", status_of(child));
    longer.more[63] = 1;
    SHOW(syscall(SYS_clone3, &longer, sizeof longer));
}

CASE(handlers_can_be_cleared) {
    signal(SIGUSR1, _exit);
    signal(SIGUSR2, SIG_IGN);
    struct clone_args arguments = plain();
    arguments.flags = CLONE_CLEAR_SIGHAND;
    int child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) {
        raise(SIGUSR2);
        raise(SIGUSR1);
        _exit(0);
    }
    printf("%d\n", status_of(child));
}

CASE(numbers_are_stored_where_asked) {
    int *numbers = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int child = syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0,
                        &numbers[0], &numbers[1], 0);
    if (child == 0) {
        printf("%d %d\n", numbers[0] == getpid(), numbers[1] == getpid());
        _exit(0);
    }
    status_of(child);
    printf("%d %d\n", numbers[0] == child, numbers[1]);
}

CASE(numbers_that_cannot_be_stored_do_no_harm) {
    int child =
        syscall(SYS_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, 8, 16, 0);
    if (child == 0) {
        _exit(4);
    }
    printf("%d\n", status_of(child));
}

static int variable;

static int sets(void *argument) {
    variable = *(int *)argument;
    return 3;
}

CASE(memory_can_be_shared) {
    int value = 77;
    int child = clone(sets, stack() + STACK, CLONE_VM | SIGCHLD, &value);
    int status = status_of(child);
    printf("%d %d\n", status, variable);
}

static int opens(void *argument) {
    (void)argument;
    return open("f", O_RDWR | O_CREAT, 0600);
}

CASE(descriptors_can_be_shared) {
    int child = clone(opens, stack() + STACK, CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
    int fd = status_of(child);
    SHOW(fcntl(fd, F_GETFD));
}

static int moves(void *argument) {
    (void)argument;
    umask(011);
    return chdir("d");
}

CASE(directory_and_umask_can_be_shared) {
    MUST(mkdir("d", 0700));
    MUST(mkdir("d/e", 0700));
    umask(022);
    int child = clone(moves, stack() + STACK, CLONE_VM | CLONE_FS | SIGCHLD, NULL);
    status_of(child);
    SHOW(access("e", F_OK));
    printf("%o\n", umask(0));
}

static int executes(void *argument) {
    (void)argument;
    execl("/bin/sh", "sh", "-c", "exec 9>&-; exit 8", NULL);
    return 99;
}

CASE(shared_descriptors_are_unshared_by_exec) {
    int fd = MUST(open("f", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    int nine = MUST(dup2(fd, 9));
    int child = clone(executes, stack() + STACK, CLONE_VM | CLONE_FILES | SIGCHLD, NULL);
    printf("%d\n", status_of(child));
    SHOW(fcntl(fd, F_GETFD));
    SHOW(fcntl(nine, F_GETFD));
}

static void handler(int signal) {
    (void)signal;
}

static int handles(void *argument) {
    (void)argument;
    signal(SIGUSR1, handler);
    return 0;
}

CASE(actions_can_be_shared_between_processes) {
    int child = clone(handles, stack() + STACK, CLONE_VM | CLONE_SIGHAND | SIGCHLD, NULL);
    status_of(child);
    struct sigaction action;
    sigaction(SIGUSR1, NULL, &action);
    SHOW(action.sa_handler == handler);
}

static int tells_parent(void *argument) {
    return getppid() == *(int *)argument ? 1 : 2;
}

CASE(a_sibling_instead_of_a_child) {
    int parent = getpid();
    int child = fork();
    if (child == 0) {
        int sibling = clone(tells_parent, stack() + STACK, CLONE_VM | CLONE_VFORK | CLONE_PARENT,
                            &parent);
        printf("%d\n", waitpid(sibling, NULL, __WALL));
        _exit(0);
    }
    status_of(child);
    int status;
    MUST(waitpid(-1, &status, __WALL));
    SHOW(WEXITSTATUS(status));
}

static int sleeps_a_moment(void *argument) {
    usleep(100000);
    variable = 5;
    return *(int *)argument;
}

CASE(vfork_by_clone_waits) {
    int code = 9;
    int child = clone(sleeps_a_moment, stack() + STACK, CLONE_VM | CLONE_VFORK | SIGCHLD, &code);
    printf("%d\n", variable);
    printf("%d\n", status_of(child));
}

CASE(a_parent_that_waits_for_vfork_can_be_killed) {
    int told[2];
    MUST(pipe(told));
    signal(SIGUSR1, handler);
    int child = fork();
    if (child == 0) {
        if (vfork() == 0) {
            pid_t grandchild = getpid();
            MUST(write(told[1], &grandchild, sizeof grandchild));
            while (1) {
                pause();
            }
        }
        _exit(0);
    }
    pid_t grandchild;
    MUST(read(told[0], &grandchild, sizeof grandchild));
    kill(child, SIGUSR1);
    usleep(100000);
    SHOW(waitpid(child, NULL, WNOHANG));
    kill(child, SIGKILL);
    printf("%d\n", status_of(child));
    SHOW(kill(grandchild, SIGKILL));
}

CASE(the_alternate_stack_is_kept_by_fork_and_lost_with_shared_memory) {
    stack_t alternate = {.ss_sp = stack(), .ss_size = STACK};
    MUST(sigaltstack(&alternate, NULL));
    int child = fork();
    if (child == 0) {
        stack_t now;
        sigaltstack(NULL, &now);
        _exit(now.ss_flags == SS_DISABLE ? 1 : 2);
    }
    printf("%d\n", status_of(child));
    child = vfork();
    if (child == 0) {
        stack_t now;
        sigaltstack(NULL, &now);
        _exit(now.ss_flags == SS_DISABLE ? 1 : 2);
    }
    printf("%d\n", status_of(child));
}

CASE(a_base_for_thread_local_storage) {
    static long block[4];
    block[0] = 123;
    int child = syscall(SYS_clone, CLONE_SETTLS | CLONE_VFORK | SIGCHLD, 0, 0, 0, block);
    if (child == 0) {
        long found;
        asm volatile("mov %%fs:0, %0" : "=r"(found));
        asm volatile("syscall" : : "a"(SYS_exit_group), "D"(found) : "rcx", "r11", "memory");
    }
    printf("%d\n", status_of(child));
}

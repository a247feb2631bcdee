// Sending signals to others: kill(2) and its kin, stopping and continuing, SIGCHLD.
#include "oracle.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static pid_t pausing_child(void) {
    pid_t child = MUST(fork());
    if (child == 0) {
        while (1) {
            pause();
        }
    }
    return child;
}

static void show_wait(pid_t child, int options) {
    int status = 0;
    pid_t found = waitpid(child, &status, options);
    if (found == -1) {
        printf("wait: %s\n", strerrorname_np(errno));
    } else if (found == 0) {
        printf("wait: nothing\n");
    } else {
        printf("wait: child %d, status %#x\n", found == child, status);
    }
}

CASE(kill_checks) {
    SHOW(kill(getpid(), 0));
    SHOW(kill(getpid(), 65));
    SHOW(kill(getpid(), -1));
    SHOW(kill(0, 0));
    SHOW(kill(99999999, 0));
    SHOW(kill(99999999, 65));
    SHOW(kill(-99999999, 0));
    SHOW(kill((pid_t)0x80000000, 0));
    SHOW(syscall(SYS_tkill, 0, 0));
    SHOW(syscall(SYS_tkill, -1, 0));
    SHOW(syscall(SYS_tkill, 99999999, 0));
    SHOW(syscall(SYS_tkill, gettid(), 65));
    SHOW(syscall(SYS_tkill, gettid(), 0));
    SHOW(syscall(SYS_tgkill, getpid(), gettid(), 0));
    SHOW(syscall(SYS_tgkill, 0, gettid(), 0));
    SHOW(syscall(SYS_tgkill, getpid(), 0, 0));
    SHOW(syscall(SYS_tgkill, 99999999, gettid(), 0));
}

CASE(sigqueueinfo_does_not_let_pretend) {
    pid_t child = pausing_child();
    siginfo_t info = {.si_code = SI_USER};
    SHOW(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info));
    info.si_code = SI_TKILL;
    SHOW(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info));
    info.si_code = SI_KERNEL;
    SHOW(syscall(SYS_rt_tgsigqueueinfo, child, child, SIGUSR1, &info));
    info.si_code = SI_QUEUE;
    SHOW(syscall(SYS_rt_sigqueueinfo, child, 0, &info));
    SHOW(syscall(SYS_rt_sigqueueinfo, child, 65, &info));
    SHOW(syscall(SYS_rt_sigqueueinfo, 99999999, SIGUSR1, &info));
    SHOW(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, (void *)8));
    SHOW(syscall(SYS_rt_tgsigqueueinfo, child, 0, SIGUSR1, &info));
    SHOW(syscall(SYS_rt_tgsigqueueinfo, child, child, SIGTERM, &info));
    show_wait(child, 0);
}

CASE(one_may_pretend_to_oneself) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    siginfo_t info = {.si_code = SI_KERNEL}, found;
    info.si_pid = 12345;
    info.si_uid = 6789;
    SHOW(syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, &info));
    SHOW(sigwaitinfo(&set, &found));
    printf("code %d, pid %d, uid %d, signo %d\n", found.si_code, found.si_pid, found.si_uid, found.si_signo);
}

CASE(a_child_is_stopped_and_continued) {
    pid_t child = pausing_child();
    show_wait(child, WNOHANG | WUNTRACED);
    kill(child, SIGSTOP);
    show_wait(child, WUNTRACED);
    show_wait(child, WNOHANG | WUNTRACED);
    kill(child, SIGUSR1);
    show_wait(child, WNOHANG | WUNTRACED | WCONTINUED);
    kill(child, SIGKILL);
    show_wait(child, 0);

    // In a group of its own, of which the parent is not: else nobody could continue it.
    child = pausing_child();
    MUST(setpgid(child, child));
    kill(child, SIGTSTP);
    show_wait(child, WUNTRACED);
    kill(child, SIGCONT);
    show_wait(child, WCONTINUED);
    show_wait(child, WNOHANG | WCONTINUED);
    kill(child, SIGTTIN);
    show_wait(child, WUNTRACED);
    kill(child, SIGTERM);
    show_wait(child, WNOHANG);
    kill(child, SIGCONT);
    show_wait(child, 0);
}

static volatile sig_atomic_t told;
static siginfo_t last;

static void on_child(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)context;
    last = *info;
    told++;
}

static void await_told(int count) {
    for (int i = 0; i < 200 && told < count; i++) {
        struct timespec span = {0, 10000000};
        nanosleep(&span, NULL);
    }
    printf("told %d: code %d, status %d, uid %d\n", told, last.si_code, last.si_status,
           last.si_uid == getuid());
}

CASE(a_stopped_child_uses_no_time) {
    struct rusage usage;
    int status;
    pid_t child = pausing_child();
    MUST(kill(child, SIGSTOP));
    MUST(waitpid(child, &status, WUNTRACED));
    // It would end it, but waits until the child goes on.
    MUST(kill(child, SIGTERM));
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    SHOW(waitpid(child, &status, WNOHANG));
    MUST(kill(child, SIGCONT));
    MUST(wait4(child, &status, 0, &usage));
    long micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    long seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec;
    printf("status %#x, %s\n", status, seconds > 0 || micros > 200000 ? "busy" : "idle");
}

CASE(sigchld_tells_of_stops) {
    struct sigaction action = {.sa_sigaction = on_child, .sa_flags = SA_SIGINFO};
    sigaction(SIGCHLD, &action, NULL);
    pid_t child = pausing_child();
    kill(child, SIGSTOP);
    await_told(1);
    kill(child, SIGCONT);
    await_told(2);
    kill(child, SIGKILL);
    await_told(3);
    show_wait(child, 0);

    told = 0;
    action.sa_flags |= SA_NOCLDSTOP;
    sigaction(SIGCHLD, &action, NULL);
    child = pausing_child();
    kill(child, SIGSTOP);
    show_wait(child, WUNTRACED);
    kill(child, SIGCONT);
    show_wait(child, WCONTINUED);
    printf("told %d\n", told);
    kill(child, SIGTERM);
    await_told(1);
    show_wait(child, 0);
}

CASE(waitid_tells_of_stops) {
    pid_t child = pausing_child();
    siginfo_t info;
    kill(child, SIGSTOP);
    SHOW(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT));
    printf("code %d, status %d\n", info.si_code, info.si_status);
    SHOW(waitid(P_PID, child, &info, WSTOPPED));
    SHOW(waitid(P_PID, child, &info, WSTOPPED | WNOHANG));
    kill(child, SIGCONT);
    SHOW(waitid(P_PID, child, &info, WCONTINUED));
    printf("code %d, status %d\n", info.si_code, info.si_status);
    kill(child, SIGKILL);
    SHOW(waitid(P_PID, child, &info, WEXITED));
    printf("code %d, status %d\n", info.si_code, info.si_status);
}

CASE(nocldwait_leaves_no_zombie) {
    struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    sigaction(SIGCHLD, &action, NULL);
    pid_t child = MUST(fork());
    if (child == 0) {
        _exit(3);
    }
    show_wait(child, 0);
    signal(SIGCHLD, SIG_IGN);
    child = MUST(fork());
    if (child == 0) {
        _exit(3);
    }
    show_wait(child, 0);
}

CASE(stop_and_continue_undo_each_other) {
    sigset_t all, set;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    raise(SIGTSTP);
    raise(SIGTTOU);
    sigpending(&set);
    printf("%d %d\n", sigismember(&set, SIGTSTP), sigismember(&set, SIGTTOU));
    raise(SIGCONT);
    sigpending(&set);
    printf("%d %d %d\n", sigismember(&set, SIGTSTP), sigismember(&set, SIGTTOU), sigismember(&set, SIGCONT));
    raise(SIGTTIN);
    sigpending(&set);
    printf("%d %d\n", sigismember(&set, SIGTTIN), sigismember(&set, SIGCONT));
}

static int fds[2];

static void on_cont(int signal) {
    (void)signal;
    MUST(write(fds[1], "c", 1));
}

CASE(a_handler_for_cont_runs_after_the_stop) {
    MUST(pipe(fds));
    pid_t child = MUST(fork());
    if (child == 0) {
        signal(SIGCONT, on_cont);
        raise(SIGSTOP);
        MUST(write(fds[1], "e", 1));
        _exit(0);
    }
    show_wait(child, WUNTRACED);
    kill(child, SIGCONT);
    show_wait(child, 0);
    char text[3] = "";
    printf("%zd %s\n", read(fds[0], text, 2), text);
}

CASE(groups_get_signals_together) {
    pid_t leader = pausing_child();
    MUST(setpgid(leader, leader));
    pid_t second = pausing_child();
    MUST(setpgid(second, leader));
    SHOW(kill(-leader, 0));
    SHOW(kill(-leader, SIGTERM));
    show_wait(leader, 0);
    show_wait(second, 0);
    SHOW(kill(-leader, SIGTERM));
}

CASE(a_zombie_can_be_signalled) {
    pid_t child = MUST(fork());
    if (child == 0) {
        _exit(5);
    }
    siginfo_t info;
    MUST(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    SHOW(kill(child, SIGKILL));
    SHOW(kill(child, 0));
    show_wait(child, 0);
    SHOW(kill(child, 0));
}

CASE(others_may_not_be_signalled) {
    if (getuid() != 0) {
        printf("not root\n");
    }
    pid_t child = pausing_child();
    pid_t other = MUST(fork());
    if (other == 0) {
        setresgid(1000, 1000, 1000);
        setresuid(1000, 1000, 1000);
        SHOW(kill(child, SIGTERM));
        SHOW(kill(child, 0));
        SHOW(kill(child, SIGCONT));
        SHOW(kill(getpid(), 0));
        siginfo_t info = {.si_code = SI_QUEUE};
        SHOW(syscall(SYS_rt_sigqueueinfo, child, SIGUSR1, &info));
        SHOW(syscall(SYS_tgkill, child, child, SIGTERM));
        _exit(0);
    }
    show_wait(other, 0);
    SHOW(kill(child, SIGTERM));
    show_wait(child, 0);
}

CASE(actions_and_masks_over_fork_and_exec) {
    signal(SIGUSR1, SIG_IGN);
    sigset_t set, pending;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR2);
    pid_t child = MUST(fork());
    if (child == 0) {
        sigpending(&pending);
        printf("pending in the child %d\n", sigismember(&pending, SIGUSR2));
        sigprocmask(SIG_BLOCK, NULL, &set);
        printf("blocked in the child %d\n", sigismember(&set, SIGUSR2));
        struct sigaction action;
        sigaction(SIGUSR1, NULL, &action);
        printf("ignored in the child %d\n", action.sa_handler == SIG_IGN);
        _exit(0);
    }
    show_wait(child, 0);
    sigpending(&pending);
    printf("pending in the parent %d\n", sigismember(&pending, SIGUSR2));
}

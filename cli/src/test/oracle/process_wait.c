// Waiting for children.
#include "oracle.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

static pid_t exiting(int code) {
    pid_t child = fork();
    if (child == 0) {
        _exit(code);
    }
    return child;
}

static pid_t pausing(void) {
    pid_t child = fork();
    if (child == 0) {
        while (1) {
            pause();
        }
    }
    return child;
}

static void show_info(const siginfo_t *info, pid_t child) {
    printf("signo %d code %d status %d child %d uid %d\n", info->si_signo, info->si_code,
           info->si_status, info->si_pid == child, info->si_uid == getuid());
}

CASE(without_children_there_is_nothing_to_wait_for) {
    SHOW(wait(NULL));
    SHOW(waitpid(-1, NULL, WNOHANG));
    siginfo_t info;
    memset(&info, 0x55, sizeof info);
    SHOW(waitid(P_ALL, 0, &info, WEXITED));
    printf("%d %d\n", info.si_signo, info.si_pid);
}

CASE(somebody_elses_child_is_none) {
    SHOW(waitpid(getpid(), NULL, 0));
    SHOW(waitpid(1, NULL, 0));
    SHOW(waitpid(999999, NULL, 0));
}

CASE(arguments_that_make_no_sense) {
    SHOW(waitpid(-1, NULL, 0x4));
    SHOW(waitpid(-1, NULL, 0x10000));
    SHOW(wait4(0x80000000, NULL, 0, NULL));
    siginfo_t info;
    SHOW(waitid(P_ALL, 0, &info, 0));
    SHOW(waitid(P_ALL, 0, &info, WNOHANG));
    SHOW(waitid(P_PID, 0, &info, WEXITED));
    SHOW(waitid(P_PID, -1, &info, WEXITED));
    SHOW(waitid(P_PGID, -1, &info, WEXITED));
    SHOW(waitid(77, 1, &info, WEXITED));
    SHOW(waitid(P_ALL, 0, &info, WEXITED | 0x100));
}

CASE(wnohang_says_zero_while_the_child_lives) {
    pid_t child = pausing();
    SHOW(waitpid(child, NULL, WNOHANG));
    siginfo_t info;
    memset(&info, 0x55, sizeof info);
    SHOW(waitid(P_PID, child, &info, WEXITED | WNOHANG));
    printf("%d %d\n", info.si_signo, info.si_pid);
    kill(child, SIGKILL);
    SHOW(waitpid(child, NULL, 0) == child);
}

CASE(waitid_tells_how_a_child_exited) {
    pid_t child = exiting(9);
    siginfo_t info;
    SHOW(waitid(P_PID, child, &info, WEXITED));
    show_info(&info, child);
}

CASE(waitid_tells_what_killed_a_child) {
    pid_t child = pausing();
    kill(child, SIGTERM);
    siginfo_t info;
    SHOW(waitid(P_ALL, 0, &info, WEXITED));
    show_info(&info, child);
}

CASE(wnowait_leaves_the_child_to_be_waited_for) {
    pid_t child = exiting(3);
    siginfo_t info;
    SHOW(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    show_info(&info, child);
    SHOW(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    int status;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WEXITSTATUS(status));
    SHOW(waitpid(child, &status, 0));
}

CASE(a_status_that_cannot_be_written_is_lost) {
    pid_t child = exiting(3);
    SHOW(syscall(SYS_wait4, child, 8, 0, NULL));
    SHOW(waitpid(child, NULL, 0));
}

CASE(no_status_is_asked_for) {
    pid_t child = exiting(3);
    SHOW(waitpid(child, NULL, 0) == child);
    SHOW(waitid(P_ALL, 0, NULL, WEXITED));
}

CASE(children_by_process_group) {
    pid_t other = fork();
    if (other == 0) {
        setpgid(0, 0);
        _exit(1);
    }
    setpgid(other, other);
    pid_t mine = exiting(2);
    int status;
    SHOW(waitpid(-other, &status, 0) == other);
    SHOW(WEXITSTATUS(status));
    SHOW(waitpid(-other, &status, 0));
    SHOW(waitpid(0, &status, 0) == mine);
    SHOW(WEXITSTATUS(status));
    SHOW(waitpid(0, &status, 0));
}

CASE(waitid_by_own_process_group) {
    pid_t child = exiting(2);
    siginfo_t info;
    SHOW(waitid(P_PGID, 0, &info, WEXITED));
    show_info(&info, child);
}

CASE(the_end_of_a_child_is_signalled) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    pid_t child = exiting(6);
    siginfo_t info;
    SHOW(sigwaitinfo(&set, &info) == SIGCHLD);
    show_info(&info, child);
    SHOW(waitpid(child, NULL, WNOHANG) == child);
}

static volatile int handled;

static void count(int signal) {
    (void)signal;
    handled++;
}

CASE(a_handler_of_sigchld_does_not_take_the_child_away) {
    struct sigaction action = {.sa_handler = count};
    sigaction(SIGCHLD, &action, NULL);
    pid_t child = exiting(4);
    int status;
    while (waitpid(child, &status, 0) == -1) {
    }
    printf("%d %d\n", WEXITSTATUS(status), handled);
}

CASE(a_handler_breaks_a_wait_off) {
    struct sigaction action = {.sa_handler = count};
    sigaction(SIGALRM, &action, NULL);
    pid_t child = pausing();
    struct itimerval soon = {{0, 0}, {0, 50000}};
    setitimer(ITIMER_REAL, &soon, NULL);
    SHOW(waitpid(child, NULL, 0));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

CASE(ignored_sigchld_reaps_children) {
    signal(SIGCHLD, SIG_IGN);
    exiting(1);
    exiting(2);
    SHOW(wait(NULL));
}

CASE(nocldwait_reaps_children_but_signals) {
    struct sigaction action = {.sa_handler = count, .sa_flags = SA_NOCLDWAIT | SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    exiting(1);
    SHOW(wait(NULL));
    SHOW(handled);
}

CASE(ignoring_comes_too_late_for_a_zombie) {
    pid_t child = exiting(5);
    siginfo_t info;
    MUST(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    signal(SIGCHLD, SIG_IGN);
    int status;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WEXITSTATUS(status));
}

static int clone_with(unsigned long flags, int code) {
    int child = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
    if (child == 0) {
        _exit(code);
    }
    return child;
}

CASE(a_child_with_another_signal_is_waited_for_by_wclone) {
    signal(SIGUSR1, count);
    int child = clone_with(SIGUSR1, 3);
    int status;
    while (waitpid(child, &status, __WCLONE) == -1 && errno == EINTR) {
    }
    printf("%d %d\n", WEXITSTATUS(status), handled);
}

CASE(a_child_with_another_signal_is_not_waited_for_otherwise) {
    signal(SIGUSR1, SIG_IGN);
    int child = clone_with(SIGUSR1, 3);
    SHOW(waitpid(child, NULL, 0));
    int status;
    SHOW(waitpid(child, &status, __WALL) == child);
    SHOW(WEXITSTATUS(status));
}

CASE(a_child_without_a_signal) {
    int child = clone_with(0, 3);
    SHOW(waitpid(child, NULL, 0));
    SHOW(waitpid(child, NULL, __WCLONE) == child);
}

CASE(wclone_does_not_wait_for_others) {
    pid_t child = exiting(1);
    SHOW(waitpid(child, NULL, __WCLONE));
    SHOW(waitpid(child, NULL, __WALL) == child);
}

CASE(usage_of_children_is_added_up) {
    pid_t child = fork();
    if (child == 0) {
        struct timespec start, now;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
        do {
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        } while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 60);
        _exit(0);
    }
    struct rusage usage, before, after;
    getrusage(RUSAGE_CHILDREN, &before);
    SHOW(wait4(child, NULL, 0, &usage) == child);
    getrusage(RUSAGE_CHILDREN, &after);
    long used = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
    SHOW(before.ru_utime.tv_usec + before.ru_stime.tv_usec == 0);
    SHOW(used > 5000);
    SHOW(after.ru_utime.tv_usec == usage.ru_utime.tv_usec);
    SHOW(usage.ru_maxrss > 0);
}

CASE(a_stopped_child_is_told_once) {
    pid_t child = pausing();
    kill(child, SIGSTOP);
    int status;
    SHOW(waitpid(child, &status, WUNTRACED) == child);
    SHOW(WIFSTOPPED(status) ? WSTOPSIG(status) : -1);
    SHOW(waitpid(child, &status, WUNTRACED | WNOHANG));
    kill(child, SIGCONT);
    SHOW(waitpid(child, &status, WCONTINUED) == child);
    SHOW(WIFCONTINUED(status) != 0);
    SHOW(waitpid(child, &status, WCONTINUED | WNOHANG));
    kill(child, SIGKILL);
    SHOW(waitpid(child, &status, 0) == child);
}

CASE(waitid_tells_of_stops) {
    pid_t child = pausing();
    kill(child, SIGSTOP);
    siginfo_t info;
    SHOW(waitid(P_PID, child, &info, WSTOPPED | WNOWAIT));
    show_info(&info, child);
    SHOW(waitid(P_PID, child, &info, WSTOPPED));
    show_info(&info, child);
    kill(child, SIGCONT);
    SHOW(waitid(P_PID, child, &info, WCONTINUED));
    show_info(&info, child);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

CASE(a_stopped_child_can_be_killed) {
    pid_t child = pausing();
    kill(child, SIGSTOP);
    MUST(waitpid(child, NULL, WUNTRACED));
    kill(child, SIGTERM);
    SHOW(waitpid(child, NULL, WNOHANG));
    kill(child, SIGKILL);
    int status;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WTERMSIG(status));
}

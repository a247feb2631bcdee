// Calls that wait for children and for signals.
#include "checkpoint.h"

#include <sched.h>

static int go[2];

// A child that lives until it is told.
static pid_t lives(int status) {
    return CHILD({
        char byte;
        close(go[1]);
        EQUAL(read(go[0], &byte, 1), 1);
        _exit(status);
    });
}

static void tell(void) { EQUAL(write(go[1], "x", 1), 1); }

CASE(wait4_for_any_child) {
    MUST(pipe(go));
    pid_t waiter = BLOCKED({
        pid_t child = lives(7);
        int status;
        EQUAL(wait4(-1, &status, 0, NULL), child);
        EQUAL(WEXITSTATUS(status), 7);
    });
    CHECKPOINT();
    await_asleep(waiter);
    tell();
    ENDED(waiter);
}

CASE(waitpid_for_one_child_of_two) {
    MUST(pipe(go));
    pid_t waiter = BLOCKED({
        pid_t other = CHILD({ _exit(1); });
        pid_t child = lives(8);
        int status;
        EQUAL(waitpid(child, &status, 0), child);
        EQUAL(WEXITSTATUS(status), 8);
        EQUAL(waitpid(other, &status, WNOHANG), other);
        EQUAL(WEXITSTATUS(status), 1);
    });
    CHECKPOINT();
    tell();
    ENDED(waiter);
}

CASE(waitpid_for_a_process_group) {
    MUST(pipe(go));
    pid_t waiter = BLOCKED({
        pid_t child = lives(9);
        setpgid(child, child);
        int status;
        EQUAL(waitpid(-child, &status, 0), child);
        EQUAL(WEXITSTATUS(status), 9);
    });
    CHECKPOINT();
    tell();
    ENDED(waiter);
}

CASE(waitid_that_leaves_the_zombie) {
    MUST(pipe(go));
    pid_t waiter = BLOCKED({
        pid_t child = lives(3);
        siginfo_t info = {0};
        EQUAL(waitid(P_PID, child, &info, WEXITED | WNOWAIT), 0);
        EQUAL(info.si_pid, child);
        EQUAL(info.si_status, 3);
        EQUAL(waitid(P_ALL, 0, &info, WEXITED), 0);
        EQUAL(info.si_pid, child);
    });
    CHECKPOINT();
    tell();
    ENDED(waiter);
}

CASE(waitpid_for_a_stop) {
    MUST(pipe(go));
    int numbers[2];
    MUST(pipe(numbers));
    pid_t waiter = BLOCKED({
        pid_t child = lives(0);
        EQUAL(write(numbers[1], &child, sizeof child), sizeof child);
        int status;
        EQUAL(waitpid(child, &status, WUNTRACED), child);
        TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
        kill(child, SIGCONT);
        EQUAL(waitpid(child, &status, 0), child);
    });
    pid_t child;
    EQUAL(read(numbers[0], &child, sizeof child), sizeof child);
    CHECKPOINT_UNSTOPPED();
    kill(child, SIGSTOP);
    tell();
    ENDED(waiter);
}

static volatile int handled;
static volatile siginfo_t last;
static void note(int signal) { handled = signal; }
static void note_info(int signal, siginfo_t *info, void *context) {
    (void)context;
    handled = signal;
    last = *info;
}

static void handle(int signal, int flags) {
    struct sigaction action = {.sa_handler = note, .sa_flags = flags};
    if (flags & SA_SIGINFO) {
        action.sa_sigaction = note_info;
    }
    MUST(sigaction(signal, &action, NULL));
}

CASE(waitpid_that_a_handler_interrupts) {
    MUST(pipe(go));
    pid_t waiter = BLOCKED({
        pid_t child = lives(0);
        handle(SIGUSR1, 0);
        FAILS(waitpid(child, NULL, 0), EINTR);
        EQUAL(handled, SIGUSR1);
        handle(SIGUSR2, SA_RESTART);
        EQUAL(waitpid(child, NULL, 0), child);
        EQUAL(handled, SIGUSR2);
    });
    CHECKPOINT();
    kill(waiter, SIGUSR1);
    await_asleep(waiter);
    kill(waiter, SIGUSR2);
    await_asleep(waiter);
    tell();
    ENDED(waiter);
}

CASE(pause_goes_on) {
    pid_t waiter = BLOCKED({
        handle(SIGUSR1, SA_RESTART);
        FAILS(pause(), EINTR);
        EQUAL(handled, SIGUSR1);
    });
    CHECKPOINT();
    await_asleep(waiter);
    kill(waiter, SIGUSR1);
    ENDED(waiter);
}

CASE(sigsuspend_keeps_both_masks) {
    pid_t waiter = BLOCKED({
        sigset_t set;
        sigset_t now;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigaddset(&set, SIGUSR2);
        sigprocmask(SIG_BLOCK, &set, NULL);
        handle(SIGUSR1, 0);
        handle(SIGUSR2, 0);
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        FAILS(sigsuspend(&set), EINTR);
        EQUAL(handled, SIGUSR2);
        sigprocmask(SIG_BLOCK, NULL, &now);
        EQUAL(sigismember(&now, SIGUSR1), 1);
        EQUAL(sigismember(&now, SIGUSR2), 1);
        sigpending(&now);
        EQUAL(sigismember(&now, SIGUSR1), 1);
        EQUAL(sigismember(&now, SIGUSR2), 0);
    });
    CHECKPOINT();
    kill(waiter, SIGUSR1);
    await_asleep(waiter);
    kill(waiter, SIGUSR2);
    ENDED(waiter);
}

CASE(sigwaitinfo_takes_what_is_sent_afterwards) {
    pid_t waiter = BLOCKED({
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGRTMIN + 3);
        sigprocmask(SIG_BLOCK, &set, NULL);
        siginfo_t info;
        EQUAL(sigwaitinfo(&set, &info), SIGRTMIN + 3);
        EQUAL(info.si_value.sival_int, 77);
        EQUAL(info.si_pid, getppid());
    });
    CHECKPOINT_UNSTOPPED();
    await_asleep(waiter);
    sigqueue(waiter, SIGRTMIN + 3, (union sigval){.sival_int = 77});
    ENDED(waiter);
}

CASE(sigtimedwait_with_time_left) {
    int64_t begun = now_millis();
    pid_t waiter = CHILD({
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, NULL);
        struct timespec span = {WAIT_MILLIS / 1000, WAIT_MILLIS % 1000 * 1000000};
        FAILS(sigtimedwait(&set, NULL, &span), EAGAIN);
        TOOK(begun, WAIT_MILLIS);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT_UNSTOPPED();
    ENDED(waiter);
}

CASE(vfork_parent_waits_for_its_child) {
    MUST(pipe(go));
    pid_t waiter = CHILD({
        volatile int shared = 1;
        pid_t child = vfork();
        if (child == 0) {
            char byte;
            if (read(go[0], &byte, 1) == 1) {
                shared = 2;
            }
            _exit(4);
        }
        EQUAL(shared, 2);
        int status;
        EQUAL(waitpid(child, &status, 0), child);
        EQUAL(WEXITSTATUS(status), 4);
    });
    sleep_millis(100);
    CHECKPOINT();
    tell();
    ENDED(waiter);
}

CASE(vfork_parent_waits_for_an_exec) {
    MUST(pipe(go));
    pid_t waiter = CHILD({
        MUST(dup2(go[0], 0));
        pid_t child = vfork();
        if (child == 0) {
            char byte;
            if (read(go[0], &byte, 1) == 1) {
                execl("/bin/sh", "sh", "-c", "exit 6", NULL);
            }
            _exit(99);
        }
        int status;
        EQUAL(waitpid(child, &status, 0), child);
        EQUAL(WEXITSTATUS(status), 6);
    });
    sleep_millis(100);
    CHECKPOINT();
    tell();
    ENDED(waiter);
}

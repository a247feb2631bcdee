// The tree of processes, their groups and sessions.
#include "checkpoint.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static int go[2], report[2];

static void wait_for_go(void) {
    char byte;
    EQUAL(read(go[0], &byte, 1), 1);
}

static void tell(void) { EQUAL(write(go[1], "x", 1), 1); }

static void tell_number(long number) {
    EQUAL(write(report[1], &number, sizeof number), sizeof number);
}

static long told(void) {
    long number = -1;
    EQUAL(read(report[0], &number, sizeof number), sizeof number);
    return number;
}

static void pipes(void) {
    MUST(pipe(go));
    MUST(pipe(report));
}

CASE(numbers_of_a_tree) {
    pipes();
    pid_t parent = getpid();
    pid_t child = CHILD({
        pid_t self = getpid();
        pid_t grandchild = BLOCKED({
            wait_for_go();
            EQUAL(getppid(), self);
        });
        tell_number(grandchild);
        tell_number(self);
        wait_for_go();
        EQUAL(getpid(), self);
        EQUAL(getppid(), parent);
        ENDED(grandchild);
    });
    long grandchild = told();
    EQUAL(told(), child);
    CHECKPOINT();
    EQUAL(getpid(), parent);
    EQUAL(kill(child, 0), 0);
    EQUAL(kill(grandchild, 0), 0);
    tell();
    tell();
    ENDED(child);
}

CASE(numbers_are_not_given_again) {
    pid_t before = CHILD({ _exit(0); });
    ENDED(before);
    CHECKPOINT();
    pid_t after = CHILD({ _exit(0); });
    // Outside, others take numbers, too.
    TRUE(inside() ? after == before + 1 : after != before);
    ENDED(after);
}

CASE(zombies_keep_how_they_ended) {
    pid_t exited = CHILD({ _exit(77); });
    pid_t killed = CHILD({ raise(SIGKILL); });
    await_state(exited, exited, 'Z');
    await_state(killed, killed, 'Z');
    CHECKPOINT();
    EQUAL(state_of(exited, exited), 'Z');
    siginfo_t info = {0};
    EQUAL(waitid(P_PID, exited, &info, WEXITED | WNOWAIT), 0);
    EQUAL(info.si_code, CLD_EXITED);
    EQUAL(info.si_status, 77);
    int status;
    EQUAL(waitpid(killed, &status, 0), killed);
    TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    EQUAL(waitpid(exited, &status, 0), exited);
    EQUAL(WEXITSTATUS(status), 77);
    FAILS(waitpid(-1, &status, 0), ECHILD);
}

CASE(zombie_keeps_its_use_of_time) {
    pid_t child = CHILD({
        struct timespec used;
        do {
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        } while (used.tv_sec == 0 && used.tv_nsec < 60000000);
    });
    await_state(child, child, 'Z');
    CHECKPOINT();
    int status;
    struct rusage usage = {0};
    EQUAL(wait4(child, &status, 0, &usage), child);
    long micros = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
                  + 1000000 * (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
    TRUE(micros >= 50000 && micros < 5000000);
    getrusage(RUSAGE_CHILDREN, &usage);
    TRUE(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec > 0
         || usage.ru_utime.tv_usec + usage.ru_stime.tv_usec >= 50000);
}

CASE(orphans_have_a_new_parent) {
    pipes();
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t child = CHILD({
        pid_t orphan = CHILD({
            wait_for_go();
            tell_number(getppid());
        });
        tell_number(orphan);
    });
    long orphan = told();
    ENDED(child);
    CHECKPOINT();
    int reaper = 0;
    EQUAL(prctl(PR_GET_CHILD_SUBREAPER, &reaper), 0);
    EQUAL(reaper, 1);
    tell();
    EQUAL(told(), getpid());
    ENDED(orphan);
}

CASE(orphan_whose_parent_ends_afterwards) {
    pipes();
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    pid_t child = CHILD({
        pid_t orphan = BLOCKED({
            pid_t parent = getppid();
            wait_for_go();
            while (getppid() == parent) {
                sleep_millis(5);
            }
            tell_number(getppid());
        });
        tell_number(orphan);
        wait_for_go();
    });
    long orphan = told();
    CHECKPOINT();
    tell();
    tell();
    ENDED(child);
    EQUAL(told(), getpid());
    ENDED(orphan);
}

CASE(sessions_and_groups) {
    pipes();
    pid_t child = CHILD({
        MUST(setsid());
        pid_t self = getpid();
        pid_t member = BLOCKED({
            MUST(setpgid(0, 0));
            pid_t own = getpid();
            wait_for_go();
            EQUAL(getsid(0), self);
            EQUAL(getpgrp(), own);
        });
        tell_number(member);
        wait_for_go();
        EQUAL(getsid(0), self);
        EQUAL(getpgrp(), self);
        FAILS(setsid(), EPERM);
        ENDED(member);
    });
    long member = told();
    pid_t session = getsid(0), group = getpgrp();
    CHECKPOINT();
    EQUAL(getsid(0), session);
    EQUAL(getpgrp(), group);
    EQUAL(getsid(member), child);
    EQUAL(getpgid(member), member);
    tell();
    tell();
    ENDED(child);
}

CASE(signal_to_a_whole_group) {
    pid_t first = BLOCKED({
        setpgid(0, 0);
        pause();
    });
    pid_t second = BLOCKED({
        setpgid(0, first);
        pause();
    });
    CHECKPOINT();
    EQUAL(kill(-first, SIGTERM), 0);
    int status;
    EQUAL(waitpid(first, &status, 0), first);
    EQUAL(WTERMSIG(status), SIGTERM);
    EQUAL(waitpid(second, &status, 0), second);
    EQUAL(WTERMSIG(status), SIGTERM);
}

CASE(stopped_child_stays_stopped) {
    pid_t child = CHILD({
        raise(SIGSTOP);
        _exit(5);
    });
    int status;
    EQUAL(waitpid(child, &status, WUNTRACED), child);
    TRUE(WIFSTOPPED(status));
    CHECKPOINT_UNSTOPPED();
    EQUAL(state_of(child, child), 'T');
    EQUAL(waitpid(child, &status, WNOHANG | WUNTRACED), 0);
    kill(child, SIGCONT);
    EQUAL(waitpid(child, &status, 0), child);
    EQUAL(WEXITSTATUS(status), 5);
}

CASE(stop_that_nobody_waited_for_yet) {
    pipes();
    pid_t child = CHILD({
        raise(SIGSTOP);
        wait_for_go();
        _exit(6);
    });
    await_state(child, child, 'T');
    CHECKPOINT_UNSTOPPED();
    int status;
    EQUAL(waitpid(child, &status, WUNTRACED), child);
    TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(child, SIGCONT);
    EQUAL(waitpid(child, &status, WCONTINUED), child);
    TRUE(WIFCONTINUED(status));
    tell();
    EQUAL(waitpid(child, &status, 0), child);
    EQUAL(WEXITSTATUS(status), 6);
}

CASE(continuation_that_nobody_waited_for_yet) {
    pipes();
    pid_t child = CHILD({
        raise(SIGSTOP);
        tell_number(1);
        wait_for_go();
    });
    int status;
    EQUAL(waitpid(child, &status, WUNTRACED), child);
    kill(child, SIGCONT);
    EQUAL(told(), 1);
    CHECKPOINT_UNSTOPPED();
    EQUAL(waitpid(child, &status, WCONTINUED), child);
    TRUE(WIFCONTINUED(status));
    tell();
    ENDED(child);
}

CASE(stopped_threads_of_a_process) {
    pipes();
    pid_t child = CHILD({
        void *count(void *nothing) {
            wait_for_go();
            return nothing;
        }
        pthread_t thread;
        pthread_create(&thread, NULL, count, NULL);
        tell_number(1);
        pthread_join(thread, NULL);
    });
    EQUAL(told(), 1);
    kill(child, SIGSTOP);
    await_state(child, child, 'T');
    CHECKPOINT_UNSTOPPED();
    tell();
    sleep_millis(50);
    EQUAL(state_of(child, child), 'T');
    kill(child, SIGCONT);
    ENDED(child);
}

CASE(signal_at_the_parents_death) {
    pipes();
    pid_t child = CHILD({
        pid_t grandchild = BLOCKED({
            prctl(PR_SET_PDEATHSIG, SIGUSR1);
            sigset_t set;
            sigemptyset(&set);
            sigaddset(&set, SIGUSR1);
            sigprocmask(SIG_BLOCK, &set, NULL);
            int signal = 0;
            EQUAL(sigwait(&set, &signal), 0);
            tell_number(signal);
        });
        (void)grandchild;
        wait_for_go();
    });
    await_asleep(child);
    CHECKPOINT_UNSTOPPED();
    tell();
    ENDED(child);
    EQUAL(told(), SIGUSR1);
}

CASE(arguments_and_environment_of_proc) {
    char before[8192];
    int length = 0;
    int file = MUST(open("/proc/self/cmdline", O_RDONLY));
    length = MUST(read(file, before, sizeof before));
    CHECKPOINT();
    char after[8192];
    int again = MUST(open("/proc/self/cmdline", O_RDONLY));
    EQUAL(read(again, after, sizeof after), length);
    TRUE(memcmp(before, after, length) == 0);
}

CASE(program_file_of_a_process) {
    char before[4096] = "", after[4096] = "";
    MUST(readlink("/proc/self/exe", before, sizeof before - 1));
    CHECKPOINT();
    MUST(readlink("/proc/self/exe", after, sizeof after - 1));
    SAME(after, before);
    pid_t child = CHILD({
        // It lists its cases to nobody.
        dup2(MUST(open("/dev/null", O_WRONLY)), 1);
        char *arguments[] = {"case", NULL};
        execv("/proc/self/exe", arguments);
    });
    int status;
    EQUAL(waitpid(child, &status, 0), child);
    EQUAL(status, 0);
}

CASE(a_hundred_processes) {
    pipes();
    pid_t children[100];
    for (int i = 0; i < 100; i++) {
        children[i] = CHILD({
            int own = i;
            wait_for_go();
            _exit(own);
        });
    }
    CHECKPOINT();
    for (int i = 0; i < 100; i++) {
        tell();
    }
    for (int i = 0; i < 100; i++) {
        int status = -1;
        EQUAL(waitpid(children[i], &status, 0), children[i]);
        EQUAL(WEXITSTATUS(status), i);
    }
}

CASE(program_begun_by_a_shell) {
    pipes();
    pid_t shell = CHILD({
        dup2(go[0], 0);
        dup2(report[1], 1);
        close(go[1]);
        execl("/bin/sh", "sh", "-c", "a=kept; (read x; echo $a$x) | cat; exit 3", NULL);
    });
    sleep_millis(300);
    CHECKPOINT();
    EQUAL(write(go[1], "line\n", 5), 5);
    close(go[1]);
    int status;
    EQUAL(waitpid(shell, &status, 0), shell);
    EQUAL(WEXITSTATUS(status), 3);
    char text[32] = "";
    EQUAL(read(report[0], text, 31), 9);
    SAME(text, "keptline\n");
}

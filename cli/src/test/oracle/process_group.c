// Process groups, sessions, and signals to groups.
#include "oracle.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int status_of(pid_t child) {
    int status = -1;
    MUST(waitpid(child, &status, 0));
    return status;
}

CASE(a_child_is_in_its_parents_group_and_session) {
    pid_t group = getpgrp(), session = getsid(0);
    pid_t child = fork();
    if (child == 0) {
        SHOW(getpgrp() == group);
        SHOW(getpgid(0) == group);
        SHOW(getsid(0) == session);
        _exit(0);
    }
    MUST(waitid(P_PID, child, NULL, WEXITED | WNOWAIT));
    SHOW(getpgid(child) == group);
    SHOW(getsid(child) == session);
    status_of(child);
}

CASE(a_session_of_ones_own) {
    pid_t child = fork();
    if (child == 0) {
        SHOW(setsid() == getpid());
        SHOW(getsid(0) == getpid());
        SHOW(getpgrp() == getpid());
        SHOW(setsid());
        SHOW(setpgid(0, 0));
        _exit(0);
    }
    status_of(child);
}

CASE(the_leader_of_a_group_starts_no_session) {
    pid_t child = fork();
    if (child == 0) {
        SHOW(setpgid(0, 0));
        SHOW(setsid());
        SHOW(getpgrp() == getpid());
        _exit(0);
    }
    status_of(child);
}

CASE(a_group_is_joined_and_left) {
    pid_t first = fork();
    if (first == 0) {
        pause();
    }
    SHOW(setpgid(first, 0));
    SHOW(getpgid(first) == first);
    pid_t second = fork();
    if (second == 0) {
        SHOW(setpgid(0, first));
        SHOW(getpgrp() == first);
        SHOW(setpgid(0, 0));
        SHOW(getpgrp() == getpid());
        _exit(0);
    }
    status_of(second);
    kill(first, SIGKILL);
    status_of(first);
}

CASE(groups_that_cannot_be_joined) {
    SHOW(setpgid(0, -1));
    SHOW(setpgid(0, 999999));
    SHOW(setpgid(999999, 0));
    SHOW(getpgid(999999));
    SHOW(getpgid(-1));
    SHOW(getsid(999999));
    SHOW(getsid(-1));
}

CASE(a_child_that_has_executed_is_not_moved) {
    int ready[2];
    MUST(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        dup2(ready[1], 1);
        execl("/bin/sh", "sh", "-c", "echo; exec sleep 100", NULL);
        _exit(99);
    }
    char byte;
    MUST(read(ready[0], &byte, 1));
    SHOW(setpgid(child, 0));
    kill(child, SIGKILL);
    status_of(child);
}

CASE(a_child_in_another_session_is_not_moved) {
    int ready[2];
    MUST(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        setsid();
        MUST(write(ready[1], "", 1));
        pause();
    }
    char byte;
    MUST(read(ready[0], &byte, 1));
    SHOW(setpgid(child, 0));
    SHOW(setpgid(child, getpgrp()));
    kill(child, SIGKILL);
    status_of(child);
}

CASE(a_grandchild_is_not_moved) {
    int told[2], done[2];
    MUST(pipe(told));
    MUST(pipe(done));
    pid_t child = fork();
    if (child == 0) {
        pid_t grandchild = fork();
        if (grandchild == 0) {
            char byte;
            MUST(read(done[0], &byte, 1));
            _exit(0);
        }
        MUST(write(told[1], &grandchild, sizeof grandchild));
        _exit(status_of(grandchild));
    }
    pid_t grandchild;
    MUST(read(told[0], &grandchild, sizeof grandchild));
    SHOW(setpgid(grandchild, 0));
    MUST(write(done[1], "", 1));
    status_of(child);
}

CASE(a_group_lives_on_without_its_leader) {
    int ready[2];
    MUST(pipe(ready));
    pid_t leader = fork();
    if (leader == 0) {
        setpgid(0, 0);
        MUST(write(ready[1], "", 1));
        pause();
    }
    char byte;
    MUST(read(ready[0], &byte, 1));
    pid_t member = fork();
    if (member == 0) {
        setpgid(0, leader);
        MUST(write(ready[1], "", 1));
        pause();
    }
    MUST(read(ready[0], &byte, 1));
    kill(leader, SIGKILL);
    status_of(leader);
    SHOW(kill(leader, 0));
    SHOW(kill(-leader, 0));
    SHOW(getpgid(member) == leader);
    SHOW(kill(-leader, SIGTERM));
    SHOW(WTERMSIG(status_of(member)));
    SHOW(kill(-leader, 0));
}

CASE(a_signal_to_a_group_reaches_all_of_it) {
    int ready[2];
    MUST(pipe(ready));
    pid_t children[5];
    for (int i = 0; i < 5; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            setpgid(0, i == 0 ? 0 : children[0]);
            MUST(write(ready[1], "", 1));
            while (1) {
                pause();
            }
        }
        char byte;
        MUST(read(ready[0], &byte, 1));
    }
    SHOW(kill(-children[0], SIGUSR1));
    for (int i = 0; i < 5; i++) {
        printf("%d ", WTERMSIG(status_of(children[i])));
    }
    printf("\n");
}

CASE(a_signal_to_ones_own_group) {
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            while (1) {
                pause();
            }
        }
        signal(SIGTERM, SIG_IGN);
        SHOW(kill(0, SIGTERM));
        _exit(WTERMSIG(status_of(grandchild)));
    }
    printf("%d\n", WEXITSTATUS(status_of(child)));
}

CASE(signals_to_nobody) {
    SHOW(kill(999999, 0));
    SHOW(kill(-999999, SIGTERM));
    SHOW(kill(0x80000000, SIGTERM));
    SHOW(kill(getpid(), 65));
    SHOW(kill(getpid(), -1));
    SHOW(kill(999999, 65));
}

CASE(orphaned_groups_with_stopped_members_are_hung_up) {
    int ready[2];
    MUST(syscall(SYS_prctl, 36, 1, 0, 0, 0));
    MUST(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        MUST(setsid());
        pid_t grandchild = fork();
        if (grandchild == 0) {
            setpgid(0, 0);
            MUST(close(ready[0]));
            MUST(write(ready[1], "", 1));
            raise(SIGSTOP);
            pause();
        }
        char byte;
        int status;
        MUST(read(ready[0], &byte, 1));
        MUST(waitpid(grandchild, &status, WUNTRACED));
        printf("stopped %d\n", WIFSTOPPED(status));
        _exit(0);
    }
    status_of(child);
    int status;
    MUST(wait(&status));
    SHOW(WIFSIGNALED(status) ? WTERMSIG(status) : -1);
}

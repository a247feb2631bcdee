// Runs a program on the host as a sandbox runs its first one: outside SECONDS DIR OUT ERR PROGRAM [ARG]...
//
// It leads a session of its own, with default signals, the usual umask, no descriptor but stdio, and
// no parent that it could tell from init. Printed is how it ended. Whatever it leaves behind is
// killed, and told of, as a case may leave nothing.
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void open_at(int number, const char *path, int flags) {
    int fd = open(path, flags, 0600);
    if (fd == -1 || dup2(fd, number) == -1) {
        err(125, "%s", path);
    }
}

static void become(char **argv) {
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    umask(022);
    setsid();
    if (chdir(argv[2]) == -1) {
        err(125, "%s", argv[2]);
    }
    open_at(0, "/dev/null", O_RDONLY);
    open_at(1, argv[3], O_WRONLY | O_CREAT | O_TRUNC);
    open_at(2, argv[4], O_WRONLY | O_CREAT | O_TRUNC);
    close_range(3, ~0U, 0);
    execv(argv[5], argv + 5);
    err(125, "%s", argv[5]);
}

// Kills what has become ours, by the list that the kernel keeps of it.
static int kill_children(void) {
    FILE *list = fopen("/proc/thread-self/children", "re");
    int count = 0, child;
    while (list != NULL && fscanf(list, "%d", &child) == 1) {
        kill(child, SIGKILL);
        count++;
    }
    if (list != NULL) {
        fclose(list);
    }
    return count;
}

static void reap(pid_t program, int *status) {
    int each;
    for (pid_t pid; (pid = waitpid(-1, &each, WNOHANG | __WALL)) > 0;) {
        if (pid == program) {
            *status = each;
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 6) {
        errx(125, "usage: outside SECONDS DIR OUT ERR PROGRAM [ARG]...");
    }
    sigset_t chld;
    sigemptyset(&chld);
    sigaddset(&chld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &chld, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    time_t deadline = time(NULL) + atoi(argv[1]);
    pid_t program = fork();
    if (program == 0) {
        become(argv);
    }
    int status = -1;
    while (status == -1 && time(NULL) < deadline) {
        sigtimedwait(&chld, NULL, &(struct timespec){1, 0});
        reap(program, &status);
    }
    // Who was killed by the program a moment ago may still be dying.
    int left = 1, ignored;
    for (int i = 0; status != -1 && left > 0 && i < 20; i++) {
        reap(program, &ignored);
        FILE *list = fopen("/proc/thread-self/children", "re");
        left = list != NULL && fscanf(list, "%d", &ignored) == 1;
        if (list != NULL) {
            fclose(list);
        }
        if (left) {
            nanosleep(&(struct timespec){0, 10000000}, NULL);
        }
    }
    if (status == -1) {
        printf("hung\n");
    } else if (left > 0) {
        printf("left processes behind\n");
    } else if (WIFEXITED(status)) {
        printf("exited with %d\n", WEXITSTATUS(status));
    } else {
        printf("killed by signal %d\n", WTERMSIG(status));
    }
    while (kill_children() > 0) {
        reap(program, &ignored);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    return 0;
}

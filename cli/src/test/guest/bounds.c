// Takes more than it is given, in the way that the first argument names.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (1L << 20)

static void touch(long mebibytes) {
    for (long i = 0; i < mebibytes; i++) {
        memset(mmap(0, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, MIB);
    }
}

static void show(const char *who, pid_t child) {
    int status;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) {
        printf("%s: killed by %d\n", who, WTERMSIG(status));
    } else {
        printf("%s: exited with %d\n", who, WEXITSTATUS(status));
    }
}

// One child takes all there is, another little: the greedy one dies.
static void greedy(void) {
    pid_t modest = fork();
    if (modest == 0) {
        touch(4);
        pause();
    }
    pid_t child = fork();
    if (child == 0) {
        touch(200);
        _exit(0);
    }
    show("greedy", child);
    kill(modest, SIGTERM);
    show("modest", modest);
}

// The one that takes it in a call dies of that too.
static void reader(void) {
    pid_t child = fork();
    if (child == 0) {
        int zero = open("/dev/zero", O_RDONLY);
        char *area = mmap(0, 200 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        for (long at = 0; at < 200; at++) {
            read(zero, area + at * MIB, MIB);
        }
        _exit(0);
    }
    show("reader", child);
}

// Whoever is to be killed first is, though another is greedier.
static void volunteer(void) {
    pid_t first = fork();
    if (first == 0) {
        int file = open("/proc/self/oom_score_adj", O_WRONLY);
        write(file, "1000", 4);
        touch(24);
        pause();
    }
    sleep(1);
    pid_t child = fork();
    if (child == 0) {
        touch(45);
        _exit(0);
    }
    show("other", child);
    show("volunteer", first);
}

// Files in memory count, and their writer is told.
static void writer(void) {
    static char block[1 << 20];
    int file = open("/tmp/big", O_CREAT | O_WRONLY, 0600);
    long written = 0;
    while (write(file, block, MIB) == MIB) {
        written++;
    }
    printf("%s after %s MiB\n", strerror(errno), written > 20 && written < 64 ? "20 to 64" : "?");
    unlink("/tmp/big");
    close(file);
    pid_t child = fork();
    if (child == 0) {
        touch(30);
        _exit(0);
    }
    show("afterwards", child);
}

static void processes(void) {
    int made = 0;
    pid_t children[100];
    while (made < 100 && (children[made] = fork()) > 0) {
        made++;
    }
    if (made < 100 && children[made] == 0) {
        pause();
    }
    printf("%d children, then %s\n", made, strerror(errno));
    for (int i = 0; i < made; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    show("afterwards", child);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    const char *what = argv[1];
    if (strcmp(what, "greedy") == 0) greedy();
    if (strcmp(what, "reader") == 0) reader();
    if (strcmp(what, "volunteer") == 0) volunteer();
    if (strcmp(what, "writer") == 0) writer();
    if (strcmp(what, "processes") == 0) processes();
    if (strcmp(what, "alone") == 0) touch(200);
    return 0;
}

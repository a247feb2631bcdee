// Runs cases twice, each in a process of its own: memory_left PROGRAM CASE... Only in a sandbox.
//
// What the second run leaves less memory free by is printed: nothing, unless something was left behind.
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long free_kib(void) {
    FILE *file = fopen("/proc/meminfo", "r");
    char line[200];
    long kib = -1;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "MemFree: %ld", &kib);
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

static int delete(const char *path, const struct stat *stat, int type, struct FTW *place) {
    (void)stat, (void)type, (void)place;
    return remove(path);
}

static int run(char *program, char *name) {
    pid_t child = fork();
    if (child == 0) {
        mkdir("case", 0700);
        chdir("case");
        dup2(open("/dev/null", O_WRONLY), 1);
        execl(program, program, name, (char *)NULL);
        _exit(127);
    }
    int status;
    waitpid(child, &status, 0);
    while (waitpid(-1, NULL, WNOHANG) > 0) {}
    nftw("case", delete, 10, FTW_DEPTH | FTW_PHYS); // who was killed has left files
    return status;
}

int main(int argc, char **argv) {
    for (int i = 2; i < argc; i++) {
        int first = run(argv[1], argv[i]); // programs and libraries are in memory from now on
        long before = free_kib();
        int second = run(argv[1], argv[i]);
        // A thread of the kernel may be giving something back still.
        for (int wait = 0; free_kib() < before && wait < 200; wait++) {
            nanosleep(&(struct timespec){0, 10000000}, NULL);
        }
        long left = before - free_kib();
        if (first != 0 || second != 0 || left > 0) {
            printf("%s: status %d and %d, %ld KiB left behind\n", argv[i], first, second, left);
        }
    }
    return 0;
}

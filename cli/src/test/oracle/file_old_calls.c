// Calls that C libraries have left for newer ones, and that old programs still make.
#include "oracle.h"

#include <fcntl.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <utime.h>

#define CALL(name, ...) syscall(SYS_##name __VA_OPT__(, ) __VA_ARGS__)
#define SYS_FCHMODAT2 452

CASE(opened_and_looked_at) {
    struct stat about;
    int file = SHOW(CALL(open, "f", O_CREAT | O_RDWR | O_EXCL, 0640)) >= 0 ? open("f", O_RDWR) : -1;
    SHOW(CALL(open, "f", O_CREAT | O_EXCL, 0640));
    SHOW(CALL(open, 8, O_RDONLY));
    SHOW(CALL(fstat, file, &about));
    printf("%o\n", about.st_mode);
    SHOW(CALL(fstat, 99, &about));
    SHOW(CALL(fstat, file, 8));
    MUST(symlink("f", "link"));
    SHOW(CALL(lstat, "link", &about));
    printf("%d\n", S_ISLNK(about.st_mode));
    SHOW(CALL(lstat, "link/", &about));
    SHOW(CALL(lstat, "none", &about));
    SHOW(CALL(faccessat, AT_FDCWD, "f", R_OK));
    SHOW(CALL(faccessat, AT_FDCWD, "f", 8));
}

CASE(directories_are_read_in_the_old_form) {
    struct old_entry {
        unsigned long inode, next;
        unsigned short length;
        char name[];
    };
    char buffer[512] __attribute__((aligned(8)));
    MUST(mkdir("d", 0700));
    MUST(close(open("d/name", O_CREAT | O_WRONLY, 0600)));
    int directory = MUST(open("d", O_RDONLY | O_DIRECTORY));
    SHOW(CALL(getdents, directory, buffer, 8));
    long count = CALL(getdents, directory, buffer, sizeof buffer);
    int seen = 0;
    for (long at = 0; at < count;) {
        struct old_entry *entry = (struct old_entry *)(buffer + at);
        seen++;
        if (strcmp(entry->name, "name") == 0) {
            // The type of the file stands in the last byte.
            printf("%s %d %d\n", entry->name, entry->length, buffer[at + entry->length - 1]);
        }
        at += entry->length;
    }
    printf("%d entries\n", seen);
    SHOW(CALL(getdents, directory, buffer, sizeof buffer));
    SHOW(CALL(getdents, 99, buffer, sizeof buffer));
}

CASE(times_are_set) {
    struct stat about;
    struct utimbuf old = {11, 22};
    struct timeval times[2] = {{33, 444444}, {55, 666666}};
    MUST(close(open("f", O_CREAT | O_WRONLY, 0600)));
    SHOW(CALL(utime, "f", &old));
    MUST(stat("f", &about));
    printf("%ld %ld\n", (long)about.st_atime, (long)about.st_mtime);
    SHOW(CALL(utimes, "f", times));
    MUST(stat("f", &about));
    printf("%ld %ld %ld\n", (long)about.st_atime, (long)about.st_mtime, about.st_mtim.tv_nsec);
    times[0].tv_sec = 77;
    SHOW(CALL(futimesat, AT_FDCWD, "f", times));
    MUST(stat("f", &about));
    printf("%ld\n", (long)about.st_atime);
    times[0].tv_usec = 1000000;
    SHOW(CALL(utimes, "f", times));
    SHOW(CALL(futimesat, 99, "f", NULL));
    SHOW(CALL(utime, "none", NULL));
    SHOW(CALL(utime, "f", 8));
}

CASE(modes_are_set) {
    struct stat about;
    MUST(close(open("f", O_CREAT | O_WRONLY, 0600)));
    MUST(symlink("f", "link"));
    SHOW(CALL(fchmodat, AT_FDCWD, "f", 0751));
    MUST(stat("f", &about));
    printf("%o\n", about.st_mode);
    SHOW(CALL(fchmodat, 99, "f", 0751));
    SHOW(syscall(SYS_FCHMODAT2, AT_FDCWD, "link", 0640, 0));
    MUST(stat("f", &about));
    printf("%o\n", about.st_mode);
    SHOW(syscall(SYS_FCHMODAT2, AT_FDCWD, "link", 0640, AT_SYMLINK_NOFOLLOW));
    SHOW(syscall(SYS_FCHMODAT2, AT_FDCWD, "f", 0640, 1));
    SHOW(CALL(mknod, "fifo", S_IFIFO | 0600, 0));
    SHOW(CALL(mknod, "fifo", S_IFIFO | 0600, 0));
    SHOW(CALL(mknod, "dir", S_IFDIR | 0600, 0));
    SHOW(CALL(lremovexattr, "link", "user.none"));
    SHOW(CALL(lremovexattr, "none", "user.none"));
    SHOW(CALL(sync));
}

CASE(a_pipe_and_a_wait_for_it) {
    int ends[2];
    fd_set set;
    struct timeval now = {0, 0};
    SHOW(CALL(pipe, ends));
    SHOW(CALL(pipe, 8));
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    SHOW(CALL(select, ends[0] + 1, &set, NULL, NULL, &now));
    SHOW(FD_ISSET(ends[0], &set));
    MUST(write(ends[1], "x", 1));
    FD_SET(ends[0], &set);
    SHOW(CALL(select, ends[0] + 1, &set, NULL, NULL, NULL));
    SHOW(FD_ISSET(ends[0], &set));
    SHOW(CALL(select, -1, NULL, NULL, NULL, &now));
}

CASE(a_child_of_fork_itself) {
    long child = CALL(fork);
    if (child == 0) {
        _exit(5);
    }
    int status;
    SHOW(waitpid(child, &status, 0) == child);
    SHOW(WEXITSTATUS(status));
}

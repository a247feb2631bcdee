// Files of /proc, and files of it that are open.
#include "checkpoint.h"

#include <dirent.h>

CASE(open_file_of_a_process) {
    int file = MUST(open("/proc/self/status", O_RDONLY));
    char bytes[8192] = "";
    EQUAL(read(file, bytes, 6), 6);
    CHECKPOINT();
    EQUAL(lseek(file, 0, SEEK_CUR), 6);
    EQUAL(lseek(file, 0, SEEK_SET), 0);
    TRUE(read(file, bytes, sizeof bytes - 1) > 100);
    char expected[64];
    snprintf(expected, sizeof expected, "\nPid:\t%d\n", getpid());
    TRUE(strstr(bytes, expected) != NULL);
}

CASE(open_directory_of_descriptors) {
    DIR *directory = opendir("/proc/self/fd");
    int file = MUST(open("/dev/null", O_RDONLY));
    CHECKPOINT();
    rewinddir(directory);
    int found = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        found += atoi(entry->d_name) == file && entry->d_name[0] != '.';
    }
    EQUAL(found, 1);
    closedir(directory);
}

CASE(open_directory_of_another_process) {
    int go[2];
    MUST(pipe(go));
    pid_t child = BLOCKED({
        char byte;
        EQUAL(read(go[0], &byte, 1), 1);
    });
    char path[64];
    snprintf(path, sizeof path, "/proc/%d", child);
    int directory = MUST(open(path, O_RDONLY | O_DIRECTORY));
    CHECKPOINT();
    int file = MUST(openat(directory, "stat", O_RDONLY));
    EQUAL(write(go[1], "x", 1), 1);
    ENDED(child);
    char byte;
    FAILS(read(file, &byte, 1), ESRCH);
    int gone = openat(directory, "stat", O_RDONLY);
    TRUE(gone == -1 || read(gone, &byte, 1) == -1);
}

// What reading, listing and looking up give of an open file: the last 32 bits of each are its errno.
static void ask(int file, long answers[3]) {
    char bytes[4096];
    errno = 0;
    answers[0] = pread(file, bytes, sizeof bytes, 0) << 32 | errno;
    errno = 0;
    lseek(file, 0, SEEK_SET);
    answers[1] = syscall(SYS_getdents64, file, bytes, sizeof bytes) << 32 | errno;
    errno = 0;
    answers[2] = (long)openat(file, "status", O_RDONLY) << 32 | errno;
}

CASE(open_files_of_a_process_that_is_gone) {
    const char *names[] = {"",        "status",         "mem",       "maps", "environ", "oom_score_adj",
                           "fd",      "fdinfo",         "fdinfo/0",  "task", "net",     "limits",
                           "task/%d", "task/%d/status", "task/%d/fd"};
    enum { NAMES = sizeof names / sizeof *names };
    int files[NAMES], go[2];
    long before[NAMES][3], after[3];
    MUST(pipe(go));
    pid_t child = BLOCKED({
        char byte;
        EQUAL(read(go[0], &byte, 1), 1);
    });
    for (int i = 0; i < NAMES; i++) {
        char name[64], path[128];
        snprintf(name, sizeof name, names[i], child);
        snprintf(path, sizeof path, "/proc/%d/%s", child, name);
        files[i] = MUST(open(path, O_RDONLY));
    }
    EQUAL(write(go[1], "x", 1), 1);
    ENDED(child);
    for (int i = 0; i < NAMES; i++) {
        ask(files[i], before[i]);
    }
    CHECKPOINT();
    for (int i = 0; i < NAMES; i++) {
        ask(files[i], after);
        for (int j = 0; j < 3; j++) {
            if (after[j] != before[i][j]) {
                wrong(__FILE__, __LINE__, "answer %d of '%s' was %lx and is %lx", j, names[i],
                      before[i][j], after[j]);
            }
        }
    }
}

CASE(links_of_descriptors) {
    make("file", "x");
    int file = MUST(open("file", O_RDONLY));
    int fds[2];
    MUST(pipe(fds));
    char path[3][64], before[3][4096] = {"", "", ""}, after[4096];
    snprintf(path[0], 64, "/proc/self/fd/%d", file);
    snprintf(path[1], 64, "/proc/self/fd/%d", fds[0]);
    strcpy(path[2], "/proc/self/cwd");
    for (int i = 0; i < 3; i++) {
        MUST(readlink(path[i], before[i], sizeof before[i] - 1));
    }
    CHECKPOINT();
    for (int i = 0; i < 3; i++) {
        memset(after, 0, sizeof after);
        MUST(readlink(path[i], after, sizeof after - 1));
        SAME(after, before[i]);
    }
}

CASE(numbers_of_inodes) {
    const char *names[] = {"/proc", "/proc/self/status", "/proc/version", "/dev/null", "/", "/etc",
                           "/sys", "/proc/self/fd"};
    enum { NAMES = sizeof names / sizeof *names };
    struct stat before[NAMES], after;
    for (int i = 0; i < NAMES; i++) {
        MUST(stat(names[i], &before[i]));
    }
    CHECKPOINT();
    for (int i = 0; i < NAMES; i++) {
        EQUAL(stat(names[i], &after), 0);
        if (after.st_ino != before[i].st_ino || after.st_dev != before[i].st_dev) {
            wrong(__FILE__, __LINE__, "%s was %ld:%ld and is %ld:%ld", names[i],
                  (long)before[i].st_dev, (long)before[i].st_ino, (long)after.st_dev,
                  (long)after.st_ino);
        }
    }
}

CASE(mounts_of_a_process) {
    static char before[8192];
    strcpy(before, content("/proc/self/mountinfo"));
    CHECKPOINT();
    SAME(content("/proc/self/mountinfo"), before);
}

CASE(environment_of_a_process) {
    static char before[8192];
    strcpy(before, content("/proc/self/environ"));
    CHECKPOINT();
    SAME(content("/proc/self/environ"), before);
}

CASE(score_for_lack_of_memory) {
    int file = open("/proc/self/oom_score_adj", O_RDWR);
    if (file == -1 || write(file, "123", 3) != 3) {
        return;
    }
    CHECKPOINT();
    SAME(content("/proc/self/oom_score_adj"), "123\n");
}

CASE(identity_of_this_boot) {
    char before[64];
    strcpy(before, content("/proc/sys/kernel/random/boot_id"));
    CHECKPOINT();
    SAME(content("/proc/sys/kernel/random/boot_id"), before);
}

// getdents64 and positions in directories.
#include "oracle.h"
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static void make(const char *path) {
    MUST(close(MUST(open(path, O_CREAT | O_RDWR, 0600))));
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list(const char *path) {
    char *names[64];
    int count = 0;
    DIR *directory = opendir(path);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        names[count++] = strdup(entry->d_name);
    }
    closedir(directory);
    qsort(names, count, sizeof *names, by_text);
    for (int i = 0; i < count; i++) {
        printf("%s ", names[i]);
    }
    puts("");
}

CASE(entries_have_the_numbers_and_types_of_stat) {
    make("file");
    MUST(mkdir("dir", 0755));
    MUST(symlink("x", "link"));
    MUST(mkfifo("fifo", 0600));
    MUST(mknod("sock", S_IFSOCK | 0600, 0));
    DIR *directory = opendir(".");
    int count = 0, wrong = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL; count++) {
        struct stat about;
        MUST(lstat(entry->d_name, &about));
        wrong += about.st_ino != entry->d_ino || IFTODT(about.st_mode) != entry->d_type;
    }
    SHOW(count);
    SHOW(wrong);
    list(".");
}

CASE(small_buffers_are_filled_or_refused) {
    make("a-name-of-some-length");
    int directory = MUST(open(".", O_RDONLY));
    char buffer[1024];
    SHOW(syscall(SYS_getdents64, directory, buffer, 16));
    SHOW(syscall(SYS_getdents64, directory, buffer, 0));
    SHOW(syscall(SYS_getdents64, directory, (void *)8, 1024));
    int total = 0, calls = 0;
    for (long n; (n = syscall(SYS_getdents64, directory, buffer, 48)) > 0; calls++) {
        total += n;
    }
    SHOW(total);
    SHOW(syscall(SYS_getdents64, directory, buffer, 1024));
    make("f");
    int file = MUST(open("f", O_RDONLY));
    SHOW(syscall(SYS_getdents64, file, buffer, 1024));
    SHOW(syscall(SYS_getdents64, 77, buffer, 1024));
    int path = MUST(open(".", O_PATH));
    SHOW(syscall(SYS_getdents64, path, buffer, 1024));
}

CASE(positions_can_be_remembered) {
    char name[16];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "f%02d", i);
        make(name);
    }
    DIR *directory = opendir(".");
    for (int i = 0; i < 10; i++) {
        readdir(directory);
    }
    long place = telldir(directory);
    char *next = strdup(readdir(directory)->d_name);
    int rest = 0;
    while (readdir(directory) != NULL) {
        rest++;
    }
    SHOW(rest);
    seekdir(directory, place);
    SHOW(strcmp(readdir(directory)->d_name, next));
    rewinddir(directory);
    int all = 0;
    while (readdir(directory) != NULL) {
        all++;
    }
    SHOW(all);
}

CASE(removing_while_reading_misses_nothing) {
    char name[16];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "f%03d", i);
        make(name);
    }
    DIR *directory = opendir(".");
    int removed = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == 'f') {
            MUST(unlink(entry->d_name));
            removed++;
        }
    }
    SHOW(removed);
    rewinddir(directory);
    int left = 0;
    while (readdir(directory) != NULL) {
        left++;
    }
    SHOW(left);
}

CASE(a_removed_directory_has_no_entries) {
    MUST(mkdir("d", 0755));
    int directory = MUST(open("d", O_RDONLY));
    MUST(rmdir("d"));
    char buffer[1024];
    SHOW(syscall(SYS_getdents64, directory, buffer, sizeof buffer));
    SHOW(openat(directory, "f", O_CREAT | O_RDWR, 0600));
    SHOW(fchdir(directory));
    SHOW(access("..", F_OK));
}

CASE(many_files_in_one_directory) {
    char name[16];
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "f%d", i);
        make(name);
    }
    DIR *directory = opendir(".");
    int count = 0;
    long sum = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == 'f') {
            count++;
            sum += atoi(entry->d_name + 1);
        }
    }
    SHOW(count);
    SHOW(sum);
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "f%d", i);
        MUST(unlink(name));
    }
    list(".");
}

CASE(positions_of_open_directories) {
    make("a");
    make("b");
    int directory = MUST(open(".", O_RDONLY));
    char buffer[1024];
    SHOW(syscall(SYS_getdents64, directory, buffer, sizeof buffer) > 0);
    SHOW(syscall(SYS_getdents64, directory, buffer, sizeof buffer));
    make("c");
    SHOW(lseek(directory, 0, SEEK_SET));
    SHOW(syscall(SYS_getdents64, directory, buffer, sizeof buffer) > 0);
    SHOW(lseek(directory, -1, SEEK_SET));
    SHOW(lseek(directory, 0, 9));
    list(".");
}

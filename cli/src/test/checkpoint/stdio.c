// Standard input, output and error: what they are, whatever the numbers outside are.
#include "checkpoint.h"

#include <poll.h>
#include <sys/ioctl.h>

static void identities(struct stat *found) {
    for (int i = 0; i < 3; i++) {
        memset(&found[i], 0, sizeof found[i]);
        if (fstat(i, &found[i]) != 0) {
            found[i].st_ino = errno;
        }
    }
}

static void same_identities(const struct stat *before, const struct stat *after) {
    for (int i = 0; i < 3; i++) {
        if (before[i].st_ino != after[i].st_ino || before[i].st_dev != after[i].st_dev) {
            wrong(__FILE__, __LINE__, "%d was %ld:%ld and is %ld:%ld", i, (long)before[i].st_dev,
                  (long)before[i].st_ino, (long)after[i].st_dev, (long)after[i].st_ino);
        }
        EQUAL(after[i].st_mode & S_IFMT, before[i].st_mode & S_IFMT);
    }
}

CASE(identity) {
    struct stat before[3], after[3];
    identities(before);
    CHECKPOINT();
    identities(after);
    same_identities(before, after);
}

CASE(identity_of_duplicates) {
    struct stat before[3], after;
    for (int i = 0; i < 3; i++) {
        MUST(dup2(i, 100 + i));
        MUST(dup2(i, 110 + i));
    }
    identities(before);
    CHECKPOINT();
    for (int i = 0; i < 3; i++) {
        EQUAL(fstat(100 + i, &after), 0);
        EQUAL(after.st_ino, before[i].st_ino);
        EQUAL(fstat(110 + i, &after), 0);
        EQUAL(after.st_dev, before[i].st_dev);
    }
    close(0);
    EQUAL(dup(100), 0);
    EQUAL(fstat(0, &after), 0);
    EQUAL(after.st_ino, before[0].st_ino);
}

CASE(identity_by_path) {
    struct stat before[3], after;
    char path[32];
    identities(before);
    CHECKPOINT();
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/dev/fd/%d", i);
        EQUAL(stat(path, &after), 0);
        EQUAL(after.st_ino, before[i].st_ino);
        snprintf(path, sizeof path, "/proc/self/fd/%d", i);
        EQUAL(stat(path, &after), 0);
        EQUAL(after.st_dev, before[i].st_dev);
    }
}

CASE(names_of_links) {
    char before[3][256] = {"", "", ""}, after[256], path[32];
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", i);
        MUST(readlink(path, before[i], 255));
    }
    CHECKPOINT();
    for (int i = 0; i < 3; i++) {
        memset(after, 0, sizeof after);
        snprintf(path, sizeof path, "/proc/self/fd/%d", i);
        MUST(readlink(path, after, 255));
        SAME(after, before[i]);
    }
}

CASE(closed_and_replaced) {
    make("file", "replaced");
    close(0);
    EQUAL(open("file", O_RDONLY), 0);
    close(2);
    CHECKPOINT();
    char bytes[16] = "";
    EQUAL(read(0, bytes, 15), 8);
    SAME(bytes, "replaced");
    FAILS(fcntl(2, F_GETFD), EBADF);
    EQUAL(dup(1), 2);
    struct stat one, two;
    fstat(1, &one);
    fstat(2, &two);
    EQUAL(one.st_ino, two.st_ino);
}

CASE(children_share_it) {
    struct stat before[3];
    identities(before);
    int go[2];
    MUST(pipe(go));
    pid_t child = BLOCKED({
        char byte;
        EQUAL(read(go[0], &byte, 1), 1);
        struct stat after[3];
        identities(after);
        same_identities(before, after);
    });
    CHECKPOINT();
    EQUAL(write(go[1], "x", 1), 1);
    ENDED(child);
}

CASE(flags_of_it) {
    int flags[3], kept[3];
    for (int i = 0; i < 3; i++) {
        flags[i] = fcntl(i, F_GETFL);
        kept[i] = fcntl(i, F_GETFD);
    }
    MUST(fcntl(1, F_SETFD, FD_CLOEXEC));
    CHECKPOINT();
    for (int i = 0; i < 3; i++) {
        EQUAL(fcntl(i, F_GETFL), flags[i]);
        EQUAL(fcntl(i, F_GETFD), i == 1 ? FD_CLOEXEC : kept[i]);
    }
}

CASE(read_of_standard_input_that_waits) {
    if (lseek(0, 0, SEEK_CUR) != -1) {
        return;
    }
    // The one who answers at the gate answers here: the gate itself is a read that waits.
    struct pollfd polled = {0, POLLIN, 0};
    CHECKPOINT();
    EQUAL(poll(&polled, 1, 0) >= 0, 1);
}

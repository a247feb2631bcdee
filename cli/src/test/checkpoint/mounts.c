// Mounts, as far as whoever runs this may make any.
#include "checkpoint.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>

// A tree of mounts of its own, on Linux; a sandbox has one.
static int may_mount(void) {
    return inside()
           || (unshare(CLONE_NEWNS) == 0
               && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
}

CASE(tmpfs_with_files) {
    if (!may_mount()) {
        return;
    }
    MUST(mkdir("at", 0755));
    MUST(mount("none", "at", "tmpfs", MS_NOSUID, "size=1m,mode=0711"));
    make("at/file", "on tmpfs");
    struct stat before, after;
    MUST(stat("at/file", &before));
    CHECKPOINT();
    SAME(content("at/file"), "on tmpfs");
    EQUAL(stat("at/file", &after), 0);
    EQUAL(after.st_ino, before.st_ino);
    EQUAL(after.st_dev, before.st_dev);
    EQUAL(stat("at", &after), 0);
    EQUAL(after.st_mode & 07777, 0711);
    struct statfs status;
    EQUAL(statfs("at", &status), 0);
    EQUAL(status.f_blocks * status.f_bsize, 1 << 20);
    TRUE(strstr(content("/proc/self/mountinfo"), "nosuid") != NULL);
    int file = MUST(open("at/large", O_RDWR | O_CREAT, 0600));
    static char bytes[1 << 20];
    memset(bytes, 1, sizeof bytes);
    TRUE(write(file, bytes, sizeof bytes) < (ssize_t)sizeof bytes);
    EQUAL(umount("at") == -1 && errno == EBUSY, 1);
    close(file);
    EQUAL(umount("at"), 0);
    FAILS(access("at/file", F_OK), ENOENT);
}

CASE(bound_directory) {
    if (!may_mount()) {
        return;
    }
    MUST(mkdir("from", 0755));
    MUST(mkdir("to", 0755));
    MUST(mount("from", "to", NULL, MS_BIND, NULL));
    MUST(mount(NULL, "to", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    make("from/file", "bound");
    CHECKPOINT();
    SAME(content("to/file"), "bound");
    FAILS(open("to/file", O_WRONLY), EROFS);
    make("from/file", "changed");
    SAME(content("to/file"), "changed");
    EQUAL(umount("to"), 0);
    FAILS(access("to/file", F_OK), ENOENT);
}

CASE(moved_mount) {
    if (!may_mount()) {
        return;
    }
    MUST(mkdir("from", 0755));
    MUST(mkdir("to", 0755));
    MUST(mount("none", "from", "tmpfs", 0, NULL));
    make("from/file", "moved");
    MUST(mount("from", "to", NULL, MS_MOVE, NULL));
    CHECKPOINT();
    FAILS(access("from/file", F_OK), ENOENT);
    SAME(content("to/file"), "moved");
    EQUAL(umount("to"), 0);
}

CASE(detached_mount_with_an_open_file) {
    if (!may_mount()) {
        return;
    }
    MUST(mkdir("at", 0755));
    MUST(mount("none", "at", "tmpfs", 0, NULL));
    make("at/file", "detached");
    int file = MUST(open("at/file", O_RDWR));
    int directory = MUST(open("at", O_RDONLY | O_DIRECTORY));
    MUST(umount2("at", MNT_DETACH));
    CHECKPOINT();
    char bytes[16] = "";
    EQUAL(read(file, bytes, 15), 8);
    SAME(bytes, "detached");
    FAILS(access("at/file", F_OK), ENOENT);
    int same_file = MUST(openat(directory, "file", O_RDONLY));
    EQUAL(read(same_file, bytes, 15), 8);
}

CASE(mount_upon_a_mount) {
    if (!may_mount()) {
        return;
    }
    MUST(mkdir("at", 0755));
    make("at/file", "below");
    MUST(mount("none", "at", "tmpfs", 0, NULL));
    make("at/file", "first");
    MUST(mount("none", "at", "tmpfs", 0, NULL));
    make("at/file", "second");
    CHECKPOINT();
    SAME(content("at/file"), "second");
    EQUAL(umount("at"), 0);
    SAME(content("at/file"), "first");
    EQUAL(umount("at"), 0);
    SAME(content("at/file"), "below");
}

CASE(bound_file) {
    if (!may_mount()) {
        return;
    }
    make("from", "source");
    make("to", "covered");
    MUST(mount("from", "to", NULL, MS_BIND, NULL));
    CHECKPOINT();
    SAME(content("to"), "source");
    EQUAL(umount("to"), 0);
    SAME(content("to"), "covered");
}

CASE(another_proc) {
    if (!may_mount()) {
        return;
    }
    MUST(mkdir("proc", 0755));
    MUST(mount("none", "proc", "proc", MS_RDONLY, NULL));
    CHECKPOINT();
    char path[64], expected[64];
    snprintf(path, sizeof path, "proc/%d/comm", getpid());
    snprintf(expected, sizeof expected, "/proc/%d/comm", getpid());
    char first[64];
    strcpy(first, content(path));
    SAME(content(expected), first);
    EQUAL(umount("proc"), 0);
}

// open(2), openat2(2): flags, resolution, unnamed files.
#include "oracle.h"
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static long openat2(int directory, const char *path, unsigned long flags, unsigned long mode,
                    unsigned long resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return syscall(SYS_openat2, directory, path, &how, sizeof how);
}

static void make(const char *path, const char *content) {
    int file = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    MUST(write(file, content, strlen(content)));
    MUST(close(file));
}

// Closes what was opened; keeps what was not.
static long shut(long file) {
    if (file >= 0) {
        close(file);
        return 0;
    }
    return file;
}

CASE(exclusive_creation_refuses_what_exists) {
    SHOW(shut(open("f", O_RDWR | O_CREAT | O_EXCL, 0600)));
    SHOW(shut(open("f", O_RDWR | O_CREAT | O_EXCL, 0600)));
    MUST(symlink("nowhere", "dangling"));
    SHOW(shut(open("dangling", O_RDWR | O_CREAT | O_EXCL, 0600)));
    SHOW(shut(open("dangling", O_RDWR | O_CREAT, 0600)));
    SHOW(access("nowhere", F_OK));
    MUST(mkdir("d", 0755));
    SHOW(shut(open("d", O_RDWR | O_CREAT | O_EXCL, 0600)));
    SHOW(shut(open("d", O_RDONLY | O_CREAT, 0600)));
    SHOW(shut(open("d/", O_RDONLY | O_CREAT, 0600)));
    SHOW(shut(open("new/", O_RDONLY | O_CREAT, 0600)));
    SHOW(shut(open(".", O_RDONLY | O_CREAT | O_EXCL, 0600)));
}

CASE(directories_open_for_reading_only) {
    MUST(mkdir("d", 0755));
    make("f", "x");
    SHOW(shut(open("d", O_RDONLY)));
    SHOW(shut(open("d", O_WRONLY)));
    SHOW(shut(open("d", O_RDWR)));
    SHOW(shut(open("d", O_RDONLY | O_TRUNC)));
    SHOW(shut(open("f", O_RDONLY | O_DIRECTORY)));
    SHOW(shut(open("d", O_RDONLY | O_DIRECTORY)));
    SHOW(shut(open("d", O_RDONLY | O_DIRECTORY | O_CREAT, 0600)));
    SHOW(shut(open("n", O_RDONLY | O_DIRECTORY | O_CREAT, 0600)));
    SHOW(shut(open("n", O_RDONLY | O_DIRECTORY)));
    int directory = MUST(open("d", O_RDONLY));
    char byte;
    SHOW(read(directory, &byte, 1));
    SHOW(write(directory, &byte, 1));
    SHOW(pread(directory, &byte, 1, 0));
    SHOW(ftruncate(directory, 0));
}

CASE(symbolic_links_are_followed_or_not) {
    make("f", "x");
    MUST(symlink("f", "l"));
    MUST(symlink("l", "ll"));
    MUST(symlink("loop", "loop"));
    SHOW(shut(open("l", O_RDONLY)));
    SHOW(shut(open("ll", O_RDONLY)));
    SHOW(shut(open("l", O_RDONLY | O_NOFOLLOW)));
    SHOW(shut(open("loop", O_RDONLY)));
    SHOW(shut(open("loop/x", O_RDONLY)));
    SHOW(shut(open("l/", O_RDONLY)));
    SHOW(shut(open("l/x", O_RDONLY)));
    SHOW(shut(open("l", O_RDONLY | O_DIRECTORY)));
    SHOW(shut(open("l", O_RDONLY | O_NOFOLLOW | O_DIRECTORY)));
}

CASE(forty_links_may_be_followed) {
    make("l0", "x");
    for (int i = 1; i <= 42; i++) {
        char from[16], to[16];
        snprintf(from, sizeof from, "l%d", i - 1);
        snprintf(to, sizeof to, "l%d", i);
        MUST(symlink(from, to));
    }
    SHOW(access("l40", R_OK));
    SHOW(access("l41", R_OK));
}

CASE(names_and_paths_have_limits) {
    char name[300];
    memset(name, 'n', sizeof name);
    name[255] = 0;
    SHOW(mkdir(name, 0755));
    name[255] = 'n';
    name[256] = 0;
    SHOW(mkdir(name, 0755));
    SHOW(open(name, O_RDONLY));
    SHOW(unlink(name));
    SHOW(rename("nothing", name));
    static char path[5000];
    for (int i = 0; i < 4096; i += 2) {
        memcpy(path + i, "./", 2);
    }
    path[4094] = '.';
    path[4095] = 0;
    SHOW(access(path, F_OK));
    path[4095] = '/';
    path[4096] = 0;
    SHOW(access(path, F_OK));
    SHOW(symlink(path, "l"));
    SHOW(access("", F_OK));
    SHOW(open("", O_RDONLY));
    SHOW(symlink("", "l"));
    SHOW(access("missing/..", F_OK));
    SHOW(access("../../../../../../../../../../../../..", F_OK));
}

CASE(path_only_descriptors_name_files) {
    make("f", "hello");
    MUST(symlink("f", "l"));
    MUST(mkdir("d", 0755));
    int file = SHOW(open("f", O_PATH));
    char bytes[8];
    SHOW(read(file, bytes, 1));
    SHOW(write(file, bytes, 1));
    SHOW(lseek(file, 0, SEEK_SET));
    SHOW(ftruncate(file, 0));
    SHOW(fchmod(file, 0600));
    SHOW(fchown(file, 0, 0));
    SHOW(fcntl(file, F_GETFD));
    SHOW(fcntl(file, F_GETFL) == O_PATH);
    SHOW(fcntl(file, F_SETFL, O_NONBLOCK));
    SHOW(fsync(file));
    SHOW(flock(file, 2));
    SHOW(ioctl(file, 0, 0));
    struct stat about;
    SHOW(fstat(file, &about));
    SHOW(about.st_size);
    int link = SHOW(open("l", O_PATH | O_NOFOLLOW));
    SHOW(fstat(link, &about));
    SHOW(S_ISLNK(about.st_mode));
    SHOW(readlinkat(link, "", bytes, sizeof bytes));
    SHOW(readlinkat(file, "", bytes, sizeof bytes));
    int directory = SHOW(open("d", O_PATH));
    SHOW(shut(openat(directory, "x", O_CREAT | O_RDWR, 0600)));
    SHOW(fchdir(directory));
    SHOW(access("x", F_OK));
    SHOW(openat(file, "x", O_RDONLY));
    SHOW(fchdir(file));
}

CASE(status_flags_are_kept_and_changed) {
    int file = MUST(open("f", O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK | O_TRUNC, 0600));
    SHOW(fcntl(file, F_GETFL) & ~O_LARGEFILE & ~0100000);
    SHOW(fcntl(file, F_SETFL, O_WRONLY | O_CREAT | O_SYNC));
    SHOW(fcntl(file, F_GETFL) & ~0100000);
    int sync = MUST(open("f", O_WRONLY | O_SYNC));
    SHOW(fcntl(sync, F_GETFL) & ~0100000);
    int data = MUST(open("f", O_WRONLY | O_DSYNC));
    SHOW(fcntl(data, F_GETFL) & ~0100000);
    int quiet = MUST(open("f", O_RDONLY | O_NOATIME));
    SHOW(fcntl(quiet, F_GETFL) & ~0100000);
    SHOW(fcntl(quiet, F_SETFL, 0));
    SHOW(fcntl(quiet, F_GETFL) & ~0100000);
    int both = open("f", 3);
    SHOW(both >= 0);
    char byte;
    SHOW(read(both, &byte, 1));
    SHOW(write(both, &byte, 1));
}

CASE(unnamed_files_live_by_their_descriptor) {
    int file = SHOW(open(".", O_TMPFILE | O_RDWR, 0640));
    struct stat about;
    MUST(fstat(file, &about));
    SHOW(about.st_nlink);
    SHOW(about.st_mode);
    SHOW(write(file, "hello", 5));
    SHOW(lseek(file, 0, SEEK_SET));
    char bytes[8] = "";
    SHOW(read(file, bytes, sizeof bytes));
    puts(bytes);
    SHOW(fcntl(file, F_GETFL) & ~0100000);
    SHOW(open(".", O_TMPFILE | O_RDONLY, 0600));
    SHOW(open("missing", O_TMPFILE | O_RDWR, 0600));
    make("f", "");
    SHOW(open("f", O_TMPFILE | O_RDWR, 0600));
    SHOW(open(".", (O_TMPFILE & ~O_DIRECTORY) | O_RDWR, 0600));
    SHOW(open(".", O_TMPFILE | O_CREAT | O_RDWR, 0600));
}

CASE(unnamed_files_can_be_given_a_name) {
    int file = MUST(open(".", O_TMPFILE | O_RDWR, 0600));
    MUST(write(file, "hello", 5));
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    SHOW(linkat(AT_FDCWD, link, AT_FDCWD, "byproc", AT_SYMLINK_FOLLOW));
    SHOW(linkat(file, "", AT_FDCWD, "byempty", AT_EMPTY_PATH));
    struct stat about;
    MUST(stat("byproc", &about));
    SHOW(about.st_nlink);
    SHOW(about.st_size);
    int closed = MUST(open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600));
    SHOW(linkat(closed, "", AT_FDCWD, "never", AT_EMPTY_PATH));
    SHOW(linkat(file, "", AT_FDCWD, "never", 0));
    MUST(unlink("byproc"));
    MUST(unlink("byempty"));
    SHOW(linkat(file, "", AT_FDCWD, "never", AT_EMPTY_PATH));
}

CASE(openat2_checks_its_structure) {
    make("f", "x");
    SHOW(shut(openat2(AT_FDCWD, "f", O_RDONLY, 0, 0)));
    SHOW(openat2(AT_FDCWD, "f", O_RDONLY, 0600, 0));
    SHOW(openat2(AT_FDCWD, "g", O_RDWR | O_CREAT, 010000, 0));
    SHOW(openat2(AT_FDCWD, "f", O_RDONLY | (1UL << 40), 0, 0));
    SHOW(openat2(AT_FDCWD, "f", O_RDONLY, 0, 1 << 20));
    SHOW(openat2(AT_FDCWD, "f", O_PATH | O_RDWR, 0, 0));
    SHOW(openat2(AT_FDCWD, "f", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
    struct {
        struct open_how how;
        long more;
    } large = {.more = 0};
    SHOW(shut(syscall(SYS_openat2, AT_FDCWD, "f", &large, sizeof large)));
    large.more = 1;
    SHOW(syscall(SYS_openat2, AT_FDCWD, "f", &large, sizeof large));
    SHOW(syscall(SYS_openat2, AT_FDCWD, "f", &large, 8));
    SHOW(syscall(SYS_openat2, AT_FDCWD, "f", NULL, sizeof large.how));
    SHOW(syscall(SYS_openat2, AT_FDCWD, "f", &large, 5000));
}

CASE(openat2_confines_a_walk) {
    MUST(mkdir("d", 0755));
    MUST(mkdir("d/e", 0755));
    make("f", "x");
    make("d/f", "x");
    MUST(symlink("../f", "d/out"));
    MUST(symlink("f", "d/in"));
    MUST(symlink("/f", "d/top"));
    MUST(symlink("e/../f", "d/around"));
    int directory = MUST(open("d", O_PATH));
    SHOW(shut(openat2(directory, "f", O_RDONLY, 0, RESOLVE_BENEATH)));
    SHOW(shut(openat2(directory, "in", O_RDONLY, 0, RESOLVE_BENEATH)));
    SHOW(shut(openat2(directory, "around", O_RDONLY, 0, RESOLVE_BENEATH)));
    SHOW(shut(openat2(directory, "out", O_RDONLY, 0, RESOLVE_BENEATH)));
    SHOW(shut(openat2(directory, "../f", O_RDONLY, 0, RESOLVE_BENEATH)));
    SHOW(shut(openat2(directory, "/f", O_RDONLY, 0, RESOLVE_BENEATH)));
    SHOW(shut(openat2(directory, "top", O_RDONLY, 0, RESOLVE_BENEATH)));
    SHOW(shut(openat2(directory, "top", O_RDONLY, 0, RESOLVE_IN_ROOT)));
    SHOW(shut(openat2(directory, "/f", O_RDONLY, 0, RESOLVE_IN_ROOT)));
    SHOW(shut(openat2(directory, "../../f", O_RDONLY, 0, RESOLVE_IN_ROOT)));
    SHOW(shut(openat2(directory, "in", O_RDONLY, 0, RESOLVE_NO_SYMLINKS)));
    SHOW(shut(openat2(directory, "in", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS)));
    SHOW(shut(openat2(directory, "f", O_RDONLY, 0, RESOLVE_NO_SYMLINKS)));
    SHOW(shut(openat2(AT_FDCWD, "/proc/self/exe", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS)));
    SHOW(shut(openat2(AT_FDCWD, "/proc/self/status", O_RDONLY, 0, RESOLVE_NO_XDEV)));
    SHOW(shut(openat2(directory, "e/..", O_RDONLY, 0, RESOLVE_NO_XDEV)));
}

CASE(descriptors_are_the_lowest_free) {
    int first = MUST(open(".", O_RDONLY));
    int second = MUST(open(".", O_RDONLY));
    SHOW(second - first);
    MUST(close(first));
    SHOW(open(".", O_RDONLY) - first);
    struct rlimit limit = {16, 16};
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    int last = 0;
    for (int file; (file = open(".", O_RDONLY)) >= 0;) {
        last = file;
    }
    SHOW(last);
    SHOW(open(".", O_RDONLY));
}

CASE(umask_takes_permissions_away) {
    struct stat about;
    umask(027);
    SHOW(umask(01077));
    SHOW(umask(077));
    MUST(shut(open("f", O_CREAT | O_RDWR, 0777)));
    MUST(stat("f", &about));
    SHOW(about.st_mode);
    MUST(mkdir("d", 01777));
    MUST(stat("d", &about));
    SHOW(about.st_mode);
    umask(0);
    MUST(mkdir("e", 07777));
    MUST(stat("e", &about));
    SHOW(about.st_mode);
    MUST(shut(open("g", O_CREAT | O_RDWR, 07777)));
    MUST(stat("g", &about));
    SHOW(about.st_mode);
}

CASE(creation_with_no_permission_still_opens) {
    int file = SHOW(open("f", O_CREAT | O_RDWR, 0));
    SHOW(write(file, "x", 1));
    struct stat about;
    MUST(fstat(file, &about));
    SHOW(about.st_mode);
}

CASE(truncation_on_opening) {
    make("f", "hello");
    struct stat about;
    MUST(shut(open("f", O_RDONLY)));
    MUST(stat("f", &about));
    SHOW(about.st_size);
    MUST(shut(open("f", O_WRONLY | O_TRUNC)));
    MUST(stat("f", &about));
    SHOW(about.st_size);
    make("f", "hello");
    MUST(shut(creat("f", 0600)));
    MUST(stat("f", &about));
    SHOW(about.st_size);
    SHOW(about.st_mode);
}

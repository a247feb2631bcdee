// Names: mkdir, rmdir, unlink, rename, link, symlink, mknod.
#include "oracle.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

static void make(const char *path, const char *content) {
    int file = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    MUST(write(file, content, strlen(content)));
    MUST(close(file));
}

static void show_content(const char *path) {
    char bytes[64] = "";
    int file = open(path, O_RDONLY);
    if (file < 0) {
        printf("%s: %s\n", path, strerrorname_np(errno));
        return;
    }
    MUST(read(file, bytes, sizeof bytes - 1));
    printf("%s: %s\n", path, bytes);
    close(file);
}

CASE(mkdir_and_rmdir) {
    SHOW(mkdir("d", 0755));
    SHOW(mkdir("d", 0755));
    SHOW(mkdir("d/", 0755));
    SHOW(mkdir("e/", 0755));
    SHOW(mkdir("x/y", 0755));
    SHOW(mkdir(".", 0755));
    SHOW(mkdir("..", 0755));
    SHOW(mkdir("/", 0755));
    SHOW(rmdir("."));
    SHOW(rmdir("d/."));
    SHOW(rmdir("d/.."));
    SHOW(rmdir("/"));
    make("d/f", "");
    SHOW(rmdir("d"));
    SHOW(rmdir("d/f"));
    SHOW(rmdir("d/f/"));
    SHOW(unlink("d/f"));
    SHOW(rmdir("d/"));
    SHOW(rmdir("d"));
    MUST(symlink("e", "l"));
    SHOW(rmdir("l"));
    SHOW(rmdir("l/"));
    SHOW(mkdir("l", 0755));
    MUST(symlink("nowhere", "dangling"));
    SHOW(mkdir("dangling", 0755));
}

CASE(unlink_removes_no_directory) {
    MUST(mkdir("d", 0755));
    make("f", "");
    SHOW(unlink("d"));
    SHOW(unlink("d/"));
    SHOW(unlink("f/"));
    SHOW(unlink("f/x"));
    SHOW(unlink("."));
    SHOW(unlink("/"));
    SHOW(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR));
    SHOW(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
    SHOW(unlinkat(AT_FDCWD, "f", 7));
    MUST(symlink("f", "l"));
    SHOW(unlink("l"));
    SHOW(access("f", F_OK));
    SHOW(unlink("missing/f"));
}

CASE(rename_replaces) {
    make("a", "A");
    make("b", "B");
    SHOW(rename("a", "b"));
    show_content("a");
    show_content("b");
    SHOW(rename("b", "b"));
    show_content("b");
    SHOW(rename("missing", "b"));
    SHOW(rename("b", "missing/x"));
    SHOW(rename("b/", "c"));
    SHOW(rename("b", "c/"));
    SHOW(rename(".", "c"));
    SHOW(rename("b", ".."));
    SHOW(rename("b", "/"));
}

CASE(rename_of_directories) {
    MUST(mkdir("d", 0755));
    MUST(mkdir("d/sub", 0755));
    MUST(mkdir("empty", 0755));
    MUST(mkdir("full", 0755));
    make("full/f", "F");
    make("f", "f");
    SHOW(rename("d", "d/sub/x"));
    SHOW(rename("d", "d/x"));
    SHOW(rename("d/sub", "d"));
    SHOW(rename("d", "f"));
    SHOW(rename("f", "d"));
    SHOW(rename("d", "full"));
    SHOW(rename("d", "empty"));
    SHOW(access("empty/sub", F_OK));
    SHOW(rename("empty/", "moved/"));
    SHOW(access("moved/sub", F_OK));
    SHOW(rename("full", "moved/sub"));
    show_content("moved/sub/f");
    SHOW(access("full", F_OK));
}

CASE(rename_with_flags) {
    make("a", "A");
    make("b", "B");
    MUST(mkdir("d", 0755));
    make("d/f", "F");
    SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE));
    SHOW(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE));
    SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "b", RENAME_EXCHANGE));
    show_content("b");
    show_content("c");
    SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "d", RENAME_EXCHANGE));
    show_content("b/f");
    show_content("d");
    SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "missing", RENAME_EXCHANGE));
    SHOW(renameat2(AT_FDCWD, "b", AT_FDCWD, "b/x", RENAME_EXCHANGE));
    SHOW(renameat2(AT_FDCWD, "b/f", AT_FDCWD, "b", RENAME_EXCHANGE));
    SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "x", RENAME_EXCHANGE | RENAME_NOREPLACE));
    SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, "x", 1 << 10));
    SHOW(renameat2(AT_FDCWD, "c", AT_FDCWD, ".", RENAME_NOREPLACE));
}

CASE(rename_keeps_open_files_and_hard_links) {
    make("a", "A");
    MUST(link("a", "b"));
    SHOW(rename("a", "b"));
    show_content("a");
    show_content("b");
    int file = MUST(open("a", O_RDONLY));
    make("c", "C");
    SHOW(rename("c", "a"));
    char byte;
    SHOW(read(file, &byte, 1));
    SHOW(byte);
    show_content("a");
    show_content("b");
    struct stat about;
    MUST(fstat(file, &about));
    SHOW(about.st_nlink);
}

CASE(hard_links) {
    make("f", "x");
    MUST(mkdir("d", 0755));
    MUST(symlink("f", "l"));
    struct stat about, other;
    SHOW(link("f", "g"));
    MUST(stat("f", &about));
    MUST(stat("g", &other));
    SHOW(about.st_nlink);
    SHOW(about.st_ino == other.st_ino);
    SHOW(link("f", "g"));
    SHOW(link("d", "e"));
    SHOW(link("missing", "e"));
    SHOW(link("f", "d"));
    SHOW(link("f", "e/"));
    SHOW(link("f/", "e"));
    SHOW(link("l", "m"));
    MUST(lstat("m", &about));
    SHOW(S_ISLNK(about.st_mode));
    SHOW(linkat(AT_FDCWD, "l", AT_FDCWD, "n", AT_SYMLINK_FOLLOW));
    MUST(lstat("n", &about));
    SHOW(S_ISREG(about.st_mode));
    SHOW(about.st_nlink);
    SHOW(linkat(AT_FDCWD, "f", AT_FDCWD, "o", 1));
    MUST(unlink("f"));
    MUST(stat("g", &about));
    SHOW(about.st_nlink);
}

CASE(symbolic_links_hold_any_text) {
    char text[16];
    SHOW(symlink("some text", "l"));
    SHOW(symlink("x", "l"));
    SHOW(symlink("x", "m/"));
    SHOW(symlink("x", "missing/l"));
    SHOW(readlink("l", text, sizeof text));
    printf("%.9s\n", text);
    SHOW(readlink("l", text, 4));
    SHOW(readlink("l", text, 0));
    SHOW(syscall(SYS_readlink, "l", text, -1));
    SHOW(readlink(".", text, sizeof text));
    SHOW(readlink("missing", text, sizeof text));
    SHOW(readlink("l/", text, sizeof text));
    SHOW(syscall(SYS_readlink, "l", 8, 4));
}

CASE(links_lead_through_directories) {
    MUST(mkdir("d", 0755));
    MUST(mkdir("d/e", 0755));
    make("d/f", "F");
    MUST(symlink("d/e", "l"));
    show_content("l/../f");
    MUST(symlink("../f", "d/e/up"));
    show_content("l/up");
    SHOW(chdir("l"));
    char where[4096];
    MUST(getcwd(where, sizeof where) != NULL);
    puts(strrchr(where, '/'));
    show_content("../f");
    MUST(symlink("/", "top"));
    SHOW(access("top/proc/self", F_OK));
    SHOW(access("top/../..", F_OK));
}

CASE(a_removed_working_directory) {
    MUST(mkdir("d", 0755));
    MUST(chdir("d"));
    MUST(rmdir("../d"));
    char where[4096];
    SHOW(syscall(SYS_getcwd, where, sizeof where));
    SHOW(access(".", F_OK));
    SHOW(open("f", O_CREAT | O_RDWR, 0600));
    SHOW(mkdir("e", 0755));
    SHOW(open(".", O_RDONLY) >= 0);
    SHOW(symlink("x", "l"));
    struct stat about;
    SHOW(stat(".", &about));
    SHOW(about.st_nlink);
    SHOW(chdir(".."));
    SHOW(rename("x", "y"));
}

CASE(getcwd_checks_its_room) {
    MUST(mkdir("somewhere", 0755));
    MUST(chdir("somewhere"));
    char where[4096];
    SHOW(syscall(SYS_getcwd, where, 3));
    SHOW(syscall(SYS_getcwd, where, 0));
    SHOW(syscall(SYS_getcwd, NULL, 4096));
    SHOW(syscall(SYS_getcwd, where, 4096) == (long)strlen(where) + 1);
    SHOW(chdir("missing"));
    make("f", "");
    SHOW(chdir("f"));
    SHOW(fchdir(77));
    SHOW(chroot("f"));
    SHOW(chroot("missing"));
}

CASE(chroot_confines) {
    MUST(mkdir("jail", 0755));
    MUST(mkdir("jail/in", 0755));
    make("out", "O");
    make("jail/in/f", "F");
    MUST(symlink("/in/f", "jail/abs"));
    SHOW(chroot("jail"));
    show_content("out");
    SHOW(chdir("/"));
    show_content("in/../../../in/f");
    show_content("abs");
    char where[64];
    SHOW(syscall(SYS_getcwd, where, sizeof where));
    puts(where);
    SHOW(access("/proc", F_OK));
}

CASE(mknod_makes_devices_that_work) {
    char bytes[4] = "xxx";
    SHOW(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
    SHOW(mknod("null", S_IFCHR | 0666, makedev(1, 3)));
    SHOW(mknod("zero", S_IFCHR | 0666, makedev(1, 5)));
    SHOW(mknod("full", S_IFCHR | 0666, makedev(1, 7)));
    SHOW(mknod("f", S_IFREG | 0600, 0));
    SHOW(mknod("g", 0600, 0));
    SHOW(mknod("d", S_IFDIR | 0600, 0));
    SHOW(mknod("l", S_IFLNK | 0600, 0));
    SHOW(mknod("x", 0150000 | 0600, 0));
    struct stat about;
    MUST(stat("zero", &about));
    SHOW(major(about.st_rdev));
    SHOW(minor(about.st_rdev));
    int file = SHOW(open("null", O_RDWR));
    SHOW(write(file, "abc", 3));
    SHOW(read(file, bytes, 3));
    file = open("zero", O_RDWR);
    SHOW(read(file, bytes, 3));
    SHOW(bytes[0]);
    file = open("full", O_RDWR);
    SHOW(write(file, "abc", 3));
    SHOW(read(file, bytes, 3));
    SHOW(mknod("strange", S_IFCHR | 0666, makedev(200, 77)));
    SHOW(open("strange", O_RDWR));
}

CASE(devices_everyone_has) {
    char bytes[16] = "";
    const char *names[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
    for (int i = 0; i < 5; i++) {
        struct stat about;
        int file = MUST(open(names[i], O_RDWR));
        MUST(fstat(file, &about));
        printf("%s %d %d\n", names[i], major(about.st_rdev), minor(about.st_rdev));
        SHOW(read(file, bytes, 16));
        SHOW(write(file, bytes, 2));
        SHOW(lseek(file, 100, SEEK_SET) >= 0);
        SHOW(ftruncate(file, 0));
        SHOW(fsync(file));
        close(file);
    }
    SHOW(close(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0600)));
}

CASE(symlinkat_linkat_and_friends_take_directories) {
    MUST(mkdir("d", 0755));
    int directory = MUST(open("d", O_RDONLY | O_DIRECTORY));
    SHOW(mkdirat(directory, "e", 0755));
    SHOW(symlinkat("e", directory, "l"));
    SHOW(mknodat(directory, "n", 0600, 0));
    SHOW(linkat(directory, "n", directory, "m", 0));
    SHOW(renameat(directory, "m", AT_FDCWD, "m"));
    SHOW(faccessat(directory, "l", F_OK, 0));
    SHOW(unlinkat(directory, "n", 0));
    char text[8];
    SHOW(readlinkat(directory, "l", text, sizeof text));
    make("f", "");
    int file = MUST(open("f", O_RDONLY));
    SHOW(mkdirat(file, "x", 0755));
    SHOW(mkdirat(77, "x", 0755));
    char absolute[4200];
    MUST(getcwd(absolute, 4096) != NULL);
    strcat(absolute, "/abs");
    SHOW(mkdirat(77, absolute, 0755));
    SHOW(openat(77, "x", O_RDONLY));
    MUST(unlinkat(AT_FDCWD, "d/l", 0));
    MUST(rmdir("d/e"));
    MUST(rmdir("d"));
    SHOW(mkdirat(directory, "x", 0755));
    SHOW(openat(directory, ".", O_RDONLY) >= 0);
}

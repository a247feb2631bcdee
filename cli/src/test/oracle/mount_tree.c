// mount(2), umount2(2), pivot_root(2): each case in a mount namespace of its own, if there are such.
#include "files.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

// In a sandbox there is one namespace, and nobody else in it.
static void private_mounts(void) {
    unshare(CLONE_NEWNS);
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

CASE(a_tmpfs_covers_a_directory) {
    private_mounts();
    MUST(mkdir("d", 0755));
    make("d/below", "below");
    SHOW(mount("tmp", "d", "tmpfs", 0, "size=1m,mode=700"));
    show_content("d/below");
    make("d/above", "above");
    show_content("d/above");
    struct stat about;
    MUST(stat("d", &about));
    SHOW(about.st_mode);
    struct statfs room;
    MUST(statfs("d", &room));
    SHOW(room.f_type);
    SHOW(room.f_blocks);
    int file = MUST(open("d/large", O_CREAT | O_RDWR, 0600));
    SHOW(ftruncate(file, 4 << 20));
    static char bytes[2 << 20];
    SHOW(write(file, bytes, sizeof bytes) <= 1 << 20);
    SHOW(write(file, bytes, sizeof bytes));
    SHOW(umount("d"));
    MUST(close(file));
    SHOW(umount("d"));
    show_content("d/below");
    show_content("d/above");
    SHOW(umount("d"));
}

CASE(arguments_of_mount_are_checked) {
    private_mounts();
    MUST(mkdir("d", 0755));
    make("f", "");
    SHOW(mount("x", "d", "nosuchfs", 0, NULL));
    SHOW(mount("x", "d", NULL, 0, NULL));
    SHOW(mount("x", "missing", "tmpfs", 0, NULL));
    SHOW(mount("x", "f", "tmpfs", 0, NULL));
    SHOW(mount("x", "d", "tmpfs", 0, "nosuchoption"));
    SHOW(mount("x", "d", "tmpfs", 0, "size=abc"));
    SHOW(mount("x", NULL, "tmpfs", 0, NULL));
    SHOW(mount(NULL, "d", NULL, MS_BIND, NULL));
    SHOW(mount("missing", "d", NULL, MS_BIND, NULL));
    SHOW(mount("f", "d", NULL, MS_BIND, NULL));
    SHOW(mount("d", "f", NULL, MS_BIND, NULL));
    SHOW(mount(NULL, "d", NULL, MS_REMOUNT, NULL));
    SHOW(mount("d", "d", NULL, MS_MOVE, NULL));
    SHOW(umount2("d", 1 << 20));
    SHOW(umount2("missing", 0));
    SHOW(umount2("f", 0));
}

CASE(bind_mounts_show_a_place_twice) {
    private_mounts();
    MUST(mkdir("a", 0755));
    MUST(mkdir("b", 0755));
    make("a/f", "F");
    SHOW(mount("a", "b", NULL, MS_BIND, NULL));
    show_content("b/f");
    make("b/g", "G");
    show_content("a/g");
    SHOW(rename("a/f", "b/h"));
    SHOW(link("a/f", "b/h"));
    struct stat one, two;
    MUST(stat("a", &one));
    MUST(stat("b", &two));
    SHOW(one.st_ino == two.st_ino && one.st_dev == two.st_dev);
    SHOW(rmdir("b"));
    SHOW(rename("b", "c"));
    SHOW(chdir("b"));
    char where[4096];
    MUST(getcwd(where, sizeof where) != NULL);
    puts(strrchr(where, '/'));
    SHOW(chdir(".."));
    show_content("a/f");
    SHOW(umount("b"));
    show_content("b/f");
}

CASE(single_files_can_be_bound) {
    private_mounts();
    make("a", "A");
    make("b", "B");
    SHOW(mount("a", "b", NULL, MS_BIND, NULL));
    show_content("b");
    make("b", "AA");
    show_content("a");
    SHOW(unlink("b"));
    SHOW(rename("a", "b"));
    SHOW(umount("b"));
    show_content("b");
}

CASE(read_only_mounts_refuse_changes) {
    private_mounts();
    MUST(mkdir("d", 0755));
    SHOW(mount("tmp", "d", "tmpfs", 0, NULL));
    make("d/f", "F");
    int file = MUST(open("d/f", O_RDWR));
    SHOW(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    MUST(close(file));
    SHOW(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
    SHOW(open("d/f", O_RDWR));
    SHOW(open("d/f", O_RDONLY) >= 0);
    SHOW(open("d/new", O_RDWR | O_CREAT, 0600));
    SHOW(mkdir("d/e", 0755));
    SHOW(unlink("d/f"));
    SHOW(chmod("d/f", 0600));
    SHOW(rename("d/f", "d/g"));
    SHOW(truncate("d/f", 0));
    SHOW(access("d/f", W_OK));
    SHOW(utimensat(AT_FDCWD, "d/f", NULL, 0));
    SHOW(link("d/f", "d/g"));
    SHOW(symlink("x", "d/l"));
    SHOW(open("d/f", O_RDONLY | O_TRUNC));
    SHOW(mount(NULL, "d", NULL, MS_REMOUNT | MS_BIND, NULL));
    SHOW(unlink("d/f"));
}

CASE(recursive_binds_take_what_is_below) {
    private_mounts();
    MUST(mkdir("a", 0755));
    MUST(mkdir("a/sub", 0755));
    MUST(mkdir("flat", 0755));
    MUST(mkdir("deep", 0755));
    MUST(mount("tmp", "a/sub", "tmpfs", 0, NULL));
    make("a/sub/f", "F");
    SHOW(mount("a", "flat", NULL, MS_BIND, NULL));
    SHOW(mount("a", "deep", NULL, MS_BIND | MS_REC, NULL));
    show_content("flat/sub/f");
    show_content("deep/sub/f");
    SHOW(umount("deep"));
    SHOW(umount2("deep", MNT_DETACH));
    SHOW(access("deep/sub", F_OK));
    show_content("a/sub/f");
}

CASE(recursive_binds_may_lie_in_what_they_show) {
    private_mounts();
    MUST(mkdir("d", 0755));
    MUST(mount("outer", "d", "tmpfs", 0, ""));
    MUST(mkdir("d/inner", 0755));
    MUST(mount("inner", "d/inner", "tmpfs", 0, ""));
    MUST(mkdir("d/inner/again", 0755));
    make("d/inner/file", "inner");
    SHOW(mount("d", "d/inner/again", NULL, MS_BIND | MS_REC, NULL));
    show_content("d/inner/again/inner/file");
    SHOW(access("d/inner/again/inner/again/inner", F_OK));
    SHOW(umount2("d", MNT_DETACH));
    SHOW(access("d/inner", F_OK));
}

CASE(mounts_on_mounts_go_together) {
    private_mounts();
    MUST(mkdir("d", 0755));
    int made = 0;
    while (made < 3000 && mount("tmp", "d", "tmpfs", 0, "") == 0) {
        made++;
    }
    printf("%d mounts\n", made);
    SHOW(mkdir("other", 0755));
    SHOW(mount("d", "other", NULL, MS_BIND | MS_REC, NULL));
    SHOW(umount2("other", MNT_DETACH));
    while (umount2("d", 0) == 0) {
        made--;
    }
    printf("%d mounts left\n", made);
}

CASE(mounts_can_be_moved) {
    private_mounts();
    MUST(mkdir("a", 0755));
    MUST(mkdir("b", 0755));
    MUST(mount("tmp", "a", "tmpfs", 0, NULL));
    make("a/f", "F");
    MUST(mkdir("a/in", 0755));
    SHOW(mount("a", "a/in", NULL, MS_MOVE, NULL));
    SHOW(mount("a", "b", NULL, MS_MOVE, NULL));
    show_content("a/f");
    show_content("b/f");
    SHOW(umount("a"));
    SHOW(umount("b"));
}

CASE(mounts_can_be_stacked) {
    private_mounts();
    MUST(mkdir("d", 0755));
    MUST(mount("one", "d", "tmpfs", 0, NULL));
    make("d/f", "one");
    MUST(mount("two", "d", "tmpfs", 0, NULL));
    show_content("d/f");
    make("d/f", "two");
    show_content("d/../d/f");
    SHOW(umount("d"));
    show_content("d/f");
    SHOW(umount("d"));
    show_content("d/f");
}

CASE(busy_mounts_stay) {
    private_mounts();
    MUST(mkdir("d", 0755));
    MUST(mount("tmp", "d", "tmpfs", 0, NULL));
    make("d/f", "F");
    MUST(mkdir("d/e", 0755));
    int file = MUST(open("d/f", O_RDONLY));
    SHOW(umount("d"));
    MUST(close(file));
    MUST(chdir("d/e"));
    SHOW(umount("../../d"));
    MUST(chdir("../.."));
    MUST(mount("tmp", "d/e", "tmpfs", 0, NULL));
    SHOW(umount("d"));
    file = MUST(open("d/f", O_RDONLY));
    SHOW(umount2("d", MNT_DETACH));
    char bytes[4] = "";
    SHOW(read(file, bytes, 3));
    puts(bytes);
    SHOW(access("d/f", F_OK));
    SHOW(umount2("d", MNT_DETACH));
}

CASE(mounting_needs_a_capability) {
    private_mounts();
    MUST(mkdir("d", 0755));
    MUST(mount("tmp", "d", "tmpfs", 0, NULL));
    MUST(setresuid(1000, 1000, 1000));
    SHOW(mount("tmp", "/", "tmpfs", 0, NULL));
    SHOW(mount("/", "/", NULL, MS_BIND, NULL));
    SHOW(mount("tmp", "/missing", "tmpfs", 0, NULL));
    SHOW(umount("/"));
    SHOW(umount("/proc"));
}

CASE(dot_dot_leads_out_of_mounts) {
    private_mounts();
    MUST(mkdir("d", 0755));
    MUST(mkdir("d/e", 0755));
    make("outside", "O");
    MUST(mount("tmp", "d/e", "tmpfs", 0, NULL));
    MUST(mkdir("d/e/in", 0755));
    show_content("d/e/../../outside");
    show_content("d/e/in/../../../outside");
    MUST(chdir("d/e/in"));
    show_content("../../../outside");
    int top = MUST(open("..", O_PATH));
    SHOW(fchdir(top));
    show_content("../../outside");
    char where[4096];
    MUST(getcwd(where, sizeof where) != NULL);
    puts(strrchr(where, '/'));
}

CASE(noexec_and_nodev_are_kept) {
    private_mounts();
    MUST(mkdir("d", 0755));
    MUST(mount("tmp", "d", "tmpfs", MS_NOEXEC | MS_NODEV | MS_NOSUID, NULL));
    MUST(mknod("d/null", S_IFCHR | 0666, 0x103));
    SHOW(open("d/null", O_RDWR));
    int file = MUST(open("d/f", O_WRONLY | O_CREAT, 0755));
    MUST(write(file, "#!/bin/sh\n", 10));
    MUST(close(file));
    SHOW(access("d/f", X_OK));
    SHOW(execl("d/f", "f", NULL));
    struct statfs about;
    MUST(statfs("d", &about));
    SHOW(about.f_flags & 15);
}

CASE(the_root_can_be_exchanged) {
    private_mounts();
    MUST(mkdir("new", 0755));
    SHOW(syscall(SYS_pivot_root, "new", "new"));
    MUST(mount("tmp", "new", "tmpfs", 0, NULL));
    MUST(mkdir("new/old", 0755));
    make("new/f", "F");
    SHOW(syscall(SYS_pivot_root, "new", "."));
    SHOW(syscall(SYS_pivot_root, "new", "new/old"));
    show_content("/f");
    SHOW(chdir("/"));
    show_content("f");
    SHOW(access("/old/proc", F_OK));
    SHOW(umount2("/old", MNT_DETACH));
    SHOW(access("/old/proc", F_OK));
    SHOW(rmdir("/old"));
}

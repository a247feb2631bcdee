// Owners, permissions, times: chmod, chown, utimensat, access, stat, statx, statfs.
#include "oracle.h"
#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <time.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static void make(const char *path, int mode) {
    MUST(close(MUST(open(path, O_CREAT | O_RDWR, 0600))));
    MUST(chmod(path, mode));
}

static int mode_of(const char *path) {
    struct stat about;
    MUST(lstat(path, &about));
    return about.st_mode;
}

static void become(int uid, int gid) {
    gid_t groups[] = {gid};
    MUST(setgroups(1, groups));
    MUST(setresgid(gid, gid, gid));
    MUST(setresuid(uid, uid, uid));
}

// The directory of a case belongs to root alone, perhaps: what others use lies in one for all.
static void enter_public_directory(void) {
    MUST(mkdir("public", 0777));
    MUST(chmod("public", 0777));
    MUST(chdir("public"));
}

CASE(chmod_sets_permission_bits) {
    make("f", 0600);
    SHOW(chmod("f", 0755));
    SHOW(mode_of("f"));
    SHOW(chmod("f", 07777));
    SHOW(mode_of("f"));
    SHOW(chmod("f", 0177777));
    SHOW(mode_of("f"));
    int file = MUST(open("f", O_RDONLY));
    SHOW(fchmod(file, 0));
    SHOW(mode_of("f"));
    SHOW(chmod("missing", 0600));
    SHOW(chmod("f/", 0600));
    MUST(symlink("f", "l"));
    SHOW(chmod("l", 0640));
    SHOW(mode_of("f"));
    SHOW(syscall(SYS_fchmodat2, AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW));
    SHOW(syscall(SYS_fchmodat2, AT_FDCWD, "f", 0604, 0));
    SHOW(syscall(SYS_fchmodat2, file, "", 0606, AT_EMPTY_PATH));
    SHOW(syscall(SYS_fchmodat2, AT_FDCWD, "f", 0600, 1));
    SHOW(mode_of("f"));
}

CASE(chown_clears_set_id_bits) {
    make("f", 06755);
    SHOW(chown("f", 1000, -1));
    SHOW(mode_of("f"));
    struct stat about;
    MUST(stat("f", &about));
    SHOW(about.st_uid);
    SHOW(about.st_gid);
    MUST(chmod("f", 02745));
    SHOW(chown("f", -1, 2000));
    SHOW(mode_of("f"));
    MUST(mkdir("d", 0755));
    MUST(chmod("d", 06755));
    SHOW(chown("d", 1000, 1000));
    SHOW(mode_of("d"));
    MUST(symlink("f", "l"));
    SHOW(lchown("l", 7, 8));
    MUST(lstat("l", &about));
    SHOW(about.st_uid);
    MUST(stat("f", &about));
    SHOW(about.st_uid);
    SHOW(fchownat(AT_FDCWD, "l", 9, 9, 0));
    MUST(stat("f", &about));
    SHOW(about.st_uid);
    SHOW(fchownat(AT_FDCWD, "f", 9, 9, 1 << 20));
}

CASE(writing_clears_set_id_bits_for_others) {
    enter_public_directory();
    make("f", 06777);
    make("g", 02767);
    become(1000, 1000);
    int file = MUST(open("f", O_WRONLY));
    SHOW(mode_of("f"));
    SHOW(write(file, "x", 1));
    SHOW(mode_of("f"));
    int other = MUST(open("g", O_WRONLY));
    SHOW(write(other, "x", 1));
    SHOW(mode_of("g"));
}

CASE(truncating_clears_set_id_bits_for_others) {
    enter_public_directory();
    make("f", 06777);
    make("g", 06777);
    become(1000, 1000);
    SHOW(truncate("f", 10));
    SHOW(mode_of("f"));
    SHOW(close(open("g", O_WRONLY | O_TRUNC)));
    SHOW(mode_of("g"));
}

CASE(root_keeps_set_id_bits_when_writing) {
    make("f", 06777);
    int file = MUST(open("f", O_WRONLY));
    SHOW(write(file, "x", 1));
    SHOW(mode_of("f"));
    SHOW(ftruncate(file, 0));
    SHOW(mode_of("f"));
}

CASE(permissions_of_owner_group_and_others) {
    enter_public_directory();
    make("owner", 0400);
    make("group", 0040);
    make("others", 0004);
    make("none", 0000);
    make("notowner", 0077);
    MUST(chown("owner", 1000, 2000));
    MUST(chown("group", 3000, 1000));
    MUST(chown("notowner", 1000, 2000));
    become(1000, 1000);
    SHOW(open("owner", O_RDONLY) >= 0);
    SHOW(open("owner", O_WRONLY));
    SHOW(open("group", O_RDONLY) >= 0);
    SHOW(open("group", O_RDWR));
    SHOW(open("others", O_RDONLY) >= 0);
    SHOW(open("none", O_RDONLY));
    SHOW(open("notowner", O_RDONLY));
    SHOW(open("none", O_PATH) >= 0);
    SHOW(chmod("none", 0777));
    SHOW(chmod("owner", 0000));
    SHOW(chown("owner", 2, -1));
    SHOW(chown("owner", -1, 1000));
    SHOW(chown("owner", -1, 5));
    SHOW(chown("owner", 1000, -1));
}

CASE(directories_need_search_permission) {
    enter_public_directory();
    MUST(mkdir("d", 0755));
    make("d/f", 0644);
    MUST(mkdir("closed", 0700));
    make("closed/f", 0644);
    MUST(mkdir("listonly", 0744));
    make("listonly/f", 0644);
    MUST(mkdir("nolist", 0711));
    make("nolist/f", 0644);
    become(1000, 1000);
    SHOW(open("closed/f", O_RDONLY));
    SHOW(open("closed/missing", O_RDONLY));
    SHOW(open("listonly/f", O_RDONLY));
    SHOW(open("listonly", O_RDONLY) >= 0);
    SHOW(open("nolist", O_RDONLY));
    SHOW(open("nolist/f", O_RDONLY) >= 0);
    SHOW(chdir("closed"));
    SHOW(chdir("nolist"));
    SHOW(chdir(".."));
    SHOW(unlink("d/f"));
    SHOW(mkdir("d/g", 0755));
    SHOW(rename("d/f", "f"));
    SHOW(symlink("x", "d/l"));
    SHOW(access("closed/f", F_OK));
}

CASE(root_passes_permissions_but_not_execution) {
    make("f", 0000);
    SHOW(access("f", R_OK | W_OK));
    SHOW(access("f", X_OK));
    SHOW(open("f", O_RDWR) >= 0);
    MUST(chmod("f", 0001));
    SHOW(access("f", X_OK));
    MUST(mkdir("d", 0000));
    SHOW(access("d", R_OK | W_OK | X_OK));
    SHOW(access("f", 8));
    SHOW(access("f", -1));
}

CASE(sticky_directories_protect_entries) {
    MUST(mkdir("t", 01777));
    MUST(chmod("t", 01777));
    make("t/theirs", 0666);
    make("t/mine", 0666);
    MUST(chown("t/mine", 1000, 1000));
    MUST(mkdir("t/d", 0777));
    MUST(chmod(".", 0755));
    become(1000, 1000);
    MUST(chdir("t"));
    SHOW(unlink("theirs"));
    SHOW(rename("theirs", "x"));
    SHOW(rename("mine", "theirs"));
    SHOW(rmdir("d"));
    SHOW(rename("mine", "y"));
    SHOW(unlink("y"));
}

CASE(set_group_id_directories_pass_their_group_on) {
    MUST(mkdir("d", 0777));
    MUST(chown("d", 0, 4000));
    MUST(chmod("d", 02777));
    make("d/f", 0644);
    MUST(mkdir("d/e", 0755));
    struct stat about;
    MUST(stat("d/f", &about));
    SHOW(about.st_gid);
    MUST(stat("d/e", &about));
    SHOW(about.st_gid);
    SHOW(about.st_mode);
    MUST(chmod(".", 0755));
    become(1000, 1000);
    int file = MUST(open("d/g", O_CREAT | O_RDWR, 02775));
    MUST(fstat(file, &about));
    SHOW(about.st_gid);
    SHOW(about.st_mode);
    SHOW(fchmod(file, 02775));
    MUST(fstat(file, &about));
    SHOW(about.st_mode);
}

CASE(access_uses_the_real_ids) {
    enter_public_directory();
    make("f", 0600);
    MUST(setresuid(1000, 0, 0));
    SHOW(access("f", R_OK));
    SHOW(faccessat(AT_FDCWD, "f", R_OK, 0));
    SHOW(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
    SHOW(open("f", O_RDONLY) >= 0);
    MUST(setresuid(0, 0, 0));
    MUST(symlink("missing", "l"));
    SHOW(syscall(SYS_faccessat2, AT_FDCWD, "l", F_OK, 0));
    SHOW(syscall(SYS_faccessat2, AT_FDCWD, "l", F_OK, AT_SYMLINK_NOFOLLOW));
    SHOW(syscall(SYS_faccessat2, AT_FDCWD, "f", F_OK, 1));
    int file = MUST(open("f", O_RDONLY));
    SHOW(syscall(SYS_faccessat2, file, "", R_OK, AT_EMPTY_PATH));
}

CASE(file_system_ids_count_for_files) {
    enter_public_directory();
    make("f", 0600);
    SHOW(setfsuid(1000));
    SHOW(setfsuid(-1));
    SHOW(open("f", O_RDONLY));
    SHOW(access("f", R_OK));
    int made = MUST(open("g", O_CREAT | O_RDWR, 0600));
    struct stat about;
    MUST(fstat(made, &about));
    SHOW(about.st_uid);
}

static void show_times(const char *path) {
    struct stat about;
    MUST(lstat(path, &about));
    printf("%ld.%09ld %ld.%09ld\n", about.st_atim.tv_sec, about.st_atim.tv_nsec,
           about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
}

CASE(times_are_set_left_or_now) {
    make("f", 0600);
    struct timespec both[2] = {{100, 5}, {200, 7}};
    SHOW(utimensat(AT_FDCWD, "f", both, 0));
    show_times("f");
    struct timespec second[2] = {{0, UTIME_OMIT}, {300, 0}};
    SHOW(utimensat(AT_FDCWD, "f", second, 0));
    show_times("f");
    struct timespec none[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
    SHOW(utimensat(AT_FDCWD, "missing", none, 0));
    struct timespec bad[2] = {{0, 1000000000}, {0, 0}};
    SHOW(utimensat(AT_FDCWD, "f", bad, 0));
    SHOW(utimensat(AT_FDCWD, "f", both, 77));
    struct timespec now[2] = {{0, UTIME_NOW}, {7, 7}};
    SHOW(utimensat(AT_FDCWD, "f", now, 0));
    struct stat about;
    MUST(stat("f", &about));
    SHOW(about.st_atime >= time(NULL) - 10);
    SHOW(about.st_mtime);
    MUST(symlink("f", "l"));
    SHOW(utimensat(AT_FDCWD, "l", both, AT_SYMLINK_NOFOLLOW));
    show_times("l");
    int file = MUST(open("f", O_RDONLY));
    SHOW(futimens(file, both));
    show_times("f");
    struct timeval old[2] = {{5, 6}, {7, 8}};
    SHOW(utimes("f", old));
    show_times("f");
    old[0].tv_usec = 1000000;
    SHOW(utimes("f", old));
    struct timespec negative[2] = {{-5, 1}, {-7, 1}};
    SHOW(utimensat(AT_FDCWD, "f", negative, 0));
    show_times("f");
}

CASE(times_need_ownership_or_write_permission) {
    enter_public_directory();
    make("writable", 0666);
    make("readable", 0644);
    struct timespec both[2] = {{100, 5}, {200, 7}};
    struct timespec now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    struct timespec half[2] = {{0, UTIME_NOW}, {0, UTIME_OMIT}};
    become(1000, 1000);
    SHOW(utimensat(AT_FDCWD, "writable", NULL, 0));
    SHOW(utimensat(AT_FDCWD, "writable", now, 0));
    SHOW(utimensat(AT_FDCWD, "writable", both, 0));
    SHOW(utimensat(AT_FDCWD, "writable", half, 0));
    SHOW(utimensat(AT_FDCWD, "readable", NULL, 0));
    SHOW(utimensat(AT_FDCWD, "readable", both, 0));
}

static long changed(const char *path, int which) {
    struct stat about;
    MUST(stat(path, &about));
    struct timespec t = which == 'a' ? about.st_atim : which == 'm' ? about.st_mtim : about.st_ctim;
    return t.tv_sec > 1000;
}

CASE(changes_move_the_times) {
    struct timespec old[2] = {{100, 0}, {100, 0}};
    make("f", 0600);
    MUST(mkdir("d", 0755));
    int file = MUST(open("f", O_RDWR));
    MUST(utimensat(AT_FDCWD, "f", old, 0));
    SHOW(changed("f", 'c'));
    MUST(write(file, "x", 1));
    SHOW(changed("f", 'm'));
    SHOW(changed("f", 'a'));
    MUST(utimensat(AT_FDCWD, "f", old, 0));
    char byte;
    MUST(pread(file, &byte, 1, 0));
    SHOW(changed("f", 'a'));
    SHOW(changed("f", 'm'));
    MUST(utimensat(AT_FDCWD, "f", old, 0));
    MUST(ftruncate(file, 0));
    SHOW(changed("f", 'm'));
    MUST(utimensat(AT_FDCWD, "d", old, 0));
    make("d/f", 0600);
    SHOW(changed("d", 'm'));
    MUST(utimensat(AT_FDCWD, "d", old, 0));
    MUST(unlink("d/f"));
    SHOW(changed("d", 'm'));
    MUST(utimensat(AT_FDCWD, "f", old, 0));
    MUST(chmod("f", 0640));
    SHOW(changed("f", 'm'));
    MUST(utimensat(AT_FDCWD, "d", old, 0));
    MUST(rename("f", "d/f"));
    SHOW(changed("d", 'm'));
}

CASE(stat_tells_kinds_and_links) {
    struct stat about;
    MUST(mkdir("d", 0755));
    MUST(mkdir("d/a", 0755));
    MUST(mkdir("d/b", 0755));
    MUST(stat("d", &about));
    SHOW(about.st_nlink);
    SHOW(S_ISDIR(about.st_mode));
    MUST(rmdir("d/a"));
    MUST(stat("d", &about));
    SHOW(about.st_nlink);
    MUST(symlink("seven!!", "l"));
    MUST(lstat("l", &about));
    SHOW(about.st_size);
    SHOW(about.st_mode);
    MUST(mkfifo("p", 0600));
    MUST(stat("p", &about));
    SHOW(S_ISFIFO(about.st_mode));
    SHOW(mknod("s", S_IFSOCK | 0600, 0));
    MUST(stat("s", &about));
    SHOW(S_ISSOCK(about.st_mode));
    SHOW(open("s", O_RDWR));
    make("f", 0600);
    MUST(stat("f", &about));
    SHOW(about.st_blksize);
    SHOW(about.st_nlink);
    SHOW(stat("f", (void *)8));
    SHOW(stat("missing", &about));
    SHOW(stat("f/x", &about));
    SHOW(syscall(SYS_stat, NULL, &about));
    SHOW(lstat("l/", &about));
}

CASE(statx_gives_what_is_asked) {
    make("f", 0640);
    struct statx about;
    SHOW(statx(AT_FDCWD, "f", 0, STATX_BASIC_STATS | STATX_BTIME, &about));
    SHOW((about.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS);
    SHOW(about.stx_mode);
    SHOW(about.stx_size);
    SHOW(about.stx_nlink);
    SHOW(about.stx_btime.tv_sec > 1000);
    SHOW(statx(AT_FDCWD, "f", 0, STATX_MNT_ID, &about));
    SHOW((about.stx_mask & STATX_MNT_ID) != 0);
    SHOW(about.stx_mnt_id > 0);
    SHOW((about.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0);
    SHOW((about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0);
    SHOW(statx(AT_FDCWD, "/proc", 0, STATX_TYPE, &about));
    SHOW((about.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0);
    SHOW(statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, 0, &about));
    SHOW(statx(AT_FDCWD, "f", 0, 0x80000000u, &about));
    SHOW(statx(AT_FDCWD, "f", 1 << 20, 0, &about));
    int file = MUST(open("f", O_RDONLY));
    SHOW(statx(file, "", AT_EMPTY_PATH, STATX_SIZE, &about));
    SHOW(statx(file, "", 0, STATX_SIZE, &about));
    SHOW(syscall(SYS_statx, file, NULL, AT_EMPTY_PATH, STATX_SIZE, &about));
}

CASE(statfs_answers) {
    struct statfs about;
    SHOW(statfs(".", &about));
    SHOW(about.f_bsize);
    SHOW(about.f_namelen);
    SHOW(about.f_blocks > 0);
    SHOW(about.f_bfree <= about.f_blocks);
    SHOW(statfs("missing", &about));
    SHOW(statfs("/proc", &about));
    SHOW(about.f_type);
    SHOW(fstatfs(77, &about));
    int file = MUST(open(".", O_PATH));
    SHOW(fstatfs(file, &about));
}

CASE(capabilities_are_lost_with_root) {
    enter_public_directory();
    make("f", 0600);
    MUST(setresuid(1000, 1000, 0));
    SHOW(open("f", O_RDONLY));
    SHOW(chown("f", 1000, 1000));
    SHOW(mknod("n", S_IFCHR | 0600, makedev(1, 3)));
    SHOW(mknod("p", S_IFIFO | 0600, 0));
    SHOW(chroot("."));
    MUST(setresuid(0, 0, 0));
    SHOW(open("f", O_RDONLY) >= 0);
}

// Users and groups: who may become whom, and what is told of it. Begun as root.
#include "oracle.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>

// The C library changes all threads, and adds checks of its own: these are the bare calls.
#define CALL(name, ...) syscall(SYS_##name __VA_OPT__(, ) __VA_ARGS__)

static void show_users(void) {
    uid_t real, effective, saved;
    MUST(getresuid(&real, &effective, &saved));
    printf("users %d %d %d files %d\n", real, effective, saved, (int)CALL(setfsuid, -1));
}

static void show_groups(void) {
    gid_t real, effective, saved;
    MUST(getresgid(&real, &effective, &saved));
    printf("groups %d %d %d files %d\n", real, effective, saved, (int)CALL(setfsgid, -1));
}

CASE(root_becomes_a_user_for_good) {
    SHOW(CALL(setuid, 1000));
    show_users();
    SHOW(CALL(setuid, 0));
    SHOW(CALL(setuid, 1001));
    SHOW(CALL(setuid, 1000));
    show_users();
}

CASE(root_becomes_a_group_for_good_once_it_is_no_root) {
    SHOW(CALL(setgid, 1000));
    show_groups();
    SHOW(CALL(setgid, 1001));
    MUST(CALL(setuid, 1000));
    SHOW(CALL(setgid, 0));
    SHOW(CALL(setgid, 1001));
    show_groups();
}

CASE(the_effective_user_can_go_back_to_the_saved_one) {
    SHOW(CALL(setresuid, 1000, 1000, 0));
    show_users();
    SHOW(CALL(setuid, 0));
    show_users();
    SHOW(CALL(setuid, 1000));
    show_users();
}

CASE(setreuid_swaps_real_and_effective) {
    MUST(CALL(setresuid, 1000, 1001, 1002));
    show_users();
    SHOW(CALL(setreuid, 1001, 1000));
    show_users();
    SHOW(CALL(setreuid, 1002, -1));
    SHOW(CALL(setreuid, -1, 1001));
    show_users();
    SHOW(CALL(setreuid, -1, -1));
    show_users();
}

CASE(setreuid_saves_the_effective_user) {
    MUST(CALL(setresuid, 1000, 1001, 1002));
    SHOW(CALL(setreuid, -1, 1002));
    show_users();
    SHOW(CALL(setreuid, -1, 1001));
    show_users();
    SHOW(CALL(setreuid, -1, 1000));
    show_users();
}

CASE(setregid_saves_the_effective_group) {
    MUST(CALL(setresgid, 1000, 1001, 1002));
    MUST(CALL(setresuid, 7, 7, 7));
    SHOW(CALL(setregid, -1, 1002));
    show_groups();
    SHOW(CALL(setregid, 1002, 1000));
    show_groups();
    SHOW(CALL(setregid, 1003, -1));
    SHOW(CALL(setregid, -1, 1003));
    SHOW(CALL(setregid, -1, 1000));
    show_groups();
}

CASE(setresuid_takes_what_is_there_in_any_place) {
    MUST(CALL(setresuid, 1000, 1001, 1002));
    SHOW(CALL(setresuid, 1002, 1000, 1001));
    show_users();
    SHOW(CALL(setresuid, -1, 1002, -1));
    show_users();
    SHOW(CALL(setresuid, 1000, 1000, 1003));
    SHOW(CALL(setresuid, 1004, -1, -1));
    show_users();
}

CASE(setresgid_takes_what_is_there_in_any_place) {
    MUST(CALL(setresgid, 1000, 1001, 1002));
    MUST(CALL(setresuid, 7, 7, 7));
    SHOW(CALL(setresgid, 1002, 1000, 1001));
    show_groups();
    SHOW(CALL(setresgid, -1, 1003, -1));
    SHOW(CALL(setresgid, -1, -1, -1));
    show_groups();
}

CASE(all_ones_is_no_user) {
    SHOW(CALL(setuid, -1));
    SHOW(CALL(setgid, -1));
    SHOW(CALL(setresuid, -1, -1, -1));
    SHOW(CALL(setfsuid, -1));
    show_users();
    show_groups();
}

CASE(great_ids_are_ids) {
    SHOW(CALL(setgid, 0xfffffffe));
    SHOW(CALL(setuid, 0x80000000));
    SHOW(CALL(getuid));
    SHOW(CALL(getegid));
}

CASE(setfsuid_gives_the_old_one_and_never_fails) {
    SHOW(CALL(setfsuid, 1000));
    SHOW(CALL(setfsuid, 1001));
    SHOW(CALL(setfsuid, 0));
    MUST(CALL(setresuid, 1000, 1001, 1002));
    SHOW(CALL(setfsuid, 1000));
    SHOW(CALL(setfsuid, 5));
    SHOW(CALL(setfsuid, 1002));
    SHOW(CALL(setfsuid, 1001));
    show_users();
}

CASE(setfsgid_gives_the_old_one_and_never_fails) {
    SHOW(CALL(setfsgid, 1000));
    SHOW(CALL(setfsgid, 1001));
    MUST(CALL(setresuid, 1000, 1000, 1000));
    SHOW(CALL(setfsgid, 5));
    SHOW(CALL(setfsgid, 0));
    show_groups();
}

CASE(the_effective_user_takes_that_for_files_along) {
    MUST(CALL(setfsuid, 5));
    MUST(CALL(setresuid, -1, 1000, -1));
    show_users();
}

CASE(supplementary_groups_are_sorted) {
    gid_t wanted[] = {30, 10, 20, 10, 4000000000};
    gid_t got[8] = {0};
    SHOW(CALL(setgroups, 5, wanted));
    SHOW(CALL(getgroups, 0, NULL));
    SHOW(CALL(getgroups, 8, got));
    for (int i = 0; i < 5; i++) {
        printf("%u ", got[i]);
    }
    puts("");
    SHOW(CALL(getgroups, 4, got));
    SHOW(CALL(getgroups, -1, got));
    SHOW(CALL(getgroups, 5, 8));
    SHOW(CALL(setgroups, 0, NULL));
    SHOW(CALL(getgroups, 8, got));
}

CASE(supplementary_groups_that_cannot_be) {
    gid_t none[] = {1, -1};
    SHOW(CALL(setgroups, 2, none));
    SHOW(CALL(setgroups, 2, 8));
    SHOW(CALL(setgroups, 65537, none));
    SHOW(CALL(setgroups, -1, none));
    MUST(CALL(setuid, 1000));
    SHOW(CALL(setgroups, 0, NULL));
    SHOW(CALL(setgroups, 65537, none));
}

CASE(ids_cannot_be_written_to_nowhere) {
    uid_t real = 9, effective = 9;
    MUST(CALL(setresuid, 0, 1, 2));
    SHOW(CALL(getresuid, &real, &effective, 8));
    printf("%d %d\n", real, effective);
    SHOW(CALL(getresgid, 8, 8, 8));
}

CASE(files_are_opened_as_the_user_for_files) {
    int file;
    MUST(file = open("secret", O_CREAT | O_RDWR, 0600));
    close(file);
    MUST(chmod(".", 0755));
    MUST(CALL(setfsuid, 1000));
    SHOW(open("secret", O_RDONLY));
    SHOW(access("secret", R_OK));
    MUST(CALL(setfsuid, 0));
    SHOW(close(open("secret", O_RDONLY)));
}

CASE(access_asks_for_the_real_user) {
    int file;
    MUST(file = open("secret", O_CREAT | O_RDWR, 0600));
    close(file);
    MUST(chmod(".", 0755));
    MUST(CALL(setresuid, 1000, 0, 0));
    SHOW(access("secret", R_OK));
    SHOW(faccessat(AT_FDCWD, "secret", R_OK, AT_EACCESS));
    SHOW(close(open("secret", O_RDONLY)));
}

CASE(a_group_member_reads_what_the_group_may) {
    gid_t groups[] = {500};
    struct stat about;
    int file;
    MUST(file = open("shared", O_CREAT | O_RDWR, 0640));
    MUST(fchmod(file, 0640));
    MUST(fchown(file, 0, 500));
    close(file);
    MUST(chmod(".", 0777));
    MUST(CALL(setgroups, 1, groups));
    MUST(CALL(setgid, 600));
    MUST(CALL(setuid, 1000));
    SHOW(close(open("shared", O_RDONLY)));
    SHOW(open("shared", O_RDWR));
    MUST(file = open("mine", O_CREAT | O_RDWR, 0644));
    MUST(fstat(file, &about));
    printf("%d %d\n", about.st_uid, about.st_gid);
    SHOW(fchown(file, -1, 500));
    SHOW(fchown(file, -1, 501));
    SHOW(fchown(file, 1001, -1));
}

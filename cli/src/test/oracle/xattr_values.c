// Extended attributes: getxattr(2) and its kin.
#include "oracle.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

static void make(const char *path) {
    MUST(close(MUST(open(path, O_CREAT | O_RDWR, 0644))));
}

CASE(values_are_set_read_and_removed) {
    make("f");
    char value[64] = "";
    SHOW(getxattr("f", "user.a", value, sizeof value));
    SHOW(setxattr("f", "user.a", "hello", 5, 0));
    SHOW(getxattr("f", "user.a", value, sizeof value));
    puts(value);
    SHOW(getxattr("f", "user.a", NULL, 0));
    SHOW(getxattr("f", "user.a", value, 4));
    SHOW(setxattr("f", "user.a", "J", 1, 0));
    SHOW(getxattr("f", "user.a", value, sizeof value));
    SHOW(setxattr("f", "user.empty", "", 0, 0));
    SHOW(getxattr("f", "user.empty", value, sizeof value));
    SHOW(removexattr("f", "user.a"));
    SHOW(removexattr("f", "user.a"));
    SHOW(getxattr("f", "user.a", value, sizeof value));
    SHOW(getxattr("missing", "user.a", value, sizeof value));
}

CASE(creation_and_replacement_can_be_demanded) {
    make("f");
    SHOW(setxattr("f", "user.a", "1", 1, XATTR_REPLACE));
    SHOW(setxattr("f", "user.a", "1", 1, XATTR_CREATE));
    SHOW(setxattr("f", "user.a", "2", 1, XATTR_CREATE));
    SHOW(setxattr("f", "user.a", "3", 1, XATTR_REPLACE));
    SHOW(setxattr("f", "user.a", "4", 1, 4));
    char value[4] = "";
    SHOW(getxattr("f", "user.a", value, sizeof value));
    puts(value);
}

CASE(names_are_listed) {
    make("f");
    char list[256] = "";
    SHOW(listxattr("f", list, sizeof list));
    MUST(setxattr("f", "user.first", "1", 1, 0));
    SHOW(listxattr("f", NULL, 0));
    SHOW(listxattr("f", list, sizeof list));
    puts(list);
    MUST(setxattr("f", "user.second", "2", 1, 0));
    SHOW(listxattr("f", list, sizeof list));
    SHOW(listxattr("f", list, 5));
    int file = MUST(open("f", O_RDONLY));
    SHOW(flistxattr(file, list, sizeof list));
    SHOW(llistxattr("f", list, sizeof list));
}

CASE(names_are_checked) {
    make("f");
    SHOW(setxattr("f", "", "1", 1, 0));
    SHOW(setxattr("f", "user.", "1", 1, 0));
    SHOW(setxattr("f", "nothing", "1", 1, 0));
    SHOW(setxattr("f", "foreign.a", "1", 1, 0));
    SHOW(getxattr("f", "foreign.a", NULL, 0));
    char name[300] = "user.";
    memset(name + 5, 'n', 251);
    SHOW(setxattr("f", name, "1", 1, 0));
    name[255] = 0;
    SHOW(setxattr("f", name, "1", 1, 0));
    static char large[70000];
    SHOW(setxattr("f", "user.a", large, 65537, 0));
    SHOW(syscall(SYS_setxattr, "f", "user.a", 8, 5, 0));
    SHOW(syscall(SYS_setxattr, "f", 8, "a", 1, 0));
    SHOW(syscall(SYS_getxattr, "f", NULL, large, 5));
}

CASE(links_and_special_files_have_none_of_users) {
    make("f");
    MUST(symlink("f", "l"));
    MUST(mkfifo("p", 0600));
    MUST(mkdir("d", 0755));
    SHOW(setxattr("l", "user.a", "1", 1, 0));
    SHOW(getxattr("f", "user.a", NULL, 0));
    SHOW(lsetxattr("l", "user.a", "1", 1, 0));
    SHOW(lgetxattr("l", "user.a", NULL, 0));
    SHOW(setxattr("p", "user.a", "1", 1, 0));
    SHOW(setxattr("d", "user.a", "1", 1, 0));
    SHOW(getxattr("d", "user.a", NULL, 0));
    SHOW(lsetxattr("l", "trusted.a", "1", 1, 0));
    SHOW(lgetxattr("l", "trusted.a", NULL, 0));
}

CASE(descriptors_name_files) {
    make("f");
    int file = MUST(open("f", O_RDONLY)), path = MUST(open("f", O_PATH));
    SHOW(fsetxattr(file, "user.a", "1", 1, 0));
    SHOW(fgetxattr(file, "user.a", NULL, 0));
    SHOW(fsetxattr(path, "user.a", "1", 1, 0));
    SHOW(fgetxattr(path, "user.a", NULL, 0));
    SHOW(fsetxattr(77, "user.a", "1", 1, 0));
    SHOW(fremovexattr(file, "user.a"));
    SHOW(fgetxattr(file, "user.a", NULL, 0));
}

CASE(trusted_and_security_attributes_are_for_root) {
    MUST(mkdir("public", 0777));
    MUST(chmod("public", 0777));
    MUST(chdir("public"));
    make("f");
    MUST(chmod("f", 0666));
    make("readonly");
    make("hidden");
    MUST(chmod("hidden", 0600));
    SHOW(setxattr("f", "trusted.a", "12", 2, 0));
    SHOW(getxattr("f", "trusted.a", NULL, 0));
    SHOW(setxattr("f", "security.a", "123", 3, 0));
    SHOW(setxattr("hidden", "user.a", "1", 1, 0));
    MUST(setresgid(1000, 1000, 1000));
    MUST(setresuid(1000, 1000, 1000));
    SHOW(getxattr("f", "trusted.a", NULL, 0));
    SHOW(setxattr("f", "trusted.b", "12", 2, 0));
    SHOW(getxattr("f", "security.a", NULL, 0));
    SHOW(setxattr("f", "security.b", "1", 1, 0));
    SHOW(setxattr("f", "user.b", "1", 1, 0));
    SHOW(setxattr("readonly", "user.b", "1", 1, 0));
    SHOW(getxattr("hidden", "user.a", NULL, 0));
    char list[256];
    SHOW(listxattr("f", list, sizeof list));
}

CASE(renaming_and_linking_keep_them) {
    make("f");
    MUST(setxattr("f", "user.a", "1", 1, 0));
    MUST(link("f", "g"));
    MUST(rename("f", "h"));
    SHOW(getxattr("g", "user.a", NULL, 0));
    SHOW(getxattr("h", "user.a", NULL, 0));
    MUST(unlink("h"));
    SHOW(getxattr("g", "user.a", NULL, 0));
    make("h");
    SHOW(getxattr("h", "user.a", NULL, 0));
}

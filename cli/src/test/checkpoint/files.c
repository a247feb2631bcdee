// Files: open, deleted, without a name, locked, shared; directories; the upper layer of the root.
#include "checkpoint.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/xattr.h>

CASE(files_that_were_made) {
    make("plain", "some content");
    MUST(mkdir("dir", 0750));
    make("dir/inner", "inner");
    MUST(symlink("dir/inner", "link"));
    MUST(link("plain", "hard"));
    MUST(mkfifo("fifo", 0640));
    struct stat before[5], after;
    const char *names[] = {"plain", "dir", "dir/inner", "link", "fifo"};
    for (int i = 0; i < 5; i++) {
        MUST(lstat(names[i], &before[i]));
    }
    CHECKPOINT();
    for (int i = 0; i < 5; i++) {
        EQUAL(lstat(names[i], &after), 0);
        EQUAL(after.st_ino, before[i].st_ino);
        EQUAL(after.st_dev, before[i].st_dev);
        EQUAL(after.st_mode, before[i].st_mode);
        EQUAL(after.st_nlink, before[i].st_nlink);
        EQUAL(after.st_size, before[i].st_size);
        EQUAL(after.st_mtim.tv_sec, before[i].st_mtim.tv_sec);
        EQUAL(after.st_mtim.tv_nsec, before[i].st_mtim.tv_nsec);
        EQUAL(after.st_ctim.tv_nsec, before[i].st_ctim.tv_nsec);
    }
    SAME(content("plain"), "some content");
    SAME(content("link"), "inner");
    EQUAL(unlink("plain"), 0);
    SAME(content("hard"), "some content");
}

CASE(open_but_deleted_file) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    EQUAL(write(file, "deleted", 7), 7);
    MUST(unlink("file"));
    CHECKPOINT();
    char bytes[16] = "";
    EQUAL(pread(file, bytes, 15, 0), 7);
    SAME(bytes, "deleted");
    struct stat status;
    EQUAL(fstat(file, &status), 0);
    EQUAL(status.st_nlink, 0);
    EQUAL(write(file, "!", 1), 1);
    EQUAL(fstat(file, &status), 0);
    EQUAL(status.st_size, 8);
    FAILS(access("file", F_OK), ENOENT);
}

CASE(deleted_file_of_which_a_new_one_has_the_name) {
    int old = MUST(open("file", O_RDWR | O_CREAT, 0600));
    EQUAL(write(old, "old", 3), 3);
    MUST(unlink("file"));
    make("file", "new");
    CHECKPOINT();
    char bytes[8] = "";
    EQUAL(pread(old, bytes, 7, 0), 3);
    SAME(bytes, "old");
    SAME(content("file"), "new");
}

CASE(file_without_a_name) {
    int file = open(".", O_RDWR | O_TMPFILE, 0640);
    if (file == -1) {
        return;
    }
    EQUAL(write(file, "nameless", 8), 8);
    CHECKPOINT();
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    EQUAL(linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW), 0);
    SAME(content("named"), "nameless");
}

CASE(memfd_with_seals) {
    int file = MUST(memfd_create("name", MFD_ALLOW_SEALING));
    EQUAL(write(file, "sealed", 6), 6);
    MUST(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK));
    CHECKPOINT();
    EQUAL(fcntl(file, F_GET_SEALS), F_SEAL_WRITE | F_SEAL_SHRINK);
    FAILS(pwrite(file, "x", 1, 0), EPERM);
    FAILS(ftruncate(file, 1), EPERM);
    char bytes[8] = "";
    EQUAL(pread(file, bytes, 7, 0), 6);
    SAME(bytes, "sealed");
    EQUAL(fcntl(file, F_ADD_SEALS, F_SEAL_SEAL), 0);
    FAILS(fcntl(file, F_ADD_SEALS, F_SEAL_GROW), EPERM);
    char path[64], name[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    MUST(readlink(path, name, 63));
    TRUE(strncmp(name, "/memfd:name", 11) == 0);
}

CASE(file_with_holes) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    EQUAL(pwrite(file, "a", 1, 0), 1);
    EQUAL(pwrite(file, "b", 1, 50 << 20), 1);
    MUST(ftruncate(file, 60 << 20));
    struct stat before, after;
    fstat(file, &before);
    CHECKPOINT();
    fstat(file, &after);
    EQUAL(after.st_size, 60 << 20);
    TRUE(after.st_blocks <= before.st_blocks + 16);
    char byte = 1;
    EQUAL(pread(file, &byte, 1, 50 << 20), 1);
    EQUAL(byte, 'b');
    EQUAL(pread(file, &byte, 1, 30 << 20), 1);
    EQUAL(byte, 0);
}

CASE(offset_shared_between_duplicates_and_children) {
    make("file", "0123456789");
    int file = MUST(open("file", O_RDONLY));
    int copy = MUST(dup(file));
    int other = MUST(open("file", O_RDONLY));
    int go[2];
    MUST(pipe(go));
    pid_t child = BLOCKED({
        char byte;
        EQUAL(read(go[0], &byte, 1), 1);
        EQUAL(read(file, &byte, 1), 1);
        EQUAL(byte, '4');
    });
    char bytes[4];
    EQUAL(read(copy, bytes, 3), 3);
    CHECKPOINT();
    EQUAL(lseek(file, 0, SEEK_CUR), 3);
    EQUAL(lseek(other, 0, SEEK_CUR), 0);
    EQUAL(read(file, bytes, 1), 1);
    EQUAL(bytes[0], '3');
    EQUAL(write(go[1], "x", 1), 1);
    ENDED(child);
    EQUAL(lseek(copy, 0, SEEK_CUR), 5);
    EQUAL(syscall(SYS_kcmp, getpid(), getpid(), 0, file, copy) == 0 || errno == ENOSYS, 1);
}

CASE(append_and_other_flags) {
    make("file", "begin ");
    int append = MUST(open("file", O_WRONLY | O_APPEND));
    int path = MUST(open("file", O_PATH | O_CLOEXEC));
    int reader = MUST(open("file", O_RDONLY | O_NOATIME));
    CHECKPOINT();
    EQUAL(fcntl(append, F_GETFL) & (O_ACCMODE | O_APPEND), O_WRONLY | O_APPEND);
    EQUAL(fcntl(path, F_GETFD), FD_CLOEXEC);
    EQUAL(fcntl(reader, F_GETFL) & O_NOATIME, O_NOATIME);
    int writer = MUST(open("file", O_WRONLY));
    EQUAL(pwrite(writer, "BEGIN", 5, 0), 5);
    EQUAL(write(append, "end", 3), 3);
    SAME(content("file"), "BEGIN end");
    char byte;
    FAILS(read(path, &byte, 1), EBADF);
    FAILS(read(append, &byte, 1), EBADF);
    FAILS(write(reader, "x", 1), EBADF);
}

CASE(numbers_of_descriptors_and_their_flags) {
    int file = MUST(open("/dev/null", O_RDWR));
    MUST(dup2(file, 77));
    MUST(dup3(file, 200, O_CLOEXEC));
    MUST(close(file));
    CHECKPOINT();
    EQUAL(fcntl(77, F_GETFD), 0);
    EQUAL(fcntl(200, F_GETFD), FD_CLOEXEC);
    FAILS(fcntl(76, F_GETFD), EBADF);
    EQUAL(dup(77), file);
    EQUAL(write(200, "x", 1), 1);
}

CASE(devices_that_are_open) {
    int null = MUST(open("/dev/null", O_RDWR));
    int zero = MUST(open("/dev/zero", O_RDONLY));
    int random = MUST(open("/dev/urandom", O_RDONLY));
    int full = MUST(open("/dev/full", O_WRONLY));
    struct stat before, after;
    fstat(zero, &before);
    CHECKPOINT();
    fstat(zero, &after);
    EQUAL(after.st_rdev, before.st_rdev);
    EQUAL(after.st_ino, before.st_ino);
    char bytes[16];
    EQUAL(read(null, bytes, 16), 0);
    EQUAL(read(zero, bytes, 16), 16);
    EQUAL(bytes[15], 0);
    EQUAL(read(random, bytes, 16), 16);
    FAILS(write(full, "x", 1), ENOSPC);
}

CASE(open_file_of_the_host) {
    int file = MUST(open("/etc/passwd", O_RDONLY));
    char before[64] = "", after[64] = "";
    EQUAL(read(file, before, 20), 20);
    EQUAL(read(file, before, 20), 20);
    MUST(lseek(file, 20, SEEK_SET));
    struct stat first, second;
    fstat(file, &first);
    CHECKPOINT();
    EQUAL(lseek(file, 0, SEEK_CUR), 20);
    EQUAL(read(file, after, 20), 20);
    SAME(after, before);
    EQUAL(fstat(file, &second), 0);
    EQUAL(second.st_ino, first.st_ino);
    EQUAL(second.st_dev, first.st_dev);
    EQUAL(stat("/etc/passwd", &second), 0);
    EQUAL(second.st_ino, first.st_ino);
}

CASE(upper_layer_over_files_of_the_host) {
    if (!inside()) {
        return;
    }
    MUST(unlink("/etc/hostname") == 0 || errno == ENOENT ? 0 : -1);
    int append = MUST(open("/etc/passwd", O_WRONLY | O_APPEND));
    EQUAL(write(append, "added\n", 6), 6);
    MUST(rename("/etc/shells", "/etc/moved") == 0 || errno == ENOENT ? 0 : -1);
    MUST(chmod("/etc/group", 0600));
    MUST(mkdir("/etc/new", 0700));
    struct stat before, after;
    stat("/etc/passwd", &before);
    CHECKPOINT();
    FAILS(access("/etc/hostname", F_OK), ENOENT);
    FAILS(access("/etc/shells", F_OK), ENOENT);
    EQUAL(stat("/etc/passwd", &after), 0);
    EQUAL(after.st_size, before.st_size);
    EQUAL(after.st_ino, before.st_ino);
    int file = MUST(open("/etc/passwd", O_RDONLY));
    char bytes[8] = "";
    EQUAL(pread(file, bytes, 6, after.st_size - 6), 6);
    SAME(bytes, "added\n");
    EQUAL(stat("/etc/group", &after), 0);
    EQUAL(after.st_mode & 07777, 0600);
    DIR *etc = opendir("/etc");
    int found = 0;
    for (struct dirent *entry; (entry = readdir(etc)) != NULL;) {
        TRUE(strcmp(entry->d_name, "hostname") != 0);
        found += strcmp(entry->d_name, "new") == 0;
    }
    EQUAL(found, 1);
    EQUAL(rmdir("/etc/new"), 0);
}

CASE(directory_position) {
    MUST(mkdir("dir", 0700));
    char name[32];
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof name, "dir/%03d", i);
        make(name, "");
    }
    int directory = MUST(open("dir", O_RDONLY | O_DIRECTORY));
    static char seen[300], buffer[2048];
    int total = 0;
    for (int round = 0;; round++) {
        long length = syscall(SYS_getdents64, directory, buffer, sizeof buffer);
        if (round == 2) {
            CHECKPOINT();
        }
        if (length <= 0) {
            break;
        }
        for (long at = 0; at < length;) {
            struct dirent64 *entry = (struct dirent64 *)(buffer + at);
            at += entry->d_reclen;
            if (entry->d_name[0] != '.') {
                EQUAL(seen[atoi(entry->d_name)]++, 0);
                total++;
            }
        }
    }
    EQUAL(total, 300);
}

CASE(working_directory) {
    MUST(mkdir("one", 0700));
    MUST(mkdir("one/two", 0700));
    make("one/file", "found");
    MUST(chdir("one/two"));
    char before[4096], after[4096];
    TRUE(getcwd(before, sizeof before) != NULL);
    CHECKPOINT();
    TRUE(getcwd(after, sizeof after) != NULL);
    SAME(after, before);
    SAME(content("../file"), "found");
}

CASE(working_directory_that_was_deleted) {
    MUST(mkdir("gone", 0700));
    MUST(chdir("gone"));
    MUST(rmdir("../gone"));
    CHECKPOINT();
    char path[4096];
    FAILS(getcwd(path, sizeof path) == NULL ? -1 : 0, ENOENT);
    FAILS(open("file", O_RDWR | O_CREAT, 0600), ENOENT);
    EQUAL(chdir(".."), 0);
    FAILS(access("gone", F_OK), ENOENT);
}

CASE(directory_descriptors) {
    MUST(mkdir("dir", 0700));
    int directory = MUST(open("dir", O_PATH | O_DIRECTORY));
    MUST(rename("dir", "moved"));
    CHECKPOINT();
    int file = MUST(openat(directory, "file", O_RDWR | O_CREAT, 0600));
    EQUAL(write(file, "x", 1), 1);
    SAME(content("moved/file"), "x");
}

CASE(root_that_was_changed) {
    if (geteuid() != 0) {
        return;
    }
    MUST(mkdir("jail", 0755));
    make("jail/file", "in jail");
    pid_t child = CHILD({
        MUST(chroot("jail"));
        MUST(chdir("/"));
        CHECKPOINT();
        SAME(content("/file"), "in jail");
        SAME(content("/../../file"), "in jail");
        FAILS(access("/etc", F_OK), ENOENT);
    });
    ENDED(child);
    SAME(content("jail/file"), "in jail");
}

CASE(mask_of_modes) {
    umask(027);
    CHECKPOINT();
    int file = MUST(open("file", O_RDWR | O_CREAT, 0666));
    struct stat status;
    fstat(file, &status);
    EQUAL(status.st_mode & 0777, 0640);
    EQUAL(umask(0), 027);
}

CASE(times_and_owners) {
    make("file", "x");
    struct timespec times[2] = {{1000000000, 123456789}, {1200000000, 987654321}};
    MUST(utimensat(AT_FDCWD, "file", times, 0));
    MUST(chmod("file", 04751));
    if (geteuid() == 0) {
        MUST(chown("file", 123, 456));
        MUST(chmod("file", 04751));
    }
    CHECKPOINT();
    struct stat status;
    EQUAL(stat("file", &status), 0);
    EQUAL(status.st_atim.tv_sec, 1000000000);
    EQUAL(status.st_atim.tv_nsec, 123456789);
    EQUAL(status.st_mtim.tv_nsec, 987654321);
    EQUAL(status.st_mode & 07777, 04751);
    if (geteuid() == 0) {
        EQUAL(status.st_uid, 123);
        EQUAL(status.st_gid, 456);
    }
}

CASE(extended_attributes) {
    make("file", "x");
    if (setxattr("file", "user.name", "value", 5, 0) != 0) {
        return;
    }
    MUST(setxattr("file", "user.empty", "", 0, 0));
    CHECKPOINT();
    char bytes[64] = "";
    EQUAL(getxattr("file", "user.name", bytes, sizeof bytes), 5);
    SAME(bytes, "value");
    EQUAL(getxattr("file", "user.empty", bytes, sizeof bytes), 0);
    EQUAL(listxattr("file", bytes, sizeof bytes), 21);
    EQUAL(removexattr("file", "user.name"), 0);
    FAILS(getxattr("file", "user.name", bytes, 64), ENODATA);
}

CASE(large_file_in_memory) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    static unsigned bytes[1 << 18];
    for (int part = 0; part < 8; part++) {
        for (unsigned i = 0; i < 1 << 18; i++) {
            bytes[i] = (i + part) * 2654435761u;
        }
        EQUAL(write(file, bytes, sizeof bytes), sizeof bytes);
    }
    CHECKPOINT();
    for (int part = 7; part >= 0; part--) {
        EQUAL(pread(file, bytes, sizeof bytes, (off_t)part << 20), sizeof bytes);
        for (unsigned i = 0; i < 1 << 18; i++) {
            if (bytes[i] != (i + part) * 2654435761u) {
                wrong(__FILE__, __LINE__, "another word at %u of part %d", i, part);
                break;
            }
        }
    }
}

static struct flock lock_of(int type, off_t start, off_t length) {
    return (struct flock){.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
}

CASE(locks_of_records) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    struct flock lock = lock_of(F_WRLCK, 10, 10);
    MUST(fcntl(file, F_SETLK, &lock));
    lock = lock_of(F_RDLCK, 30, 0);
    MUST(fcntl(file, F_SETLK, &lock));
    pid_t parent = getpid();
    CHECKPOINT();
    pid_t child = CHILD({
        struct flock found = lock_of(F_WRLCK, 0, 100);
        EQUAL(fcntl(file, F_GETLK, &found), 0);
        EQUAL(found.l_type, F_WRLCK);
        EQUAL(found.l_start, 10);
        EQUAL(found.l_len, 10);
        EQUAL(found.l_pid, parent);
        found = lock_of(F_WRLCK, 1000, 1);
        FAILS(fcntl(file, F_SETLK, &found), EAGAIN);
        found = lock_of(F_RDLCK, 1000, 1);
        EQUAL(fcntl(file, F_SETLK, &found), 0);
        found = lock_of(F_WRLCK, 20, 10);
        EQUAL(fcntl(file, F_SETLK, &found), 0);
    });
    ENDED(child);
    // Closing any descriptor of the file gives up all of the process.
    close(MUST(open("file", O_RDONLY)));
    child = CHILD({
        struct flock found = lock_of(F_WRLCK, 0, 0);
        EQUAL(fcntl(file, F_SETLK, &found), 0);
    });
    ENDED(child);
}

CASE(locks_of_whole_files) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    int shared = MUST(open("shared", O_RDWR | O_CREAT, 0600));
    MUST(flock(file, LOCK_EX));
    MUST(flock(shared, LOCK_SH));
    CHECKPOINT();
    int other = MUST(open("file", O_RDWR));
    FAILS(flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
    EQUAL(flock(MUST(dup(file)), LOCK_EX | LOCK_NB), 0);
    int another = MUST(open("shared", O_RDWR));
    EQUAL(flock(another, LOCK_SH | LOCK_NB), 0);
    FAILS(flock(another, LOCK_EX | LOCK_NB), EWOULDBLOCK);
    MUST(flock(file, LOCK_UN));
    EQUAL(flock(other, LOCK_EX | LOCK_NB), 0);
}

CASE(locks_of_open_files) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    struct flock lock = lock_of(F_WRLCK, 5, 5);
    MUST(fcntl(file, F_OFD_SETLK, &lock));
    CHECKPOINT();
    int other = MUST(open("file", O_RDWR));
    lock = lock_of(F_RDLCK, 0, 100);
    FAILS(fcntl(other, F_OFD_SETLK, &lock), EAGAIN);
    lock = lock_of(F_RDLCK, 0, 100);
    EQUAL(fcntl(other, F_OFD_GETLK, &lock), 0);
    EQUAL(lock.l_type, F_WRLCK);
    EQUAL(lock.l_start, 5);
    EQUAL(lock.l_pid, -1);
    lock = lock_of(F_WRLCK, 6, 1);
    EQUAL(fcntl(file, F_OFD_SETLK, &lock), 0);
    close(file);
    lock = lock_of(F_WRLCK, 0, 0);
    EQUAL(fcntl(other, F_OFD_SETLK, &lock), 0);
}

CASE(program_that_is_running_cannot_be_written) {
    if (!inside()) {
        return;
    }
    int from = MUST(open("/proc/self/exe", O_RDONLY));
    int to = MUST(open("program", O_WRONLY | O_CREAT, 0755));
    static char bytes[65536];
    for (ssize_t length; (length = read(from, bytes, sizeof bytes)) > 0;) {
        EQUAL(write(to, bytes, length), length);
    }
    close(to);
    int numbers[2];
    MUST(pipe2(numbers, O_CLOEXEC));
    pid_t child = CHILD({ execl("program", "program", "waits_for_nothing", NULL); });
    char byte;
    close(numbers[1]);
    EQUAL(read(numbers[0], &byte, 1), 0);
    await_asleep(child);
    CHECKPOINT();
    FAILS(open("program", O_WRONLY), ETXTBSY);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    EQUAL(MUST(open("program", O_WRONLY)) >= 0, 1);
}

// For the case above.
CASE(waits_for_nothing) {
    if (access("program", F_OK) == 0) {
        pause();
    }
}

// Record locks of processes and of open files: fcntl(2).
#include "oracle.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

static int open_file(void) {
    return MUST(open("f", O_RDWR | O_CREAT, 0600));
}

static struct flock bytes(int type, long start, long length) {
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = length};
    return lock;
}

static long set(int file, int type, long start, long length) {
    struct flock lock = bytes(type, start, length);
    return fcntl(file, F_SETLK, &lock);
}

static long set_of_file(int file, int type, long start, long length) {
    struct flock lock = bytes(type, start, length);
    return fcntl(file, F_OFD_SETLK, &lock);
}

// Shows what another process would be told about a lock.
static void show_seen_by_other(int type, long start, long length) {
    int status;
    if (fork() == 0) {
        int file = open_file();
        struct flock lock = bytes(type, start, length);
        long result = fcntl(file, F_GETLK, &lock);
        if (result == 0 && lock.l_type == F_UNLCK) {
            puts("free");
        } else {
            printf("%ld type %d whence %d start %ld length %ld by %s\n", result, lock.l_type,
                   lock.l_whence, (long)lock.l_start, (long)lock.l_len,
                   lock.l_pid == getppid() ? "parent" : lock.l_pid == -1 ? "file" : "other");
        }
        _exit(0);
    }
    wait(&status);
}

CASE(locks_of_one_process_never_conflict) {
    int file = open_file(), other = open_file();
    SHOW(set(file, F_WRLCK, 0, 100));
    SHOW(set(other, F_WRLCK, 50, 100));
    SHOW(set(other, F_RDLCK, 0, 0));
    struct flock lock = bytes(F_WRLCK, 0, 0);
    SHOW(fcntl(other, F_GETLK, &lock));
    SHOW(lock.l_type);
    show_seen_by_other(F_RDLCK, 0, 0);
    show_seen_by_other(F_WRLCK, 0, 0);
}

CASE(locks_are_split_and_joined) {
    int file = open_file();
    SHOW(set(file, F_WRLCK, 0, 100));
    SHOW(set(file, F_UNLCK, 40, 20));
    show_seen_by_other(F_WRLCK, 0, 100);
    show_seen_by_other(F_WRLCK, 40, 20);
    show_seen_by_other(F_WRLCK, 45, 0);
    SHOW(set(file, F_RDLCK, 40, 20));
    show_seen_by_other(F_RDLCK, 40, 20);
    show_seen_by_other(F_WRLCK, 40, 20);
    SHOW(set(file, F_WRLCK, 40, 20));
    show_seen_by_other(F_RDLCK, 40, 20);
    SHOW(set(file, F_RDLCK, 90, 30));
    show_seen_by_other(F_WRLCK, 0, 0);
    show_seen_by_other(F_WRLCK, 95, 0);
    SHOW(set(file, F_UNLCK, 0, 0));
    show_seen_by_other(F_WRLCK, 0, 0);
}

CASE(shared_locks_are_shared) {
    int file = open_file();
    SHOW(set(file, F_RDLCK, 0, 10));
    if (fork() == 0) {
        int mine = open_file();
        SHOW(set(mine, F_RDLCK, 0, 10));
        SHOW(set(mine, F_WRLCK, 0, 10));
        SHOW(set(mine, F_WRLCK, 5, 1));
        SHOW(set(mine, F_WRLCK, 10, 1));
        SHOW(set(file, F_WRLCK, 9, 1));
        _exit(0);
    }
    wait(NULL);
    SHOW(set(file, F_WRLCK, 0, 10));
}

CASE(closing_any_descriptor_gives_them_up) {
    int file = open_file();
    SHOW(set(file, F_WRLCK, 0, 10));
    show_seen_by_other(F_WRLCK, 0, 10);
    MUST(close(open_file()));
    show_seen_by_other(F_WRLCK, 0, 10);
    SHOW(set(file, F_WRLCK, 0, 10));
    MUST(close(dup(file)));
    show_seen_by_other(F_WRLCK, 0, 10);
    SHOW(set(file, F_WRLCK, 0, 10));
    int duplicate = dup(file);
    int unrelated = MUST(open(".", O_RDONLY));
    MUST(dup2(unrelated, duplicate));
    show_seen_by_other(F_WRLCK, 0, 10);
}

CASE(children_do_not_inherit_them) {
    int file = open_file();
    SHOW(set(file, F_WRLCK, 0, 10));
    if (fork() == 0) {
        SHOW(set(file, F_RDLCK, 0, 10));
        close(file);
        _exit(0);
    }
    wait(NULL);
    show_seen_by_other(F_RDLCK, 0, 10);
    int ready[2];
    MUST(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        set(file, F_WRLCK, 20, 10);
        write(ready[1], "x", 1);
        pause();
        _exit(0);
    }
    char byte;
    read(ready[0], &byte, 1);
    SHOW(set(file, F_WRLCK, 20, 10));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    SHOW(set(file, F_WRLCK, 20, 10));
}

CASE(positions_are_checked_and_counted) {
    int file = open_file();
    MUST(write(file, "0123456789", 10));
    MUST(lseek(file, 5, SEEK_SET));
    struct flock lock = bytes(F_WRLCK, 1, 2);
    lock.l_whence = SEEK_CUR;
    SHOW(fcntl(file, F_SETLK, &lock));
    show_seen_by_other(F_WRLCK, 0, 0);
    lock.l_whence = SEEK_END;
    lock.l_start = -1;
    SHOW(fcntl(file, F_SETLK, &lock));
    show_seen_by_other(F_WRLCK, 9, 0);
    lock = bytes(F_WRLCK, 30, -10);
    SHOW(fcntl(file, F_SETLK, &lock));
    show_seen_by_other(F_WRLCK, 15, 0);
    lock = bytes(F_WRLCK, -1, 1);
    SHOW(fcntl(file, F_SETLK, &lock));
    lock = bytes(F_WRLCK, 5, -10);
    SHOW(fcntl(file, F_SETLK, &lock));
    lock = bytes(F_WRLCK, 0x7fffffffffffffff, 2);
    SHOW(fcntl(file, F_SETLK, &lock));
    lock = bytes(F_WRLCK, 0x7fffffffffffffff, 1);
    SHOW(fcntl(file, F_SETLK, &lock));
    show_seen_by_other(F_WRLCK, 100, 0);
    lock.l_whence = 7;
    SHOW(fcntl(file, F_SETLK, &lock));
    lock = bytes(77, 0, 1);
    SHOW(fcntl(file, F_SETLK, &lock));
    lock = bytes(F_UNLCK, 0, 1);
    SHOW(fcntl(file, F_GETLK, &lock));
    SHOW(fcntl(file, F_SETLK, (void *)8));
    SHOW(fcntl(77, F_SETLK, &lock));
}

CASE(the_access_mode_must_fit) {
    MUST(close(open_file()));
    int reader = MUST(open("f", O_RDONLY)), writer = MUST(open("f", O_WRONLY));
    SHOW(set(reader, F_RDLCK, 0, 1));
    SHOW(set(reader, F_WRLCK, 0, 1));
    SHOW(set(writer, F_RDLCK, 0, 1));
    SHOW(set(writer, F_WRLCK, 0, 1));
    struct flock lock = bytes(F_WRLCK, 0, 1);
    SHOW(fcntl(reader, F_GETLK, &lock));
    int path = MUST(open("f", O_PATH));
    SHOW(set(path, F_RDLCK, 0, 1));
    SHOW(set(path, F_UNLCK, 0, 1));
    int directory = MUST(open(".", O_RDONLY));
    SHOW(set(directory, F_RDLCK, 0, 1));
}

CASE(a_waiter_gets_the_lock_in_the_end) {
    int file = open_file();
    int ready[2];
    MUST(pipe(ready));
    SHOW(set(file, F_WRLCK, 0, 10));
    if (fork() == 0) {
        struct flock lock = bytes(F_WRLCK, 5, 1);
        write(ready[1], "x", 1);
        SHOW(fcntl(file, F_SETLKW, &lock));
        _exit(0);
    }
    char byte;
    read(ready[0], &byte, 1);
    usleep(50000);
    puts("unlocking");
    SHOW(set(file, F_UNLCK, 0, 10));
    wait(NULL);
}

static void nothing(int number) {
    (void)number;
}

CASE(signals_end_a_wait) {
    int file = open_file();
    SHOW(set(file, F_WRLCK, 0, 10));
    if (fork() == 0) {
        struct sigaction action = {.sa_handler = nothing};
        sigaction(SIGALRM, &action, NULL);
        ualarm(50000, 0);
        struct flock lock = bytes(F_RDLCK, 5, 1);
        SHOW(fcntl(file, F_SETLKW, &lock));
        _exit(0);
    }
    wait(NULL);
}

CASE(deadlocks_are_refused) {
    int file = open_file();
    int ready[2];
    MUST(pipe(ready));
    SHOW(set(file, F_WRLCK, 0, 1));
    pid_t child = fork();
    if (child == 0) {
        MUST(set(file, F_WRLCK, 1, 1));
        write(ready[1], "x", 1);
        struct flock lock = bytes(F_WRLCK, 0, 1);
        fcntl(file, F_SETLKW, &lock);
        _exit(0);
    }
    char byte;
    read(ready[0], &byte, 1);
    usleep(100000);
    struct flock lock = bytes(F_WRLCK, 1, 1);
    SHOW(fcntl(file, F_SETLKW, &lock));
    SHOW(set(file, F_UNLCK, 0, 0));
    waitpid(child, NULL, 0);
    SHOW(fcntl(file, F_SETLKW, &lock));
}

CASE(open_files_own_locks_too) {
    int file = open_file(), other = open_file();
    SHOW(set_of_file(file, F_WRLCK, 0, 10));
    SHOW(set_of_file(other, F_RDLCK, 5, 1));
    SHOW(set_of_file(other, F_WRLCK, 10, 1));
    SHOW(set(other, F_WRLCK, 0, 1));
    SHOW(set(file, F_WRLCK, 0, 1));
    struct flock lock = bytes(F_RDLCK, 0, 0);
    SHOW(fcntl(other, F_OFD_GETLK, &lock));
    SHOW(lock.l_type);
    SHOW(lock.l_start);
    SHOW(lock.l_len);
    SHOW(lock.l_pid);
    lock = bytes(F_WRLCK, 0, 1);
    lock.l_pid = 1;
    SHOW(fcntl(file, F_OFD_SETLK, &lock));
    int duplicate = dup(file);
    MUST(close(file));
    SHOW(set_of_file(other, F_RDLCK, 5, 1));
    MUST(close(duplicate));
    SHOW(set_of_file(other, F_RDLCK, 5, 1));
}

CASE(leases_and_notification) {
    int file = MUST(open("f", O_RDONLY | O_CREAT, 0600));
    SHOW(fcntl(file, F_GETLEASE));
    SHOW(fcntl(file, F_SETLEASE, F_UNLCK));
    SHOW(fcntl(file, F_SETLEASE, 77));
}

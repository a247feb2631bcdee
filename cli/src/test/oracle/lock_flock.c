// Locks of whole files: flock(2).
#include "oracle.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

static int open_file(void) {
    return MUST(open("f", O_RDWR | O_CREAT, 0600));
}

CASE(open_files_exclude_each_other) {
    int file = open_file(), other = open_file();
    SHOW(flock(file, LOCK_EX | LOCK_NB));
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    SHOW(flock(other, LOCK_SH | LOCK_NB));
    SHOW(flock(file, LOCK_SH | LOCK_NB));
    SHOW(flock(other, LOCK_SH | LOCK_NB));
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    SHOW(flock(file, LOCK_EX | LOCK_NB));
    SHOW(flock(file, LOCK_UN));
    SHOW(flock(file, LOCK_UN));
    SHOW(flock(other, LOCK_EX | LOCK_NB));
}

CASE(a_failed_conversion_loses_the_lock) {
    int file = open_file(), other = open_file(), third = open_file();
    SHOW(flock(file, LOCK_SH));
    SHOW(flock(other, LOCK_SH));
    SHOW(flock(file, LOCK_EX | LOCK_NB));
    SHOW(flock(other, LOCK_UN));
    SHOW(flock(third, LOCK_EX | LOCK_NB));
}

CASE(duplicates_and_children_share_the_lock) {
    int file = open_file();
    SHOW(flock(file, LOCK_EX));
    int duplicate = dup(file);
    SHOW(flock(duplicate, LOCK_EX | LOCK_NB));
    MUST(close(file));
    int other = open_file();
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    if (fork() == 0) {
        SHOW(flock(duplicate, LOCK_EX | LOCK_NB));
        SHOW(flock(open_file(), LOCK_EX | LOCK_NB));
        _exit(0);
    }
    wait(NULL);
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    if (fork() == 0) {
        SHOW(flock(duplicate, LOCK_UN));
        _exit(0);
    }
    wait(NULL);
    SHOW(flock(other, LOCK_EX | LOCK_NB));
    MUST(close(duplicate));
}

CASE(arguments_are_checked) {
    int file = open_file();
    SHOW(flock(file, 0));
    SHOW(flock(file, LOCK_SH | LOCK_EX));
    SHOW(flock(file, LOCK_NB));
    SHOW(flock(77, LOCK_SH));
    SHOW(flock(MUST(open("f", O_RDONLY)), LOCK_EX | LOCK_NB));
    SHOW(flock(MUST(open(".", O_RDONLY)), LOCK_EX | LOCK_NB));
    SHOW(flock(MUST(open("f", O_PATH)), LOCK_SH));
}

CASE(record_locks_do_not_know_of_it) {
    int file = open_file();
    SHOW(flock(file, LOCK_EX));
    if (fork() == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        SHOW(fcntl(open_file(), F_SETLK, &lock));
        _exit(0);
    }
    wait(NULL);
}

CASE(a_waiter_gets_it_when_the_holder_ends) {
    int ready[2];
    MUST(pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        flock(open_file(), LOCK_EX);
        write(ready[1], "x", 1);
        usleep(100000);
        puts("ending");
        _exit(0);
    }
    char byte;
    read(ready[0], &byte, 1);
    SHOW(flock(open_file(), LOCK_SH));
    waitpid(child, NULL, 0);
}

static void nothing(int number) {
    (void)number;
}

CASE(a_signal_ends_the_wait) {
    int file = open_file(), other = open_file();
    SHOW(flock(file, LOCK_EX));
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGALRM, &action, NULL);
    ualarm(50000, 0);
    SHOW(flock(other, LOCK_EX));
}

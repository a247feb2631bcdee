// What a program finds when it starts.
// linked: static, dynamic
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "oracle.h"

extern char **environ;

CASE(environment_is_what_was_handed_over) {
    for (char **each = environ; *each != NULL; each++) {
        puts(*each);
    }
}

CASE(descriptors_are_stdio_and_nothing_else) {
    for (int fd = 0; fd < 20; fd++) {
        int flags = fcntl(fd, F_GETFL);
        if (flags != -1) {
            printf("%d: flags %#x, close on exec %d\n", fd, flags, fcntl(fd, F_GETFD));
        }
    }
}

CASE(no_signal_is_blocked_or_ignored) {
    sigset_t blocked;
    MUST(sigprocmask(SIG_SETMASK, NULL, &blocked));
    for (int signal = 1; signal <= SIGRTMAX; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) == 0
            && (action.sa_handler != SIG_DFL || sigismember(&blocked, signal))) {
            printf("signal %d is not as it should be\n", signal);
        }
    }
}

CASE(auxiliary_vector_is_complete) {
    printf("page size %lu\n", getauxval(AT_PAGESZ));
    printf("clock ticks %lu\n", getauxval(AT_CLKTCK));
    printf("entries of program headers: %lu bytes\n", getauxval(AT_PHENT));
    printf("secure %lu\n", getauxval(AT_SECURE));
    printf("flags %lu\n", getauxval(AT_FLAGS));
    printf("ids %d %d %d %d\n", getauxval(AT_UID) == getuid(), getauxval(AT_EUID) == geteuid(),
        getauxval(AT_GID) == getgid(), getauxval(AT_EGID) == getegid());
    printf("random bytes %d\n", getauxval(AT_RANDOM) != 0);
    printf("platform %s\n", (char *)getauxval(AT_PLATFORM));
    printf("file %s\n", strrchr((char *)getauxval(AT_EXECFN), '/'));
    printf("entry %d\n", getauxval(AT_ENTRY) != 0);
}

CASE(umask_is_the_usual) {
    printf("umask %03o\n", umask(0));
}

CASE(it_leads_its_session_and_process_group) {
    printf("group %d, session %d\n", getpgrp() == getpid(), getsid(0) == getpid());
}

CASE(working_directory_is_empty) {
    char path[4096];
    MUST(getcwd(path, sizeof path) == NULL ? -1 : 0);
    puts(strrchr(path, '/'));
    struct stat stat;
    SHOW(lstat("anything", &stat));
}

CASE(status_of_exit_is_its_low_byte) {
    exit(0x1234);
}

CASE(a_signal_ends_it) {
    MUST(raise(SIGTERM));
}

CASE(a_bad_address_ends_it) {
    *(volatile int *)16 = 1;
}

CASE(output_and_errors_arrive) {
    fprintf(stderr, "to standard error\n");
    printf("to standard output\n");
}

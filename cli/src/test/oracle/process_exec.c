// Running another program in a process.
#include "oracle.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static int status_of(pid_t child) {
    int status = -1;
    MUST(waitpid(child, &status, 0));
    return status;
}

static void make(const char *name, const char *text, int mode) {
    int fd = MUST(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    MUST(write(fd, text, strlen(text)));
    MUST(fchmod(fd, mode));
    MUST(close(fd));
}

static void show_status(int status) {
    if (WIFSIGNALED(status)) {
        printf("killed by %d\n", WTERMSIG(status));
    } else {
        printf("exited with %d\n", WEXITSTATUS(status));
    }
}

// Runs a shell's command line in the process.
static void shell(const char *line) {
    fflush(stdout);
    execl("/bin/sh", "sh", "-c", line, NULL);
    _exit(99);
}

CASE(arguments_and_environment_are_handed_over) {
    char *arguments[] = {"sh", "-c", "echo \"$0 $1 $2 $A\"", "zero", "", "two words", NULL};
    char *environment[] = {"A=value", NULL};
    execve("/bin/sh", arguments, environment);
}

CASE(the_process_number_stays) {
    pid_t child = fork();
    if (child == 0) {
        char line[64];
        snprintf(line, sizeof line, "test $$ = %d && test $PPID = %d", getpid(), getppid());
        shell(line);
    }
    show_status(status_of(child));
}

CASE(files_that_cannot_be_executed) {
    make("plain", "#!/bin/sh\n", 0600);
    make("empty", "", 0700);
    make("garbage", "garbage\n", 0700);
    make("interpreterless", "#!\n", 0700);
    make("missing", "#!/does/not/exist\n", 0700);
    MUST(mkdir("directory", 0700));
    char *arguments[] = {"x", NULL};
    SHOW(execv("plain", arguments));
    SHOW(execv("empty", arguments));
    SHOW(execv("garbage", arguments));
    SHOW(execv("interpreterless", arguments));
    SHOW(execv("missing", arguments));
    SHOW(execv("directory", arguments));
    SHOW(execv("nothing", arguments));
    SHOW(execv("plain/nothing", arguments));
    SHOW(execv("", arguments));
    SHOW(syscall(SYS_execve, 8, arguments, NULL));
    SHOW(syscall(SYS_execve, "plain", 8, NULL));
    SHOW(syscall(SYS_execve, "/bin/true", 8, NULL));
    SHOW(syscall(SYS_execve, "/bin/true", arguments, 8));
}

CASE(a_script_gets_its_path_and_arguments) {
    make("script", "#!/bin/echo one argument\n", 0700);
    char *arguments[] = {"ignored", "first", "second", NULL};
    execv("./script", arguments);
}

CASE(a_script_of_a_script) {
    make("inner", "#!/bin/echo inner\n", 0700);
    make("outer", "#!inner outer\n", 0700);
    char *arguments[] = {"ignored", "first", NULL};
    execv("./outer", arguments);
}

CASE(scripts_nest_only_so_far) {
    char name[16], text[32];
    make("script0", "#!/bin/echo\n", 0700);
    for (int i = 1; i < 8; i++) {
        snprintf(name, sizeof name, "script%d", i);
        snprintf(text, sizeof text, "#!script%d\n", i - 1);
        make(name, text, 0700);
    }
    char *arguments[] = {"x", NULL};
    SHOW(execv("script7", arguments));
    execv("script3", arguments);
}

CASE(a_script_that_is_its_own_interpreter) {
    make("script", "#!./script\n", 0700);
    char *arguments[] = {"x", NULL};
    SHOW(execv("./script", arguments));
}

CASE(close_on_exec_closes) {
    int kept = MUST(open("a", O_RDWR | O_CREAT, 0600));
    int closed = MUST(open("b", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    char line[128];
    snprintf(line, sizeof line,
             "(: >&%d) 2>/dev/null && echo kept; (: >&%d) 2>/dev/null || echo closed", kept,
             closed);
    shell(line);
}

CASE(a_failed_exec_closes_nothing) {
    int fd = MUST(open("b", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    SHOW(execl("./nothing", "x", NULL));
    SHOW(fcntl(fd, F_GETFD));
}

static void nothing(int signal) {
    (void)signal;
}

CASE(handlers_are_reset_and_ignored_signals_stay_so) {
    signal(SIGUSR1, nothing);
    signal(SIGUSR2, SIG_IGN);
    pid_t child = fork();
    if (child == 0) {
        shell("kill -USR2 $$; echo alive; kill -USR1 $$");
    }
    show_status(status_of(child));
}

CASE(blocked_and_pending_signals_stay_so) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pid_t child = fork();
    if (child == 0) {
        sigprocmask(SIG_BLOCK, &set, NULL);
        raise(SIGTERM);
        execl("/bin/grep", "grep", "-E", "SigBlk|SigPnd|ShdPnd", "/proc/self/status", NULL);
    }
    show_status(status_of(child));
}

CASE(the_name_is_that_of_the_program) {
    prctl(PR_SET_NAME, "before", 0, 0, 0);
    execl("/bin/cat", "another name", "/proc/self/comm", NULL);
}

CASE(directory_umask_and_limits_stay) {
    MUST(mkdir("d", 0700));
    MUST(chdir("d"));
    umask(031);
    struct rlimit limit = {100, 100};
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    shell("basename $(pwd); umask; ulimit -n");
}

CASE(group_and_session_stay) {
    pid_t child = fork();
    if (child == 0) {
        setsid();
        char line[128];
        snprintf(line, sizeof line,
                 "set -- $(cat /proc/$$/stat); test $5 = %d && test $6 = %d && echo same", getpid(),
                 getpid());
        shell(line);
    }
    show_status(status_of(child));
}

CASE(strings_that_are_too_long) {
    size_t length = 128 << 10;
    char *string = malloc(length + 1);
    memset(string, 'x', length);
    string[length] = 0;
    char *arguments[] = {"true", string, NULL};
    SHOW(execv("/bin/true", arguments));
    string[length - 1] = 0;
    pid_t child = fork();
    if (child == 0) {
        execv("/bin/true", arguments);
        _exit(99);
    }
    show_status(status_of(child));
}

CASE(too_many_strings) {
    struct rlimit limit;
    MUST(getrlimit(RLIMIT_STACK, &limit));
    limit.rlim_cur = 8 << 20;
    MUST(setrlimit(RLIMIT_STACK, &limit));
    int count = 200000;
    char **arguments = malloc((count + 1) * sizeof *arguments);
    for (int i = 0; i < count; i++) {
        arguments[i] = "0123456789";
    }
    arguments[count] = NULL;
    SHOW(execv("/bin/true", arguments));
    arguments[count / 4] = NULL;
    pid_t child = fork();
    if (child == 0) {
        execv("/bin/true", arguments);
        _exit(99);
    }
    show_status(status_of(child));
}

CASE(a_program_that_is_being_written) {
    MUST(system("cp /bin/true program"));
    int fd = MUST(open("program", O_WRONLY));
    SHOW(execl("./program", "program", NULL));
    MUST(close(fd));
    pid_t child = fork();
    if (child == 0) {
        execl("./program", "program", NULL);
        _exit(99);
    }
    show_status(status_of(child));
}

CASE(a_program_that_runs_is_not_written) {
    int ready[2];
    MUST(system("cp /bin/sleep program"));
    MUST(pipe2(ready, O_CLOEXEC));
    pid_t child = fork();
    if (child == 0) {
        execl("./program", "program", "100", NULL);
        _exit(99);
    }
    char byte;
    MUST(close(ready[1]));
    MUST(read(ready[0], &byte, 1));
    SHOW(open("program", O_WRONLY));
    SHOW(open("program", O_RDWR));
    SHOW(open("program", O_RDONLY) >= 0);
    SHOW(truncate("program", 0));
    SHOW(unlink("program"));
    kill(child, SIGKILL);
    show_status(status_of(child));
}

CASE(execveat_by_descriptor) {
    int fd = MUST(open("/bin/echo", O_RDONLY | O_CLOEXEC));
    char *arguments[] = {"echo", "by", "descriptor", NULL};
    char *environment[] = {NULL};
    fflush(stdout);
    syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
    perror("execveat");
}

CASE(execveat_in_a_directory) {
    int fd = MUST(open("/bin", O_PATH | O_DIRECTORY));
    char *arguments[] = {"echo", "in", "a directory", NULL};
    char *environment[] = {NULL};
    fflush(stdout);
    syscall(SYS_execveat, fd, "echo", arguments, environment, 0);
    perror("execveat");
}

CASE(execveat_that_fails) {
    char *arguments[] = {"x", NULL};
    char *none[] = {NULL};
    int file = MUST(open("/bin/true", O_RDONLY));
    int path = MUST(open("/bin/true", O_PATH));
    MUST(symlink("/bin/true", "link"));
    SHOW(syscall(SYS_execveat, file, "", arguments, none, 0));
    SHOW(syscall(SYS_execveat, file, "x", arguments, none, 0));
    SHOW(syscall(SYS_execveat, 99, "x", arguments, none, 0));
    SHOW(syscall(SYS_execveat, 99, "", arguments, none, AT_EMPTY_PATH));
    SHOW(syscall(SYS_execveat, AT_FDCWD, "link", arguments, none, AT_SYMLINK_NOFOLLOW));
    SHOW(syscall(SYS_execveat, AT_FDCWD, "link", arguments, none, 0x4000));
    pid_t child = fork();
    if (child == 0) {
        syscall(SYS_execveat, path, "", arguments, none, AT_EMPTY_PATH);
        _exit(99);
    }
    show_status(status_of(child));
}

CASE(a_script_by_a_descriptor_that_is_closed_on_exec) {
    make("script", "#!/bin/sh\necho ran\n", 0700);
    char *arguments[] = {"script", NULL};
    char *none[] = {NULL};
    int closed = MUST(open("script", O_RDONLY | O_CLOEXEC));
    SHOW(syscall(SYS_execveat, closed, "", arguments, none, AT_EMPTY_PATH));
    int kept = MUST(open("script", O_RDONLY));
    syscall(SYS_execveat, kept, "", arguments, none, AT_EMPTY_PATH);
    perror("execveat");
}

static void *sleeping(void *unused) {
    while (1) {
        pause();
    }
    return unused;
}

static void *executing(void *unused) {
    char line[64];
    snprintf(line, sizeof line, "test $$ = %d && echo same number", getpid());
    shell(line);
    return unused;
}

CASE(a_thread_that_executes_becomes_the_process) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t threads[4];
        for (int i = 0; i < 3; i++) {
            pthread_create(&threads[i], NULL, sleeping, NULL);
        }
        pthread_create(&threads[3], NULL, executing, NULL);
        sleeping(NULL);
    }
    show_status(status_of(child));
}

CASE(a_thread_executes_when_the_first_one_has_ended) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, executing, NULL);
        syscall(SYS_exit, 3);
    }
    show_status(status_of(child));
}

CASE(threads_that_all_execute) {
    pid_t child = fork();
    if (child == 0) {
        pthread_t threads[8];
        for (int i = 0; i < 8; i++) {
            pthread_create(&threads[i], NULL, executing, NULL);
        }
        sleeping(NULL);
    }
    show_status(status_of(child));
}

CASE(threads_live_on_after_a_failed_exec) {
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, sleeping, NULL));
    SHOW(execl("./nothing", "x", NULL));
    SHOW(pthread_kill(thread, 0));
}

// /proc/[pid]: what a process sees of itself and of others.
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

static char text[1 << 16];

// The text of a file, or empty with errno set.
static const char *content(const char *path) {
    int file = open(path, O_RDONLY);
    if (file == -1) {
        return "";
    }
    ssize_t count = 0, got;
    while ((got = read(file, text + count, sizeof text - 1 - count)) > 0) {
        count += got;
    }
    int error = errno;
    close(file);
    errno = error;
    text[count] = 0;
    return text;
}

// A line of a file like status.
static void show_line(const char *path, const char *name) {
    const char *at = content(path);
    size_t length = strlen(name);
    while (at != NULL && *at != 0) {
        if (strncmp(at, name, length) == 0 && at[length] == ':') {
            printf("%.*s\n", (int)strcspn(at, "\n"), at);
            return;
        }
        at = strchr(at, '\n');
        at = at == NULL ? NULL : at + 1;
    }
    printf("no %s\n", name);
}

// A field of stat, counted from one as proc_pid_stat(5) does, from the third on.
static long long field(const char *path, int number) {
    const char *at = strrchr(content(path), ')');
    if (at == NULL) {
        return -99;
    }
    at += 2;
    for (int i = 3; i < number; i++) {
        at = strchr(at, ' ') + 1;
    }
    return number == 3 ? *at : strtoll(at, NULL, 10);
}

static const char *of(pid_t pid, const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return path;
}

CASE(self_is_the_process) {
    char target[64] = "";
    MUST(readlink("/proc/self", target, sizeof target));
    SHOW(atoi(target) == getpid());
    memset(target, 0, sizeof target);
    MUST(readlink("/proc/thread-self", target, sizeof target));
    char expected[64];
    snprintf(expected, sizeof expected, "%d/task/%d", getpid(), gettid());
    SHOW(strcmp(target, expected));
    SHOW(access(of(getpid(), "status"), R_OK));
    SHOW(access("/proc/0", F_OK));
    SHOW(access("/proc/-1", F_OK));
    SHOW(access("/proc/01", F_OK));
    SHOW(access("/proc/4194305", F_OK));
}

CASE(status_tells_who_it_is) {
    MUST(prctl(PR_SET_NAME, "a name"));
    MUST(setresgid(1, 2, 3));
    MUST(setresuid(4, 5, 6));
    MUST(prctl(PR_SET_DUMPABLE, 1));
    umask(0123);
    show_line("/proc/self/status", "Name");
    show_line("/proc/self/status", "Umask");
    show_line("/proc/self/status", "State");
    show_line("/proc/self/status", "Uid");
    show_line("/proc/self/status", "Gid");
    show_line("/proc/self/status", "Threads");
    show_line("/proc/self/status", "TracerPid");
    show_line("/proc/self/status", "NoNewPrivs");
    show_line("/proc/self/status", "CapEff");
}

static void on_signal(int signal) {
    (void)signal;
}

CASE(status_tells_of_signals) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGRTMIN);
    MUST(sigprocmask(SIG_BLOCK, &set, NULL));
    signal(SIGUSR2, SIG_IGN);
    signal(SIGHUP, on_signal);
    MUST(kill(getpid(), SIGUSR1));
    MUST(tgkill(getpid(), gettid(), SIGRTMIN));
    show_line("/proc/self/status", "SigPnd");
    show_line("/proc/self/status", "ShdPnd");
    show_line("/proc/self/status", "SigBlk");
    show_line("/proc/self/status", "SigIgn");
    show_line("/proc/self/status", "SigCgt");
}

CASE(a_child_is_listed_until_it_is_waited_for) {
    int go[2];
    char byte;
    MUST(pipe(go));
    pid_t child = fork();
    if (child == 0) {
        close(go[1]);
        read(go[0], &byte, 1);
        _exit(3);
    }
    printf("parent %d\n", (int)field(of(child, "stat"), 4) == getpid());
    while (field(of(child, "stat"), 3) != 'S') {
        usleep(1000);
    }
    close(go[1]);
    siginfo_t info;
    MUST(waitid(P_PID, child, &info, WEXITED | WNOWAIT));
    printf("state %c\n", (char)field(of(child, "stat"), 3));
    show_line(of(child, "status"), "State");
    show_line(of(child, "status"), "VmSize");
    printf("cmdline '%s'\n", content(of(child, "cmdline")));
    printf("maps '%s'\n", content(of(child, "maps")));
    SHOW(readlink(of(child, "exe"), text, sizeof text));
    SHOW(readlink(of(child, "cwd"), text, sizeof text));
    MUST(waitpid(child, NULL, 0));
    SHOW(access(of(child, "stat"), F_OK));
}

CASE(an_open_file_of_a_process_that_is_gone) {
    pid_t child = fork();
    if (child == 0) {
        pause();
    }
    int status = MUST(open(of(child, "status"), O_RDONLY));
    int directory = MUST(open(of(child, ""), O_RDONLY | O_DIRECTORY));
    SHOW(read(status, text, 10));
    MUST(kill(child, SIGKILL));
    MUST(waitpid(child, NULL, 0));
    MUST(lseek(status, 0, SEEK_SET));
    SHOW(read(status, text, 10));
    SHOW(openat(directory, "stat", O_RDONLY));
}

CASE(open_directories_of_a_process_that_is_gone) {
    const char *names[] = {"", "fd", "fdinfo", "task", "task/%d", "task/%d/fd"};
    enum { NAMES = sizeof names / sizeof *names };
    pid_t child = fork();
    if (child == 0) {
        pause();
    }
    int directories[NAMES];
    for (int i = 0; i < NAMES; i++) {
        char name[32];
        snprintf(name, sizeof name, names[i], child);
        directories[i] = MUST(open(of(child, name), O_RDONLY | O_DIRECTORY));
        // Whatever is known of it must be forgotten with the process.
        close(openat(directories[i], "stat", O_RDONLY));
    }
    MUST(kill(child, SIGKILL));
    MUST(waitpid(child, NULL, 0));
    for (int i = 0; i < NAMES; i++) {
        puts(names[i]);
        SHOW(syscall(SYS_getdents64, directories[i], text, sizeof text));
        // What Linux says of fdinfo depends on its version.
        if (strcmp(names[i], "fdinfo") != 0) {
            SHOW(openat(directories[i], "stat", O_RDONLY));
        }
    }
}

CASE(states_of_a_child) {
    pid_t child = fork();
    if (child == 0) {
        for (;;) {
            pause();
        }
    }
    while (field(of(child, "stat"), 3) != 'S') {
        usleep(1000);
    }
    show_line(of(child, "status"), "State");
    MUST(kill(child, SIGSTOP));
    MUST(waitpid(child, NULL, WUNTRACED));
    show_line(of(child, "status"), "State");
    MUST(kill(child, SIGKILL));
    MUST(waitpid(child, NULL, 0));
}

CASE(groups_and_sessions_in_stat) {
    pid_t child = fork();
    if (child == 0) {
        MUST(setsid());
        printf("%d %d\n", (int)field("/proc/self/stat", 5) == getpid(),
               (int)field("/proc/self/stat", 6) == getpid());
        printf("%d %d\n", (int)field("/proc/self/stat", 7), (int)field("/proc/self/stat", 8));
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
}

CASE(strings_of_the_program) {
    const char *arguments = content("/proc/self/cmdline");
    printf("%s\n", arguments + strlen(arguments) + 1);
    MUST(setenv("ADDED", "later", 1));
    printf("%d\n", strstr(content("/proc/self/environ"), "ADDED") == NULL);
    int file = open("/proc/self/auxv", O_RDONLY);
    unsigned long pair[2];
    unsigned long entries = 0, page = 0;
    while (read(file, pair, sizeof pair) == sizeof pair && pair[0] != 0) {
        entries++;
        page = pair[0] == 6 ? pair[1] : page;
    }
    printf("%d %lu\n", entries > 10, page);
}

CASE(a_name_can_be_written) {
    int file = MUST(open("/proc/self/comm", O_RDWR));
    SHOW(write(file, "new", 3));
    printf("%s", content("/proc/self/comm"));
    SHOW(write(file, "a name that is much too long", 28));
    printf("%s", content("/proc/self/comm"));
    char name[16];
    MUST(prctl(PR_GET_NAME, name));
    puts(name);
    show_line("/proc/self/status", "Name");
}

static void *named(void *unused) {
    (void)unused;
    MUST(prctl(PR_SET_NAME, "thread"));
    printf("%s", content("/proc/thread-self/comm"));
    printf("%s", content("/proc/self/comm"));
    show_line("/proc/thread-self/status", "Threads");
    printf("%d\n", (int)field("/proc/self/stat", 20));
    return NULL;
}

CASE(threads_have_names_of_their_own) {
    pthread_t thread;
    MUST(prctl(PR_SET_NAME, "leader"));
    pthread_create(&thread, NULL, named, NULL);
    pthread_join(thread, NULL);
    printf("%s", content("/proc/thread-self/comm"));
}

CASE(mappings_have_names) {
    int file = MUST(open("mapped", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(file, 8192));
    char *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *private = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 4096);
    char *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const char *maps = content("/proc/self/maps");
    char line[64];
    const char *names[] = {"shared", "private", "nothing"};
    char *starts[] = {shared, private, nothing};
    for (int i = 0; i < 3; i++) {
        snprintf(line, sizeof line, "%lx-", (unsigned long)starts[i]);
        const char *at = strstr(maps, line);
        char access[8], offset[20];
        if (at != NULL && sscanf(at, "%*s %7s %19s", access, offset) == 2) {
            const char *name = memchr(at, '/', strcspn(at, "\n"));
            name = name == NULL ? NULL : memrchr(name, '/', strcspn(name, "\n"));
            printf("%s %s %s %.*s\n", names[i], access, offset,
                   name == NULL ? 0 : (int)strcspn(name, "\n"), name == NULL ? "" : name);
        } else {
            printf("%s missing\n", names[i]);
        }
    }
    printf("%d %d\n", strstr(maps, "[stack]") != NULL, strstr(maps, "[heap]") != NULL);
}

CASE(links_open_the_file_itself) {
    int file = MUST(open("gone", O_RDWR | O_CREAT, 0600));
    char path[64], target[4096] = "";
    MUST(write(file, "kept", 4));
    MUST(unlink("gone"));
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    MUST(readlink(path, target, sizeof target));
    puts(strrchr(target, '/'));
    printf("%s\n", content(path));
    struct stat by_link, by_file;
    MUST(stat(path, &by_link));
    MUST(fstat(file, &by_file));
    printf("%d %d\n", by_link.st_ino == by_file.st_ino, (int)by_link.st_nlink);
    MUST(lstat(path, &by_link));
    printf("%o\n", by_link.st_mode);
    int again = MUST(open(path, O_WRONLY));
    MUST(write(again, "K", 1));
    printf("%s\n", content(path));
    MUST(lstat("/proc/self/fd/0", &by_link));
    SHOW(S_ISLNK(by_link.st_mode));
    close(file);
    SHOW(open(path, O_RDONLY));
}

CASE(permissions_of_a_link_tell_how_a_file_is_open) {
    const int flags[] = {O_RDONLY, O_WRONLY, O_RDWR};
    for (int i = 0; i < 3; i++) {
        struct stat about;
        char path[64];
        int file = MUST(open("f", flags[i] | O_CREAT, 0600));
        snprintf(path, sizeof path, "/proc/self/fd/%d", file);
        MUST(lstat(path, &about));
        printf("%o\n", about.st_mode);
        close(file);
    }
}

CASE(links_to_places) {
    char target[4096] = "", expected[4096];
    MUST(readlink("/proc/self/cwd", target, sizeof target));
    SHOW(strcmp(target, getcwd(expected, sizeof expected)));
    memset(target, 0, sizeof target);
    MUST(readlink("/proc/self/root", target, sizeof target));
    puts(target);
    MUST(mkdir("d", 0700));
    MUST(chdir("d"));
    MUST(rmdir("../d"));
    memset(target, 0, sizeof target);
    MUST(readlink("/proc/self/cwd", target, sizeof target));
    puts(strrchr(target, '/'));
    SHOW(access("/proc/self/exe", X_OK));
    SHOW(access("/proc/self/cwd/x", F_OK));
}

CASE(about_an_open_file) {
    int file = MUST(open("f", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    char path[64];
    MUST(write(file, "12345", 5));
    MUST(lseek(file, 3, SEEK_SET));
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", file);
    show_line(path, "pos");
    show_line(path, "flags");
    SHOW(access("/proc/self/fdinfo/999", F_OK));
    SHOW(access("/proc/self/fd/x", F_OK));
}

CASE(memory_is_a_file) {
    static volatile long value = 42;
    long copy = 0;
    int file = MUST(open("/proc/self/mem", O_RDWR));
    SHOW(pread(file, &copy, sizeof copy, (off_t)&value));
    printf("%ld\n", copy);
    copy = 43;
    SHOW(pwrite(file, &copy, sizeof copy, (off_t)&value));
    printf("%ld\n", value);
    SHOW(pread(file, &copy, sizeof copy, 16));
    SHOW(pwrite(file, &copy, sizeof copy, 16));
}

CASE(memory_that_was_open_ends_with_its_program) {
    static volatile long value = 42;
    char *const program[] = {"cat", NULL};
    int go[2], input[2], executed[2];
    long copy = 43;
    char byte;
    MUST(pipe2(go, O_CLOEXEC));
    MUST(pipe2(input, O_CLOEXEC));
    MUST(pipe2(executed, O_CLOEXEC));
    pid_t child = MUST(fork());
    if (child == 0) {
        read(go[0], &byte, 1);
        dup2(input[0], 0);
        execv("/bin/cat", program);
        _exit(1);
    }
    close(executed[1]);
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", child);
    int file = MUST(open(path, O_RDWR));
    SHOW(pread(file, &copy, sizeof copy, (off_t)&value));
    printf("%ld\n", copy);
    MUST(write(go[1], "x", 1));
    MUST(read(executed[0], &byte, 1));
    SHOW(pread(file, &copy, sizeof copy, (off_t)&value));
    SHOW(pwrite(file, &copy, sizeof copy, (off_t)&value));
    close(input[1]);
    int status;
    MUST(waitpid(child, &status, 0));
    printf("status %x\n", status);
}

CASE(users_do_not_look_into_others) {
    int go[2];
    char byte;
    MUST(pipe(go));
    pid_t root = fork();
    if (root == 0) {
        close(go[1]);
        read(go[0], &byte, 1);
        _exit(0);
    }
    pid_t user = fork();
    if (user == 0) {
        MUST(setgid(1000));
        MUST(setuid(1000));
        SHOW(open(of(root, "environ"), O_RDONLY));
        SHOW(open(of(root, "maps"), O_RDONLY));
        SHOW(open(of(root, "mem"), O_RDONLY));
        SHOW(open(of(root, "auxv"), O_RDONLY));
        SHOW(open(of(root, "fd"), O_RDONLY));
        SHOW(open(of(root, "fd/0"), O_RDONLY));
        SHOW(readlink(of(root, "exe"), text, sizeof text));
        SHOW(readlink(of(root, "cwd"), text, sizeof text));
        SHOW(open(of(root, "comm"), O_WRONLY));
        SHOW(close(open(of(root, "status"), O_RDONLY)));
        SHOW(close(open(of(root, "cmdline"), O_RDONLY)));
        SHOW(close(open(of(root, "stat"), O_RDONLY)));
        _exit(0);
    }
    MUST(waitpid(user, NULL, 0));
    close(go[1]);
    MUST(waitpid(root, NULL, 0));
}

CASE(whoever_is_not_dumpable_is_roots) {
    struct stat about;
    MUST(setgid(1000));
    MUST(setuid(1000));
    MUST(stat("/proc/self/status", &about));
    printf("%d\n", about.st_uid);
    MUST(stat("/proc/self", &about));
    printf("%d\n", about.st_uid);
    MUST(prctl(PR_SET_DUMPABLE, 1));
    MUST(stat("/proc/self/status", &about));
    printf("%d %d %o\n", about.st_uid, about.st_gid, about.st_mode);
}

CASE(out_of_memory_scores) {
    printf("%s", content("/proc/self/oom_score_adj"));
    MUST(setuid(1000));
    SHOW(open("/proc/self/oom_score_adj", O_RDWR));
    MUST(prctl(PR_SET_DUMPABLE, 1));
    int file = MUST(open("/proc/self/oom_score_adj", O_RDWR));
    SHOW(write(file, "500", 3));
    printf("%s", content("/proc/self/oom_score_adj"));
    printf("%s", content("/proc/self/oom_adj"));
    SHOW(write(file, "1001", 4));
    SHOW(write(file, "-1001", 5));
    SHOW(write(file, "x", 1));
    SHOW(write(file, "1000\n", 5));
    printf("%s", content("/proc/self/oom_adj"));
    SHOW(write(file, "100", 3));
    SHOW(write(file, "-1", 2));
    printf("%s", content("/proc/self/oom_score_adj"));
}

CASE(limits_in_words) {
    struct rlimit limit = {1234, 5678};
    MUST(setrlimit(RLIMIT_FSIZE, &limit));
    const char *limits = content("/proc/self/limits");
    const char *at = strstr(limits, "Max file size");
    printf("%.*s\n", (int)strcspn(limits, "\n"), limits);
    printf("%.*s\n", (int)strcspn(at, "\n"), at);
}

CASE(what_is_fixed) {
    printf("%s", content("/proc/self/uid_map"));
    printf("%s", content("/proc/self/setgroups"));
    printf("%s\n", content("/proc/self/sessionid"));
    printf("%s", content("/proc/self/personality"));
    SHOW(open("/proc/self/nonsense", O_RDONLY));
    SHOW(open("/proc/nonsense", O_RDONLY | O_CREAT, 0600));
    SHOW(mkdir("/proc/x", 0700));
    SHOW(unlink("/proc/self/status"));
    SHOW(rmdir("/proc/self/fd"));
    SHOW(rename("/proc/uptime", "/proc/downtime"));
    SHOW(symlink("a", "/proc/link"));
}

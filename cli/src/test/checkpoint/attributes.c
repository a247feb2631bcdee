// What processes are: whom they run as, what they may do, their limits and settings.
#include "checkpoint.h"

#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

CASE(users_and_groups) {
    if (geteuid() != 0) {
        return;
    }
    gid_t groups[] = {7, 8, 9};
    MUST(setgroups(3, groups));
    MUST(setresgid(11, 12, 13));
    MUST(setresuid(21, 22, 0));
    setfsgid(12);
    CHECKPOINT();
    uid_t uids[3];
    gid_t gids[3], found[8];
    EQUAL(getresuid(&uids[0], &uids[1], &uids[2]), 0);
    EQUAL(uids[0] * 10000 + uids[1] * 100 + uids[2], 212200);
    EQUAL(getresgid(&gids[0], &gids[1], &gids[2]), 0);
    EQUAL(gids[0] * 10000 + gids[1] * 100 + gids[2], 111213);
    EQUAL(getgroups(8, found), 3);
    EQUAL(found[0] * 100 + found[1] * 10 + found[2], 789);
    EQUAL(setfsgid(-1), 12);
    EQUAL(setfsuid(-1), 22);
    FAILS(setuid(5), EPERM);
    EQUAL(seteuid(0), 0);
}

CASE(rights_over_files_of_others) {
    if (geteuid() != 0) {
        return;
    }
    make("secret", "x");
    MUST(chmod("secret", 0600));
    MUST(chmod(".", 0777));
    pid_t child = CHILD({
        MUST(setresgid(50, 50, 50));
        MUST(setresuid(60, 60, 60));
        CHECKPOINT();
        FAILS(open("secret", O_RDONLY), EACCES);
        int file = MUST(open("own", O_RDWR | O_CREAT, 0600));
        struct stat status;
        fstat(file, &status);
        EQUAL(status.st_uid, 60);
        EQUAL(status.st_gid, 50);
        FAILS(kill(getppid(), 0), EPERM);
    });
    ENDED(child);
}

static void capabilities(int set, struct __user_cap_data_struct *data) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    MUST(syscall(set ? SYS_capset : SYS_capget, &header, data));
}

CASE(capabilities_of_all_sets) {
    struct __user_cap_data_struct before[2], after[2];
    capabilities(0, before);
    before[0].effective &= ~(1 << CAP_CHOWN);
    before[0].permitted &= ~(1 << CAP_MKNOD);
    before[0].effective &= before[0].permitted;
    before[0].inheritable = before[0].permitted & (1 << CAP_KILL);
    capabilities(1, before);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0);
    prctl(PR_CAPBSET_DROP, CAP_SYS_TIME);
    int ambient = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0);
    int bounding = prctl(PR_CAPBSET_READ, CAP_SYS_TIME);
    prctl(PR_SET_KEEPCAPS, 1);
    int secure = prctl(PR_GET_SECUREBITS);
    CHECKPOINT();
    capabilities(0, after);
    TRUE(memcmp(before, after, sizeof before) == 0);
    EQUAL(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0), ambient);
    EQUAL(prctl(PR_CAPBSET_READ, CAP_SYS_TIME), bounding);
    EQUAL(prctl(PR_GET_KEEPCAPS), 1);
    EQUAL(prctl(PR_GET_SECUREBITS), secure);
}

CASE(no_new_privileges) {
    EQUAL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    CHECKPOINT();
    EQUAL(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1);
    FAILS(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0), EINVAL);
}

CASE(limits_of_resources) {
    struct rlimit limits[RLIM_NLIMITS], found;
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        MUST(getrlimit(i, &limits[i]));
    }
    limits[RLIMIT_NOFILE] = (struct rlimit){300, 400};
    limits[RLIMIT_FSIZE] = (struct rlimit){5000, 6000};
    limits[RLIMIT_CORE] = (struct rlimit){0, 0};
    MUST(setrlimit(RLIMIT_NOFILE, &limits[RLIMIT_NOFILE]));
    MUST(setrlimit(RLIMIT_FSIZE, &limits[RLIMIT_FSIZE]));
    MUST(setrlimit(RLIMIT_CORE, &limits[RLIMIT_CORE]));
    CHECKPOINT();
    for (int i = 0; i < RLIM_NLIMITS; i++) {
        EQUAL(getrlimit(i, &found), 0);
        TRUE(found.rlim_cur == limits[i].rlim_cur && found.rlim_max == limits[i].rlim_max);
    }
    FAILS(dup2(0, 300), EBADF);
    signal(SIGXFSZ, SIG_IGN);
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    FAILS(pwrite(file, "x", 1, 5000), EFBIG);
}

CASE(settings_of_prctl) {
    MUST(prctl(PR_SET_NAME, "renamed"));
    MUST(prctl(PR_SET_DUMPABLE, 0));
    MUST(prctl(PR_SET_PDEATHSIG, SIGURG));
    MUST(prctl(PR_SET_TIMERSLACK, 77777));
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    int thp = prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    CHECKPOINT();
    char name[16] = "";
    int signal = 0, reaper = 0;
    EQUAL(prctl(PR_GET_NAME, name), 0);
    SAME(name, "renamed");
    EQUAL(prctl(PR_GET_DUMPABLE), 0);
    EQUAL(prctl(PR_GET_PDEATHSIG, &signal), 0);
    EQUAL(signal, SIGURG);
    EQUAL(prctl(PR_GET_TIMERSLACK), 77777);
    EQUAL(prctl(PR_GET_CHILD_SUBREAPER, &reaper), 0);
    EQUAL(reaper, 1);
    if (thp == 0) {
        EQUAL(prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), 1);
    }
}

CASE(persona) {
    int before = MUST(personality(0xffffffff));
    MUST(personality(before | ADDR_NO_RANDOMIZE | UNAME26));
    struct utsname name, again;
    MUST(uname(&name));
    CHECKPOINT();
    EQUAL(personality(0xffffffff), before | ADDR_NO_RANDOMIZE | UNAME26);
    EQUAL(uname(&again), 0);
    SAME(again.release, name.release);
}

CASE(priorities_and_schedulers) {
    MUST(setpriority(PRIO_PROCESS, 0, 7));
    struct sched_param parameter = {0};
    MUST(sched_setscheduler(0, SCHED_BATCH | SCHED_RESET_ON_FORK, &parameter));
    cpu_set_t set, found;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    MUST(sched_setaffinity(0, sizeof set, &set));
    long best_effort = syscall(SYS_ioprio_set, 1, 0, (2 << 13) | 5);
    CHECKPOINT();
    EQUAL(getpriority(PRIO_PROCESS, 0), 7);
    EQUAL(sched_getscheduler(0), SCHED_BATCH | SCHED_RESET_ON_FORK);
    EQUAL(sched_getaffinity(0, sizeof found, &found) >= 0, 1);
    TRUE(CPU_EQUAL(&set, &found));
    if (best_effort == 0) {
        EQUAL(syscall(SYS_ioprio_get, 1, 0), (2 << 13) | 5);
    }
}

CASE(policy_of_memory) {
    unsigned long nodes = 1;
    if (syscall(SYS_set_mempolicy, 2, &nodes, 8) != 0) {
        return;
    }
    CHECKPOINT();
    int mode = -1;
    nodes = 0;
    EQUAL(syscall(SYS_get_mempolicy, &mode, &nodes, 64, NULL, 0), 0);
    EQUAL(mode, 2);
    EQUAL(nodes, 1);
}

CASE(names_of_the_host) {
    if (!inside() || geteuid() != 0) {
        return;
    }
    MUST(sethostname("other-host", 10));
    MUST(setdomainname("other-domain", 12));
    CHECKPOINT();
    struct utsname name;
    EQUAL(uname(&name), 0);
    SAME(name.nodename, "other-host");
    SAME(name.domainname, "other-domain");
    SAME(content("/proc/sys/kernel/hostname"), "other-host\n");
}

CASE(bases_of_segments) {
    unsigned long fs, gs, found;
    MUST(syscall(SYS_arch_prctl, 0x1003, &fs));
    MUST(syscall(SYS_arch_prctl, 0x1001, 0x12345000));
    CHECKPOINT();
    EQUAL(syscall(SYS_arch_prctl, 0x1003, &found), 0);
    EQUAL(found, fs);
    EQUAL(syscall(SYS_arch_prctl, 0x1004, &gs), 0);
    EQUAL(gs, 0x12345000);
}

CASE(use_of_resources) {
    struct rusage before, after;
    struct timespec used;
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    } while (used.tv_sec == 0 && used.tv_nsec < 50000000);
    getrusage(RUSAGE_SELF, &before);
    CHECKPOINT();
    EQUAL(getrusage(RUSAGE_SELF, &after), 0);
    long first = before.ru_utime.tv_sec * 1000000 + before.ru_utime.tv_usec
                 + before.ru_stime.tv_sec * 1000000 + before.ru_stime.tv_usec;
    long second = after.ru_utime.tv_sec * 1000000 + after.ru_utime.tv_usec
                  + after.ru_stime.tv_sec * 1000000 + after.ru_stime.tv_usec;
    TRUE(second >= first && second < first + 2000000);
    TRUE(after.ru_minflt >= before.ru_minflt);
}

// /proc beside the processes, and /sys: what programs look up about the machine.
#include "oracle.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

static char text[1 << 16];

static const char *content(const char *path) {
    int file = MUST(open(path, O_RDONLY));
    ssize_t count = 0, got;
    while ((got = read(file, text + count, sizeof text - 1 - count)) > 0) {
        count += got;
    }
    close(file);
    text[count] = 0;
    return text;
}

CASE(names_of_the_machine) {
    struct utsname name;
    MUST(uname(&name));
    printf("%s", content("/proc/sys/kernel/ostype"));
    SHOW(strncmp(content("/proc/sys/kernel/osrelease"), name.release, strlen(name.release)));
    SHOW(strncmp(content("/proc/sys/kernel/hostname"), name.nodename, strlen(name.nodename)));
    SHOW(strncmp(content("/proc/version"), "Linux version ", 14));
    SHOW(strstr(content("/proc/version"), name.release) != NULL);
}

CASE(numbers_that_are_fixed) {
    printf("%s", content("/proc/sys/kernel/ngroups_max"));
    printf("%s", content("/proc/sys/kernel/overflowuid"));
    printf("%s", content("/proc/sys/fs/nr_open"));
    printf("%s", content("/proc/sys/fs/pipe-max-size"));
    printf("%s", content("/proc/sys/net/core/somaxconn"));
}

CASE(uuids_are_random) {
    char first[64];
    strcpy(first, content("/proc/sys/kernel/random/uuid"));
    printf("%d\n", (int)strlen(first));
    SHOW(strcmp(first, content("/proc/sys/kernel/random/uuid")) != 0);
    strcpy(first, content("/proc/sys/kernel/random/boot_id"));
    SHOW(strcmp(first, content("/proc/sys/kernel/random/boot_id")));
}

CASE(memory_in_words) {
    unsigned long total = 0, unused = 0, available = 0;
    const char *info = content("/proc/meminfo");
    struct sysinfo system;
    SHOW(sscanf(info, "MemTotal: %lu kB MemFree: %lu kB MemAvailable: %lu kB", &total, &unused,
                &available));
    SHOW(unused < total && available <= total);
    SHOW(strstr(info, "\nSwapTotal: ") != NULL && strstr(info, "\nCached: ") != NULL);
    MUST(sysinfo(&system));
    SHOW(system.totalram * system.mem_unit / 1024 == total);
}

CASE(time_in_words) {
    double up, idle, one, five, fifteen;
    int running, all, last;
    SHOW(sscanf(content("/proc/uptime"), "%lf %lf", &up, &idle));
    SHOW(up >= 0);
    SHOW(sscanf(content("/proc/loadavg"), "%lf %lf %lf %d/%d %d", &one, &five, &fifteen,
                &running, &all, &last));
    SHOW(running >= 1 && all >= running);
    const char *stat = content("/proc/stat");
    SHOW(strncmp(stat, "cpu  ", 5));
    SHOW(strstr(stat, "\ncpu0 ") != NULL && strstr(stat, "\nbtime ") != NULL);
}

CASE(as_many_processors_everywhere) {
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    int listed = 0, numbered = 0;
    for (const char *at = content("/proc/cpuinfo"); (at = strstr(at, "processor\t:")); at++) {
        listed++;
    }
    for (const char *at = content("/proc/stat"); (at = strstr(at, "\ncpu")); at++) {
        numbered++;
    }
    SHOW(online == listed);
    SHOW(online == numbered);
    SHOW(online == sysconf(_SC_NPROCESSORS_CONF));
}

CASE(texts_are_made_when_they_are_read) {
    char first[64] = "", second[64] = "";
    int file = MUST(open("/proc/sys/kernel/random/uuid", O_RDONLY));
    SHOW(read(file, first, sizeof first) == 37);
    SHOW(read(file, second, sizeof second));
    file = MUST(open("/proc/uptime", O_RDONLY));
    MUST(read(file, first, sizeof first));
    usleep(30000);
    MUST(lseek(file, 0, SEEK_SET));
    MUST(read(file, second, sizeof second));
    SHOW(strcmp(first, second) != 0);
    SHOW(pread(file, second, 3, 1));
}

CASE(files_look_empty) {
    struct stat about;
    MUST(stat("/proc/meminfo", &about));
    printf("%o %d %d %d\n", about.st_mode, (int)about.st_size, about.st_uid, about.st_gid);
    MUST(stat("/proc/sys/kernel/hostname", &about));
    printf("%o %d\n", about.st_mode, (int)about.st_size);
    MUST(stat("/sys/devices/system/cpu/online", &about));
    printf("%o %d\n", about.st_mode, (int)about.st_size);
    MUST(lstat("/proc/self", &about));
    printf("%o %d\n", about.st_mode, (int)about.st_size);
    struct statfs system;
    MUST(statfs("/proc", &system));
    printf("%lx %ld %ld\n", (long)system.f_type, (long)system.f_blocks, (long)system.f_bsize);
    MUST(statfs("/sys", &system));
    printf("%lx\n", (long)system.f_type);
}

CASE(what_cannot_be_written) {
    SHOW(open("/proc/sys/kernel/ostype", O_WRONLY));
    SHOW(open("/proc/sys/kernel/random/uuid", O_RDWR));
    SHOW(open("/sys/devices/system/cpu/online", O_WRONLY));
    MUST(setuid(1000));
    SHOW(open("/proc/sys/kernel/hostname", O_WRONLY));
    SHOW(open("/proc/meminfo", O_WRONLY));
}

CASE(processors_in_sysfs) {
    char online[64];
    strcpy(online, content("/sys/devices/system/cpu/online"));
    SHOW(strcmp(online, content("/sys/devices/system/cpu/present")));
    SHOW(access("/sys/devices/system/cpu/cpu0/topology/core_id", R_OK));
    SHOW(access("/sys/devices/system/cpu/cpu999", F_OK));
    printf("%s", content("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"));
    SHOW(strcmp(online, content("/sys/devices/system/node/node0/cpulist")));
    SHOW(mkdir("/sys/x", 0700));
    SHOW(access("/sys/fs/cgroup", F_OK));
}

CASE(mounts_in_words) {
    const char *mounts = content("/proc/mounts");
    SHOW(strstr(mounts, " / ") != NULL);
    SHOW(strstr(mounts, " /proc proc ") != NULL);
    int id, parent, fields = 0;
    fields = sscanf(content("/proc/self/mountinfo"), "%d %d %*d:%*d / / ", &id, &parent);
    SHOW(fields);
    SHOW(strstr(content("/proc/filesystems"), "nodev\tproc\n") != NULL);
}

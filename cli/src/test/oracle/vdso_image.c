// The vDSO as an image: found, read and called as programs without a C library do it.
#include "oracle.h"

#include <elf.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

static char *image(void) { return (char *)getauxval(AT_SYSINFO_EHDR); }

static Elf64_Dyn *dynamic(long tag) {
    Elf64_Ehdr *header = (Elf64_Ehdr *)image();
    Elf64_Phdr *parts = (Elf64_Phdr *)(image() + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++) {
        if (parts[i].p_type == PT_DYNAMIC) {
            Elf64_Dyn *entry = (Elf64_Dyn *)(image() + parts[i].p_offset);
            while (entry->d_tag != DT_NULL && entry->d_tag != tag) {
                entry++;
            }
            return entry->d_tag == tag ? entry : NULL;
        }
    }
    return NULL;
}

static void *function(const char *name) {
    Elf64_Sym *symbols = (Elf64_Sym *)(image() + dynamic(DT_SYMTAB)->d_un.d_ptr);
    char *strings = image() + dynamic(DT_STRTAB)->d_un.d_ptr;
    Elf64_Sym *end = (Elf64_Sym *)strings;
    for (Elf64_Sym *symbol = symbols + 1; symbol < end && symbol < symbols + 40; symbol++) {
        if (symbol->st_shndx != SHN_UNDEF && strcmp(strings + symbol->st_name, name) == 0) {
            return image() + symbol->st_value;
        }
    }
    return NULL;
}

CASE(image_is_a_shared_object) {
    Elf64_Ehdr *header = (Elf64_Ehdr *)image();
    printf("found: %d, magic: %d\n", header != NULL, memcmp(header->e_ident, ELFMAG, SELFMAG));
    printf("class %d data %d type %d machine %d\n", header->e_ident[EI_CLASS],
           header->e_ident[EI_DATA], header->e_type, header->e_machine);
    printf("%s\n", image() + dynamic(DT_STRTAB)->d_un.d_ptr + dynamic(DT_SONAME)->d_un.d_val);
    printf("versions: %d, both hashes: %d\n", dynamic(DT_VERSYM) != NULL && dynamic(DT_VERDEF) != NULL,
           dynamic(DT_GNU_HASH) != NULL);
}

CASE(functions_are_there_by_both_names) {
    static const char *names[] = {"clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu"};
    for (int i = 0; i < 5; i++) {
        char full[64];
        snprintf(full, sizeof full, "__vdso_%s", names[i]);
        printf("%s: %d\n", names[i], function(full) != NULL && function(full) == function(names[i]));
    }
}

CASE(functions_work_when_called_directly) {
    int (*gettime)(int, struct timespec *) = function("__vdso_clock_gettime");
    int (*getres)(int, struct timespec *) = function("__vdso_clock_getres");
    struct timespec first, second;
    printf("%d\n", gettime(CLOCK_MONOTONIC, &first));
    usleep(1000);
    printf("%d\n", gettime(CLOCK_MONOTONIC, &second));
    printf("later: %d\n", second.tv_sec > first.tv_sec || second.tv_nsec > first.tv_nsec);
    printf("%d %d\n", gettime(1000, &first), getres(1000, &first));
    printf("%d\n", getres(CLOCK_REALTIME, NULL));
}

CASE(cpu_is_one_of_the_machine) {
    long (*getcpu)(unsigned *, unsigned *, void *) = function("__vdso_getcpu");
    unsigned cpu = 9999, node = 9999;
    printf("%ld\n", getcpu(&cpu, &node, NULL));
    printf("%d %u\n", cpu < (unsigned)sysconf(_SC_NPROCESSORS_CONF), node);
    printf("%ld\n", getcpu(NULL, NULL, NULL));
    printf("%d\n", sched_getcpu() < sysconf(_SC_NPROCESSORS_CONF));
}

static size_t show_line(int quiet) {
    char line[256];
    size_t length = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL) {
        char *name = strstr(line, "[vdso]");
        if (name != NULL) {
            unsigned long start, end;
            char access[8];
            sscanf(line, "%lx-%lx %7s", &start, &end, access);
            length = end - start;
            if (!quiet) {
                printf("%s %s", access, name);
                printf("image begins there: %d\n", start == (unsigned long)image());
            }
        }
    }
    fclose(maps);
    return length;
}

CASE(maps_show_it) { show_line(0); }

static sigjmp_buf back;
static void jump(int signal) { siglongjmp(back, signal); }

CASE(it_cannot_be_written_until_it_is_made_writable) {
    struct sigaction action = {.sa_handler = jump};
    MUST(sigaction(SIGSEGV, &action, NULL));
    if (sigsetjmp(back, 1) == 0) {
        *(volatile char *)image() = 1;
        puts("written");
    } else {
        puts("refused");
    }
    size_t length = show_line(1);
    MUST(mprotect(image(), length, PROT_READ | PROT_WRITE | PROT_EXEC));
    *(volatile char *)(image() + 4095) = 42;
    printf("%d\n", image()[4095]);
    struct timespec time;
    SHOW(clock_gettime(CLOCK_MONOTONIC, &time));
}

CASE(a_process_keeps_its_own_copy) {
    MUST(mprotect(image(), show_line(1), PROT_READ | PROT_WRITE | PROT_EXEC));
    char before = image()[4095];
    pid_t child = MUST(fork());
    if (child == 0) {
        image()[4095] = before + 1;
        _exit(image()[4095] == (char)(before + 1) ? 0 : 1);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    printf("status %d, unchanged here: %d\n", status, image()[4095] == before);
}

CASE(children_are_told_the_time) {
    struct timespec before, after;
    MUST(clock_gettime(CLOCK_MONOTONIC, &before));
    pid_t child = MUST(fork());
    if (child == 0) {
        struct timespec here;
        int result = clock_gettime(CLOCK_MONOTONIC, &here);
        _exit(result == 0 && here.tv_sec >= before.tv_sec ? 0 : 1);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    MUST(clock_gettime(CLOCK_MONOTONIC, &after));
    printf("status %d\n", status);
}

CASE(unmapped_it_is_gone) {
    MUST(munmap(image(), show_line(1)));
    printf("still there: %d\n", show_line(0) != 0);
    struct timespec time;
    SHOW(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &time));
}

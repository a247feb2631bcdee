// mprotect, faults and the signals that they raise.
#include "oracle.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static sigjmp_buf back;

// What addresses are shown relative to; null to show them as they are.
static char *base;

static void report(int signal, siginfo_t *info, void *context) {
    (void)context;
    printf("%s code %d at base%+ld\n", sigabbrev_np(signal), info->si_code,
           (long)((char *)info->si_addr - base));
    siglongjmp(back, 1);
}

static void catch_faults(void) {
    static char stack[65536];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    MUST(sigaltstack(&alternate, NULL));
    struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    MUST(sigaction(SIGSEGV, &action, NULL));
    MUST(sigaction(SIGBUS, &action, NULL));
}

static void try_read(char *at) {
    if (sigsetjmp(back, 1) == 0) {
        printf("read %d\n", *(volatile char *)at);
    }
}

static void try_write(char *at) {
    if (sigsetjmp(back, 1) == 0) {
        *(volatile char *)at = 7;
        puts("written");
    }
}

static void try_run(char *at) {
    if (sigsetjmp(back, 1) == 0) {
        ((void (*)(void))at)();
        puts("run");
    }
}

static char *pages(long count) {
    base = mmap(NULL, count * PAGE, RW, ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        exit(99);
    }
    return base;
}

CASE(each_protection_allows_what_it_says) {
    catch_faults();
    char *at = pages(1);
    static const int all[] = {PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC, RW, PROT_READ | PROT_EXEC,
                              RW | PROT_EXEC};
    for (int i = 0; i < 7; i++) {
        MUST(mprotect(at, PAGE, RW));
        at[0] = (char)0xc3; // ret
        MUST(mprotect(at, PAGE, all[i]));
        printf("prot %d\n", all[i]);
        try_read(at);
        try_run(at);
        try_write(at + 1);
    }
}

CASE(unmapped_is_maperr_and_protected_is_accerr) {
    catch_faults();
    char *at = pages(3);
    MUST(munmap(at + PAGE, PAGE));
    MUST(mprotect(at + 2 * PAGE, PAGE, PROT_NONE));
    try_read(at + PAGE + 5);
    try_write(at + PAGE + 6);
    try_run(at + PAGE + 7);
    try_read(at + 2 * PAGE + 8);
    try_write(at + 2 * PAGE + 9);
    base = 0;
    try_read((char *)16);
    try_write((char *)0);
    try_read((char *)0x800000000000);
    try_read((char *)0xffffffff80000000);
}

CASE(access_over_the_border_of_two_pages) {
    catch_faults();
    char *at = pages(2);
    MUST(mprotect(at + PAGE, PAGE, PROT_READ));
    if (sigsetjmp(back, 1) == 0) {
        *(volatile long *)(at + PAGE - 3) = -1;
    }
    printf("%d %d\n", at[PAGE - 3], at[PAGE]);
    MUST(munmap(at + PAGE, PAGE));
    if (sigsetjmp(back, 1) == 0) {
        printf("%ld\n", *(volatile long *)(at + PAGE - 3));
    }
}

CASE(splitting_keeps_content) {
    catch_faults();
    char *at = pages(9);
    for (int i = 0; i < 9; i++) {
        at[i * PAGE] = 'a' + i;
    }
    for (int i = 1; i < 9; i += 2) {
        MUST(mprotect(at + i * PAGE, PAGE, i % 4 == 1 ? PROT_READ : PROT_NONE));
    }
    for (int i = 0; i < 9; i++) {
        try_write(at + i * PAGE + 1);
    }
    MUST(mprotect(at, 9 * PAGE, RW));
    for (int i = 0; i < 9; i++) {
        printf("%c%d ", at[i * PAGE], at[i * PAGE + 1]);
    }
    puts("");
}

CASE(refused_protections) {
    char *at = pages(4);
    MUST(munmap(at + 2 * PAGE, PAGE));
    SHOW(mprotect(at + 1, PAGE, RW));
    SHOW(mprotect(at, 0, RW));
    SHOW(mprotect(at, 4 * PAGE, PROT_READ));
    SHOW(mprotect(at, SIZE_MAX - PAGE, RW));
    SHOW(mprotect(at, PAGE, 0x100));
    SHOW(mprotect(at, PAGE, PROT_GROWSUP | PROT_GROWSDOWN | RW));
    SHOW(mprotect(at, PAGE, PROT_GROWSDOWN | RW));
    SHOW(mprotect((void *)(1UL << 47), PAGE, RW));
    // What lies before the hole was changed all the same.
    catch_faults();
    try_write(at);
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(fd, PAGE));
    int read_only = MUST(open("file", O_RDONLY));
    char *file = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, read_only, 0);
    SHOW(mprotect(file, PAGE, RW));
    SHOW(mprotect(file, PAGE, PROT_READ | PROT_EXEC));
}

CASE(beyond_the_end_of_a_file_is_a_bus_error) {
    catch_faults();
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(fd, PAGE + 1));
    base = mmap(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
    try_write(base + PAGE + 200);
    try_read(base + 2 * PAGE);
    try_write(base + 3 * PAGE + 4);
    MUST(ftruncate(fd, 3 * PAGE));
    try_read(base + 2 * PAGE);
    try_read(base + 3 * PAGE);
    MUST(ftruncate(fd, PAGE));
    try_read(base + 2 * PAGE);
    try_read(base);
    char *private = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
    base = private;
    try_write(private);
    try_write(private + PAGE);
}

CASE(truncation_takes_private_copies_too) {
    catch_faults();
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(fd, 2 * PAGE));
    base = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
    base[0] = 'a';
    base[PAGE] = 'b';
    MUST(ftruncate(fd, PAGE));
    try_read(base);
    try_read(base + PAGE);
    MUST(ftruncate(fd, 2 * PAGE));
    try_read(base + PAGE);
}

CASE(calls_with_bad_memory_fault_and_do_nothing) {
    char *at = pages(2);
    MUST(mprotect(at + PAGE, PAGE, PROT_READ));
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(write(fd, "0123456789", 10));
    SHOW(pread(fd, at + PAGE, 5, 0));
    SHOW(pread(fd, at + PAGE - 4, 10, 0));
    printf("%.4s\n", at + PAGE - 4);
    MUST(munmap(at + PAGE, PAGE));
    SHOW(pwrite(fd, at + PAGE - 2, 8, 20));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(pwrite(fd, at + PAGE, 8, 0));
    SHOW(read(fd, (void *)-1, 1));
}

static void jump(int signal) {
    puts(sigabbrev_np(signal));
    siglongjmp(back, 1);
}

static __attribute__((noinline)) int recurse(int depth) {
    volatile char frame[4000];
    frame[0] = frame[3999] = depth;
    return depth == 0 ? frame[0] : recurse(depth - 1) + frame[3999];
}

CASE(the_stack_grows_to_its_limit) {
    recurse(1500);
    puts("six megabytes deep");
    catch_faults();
    struct sigaction action = {.sa_handler = jump, .sa_flags = SA_ONSTACK};
    MUST(sigaction(SIGSEGV, &action, NULL));
    if (sigsetjmp(back, 1) == 0) {
        recurse(1000000);
    }
    puts("back");
}

// Memory between processes: shared after fork, copied on write, read and written from outside.
#include "oracle.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)

static char *pages(long count, int flags) {
    char *at = mmap(NULL, count * PAGE, RW, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        exit(99);
    }
    return at;
}

static int status_of(pid_t child) {
    int status;
    MUST(waitpid(child, &status, 0));
    return status;
}

CASE(private_memory_is_copied_on_write) {
    char *at = pages(100, MAP_PRIVATE);
    for (int i = 0; i < 100; i++) {
        at[i * PAGE] = i;
    }
    pid_t child = MUST(fork());
    if (child == 0) {
        int wrong = 0;
        for (int i = 0; i < 100; i++) {
            wrong += at[i * PAGE] != i;
            at[i * PAGE] = -1;
        }
        _exit(wrong);
    }
    for (int i = 50; i < 100; i++) {
        at[i * PAGE + 1] = 1;
    }
    printf("child found wrong: %d\n", status_of(child));
    int wrong = 0;
    for (int i = 0; i < 100; i++) {
        wrong += at[i * PAGE] != i;
    }
    printf("parent found wrong: %d\n", wrong);
}

CASE(shared_anonymous_memory_is_one) {
    char *at = pages(600, MAP_SHARED);
    pid_t child = MUST(fork());
    if (child == 0) {
        strcpy(at, "from the child");
        strcpy(at + 599 * PAGE, "and its end");
        _exit(0);
    }
    printf("%d\n", status_of(child));
    printf("%s %s\n", at, at + 599 * PAGE);
}

CASE(shared_file_mappings_are_one) {
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(fd, PAGE));
    pid_t child = MUST(fork());
    if (child == 0) {
        char *mine = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
        strcpy(mine, "by a mapping of its own");
        _exit(0);
    }
    printf("%d\n", status_of(child));
    char *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    puts(at);
}

CASE(copies_survive_unmapping_and_protecting_on_the_other_side) {
    char *at = pages(3, MAP_PRIVATE);
    strcpy(at, "one");
    strcpy(at + PAGE, "two");
    strcpy(at + 2 * PAGE, "three");
    int ends[2];
    MUST(pipe(ends));
    pid_t child = MUST(fork());
    if (child == 0) {
        char wait;
        MUST(read(ends[0], &wait, 1));
        printf("%s %s %s\n", at, at + PAGE, at + 2 * PAGE);
        at[0] = 'O';
        puts(at);
        _exit(0);
    }
    MUST(munmap(at, PAGE));
    MUST(mprotect(at + PAGE, PAGE, PROT_NONE));
    MUST(madvise(at + 2 * PAGE, PAGE, MADV_DONTNEED));
    MUST(write(ends[1], "x", 1));
    printf("%d\n", status_of(child));
    printf("%d\n", at[2 * PAGE]);
}

CASE(a_chain_of_forks_keeps_each_its_own) {
    int *at = (int *)pages(1, MAP_PRIVATE);
    int depth = 0;
    for (; depth < 8; depth++) {
        *at = depth;
        pid_t child = MUST(fork());
        if (child != 0) {
            int status = status_of(child);
            printf("depth %d has %d, status %d\n", depth, *at, status);
            if (depth > 0) {
                _exit(0);
            }
            return;
        }
    }
    _exit(0);
}

CASE(the_kernel_writes_into_copies) {
    char *at = pages(2, MAP_PRIVATE);
    memset(at, 'p', 2 * PAGE);
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(write(fd, "child", 5));
    pid_t child = MUST(fork());
    if (child == 0) {
        MUST(pread(fd, at + PAGE - 2, 5, 0));
        printf("%.7s\n", at + PAGE - 3);
        _exit(0);
    }
    printf("%d\n", status_of(child));
    printf("%.7s\n", at + PAGE - 3);
}

CASE(reading_and_writing_another_process) {
    char *at = pages(2, MAP_PRIVATE);
    strcpy(at, "parent");
    int ends[2];
    MUST(pipe(ends));
    pid_t child = MUST(fork());
    if (child == 0) {
        strcpy(at, "child!");
        MUST(write(ends[1], "x", 1));
        for (int i = 0; i < 2000 && at[PAGE] == 0; i++) {
            usleep(1000);
        }
        puts(at + PAGE);
        _exit(0);
    }
    char buffer[16] = "", other[16] = "";
    MUST(read(ends[0], buffer, 1));
    struct iovec here[2] = {{buffer, 3}, {other, 4}}, there = {at, 7};
    SHOW(process_vm_readv(child, here, 2, &there, 1, 0));
    printf("%.3s %s\n", buffer, other);
    struct iovec partly[2] = {{at, 2}, {(void *)8, 4}};
    SHOW(process_vm_readv(child, here, 2, partly, 2, 0));
    SHOW(process_vm_readv(child, here, 2, &(struct iovec){(void *)8, 4}, 1, 0));
    SHOW(process_vm_readv(child, here, 2, &there, 1, 1));
    SHOW(process_vm_readv(child, here, IOV_MAX + 1, &there, 1, 0));
    SHOW(process_vm_readv(child, NULL, 0, NULL, 0, 0));
    SHOW(process_vm_readv(INT_MAX, here, 2, &there, 1, 0));
    struct iovec text = {"written from outside", 21}, place = {at + PAGE, 21};
    SHOW(process_vm_writev(child, &text, 1, &place, 1, 0));
    printf("%d\n", status_of(child));
    printf("%d %s\n", at[PAGE], at);
}

CASE(reading_itself) {
    char from[] = "itself", to[8] = "";
    SHOW(process_vm_readv(getpid(), &(struct iovec){to, 7}, 1, &(struct iovec){from, 7}, 1, 0));
    puts(to);
    SHOW(process_vm_writev(getpid(), &(struct iovec){to, 2}, 1, &(struct iovec){(void *)16, 2}, 1, 0));
    SHOW(process_vm_readv(getpid(), (void *)16, 1, &(struct iovec){from, 7}, 1, 0));
}

CASE(guard_pages_around_a_stack_of_ones_own) {
    char *at = pages(6, MAP_PRIVATE);
    MUST(mprotect(at, PAGE, PROT_NONE));
    MUST(mprotect(at + 5 * PAGE, PAGE, PROT_NONE));
    for (int i = 0; i < 2; i++) {
        pid_t child = MUST(fork());
        if (child == 0) {
            volatile char *page = i == 0 ? at + PAGE - 1 : at + 5 * PAGE;
            *page = 1;
            _exit(0);
        }
        int status = status_of(child);
        printf("signal %d\n", WTERMSIG(status));
    }
}

CASE(growing_down_area) {
    char *reserved = mmap(NULL, 600 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    MUST(munmap(reserved, 600 * PAGE));
    char *top = reserved + 598 * PAGE;
    char *stack = mmap(top, 2 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
    printf("%d\n", stack == top);
    for (char *at = top; at > top - 20 * PAGE; at -= PAGE) {
        at[-8] = 1;
    }
    printf("%d %d\n", top[-8], top[-19 * PAGE - 8]);
    unsigned char resident;
    SHOW(mincore(top - 20 * PAGE, PAGE, &resident));
}

// madvise, mincore and msync: what becomes of pages.
#include "oracle.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static char *pages(long count, int flags) {
    char *at = mmap(NULL, count * PAGE, RW, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        exit(99);
    }
    for (long i = 0; i < count; i++) {
        at[i * PAGE] = 'a' + i;
    }
    return at;
}

static int status_of(pid_t child) {
    int status;
    MUST(waitpid(child, &status, 0));
    return status;
}

CASE(dontneed_zeroes_private_memory) {
    char *at = pages(4, MAP_PRIVATE);
    SHOW(madvise(at + PAGE, 2 * PAGE, MADV_DONTNEED));
    printf("%c %d %d %c\n", at[0], at[PAGE], at[2 * PAGE], at[3 * PAGE]);
    at[PAGE] = 'B';
    printf("%c\n", at[PAGE]);
}

CASE(dontneed_keeps_shared_memory_and_rereads_files) {
    char *shared = pages(2, MAP_SHARED);
    SHOW(madvise(shared, 2 * PAGE, MADV_DONTNEED));
    printf("%c %c\n", shared[0], shared[PAGE]);
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(write(fd, "file", 4));
    char *private = mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 0);
    private[0] = 'm';
    printf("%.4s\n", private);
    SHOW(madvise(private, PAGE, MADV_DONTNEED));
    printf("%.4s\n", private);
}

CASE(remove_makes_holes) {
    char *shared = pages(3, MAP_SHARED);
    SHOW(madvise(shared + PAGE, PAGE, MADV_REMOVE));
    printf("%c %d %c\n", shared[0], shared[PAGE], shared[2 * PAGE]);
    SHOW(madvise(pages(1, MAP_PRIVATE), PAGE, MADV_REMOVE));
}

CASE(free_keeps_what_is_written_again) {
    char *at = pages(2, MAP_PRIVATE);
    SHOW(madvise(at, 2 * PAGE, MADV_FREE));
    at[0] = 'x';
    printf("%c\n", at[0]);
    SHOW(madvise(pages(1, MAP_SHARED), PAGE, MADV_FREE));
}

CASE(refused_advice) {
    char *at = pages(4, MAP_PRIVATE);
    SHOW(madvise(at + 1, PAGE, MADV_DONTNEED));
    SHOW(madvise(at, 0, MADV_DONTNEED));
    SHOW(madvise(at, 0, 9999));
    SHOW(madvise(at, PAGE, 9999));
    SHOW(madvise(at, SIZE_MAX, MADV_DONTNEED));
    MUST(munmap(at + PAGE, PAGE));
    SHOW(madvise(at, 3 * PAGE, MADV_DONTNEED));
    printf("%d %d\n", at[0], at[2 * PAGE]);
    SHOW(madvise(at, 3 * PAGE, MADV_WILLNEED));
    MUST(mlock(at, PAGE));
    SHOW(madvise(at, PAGE, MADV_DONTNEED));
}

CASE(advice_without_effect) {
    char *at = pages(2, MAP_PRIVATE);
    static const int harmless[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED,
                                   MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP,
                                   MADV_COLD, MADV_PAGEOUT, MADV_POPULATE_READ, MADV_POPULATE_WRITE};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
        printf("%d: ", harmless[i]);
        SHOW(madvise(at, 2 * PAGE, harmless[i]));
    }
    printf("%c %c\n", at[0], at[PAGE]);
}

CASE(populate_faults_where_there_is_nothing) {
    char *at = pages(4, MAP_PRIVATE);
    MUST(mprotect(at + PAGE, PAGE, PROT_READ));
    MUST(munmap(at + 3 * PAGE, PAGE));
    SHOW(madvise(at, 4 * PAGE, MADV_POPULATE_READ));
    SHOW(madvise(at, 2 * PAGE, MADV_POPULATE_WRITE));
    MUST(mprotect(at, PAGE, PROT_NONE));
    SHOW(madvise(at, PAGE, MADV_POPULATE_READ));
}

CASE(wipe_on_fork_and_dont_fork) {
    char *at = pages(4, MAP_PRIVATE);
    SHOW(madvise(at + PAGE, PAGE, MADV_WIPEONFORK));
    SHOW(madvise(at + 2 * PAGE, PAGE, MADV_DONTFORK));
    SHOW(madvise(pages(1, MAP_SHARED), PAGE, MADV_WIPEONFORK));
    pid_t child = MUST(fork());
    if (child == 0) {
        unsigned char resident;
        printf("child: %c %d %c\n", at[0], at[PAGE], at[3 * PAGE]);
        SHOW(mincore(at + 2 * PAGE, PAGE, &resident));
        at[PAGE] = 'w';
        pid_t grandchild = MUST(fork());
        if (grandchild == 0) {
            printf("grandchild: %d\n", at[PAGE]);
            _exit(0);
        }
        _exit(status_of(grandchild));
    }
    printf("status %d\n", status_of(child));
    printf("%c %c %c\n", at[0], at[PAGE], at[2 * PAGE]);
    MUST(madvise(at, 4 * PAGE, MADV_KEEPONFORK));
    MUST(madvise(at, 4 * PAGE, MADV_DOFORK));
    child = MUST(fork());
    if (child == 0) {
        printf("child: %c %c %c\n", at[PAGE], at[2 * PAGE], at[3 * PAGE]);
        _exit(0);
    }
    printf("status %d\n", status_of(child));
}

CASE(mincore_tells_what_was_touched) {
    char *at = mmap(NULL, 600 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    madvise(at, 600 * PAGE, MADV_NOHUGEPAGE);
    unsigned char resident[600];
    at[0] = at[599 * PAGE] = 1;
    SHOW(mincore(at, 600 * PAGE, resident));
    printf("%d %d\n", resident[0] & 1, resident[599] & 1);
    SHOW(mincore(at + 1, PAGE, resident));
    SHOW(mincore(at, PAGE, (unsigned char *)8));
    MUST(munmap(at + 300 * PAGE, PAGE));
    SHOW(mincore(at, 600 * PAGE, resident));
    SHOW(mincore((void *)(1UL << 47), PAGE, resident));
    SHOW(mincore(at, 0, resident));
}

CASE(msync_of_holes) {
    char *at = pages(3, MAP_PRIVATE);
    MUST(munmap(at + PAGE, PAGE));
    SHOW(msync(at, 3 * PAGE, MS_ASYNC));
    SHOW(msync(at, PAGE, MS_SYNC));
    SHOW(msync(at, 0, MS_SYNC));
    SHOW(msync(at, PAGE, MS_INVALIDATE));
    MUST(mlock(at, PAGE));
    SHOW(msync(at, PAGE, MS_INVALIDATE));
    SHOW(msync((void *)(1UL << 47), PAGE, MS_SYNC));
}

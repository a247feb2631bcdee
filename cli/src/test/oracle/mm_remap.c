// mremap and the program break.
#include "oracle.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

static char *room(long pages) {
    char *at = mmap(NULL, pages * PAGE, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        exit(99);
    }
    return at;
}

static char *pages(char *at, long count) {
    char *got = mmap(at, count * PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0);
    if (got == MAP_FAILED) {
        exit(99);
    }
    for (long i = 0; i < count; i++) {
        got[i * PAGE] = 'a' + i;
    }
    return got;
}

// How far the mapping moved, or -1 with errno set.
static long remap(char *old, size_t from, size_t to, int flags, char *where) {
    char *got = mremap(old, from, to, flags, where);
    return got == MAP_FAILED ? -1 : got - old;
}

CASE(grows_in_place_and_shrinks) {
    char *at = room(8);
    MUST(munmap(at, 8 * PAGE));
    pages(at, 2);
    SHOW(remap(at, 2 * PAGE, 4 * PAGE, 0, NULL));
    printf("%c %c %d\n", at[0], at[PAGE], at[3 * PAGE]);
    at[3 * PAGE] = 'z';
    SHOW(remap(at, 4 * PAGE, PAGE, 0, NULL));
    SHOW(remap(at, PAGE, 4 * PAGE, 0, NULL));
    printf("%c %d\n", at[0], at[3 * PAGE]);
}

CASE(cannot_grow_in_place_with_a_neighbour) {
    char *at = room(8);
    pages(at, 2);
    SHOW(remap(at, 2 * PAGE, 4 * PAGE, 0, NULL));
    char *moved = mremap(at, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    printf("moved: %d, %c %c %d\n", moved != at, moved[0], moved[PAGE], moved[3 * PAGE]);
    SHOW(mprotect(at, PAGE, RW));
}

CASE(fixed_moves_over_what_is_there) {
    char *at = room(8);
    pages(at, 2);
    pages(at + 4 * PAGE, 2);
    at[4 * PAGE] = 'x';
    SHOW(remap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 4 * PAGE) == 4 * PAGE);
    printf("%c %c\n", at[4 * PAGE], at[5 * PAGE]);
    SHOW(remap(at + 4 * PAGE, 2 * PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at));
    printf("%c\n", at[0]);
    SHOW(mprotect(at + 5 * PAGE, PAGE, RW));
}

CASE(dont_unmap_leaves_empty_pages) {
    char *at = room(8);
    pages(at, 2);
    SHOW(remap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP | MREMAP_FIXED,
               at + 4 * PAGE) == 4 * PAGE);
    printf("%d %d %c %c\n", at[0], at[PAGE], at[4 * PAGE], at[5 * PAGE]);
    SHOW(remap(at, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, NULL));
}

CASE(remap_refuses) {
    char *at = room(8);
    pages(at, 2);
    MUST(munmap(at + 3 * PAGE, PAGE));
    SHOW(remap(at + 1, PAGE, PAGE, 0, NULL));
    SHOW(remap(at, PAGE, 0, 0, NULL));
    SHOW(remap(at, PAGE, PAGE, MREMAP_FIXED, at + PAGE));
    SHOW(remap(at, PAGE, PAGE, 8, NULL));
    SHOW(remap(at, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + PAGE));
    SHOW(remap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, at + 5));
    SHOW(remap(at + 3 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW(remap(at, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE, NULL));
    SHOW(remap(at, 0, PAGE, MREMAP_MAYMOVE, NULL));
    SHOW(remap(at, PAGE, SIZE_MAX - PAGE, MREMAP_MAYMOVE, NULL));
    SHOW(remap(at, PAGE, 1UL << 47, MREMAP_MAYMOVE, NULL));
}

CASE(shared_memory_is_duplicated_by_length_zero) {
    char *at = mmap(NULL, 2 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    strcpy(at + PAGE, "both");
    char *twin = mremap(at, 0, 2 * PAGE, MREMAP_MAYMOVE);
    puts(twin + PAGE);
    strcpy(twin, "seen");
    puts(at);
}

CASE(file_mappings_grow_over_the_file) {
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(fd, 4 * PAGE));
    MUST(pwrite(fd, "end", 3, 3 * PAGE));
    char *at = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    at = mremap(at, PAGE, 4 * PAGE, MREMAP_MAYMOVE);
    printf("%.3s\n", at + 3 * PAGE);
}

CASE(the_break_moves) {
    char *start = sbrk(0);
    SHOW(brk(start + 5 * PAGE));
    SHOW((char *)sbrk(0) - start);
    start[5 * PAGE - 1] = 'x';
    SHOW(brk(start + 10));
    SHOW(brk(start + 5 * PAGE));
    printf("%d\n", start[5 * PAGE - 1]);
    SHOW(syscall(SYS_brk, 0) == (long)sbrk(0));
    SHOW(syscall(SYS_brk, -1) == (long)sbrk(0));
    SHOW(syscall(SYS_brk, start - (1L << 40)) == (long)sbrk(0));
    SHOW(brk(start));
}

CASE(the_break_stops_at_mappings_and_limits) {
    char *start = sbrk(0);
    char *page = (char *)(((uintptr_t)start + 64 * PAGE) & -PAGE);
    mmap(page, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0);
    SHOW(brk(page + PAGE));
    SHOW(brk(page - 2 * PAGE));
    MUST(munmap(page, PAGE));
    struct rlimit limit = {1 << 20, RLIM_INFINITY};
    MUST(setrlimit(RLIMIT_DATA, &limit));
    SHOW(brk(start + (8 << 20)));
    char *refused = mmap(NULL, 8 << 20, RW, ANONYMOUS, -1, 0);
    SHOW(refused == MAP_FAILED);
    char *allowed = mmap(NULL, 8 << 20, PROT_READ, ANONYMOUS, -1, 0);
    SHOW(allowed == MAP_FAILED);
    SHOW(mprotect(allowed, 8 << 20, RW));
}

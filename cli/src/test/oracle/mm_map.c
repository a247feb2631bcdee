// mmap, munmap and what they refuse.
#include "oracle.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define PAGE 4096L
#define RW (PROT_READ | PROT_WRITE)
#define ANONYMOUS (MAP_PRIVATE | MAP_ANONYMOUS)

// 0 for a mapping, which is unmapped again; -1 with errno set if there is none.
static int try_map(void *at, size_t length, int prot, int flags, int fd, off_t offset) {
    void *got = mmap(at, length, prot, flags, fd, offset);
    if (got == MAP_FAILED) {
        return -1;
    }
    munmap(got, length);
    return 0;
}

static char *room(long pages) {
    char *at = mmap(NULL, pages * PAGE, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        exit(99);
    }
    return at;
}

static int file_of(long length) {
    int fd = MUST(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));
    MUST(ftruncate(fd, length));
    return fd;
}

CASE(bad_arguments) {
    SHOW(try_map(NULL, 0, RW, ANONYMOUS, -1, 0));
    SHOW(try_map(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0));
    SHOW(try_map(NULL, PAGE, RW, MAP_ANONYMOUS | MAP_PRIVATE | MAP_SHARED, -1, 0));
    SHOW(try_map(NULL, SIZE_MAX, RW, ANONYMOUS, -1, 0));
    SHOW(try_map(NULL, 1UL << 47, RW, ANONYMOUS | MAP_NORESERVE, -1, 0));
    SHOW(try_map((void *)1, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0));
    SHOW(try_map((void *)(1UL << 47), PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0));
    SHOW(try_map((void *)-PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0));
    SHOW(try_map(NULL, PAGE, RW, MAP_PRIVATE, -1, 0));
    SHOW(try_map(NULL, PAGE, RW, MAP_PRIVATE, 999, 0));
    SHOW(try_map(NULL, PAGE, 0x40000000 | RW, ANONYMOUS, -1, 0));
}

CASE(bad_offsets_and_files) {
    int fd = file_of(2 * PAGE);
    SHOW(try_map(NULL, PAGE, RW, MAP_PRIVATE, fd, 1));
    SHOW(try_map(NULL, PAGE, RW, MAP_PRIVATE, fd, -PAGE));
    SHOW(try_map(NULL, PAGE, RW, MAP_SHARED, fd, LONG_MAX - PAGE + 1));
    int read_only = MUST(open("file", O_RDONLY));
    int write_only = MUST(open("file", O_WRONLY));
    int path = MUST(open("file", O_PATH));
    int directory = MUST(open(".", O_RDONLY));
    SHOW(try_map(NULL, PAGE, RW, MAP_SHARED, read_only, 0));
    SHOW(try_map(NULL, PAGE, RW, MAP_PRIVATE, read_only, 0));
    SHOW(try_map(NULL, PAGE, PROT_READ, MAP_SHARED, write_only, 0));
    SHOW(try_map(NULL, PAGE, PROT_WRITE, MAP_SHARED, write_only, 0));
    SHOW(try_map(NULL, PAGE, PROT_READ, MAP_PRIVATE, path, 0));
    SHOW(try_map(NULL, PAGE, PROT_READ, MAP_PRIVATE, directory, 0));
    int ends[2];
    MUST(pipe(ends));
    SHOW(try_map(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0));
}

CASE(shared_validate_refuses_what_it_does_not_know) {
    int fd = file_of(PAGE);
    SHOW(try_map(NULL, PAGE, RW, MAP_SHARED_VALIDATE, fd, 0));
    SHOW(try_map(NULL, PAGE, RW, MAP_SHARED_VALIDATE | 0x200000, fd, 0));
    SHOW(try_map(NULL, PAGE, RW, MAP_SHARED | 0x200000, fd, 0));
}

CASE(fixed_replaces_and_noreplace_does_not) {
    char *at = room(4);
    char *low = mmap(at, 2 * PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0);
    low[0] = 'a';
    low[PAGE] = 'b';
    SHOW(try_map(at, PAGE, RW, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    SHOW(try_map(at + 3 * PAGE, 2 * PAGE, RW, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    MUST(munmap(at + 2 * PAGE, PAGE));
    SHOW(try_map(at + 2 * PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    SHOW(try_map(at + 1, PAGE, RW, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
    mmap(at, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0);
    printf("%d %c\n", low[0], low[PAGE]);
}

CASE(hints_are_taken_when_free) {
    char *at = room(8);
    MUST(munmap(at, 8 * PAGE));
    char *got = mmap(at + 2 * PAGE, PAGE, RW, ANONYMOUS, -1, 0);
    printf("at the hint: %d\n", got == at + 2 * PAGE);
    char *other = mmap(at + 2 * PAGE, PAGE, RW, ANONYMOUS, -1, 0);
    printf("not twice: %d\n", other != got);
    char *odd = mmap(at + 5 * PAGE + 17, PAGE, RW, ANONYMOUS, -1, 0);
    printf("rounded down: %d\n", odd == at + 5 * PAGE);
    printf("low: %d\n", (uintptr_t)mmap(NULL, PAGE, RW, ANONYMOUS | MAP_32BIT, -1, 0) < 1UL << 31);
}

CASE(munmap_of_odd_ranges) {
    char *at = mmap(NULL, 4 * PAGE, RW, ANONYMOUS, -1, 0);
    SHOW(munmap(at + 1, PAGE));
    SHOW(munmap(at, 0));
    SHOW(munmap(at, SIZE_MAX - PAGE));
    SHOW(munmap((void *)(1UL << 47), PAGE));
    SHOW(munmap(at + PAGE, 1));
    at[0] = 1;
    at[2 * PAGE] = 2;
    SHOW(munmap(at, 4 * PAGE));
    SHOW(munmap(at, 4 * PAGE));
}

CASE(file_content_shows_and_private_writes_do_not) {
    int fd = file_of(PAGE + 100);
    MUST(pwrite(fd, "hello", 5, PAGE + 10));
    char *shared = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
    char *private = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
    printf("%.5s %.5s\n", shared + PAGE + 10, private + PAGE + 10);
    private[PAGE + 10] = 'J';
    printf("%.5s %.5s\n", shared + PAGE + 10, private + PAGE + 10);
    shared[PAGE + 11] = 'E';
    MUST(pwrite(fd, "LL", 2, PAGE + 12));
    char read_back[6] = "";
    MUST(pread(fd, read_back, 5, PAGE + 10));
    printf("%s %.5s %.5s\n", read_back, shared + PAGE + 10, private + PAGE + 10);
    char *fresh = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);
    MUST(pwrite(fd, "x", 1, 0));
    printf("%c %c\n", fresh[0], shared[0]);
    int zeros = 0;
    for (int i = PAGE + 100; i < 2 * PAGE; i++) {
        zeros += shared[i] == 0;
    }
    printf("zeros behind the end: %d\n", zeros);
    SHOW(msync(shared, 2 * PAGE, MS_SYNC));
    SHOW(msync(shared, 2 * PAGE, MS_SYNC | MS_ASYNC));
    SHOW(msync(shared + 1, PAGE, MS_SYNC));
    SHOW(msync(shared, PAGE, 8));
}

CASE(mapping_outlives_descriptor_and_name) {
    int fd = file_of(PAGE);
    char *at = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
    MUST(close(fd));
    MUST(unlink("file"));
    strcpy(at, "still here");
    puts(at);
    SHOW(access("file", F_OK));
}

CASE(locking_and_its_limits) {
    struct rlimit limit = {4 * PAGE, 4 * PAGE};
    MUST(setrlimit(RLIMIT_MEMLOCK, &limit));
    char *at = mmap(NULL, 8 * PAGE, RW, ANONYMOUS, -1, 0);
    SHOW(mlock(at, 2 * PAGE));
    SHOW(munlock(at, 2 * PAGE));
    SHOW(mlock(at + 1, 1));
    SHOW(mlock2(at, PAGE, MLOCK_ONFAULT));
    SHOW(mlock2(at, PAGE, 8));
    SHOW(munlock(at, 8 * PAGE));
    MUST(munmap(at + PAGE, PAGE));
    SHOW(mlock(at, 3 * PAGE));
    SHOW(mlockall(0));
    SHOW(mlockall(8));
    SHOW(munlockall());
}

CASE(address_space_limit) {
    struct rlimit limit = {1L << 30, RLIM_INFINITY};
    MUST(setrlimit(RLIMIT_AS, &limit));
    SHOW(try_map(NULL, 2L << 30, RW, ANONYMOUS, -1, 0));
    SHOW(try_map(NULL, 2L << 30, PROT_NONE, ANONYMOUS | MAP_NORESERVE, -1, 0));
    SHOW(try_map(NULL, 256L << 20, RW, ANONYMOUS, -1, 0));
}

CASE(ten_thousand_mappings) {
    char *at = room(20000);
    int wrong = 0;
    for (long i = 0; i < 10000; i++) {
        char *page = mmap(at + 2 * i * PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0);
        wrong += page != at + 2 * i * PAGE;
        *(long *)page = i;
    }
    for (long i = 0; i < 10000; i++) {
        wrong += *(long *)(at + 2 * i * PAGE) != i;
    }
    printf("wrong: %d\n", wrong);
    SHOW(munmap(at, 20000 * PAGE));
}

CASE(too_many_mappings) {
    char *at = room(140000);
    long made = 0;
    while (made < 70000 && mprotect(at + 2 * made * PAGE, PAGE, PROT_READ) == 0) {
        made++;
    }
    printf("%s, enough: %d\n", strerrorname_np(errno), made > 32000 && made < 33000);
    SHOW(munmap(at, 140000 * PAGE));
}

CASE(four_gibibytes_sparse) {
    size_t size = 4UL << 30;
    char *at = mmap(NULL, size, RW, ANONYMOUS | MAP_NORESERVE, -1, 0);
    for (size_t i = 0; i < size; i += size / 64) {
        at[i] = i >> 26;
    }
    int wrong = 0;
    for (size_t i = 0; i < size; i += size / 64) {
        wrong += at[i] != (char)(i >> 26) || at[i + PAGE] != 0;
    }
    printf("wrong: %d\n", wrong);
    SHOW(munmap(at, size));
    int fd = file_of(5L << 30);
    char *file = mmap(NULL, 5L << 30, RW, MAP_SHARED, fd, 0);
    file[(5L << 30) - 1] = 'z';
    char last;
    MUST(pread(fd, &last, 1, (5L << 30) - 1));
    printf("%c\n", last);
}

// Memory of every kind.
#include "checkpoint.h"

#include <sys/resource.h>
#include <sys/uio.h>

enum { PAGE = 4096 };

static char *map(size_t length, int protection, int flags) {
    char *at = mmap(NULL, length, protection, flags | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        _exit(99);
    }
    return at;
}

static char *private_pages(size_t length) {
    return map(length, PROT_READ | PROT_WRITE, MAP_PRIVATE);
}

static char *shared_pages(size_t length) {
    return map(length, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static int dies_of(int signal, pid_t child) {
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == signal;
}

// A line of maps that begins with an address, or "".
static const char *mapping(void *address) {
    static char line[512];
    char start[32];
    snprintf(start, sizeof start, "%lx-", (unsigned long)address);
    FILE *maps = fopen("/proc/self/maps", "r");
    while (fgets(line, sizeof line, maps) != NULL) {
        if (strstr(line, start) == line) {
            fclose(maps);
            return line;
        }
    }
    fclose(maps);
    return "";
}

CASE(anonymous_pages) {
    enum { PAGES = 3000 };
    char *at = private_pages(PAGES * PAGE);
    for (int i = 0; i < PAGES; i += 3) {
        memset(at + i * PAGE, i % 100 + 1, PAGE);
    }
    CHECKPOINT();
    for (int i = 0; i < PAGES; i++) {
        int expected = i % 3 == 0 ? i % 100 + 1 : 0;
        if (at[i * PAGE] != expected || at[i * PAGE + PAGE - 1] != expected) {
            wrong(__FILE__, __LINE__, "page %d is %d, not %d", i, at[i * PAGE], expected);
            break;
        }
    }
    memset(at, 9, PAGES * PAGE);
    EQUAL(at[PAGES * PAGE - 1], 9);
}

CASE(pages_that_were_only_read) {
    char *at = private_pages(64 * PAGE);
    long sum = 0;
    for (int i = 0; i < 64; i++) {
        sum += *(volatile char *)(at + i * PAGE);
    }
    CHECKPOINT();
    for (int i = 0; i < 64; i++) {
        sum += at[i * PAGE];
        at[i * PAGE] = 1;
    }
    EQUAL(sum, 0);
}

CASE(written_afterwards_a_bit_at_a_time) {
    enum { PAGES = 500 };
    char *at = private_pages(PAGES * PAGE);
    for (int i = 0; i < PAGES; i++) {
        memset(at + i * PAGE, 'a' + i % 26, PAGE);
    }
    CHECKPOINT();
    for (int i = 0; i < PAGES; i++) {
        at[i * PAGE + 1000] = 'X';
    }
    for (int i = 0; i < PAGES; i++) {
        if (at[i * PAGE + 999] != 'a' + i % 26 || at[i * PAGE + 1000] != 'X'
            || at[i * PAGE + 1001] != 'a' + i % 26) {
            wrong(__FILE__, __LINE__, "page %d", i);
            break;
        }
    }
}

CASE(system_calls_on_untouched_pages) {
    char *at = private_pages(4 * PAGE);
    memset(at, 'm', 4 * PAGE);
    int fds[2];
    MUST(pipe(fds));
    CHECKPOINT();
    // Across pages that no instruction has touched since.
    EQUAL(write(fds[1], at + PAGE - 100, 200), 200);
    EQUAL(read(fds[0], at + 3 * PAGE - 100, 200), 200);
    EQUAL(at[3 * PAGE - 101], 'm');
    EQUAL(at[3 * PAGE + 101], 'm');
    struct iovec local = {at, 10}, remote = {at + 2 * PAGE, 10};
    EQUAL(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), 10);
    EQUAL(at[0], 'm');
}

static int go[2], back[2];
static void wait_for_go(void) {
    char byte;
    EQUAL(read(go[0], &byte, 1), 1);
}
static void tell(void) { EQUAL(write(go[1], "x", 1), 1); }

CASE(shared_memory_between_processes) {
    MUST(pipe(go));
    MUST(pipe(back));
    volatile int *shared = (int *)shared_pages(16 * PAGE);
    shared[0] = 1;
    shared[5 * 1024] = 5;
    pid_t child = BLOCKED({
        wait_for_go();
        EQUAL(shared[0], 2);
        EQUAL(shared[5 * 1024], 5);
        shared[9 * 1024] = 9;
        EQUAL(write(back[1], "x", 1), 1);
    });
    CHECKPOINT();
    shared[0] = 2;
    tell();
    char byte;
    EQUAL(read(back[0], &byte, 1), 1);
    EQUAL(shared[9 * 1024], 9);
    ENDED(child);
}

CASE(copy_on_write_with_a_child) {
    MUST(pipe(go));
    enum { PAGES = 200 };
    char *at = private_pages(PAGES * PAGE);
    memset(at, 'o', PAGES * PAGE);
    pid_t child = CHILD({
        memset(at + 50 * PAGE, 'c', 50 * PAGE);
        wait_for_go();
        EQUAL(at[10 * PAGE], 'o');
        EQUAL(at[60 * PAGE], 'c');
        EQUAL(at[120 * PAGE], 'o');
        memset(at + 100 * PAGE, 'C', 50 * PAGE);
        EQUAL(at[160 * PAGE], 'o');
    });
    await_asleep(child);
    memset(at, 'p', 20 * PAGE);
    CHECKPOINT();
    memset(at + 150 * PAGE, 'P', 50 * PAGE);
    pid_t second = CHILD({
        EQUAL(at[0], 'p');
        EQUAL(at[60 * PAGE], 'o');
        EQUAL(at[160 * PAGE], 'P');
        memset(at, 'S', PAGES * PAGE);
    });
    ENDED(second);
    EQUAL(at[0], 'p');
    EQUAL(at[60 * PAGE], 'o');
    EQUAL(at[120 * PAGE], 'o');
    EQUAL(at[160 * PAGE], 'P');
    tell();
    ENDED(child);
}

CASE(private_mapping_of_a_file) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    static char bytes[8 * PAGE];
    memset(bytes, 'f', sizeof bytes);
    EQUAL(write(file, bytes, sizeof bytes), sizeof bytes);
    char *at = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    at[0] = 'w';
    TRUE(at[2 * PAGE] == 'f');
    close(file);
    CHECKPOINT();
    EQUAL(at[0], 'w');
    EQUAL(at[1], 'f');
    EQUAL(at[2 * PAGE], 'f');
    EQUAL(at[5 * PAGE], 'f');
    at[5 * PAGE] = 'W';
    EQUAL(content("file")[0], 'f');
    file = MUST(open("file", O_RDONLY));
    char byte;
    EQUAL(pread(file, &byte, 1, 5 * PAGE), 1);
    EQUAL(byte, 'f');
}

CASE(shared_mapping_of_a_file) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(ftruncate(file, 3 * PAGE + 10));
    char *at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    memcpy(at + PAGE, "mapped", 6);
    unlink("file");
    CHECKPOINT();
    char bytes[8] = "";
    EQUAL(pread(file, bytes, 6, PAGE), 6);
    SAME(bytes, "mapped");
    EQUAL(pwrite(file, "file", 4, 2 * PAGE), 4);
    TRUE(memcmp(at + 2 * PAGE, "file", 4) == 0);
    at[3 * PAGE + 5] = 'e';
    EQUAL(pread(file, bytes, 8, 3 * PAGE + 5), 5);
    EQUAL(bytes[0], 'e');
    EQUAL(msync(at, 4 * PAGE, MS_SYNC), 0);
    EQUAL(ftruncate(file, PAGE), 0);
    TRUE(dies_of(SIGBUS, CHILD({ at[2 * PAGE] = 1; })));
}

CASE(mapping_of_a_file_of_the_host) {
    int file = MUST(open("/proc/self/exe", O_RDONLY));
    char *at = mmap(NULL, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    at[PAGE] ^= 1;
    char kept = at[PAGE];
    CHECKPOINT();
    TRUE(memcmp(at, "\177ELF", 4) == 0);
    EQUAL(at[PAGE], kept);
    static char bytes[64 * PAGE];
    EQUAL(pread(file, bytes, sizeof bytes, 0), sizeof bytes);
    bytes[PAGE] ^= 1;
    TRUE(memcmp(at, bytes, sizeof bytes) == 0);
}

CASE(memfd_mapped_twice) {
    int file = MUST(memfd_create("twice", 0));
    MUST(ftruncate(file, 4 * PAGE));
    char *one = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    char *other = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, file, PAGE);
    memcpy(one + PAGE, "both", 5);
    close(file);
    CHECKPOINT();
    SAME(other, "both");
    memcpy(one + 2 * PAGE, "again", 6);
    SAME(other + PAGE, "again");
}

CASE(fixed_layout_with_gaps) {
    char *base = private_pages(64 * PAGE);
    munmap(base, 64 * PAGE);
    for (int i = 0; i < 64; i += 2) {
        char *at = mmap(base + i * PAGE, PAGE, i % 4 ? PROT_READ : PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        TRUE(at == base + i * PAGE);
        if (i % 4 == 0) {
            at[7] = i + 1;
        }
    }
    CHECKPOINT();
    for (int i = 0; i < 64; i++) {
        char *at = base + i * PAGE;
        unsigned char resident;
        if (i % 2) {
            FAILS(mincore(at, PAGE, &resident), ENOMEM);
        } else {
            EQUAL(at[7], i % 4 ? 0 : i + 1);
        }
    }
    TRUE(dies_of(SIGSEGV, CHILD({ base[PAGE] = 1; })));
    TRUE(dies_of(SIGSEGV, CHILD({ base[2 * PAGE] = 1; })));
}

CASE(lowest_and_highest_addresses) {
    char *low = mmap((void *)0x10000, PAGE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    char *high = mmap((void *)0x7ffff0000000, PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    MUST(low == MAP_FAILED ? -1 : 0);
    strcpy(low, "low");
    if (high != MAP_FAILED) {
        strcpy(high, "high");
    }
    CHECKPOINT();
    SAME(low, "low");
    if (high != MAP_FAILED) {
        SAME(high, "high");
    }
}

CASE(pages_without_access) {
    char *at = private_pages(4 * PAGE);
    memset(at, 'h', 4 * PAGE);
    MUST(mprotect(at, 2 * PAGE, PROT_NONE));
    CHECKPOINT();
    TRUE(dies_of(SIGSEGV, CHILD({ *(volatile char *)at; })));
    FAILS(write(GATE_OUT, at, 1), EFAULT);
    EQUAL(mprotect(at, PAGE, PROT_READ), 0);
    EQUAL(at[PAGE - 1], 'h');
    EQUAL(at[2 * PAGE], 'h');
}

CASE(code_made_by_the_program) {
    char *at = map(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    // mov $77, %eax; ret
    memcpy(at, "\xb8\x4d\x00\x00\x00\xc3", 6);
    MUST(mprotect(at, PAGE, PROT_READ | PROT_EXEC));
    EQUAL(((int (*)(void))at)(), 77);
    CHECKPOINT();
    EQUAL(((int (*)(void))at)(), 77);
    MUST(mprotect(at, PAGE, PROT_READ | PROT_WRITE));
    at[1] = 78;
    TRUE(dies_of(SIGSEGV, CHILD({ ((int (*)(void))at)(); })));
    MUST(mprotect(at, PAGE, PROT_READ | PROT_EXEC));
    EQUAL(((int (*)(void))at)(), 78);
}

CASE(locked_memory) {
    char *at = private_pages(4 * PAGE);
    MUST(mlock(at, 2 * PAGE));
    CHECKPOINT();
    TRUE(strstr(content("/proc/self/status"), "VmLck:\t       8 kB") != NULL);
    EQUAL(munlock(at, 2 * PAGE), 0);
    TRUE(strstr(content("/proc/self/status"), "VmLck:\t       0 kB") != NULL);
}

CASE(advice_for_forks) {
    char *at = private_pages(4 * PAGE);
    memset(at, 'a', 4 * PAGE);
    MUST(madvise(at, PAGE, MADV_WIPEONFORK));
    MUST(madvise(at + 2 * PAGE, PAGE, MADV_DONTFORK));
    CHECKPOINT();
    pid_t child = CHILD({
        EQUAL(at[0], 0);
        EQUAL(at[PAGE], 'a');
        unsigned char resident;
        FAILS(mincore(at + 2 * PAGE, PAGE, &resident), ENOMEM);
    });
    ENDED(child);
    EQUAL(at[0], 'a');
    EQUAL(at[2 * PAGE], 'a');
}

CASE(pages_that_were_given_back) {
    char *at = private_pages(8 * PAGE);
    memset(at, 'g', 8 * PAGE);
    MUST(madvise(at + 2 * PAGE, 3 * PAGE, MADV_DONTNEED));
    CHECKPOINT();
    EQUAL(at[PAGE], 'g');
    EQUAL(at[2 * PAGE], 0);
    EQUAL(at[5 * PAGE], 'g');
    MUST(madvise(at + 5 * PAGE, PAGE, MADV_DONTNEED));
    EQUAL(at[5 * PAGE], 0);
    MUST(munmap(at + 6 * PAGE, PAGE));
    EQUAL(at[7 * PAGE], 'g');
}

CASE(mapping_that_grows_down) {
    char *at = map(256 * PAGE, PROT_NONE, MAP_PRIVATE);
    char *top = at + 200 * PAGE;
    munmap(at, 256 * PAGE);
    char *stack = mmap(top, PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_GROWSDOWN, -1, 0);
    TRUE(stack == top);
    strcpy(stack, "top");
    CHECKPOINT();
    for (int i = 1; i < 50; i++) {
        *(volatile char *)(top - i * PAGE) = i;
    }
    SAME(stack, "top");
    EQUAL(*(top - 49 * PAGE), 49);
}

static int deep(int depth) {
    volatile char frame[PAGE];
    frame[0] = depth;
    frame[PAGE - 1] = depth;
    if (depth == 0) {
        CHECKPOINT();
        return 0;
    }
    int below = deep(depth - 1);
    return below + (frame[0] == (char)depth && frame[PAGE - 1] == (char)depth);
}

CASE(deep_stack) {
    EQUAL(deep(200), 200);
}

CASE(stack_grows_afterwards) {
    CHECKPOINT();
    EQUAL(({
        int grow(int depth) {
            volatile char frame[PAGE];
            frame[0] = 1;
            return depth == 0 ? 0 : grow(depth - 1) + frame[0];
        }
        grow(900);
    }), 900);
}

CASE(program_break) {
    char *before = sbrk(0);
    char *heap = sbrk(10 * PAGE);
    MUST((long)heap);
    memset(heap, 'b', 10 * PAGE);
    CHECKPOINT();
    TRUE(sbrk(0) == before + 10 * PAGE);
    EQUAL(heap[0], 'b');
    EQUAL(heap[10 * PAGE - 1], 'b');
    TRUE(sbrk(PAGE) == before + 10 * PAGE);
    EQUAL(heap[10 * PAGE], 0);
    TRUE(sbrk(-11 * PAGE) != (void *)-1);
    TRUE(sbrk(0) == before);
}

CASE(moved_mapping) {
    char *at = private_pages(4 * PAGE);
    memset(at, 'm', 4 * PAGE);
    char *moved = mremap(at, 4 * PAGE, 400 * PAGE, MREMAP_MAYMOVE);
    MUST((long)moved);
    moved[300 * PAGE] = 'n';
    CHECKPOINT();
    EQUAL(moved[3 * PAGE], 'm');
    EQUAL(moved[4 * PAGE], 0);
    EQUAL(moved[300 * PAGE], 'n');
    char *again = mremap(moved, 400 * PAGE, 301 * PAGE, MREMAP_MAYMOVE);
    EQUAL(again[300 * PAGE], 'n');
    EQUAL(again[0], 'm');
}

CASE(shared_pages_mapped_at_two_places) {
    char *at = shared_pages(2 * PAGE);
    char *alias = mremap(at, 0, 2 * PAGE, MREMAP_MAYMOVE);
    MUST((long)alias);
    strcpy(at, "one");
    CHECKPOINT();
    SAME(alias, "one");
    strcpy(alias + PAGE, "two");
    SAME(at + PAGE, "two");
}

CASE(layout_in_maps) {
    char before[65536], after[65536];
    private_pages(3 * PAGE);
    shared_pages(5 * PAGE);
    int file = MUST(open("/proc/self/maps", O_RDONLY));
    ssize_t length = 0;
    for (ssize_t part; (part = read(file, before + length, 4096)) > 0; length += part) {
    }
    CHECKPOINT();
    file = MUST(open("/proc/self/maps", O_RDONLY));
    ssize_t again = 0;
    for (ssize_t part; (part = read(file, after + again, 4096)) > 0; again += part) {
    }
    before[length] = 0;
    after[again] = 0;
    SAME(after, before);
}

CASE(limit_of_address_space) {
    private_pages(PAGE);
    struct rlimit limit = {200 << 20, 200 << 20};
    MUST(setrlimit(RLIMIT_AS, &limit));
    char *at = private_pages(50 << 20);
    at[0] = 1;
    CHECKPOINT();
    TRUE(mmap(NULL, 180 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    munmap(at, 50 << 20);
    TRUE(mmap(NULL, 150 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
}

CASE(memory_use_in_statm) {
    char *at = private_pages(256 * PAGE);
    memset(at, 1, 256 * PAGE);
    long size, resident;
    TRUE(sscanf(content("/proc/self/statm"), "%ld %ld", &size, &resident) == 2);
    CHECKPOINT();
    long after_size;
    for (int i = 0; i < 256; i++) {
        EQUAL(at[i * PAGE], 1);
    }
    TRUE(sscanf(content("/proc/self/statm"), "%ld", &after_size) == 1);
    EQUAL(after_size, size);
}

CASE(lines_of_maps_that_merge) {
    char *at = private_pages(3 * PAGE);
    MUST(mprotect(at + PAGE, PAGE, PROT_READ));
    char before[512];
    strcpy(before, mapping(at + PAGE));
    CHECKPOINT();
    SAME(mapping(at + PAGE), before);
    MUST(mprotect(at + PAGE, PAGE, PROT_READ | PROT_WRITE));
    SAME(mapping(at + PAGE), "");
    at[PAGE] = 1;
}

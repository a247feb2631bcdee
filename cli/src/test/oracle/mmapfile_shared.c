// Files in memory: mmap(2) of them, together with read(2), write(2) and ftruncate(2).
#include "oracle.h"
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define PAGE 4096

static int sized_file(const char *path, long size) {
    int file = MUST(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
    MUST(ftruncate(file, size));
    return file;
}

static char *map(int file, long size, int protection, int flags) {
    char *memory = mmap(NULL, size, protection, flags, file, 0);
    if (memory == MAP_FAILED) {
        printf("mmap: %s\n", strerrorname_np(errno));
        exit(99);
    }
    return memory;
}

static sigjmp_buf back;
static int signal_code;

static void on_fault(int number, siginfo_t *info, void *context) {
    (void)context;
    signal_code = info->si_code;
    siglongjmp(back, number);
}

// The signal that touching memory raises; 0 for none.
static int touch(volatile char *at, int write) {
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    int number = sigsetjmp(back, 1);
    if (number == 0) {
        if (write) {
            *at = 1;
        } else {
            (void)*at;
        }
    }
    return number;
}

CASE(shared_memory_and_the_file_are_one) {
    int file = sized_file("f", 2 * PAGE);
    char *memory = map(file, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    strcpy(memory + 100, "by memory");
    char bytes[32] = "";
    SHOW(pread(file, bytes, 9, 100));
    puts(bytes);
    SHOW(pwrite(file, "by write", 9, PAGE + 5));
    puts(memory + PAGE + 5);
    int other = MUST(open("f", O_RDONLY));
    strcpy(memory + 100, "again");
    SHOW(pread(other, bytes, 6, 100));
    puts(bytes);
    SHOW(msync(memory, 2 * PAGE, MS_SYNC));
    SHOW(munmap(memory, 2 * PAGE));
    SHOW(pread(other, bytes, 6, 100));
    puts(bytes);
}

CASE(private_memory_is_apart) {
    int file = sized_file("f", PAGE);
    MUST(pwrite(file, "original", 9, 0));
    char *memory = map(file, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    puts(memory);
    MUST(pwrite(file, "changed", 8, 0));
    puts(memory);
    memory[0] = 'C';
    MUST(pwrite(file, "another", 8, 0));
    puts(memory);
    char bytes[16];
    MUST(pread(file, bytes, 8, 0));
    puts(bytes);
}

CASE(children_share_it) {
    int file = sized_file("f", PAGE);
    char *memory = map(file, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    char *mine = map(file, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    strcpy(mine, "parent");
    if (fork() == 0) {
        strcpy(memory, "from the child");
        strcpy(mine, "child");
        _exit(0);
    }
    wait(NULL);
    puts(memory);
    puts(mine);
    if (fork() == 0) {
        char *again = map(MUST(open("f", O_RDWR)), PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
        strcpy(again, "by another mapping");
        _exit(0);
    }
    wait(NULL);
    puts(memory);
}

CASE(beyond_the_end_is_a_bus_error) {
    int file = sized_file("f", PAGE + 100);
    char *memory = map(file, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    SHOW(touch(memory + PAGE, 1));
    SHOW(touch(memory + 2 * PAGE - 1, 0));
    SHOW(touch(memory + 2 * PAGE, 0) == SIGBUS);
    SHOW(signal_code == BUS_ADRERR);
    SHOW(touch(memory + 3 * PAGE, 1) == SIGBUS);
    MUST(ftruncate(file, 4 * PAGE));
    SHOW(touch(memory + 3 * PAGE, 1));
    MUST(ftruncate(file, PAGE));
    SHOW(touch(memory, 0));
    SHOW(touch(memory + PAGE, 0) == SIGBUS);
    SHOW(touch(memory + 3 * PAGE, 0) == SIGBUS);
    struct stat about;
    MUST(fstat(file, &about));
    SHOW(about.st_size);
}

CASE(truncation_takes_private_pages_too) {
    int file = sized_file("f", 2 * PAGE);
    char *memory = map(file, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    memory[0] = 'a';
    memory[PAGE] = 'b';
    MUST(ftruncate(file, PAGE));
    SHOW(memory[0]);
    SHOW(touch(memory + PAGE, 0) == SIGBUS);
    MUST(ftruncate(file, 2 * PAGE));
    SHOW(memory[PAGE]);
}

CASE(the_rest_of_the_last_page_is_zero) {
    int file = sized_file("f", 0);
    MUST(write(file, "12345", 5));
    char *memory = map(file, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    SHOW(memory[4]);
    SHOW(memory[5]);
    strcpy(memory + 5, "beyond");
    struct stat about;
    MUST(fstat(file, &about));
    SHOW(about.st_size);
    MUST(ftruncate(file, 100));
    char bytes[16] = "";
    SHOW(pread(file, bytes, 12, 0));
    puts(bytes);
    MUST(ftruncate(file, 3));
    MUST(ftruncate(file, 100));
    SHOW(memory[2]);
    SHOW(memory[3]);
}

CASE(access_modes_are_checked) {
    MUST(close(sized_file("f", PAGE)));
    int reader = MUST(open("f", O_RDONLY)), writer = MUST(open("f", O_WRONLY));
    int path = MUST(open("f", O_PATH)), directory = MUST(open(".", O_RDONLY));
    SHOW((long)mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, reader, 0));
    SHOW(mmap(NULL, PAGE, PROT_WRITE, MAP_PRIVATE, reader, 0) != MAP_FAILED);
    SHOW((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, writer, 0));
    SHOW((long)mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, writer, 0));
    SHOW((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, path, 0));
    SHOW((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, directory, 0));
    SHOW((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, 77, 0));
    SHOW((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, reader, 5));
    SHOW((long)mmap(NULL, 0, PROT_READ, MAP_SHARED, reader, 0));
    SHOW((long)mmap(NULL, PAGE, PROT_READ, 0, reader, 0));
    char *memory = map(reader, PAGE, PROT_READ, MAP_SHARED);
    SHOW(mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
    SHOW(touch(memory, 1) == SIGSEGV);
}

CASE(mappings_keep_files_alive) {
    int file = sized_file("f", PAGE);
    char *memory = map(file, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    strcpy(memory, "kept");
    MUST(close(file));
    MUST(unlink("f"));
    puts(memory);
    int status;
    if (fork() == 0) {
        puts(memory);
        _exit(0);
    }
    wait(&status);
    SHOW(access("f", F_OK));
}

CASE(parts_of_a_file_are_mapped) {
    int file = sized_file("f", 8 * PAGE);
    for (int i = 0; i < 8; i++) {
        char digit = '0' + i;
        MUST(pwrite(file, &digit, 1, i * PAGE));
    }
    char *memory = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 4 * PAGE);
    SHOW(memory[0]);
    SHOW(memory[2 * PAGE]);
    memory[PAGE] = 'x';
    char byte;
    MUST(pread(file, &byte, 1, 5 * PAGE));
    SHOW(byte);
    SHOW(munmap(memory + PAGE, PAGE));
    memory[2 * PAGE] = 'y';
    MUST(pread(file, &byte, 1, 6 * PAGE));
    SHOW(byte);
    SHOW(touch(memory + PAGE, 0) == SIGSEGV);
}

CASE(holes_are_filled_by_touching_them) {
    int file = sized_file("f", 100 * PAGE);
    char *memory = map(file, 100 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    SHOW(memory[50 * PAGE]);
    memory[50 * PAGE] = 'x';
    SHOW(msync(memory, 100 * PAGE, MS_SYNC));
    char byte = 0;
    MUST(pread(file, &byte, 1, 50 * PAGE));
    SHOW(byte);
    SHOW(madvise(memory, 100 * PAGE, MADV_DONTNEED));
    SHOW(memory[50 * PAGE]);
    SHOW(msync(memory + 1, PAGE, MS_SYNC));
    SHOW(msync(memory, PAGE, MS_SYNC | MS_ASYNC));
}

CASE(a_program_can_be_read_through_memory) {
    int file = MUST(open("/proc/self/exe", O_RDONLY));
    char *shared = map(file, PAGE, PROT_READ, MAP_SHARED);
    char *private = map(file, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE);
    printf("%.3s %.3s\n", shared + 1, private + 1);
    private[1] = 'X';
    printf("%.3s %.3s\n", shared + 1, private + 1);
    char bytes[4] = "";
    SHOW(pread(file, bytes, 4, 0));
    printf("%.3s\n", bytes + 1);
}

CASE(renaming_over_a_mapped_file_leaves_the_mapping) {
    int file = sized_file("f", PAGE);
    char *memory = map(file, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED);
    strcpy(memory, "old");
    int other = sized_file("g", PAGE);
    MUST(pwrite(other, "new", 4, 0));
    SHOW(rename("g", "f"));
    puts(memory);
    char bytes[4];
    MUST(pread(MUST(open("f", O_RDONLY)), bytes, 4, 0));
    puts(bytes);
}

// Content of regular files: positions, holes, sizes, limits.
#include "oracle.h"
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static long size_of(const char *path) {
    struct stat about;
    MUST(stat(path, &about));
    return about.st_size;
}

CASE(an_unlinked_file_keeps_its_content) {
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    MUST(write(file, "hello", 5));
    SHOW(unlink("f"));
    SHOW(unlink("f"));
    struct stat about;
    MUST(fstat(file, &about));
    SHOW(about.st_nlink);
    char bytes[8] = "";
    SHOW(pread(file, bytes, 8, 0));
    puts(bytes);
    SHOW(open("f", O_RDONLY));
    SHOW(ftruncate(file, 2));
    SHOW(lseek(file, 0, SEEK_END));
}

CASE(positions_are_shared_by_duplicates_only) {
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    int duplicate = MUST(dup(file));
    int other = MUST(open("f", O_RDWR));
    SHOW(write(file, "hello", 5));
    SHOW(lseek(duplicate, 0, SEEK_CUR));
    SHOW(lseek(other, 0, SEEK_CUR));
    SHOW(pwrite(other, "J", 1, 0));
    SHOW(lseek(other, 0, SEEK_CUR));
    SHOW(lseek(file, -10, SEEK_CUR));
    SHOW(lseek(file, 100, SEEK_SET));
    char byte;
    SHOW(read(file, &byte, 1));
    SHOW(lseek(file, 0, 17));
    SHOW(lseek(file, -1, SEEK_SET));
    SHOW(pread(file, &byte, 1, -1));
    SHOW(pwrite(file, &byte, 1, -1));
}

CASE(appending_goes_to_the_end) {
    int file = MUST(open("f", O_RDWR | O_CREAT | O_APPEND, 0600));
    int other = MUST(open("f", O_RDWR));
    SHOW(write(file, "one", 3));
    SHOW(write(other, "two!", 4));
    SHOW(write(file, "three", 5));
    SHOW(lseek(file, 0, SEEK_CUR));
    SHOW(lseek(file, 0, SEEK_SET));
    SHOW(write(file, "4", 1));
    SHOW(pwrite(file, "5", 1, 0));
    char bytes[32] = "";
    SHOW(pread(file, bytes, 31, 0));
    puts(bytes);
}

CASE(holes_read_as_zero_and_can_be_found) {
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    SHOW(lseek(file, 0, SEEK_DATA));
    SHOW(lseek(file, 0, SEEK_HOLE));
    MUST(pwrite(file, "data", 4, 1 << 20));
    SHOW(lseek(file, 0, SEEK_DATA));
    SHOW(lseek(file, 0, SEEK_HOLE));
    SHOW(lseek(file, 1 << 20, SEEK_HOLE));
    SHOW(lseek(file, (1 << 20) + 4, SEEK_DATA));
    SHOW(lseek(file, 1 << 22, SEEK_HOLE));
    SHOW(lseek(file, -1, SEEK_DATA));
    MUST(ftruncate(file, 1 << 21));
    SHOW(lseek(file, 0, SEEK_END));
    SHOW(lseek(file, (1 << 20) + 8192, SEEK_DATA));
    char bytes[16];
    memset(bytes, 'x', sizeof bytes);
    SHOW(pread(file, bytes, 16, (1 << 20) - 8));
    SHOW(bytes[0] + bytes[7]);
    SHOW(bytes[8]);
    SHOW(bytes[12]);
}

CASE(large_sparse_files) {
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    SHOW(ftruncate(file, 1L << 40));
    SHOW(size_of("f"));
    SHOW(pwrite(file, "end", 3, (1L << 40) - 3));
    char bytes[4] = "";
    SHOW(pread(file, bytes, 3, (1L << 40) - 3));
    puts(bytes);
    SHOW(lseek(file, 0, SEEK_DATA) == (1L << 40) - 4096);
    SHOW(ftruncate(file, -1));
    SHOW(pread(file, bytes, 3, 1L << 41));
}

CASE(truncation_zeroes_what_it_cuts) {
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    char bytes[16];
    memset(bytes, 'x', sizeof bytes);
    MUST(write(file, bytes, 16));
    SHOW(ftruncate(file, 4));
    SHOW(ftruncate(file, 16));
    SHOW(pread(file, bytes, 16, 0));
    SHOW(bytes[3]);
    SHOW(bytes[4]);
    SHOW(truncate("f", 2));
    SHOW(size_of("f"));
    SHOW(truncate(".", 2));
    SHOW(truncate("missing", 2));
    SHOW(truncate("f", -1));
    int reader = MUST(open("f", O_RDONLY));
    SHOW(ftruncate(reader, 0));
    SHOW(truncate("f/", 0));
}

CASE(fallocate_makes_room) {
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    SHOW(fallocate(file, 0, 0, 10000));
    SHOW(size_of("f"));
    SHOW(fallocate(file, FALLOC_FL_KEEP_SIZE, 0, 100000));
    SHOW(size_of("f"));
    SHOW(fallocate(file, 0, -1, 10));
    SHOW(fallocate(file, 0, 0, 0));
    SHOW(fallocate(file, FALLOC_FL_PUNCH_HOLE, 0, 10));
    SHOW(fallocate(file, 0, 1L << 62, 1L << 62));
    int reader = MUST(open("f", O_RDONLY));
    SHOW(fallocate(reader, 0, 0, 10));
    int directory = MUST(open(".", O_RDONLY));
    SHOW(fallocate(directory, 0, 0, 10));
}

CASE(fallocate_punches_and_zeroes) {
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    static char bytes[16384];
    memset(bytes, 'x', sizeof bytes);
    MUST(write(file, bytes, sizeof bytes));
    SHOW(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 9000));
    SHOW(size_of("f"));
    MUST(pread(file, bytes, sizeof bytes, 0));
    SHOW(bytes[99]);
    SHOW(bytes[100]);
    SHOW(bytes[9099]);
    SHOW(bytes[9100]);
    SHOW(lseek(file, 0, SEEK_HOLE));
    SHOW(lseek(file, 4096, SEEK_DATA));
    SHOW(fallocate(file, FALLOC_FL_ZERO_RANGE, 10, 20));
    SHOW(fallocate(file, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 16000, 10000));
    SHOW(size_of("f"));
    SHOW(fallocate(file, FALLOC_FL_ZERO_RANGE, 16000, 10000));
    SHOW(size_of("f"));
    MUST(pread(file, bytes, sizeof bytes, 0));
    SHOW(bytes[9]);
    SHOW(bytes[10]);
    SHOW(bytes[29]);
    SHOW(bytes[30]);
    SHOW(bytes[15999]);
    SHOW(bytes[16000]);
}

#define LIMIT (1 << 20)

CASE(a_file_size_limit_stops_writes) {
    struct rlimit limit = {LIMIT, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    MUST(setrlimit(RLIMIT_FSIZE, &limit));
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    SHOW(pwrite(file, "1234567890abc", 13, LIMIT - 10));
    SHOW(lseek(file, 0, SEEK_END));
    SHOW(write(file, "x", 1));
    SHOW(pwrite(file, "x", 1, LIMIT - 1));
    SHOW(pwrite(file, "xyz", 3, LIMIT - 1));
    SHOW(pwrite(file, "x", 1, LIMIT + 100));
    SHOW(pwrite(file, "x", 0, LIMIT + 100));
    SHOW(ftruncate(file, LIMIT));
    SHOW(ftruncate(file, LIMIT + 1));
    SHOW(truncate("f", LIMIT + 1));
    SHOW(fallocate(file, 0, 0, LIMIT + 1));
    SHOW(size_of("f"));
    int appending = MUST(open("f", O_WRONLY | O_APPEND));
    SHOW(write(appending, "x", 1));
    MUST(ftruncate(file, LIMIT - 1));
    SHOW(write(appending, "xyz", 3));
    struct iovec parts[2] = {{"ab", 2}, {"cd", 2}};
    SHOW(pwritev(file, parts, 2, LIMIT - 3));
}

static int caught;

static void count(int number) {
    caught = number;
}

CASE(beyond_the_file_size_limit_a_signal_is_sent) {
    struct rlimit limit = {LIMIT, RLIM_INFINITY};
    signal(SIGXFSZ, count);
    MUST(setrlimit(RLIMIT_FSIZE, &limit));
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    SHOW(pwrite(file, "12345678", 8, LIMIT - 4));
    SHOW(caught);
    SHOW(pwrite(file, "x", 1, LIMIT));
    SHOW(caught == SIGXFSZ);
    caught = 0;
    SHOW(ftruncate(file, LIMIT + 100));
    SHOW(caught == SIGXFSZ);
}

CASE(vectors_are_checked) {
    int file = MUST(open("f", O_RDWR | O_CREAT, 0600));
    char a[4] = "", b[4] = "";
    struct iovec out[3] = {{"ab", 2}, {NULL, 0}, {"cde", 3}};
    struct iovec in[2] = {{a, 2}, {b, 3}};
    SHOW(writev(file, out, 3));
    SHOW(preadv(file, in, 2, 0));
    puts(a);
    puts(b);
    SHOW(readv(file, in, 0));
    SHOW(syscall(SYS_readv, file, in, -1));
    SHOW(syscall(SYS_readv, file, in, 1025));
    in[0].iov_len = -1;
    SHOW(readv(file, in, 2));
    struct iovec wild[1] = {{(void *)8, 4}};
    SHOW(preadv(file, wild, 1, 0));
    SHOW(pwritev(file, wild, 1, 0));
}

CASE(wrong_descriptors_are_refused) {
    char byte = 0;
    int reader = MUST(open("f", O_RDONLY | O_CREAT, 0600));
    int writer = MUST(open("f", O_WRONLY));
    SHOW(write(reader, &byte, 1));
    SHOW(read(writer, &byte, 1));
    SHOW(read(77, &byte, 1));
    SHOW(read(-1, &byte, 1));
    SHOW(close(77));
    SHOW(fsync(77));
    SHOW(lseek(77, 0, SEEK_SET));
    SHOW(read(reader, NULL, 0));
    SHOW(syscall(SYS_write, writer, NULL, 1));
    SHOW(write(writer, NULL, 0));
    SHOW(fsync(reader));
    SHOW(fdatasync(writer));
    SHOW(syncfs(reader));
    SHOW(posix_fadvise(reader, 0, 0, POSIX_FADV_SEQUENTIAL));
    SHOW(posix_fadvise(reader, 0, 0, 77));
    SHOW(posix_fadvise(reader, 0, -1, 0));
    SHOW(readahead(reader, 0, 10));
    SHOW(readahead(writer, 0, 10));
}

CASE(programs_being_run_cannot_be_written) {
    SHOW(open("/proc/self/exe", O_WRONLY));
    SHOW(open("/proc/self/exe", O_RDWR | O_TRUNC));
    SHOW(truncate("/proc/self/exe", 0));
}

// memfd_create: what such a file is, and its seals.
#include "oracle.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x20
#endif
#ifndef MFD_EXEC
#define MFD_NOEXEC_SEAL 8
#define MFD_EXEC 0x10
#endif

static char room[10000];
static void *volatile bad = (void *)8;

static int reopen(int fd, int flags) {
    char name[64];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    return open(name, flags);
}

CASE(memfd_is_a_file) {
    char link[400] = {0};
    struct stat st;
    struct statfs fs;
    int fd = SHOW(memfd_create("name", 0));
    MUST(fstat(fd, &st));
    printf("%o %d %d %d\n", st.st_mode, (int)st.st_size, (int)st.st_nlink, (int)st.st_blksize);
    MUST(readlink("/proc/self/fd/3", link, sizeof link));
    puts(link);
    MUST(fstatfs(fd, &fs));
    printf("%lx\n", (long)fs.f_type);
    SHOW(fcntl(fd, F_GETFL));
    SHOW(fcntl(fd, F_GETFD));
    SHOW(write(fd, "hello", 5));
    SHOW(pread(fd, room, 10, 1));
    SHOW(ftruncate(fd, 100000));
    SHOW(lseek(fd, 0, SEEK_END));
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    map[0] = 'j';
    SHOW(pread(fd, room, 5, 0));
    printf("%.5s\n", room);
    int again = SHOW(reopen(fd, O_RDONLY));
    SHOW(read(again, room, 5));
    SHOW(fcntl(MUST(memfd_create("", MFD_CLOEXEC)), F_GETFD));
}

CASE(memfd_names_and_flags) {
    memset(room, 'x', 300);
    room[249] = 0;
    SHOW(memfd_create(room, 0));
    room[249] = 'x';
    room[250] = 0;
    SHOW(memfd_create(room, 0));
    SHOW(memfd_create(bad, 0));
    SHOW(memfd_create("x", 0x100));
    SHOW(memfd_create("x", 0x20));
    SHOW(memfd_create("a/b", MFD_ALLOW_SEALING));
    SHOW(memfd_create("x", MFD_EXEC | MFD_NOEXEC_SEAL));
}

CASE(memfd_seals_against_sizes) {
    int fd = MUST(memfd_create("s", MFD_ALLOW_SEALING));
    SHOW(fcntl(fd, F_GET_SEALS));
    MUST(write(fd, room, 5000));
    SHOW(fcntl(fd, F_ADD_SEALS, 0x1000));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    SHOW(ftruncate(fd, 4000));
    SHOW(ftruncate(fd, 6000));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    SHOW(fcntl(fd, F_GET_SEALS));
    SHOW(ftruncate(fd, 7000));
    SHOW(ftruncate(fd, 6000));
    SHOW(lseek(fd, 0, SEEK_END));
    SHOW(write(fd, room, 10));
    SHOW(pwrite(fd, room, 10, 5995));
    SHOW(pwrite(fd, room, 10, 5000));
    SHOW(fallocate(fd, 0, 0, 7000));
    SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 7000));
    SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096));
}

CASE(memfd_seals_against_writing) {
    int fd = MUST(memfd_create("s", MFD_ALLOW_SEALING));
    MUST(write(fd, room, 5000));
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    MUST(munmap(map, 4096));
    char *private = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
    SHOW(write(fd, "x", 1));
    SHOW(pwrite(fd, "x", 1, 0));
    SHOW(ftruncate(fd, 6000));
    SHOW(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096));
    SHOW(private[0] = 'q');
    SHOW((long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    SHOW(map != MAP_FAILED);
    SHOW(mprotect(map, 4096, PROT_READ | PROT_WRITE));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
    SHOW(fcntl(fd, F_GET_SEALS));
    int again = SHOW(reopen(fd, O_RDWR));
    SHOW(write(again, "x", 1));
    SHOW(reopen(fd, O_RDWR | O_TRUNC));
    again = SHOW(reopen(fd, O_RDONLY));
    SHOW(fcntl(again, F_GET_SEALS));
}

CASE(memfd_seals_against_future_writing) {
    int fd = MUST(memfd_create("s", MFD_ALLOW_SEALING));
    MUST(write(fd, room, 5000));
    char *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE));
    map[0] = 'z';
    SHOW(write(fd, "x", 1));
    SHOW((long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    SHOW(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
    SHOW(pread(fd, room, 1, 0));
    printf("%c\n", room[0]);
    int again = MUST(reopen(fd, O_RDONLY));
    SHOW(fcntl(again, F_ADD_SEALS, F_SEAL_GROW));
}

CASE(memfd_seals_of_others) {
    struct stat st;
    int fd = MUST(memfd_create("s", 0));
    SHOW(fcntl(fd, F_GET_SEALS));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW));
    SHOW(fcntl(0, F_GET_SEALS));
    int file = MUST(open("f", O_CREAT | O_RDWR, 0600));
    SHOW(fcntl(file, F_GET_SEALS));
    SHOW(fcntl(file, F_ADD_SEALS, F_SEAL_GROW));
    SHOW(fcntl(MUST(open("f", O_RDONLY)), F_ADD_SEALS, F_SEAL_GROW));
    fd = MUST(memfd_create("s", MFD_NOEXEC_SEAL));
    MUST(fstat(fd, &st));
    printf("%o\n", st.st_mode);
    SHOW(fcntl(fd, F_GET_SEALS));
    SHOW(fchmod(fd, 0777));
    SHOW(fchmod(fd, 0644));
    fd = MUST(memfd_create("s", MFD_ALLOW_SEALING));
    SHOW(fcntl(fd, F_ADD_SEALS, F_SEAL_EXEC));
    SHOW(fcntl(fd, F_GET_SEALS));
}

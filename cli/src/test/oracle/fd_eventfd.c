// eventfd: counting, semaphores, overflow, what it is to fstat and fcntl.
#include "oracle.h"

#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static char room[64];
static void *volatile bad = (void *)8;

static long put(int fd, uint64_t value) { return write(fd, &value, 8); }

static long take(int fd) {
    uint64_t value = 0;
    long count = read(fd, &value, 8);
    return count == 8 ? (long)value : count;
}

static void show_poll(int fd) {
    struct pollfd one = {.fd = fd, .events = -1};
    int found = poll(&one, 1, 0);
    printf("poll = %d, revents = %#x\n", found, one.revents);
}

CASE(eventfd_counts) {
    int fd = MUST(eventfd(3, EFD_NONBLOCK));
    SHOW(put(fd, 4));
    SHOW(take(fd));
    SHOW(take(fd));
    SHOW(put(fd, 0));
    SHOW(take(fd));
}

CASE(eventfd_semaphore) {
    int fd = MUST(eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE));
    SHOW(take(fd));
    SHOW(take(fd));
    SHOW(take(fd));
}

CASE(eventfd_overflow) {
    int fd = MUST(eventfd(0, EFD_NONBLOCK));
    show_poll(fd);
    SHOW(put(fd, UINT64_MAX));
    SHOW(put(fd, UINT64_MAX - 1));
    show_poll(fd);
    SHOW(put(fd, 1));
    SHOW(take(fd) == -2);
    SHOW(put(fd, UINT64_MAX - 2));
    show_poll(fd);
    SHOW(put(fd, 2));
}

CASE(eventfd_sizes_and_addresses) {
    int fd = MUST(eventfd(1, EFD_NONBLOCK));
    SHOW(read(fd, room, 7));
    SHOW(write(fd, room, 7));
    SHOW(write(fd, room, 9));
    SHOW(write(fd, room, 16));
    SHOW(read(fd, room, 64));
    SHOW(write(fd, bad, 8));
    SHOW(put(fd, 5));
    SHOW(read(fd, bad, 8));
    SHOW(take(fd));
}

CASE(eventfd_flags) {
    int fd = SHOW(eventfd(0, EFD_CLOEXEC));
    SHOW(fcntl(fd, F_GETFD));
    SHOW(fcntl(fd, F_GETFL));
    SHOW(fcntl(MUST(eventfd(0, EFD_NONBLOCK)), F_GETFL));
    SHOW(eventfd(0, 2));
    SHOW(syscall(SYS_eventfd, 7) >= 0);
}

CASE(eventfd_is_no_file) {
    int fd = MUST(eventfd(0, 0));
    struct stat st;
    char link[64] = {0};
    MUST(fstat(fd, &st));
    printf("mode %o size %d\n", st.st_mode, (int)st.st_size);
    SHOW(readlink("/proc/self/fd/3", link, sizeof link));
    puts(link);
    SHOW(open("/proc/self/fd/3", O_RDWR));
    SHOW(fchmod(fd, 0644));
    SHOW(lseek(fd, 5, SEEK_SET));
    SHOW(pread(fd, room, 8, 0));
    SHOW(ftruncate(fd, 0));
    SHOW(fsync(fd));
    SHOW((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0));
}

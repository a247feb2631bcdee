// splice, tee, vmsplice, sendfile and copy_file_range.
#include "oracle.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

static char room[1 << 18];
static void *volatile bad = (void *)8;

static int file_of(const char *name, long size) {
    int fd = MUST(open(name, O_CREAT | O_RDWR | O_TRUNC, 0600));
    for (long i = 0; i < size; i++) {
        room[i] = 'a' + i % 23;
    }
    MUST(write(fd, room, size));
    MUST(lseek(fd, 0, SEEK_SET));
    return fd;
}

static unsigned sum(const char *bytes, long count) {
    unsigned sum = 0;
    for (long i = 0; i < count; i++) {
        sum = sum * 31 + (unsigned char)bytes[i];
    }
    return sum;
}

static void show_content(int fd) {
    memset(room, 0, sizeof room);
    long count = pread(fd, room, sizeof room, 0);
    printf("%ld bytes, sum %u\n", count, sum(room, count));
}

CASE(splice_file_to_pipe_to_file) {
    int p[2], from = file_of("a", 100000), to = file_of("b", 0);
    MUST(pipe2(p, O_NONBLOCK));
    SHOW(splice(from, NULL, p[1], NULL, 10000, 0));
    SHOW(lseek(from, 0, SEEK_CUR));
    SHOW(splice(p[0], NULL, to, NULL, 6000, 0));
    SHOW(splice(p[0], NULL, to, NULL, 6000, 0));
    SHOW(splice(p[0], NULL, to, NULL, 6000, 0));
    SHOW(lseek(to, 0, SEEK_CUR));
    show_content(to);
    SHOW(splice(from, NULL, p[1], NULL, 1 << 20, 0));
    SHOW(splice(from, NULL, p[1], NULL, 1, 0));
    SHOW(read(p[0], room, sizeof room));
    SHOW(splice(from, NULL, p[1], NULL, 1 << 20, 0));
    SHOW(splice(from, NULL, p[1], NULL, 1 << 20, 0));
}

CASE(splice_offsets) {
    int p[2], from = file_of("a", 1000), to = file_of("b", 10);
    loff_t in = 990, out = 5, wrong = -1;
    MUST(pipe(p));
    SHOW(splice(from, &in, p[1], NULL, 100, 0));
    SHOW(in);
    SHOW(lseek(from, 0, SEEK_CUR));
    SHOW(splice(p[0], NULL, to, &out, 100, 0));
    SHOW(out);
    SHOW(lseek(to, 0, SEEK_CUR));
    show_content(to);
    SHOW(splice(from, &in, p[1], NULL, 100, 0));
    SHOW(splice(from, &wrong, p[1], NULL, 100, 0));
    SHOW(splice(p[0], &in, to, NULL, 100, 0));
    SHOW(splice(from, NULL, p[1], &out, 100, 0));
    SHOW(splice(from, bad, p[1], NULL, 100, 0));
}

CASE(splice_between_pipes) {
    int p[2], q[2];
    MUST(pipe2(p, O_NONBLOCK));
    MUST(pipe2(q, O_NONBLOCK));
    SHOW(splice(p[0], NULL, q[1], NULL, 10, 0));
    MUST(write(p[1], "0123456789", 10));
    SHOW(splice(p[0], NULL, q[1], NULL, 4, 0));
    SHOW(read(q[0], room, 100));
    SHOW(splice(p[0], NULL, q[1], NULL, 100, 0));
    SHOW(read(q[0], room, 100));
    printf("%.6s\n", room);
    SHOW(splice(p[0], NULL, p[1], NULL, 10, 0));
    MUST(write(p[1], "xy", 2));
    while (write(q[1], room, 4096) > 0) {
    }
    SHOW(splice(p[0], NULL, q[1], NULL, 10, 0));
    close(p[1]);
    SHOW(read(p[0], room, 10));
    SHOW(splice(p[0], NULL, q[1], NULL, 10, 0));
}

CASE(splice_bad_arguments) {
    int p[2], file = file_of("a", 10);
    MUST(pipe2(p, O_NONBLOCK));
    SHOW(splice(file, NULL, p[1], NULL, 0, 99));
    SHOW(splice(file, NULL, p[1], NULL, 1, 99));
    SHOW(splice(file, NULL, file, NULL, 1, 0));
    SHOW(splice(99, NULL, p[1], NULL, 1, 0));
    SHOW(splice(file, NULL, 99, NULL, 1, 0));
    SHOW(splice(file, NULL, p[0], NULL, 1, 0));
    SHOW(splice(p[1], NULL, file, NULL, 1, 0));
    int directory = MUST(open(".", O_RDONLY));
    SHOW(splice(directory, NULL, p[1], NULL, 1, 0));
    int append = MUST(open("a", O_WRONLY | O_APPEND));
    MUST(write(p[1], "x", 1));
    SHOW(splice(p[0], NULL, append, NULL, 1, 0));
    int event = MUST(eventfd(1, 0));
    SHOW(splice(event, NULL, p[1], NULL, 8, 0));
    int null = MUST(open("/dev/null", O_RDWR));
    SHOW(splice(p[0], NULL, null, NULL, 100, 0));
    SHOW(read(p[0], room, 10));
    int zero = MUST(open("/dev/zero", O_RDWR));
    SHOW(splice(zero, NULL, p[1], NULL, 100, 0));
    SHOW(read(p[0], room, 1000));
    signal(SIGPIPE, SIG_IGN);
    close(p[0]);
    SHOW(splice(file, NULL, p[1], NULL, 1, 0));
}

CASE(splice_tee) {
    int p[2], q[2];
    MUST(pipe2(p, O_NONBLOCK));
    MUST(pipe2(q, O_NONBLOCK));
    SHOW(tee(p[0], q[1], 10, 0));
    MUST(write(p[1], "0123456789", 10));
    SHOW(tee(p[0], q[1], 4, 0));
    SHOW(tee(p[0], q[1], 100, SPLICE_F_NONBLOCK));
    MUST(write(p[1], "ab", 2));
    SHOW(read(q[0], room, 100));
    printf("%.14s\n", room);
    SHOW(read(p[0], room, 100));
    printf("%.12s\n", room);
    SHOW(tee(p[0], p[1], 10, 0));
    SHOW(tee(0, q[1], 10, 0));
    SHOW(tee(p[0], q[1], 0, 0));
    SHOW(tee(p[0], q[1], 1, 77));
    SHOW(tee(q[1], p[0], 1, 0));
    close(p[1]);
    SHOW(tee(p[0], q[1], 10, 0));
}

CASE(splice_memory) {
    int p[2];
    MUST(pipe2(p, O_NONBLOCK));
    struct iovec out[2] = {{"hello", 5}, {" you", 4}}, in = {room, 100}, wrong = {bad, 10};
    SHOW(vmsplice(p[1], out, 2, 0));
    SHOW(vmsplice(p[0], &in, 1, 0));
    printf("%.9s\n", room);
    SHOW(vmsplice(p[0], &in, 1, 0));
    SHOW(vmsplice(p[1], &wrong, 1, 0));
    SHOW(vmsplice(p[1], out, 0, 0));
    SHOW(vmsplice(p[1], out, 1, 99));
    SHOW(vmsplice(file_of("a", 5), out, 1, 0));
    SHOW(vmsplice(99, out, 1, 0));
}

CASE(sendfile_copies) {
    int from = file_of("a", 200000), to = file_of("b", 0), p[2];
    SHOW(sendfile(to, from, NULL, 1000));
    SHOW(lseek(from, 0, SEEK_CUR));
    off_t offset = 199990;
    SHOW(sendfile(to, from, &offset, 1000));
    SHOW(offset);
    SHOW(lseek(from, 0, SEEK_CUR));
    SHOW(sendfile(to, from, &offset, 1000));
    SHOW(sendfile(to, from, NULL, 1L << 40));
    show_content(to);
    MUST(pipe2(p, O_NONBLOCK));
    offset = 0;
    SHOW(sendfile(p[1], from, &offset, 1 << 20));
    SHOW(sendfile(p[1], from, &offset, 1 << 20));
    SHOW(sendfile(to, p[0], NULL, 10));
    SHOW(sendfile(to, p[0], &offset, 10));
    offset = -1;
    SHOW(sendfile(to, from, &offset, 10));
    SHOW(sendfile(to, from, bad, 10));
    SHOW(sendfile(to, 99, NULL, 10));
    SHOW(sendfile(99, from, NULL, 10));
    SHOW(sendfile(to, from, NULL, -1L));
    int append = MUST(open("b", O_WRONLY | O_APPEND));
    SHOW(sendfile(append, from, NULL, 10));
    SHOW(sendfile(MUST(open("b", O_RDONLY)), from, NULL, 10));
    SHOW(sendfile(to, MUST(open("b", O_WRONLY)), NULL, 10));
    SHOW(sendfile(to, MUST(open(".", O_RDONLY)), NULL, 10));
}

CASE(copy_range_copies) {
    int from = file_of("a", 100000), to = file_of("b", 10);
    off64_t in = 99000, out = 20;
    SHOW(copy_file_range(from, NULL, to, NULL, 50000, 0));
    SHOW(lseek(from, 0, SEEK_CUR));
    SHOW(lseek(to, 0, SEEK_CUR));
    SHOW(copy_file_range(from, &in, to, &out, 50000, 0));
    SHOW(in);
    SHOW(out);
    show_content(to);
    SHOW(copy_file_range(from, &in, to, &out, 50000, 0));
    SHOW(copy_file_range(from, NULL, to, NULL, 0, 0));
    in = 0;
    out = 200000;
    SHOW(copy_file_range(from, &in, to, &out, 10, 0));
    struct stat st;
    MUST(fstat(to, &st));
    SHOW(st.st_size);
}

CASE(copy_range_within_a_file) {
    int file = file_of("a", 1000), again = MUST(open("a", O_RDWR));
    off64_t in = 0, out = 500;
    SHOW(copy_file_range(file, &in, file, &out, 500, 0));
    in = 0;
    out = 499;
    SHOW(copy_file_range(file, &in, again, &out, 500, 0));
    in = 999;
    out = 0;
    SHOW(copy_file_range(file, &in, again, &out, 5000, 0));
    in = 900;
    out = 1000;
    SHOW(copy_file_range(file, &in, again, &out, 5000, 0));
    in = out = 0;
    SHOW(copy_file_range(file, &in, again, &out, 1, 0));
}

CASE(copy_range_bad_arguments) {
    int from = file_of("a", 100), to = file_of("b", 10), p[2];
    off64_t wrong = -1, far = 1L << 62;
    MUST(pipe(p));
    SHOW(copy_file_range(from, NULL, to, NULL, 10, 1));
    SHOW(copy_file_range(99, NULL, to, NULL, 10, 0));
    SHOW(copy_file_range(from, NULL, 99, NULL, 10, 0));
    SHOW(copy_file_range(from, bad, to, NULL, 10, 0));
    SHOW(copy_file_range(from, &wrong, to, NULL, 10, 0));
    SHOW(copy_file_range(from, NULL, to, &wrong, 10, 0));
    SHOW(copy_file_range(p[0], NULL, to, NULL, 10, 0));
    SHOW(copy_file_range(from, NULL, p[1], NULL, 10, 0));
    int directory = MUST(open(".", O_RDONLY));
    SHOW(copy_file_range(directory, NULL, to, NULL, 10, 0));
    SHOW(copy_file_range(from, NULL, directory, NULL, 10, 0));
    int append = MUST(open("b", O_WRONLY | O_APPEND));
    SHOW(copy_file_range(from, NULL, append, NULL, 10, 0));
    SHOW(copy_file_range(append, NULL, to, NULL, 10, 0));
    SHOW(copy_file_range(from, NULL, MUST(open("b", O_RDONLY)), NULL, 10, 0));
    SHOW(copy_file_range(from, &far, to, NULL, 1L << 62, 0));
    SHOW(copy_file_range(from, NULL, to, NULL, -1L, 0));
    int event = MUST(eventfd(0, 0));
    SHOW(copy_file_range(from, NULL, event, NULL, 10, 0));
}

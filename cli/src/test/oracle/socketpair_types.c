// Unix sockets: what each type does with bytes and messages, shutdown, poll, options, names, connections.
#include "oracle.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

static char room[1 << 20];
static void *volatile bad = (void *)8;
static volatile int wrong = -1;
static int s[2];

static void pair(int type) { MUST(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s)); }

static void show_poll(int fd) {
    struct pollfd one = {.fd = fd, .events = -1};
    int found = poll(&one, 1, 0);
    printf("poll = %d, revents = %#x\n", found, one.revents);
}

static void drain(int fd) {
    while (recv(fd, room, sizeof room, MSG_DONTWAIT) > 0) {
    }
}

static volatile int signals;
static void count(int signal) { signals += signal == SIGPIPE; }

static void messages(int type) {
    int value = -1;
    pair(type);
    show_poll(s[0]);
    SHOW(send(s[0], "", 0, 0));
    show_poll(s[1]);
    SHOW(recv(s[1], room, 10, 0));
    SHOW(send(s[0], "hello", 5, 0));
    SHOW(write(s[0], "world", 5));
    SHOW(ioctl(s[1], FIONREAD, &value));
    SHOW(value);
    SHOW(ioctl(s[0], SIOCOUTQ, &value));
    SHOW(value);
    SHOW(recv(s[1], room, 3, MSG_PEEK));
    SHOW(recv(s[1], room, 3, MSG_TRUNC));
    SHOW(read(s[1], room, 100));
    SHOW(read(s[1], room, 0));
    SHOW(read(s[1], room, 100));
    SHOW(recv(s[1], room, 0, 0));
    SHOW(read(s[1], room, 100));
    SHOW(send(s[0], bad, 1, 0));
    SHOW(send(s[0], "abc", 3, 0));
    SHOW(recv(s[1], bad, 3, 0));
    SHOW(recv(s[1], room, 3, 0));
    SHOW(sendto(s[0], "x", 1, MSG_DONTWAIT | MSG_MORE | MSG_EOR, NULL, 0));
    SHOW(recv(s[1], room, 3, MSG_DONTWAIT | MSG_ERRQUEUE));
}

CASE(socket_stream_bytes) { messages(SOCK_STREAM); }
CASE(socket_datagrams) { messages(SOCK_DGRAM); }
CASE(socket_packets) { messages(SOCK_SEQPACKET); }

static void fill(int type) {
    pair(type);
    int writes = 0, reads = 0;
    while (send(s[0], room, 1000, 0) == 1000) {
        writes++;
    }
    printf("%s\n", strerrorname_np(errno));
    SHOW(writes);
    show_poll(s[0]);
    struct pollfd one = {.fd = s[0], .events = POLLOUT};
    while (poll(&one, 1, 0) == 0 && recv(s[1], room, 1000, 0) == 1000) {
        reads++;
    }
    SHOW(reads);
    drain(s[1]);
    for (writes = 0; send(s[0], room, 1, 0) == 1;) {
        writes++;
    }
    SHOW(writes);
    drain(s[1]);
    SHOW(send(s[0], room, 200000, 0));
    drain(s[1]);
    if (type != SOCK_STREAM) {
        SHOW(send(s[0], room, 212960, 0));
        drain(s[1]);
        SHOW(send(s[0], room, 212961, 0));
    }
}

CASE(socket_stream_full) { fill(SOCK_STREAM); }
CASE(socket_datagrams_full) { fill(SOCK_DGRAM); }
CASE(socket_packets_full) { fill(SOCK_SEQPACKET); }

static void shut(int type) {
    signal(SIGPIPE, count);
    pair(type);
    SHOW(shutdown(s[0], 9));
    SHOW(shutdown(s[0], wrong));
    SHOW(shutdown(s[0], SHUT_WR));
    show_poll(s[0]);
    show_poll(s[1]);
    SHOW(send(s[0], "x", 1, 0));
    SHOW(signals);
    SHOW(write(s[0], "x", 1));
    SHOW(signals);
    SHOW(send(s[0], "x", 1, MSG_NOSIGNAL));
    SHOW(send(s[0], "", 0, 0));
    SHOW(signals);
    SHOW(recv(s[1], room, 1, 0));
    SHOW(send(s[1], "x", 1, 0));
    SHOW(recv(s[0], room, 1, 0));
    SHOW(shutdown(s[1], SHUT_WR));
    show_poll(s[0]);
    show_poll(s[1]);
    SHOW(recv(s[0], room, 1, 0));
    pair(type);
    SHOW(shutdown(s[0], SHUT_RD));
    show_poll(s[0]);
    show_poll(s[1]);
    SHOW(send(s[1], "x", 1, MSG_NOSIGNAL));
    SHOW(recv(s[0], room, 1, 0));
    SHOW(send(s[0], "y", 1, 0));
    MUST(fcntl(s[0], F_SETFL, 0));
    SHOW(recv(s[0], room, 1, 0));
}

CASE(socket_stream_shut) { shut(SOCK_STREAM); }
CASE(socket_datagrams_shut) { shut(SOCK_DGRAM); }
CASE(socket_packets_shut) { shut(SOCK_SEQPACKET); }

static int error_of(int fd) {
    int error = -1;
    socklen_t length = sizeof error;
    MUST(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length));
    return error;
}

static void lost(int type) {
    signal(SIGPIPE, count);
    pair(type);
    MUST(send(s[1], "left", 4, 0));
    MUST(close(s[1]));
    show_poll(s[0]);
    SHOW(recv(s[0], room, 10, 0));
    SHOW(recv(s[0], room, 10, 0));
    SHOW(send(s[0], "x", 1, 0));
    SHOW(signals);
    SHOW(error_of(s[0]));
    pair(type);
    MUST(send(s[0], "lost", 4, 0));
    MUST(close(s[1]));
    show_poll(s[0]);
    SHOW(send(s[0], "x", 1, 0));
    SHOW(error_of(s[0]));
    SHOW(recv(s[0], room, 1, 0));
    SHOW(recv(s[0], room, 1, 0));
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    SHOW(getpeername(s[0], (struct sockaddr *)&address, &length));
}

CASE(socket_stream_lost) { lost(SOCK_STREAM); }
CASE(socket_datagrams_lost) { lost(SOCK_DGRAM); }
CASE(socket_packets_lost) { lost(SOCK_SEQPACKET); }

CASE(socket_is_a_file) {
    pair(SOCK_STREAM);
    struct stat st;
    char name[64], link[64] = {0}, expected[64];
    MUST(fstat(s[0], &st));
    printf("%o %d %d\n", st.st_mode, (int)st.st_size, (int)st.st_nlink);
    snprintf(name, sizeof name, "/proc/self/fd/%d", s[0]);
    snprintf(expected, sizeof expected, "socket:[%ld]", (long)st.st_ino);
    MUST(readlink(name, link, sizeof link));
    SHOW(strcmp(link, expected));
    SHOW(open(name, O_RDWR));
    SHOW(fcntl(s[0], F_GETFL));
    SHOW(lseek(s[0], 0, SEEK_SET));
    SHOW(pread(s[0], room, 1, 0));
    SHOW(pwrite(s[0], room, 1, 0));
    SHOW(fsync(s[0]));
    SHOW(ftruncate(s[0], 0));
    SHOW(fchmod(s[0], 0600));
    MUST(fstat(s[0], &st));
    printf("%o\n", st.st_mode);
    SHOW(fcntl(s[0], F_SETFL, 0));
    SHOW(ioctl(s[0], FIONBIO, room + 1));
    SHOW(fcntl(s[0], F_GETFL));
}

CASE(socket_types_and_families) {
    SHOW(socket(99, SOCK_STREAM, 0));
    SHOW(socket(wrong, SOCK_STREAM, 0));
    SHOW(socket(AF_UNIX, wrong, 0));
    SHOW(socket(AF_UNIX, 9, 0));
    SHOW(socket(AF_UNIX, 11, 0));
    SHOW(socket(AF_UNIX, 0, 0));
    SHOW(socket(AF_UNIX, SOCK_STREAM, 5));
    SHOW(socket(AF_UNIX, SOCK_STREAM, 1));
    SHOW(socket(AF_UNIX, SOCK_RAW, 0));
    SHOW(socket(AF_UNIX, SOCK_STREAM | 0x100000, 0));
    SHOW(socketpair(AF_UNIX, SOCK_STREAM, 0, bad));
    SHOW(socketpair(AF_UNIX, 0, 0, s));
    SHOW(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s));
    SHOW(fcntl(s[0], F_GETFD));
    SHOW(fcntl(s[1], F_GETFL));
    SHOW(dup(0));
    int file = MUST(open("f", O_CREAT | O_RDWR, 0600));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof address;
    SHOW(getpeername(file, (struct sockaddr *)&address, &length));
    SHOW(getsockname(99, (struct sockaddr *)&address, &length));
    SHOW(send(file, "x", 1, 0));
    SHOW(recv(file, room, 1, 0));
    SHOW(listen(file, 1));
    SHOW(shutdown(file, 0));
    SHOW(accept(file, NULL, NULL));
    SHOW(connect(file, (struct sockaddr *)&address, sizeof address));
    SHOW(getsockopt(file, 1, 1, room, &length));
}

static void show_option(const char *name, int option) {
    int value[4] = {-7, -7, -7, -7};
    socklen_t length = sizeof value;
    int result = getsockopt(s[0], SOL_SOCKET, option, value, &length);
    if (option == SO_PEERCRED) {
        value[0] = value[0] == getpid();
    }
    printf("%s: %d, length %d, %d %d %d\n", name, result, (int)length, value[0], value[1], value[2]);
}

#define OPTION(option) show_option(#option, option)

CASE(socket_options) {
    pair(SOCK_SEQPACKET);
    OPTION(SO_TYPE);
    OPTION(SO_DOMAIN);
    OPTION(SO_PROTOCOL);
    OPTION(SO_ERROR);
    OPTION(SO_ACCEPTCONN);
    OPTION(SO_REUSEADDR);
    OPTION(SO_KEEPALIVE);
    OPTION(SO_PASSCRED);
    OPTION(SO_PEERCRED);
    OPTION(SO_LINGER);
    OPTION(SO_RCVLOWAT);
    OPTION(SO_SNDLOWAT);
    OPTION(SO_RCVTIMEO);
    OPTION(SO_SNDTIMEO);
    OPTION(SO_SNDBUF);
    OPTION(SO_RCVBUF);
    OPTION(9999);
    int value = 1;
    socklen_t length = 2;
    SHOW(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, &length));
    SHOW(length);
    length = -1;
    SHOW(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, &length));
    length = 4;
    SHOW(getsockopt(s[0], SOL_SOCKET, SO_TYPE, bad, &length));
    SHOW(getsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, bad));
    SHOW(getsockopt(s[0], 6, 1, &value, &length));
    SHOW(setsockopt(s[0], 6, 1, &value, 4));
    SHOW(setsockopt(s[0], SOL_SOCKET, 9999, &value, 4));
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &value, 2));
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, bad, 4));
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_TYPE, &value, 4));
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_ERROR, &value, 4));
    value = 77;
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_REUSEADDR, &value, 4));
    OPTION(SO_REUSEADDR);
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &value, 4));
    value = 1000;
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &value, 4));
    OPTION(SO_SNDBUF);
    value = 50000;
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_SNDBUF, &value, 4));
    OPTION(SO_SNDBUF);
    value = 10;
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_RCVBUF, &value, 4));
    OPTION(SO_RCVBUF);
}

CASE(socket_timeouts) {
    struct timeval time = {0, 40000}, wrong_time = {0, 1000000};
    pair(SOCK_STREAM);
    MUST(fcntl(s[0], F_SETFL, 0));
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time));
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time));
    SHOW(setsockopt(s[0], SOL_SOCKET, SO_SNDTIMEO, &wrong_time, sizeof time));
    OPTION(SO_RCVTIMEO);
    SHOW(recv(s[0], room, 1, 0));
    SHOW(read(s[0], room, 1));
    while (write(s[0], room, 4096) == 4096) {
    }
    printf("%s\n", strerrorname_np(errno));
}

CASE(socket_unconnected) {
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    show_poll(fd);
    SHOW(send(fd, "x", 1, 0));
    SHOW(write(fd, "x", 1));
    SHOW(recv(fd, room, 1, 0));
    struct sockaddr_un address = {0};
    socklen_t length = sizeof address;
    SHOW(getpeername(fd, (struct sockaddr *)&address, &length));
    SHOW(getsockname(fd, (struct sockaddr *)&address, &length));
    SHOW(length);
    SHOW(listen(fd, 1));
    SHOW(accept(fd, NULL, NULL));
    SHOW(shutdown(fd, SHUT_RDWR));
    fd = MUST(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    show_poll(fd);
    SHOW(send(fd, "x", 1, 0));
    SHOW(recv(fd, room, 1, 0));
    SHOW(listen(fd, 1));
    SHOW(accept(fd, NULL, NULL));
    fd = MUST(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    show_poll(fd);
    SHOW(send(fd, "x", 1, 0));
    SHOW(recv(fd, room, 1, 0));
}

static socklen_t named(struct sockaddr_un *address, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    strcpy(address->sun_path, name);
    return sizeof *address;
}

CASE(socket_connect_in_vain) {
    struct sockaddr_un address;
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = named(&address, "/var/run/nscd/socket-that-is-not-there");
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    SHOW(connect(fd, any, length));
    SHOW(connect(fd, any, 2));
    SHOW(connect(fd, any, 1));
    SHOW(connect(fd, any, 200));
    SHOW(connect(fd, any, 111));
    SHOW(connect(fd, bad, length));
    address.sun_family = AF_INET;
    SHOW(connect(fd, any, length));
    MUST(open("file", O_CREAT | O_RDWR, 0600));
    SHOW(connect(fd, any, named(&address, "file")));
    SHOW(connect(fd, any, named(&address, "file/x")));
    SHOW(bind(fd, any, named(&address, "file")));
    SHOW(bind(fd, any, named(&address, "no/where")));
    address.sun_path[0] = 0;
    SHOW(connect(fd, any, 10));
    SHOW(connect(fd, any, named(&address, ".")));
}

CASE(socket_connections) {
    struct sockaddr_un address, other;
    struct sockaddr *any = (struct sockaddr *)&address;
    struct stat st;
    socklen_t length = named(&address, "name");
    umask(022);
    int listener = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    SHOW(bind(listener, any, length));
    MUST(stat("name", &st));
    printf("%o\n", st.st_mode);
    SHOW(bind(listener, any, named(&address, "another")));
    named(&address, "name");
    int client = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    SHOW(bind(client, any, length));
    SHOW(connect(client, any, length));
    SHOW(accept(listener, NULL, NULL));
    SHOW(listen(listener, 1));
    show_poll(listener);
    SHOW(accept(listener, NULL, NULL));
    SHOW(connect(client, any, length));
    SHOW(connect(client, any, length));
    int second = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    SHOW(connect(second, any, length));
    int third = MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
    SHOW(connect(third, any, length));
    show_poll(listener);
    SHOW(write(client, "early", 5));
    length = sizeof other;
    int server = SHOW(accept4(listener, (struct sockaddr *)&other, &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
    SHOW(length);
    SHOW(fcntl(server, F_GETFD));
    SHOW(fcntl(server, F_GETFL));
    SHOW(read(server, room, 10));
    length = sizeof other;
    SHOW(getpeername(client, (struct sockaddr *)&other, &length));
    printf("%d %s\n", (int)length, other.sun_path);
    length = sizeof other;
    SHOW(getsockname(server, (struct sockaddr *)&other, &length));
    printf("%d %s\n", (int)length, other.sun_path);
    length = 5;
    SHOW(getsockname(server, (struct sockaddr *)&other, &length));
    SHOW(length);
    s[0] = client;
    OPTION(SO_PEERCRED);
    s[0] = listener;
    OPTION(SO_ACCEPTCONN);
    SHOW(accept4(listener, NULL, NULL, 1));
    int datagrams = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
    length = named(&address, "name");
    SHOW(connect(datagrams, any, length));
    MUST(close(listener));
    show_poll(second);
    SHOW(read(second, room, 1));
    SHOW(read(second, room, 1));
    SHOW(connect(third, any, length));
    SHOW(open("name", O_RDWR));
    SHOW(unlink("name"));
    SHOW(connect(third, any, length));
}

CASE(socket_names_without_files) {
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0plinth-oracle"}, other;
    struct sockaddr *any = (struct sockaddr *)&address;
    socklen_t length = 2 + 14;
    int x = MUST(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    int y = MUST(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0));
    SHOW(bind(x, any, length));
    SHOW(bind(y, any, length));
    SHOW(bind(y, any, 2));
    socklen_t room_for = sizeof other;
    SHOW(getsockname(y, (struct sockaddr *)&other, &room_for));
    printf("%d %d\n", (int)room_for, other.sun_path[0]);
    SHOW(sendto(y, "hi", 2, 0, any, length));
    room_for = sizeof other;
    SHOW(recvfrom(x, room, 10, 0, (struct sockaddr *)&other, &room_for));
    SHOW(room_for);
    SHOW(sendto(x, "back", 4, 0, (struct sockaddr *)&other, room_for));
    SHOW(read(y, room, 10));
    SHOW(connect(y, any, length));
    SHOW(write(y, "z", 1));
    SHOW(read(x, room, 10));
    int sent = 0;
    while (write(y, "z", 1) == 1) {
        sent++;
    }
    SHOW(sent);
    show_poll(y);
    SHOW(read(x, room, 10));
    show_poll(y);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    SHOW(connect(y, &none, sizeof none));
    SHOW(write(y, "q", 1));
    SHOW(connect(y, any, length));
    MUST(close(x));
    SHOW(write(y, "q", 1));
    SHOW(write(y, "q", 1));
    SHOW(sendto(y, "hi", 2, 0, any, length));
}

CASE(socket_between_processes) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, s));
    pid_t child = MUST(fork());
    if (child == 0) {
        close(s[0]);
        long all = 0, got;
        while ((got = read(s[1], room, 5000)) > 0) {
            all += got;
        }
        write(s[1], &all, sizeof all);
        _exit(0);
    }
    close(s[1]);
    for (int i = 0; i < 100; i++) {
        MUST(write(s[0], room, 10000));
    }
    SHOW(shutdown(s[0], SHUT_WR));
    long all = 0;
    SHOW(recv(s[0], &all, sizeof all, MSG_WAITALL));
    SHOW(all);
    int status;
    MUST(waitpid(child, &status, 0));
    SHOW(status);
}

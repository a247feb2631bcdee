// Unix sockets: what is queued, who is connected, what was passed.
#include "checkpoint.h"

#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

static int pair[2];

static socklen_t fill(struct sockaddr_un *address, const char *name) {
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    // A name that begins with @ is an abstract one.
    memcpy(address->sun_path, name, strlen(name));
    if (name[0] == '@') {
        address->sun_path[0] = 0;
        return offsetof(struct sockaddr_un, sun_path) + strlen(name);
    }
    return sizeof *address;
}

static int bound(int type, const char *name) {
    struct sockaddr_un address;
    socklen_t length = fill(&address, name);
    int fd = MUST(socket(AF_UNIX, type, 0));
    MUST(bind(fd, (struct sockaddr *)&address, length));
    return fd;
}

static int connected(int type, const char *name) {
    struct sockaddr_un address;
    socklen_t length = fill(&address, name);
    int fd = MUST(socket(AF_UNIX, type, 0));
    MUST(connect(fd, (struct sockaddr *)&address, length));
    return fd;
}

CASE(stream_with_queued_data) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    EQUAL(send(pair[0], "to one", 6, 0), 6);
    EQUAL(send(pair[1], "to zero", 7, 0), 7);
    CHECKPOINT();
    char bytes[16] = "";
    EQUAL(recv(pair[0], bytes, 3, MSG_PEEK), 3);
    EQUAL(recv(pair[0], bytes, 15, 0), 7);
    SAME(bytes, "to zero");
    memset(bytes, 0, sizeof bytes);
    EQUAL(recv(pair[1], bytes, 15, 0), 6);
    SAME(bytes, "to one");
    EQUAL(send(pair[1], "x", 1, 0), 1);
    EQUAL(recv(pair[0], bytes, 1, 0), 1);
}

CASE(datagrams_keep_their_bounds) {
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    EQUAL(send(pair[0], "one", 3, 0), 3);
    EQUAL(send(pair[0], "", 0, 0), 0);
    EQUAL(send(pair[0], "three", 5, 0), 5);
    CHECKPOINT();
    char bytes[16] = "";
    EQUAL(recv(pair[1], bytes, 15, 0), 3);
    EQUAL(recv(pair[1], bytes, 15, 0), 0);
    EQUAL(recv(pair[1], bytes, 15, 0), 5);
    SAME(bytes, "three");
    FAILS(recv(pair[1], bytes, 15, MSG_DONTWAIT), EAGAIN);
}

CASE(packets_in_sequence) {
    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    EQUAL(send(pair[0], "one", 3, 0), 3);
    EQUAL(send(pair[0], "two!", 4, 0), 4);
    close(pair[0]);
    CHECKPOINT();
    char bytes[16] = "";
    EQUAL(recv(pair[1], bytes, 2, MSG_TRUNC), 3);
    EQUAL(recv(pair[1], bytes, 15, 0), 4);
    EQUAL(recv(pair[1], bytes, 15, 0), 0);
}

static void send_fds(int socket, int *fds, int count, const char *text) {
    char control[CMSG_SPACE(10 * sizeof(int))] = {0};
    struct iovec part = {(void *)text, strlen(text)};
    struct msghdr message = {
            .msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = control,
            .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), fds, count * sizeof(int));
    MUST(sendmsg(socket, &message, 0));
}

static int receive_fds(int socket, int *fds) {
    char control[CMSG_SPACE(10 * sizeof(int))], bytes[32];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr message = {
            .msg_iov = &part,
            .msg_iovlen = 1,
            .msg_control = control,
            .msg_controllen = sizeof control};
    MUST(recvmsg(socket, &message, 0));
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header == NULL || header->cmsg_type != SCM_RIGHTS) {
        return 0;
    }
    int count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    memcpy(fds, CMSG_DATA(header), count * sizeof(int));
    return count;
}

CASE(rights_in_flight) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    int ends[2];
    MUST(pipe(ends));
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    EQUAL(write(file, "content", 7), 7);
    EQUAL(lseek(file, 3, SEEK_SET), 3);
    int sent[] = {file, ends[1]};
    send_fds(pair[0], sent, 2, "rights");
    close(file);
    close(ends[1]);
    unlink("file");
    CHECKPOINT();
    int fds[10];
    EQUAL(receive_fds(pair[1], fds), 2);
    char bytes[16] = "";
    EQUAL(read(fds[0], bytes, 15), 4);
    SAME(bytes, "tent");
    EQUAL(write(fds[1], "piped", 5), 5);
    EQUAL(read(ends[0], bytes, 15), 5);
    close(fds[1]);
    EQUAL(read(ends[0], bytes, 15), 0);
}

CASE(rights_to_a_socket_with_rights_in_flight) {
    int inner[2];
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, inner));
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600));
    EQUAL(write(file, "deep", 4), 4);
    send_fds(inner[0], &file, 1, "1");
    send_fds(pair[0], &inner[1], 1, "2");
    // A socket in its own queue, too.
    send_fds(pair[0], &pair[1], 1, "3");
    close(file);
    close(inner[1]);
    CHECKPOINT();
    int fds[10];
    EQUAL(receive_fds(pair[1], fds), 1);
    int found[10];
    EQUAL(receive_fds(fds[0], found), 1);
    char bytes[8] = "";
    EQUAL(pread(found[0], bytes, 7, 0), 4);
    SAME(bytes, "deep");
    EQUAL(receive_fds(pair[1], found), 1);
    struct stat one, other;
    fstat(found[0], &one);
    fstat(pair[1], &other);
    EQUAL(one.st_ino, other.st_ino);
}

CASE(credentials_in_flight) {
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    MUST(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)));
    pid_t child = CHILD({ EQUAL(send(pair[0], "who", 3, 0), 3); });
    ENDED(child);
    CHECKPOINT();
    char control[256], bytes[8];
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 256};
    EQUAL(recvmsg(pair[1], &message, 0), 3);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    TRUE(header != NULL && header->cmsg_type == SCM_CREDENTIALS);
    if (header != NULL) {
        struct ucred who;
        memcpy(&who, CMSG_DATA(header), sizeof who);
        EQUAL(who.uid, getuid());
        EQUAL(who.gid, getgid());
        EQUAL(who.pid, child);
    }
}

CASE(listener_with_connections_that_wait) {
    int fd = bound(SOCK_STREAM, "name");
    MUST(listen(fd, 5));
    int first = connected(SOCK_STREAM, "name");
    int second = connected(SOCK_STREAM, "name");
    EQUAL(write(first, "1", 1), 1);
    EQUAL(write(second, "2", 1), 1);
    CHECKPOINT();
    char byte;
    int accepted = MUST(accept(fd, NULL, NULL));
    EQUAL(read(accepted, &byte, 1), 1);
    EQUAL(byte, '1');
    EQUAL(write(accepted, "a", 1), 1);
    EQUAL(read(first, &byte, 1), 1);
    EQUAL(byte, 'a');
    int third = connected(SOCK_STREAM, "name");
    accepted = MUST(accept(fd, NULL, NULL));
    EQUAL(read(accepted, &byte, 1), 1);
    EQUAL(byte, '2');
    accepted = MUST(accept(fd, NULL, NULL));
    EQUAL(write(third, "3", 1), 1);
    EQUAL(read(accepted, &byte, 1), 1);
    EQUAL(byte, '3');
}

CASE(abstract_names) {
    char name[64];
    snprintf(name, sizeof name, "@checkpoint-%d-%ld", getpid(), (long)now_millis());
    int fd = bound(SOCK_STREAM, name);
    MUST(listen(fd, 5));
    CHECKPOINT();
    int client = connected(SOCK_STREAM, name);
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    EQUAL(getpeername(client, (struct sockaddr *)&address, &length), 0);
    EQUAL(length, offsetof(struct sockaddr_un, sun_path) + strlen(name));
    TRUE(memcmp(address.sun_path + 1, name + 1, strlen(name) - 1) == 0);
    int again = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    FAILS(bind(again, (struct sockaddr *)&address, length), EADDRINUSE);
    close(fd);
    EQUAL(bind(again, (struct sockaddr *)&address, length), 0);
}

CASE(datagrams_to_names) {
    int server = bound(SOCK_DGRAM, "server");
    int client = bound(SOCK_DGRAM, "client");
    struct sockaddr_un address;
    socklen_t length = fill(&address, "server");
    EQUAL(sendto(client, "hello", 5, 0, (struct sockaddr *)&address, length), 5);
    CHECKPOINT();
    char bytes[16] = "";
    length = sizeof address;
    EQUAL(recvfrom(server, bytes, 15, 0, (struct sockaddr *)&address, &length), 5);
    SAME(bytes, "hello");
    SAME(address.sun_path, "client");
    EQUAL(sendto(server, "back", 4, 0, (struct sockaddr *)&address, length), 4);
    EQUAL(recv(client, bytes, 15, 0), 4);
}

CASE(shut_down_halves) {
    signal(SIGPIPE, SIG_IGN);
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    EQUAL(send(pair[0], "last", 4, 0), 4);
    MUST(shutdown(pair[0], SHUT_WR));
    CHECKPOINT();
    char bytes[8] = "";
    EQUAL(recv(pair[1], bytes, 7, 0), 4);
    EQUAL(recv(pair[1], bytes, 7, 0), 0);
    FAILS(send(pair[0], "x", 1, 0), EPIPE);
    EQUAL(send(pair[1], "y", 1, 0), 1);
    EQUAL(recv(pair[0], bytes, 7, 0), 1);
    struct pollfd polled = {pair[1], POLLIN | POLLRDHUP, 0};
    EQUAL(poll(&polled, 1, 0), 1);
    EQUAL(polled.revents, POLLIN | POLLRDHUP);
}

CASE(options_of_sockets) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair));
    struct timeval span = {3, 500000};
    MUST(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span));
    MUST(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &(int){50000}, sizeof(int)));
    MUST(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)));
    int before, after;
    socklen_t length = sizeof before;
    MUST(getsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &before, &length));
    CHECKPOINT();
    EQUAL(getsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &after, &length), 0);
    EQUAL(after, before);
    EQUAL(getsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &after, &length), 0);
    EQUAL(after, 1);
    EQUAL(getsockopt(pair[0], SOL_SOCKET, SO_TYPE, &after, &length), 0);
    EQUAL(after, SOCK_STREAM);
    length = sizeof span;
    EQUAL(getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &span, &length), 0);
    EQUAL(span.tv_sec, 3);
    EQUAL(span.tv_usec, 500000);
    char byte;
    FAILS(recv(pair[0], &byte, 1, 0), EAGAIN);
}

CASE(credentials_of_the_peer) {
    int fd = bound(SOCK_STREAM, "name");
    MUST(listen(fd, 5));
    pid_t child = BLOCKED({
        int client = connected(SOCK_STREAM, "name");
        char byte;
        EQUAL(read(client, &byte, 1), 1);
    });
    int accepted = MUST(accept(fd, NULL, NULL));
    CHECKPOINT();
    struct ucred who = {0};
    socklen_t length = sizeof who;
    EQUAL(getsockopt(accepted, SOL_SOCKET, SO_PEERCRED, &who, &length), 0);
    EQUAL(who.pid, child);
    EQUAL(who.uid, getuid());
    EQUAL(write(accepted, "x", 1), 1);
    ENDED(child);
}

CASE(unlinked_name_of_a_listener) {
    int fd = bound(SOCK_STREAM, "name");
    MUST(listen(fd, 5));
    int client = connected(SOCK_STREAM, "name");
    unlink("name");
    CHECKPOINT();
    struct sockaddr_un address;
    socklen_t length = sizeof address;
    EQUAL(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    SAME(address.sun_path, "name");
    EQUAL(write(client, "x", 1), 1);
    char byte;
    EQUAL(read(MUST(accept(fd, NULL, NULL)), &byte, 1), 1);
    length = fill(&address, "name");
    int other = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    FAILS(connect(other, (struct sockaddr *)&address, length), ENOENT);
}

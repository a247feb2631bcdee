// sendmsg and recvmsg: open files and credentials that are sent along, and what becomes of too little room.
#include "oracle.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>

static char room[4096], control[4096];
static void *volatile bad = (void *)8;
static int s[2];

static void pair(int type) { MUST(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, s)); }

static long send_files(const char *bytes, int length, int count, int *files) {
    static char out[2000];
    struct iovec one = {(void *)bytes, length};
    struct msghdr message = {.msg_iov = &one, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = out;
        message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        *header = (struct cmsghdr){CMSG_LEN(sizeof(int) * count), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(header), files, sizeof(int) * count);
    }
    return sendmsg(s[0], &message, 0);
}

static long send_credentials(int level, int type, long length, int pid, int uid, int gid) {
    static char out[200];
    struct iovec one = {"c", 1};
    struct msghdr message = {
        .msg_iov = &one, .msg_iovlen = 1, .msg_control = out, .msg_controllen = CMSG_SPACE(12)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){length, level, type};
    int ids[3] = {pid, uid, gid};
    memcpy(CMSG_DATA(header), ids, sizeof ids);
    return sendmsg(s[0], &message, 0);
}

static void receive(int flags, long bytes) {
    struct iovec one = {room, 100};
    struct msghdr message = {
        .msg_iov = &one, .msg_iovlen = 1, .msg_control = control, .msg_controllen = bytes};
    memset(control, 0, sizeof control);
    long count = recvmsg(s[1], &message, flags);
    if (count == -1) {
        printf("recvmsg = -1 %s\n", strerrorname_np(errno));
        return;
    }
    printf("recvmsg = %ld, flags %#x, control %d:", count, message.msg_flags, (int)message.msg_controllen);
    for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
        printf(" [%d %d length %d", each->cmsg_level, each->cmsg_type, (int)each->cmsg_len);
        int *values = (int *)CMSG_DATA(each);
        if (each->cmsg_type == SCM_RIGHTS) {
            for (unsigned i = 0; i < (each->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
                printf(" %d", values[i]);
            }
        } else if (each->cmsg_len == CMSG_LEN(12)) {
            printf(" %d %d %d", values[0] == getpid(), values[1], values[2]);
        }
        printf("]");
    }
    printf("\n");
}

static void files(int type) {
    int one[300] = {0};
    pair(type);
    one[1] = MUST(open("f", O_CREAT | O_RDWR, 0600));
    SHOW(send_files("ab", 2, 2, one));
    SHOW(send_files("cd", 2, 0, one));
    SHOW(send_files("ef", 2, 1, one));
    receive(0, 1000);
    receive(0, 1000);
    receive(0, 1000);
    receive(0, 1000);
    SHOW(send_files("ab", 2, 2, one));
    receive(MSG_PEEK, 1000);
    receive(MSG_CMSG_CLOEXEC, 20);
    SHOW(fcntl(11, F_GETFD));
    SHOW(send_files("ab", 2, 2, one));
    receive(0, 0);
    SHOW(send_files("ab", 2, 2, one));
    receive(0, 10);
    SHOW(send_files("ab", 2, 2, one));
    SHOW(recv(s[1], room, 10, 0));
    SHOW(dup(0));
    one[0] = 99;
    SHOW(send_files("ab", 2, 2, one));
    memset(one, 0, sizeof one);
    SHOW(send_files("x", 1, 253, one));
    SHOW(read(s[1], room, 10));
    SHOW(send_files("x", 1, 254, one));
    SHOW(send_files("", 0, 1, one));
    receive(0, 1000);
    SHOW(dup(0));
}

CASE(rights_by_stream) { files(SOCK_STREAM); }
CASE(rights_by_datagram) { files(SOCK_DGRAM); }
CASE(rights_by_packet) { files(SOCK_SEQPACKET); }

CASE(rights_are_the_same_open_file) {
    int file = MUST(open("f", O_CREAT | O_RDWR, 0600));
    pair(SOCK_DGRAM);
    MUST(write(file, "0123456789", 10));
    MUST(send_files("x", 1, 1, &file));
    MUST(lseek(file, 4, SEEK_SET));
    MUST(close(file));
    receive(0, 1000);
    SHOW(lseek(file, 0, SEEK_CUR));
    SHOW(read(file, room, 3));
    int path = MUST(open(".", O_PATH));
    SHOW(send_files("x", 1, 1, &path));
    receive(0, 1000);
    SHOW(fcntl(path + 1, F_GETFL) & O_PATH);
}

CASE(rights_without_descriptors_left) {
    int zero[3] = {0};
    struct rlimit limit = {8, 8};
    pair(SOCK_STREAM);
    MUST(send_files("x", 1, 3, zero));
    MUST(setrlimit(RLIMIT_NOFILE, &limit));
    MUST(dup2(0, 6));
    receive(0, 1000);
    SHOW(dup(0));
}

CASE(rights_in_a_circle) {
    for (int i = 0; i < 300; i++) {
        pair(SOCK_STREAM);
        MUST(send_files("x", 1, 2, s));
        int swapped = s[0];
        s[0] = s[1];
        s[1] = swapped;
        MUST(send_files("y", 1, 2, s));
        MUST(close(s[0]));
        MUST(close(s[1]));
    }
    SHOW(dup(0));
    pair(SOCK_STREAM);
    int inner[2], p[2];
    MUST(pipe2(p, O_NONBLOCK));
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, inner));
    int all[4] = {inner[0], inner[1], p[1], s[1]};
    MUST(send_files("x", 1, 4, all));
    MUST(close(inner[0]));
    MUST(close(inner[1]));
    MUST(close(p[1]));
    SHOW(read(p[0], room, 1));
    MUST(close(s[0]));
    MUST(close(s[1]));
    pair(SOCK_STREAM);
    MUST(close(s[0]));
    usleep(100000);
    SHOW(read(p[0], room, 1));
}

static void credentials(int type) {
    int on = 1, file = 0, pid = getpid();
    pair(type);
    SHOW(send_credentials(1, SCM_CREDENTIALS, CMSG_LEN(12), pid, getuid(), getgid()));
    receive(0, 1000);
    SHOW(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    MUST(send(s[0], "1", 1, 0));
    receive(0, 1000);
    MUST(write(s[0], "1", 1));
    receive(0, 20);
    MUST(send_files("x", 1, 1, &file));
    receive(0, 1000);
    MUST(send_files("x", 1, 1, &file));
    receive(0, 0);
    SHOW(send_credentials(1, SCM_CREDENTIALS, CMSG_LEN(12), pid, 5, 6));
    receive(0, 1000);
    SHOW(send_credentials(1, SCM_CREDENTIALS, CMSG_LEN(12), 99999999, 5, 6));
    SHOW(send_credentials(1, SCM_CREDENTIALS, CMSG_LEN(8), pid, 5, 6));
    SHOW(send_credentials(1, 9, CMSG_LEN(12), pid, 5, 6));
    SHOW(send_credentials(2, SCM_CREDENTIALS, CMSG_LEN(12), pid, 5, 6));
    SHOW(send_credentials(1, SCM_CREDENTIALS, 4, pid, 5, 6));
    SHOW(send_credentials(1, SCM_CREDENTIALS, 1000, pid, 5, 6));
    if (type == SOCK_STREAM) {
        MUST(send(s[0], "one", 3, 0));
        MUST(send_credentials(1, SCM_CREDENTIALS, CMSG_LEN(12), pid, 7, 8));
        MUST(send(s[0], "two", 3, 0));
        receive(0, 1000);
        receive(0, 1000);
        receive(0, 1000);
    }
}

CASE(credentials_by_stream) { credentials(SOCK_STREAM); }
CASE(credentials_by_datagram) { credentials(SOCK_DGRAM); }
CASE(credentials_by_packet) { credentials(SOCK_SEQPACKET); }

static void several(int type) {
    pair(type);
    struct iovec out[3] = {{"a", 1}, {"bc", 2}, {"def", 3}}, in[3] = {{room, 2}, {room + 2, 2}, {room + 4, 2}};
    struct mmsghdr all[3] = {0};
    for (int i = 0; i < 3; i++) {
        all[i].msg_hdr = (struct msghdr){.msg_iov = out + i, .msg_iovlen = 1};
    }
    SHOW(sendmmsg(s[0], all, 3, 0));
    printf("%d %d %d\n", all[0].msg_len, all[1].msg_len, all[2].msg_len);
    for (int i = 0; i < 3; i++) {
        all[i].msg_hdr = (struct msghdr){.msg_iov = in + i, .msg_iovlen = 1};
    }
    SHOW(recvmmsg(s[1], all, 3, 0, NULL));
    for (int i = 0; i < 3; i++) {
        printf("%d %#x ", all[i].msg_len, all[i].msg_hdr.msg_flags);
    }
    printf("\n");
    SHOW(recvmmsg(s[1], all, 3, 0, NULL));
    SHOW(sendmmsg(s[0], all, 0, 0));
    MUST(send(s[0], "x", 1, 0));
    MUST(fcntl(s[1], F_SETFL, 0));
    SHOW(recvmmsg(s[1], all, 3, MSG_WAITFORONE, NULL));
    struct timespec none = {0, 0}, wrong = {0, -1};
    MUST(send(s[0], "x", 1, 0));
    SHOW(recvmmsg(s[1], all, 3, 0, &none));
    SHOW(recvmmsg(s[1], all, 3, 0, &wrong));
}

CASE(messages_by_stream) { several(SOCK_STREAM); }
CASE(messages_by_datagram) { several(SOCK_DGRAM); }

CASE(message_headers) {
    pair(SOCK_DGRAM);
    struct msghdr message = {0};
    SHOW(sendmsg(s[0], &message, 0));
    message.msg_iovlen = 1025;
    SHOW(sendmsg(s[0], &message, 0));
    message.msg_iovlen = 1;
    message.msg_iov = bad;
    SHOW(sendmsg(s[0], &message, 0));
    message.msg_iovlen = 0;
    message.msg_name = room;
    message.msg_namelen = -1;
    SHOW(sendmsg(s[0], &message, 0));
    message.msg_name = NULL;
    message.msg_control = bad;
    message.msg_controllen = 20;
    SHOW(sendmsg(s[0], &message, 0));
    message.msg_controllen = 1 << 30;
    SHOW(sendmsg(s[0], &message, 0));
    SHOW(sendmsg(s[0], bad, 0));
    SHOW(recvmsg(s[1], bad, 0));
    MUST(send(s[0], "0123456789", 10, 0));
    struct iovec small[2] = {{room, 2}, {room + 2, 2}};
    struct sockaddr_un name;
    message = (struct msghdr){.msg_iov = small, .msg_iovlen = 2, .msg_name = &name, .msg_namelen = sizeof name};
    SHOW(recvmsg(s[1], &message, 0));
    printf("%#x %d %d\n", message.msg_flags, (int)message.msg_namelen, (int)message.msg_controllen);
    MUST(send(s[0], "0123456789", 10, 0));
    SHOW(recvmsg(s[1], &message, MSG_TRUNC));
}

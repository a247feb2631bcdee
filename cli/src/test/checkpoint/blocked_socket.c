// Calls that wait for a socket.
#include "checkpoint.h"

#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static int pair[2];

static struct sockaddr_un address_of(const char *name) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, name);
    return address;
}

static int listener(const char *name, int backlog) {
    struct sockaddr_un address = address_of(name);
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    MUST(bind(fd, (struct sockaddr *)&address, sizeof address));
    MUST(listen(fd, backlog));
    return fd;
}

static int connected(const char *name) {
    struct sockaddr_un address = address_of(name);
    int fd = MUST(socket(AF_UNIX, SOCK_STREAM, 0));
    MUST(connect(fd, (struct sockaddr *)&address, sizeof address));
    return fd;
}

/** Receives until the end, which is behind these bytes. */
static void receive_all(const char *bytes, ssize_t all) {
    char part[5000];
    ssize_t at = 0;
    for (ssize_t length; (length = recv(pair[0], part, sizeof part, 0)) > 0; at += length) {
        if (at + length > all || memcmp(part, bytes + at, length) != 0) {
            wrong(__FILE__, __LINE__, "other bytes near %zd", at);
            break;
        }
    }
    EQUAL(at, all);
}

CASE(accept_of_nobody) {
    int fd = listener("name", 5);
    pid_t server = BLOCKED({
        int client = MUST(accept(fd, NULL, NULL));
        char bytes[8] = "";
        EQUAL(read(client, bytes, 7), 5);
        SAME(bytes, "hello");
        EQUAL(write(client, "bye", 3), 3);
    });
    CHECKPOINT();
    await_asleep(server);
    int client = connected("name");
    EQUAL(write(client, "hello", 5), 5);
    char bytes[8] = "";
    EQUAL(read(client, bytes, 7), 3);
    SAME(bytes, "bye");
    ENDED(server);
}

CASE(connect_to_a_full_backlog) {
    int fd = listener("name", 0);
    int first = connected("name");
    pid_t client = BLOCKED({
        int second = connected("name");
        EQUAL(write(second, "2", 1), 1);
    });
    CHECKPOINT();
    EQUAL(write(first, "1", 1), 1);
    char byte;
    int accepted = MUST(accept(fd, NULL, NULL));
    EQUAL(read(accepted, &byte, 1), 1);
    EQUAL(byte, '1');
    accepted = MUST(accept(fd, NULL, NULL));
    EQUAL(read(accepted, &byte, 1), 1);
    EQUAL(byte, '2');
    ENDED(client);
}

CASE(recv_of_an_empty_stream) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t receiver = BLOCKED({
        char bytes[8] = "";
        EQUAL(recv(pair[0], bytes, 6, MSG_WAITALL), 6);
        SAME(bytes, "abcdef");
    });
    CHECKPOINT();
    EQUAL(send(pair[1], "abc", 3, 0), 3);
    await_asleep(receiver);
    EQUAL(send(pair[1], "def", 3, 0), 3);
    ENDED(receiver);
}

CASE(recv_that_has_half_of_what_it_waits_for) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t receiver = BLOCKED({
        char bytes[8] = "";
        ssize_t length = recv(pair[0], bytes, 6, MSG_WAITALL);
        // Linux gives what it has when it is interrupted; nothing may be lost.
        if (length == 3) {
            length += recv(pair[0], bytes + 3, 3, MSG_WAITALL);
        }
        EQUAL(length, 6);
        SAME(bytes, "abcdef");
    });
    EQUAL(send(pair[1], "abc", 3, 0), 3);
    await_asleep(receiver);
    CHECKPOINT();
    EQUAL(send(pair[1], "def", 3, 0), 3);
    ENDED(receiver);
}

CASE(recv_that_still_waits_for_all) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t receiver = BLOCKED({
        char bytes[8] = "";
        EQUAL(recv(pair[0], bytes, 6, MSG_WAITALL), 6);
        SAME(bytes, "abcdef");
    });
    EQUAL(send(pair[1], "abc", 3, 0), 3);
    await_asleep(receiver);
    CHECKPOINT_UNSTOPPED();
    await_asleep(receiver);
    EQUAL(send(pair[1], "de", 2, 0), 2);
    await_asleep(receiver);
    EQUAL(send(pair[1], "f", 1, 0), 1);
    ENDED(receiver);
}

static volatile int handled;

static void handle(int number) {
    (void)number;
    handled++;
}

CASE(recvmsg_of_half_that_a_handler_ends) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    pid_t receiver = BLOCKED({
        struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
        MUST(sigaction(SIGUSR1, &action, NULL));
        char bytes[8] = "";
        char control[64];
        struct iovec part = {bytes, 6};
        struct msghdr message = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = 64};
        EQUAL(recvmsg(pair[0], &message, MSG_WAITALL), 3);
        EQUAL(message.msg_controllen, 0);
        EQUAL(handled, 1);
        SAME(bytes, "abc");
        EQUAL(recv(pair[0], bytes, 3, 0), 3);
        SAME(bytes, "def");
    });
    EQUAL(send(pair[1], "abc", 3, 0), 3);
    await_asleep(receiver);
    CHECKPOINT_UNSTOPPED();
    await_asleep(receiver);
    MUST(kill(receiver, SIGUSR1));
    await_asleep(receiver);
    EQUAL(send(pair[1], "def", 3, 0), 3);
    ENDED(receiver);
}

CASE(sendmsg_of_which_a_part_is_sent) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    enum { ALL = 2 << 20 };
    static char bytes[ALL];
    for (int i = 0; i < ALL; i++) {
        bytes[i] = i % 241;
    }
    pid_t sender = BLOCKED({
        struct iovec parts[] = {{bytes, ALL / 2}, {bytes + ALL / 2, ALL / 2}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        EQUAL(sendmsg(pair[1], &message, 0), ALL);
    });
    CHECKPOINT_UNSTOPPED();
    close(pair[1]);
    receive_all(bytes, ALL);
    ENDED(sender);
}

CASE(sendmmsg_with_some_sent) {
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    enum { COUNT = 1000 };
    pid_t sender = BLOCKED({
        static int numbers[COUNT];
        static struct iovec parts[COUNT];
        static struct mmsghdr messages[COUNT];
        for (int i = 0; i < COUNT; i++) {
            numbers[i] = i;
            parts[i] = (struct iovec){&numbers[i], sizeof numbers[i]};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        EQUAL(sendmmsg(pair[1], messages, COUNT, 0), COUNT);
        EQUAL(messages[COUNT - 1].msg_len, sizeof(int));
    });
    CHECKPOINT_UNSTOPPED();
    for (int i = 0; i < COUNT; i++) {
        int number = -1;
        MUST(recv(pair[0], &number, sizeof number, 0));
        if (number != i) {
            EQUAL(number, i);
            break;
        }
    }
    FAILS(recv(pair[0], &(int){0}, 1, MSG_DONTWAIT), EAGAIN);
    ENDED(sender);
}

CASE(recvmsg_of_a_datagram) {
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    pid_t receiver = BLOCKED({
        char bytes[4];
        struct iovec part = {bytes, 2};
        struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
        EQUAL(recvmsg(pair[0], &message, 0), 2);
        EQUAL(message.msg_flags, MSG_TRUNC);
        TRUE(memcmp(bytes, "ab", 2) == 0);
    });
    CHECKPOINT();
    EQUAL(send(pair[1], "abc", 3, 0), 3);
    ENDED(receiver);
}

CASE(recvmmsg_with_two_of_three) {
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    EQUAL(send(pair[1], "1", 1, 0), 1);
    EQUAL(send(pair[1], "2", 1, 0), 1);
    pid_t receiver = CHILD({
        char bytes[3][4] = {"", "", ""};
        struct iovec parts[3];
        struct mmsghdr messages[3] = {0};
        for (int i = 0; i < 3; i++) {
            parts[i] = (struct iovec){bytes[i], 3};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
        EQUAL(recvmmsg(pair[0], messages, 3, 0, NULL), 3);
        SAME(bytes[0], "1");
        SAME(bytes[1], "2");
        SAME(bytes[2], "3");
    });
    await_asleep(receiver);
    CHECKPOINT_UNSTOPPED();
    EQUAL(send(pair[1], "3", 1, 0), 1);
    ENDED(receiver);
}

CASE(recv_with_time_left) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    int64_t begun = now_millis();
    pid_t receiver = CHILD({
        struct timeval span = {WAIT_MILLIS / 1000, WAIT_MILLIS % 1000 * 1000};
        MUST(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &span, sizeof span));
        char byte;
        FAILS(recv(pair[0], &byte, 1, 0), EAGAIN);
        TOOK(begun, WAIT_MILLIS);
    });
    sleep_millis(OVER_MILLIS);
    CHECKPOINT_UNSTOPPED();
    ENDED(receiver);
}

CASE(send_to_a_full_stream) {
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
    enum { ALL = 1 << 20 };
    static char bytes[ALL];
    for (int i = 0; i < ALL; i++) {
        bytes[i] = i % 241;
    }
    pid_t sender = BLOCKED({
        size_t sent = 0;
        while (sent < ALL) {
            sent += MUST(send(pair[1], bytes + sent, ALL - sent, 0));
        }
    });
    CHECKPOINT();
    close(pair[1]);
    receive_all(bytes, ALL);
    ENDED(sender);
}

CASE(send_to_a_full_queue_of_datagrams) {
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
    int count = 0;
    while (count < 100000 && send(pair[1], &count, sizeof count, MSG_DONTWAIT) > 0) {
        count++;
    }
    pid_t sender = BLOCKED({ EQUAL(send(pair[1], &count, sizeof count, 0), sizeof count); });
    CHECKPOINT();
    for (int i = 0; i <= count; i++) {
        int number = -1;
        EQUAL(recv(pair[0], &number, sizeof number, 0), sizeof number);
        if (number != i) {
            EQUAL(number, i);
            break;
        }
    }
    ENDED(sender);
}

CASE(poll_of_a_listener) {
    int fd = listener("name", 5);
    pid_t poller = BLOCKED({
        struct pollfd polled = {fd, POLLIN, 0};
        EQUAL(poll(&polled, 1, 60000), 1);
        EQUAL(polled.revents, POLLIN);
        MUST(accept(fd, NULL, NULL));
    });
    CHECKPOINT();
    connected("name");
    ENDED(poller);
}

CASE(recv_whose_peer_goes_away) {
    MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
    pid_t receiver = BLOCKED({
        close(pair[1]);
        char byte;
        EQUAL(recv(pair[0], &byte, 1, 0), 0);
    });
    CHECKPOINT();
    close(pair[1]);
    ENDED(receiver);
}

// Cases of the checkpoint: each sets up some state of the kernel, is checkpointed, and verifies
// afterwards, on another platform and in another process, that the state is what it was.
//
//     #include "checkpoint.h"
//
//     CASE(pipe_keeps_its_content) {
//         int fds[2];
//         MUST(pipe(fds));
//         EQUAL(write(fds[1], "abc", 3), 3);
//         CHECKPOINT();
//         char bytes[4] = "";
//         EQUAL(read(fds[0], bytes, 3), 3);
//         SAME(bytes, "abc");
//     }
//
// A case says only what was wrong, and ends with status 0 if nothing was. It passes on Linux with
// no checkpoint at all, and when all its processes are stopped and continued in place of one. It
// begins in an empty directory of its own, uses nothing of the machine but what it made itself, and
// is ended by an alarm at the latest.
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_SECONDS = 100, GATE_IN = 250, GATE_OUT = 251 };

typedef void case_body(void);

struct one_case {
    const char *name;
    case_body *body;
    struct one_case *next;
};

static struct one_case *case_first, **case_last = &case_first;

#define CASE(name)                                                                            \
    static void name(void);                                                                   \
    static struct one_case case_##name = {#name, name, NULL};                                 \
    __attribute__((constructor)) static void case_register_##name(void) {                     \
        *case_last = &case_##name;                                                            \
        case_last = &case_##name.next;                                                        \
    }                                                                                         \
    static void name(void)

static volatile int failures;

// Says what was wrong.
__attribute__((format(printf, 3, 4), unused)) static void wrong(
        const char *file, int line, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int length = snprintf(text, sizeof text, "%s:%d: ", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
    length += vsnprintf(text + length, sizeof text - length - 1, format, arguments);
    va_end(arguments);
    if (length > (int)sizeof text - 2) {
        length = sizeof text - 2;
    }
    text[length++] = '\n';
    failures++;
    if (write(GATE_OUT, text, length) != length) {
        _exit(97);
    }
}

__attribute__((unused)) static void equal(
        const char *file, int line, const char *what, long found, long expected) {
    if (found != expected) {
        wrong(file, line, "%s is %ld (%s), not %ld", what, found,
              found == -1 ? strerrorname_np(errno) : "", expected);
    }
}

__attribute__((unused)) static void same(
        const char *file, int line, const char *what, const char *found, const char *expected) {
    if (strcmp(found, expected) != 0) {
        wrong(file, line, "%s is \"%s\", not \"%s\"", what, found, expected);
    }
}

// Verifies a number, and a string.
#define EQUAL(found, expected)                                                                \
    (errno = 0, equal(__FILE__, __LINE__, #found, (long)(found), (long)(expected)))
#define SAME(found, expected) same(__FILE__, __LINE__, #found, found, expected)

// Verifies that a call fails with an errno.
#define FAILS(call, error)                                                                    \
    do {                                                                                      \
        errno = 0;                                                                            \
        long fails_result = (long)(call);                                                     \
        if (fails_result != -1 || errno != (error)) {                                         \
            wrong(__FILE__, __LINE__, "%s is %ld (%s), not %s", #call, fails_result,          \
                  strerrorname_np(errno), strerrorname_np(error));                            \
        }                                                                                     \
    } while (0)

// Verifies what is either so or not.
#define TRUE(what)                                                                            \
    do {                                                                                      \
        if (!(what)) {                                                                        \
            wrong(__FILE__, __LINE__, "not so: %s", #what);                                   \
        }                                                                                     \
    } while (0)

// Does what has to succeed for the case to make sense.
#define MUST(call)                                                                            \
    ({                                                                                        \
        long must_result = (long)(call);                                                      \
        if (must_result == -1) {                                                              \
            wrong(__FILE__, __LINE__, "%s: %s", #call, strerrorname_np(errno));               \
            _exit(99);                                                                        \
        }                                                                                     \
        must_result;                                                                          \
    })

// Whether this runs in a sandbox, in which it may do to the machine's files as it likes.
__attribute__((unused)) static int inside(void) { return getenv("INSIDE") != NULL; }

static void gate(const char *word) {
    char answer;
    ssize_t length = strlen(word);
    if (write(GATE_OUT, word, length) != length) {
        _exit(97);
    }
    while (syscall(SYS_read, GATE_IN, &answer, 1) == -1 && errno == EINTR) {
    }
}

// Is checkpointed here, as often as whoever runs this likes.
#define CHECKPOINT() gate("ready\n")

// The same where a stopped and continued process can be told from one that was not, on Linux.
#define CHECKPOINT_UNSTOPPED() gate("ready, not to be stopped\n")

__attribute__((unused)) static int64_t now_millis(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

__attribute__((unused)) static void sleep_millis(long millis) {
    struct timespec span = {millis / 1000, millis % 1000 * 1000000};
    while (nanosleep(&span, &span) != 0) {
    }
}

// How long a wait is, and how much of it is over when it is checkpointed.
enum { WAIT_MILLIS = 1500, OVER_MILLIS = 1200 };

// Verifies how long something took since a moment: not less than that, and not as long as it would
// have taken had it begun anew when it was checkpointed.
#define TOOK(begun, millis)                                                                   \
    do {                                                                                      \
        int64_t took_millis = now_millis() - (begun);                                         \
        if (took_millis < (millis) - 1 || took_millis >= (millis) + OVER_MILLIS - 50) {       \
            wrong(__FILE__, __LINE__, "took %ld ms, not %ld", (long)took_millis,              \
                  (long)(millis));                                                            \
        }                                                                                     \
    } while (0)

// The state of a thread: a letter of proc(5).
__attribute__((unused)) static char state_of(pid_t process, pid_t thread) {
    char path[64], text[512];
    snprintf(path, sizeof path, "/proc/%d/task/%d/stat", process, thread);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    if (length <= 0) {
        return 0;
    }
    text[length] = 0;
    return strrchr(text, ')')[2];
}

// Waits until a thread is in a state, for several looks in a row.
__attribute__((unused)) static void await_state(pid_t process, pid_t thread, char state) {
    for (int seen = 0, tries = 0; seen < 3; tries++) {
        sleep_millis(10);
        seen = state_of(process, thread) == state ? seen + 1 : 0;
        if (tries == 3000) {
            wrong(__FILE__, __LINE__, "thread %d is in state %c, not %c", thread,
                  state_of(process, thread), state);
            return;
        }
    }
}

__attribute__((unused)) static pid_t await_asleep(pid_t process) {
    await_state(process, process, 'S');
    return process;
}

// A child that does something and ends with status 0 if nothing was wrong; gives its number.
#define CHILD(...)                                                                            \
    ({                                                                                        \
        pid_t child_number = MUST(fork());                                                    \
        if (child_number == 0) {                                                              \
            failures = 0;                                                                     \
            alarm(LONGEST_SECONDS);                                                           \
            __VA_ARGS__;                                                                      \
            _exit(failures != 0);                                                             \
        }                                                                                     \
        child_number;                                                                         \
    })

// A child that by now sleeps in what it does.
#define BLOCKED(...) await_asleep(CHILD(__VA_ARGS__))

// Waits for a child's end, and verifies that nothing was wrong there.
#define ENDED(child)                                                                          \
    do {                                                                                      \
        int ended_status = -1;                                                                \
        pid_t ended_child = child;                                                            \
        while (waitpid(ended_child, &ended_status, 0) == -1 && errno == EINTR) {              \
        }                                                                                     \
        if (ended_status != 0) {                                                              \
            wrong(__FILE__, __LINE__, "child %s ended with status %#x", #child, ended_status);\
        }                                                                                     \
    } while (0)

// Makes a file, or replaces what it holds.
__attribute__((unused)) static void make(const char *path, const char *content) {
    int file = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    MUST(write(file, content, strlen(content)));
    MUST(close(file));
}

// What a small file holds.
__attribute__((unused)) static const char *content(const char *path) {
    static _Thread_local char bytes[8192];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return strerrorname_np(errno);
    }
    ssize_t length = 0, more;
    while (length < (ssize_t)sizeof bytes - 1
           && (more = read(file, bytes + length, sizeof bytes - 1 - length)) > 0) {
        length += more;
    }
    bytes[length] = 0;
    close(file);
    return bytes;
}

// Without an argument lists the cases, a name each line; with a name runs that case.
int main(int argc, char **argv) {
    for (struct one_case *each = case_first; each != NULL; each = each->next) {
        if (argc < 2) {
            puts(each->name);
        } else if (strcmp(each->name, argv[1]) == 0) {
            if (dup3(0, GATE_IN, O_CLOEXEC) < 0 || dup3(1, GATE_OUT, O_CLOEXEC) < 0) {
                return 96;
            }
            alarm(LONGEST_SECONDS);
            each->body();
            return failures != 0;
        }
    }
    return argc < 2 ? 0 : 98;
}

#endif

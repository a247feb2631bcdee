// Cases of the oracle: each is run on the host's Linux and in a sandbox, and must print the same.
//
//     #include "oracle.h"
//
//     CASE(unlinked_file_keeps_its_content) {
//         SHOW(unlink("f"));       // prints: unlink("f") = 0
//         SHOW(unlink("f"));       // prints: unlink("f") = -1 ENOENT
//     }
//
// A case begins in an empty directory of its own and prints nothing that differs from run to run: no
// process numbers, addresses or times. It ends within seconds, leaves no process behind, and uses
// nothing of the machine but what it made itself.
#ifndef ORACLE_H
#define ORACLE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void oracle_body(void);

struct oracle_case {
    const char *name;
    oracle_body *body;
    struct oracle_case *next;
};

static struct oracle_case *oracle_first, **oracle_last = &oracle_first;

#define CASE(name)                                                                            \
    static void name(void);                                                                   \
    static struct oracle_case oracle_##name = {#name, name, NULL};                            \
    __attribute__((constructor)) static void oracle_register_##name(void) {                   \
        *oracle_last = &oracle_##name;                                                        \
        oracle_last = &oracle_##name.next;                                                    \
    }                                                                                         \
    static void name(void)

// Shows what a call gives: its value, and the errno's name where that is -1.
#define SHOW(call)                                                                            \
    ({                                                                                        \
        errno = 0;                                                                            \
        long oracle_result = (long)(call);                                                    \
        oracle_show(#call, oracle_result);                                                    \
        oracle_result;                                                                        \
    })

// Does what has to succeed for the case to make sense.
#define MUST(call)                                                                            \
    ({                                                                                        \
        long oracle_result = (long)(call);                                                    \
        if (oracle_result == -1) {                                                            \
            oracle_show(#call, oracle_result);                                                \
            exit(99);                                                                         \
        }                                                                                     \
        oracle_result;                                                                        \
    })

static inline void oracle_show(const char *call, long result) {
    int error = errno;
    if (result == -1 && error != 0) {
        printf("%s = -1 %s\n", call, strerrorname_np(error));
    } else {
        printf("%s = %ld\n", call, result);
    }
}

// Without an argument lists the cases, a name each line; with a name runs that case.
int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IONBF, 0);
    for (struct oracle_case *each = oracle_first; each != NULL; each = each->next) {
        if (argc < 2) {
            puts(each->name);
        } else if (strcmp(each->name, argv[1]) == 0) {
            each->body();
            return 0;
        }
    }
    return argc < 2 ? 0 : 98;
}

#endif

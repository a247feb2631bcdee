// Small files, for cases that need some.
#ifndef FILES_H
#define FILES_H

#include "oracle.h"

#include <fcntl.h>

// Makes a file, or replaces what it holds.
static inline void make(const char *path, const char *content) {
    int file = MUST(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
    MUST(write(file, content, strlen(content)));
    MUST(close(file));
}

// Shows the first bytes of a file, or why it cannot be opened.
static inline void show_content(const char *path) {
    char bytes[64] = "";
    int file = open(path, O_RDONLY);
    if (file < 0) {
        printf("%s: %s\n", path, strerrorname_np(errno));
        return;
    }
    MUST(read(file, bytes, sizeof bytes - 1));
    printf("%s: %s\n", path, bytes);
    close(file);
}

#endif

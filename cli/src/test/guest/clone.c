// Asks for a checkpoint by the name in each line that it reads, and tells on which side of it it is.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

int main(void) {
    char line[256], request[300];
    while (fgets(line, sizeof line, stdin) != NULL) {
        int fd = open("/proc/plinth/checkpoint", O_RDWR);
        line[strcspn(line, "\n")] = 0;
        int length = snprintf(request, sizeof request, "%s", line);
        if (write(fd, request, length) < 0) {
            printf("errno %d\n", errno);
        } else {
            unsigned long random = 0;
            char side[256];
            ssize_t count = pread(fd, side, sizeof side - 1, 0);
            getrandom(&random, sizeof random, 0);
            side[count < 0 ? 0 : count] = 0;
            for (char *c = side; *c; c++) {
                if (*c == '\n') {
                    *c = '/';
                }
            }
            printf("%s%lx\n", side, random);
        }
        close(fd);
        fflush(stdout);
    }
    return 0;
}

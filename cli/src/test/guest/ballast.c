// Fills memory with numbers and says so. Then answers lines:
//   check   are the numbers what they were?
//   add N   adds N to each of them, and to the number in a file
//   sum     what was added: the number in the file
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static unsigned long next(unsigned long *seed) {
    *seed = *seed * 6364136223846793005UL + 1442695040888963407UL;
    return *seed;
}

int main(int argc, char **argv) {
    size_t count = (size_t)atol(argv[1]) * 1024 / sizeof(unsigned long);
    unsigned long *memory = malloc(count * sizeof(unsigned long));
    unsigned long seed = 1, added = 0, sum = 0;
    char line[64];
    FILE *file = fopen("/tmp/ballast-sum", "w+");
    for (size_t i = 0; i < count; i++) {
        memory[i] = next(&seed);
    }
    fwrite(&sum, sizeof sum, 1, file);
    fflush(file);
    printf("ready\n");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "check\n") == 0) {
            unsigned long check = 1;
            size_t i = 0;
            while (i < count && memory[i] == next(&check) + added) {
                i++;
            }
            printf(i == count ? "intact\n" : "damaged\n");
        } else if (strcmp(line, "sum\n") == 0) {
            pread(fileno(file), &sum, sizeof sum, 0);
            printf("%lu\n", sum);
        } else {
            unsigned long n = strtoul(line + strlen("add "), NULL, 10);
            for (size_t i = 0; i < count; i++) {
                memory[i] += n;
            }
            added += n;
            pread(fileno(file), &sum, sizeof sum, 0);
            sum += n;
            pwrite(fileno(file), &sum, sizeof sum, 0);
            printf("added\n");
        }
        fflush(stdout);
    }
    return 0;
}

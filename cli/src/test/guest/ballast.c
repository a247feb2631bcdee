// Fills memory with numbers, says so, and at each line that comes says whether they are still there.
#include <stdio.h>
#include <stdlib.h>

static unsigned long next(unsigned long *seed) {
    *seed = *seed * 6364136223846793005UL + 1442695040888963407UL;
    return *seed;
}

int main(int argc, char **argv) {
    size_t count = (size_t)atol(argv[1]) * 1024 / sizeof(unsigned long);
    unsigned long *memory = malloc(count * sizeof(unsigned long));
    unsigned long seed = 1;
    for (size_t i = 0; i < count; i++) {
        memory[i] = next(&seed);
    }
    printf("ready\n");
    fflush(stdout);
    while (getchar() != EOF) {
        unsigned long check = 1;
        size_t i = 0;
        while (i < count && memory[i] == next(&check)) {
            i++;
        }
        printf(i == count ? "intact\n" : "damaged\n");
        fflush(stdout);
    }
    return 0;
}

// A tight loop, in which sums live in vector registers only, for as many seconds as it is told.
// It says what they come to beside what they should; it makes no system call meanwhile but to look
// at the time, once in a million steps.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { STEPS = 1000000 };

// Seven registers, to each lane of which the number of the lane is added again and again.
static void add(uint64_t steps, uint64_t sums[7][4]) {
    static const uint64_t ones[4] = {1, 2, 3, 4};
    __asm__ volatile(
        "vmovdqu (%[ones]), %%ymm0\n"
        "vmovdqu 0x00(%[sums]), %%ymm1\n"
        "vmovdqu 0x20(%[sums]), %%ymm2\n"
        "vmovdqu 0x40(%[sums]), %%ymm3\n"
        "vmovdqu 0x60(%[sums]), %%ymm4\n"
        "vmovdqu 0x80(%[sums]), %%ymm5\n"
        "vmovdqu 0xa0(%[sums]), %%ymm14\n"
        "vmovdqu 0xc0(%[sums]), %%ymm15\n"
        "1:\n"
        "vpaddq %%ymm0, %%ymm1, %%ymm1\n"
        "vpaddq %%ymm0, %%ymm2, %%ymm2\n"
        "vpaddq %%ymm0, %%ymm3, %%ymm3\n"
        "vpaddq %%ymm0, %%ymm4, %%ymm4\n"
        "vpaddq %%ymm0, %%ymm5, %%ymm5\n"
        "vpaddq %%ymm0, %%ymm14, %%ymm14\n"
        "vpaddq %%ymm0, %%ymm15, %%ymm15\n"
        "dec %[steps]\n"
        "jnz 1b\n"
        "vmovdqu %%ymm1, 0x00(%[sums])\n"
        "vmovdqu %%ymm2, 0x20(%[sums])\n"
        "vmovdqu %%ymm3, 0x40(%[sums])\n"
        "vmovdqu %%ymm4, 0x60(%[sums])\n"
        "vmovdqu %%ymm5, 0x80(%[sums])\n"
        "vmovdqu %%ymm14, 0xa0(%[sums])\n"
        "vmovdqu %%ymm15, 0xc0(%[sums])\n"
        : [steps] "+r"(steps)
        : [sums] "r"(sums), [ones] "r"(ones)
        : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm14", "xmm15");
}

int main(int argc, char **argv) {
    uint64_t sums[7][4] = {{0}};
    uint64_t steps = 0;
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    struct timespec begun, now;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    do {
        add(STEPS, sums);
        steps += STEPS;
        clock_gettime(CLOCK_MONOTONIC, &now);
    } while (now.tv_sec - begun.tv_sec + (now.tv_nsec - begun.tv_nsec) / 1e9 < seconds);
    for (int i = 0; i < 7; i++) {
        for (int lane = 0; lane < 4; lane++) {
            if (sums[i][lane] != steps * (lane + 1)) {
                printf("register %d, lane %d: %lu and not %lu\n", i, lane, sums[i][lane],
                       steps * (lane + 1));
                return 1;
            }
        }
    }
    puts("the sums are right");
    return 0;
}

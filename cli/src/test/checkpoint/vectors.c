// The state of the vector and floating point units.
#include "checkpoint.h"

#include <fenv.h>
#include <immintrin.h>
#include <math.h>
#include <sched.h>

// Signals ready and waits in machine code, so that no library touches a vector register.
#define CHECKPOINT_HERE                                                                       \
    "mov $1, %%eax\n\tmov $251, %%edi\n\tlea %[word], %%rsi\n\tmov $6, %%edx\n\tsyscall\n\t"  \
    "mov $0, %%eax\n\tmov $250, %%edi\n\tlea %[answer], %%rsi\n\tmov $1, %%edx\n\tsyscall\n\t"
#define CLOBBERED "rax", "rcx", "rdx", "rsi", "rdi", "r11", "memory"

static const char word[] = "ready\n";
static char answer;

CASE(sse_registers) {
    static __attribute__((aligned(64))) uint8_t in[16 * 16], out[16 * 16];
    for (int i = 0; i < 256; i++) {
        in[i] = i * 7 + 3;
    }
    __asm__ volatile(
            "lea %[in_], %%rbx\n\t"
            "movdqa 0x00(%%rbx), %%xmm0\n\tmovdqa 0x10(%%rbx), %%xmm1\n\t"
            "movdqa 0x20(%%rbx), %%xmm2\n\tmovdqa 0x30(%%rbx), %%xmm3\n\t"
            "movdqa 0x40(%%rbx), %%xmm4\n\tmovdqa 0x50(%%rbx), %%xmm5\n\t"
            "movdqa 0x60(%%rbx), %%xmm6\n\tmovdqa 0x70(%%rbx), %%xmm7\n\t"
            "movdqa 0x80(%%rbx), %%xmm8\n\tmovdqa 0x90(%%rbx), %%xmm9\n\t"
            "movdqa 0xa0(%%rbx), %%xmm10\n\tmovdqa 0xb0(%%rbx), %%xmm11\n\t"
            "movdqa 0xc0(%%rbx), %%xmm12\n\tmovdqa 0xd0(%%rbx), %%xmm13\n\t"
            "movdqa 0xe0(%%rbx), %%xmm14\n\tmovdqa 0xf0(%%rbx), %%xmm15\n\t"
            CHECKPOINT_HERE
            "lea %[out_], %%rbx\n\t"
            "movdqa %%xmm0, 0x00(%%rbx)\n\tmovdqa %%xmm1, 0x10(%%rbx)\n\t"
            "movdqa %%xmm2, 0x20(%%rbx)\n\tmovdqa %%xmm3, 0x30(%%rbx)\n\t"
            "movdqa %%xmm4, 0x40(%%rbx)\n\tmovdqa %%xmm5, 0x50(%%rbx)\n\t"
            "movdqa %%xmm6, 0x60(%%rbx)\n\tmovdqa %%xmm7, 0x70(%%rbx)\n\t"
            "movdqa %%xmm8, 0x80(%%rbx)\n\tmovdqa %%xmm9, 0x90(%%rbx)\n\t"
            "movdqa %%xmm10, 0xa0(%%rbx)\n\tmovdqa %%xmm11, 0xb0(%%rbx)\n\t"
            "movdqa %%xmm12, 0xc0(%%rbx)\n\tmovdqa %%xmm13, 0xd0(%%rbx)\n\t"
            "movdqa %%xmm14, 0xe0(%%rbx)\n\tmovdqa %%xmm15, 0xf0(%%rbx)\n\t"
            : [out_] "=m"(out), [answer] "=m"(answer)
            : [in_] "m"(in), [word] "m"(word)
            : CLOBBERED, "rbx", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
              "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
    TRUE(memcmp(in, out, sizeof in) == 0);
}

__attribute__((target("avx"))) static void avx(void) {
    static __attribute__((aligned(64))) uint8_t in[64], out[64];
    for (int i = 0; i < 64; i++) {
        in[i] = i * 5 + 1;
    }
    __asm__ volatile(
            "vmovdqa %[in_], %%ymm3\n\tvmovdqa 32+%[in_], %%ymm15\n\t"
            CHECKPOINT_HERE
            "vmovdqa %%ymm3, %[out_]\n\tvmovdqa %%ymm15, 32+%[out_]\n\tvzeroupper\n\t"
            : [out_] "=m"(out), [answer] "=m"(answer)
            : [in_] "m"(in), [word] "m"(word)
            : CLOBBERED, "xmm3", "xmm15");
    TRUE(memcmp(in, out, sizeof in) == 0);
}

CASE(avx_registers) {
    if (__builtin_cpu_supports("avx")) {
        avx();
    }
}

__attribute__((target("avx512f,avx512bw"))) static void avx512(void) {
    static __attribute__((aligned(64))) uint8_t in[192], out[192];
    static uint64_t mask;
    for (int i = 0; i < 192; i++) {
        in[i] = i * 11 + 1;
    }
    __asm__ volatile(
            "vmovdqa64 %[in_], %%zmm1\n\tvmovdqa64 64+%[in_], %%zmm17\n\t"
            "vmovdqa64 128+%[in_], %%zmm31\n\t"
            "mov $0x123456789abcdef0, %%rbx\n\tkmovq %%rbx, %%k5\n\t"
            CHECKPOINT_HERE
            "vmovdqa64 %%zmm1, %[out_]\n\tvmovdqa64 %%zmm17, 64+%[out_]\n\t"
            "vmovdqa64 %%zmm31, 128+%[out_]\n\tkmovq %%k5, %[mask]\n\tvzeroupper\n\t"
            : [out_] "=m"(out), [answer] "=m"(answer), [mask] "=m"(mask)
            : [in_] "m"(in), [word] "m"(word)
            : CLOBBERED, "rbx", "xmm1", "xmm17", "xmm31", "k5");
    TRUE(memcmp(in, out, sizeof in) == 0);
    EQUAL(mask, 0x123456789abcdef0);
}

CASE(avx512_registers) {
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
        avx512();
    }
}

CASE(x87_stack_and_control_word) {
    static uint16_t control, kept = 0x0c7f;
    static long double out[3];
    __asm__ volatile(
            "fldcw %[kept]\n\tfldpi\n\tfldl2e\n\tfld1\n\t"
            CHECKPOINT_HERE
            "fstpt %[o0]\n\tfstpt %[o1]\n\tfstpt %[o2]\n\tfnstcw %[control]\n\tfninit\n\t"
            : [o0] "=m"(out[0]), [o1] "=m"(out[1]), [o2] "=m"(out[2]), [control] "=m"(control),
              [answer] "=m"(answer)
            : [word] "m"(word), [kept] "m"(kept)
            : CLOBBERED, "st", "st(1)", "st(2)");
    TRUE(out[0] == 1.0L);
    TRUE(out[1] > 1.4426L && out[1] < 1.4427L);
    TRUE(out[2] > 3.14159L && out[2] < 3.1416L);
    EQUAL(control, kept);
}

CASE(mmx_registers) {
    static uint64_t in = 0x0123456789abcdef, out;
    __asm__ volatile(
            "movq %[in_], %%mm4\n\t"
            CHECKPOINT_HERE
            "movq %%mm4, %[out_]\n\temms\n\t"
            : [out_] "=m"(out), [answer] "=m"(answer)
            : [in_] "m"(in), [word] "m"(word)
            : CLOBBERED, "mm4");
    EQUAL(out, in);
}

CASE(rounding_and_flags_of_mxcsr) {
    unsigned before = _mm_getcsr();
    _mm_setcsr((before & ~0x6000u) | 0x4000 | 0x8000 | 0x20);
    unsigned set = _mm_getcsr();
    fesetround(FE_UPWARD);
    CHECKPOINT();
    EQUAL(_mm_getcsr() & ~0x3f, (set | 0x4000) & ~0x3f);
    EQUAL(_mm_getcsr() & 0x20, 0x20);
    EQUAL(fegetround(), FE_UPWARD);
    volatile double one = 1, three = 3;
    volatile double up = one / three;
    _mm_setcsr(before);
    fesetround(FE_TONEAREST);
    volatile double nearest = one / three;
    TRUE(up > nearest);
}

enum { LANES = 8, ROUNDS = 40000000 };
static volatile int started;

__attribute__((target("avx2"))) static uint64_t sum_in_vectors(void) {
    __m256i low = _mm256_setzero_si256(), high = _mm256_setzero_si256();
    __m256i step = _mm256_setr_epi64x(1, 2, 3, 4), count = step;
    for (long i = 0; i < ROUNDS; i++) {
        low = _mm256_add_epi64(low, count);
        high = _mm256_xor_si256(high, low);
        count = _mm256_add_epi64(count, step);
        if (i == 1000) {
            started = 1;
        }
    }
    uint64_t out[LANES];
    _mm256_storeu_si256((__m256i *)out, low);
    _mm256_storeu_si256((__m256i *)(out + 4), high);
    uint64_t all = 0;
    for (int i = 0; i < LANES; i++) {
        all = all * 31 + out[i];
    }
    return all;
}

static uint64_t sum_in_scalars(void) {
    uint64_t low[4] = {0}, high[4] = {0}, all = 0;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        for (int lane = 0; lane < 4; lane++) {
            low[lane] += (i + 1) * (lane + 1);
            high[lane] ^= low[lane];
        }
    }
    for (int i = 0; i < LANES; i++) {
        all = all * 31 + (i < 4 ? low[i] : high[i - 4]);
    }
    return all;
}

static void *sum_in_a_thread(void *result) {
    *(uint64_t *)result = sum_in_vectors();
    return NULL;
}

// Ends when it ends: checkpointed wherever it is.
CASE(loop_with_avx_state) {
    if (!__builtin_cpu_supports("avx2")) {
        return;
    }
    uint64_t found[2] = {0};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, sum_in_a_thread, &found[i]);
    }
    while (!started) {
        sched_yield();
    }
    CHECKPOINT();
    uint64_t expected = sum_in_scalars();
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        TRUE(found[i] == expected);
    }
}

static void use_vectors_and_wait(int signal) {
    (void)signal;
    static __attribute__((aligned(32))) uint8_t other[32] = {9, 9, 9};
    if (__builtin_cpu_supports("avx")) {
        __asm__ volatile("vmovdqa %0, %%ymm7" ::"m"(other) : "xmm7");
    }
    CHECKPOINT();
}

__attribute__((target("avx"))) static void interrupted(void) {
    static __attribute__((aligned(32))) uint8_t in[32], out[32];
    for (int i = 0; i < 32; i++) {
        in[i] = i + 100;
    }
    // tgkill of itself, between a load and a store of the register: the handler has its own.
    __asm__ volatile(
            "vmovdqa %[in_], %%ymm7\n\t"
            "mov $39, %%eax\n\tsyscall\n\t"
            "mov %%eax, %%edi\n\tmov $10, %%esi\n\tmov $62, %%eax\n\tsyscall\n\t"
            "vmovdqa %%ymm7, %[out_]\n\tvzeroupper\n\t"
            : [out_] "=m"(out)
            : [in_] "m"(in)
            : CLOBBERED, "xmm7");
    TRUE(memcmp(in, out, sizeof in) == 0);
}

CASE(state_that_a_signal_handler_put_aside) {
    signal(SIGUSR1, use_vectors_and_wait);
    if (__builtin_cpu_supports("avx")) {
        interrupted();
    }
}

static void *keep_vectors(void *number) {
    double kept[8];
    for (int i = 0; i < 8; i++) {
        kept[i] = sin((intptr_t)number + i);
    }
    double sum = 0;
    for (int round = 0; round < 3000000; round++) {
        sum += kept[round % 8] * 1e-3;
    }
    *(double *)number = sum;
    return NULL;
}

CASE(floating_point_in_many_threads) {
    double numbers[4] = {1, 2, 3, 4};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, keep_vectors, &numbers[i]);
    }
    CHECKPOINT();
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        double found = numbers[i];
        keep_vectors(&numbers[i]);
        TRUE(found == numbers[i]);
    }
}

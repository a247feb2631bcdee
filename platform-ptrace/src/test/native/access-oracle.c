/*
 * Asks the processor what InstructionDecoder claims to know.
 *
 * Executes every instruction of the maps that SSE, VEX and EVEX have, as far as it has an operand in
 * memory, twice: on a page without access, where the error code of the page fault says whether the
 * instruction reads or writes; and on a writable page with breakpoints behind it, which tell its
 * length. Prints a line for each instruction that touched the page:
 *
 *     BYTES ACCESS LENGTH
 *
 * BYTES without the immediate operand, ACCESS r or w, LENGTH zero if the instruction did not
 * complete. Instructions that this processor lacks are missing, so the output differs between
 * processors; what two of them print about the same bytes does not.
 *
 *     gcc -O1 -fno-stack-protector -o access-oracle access-oracle.c
 *     ./access-oracle | gzip -9n > ../resources/dev/plinth/platform/ptrace/x86/access-oracle.gz
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { MAX_BYTES = 12, PAGE = 4096, REGION = 16 * PAGE };

struct item {
    unsigned char bytes[MAX_BYTES];
    unsigned char count;
    unsigned char access; /* r, w, or 0 for none */
    unsigned char length;
    int form; /* variants of one form differ in operands only: one that works is enough */
};

static struct item *items;
static int count, current, form;
static int measuring_length;
static unsigned char *code, *target, *stack;
static int start; /* offset in code of the instruction, behind the preparation */

/* Brings back whatever an instruction may have changed: x87, MXCSR, xmm1 = 0, ymm3 = k1 = ones. */
static const unsigned char preparation[] = {
    0xdb, 0xe3,                         /* fninit */
    0x0f, 0xae, 0x55, 0x00,             /* ldmxcsr [rbp] */
    0xc5, 0xf1, 0xef, 0xc9,             /* vpxor xmm1, xmm1, xmm1 */
    0xc5, 0xe5, 0x76, 0xdb,             /* vpcmpeqd ymm3, ymm3, ymm3 */
    0xc4, 0xe1, 0xf4, 0x46, 0xc9,       /* kxnorq k1, k1, k1 */
};
static unsigned mxcsr = 0x1f80;

static void place(ucontext_t *context) {
    struct item *item = &items[current];
    memset(code + start, 0xcc, 64);
    memcpy(code + start, item->bytes, item->count);
    /* What is behind the bytes is the immediate operand, where there is one, then breakpoints. */
    memset(target, 1, PAGE);
    greg_t *r = context->uc_mcontext.gregs;
    memset(r, 0, 16 * sizeof *r);
    r[REG_RBX] = (greg_t)target;
    r[REG_RBP] = (greg_t)&mxcsr;
    r[REG_RSP] = (greg_t)(stack + REGION / 2);
    r[REG_RSI] = r[REG_RDI] = (greg_t)(stack + REGION / 4);
    r[REG_RAX] = 7; /* components, for xsave */
    r[REG_RIP] = (greg_t)code;
    r[REG_EFL] = 0x202;
}

static void on_signal(int signal, siginfo_t *info, void *argument) {
    ucontext_t *context = argument;
    greg_t *r = context->uc_mcontext.gregs;
    if (current >= 0) {
        struct item *item = &items[current];
        unsigned char *address = info->si_addr;
        if (!measuring_length) {
            int hit = signal == SIGSEGV && info->si_code > 0 && info->si_code < 0x80
                      && address >= target && address < target + REGION;
            item->access = hit ? (r[REG_ERR] & 2 ? 'w' : 'r') : 0;
        } else if (signal == SIGTRAP) {
            long length = (unsigned char *)r[REG_RIP] - 1 - (code + start);
            item->length = length > 0 && length < 16 ? length : 0;
        }
    }
    do {
        current++;
    } while (current < count && measuring_length && items[current].access == 0);
    if (current < count) {
        if (!measuring_length) {
            mprotect(target, REGION, PROT_READ | PROT_WRITE);
        }
        place(context);
        if (!measuring_length) {
            mprotect(target, REGION, PROT_NONE);
        }
        return;
    }
    if (!measuring_length) {
        measuring_length = 1;
        mprotect(target, REGION, PROT_READ | PROT_WRITE);
        current = -1;
        on_signal(0, info, argument);
        return;
    }
    int printed = 0;
    for (int i = 0; i < count; i++) {
        if (items[i].access && items[i].form != printed) {
            printed = items[i].form;
            char line[64];
            int n = 0;
            for (int k = 0; k < items[i].count; k++) {
                n += sprintf(line + n, "%02x", items[i].bytes[k]);
            }
            n += sprintf(line + n, " %c %d\n", items[i].access, items[i].length);
            fwrite(line, 1, n, stdout);
        }
    }
    fflush(stdout);
    _exit(0);
}

static void add(const unsigned char *bytes, int n) {
    items = count % 65536 ? items : realloc(items, (count + 65536) * sizeof *items);
    memset(&items[count], 0, sizeof *items);
    memcpy(items[count].bytes, bytes, n);
    items[count].form = form;
    items[count++].count = n;
}

/* modrm for [rbx + rcx], where rcx is zero; with a vector index: [rbx + xmm1]. */
static int operand(unsigned char *bytes, int field) {
    bytes[0] = field << 3 | 4;
    bytes[1] = 0x0b;
    return 2;
}

static void legacy(void) {
    static const unsigned char prefixes[] = {0, 0x66, 0xf3, 0xf2};
    for (int map = 0; map < 4; map++) {
        for (int p = 0; p < 4; p++) {
            for (int wide = 0; wide < 2; wide++) {
                for (int opcode = 0; opcode < 256; opcode++) {
                    if (map == 0 && (opcode == 0x0f || (opcode & 0xf0) == 0x40 || opcode == 0x26
                                || opcode == 0x2e || opcode == 0x36 || opcode == 0x3e || opcode == 0x62
                                || (opcode >= 0x64 && opcode <= 0x67) || opcode == 0xc4 || opcode == 0xc5
                                || opcode == 0xf0 || opcode == 0xf2 || opcode == 0xf3
                                || (opcode & 0xf0) == 0x70 || (opcode >= 0xe0 && opcode <= 0xef)
                                || opcode == 0xcd || opcode == 0xd7)) {
                        continue;
                    }
                    /* syscall, sysenter; pop fs and gs; jumps; the other maps */
                    if (map == 1 && (opcode == 0x05 || opcode == 0x34 || opcode == 0xa1 || opcode == 0xa9
                                || (opcode & 0xf0) == 0x80
                                || opcode == 0x38 || opcode == 0x3a)) {
                        continue;
                    }
                    for (int field = 0; field < 8; field++) {
                        /* The fields tell apart members of groups, which map 38 and 3a have not. */
                        if (map > 1 && field != 2) {
                            continue;
                        }
                        unsigned char b[MAX_BYTES];
                        int n = 0;
                        if (prefixes[p]) b[n++] = prefixes[p];
                        if (wide) b[n++] = 0x48;
                        if (map > 0) b[n++] = 0x0f;
                        if (map == 2) b[n++] = 0x38;
                        if (map == 3) b[n++] = 0x3a;
                        b[n++] = opcode;
                        n += operand(b + n, field);
                        form++;
                        add(b, n);
                    }
                }
            }
        }
    }
}

static void vex(void) {
    for (int map = 1; map <= 3; map++)
        for (int pp = 0; pp < 4; pp++)
            for (int wide = 0; wide < 2; wide++)
                for (int longer = 0; longer < 2; longer++)
                    for (int opcode = 0; opcode < 256; opcode++)
                        for (int field = 0; field < 8; field++) {
                            int group = (map == 1 && opcode == 0xae) || (map == 2 && opcode == 0xf3);
                            if (field != 2 && !group) continue;
                            form++;
                            for (int other = 0; other < 2; other++) {
                                int vvvv = other ? 15 ^ 3 : 15;
                                unsigned char b[MAX_BYTES] = {0xc4, 0xe0 | map,
                                        wide << 7 | vvvv << 3 | longer << 2 | pp, opcode};
                                add(b, 4 + operand(b + 4, field));
                            }
                        }
}

static void evex(void) {
    static const int maps[] = {1, 2, 3, 5, 6};
    for (int m = 0; m < 5; m++)
        for (int pp = 0; pp < 4; pp++)
            for (int wide = 0; wide < 2; wide++)
                for (int length = 0; length < 3; length++)
                    for (int opcode = 0; opcode < 256; opcode++) {
                        form++;
                        for (int other = 0; other < 2; other++)
                            for (int mask = 0; mask < 2; mask++) {
                                int vvvv = other ? 15 ^ 3 : 15;
                                unsigned char b[MAX_BYTES] = {0x62, 0xf0 | maps[m],
                                        wide << 7 | vvvv << 3 | 4 | pp, length << 5 | 8 | mask, opcode};
                                add(b, 5 + operand(b + 5, 2));
                            }
                    }
}

int main(void) {
    code = mmap(0, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    target = mmap(0, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack = mmap(0, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    start = sizeof preparation;
    memcpy(code, preparation, start);
    legacy();
    vex();
    evex();
    stack_t alternate = {.ss_sp = malloc(1 << 20), .ss_size = 1 << 20};
    sigaltstack(&alternate, 0);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigfillset(&action.sa_mask);
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGUSR1};
    for (int i = 0; i < 6; i++) sigaction(signals[i], &action, 0);
    current = -1;
    raise(SIGUSR1);
    return 1;
}

// Says which tests of the contract the processor that this runs on cannot pass, whatever platform:
// an emulated one leaves some exceptions out. Prints a line for each: lacks, the test, and why.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf back;
static volatile int signal_number;
static volatile long error_code;

static void handle(int number, siginfo_t *info, void *context) {
    (void)info;
    signal_number = number;
    error_code = ((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR];
    siglongjmp(back, 1);
}

// The signal that an instruction raises; zero if none.
#define RAISED(...)                          \
    (signal_number = 0,                      \
     sigsetjmp(back, 1) == 0 ? (void)({ __VA_ARGS__; }) : (void)0, signal_number)

static void misaligned_access(void) {
    static char bytes[16];
    asm volatile("pushfq; orq $0x40000, (%%rsp); popfq; movl 1(%0), %%eax; pushfq; andq $~0x40000, (%%rsp); popfq"
                 :
                 : "r"(bytes)
                 : "eax", "memory", "cc");
}

static void non_canonical_stack(void) {
    asm volatile("mov %%rsp, %%rbx; mov %0, %%rsp; push %%rax; mov %%rbx, %%rsp"
                 :
                 : "r"(0x800000000000UL)
                 : "rbx", "memory");
}

static void unmasked_sse(void) {
    unsigned unmasked = 0x1f80 & ~0x200u, masked = 0x1f80;
    asm volatile("ldmxcsr %0; xorps %%xmm0, %%xmm0; movl $0x3f800000, %%eax; movd %%eax, %%xmm1; divss %%xmm0, %%xmm1; "
                 "ldmxcsr %1"
                 :
                 : "m"(unmasked), "m"(masked)
                 : "eax", "xmm0", "xmm1");
}

int main(void) {
    stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGFPE, &action, NULL);

    if (RAISED(misaligned_access()) != SIGBUS)
        puts("lacks misalignedAccessUnderTheAlignmentFlagIsABusError(): no alignment check");
    if (RAISED(non_canonical_stack()) != SIGBUS)
        puts("lacks nonCanonicalStackPointerIsABusError(): no stack exception");
    if (RAISED(unmasked_sse()) != SIGFPE)
        puts("lacks unmaskedSseExceptionIsRaisedAtItsInstruction(): no SSE exception");

    // An instruction that reads and writes is a write, says the manual.
    volatile int *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int raised = RAISED(asm volatile("incl (%0)" : : "r"(page) : "memory"));
    if (raised == SIGSEGV && (error_code & 2) == 0) {
        puts("lacks unmappedMemoryCannotBeTouched(): read-modify-write faults as a read");
        puts("lacks memoryWithoutAccessCannotBeTouched(): read-modify-write faults as a read");
        puts("lacks accessOverTheEndOfAMappingFaultsAtTheFirstByteBehind(): read-modify-write faults as a read");
    }
    return 0;
}

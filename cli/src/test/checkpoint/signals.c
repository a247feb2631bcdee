// Signals: pending, queued, blocked, handled, in a handler.
#include "checkpoint.h"

#include <ucontext.h>

static volatile int handled, depth;
static volatile siginfo_t last;

static void note(int signal) { handled = signal; }

static void block(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void unblock(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int take(int signal, siginfo_t *info) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    struct timespec none = {0, 0};
    return sigtimedwait(&set, info, &none);
}

CASE(pending_signals_of_a_process) {
    signal(SIGUSR1, note);
    block(SIGUSR1);
    kill(getpid(), SIGUSR1);
    CHECKPOINT();
    sigset_t pending;
    sigpending(&pending);
    EQUAL(sigismember(&pending, SIGUSR1), 1);
    EQUAL(sigismember(&pending, SIGUSR2), 0);
    EQUAL(handled, 0);
    unblock(SIGUSR1);
    EQUAL(handled, SIGUSR1);
}

CASE(queued_real_time_signals_with_values) {
    block(SIGRTMIN + 1);
    block(SIGRTMIN + 2);
    for (int i = 0; i < 20; i++) {
        EQUAL(sigqueue(getpid(), SIGRTMIN + 1 + i % 2, (union sigval){.sival_int = i}), 0);
    }
    CHECKPOINT();
    siginfo_t info;
    for (int i = 0; i < 20; i++) {
        int signal = SIGRTMIN + 1 + i / 10;
        EQUAL(take(signal, &info), signal);
        EQUAL(info.si_value.sival_int, i % 10 * 2 + i / 10);
        EQUAL(info.si_code, SI_QUEUE);
        EQUAL(info.si_pid, getpid());
    }
    FAILS(take(SIGRTMIN + 1, &info), EAGAIN);
}

CASE(pending_signal_of_a_child_that_ended) {
    block(SIGCHLD);
    pid_t child = CHILD({ _exit(9); });
    await_state(child, child, 'Z');
    CHECKPOINT_UNSTOPPED();
    siginfo_t info;
    EQUAL(take(SIGCHLD, &info), SIGCHLD);
    EQUAL(info.si_pid, child);
    EQUAL(info.si_code, CLD_EXITED);
    EQUAL(info.si_status, 9);
    int status;
    EQUAL(waitpid(child, &status, 0), child);
}

static void note_all(int signal, siginfo_t *info, void *context) {
    (void)context;
    handled = signal;
    last = *info;
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    depth = sigismember(&mask, SIGUSR2) * 10 + sigismember(&mask, signal);
}

CASE(handlers_with_all_their_flags) {
    struct sigaction action = {.sa_sigaction = note_all, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaddset(&action.sa_mask, SIGUSR2);
    sigaction(SIGUSR1, &action, NULL);
    signal(SIGHUP, SIG_IGN);
    struct sigaction once = {.sa_handler = note, .sa_flags = SA_RESETHAND};
    sigaction(SIGTERM, &once, NULL);
    CHECKPOINT();
    struct sigaction found;
    sigaction(SIGUSR1, NULL, &found);
    TRUE(found.sa_sigaction == note_all);
    EQUAL(found.sa_flags & (SA_SIGINFO | SA_NODEFER | SA_RESTART), SA_SIGINFO | SA_NODEFER);
    EQUAL(sigismember(&found.sa_mask, SIGUSR2), 1);
    sigaction(SIGHUP, NULL, &found);
    TRUE(found.sa_handler == SIG_IGN);
    kill(getpid(), SIGHUP);
    sigqueue(getpid(), SIGUSR1, (union sigval){.sival_int = 5});
    EQUAL(handled, SIGUSR1);
    EQUAL(depth, 10);
    EQUAL(last.si_value.sival_int, 5);
    raise(SIGTERM);
    EQUAL(handled, SIGTERM);
    sigaction(SIGTERM, NULL, &found);
    TRUE(found.sa_handler == SIG_DFL);
}

static void checkpoint_inside(int signal) {
    handled = signal;
    depth++;
    CHECKPOINT();
    depth--;
}

CASE(in_a_handler) {
    block(SIGUSR2);
    signal(SIGUSR1, checkpoint_inside);
    int kept = 12345;
    raise(SIGUSR1);
    EQUAL(kept, 12345);
    EQUAL(depth, 0);
    EQUAL(handled, SIGUSR1);
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    EQUAL(sigismember(&mask, SIGUSR1), 0);
    EQUAL(sigismember(&mask, SIGUSR2), 1);
}

static char *stack_low;
enum { STACK_SIZE = 65536 };

static void checkpoint_on_stack(int signal) {
    int local;
    TRUE((char *)&local >= stack_low && (char *)&local < stack_low + STACK_SIZE);
    checkpoint_inside(signal);
    stack_t found;
    EQUAL(sigaltstack(NULL, &found), 0);
    TRUE(found.ss_flags & SS_ONSTACK);
    TRUE(found.ss_sp == stack_low);
    EQUAL(found.ss_size, STACK_SIZE);
    stack_t other = {.ss_sp = stack_low, .ss_size = STACK_SIZE};
    FAILS(sigaltstack(&other, NULL), EPERM);
}

CASE(in_a_handler_on_an_alternate_stack) {
    stack_low = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t stack = {.ss_sp = stack_low, .ss_size = STACK_SIZE};
    MUST(sigaltstack(&stack, NULL));
    struct sigaction action = {.sa_handler = checkpoint_on_stack, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &action, NULL);
    raise(SIGUSR1);
    EQUAL(handled, SIGUSR1);
    EQUAL(sigaltstack(NULL, &stack), 0);
    EQUAL(stack.ss_flags, 0);
}

static void nested_inner(int signal) {
    checkpoint_inside(signal);
}

static void nested_outer(int signal) {
    (void)signal;
    depth++;
    raise(SIGUSR2);
    depth--;
}

CASE(in_a_handler_within_a_handler) {
    signal(SIGUSR1, nested_outer);
    signal(SIGUSR2, nested_inner);
    raise(SIGUSR1);
    EQUAL(depth, 0);
    EQUAL(handled, SIGUSR2);
}

static void *fault_page;

static void repair(int signal, siginfo_t *info, void *context) {
    (void)context;
    handled = signal;
    TRUE(info->si_addr == fault_page);
    CHECKPOINT();
    mprotect(fault_page, 4096, PROT_READ | PROT_WRITE);
}

// The instruction that faulted is executed again after the restore.
CASE(in_the_handler_of_a_fault) {
    fault_page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction action = {.sa_sigaction = repair, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &action, NULL);
    *(volatile int *)fault_page = 9;
    EQUAL(handled, SIGSEGV);
    EQUAL(*(volatile int *)fault_page, 9);
}

CASE(fault_afterwards) {
    fault_page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECKPOINT();
    pid_t child = CHILD({ *(volatile int *)fault_page = 1; });
    int status;
    EQUAL(waitpid(child, &status, 0), child);
    TRUE(WIFSIGNALED(status));
    EQUAL(WTERMSIG(status), SIGSEGV);
}

static int go[2];

CASE(read_restarts_after_a_handler_with_restart) {
    MUST(pipe(go));
    pid_t reader = BLOCKED({
        struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
        sigaction(SIGUSR1, &action, NULL);
        char byte;
        EQUAL(read(go[0], &byte, 1), 1);
        EQUAL(handled, SIGUSR1);
    });
    CHECKPOINT();
    kill(reader, SIGUSR1);
    await_asleep(reader);
    EQUAL(write(go[1], "x", 1), 1);
    ENDED(reader);
}

CASE(read_is_interrupted_by_a_handler_without_restart) {
    MUST(pipe(go));
    pid_t reader = BLOCKED({
        struct sigaction action = {.sa_handler = note};
        sigaction(SIGUSR1, &action, NULL);
        char byte;
        FAILS(read(go[0], &byte, 1), EINTR);
        EQUAL(handled, SIGUSR1);
    });
    CHECKPOINT();
    kill(reader, SIGUSR1);
    ENDED(reader);
}

CASE(a_handler_that_a_blocked_call_is_in) {
    MUST(pipe(go));
    pid_t reader = BLOCKED({
        void wait_in_handler(int signal) {
            handled = signal;
            char byte;
            EQUAL(read(go[0], &byte, 1), 1);
        }
        signal(SIGUSR1, wait_in_handler);
        raise(SIGUSR1);
        handled++;
        EQUAL(handled, SIGUSR1 + 1);
    });
    CHECKPOINT();
    EQUAL(write(go[1], "x", 1), 1);
    ENDED(reader);
}

// All general registers, across a call.
CASE(general_registers) {
    static char answer;
    static const char word[] = "ready\n";
    // Not on the stack, of which the code below pushes and pops.
    static long found[12];
    __asm__ volatile(
            "mov $1, %%eax\n\t"
            "mov %[out], %%edi\n\t"
            "lea %[word], %%rsi\n\t"
            "mov $6, %%edx\n\t"
            "syscall\n\t"
            "mov $0x1111111111111111, %%rbx\n\t"
            "mov $0x8888888888888888, %%r8\n\t"
            "mov $0x9999999999999999, %%r9\n\t"
            "mov $0xaaaaaaaaaaaaaaaa, %%r10\n\t"
            "mov $0xcccccccccccccccc, %%r12\n\t"
            "mov $0xdddddddddddddddd, %%r13\n\t"
            "mov $0xeeeeeeeeeeeeeeee, %%r14\n\t"
            "mov $0xffffffffffffffff, %%r15\n\t"
            "mov $0, %%eax\n\t"
            "mov %[in], %%edi\n\t"
            "lea %[answer], %%rsi\n\t"
            "mov $1, %%edx\n\t"
            "std\n\t"
            "syscall\n\t"
            "pushfq\n\t"
            "cld\n\t"
            "mov %%rax, %[f0]\n\t"
            "pop %%rax\n\t"
            "mov %%rax, %[f1]\n\t"
            "mov %%rbx, %[f2]\n\t"
            "mov %%r8, %[f3]\n\t"
            "mov %%r9, %[f4]\n\t"
            "mov %%r10, %[f5]\n\t"
            "mov %%r12, %[f6]\n\t"
            "mov %%r13, %[f7]\n\t"
            "mov %%r14, %[f8]\n\t"
            "mov %%r15, %[f9]\n\t"
            "mov %%rdx, %[f10]\n\t"
            "mov %%rdi, %[f11]\n\t"
            : [f0] "=m"(found[0]), [f1] "=m"(found[1]), [f2] "=m"(found[2]), [f3] "=m"(found[3]),
              [f4] "=m"(found[4]), [f5] "=m"(found[5]), [f6] "=m"(found[6]), [f7] "=m"(found[7]),
              [f8] "=m"(found[8]), [f9] "=m"(found[9]), [f10] "=m"(found[10]),
              [f11] "=m"(found[11]), [answer] "=m"(answer)
            : [out] "i"(GATE_OUT), [in] "i"(GATE_IN), [word] "m"(word)
            : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
              "r14", "r15", "memory", "cc");
    EQUAL(found[0], 1);
    EQUAL(found[1] & 0x400, 0x400);
    EQUAL(found[2], 0x1111111111111111);
    EQUAL(found[3], 0x8888888888888888);
    EQUAL(found[4], 0x9999999999999999);
    EQUAL(found[5], 0xaaaaaaaaaaaaaaaa);
    EQUAL(found[6], 0xcccccccccccccccc);
    EQUAL(found[7], 0xdddddddddddddddd);
    EQUAL(found[8], 0xeeeeeeeeeeeeeeee);
    EQUAL(found[9], 0xffffffffffffffff);
    EQUAL(found[10], 1);
    EQUAL(found[11], GATE_IN);
}

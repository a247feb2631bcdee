// Handlers: what they are told, in which order they run, on which stack, and what they come back to.
#include "oracle.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

static void note(int signal) { printf("handler of %d\n", signal); }

static void tell(int signal, siginfo_t *info, void *context) {
    (void)context;
    printf("%d: signo %d, code %d, errno %d, mine %d, uid %d, value %d\n", signal, info->si_signo,
           info->si_code, info->si_errno, info->si_pid == getpid(), info->si_uid == getuid(),
           info->si_code == SI_QUEUE ? info->si_int : -1);
}

static void handle(int signal, void (*handler)(int), int flags) {
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    MUST(sigaction(signal, &action, NULL));
}

static void handle_info(int signal, void (*handler)(int, siginfo_t *, void *), int flags) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = flags | SA_SIGINFO};
    MUST(sigaction(signal, &action, NULL));
}

static void block_all(void) {
    sigset_t all;
    sigfillset(&all);
    MUST(sigprocmask(SIG_SETMASK, &all, NULL));
}

static void unblock_all(void) {
    sigset_t none;
    sigemptyset(&none);
    MUST(sigprocmask(SIG_SETMASK, &none, NULL));
}

static void show_pending(void) {
    sigset_t set;
    MUST(sigpending(&set));
    printf("pending:");
    for (int signal = 1; signal <= 64; signal++) {
        if (sigismember(&set, signal) == 1) {
            printf(" %d", signal);
        }
    }
    printf("\n");
}

static void show_status(int status) {
    if (WIFEXITED(status)) {
        printf("exited %d\n", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        printf("killed by %d\n", WTERMSIG(status));
    } else if (WIFSTOPPED(status)) {
        printf("stopped by %d\n", WSTOPSIG(status));
    } else {
        printf("status %#x\n", status);
    }
}

// Runs something in a child and tells how that ended.
static void in_child(void (*body)(void)) {
    pid_t child = MUST(fork());
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        body();
        _exit(0);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    show_status(status);
}

CASE(raise_tells_who) {
    handle_info(SIGUSR1, tell, 0);
    SHOW(raise(SIGUSR1));
    SHOW(kill(getpid(), SIGUSR1));
    union sigval value = {.sival_int = 42};
    SHOW(sigqueue(getpid(), SIGUSR1, value));
}

CASE(lower_numbers_are_delivered_on_top) {
    int signals[] = {SIGRTMIN + 3, SIGUSR2, SIGHUP, SIGRTMIN, SIGTERM, SIGCHLD};
    for (int i = 0; i < 6; i++) {
        handle(signals[i], note, 0);
    }
    block_all();
    for (int i = 0; i < 6; i++) {
        raise(signals[i]);
    }
    show_pending();
    unblock_all();
    show_pending();
}

CASE(a_handlers_mask_makes_others_wait) {
    struct sigaction action = {.sa_handler = note};
    sigfillset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    block_all();
    raise(SIGUSR2);
    raise(SIGUSR1);
    raise(SIGHUP);
    unblock_all();
}

CASE(realtime_signals_queue_in_order) {
    handle_info(SIGRTMIN, tell, 0);
    handle_info(SIGRTMIN + 1, tell, 0);
    block_all();
    for (int i = 0; i < 3; i++) {
        union sigval value = {.sival_int = i};
        sigqueue(getpid(), SIGRTMIN + 1, value);
        value.sival_int = 10 + i;
        sigqueue(getpid(), SIGRTMIN, value);
    }
    show_pending();
    struct timespec none = {0, 0};
    sigset_t set;
    sigfillset(&set);
    siginfo_t info;
    for (int i = 0; i < 6; i++) {
        int signal = sigtimedwait(&set, &info, &none);
        printf("%d code %d value %d\n", signal - SIGRTMIN, info.si_code, info.si_int);
    }
    SHOW(sigtimedwait(&set, &info, &none));
}

CASE(standard_signals_merge) {
    handle_info(SIGUSR1, tell, 0);
    block_all();
    for (int i = 0; i < 3; i++) {
        union sigval value = {.sival_int = i};
        SHOW(sigqueue(getpid(), SIGUSR1, value));
    }
    unblock_all();
}

CASE(the_queue_has_a_limit) {
    struct rlimit limit = {5, 5};
    MUST(setrlimit(RLIMIT_SIGPENDING, &limit));
    block_all();
    union sigval value = {.sival_int = 1};
    int sent = 0;
    while (sent < 100 && sigqueue(getpid(), SIGRTMIN, value) == 0) {
        sent++;
    }
    printf("few %d, %s\n", sent <= 5, strerrorname_np(errno));
    SHOW(kill(getpid(), SIGRTMIN + 1));
    SHOW(sigqueue(getpid(), SIGUSR1, value));
    SHOW(syscall(SYS_tgkill, getpid(), getpid(), SIGRTMIN + 2));
    sigset_t set;
    MUST(sigpending(&set));
    printf("pending %d %d %d\n", sigismember(&set, SIGUSR1), sigismember(&set, SIGRTMIN + 1),
           sigismember(&set, SIGRTMIN + 2));
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    siginfo_t info;
    SHOW(sigwaitinfo(&set, &info) - SIGRTMIN);
    printf("code %d, pid %d\n", info.si_code, info.si_pid);
    sigaddset(&set, SIGUSR1);
    SHOW(sigwaitinfo(&set, &info));
    printf("code %d, value %d\n", info.si_code, info.si_int);
}

CASE(blocked_and_ignored) {
    handle(SIGUSR1, SIG_IGN, 0);
    raise(SIGUSR1);
    block_all();
    raise(SIGUSR1);
    show_pending();
    handle(SIGUSR1, note, 0);
    show_pending();
    handle(SIGUSR1, SIG_IGN, 0);
    show_pending();
    raise(SIGCHLD);
    raise(SIGWINCH);
    show_pending();
    handle(SIGCHLD, SIG_DFL, 0);
    show_pending();
    unblock_all();
}

CASE(resethand_and_nodefer) {
    handle(SIGUSR1, note, SA_RESETHAND | SA_NODEFER);
    raise(SIGUSR1);
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    printf("default %d, flags %#x\n", now.sa_handler == SIG_DFL,
           (unsigned)now.sa_flags & ~0x04000000u);
}

static volatile int depth;

static void again(int signal) {
    printf("enter %d\n", depth);
    if (depth++ < 2) {
        raise(signal);
    }
    printf("leave %d\n", --depth);
}

CASE(nodefer_lets_a_handler_interrupt_itself) {
    handle(SIGUSR1, again, SA_NODEFER);
    raise(SIGUSR1);
}

CASE(unknown_flags_are_forgotten) {
    struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } action = {SIG_IGN, 0xffffffffu, 0, ~0ul}, now;
    SHOW(syscall(SYS_rt_sigaction, SIGUSR1, &action, NULL, 8));
    SHOW(syscall(SYS_rt_sigaction, SIGUSR1, NULL, &now, 8));
    printf("flags %#lx, mask %#lx\n", now.flags, now.mask);
}

CASE(sigaction_checks) {
    struct sigaction action = {.sa_handler = note};
    SHOW(syscall(SYS_rt_sigaction, 0, NULL, NULL, 8));
    SHOW(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8));
    SHOW(syscall(SYS_rt_sigaction, SIGKILL, &action, NULL, 8));
    SHOW(syscall(SYS_rt_sigaction, SIGSTOP, &action, NULL, 8));
    SHOW(syscall(SYS_rt_sigaction, SIGKILL, NULL, NULL, 8));
    SHOW(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 16));
    SHOW(syscall(SYS_rt_sigaction, SIGUSR1, (void *)8, NULL, 8));
    SHOW(syscall(SYS_rt_sigaction, SIGUSR1, NULL, (void *)8, 8));
    SHOW(syscall(SYS_rt_sigprocmask, 3, &(long){0}, NULL, 8));
    SHOW(syscall(SYS_rt_sigprocmask, 3, NULL, NULL, 8));
    SHOW(syscall(SYS_rt_sigprocmask, 0, NULL, NULL, 4));
    SHOW(syscall(SYS_rt_sigprocmask, 0, (void *)8, NULL, 8));
    SHOW(syscall(SYS_rt_sigpending, (void *)8, 8));
    SHOW(syscall(SYS_rt_sigpending, &(long){0}, 9));
    SHOW(syscall(SYS_rt_sigsuspend, &(long){0}, 4));
    SHOW(syscall(SYS_rt_sigsuspend, (void *)8, 8));
}

CASE(kill_and_stop_cannot_be_blocked) {
    sigset_t set;
    block_all();
    sigprocmask(SIG_BLOCK, NULL, &set);
    printf("%d %d %d\n", sigismember(&set, SIGKILL), sigismember(&set, SIGSTOP),
           sigismember(&set, SIGCONT));
}

static char alternate[1 << 16];

static void where(int signal, siginfo_t *info, void *context) {
    (void)info;
    char here;
    stack_t now;
    sigaltstack(NULL, &now);
    ucontext_t *user = context;
    printf("%d: on it %d, flags %x, saved flags %x, size kept %d\n", signal,
           &here >= alternate && &here < alternate + sizeof alternate, (unsigned)now.ss_flags,
           (unsigned)user->uc_stack.ss_flags, user->uc_stack.ss_size == sizeof alternate);
    stack_t other = {.ss_sp = alternate, .ss_size = sizeof alternate};
    SHOW(sigaltstack(&other, NULL));
}

CASE(the_alternate_stack) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, now;
    SHOW(sigaltstack(NULL, &now));
    printf("flags %x\n", (unsigned)now.ss_flags);
    SHOW(sigaltstack(&stack, &now));
    handle_info(SIGUSR1, where, SA_ONSTACK);
    handle_info(SIGUSR2, where, 0);
    raise(SIGUSR1);
    raise(SIGUSR2);
    sigaltstack(NULL, &now);
    printf("flags %x, size %d\n", (unsigned)now.ss_flags, now.ss_size == sizeof alternate);
    stack.ss_flags = SS_DISABLE;
    SHOW(sigaltstack(&stack, NULL));
    raise(SIGUSR1);
}

CASE(an_alternate_stack_that_disarms) {
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate, .ss_flags = 1u << 31}, now;
    SHOW(sigaltstack(&stack, NULL));
    handle_info(SIGUSR1, where, SA_ONSTACK);
    raise(SIGUSR1);
    sigaltstack(NULL, &now);
    printf("flags %x, size %d\n", (unsigned)now.ss_flags, now.ss_size == sizeof alternate);
}

CASE(alternate_stack_checks) {
    stack_t stack = {.ss_sp = alternate, .ss_size = 2047};
    SHOW(sigaltstack(&stack, NULL));
    stack.ss_size = 2048;
    SHOW(sigaltstack(&stack, NULL));
    stack.ss_flags = 4;
    SHOW(sigaltstack(&stack, NULL));
    stack.ss_flags = SS_DISABLE | SS_ONSTACK;
    SHOW(sigaltstack(&stack, NULL));
    stack.ss_flags = SS_ONSTACK;
    SHOW(sigaltstack(&stack, NULL));
    SHOW(sigaltstack((void *)8, NULL));
    SHOW(sigaltstack(NULL, (void *)8));
}

static sigjmp_buf back;

static void jump(int signal, siginfo_t *info, void *context) {
    ucontext_t *user = context;
    printf("%d: code %d, address %#lx, trap %lld, error %lld\n", signal, info->si_code,
           (unsigned long)info->si_addr, user->uc_mcontext.gregs[REG_TRAPNO],
           user->uc_mcontext.gregs[REG_ERR] & ~0x8000000000ll);
    siglongjmp(back, 1);
}

CASE(faults_tell_where) {
    int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    for (int i = 0; i < 5; i++) {
        handle_info(signals[i], jump, SA_NODEFER);
    }
    char *page = mmap((void *)0x70000000, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (sigsetjmp(back, 1) == 0) *(volatile char *)0x10 = 1;
    printf("%d\n", *(volatile char *)page);
    if (sigsetjmp(back, 1) == 0) *(volatile char *)page = 1;
    if (sigsetjmp(back, 1) == 0) ((void (*)(void))page)();
    if (sigsetjmp(back, 1) == 0) printf("%d\n", *(volatile char *)0x20);
}

static void on_segv_quit(int signal) {
    (void)signal;
    printf("handled\n");
    _exit(3);
}

static void fault_while_blocked(void) {
    handle(SIGSEGV, on_segv_quit, 0);
    block_all();
    *(volatile char *)0x10 = 1;
}

static void fault_while_ignored(void) {
    handle(SIGSEGV, SIG_IGN, 0);
    *(volatile char *)0x10 = 1;
}

static void no_room_for_the_frame(void) {
    handle(SIGUSR1, note, 0);
    handle(SIGSEGV, on_segv_quit, 0);
    __asm__ volatile("mov $16, %%rsp\n mov $39, %%eax\n syscall\n mov %%eax, %%edi\n"
                     "mov $10, %%esi\n mov $62, %%eax\n syscall\n" ::: "memory");
}

static char small[4096] __attribute__((aligned(4096)));

static void frame_overflows_the_alternate_stack(void) {
    stack_t stack = {.ss_sp = small, .ss_size = 2048};
    sigaltstack(&stack, NULL);
    handle(SIGSEGV, on_segv_quit, SA_ONSTACK);
    handle(SIGUSR1, note, SA_ONSTACK);
    raise(SIGUSR1);
}

CASE(faults_that_cannot_be_handled_kill) {
    in_child(fault_while_blocked);
    in_child(fault_while_ignored);
    in_child(no_room_for_the_frame);
    in_child(frame_overflows_the_alternate_stack);
}

static void bad_frame(void) {
    handle(SIGSEGV, on_segv_quit, 0);
    __asm__ volatile("mov $16, %%rsp\n mov $15, %%eax\n syscall\n" ::: "memory");
}

static void to_nowhere(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = 0x8000000000000000ull;
}

static void return_to_a_bad_address(void) {
    handle_info(SIGUSR1, to_nowhere, 0);
    raise(SIGUSR1);
}

static void to_kernel_segment(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    ucontext_t *user = context;
    user->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x20000 | 0x4000;
    user->uc_mcontext.fpregs = (void *)8;
}

static void return_with_a_bad_vector_state(void) {
    handle_info(SIGUSR1, to_kernel_segment, 0);
    raise(SIGUSR1);
}

static void more_flags(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] |= 0x3000 | 0x4000;
}

static void return_with_privileged_flags(void) {
    handle_info(SIGUSR1, more_flags, 0);
    raise(SIGUSR1);
    unsigned long flags;
    __asm__ volatile("pushf\n pop %0" : "=r"(flags));
    printf("iopl %lu\n", flags >> 12 & 3);
}

CASE(frames_are_not_trusted) {
    in_child(bad_frame);
    in_child(return_to_a_bad_address);
    in_child(return_with_a_bad_vector_state);
    in_child(return_with_privileged_flags);
}

static void change_registers(int signal, siginfo_t *info, void *context) {
    (void)signal;
    (void)info;
    ucontext_t *user = context;
    user->uc_mcontext.gregs[REG_RAX] = 77;
    sigaddset(&user->uc_sigmask, SIGUSR2);
    sigaddset(&user->uc_sigmask, SIGKILL);
}

CASE(a_handler_changes_what_is_gone_back_to) {
    handle_info(SIGUSR1, change_registers, 0);
    long result;
    __asm__ volatile("syscall" : "=a"(result)
                     : "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1) : "rcx", "r11", "memory");
    printf("result %ld\n", result);
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    printf("%d %d\n", sigismember(&set, SIGUSR2), sigismember(&set, SIGKILL));
}

CASE(vector_registers_survive_a_handler) {
    handle(SIGUSR1, note, 0);
    double values[4] = {1.5, 2.5, 3.5, 4.5}, after[4];
    long result;
    __asm__ volatile("movupd %3, %%xmm14\n movupd %4, %%xmm15\n syscall\n"
                     "movupd %%xmm14, %1\n movupd %%xmm15, %2\n"
                     : "=a"(result), "=m"(*(double(*)[2])after), "=m"(*(double(*)[2])(after + 2))
                     : "m"(*(double(*)[2])values), "m"(*(double(*)[2])(values + 2)), "a"(SYS_kill), "D"(getpid()), "S"(SIGUSR1)
                     : "rcx", "r11", "xmm14", "xmm15", "memory");
    printf("%ld %g %g %g %g\n", result, after[0], after[1], after[2], after[3]);
}

static void terminate(void) { raise(SIGTERM); }
static void abort_it(void) { abort(); }
static void by_realtime(void) { raise(SIGRTMIN + 5); }
static void by_kill(void) { kill(getpid(), SIGKILL); }
static void ignored_by_default(void) {
    raise(SIGCHLD);
    raise(SIGURG);
    raise(SIGWINCH);
    raise(SIGCONT);
}

CASE(default_actions) {
    in_child(terminate);
    in_child(abort_it);
    in_child(by_realtime);
    in_child(by_kill);
    in_child(ignored_by_default);
}

/*
 * Tries to get out of a sandbox; prints a line for each thing that it should not have been able to do.
 * The pages at the end of user space are where Plinth's ptrace platform has its stub.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096ul
#define USER_END 0x7ffffffff000ul
#define PAGES_AT_END 2

static sigjmp_buf back;
static volatile long rax_at_signal;

static void on_signal(int number, siginfo_t *info, void *context) {
  rax_at_signal = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX];
  siglongjmp(back, number);
}

/* Does something; gives the signal that it ended with, or 0. */
#define ATTEMPT(action)                \
  ({                                   \
    int number = sigsetjmp(back, 1);   \
    if (!number) { action; }           \
    number;                            \
  })

static int readable(unsigned long address) {
  return ATTEMPT((void)*(volatile char *)address) == 0;
}

static int near(unsigned long address, unsigned long own) {
  return address + (64 << 20) > own && address < own + (64 << 20);
}

static void scan(void) {
  static char data;
  unsigned long own[] = {(unsigned long)&own, (unsigned long)scan, (unsigned long)&data,
                         (unsigned long)malloc(10), (unsigned long)sbrk(0)};
  for (unsigned long address = 8ul << 30; address < USER_END; address += 8ul << 30)
    if (readable(address)) {
      int mine = 0;
      for (int i = 0; i < 5; i++) mine |= near(address, own[i]);
      if (!mine) printf("found memory at %lx\n", address);
    }
  unsigned long end = USER_END - PAGES_AT_END * PAGE;
  /* The sandbox's own vDSO, with the page of its parameters in front. */
  unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
  for (unsigned long address = end - 4096 * PAGE; address < end; address += PAGE)
    if (readable(address) && !near(address, own[0]) && address != vdso && address != vdso - PAGE)
      printf("found memory at %lx\n", address);
  for (unsigned long address = USER_END; address < USER_END + 16 * PAGE; address += PAGE)
    if (readable(address)) printf("found memory at %lx\n", address);
}

static void change(void) {
  int found[PAGES_AT_END] = {0};
  unsigned long end = USER_END - PAGES_AT_END * PAGE;
  for (int i = 0; i < PAGES_AT_END; i++) {
    char *page = (char *)(end + i * PAGE);
    /* Where the platform has nothing, the address is the program's own. */
    if (!readable((unsigned long)page)) continue;
    found[i] = 1;
    if (!ATTEMPT(*(volatile char *)page = 1)) printf("wrote to %p\n", page);
    if (!mprotect(page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)) printf("mprotect %p\n", page);
    if (mmap(page, PAGE, 7, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
      printf("mmap %p\n", page);
    if (mremap(page, PAGE, 2 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED) printf("mremap %p\n", page);
    void *other = mmap(0, PAGE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mremap(other, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page) != MAP_FAILED)
      printf("mremap to %p\n", page);
    madvise(page, PAGE, MADV_DONTNEED);
    munmap(page, PAGE);
  }
  mprotect((void *)(end - PAGE), 3 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  munmap((void *)(end - PAGE), 4 * PAGE);
  for (int i = 0; i < PAGES_AT_END; i++)
    if (found[i] && !ATTEMPT(*(volatile char *)(end + i * PAGE) = 1)) printf("wrote to page %d\n", i);
}

/* A call of the host would give the number of a process of the host; 20 is what it asked by. What
   clone(2) gives in the sandbox is the number of a process in it. */
static void check(const char *what, long result) {
  if (result > 0 && result != 20 && kill(result, 0)) printf("%s gave %ld\n", what, result);
}

static void jump(unsigned long target) {
  asm volatile(
      "mov $39, %%eax\n xor %%edi, %%edi\n xor %%esi, %%esi\n jmp *%0"
      :
      : "c"(target)
      : "rax", "rdi", "rsi", "rdx", "r8", "r9", "r10", "r11", "memory");
}

/* Jumps to one of the system call instructions in the pages; what follows it may end the program. */
static void stub(int which) {
  for (unsigned long page = USER_END - PAGES_AT_END * PAGE; page < USER_END; page += PAGE) {
    if (!readable(page)) continue;
    const unsigned char *bytes = (const unsigned char *)page;
    for (int i = 0; i < PAGE - 1; i++)
      if (bytes[i] == 0x0f && bytes[i + 1] == 0x05 && !which--) {
        printf("found %lx\n", page + i);
        rax_at_signal = 0;
        ATTEMPT(jump(page + i));
        check("system call of the stub", rax_at_signal);
      }
  }
}

static void vsyscall(void) {
  for (unsigned long entry = 0xffffffffff600000; entry != 0xffffffffff600c00; entry += 0x400) {
    long result = 0;
    long argument[4] = {0};
    int number = ATTEMPT(result = ((long (*)(void *, void *))entry)(argument, 0));
    printf("vsyscall %lx %s\n", entry & 0xfff, number ? "signal" : "returned");
  }
}

static void int80(void) {
  long result = 0;
  ATTEMPT(asm volatile("int $0x80" : "=a"(result) : "a"(20)));
  check("int 0x80", result);
}

static void sysenter(void) {
  rax_at_signal = 0;
  ATTEMPT(asm volatile("mov $20, %%eax\n mov %%rsp, %%rbp\n sysenter" : : : "rax", "rcx", "rdx"));
  check("sysenter", rax_at_signal);
}

/* Instructions in a 32-bit code segment, where system calls have another door. */
static void compat(const char *what, const unsigned char *code, int length) {
  char *low = mmap((void *)0x10000000, PAGE * 2, 7, 0x22 | MAP_FIXED_NOREPLACE | MAP_32BIT, -1, 0);
  if (low == MAP_FAILED) return;
  memcpy(low, code, length);
  rax_at_signal = 0;
  ATTEMPT(asm volatile(
      "mov %%rsp, %%rbx\n"
      "mov %1, %%rsp\n"
      "push $0x23\n"
      "push %0\n"
      "mov $20, %%eax\n"
      "lretq"
      :
      : "r"((long)low), "r"((long)low + PAGE * 2 - 64)
      : "rax", "rbx", "memory"));
  check(what, rax_at_signal);
  munmap(low, PAGE * 2);
}

int main(int count, char **arguments) {
  static char stack[65536];
  stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(&alternate, 0);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGSYS};
  for (int i = 0; i < 6; i++) sigaction(numbers[i], &action, 0);
  setvbuf(stdout, 0, _IONBF, 0);

  const char *what = arguments[1];
  if (!strcmp(what, "scan")) scan();
  if (!strcmp(what, "change")) change();
  if (!strcmp(what, "stub")) stub(atoi(arguments[2]));
  if (!strcmp(what, "vsyscall")) vsyscall();
  if (!strcmp(what, "int80")) int80();
  if (!strcmp(what, "sysenter")) sysenter();
  if (!strcmp(what, "compat-int80")) compat(what, "\xcd\x80\x0f\x0b", 4);
  if (!strcmp(what, "compat-sysenter")) compat(what, "\x89\xe5\x0f\x34\x0f\x0b", 6);
  if (!strcmp(what, "compat-syscall")) compat(what, "\x0f\x05\x0f\x0b", 4);
  printf("end\n");
  return 0;
}

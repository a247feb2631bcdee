// The floor for a platform that works by KVM: a virtual machine whose ring 0 only comes out again.
// usage: vm halt|syscall PROGRAM TEST COUNT
//   halt     ring 0 executes hlt: the least that a KVM_RUN takes
//   syscall  ring 3 executes syscall, and goes on behind it: what a sandbox cannot do without
// Prints what micro prints for TEST; PROGRAM is not run.
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

// Guest physical addresses; ring 0 sees them at BASE, which is the last 2 GiB, ring 3 the page CODE
// at its own address.
enum {
  GDT = 0x1000,
  IDT = 0x2000,
  STUBS = 0x3000,
  ENTRY = 0x4000,   // where syscall goes
  RETURN = 0x4100,  // iretq
  TASK = 0x5000,    // the task state, and the stacks of ring 0
  ROOT = 0x6000,
  CODE = 0x10000,
  SIZE = 0x200000,
};
#define BASE 0xffffffff80000000ull
#define STACK_END (TASK + 0xc00)
#define FRAME (TASK + 0xe00)
#define USER_CODE 0x33
#define USER_DATA 0x2b

static uint8_t *memory;
static struct kvm_run *run;
static int vcpu;

static void die(const char *what) {
  fprintf(stderr, "vm: %s: %s\n", what, strerror(errno));
  exit(1);
}

static long require(const char *what, long result) {
  if (result < 0) die(what);
  return result;
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static uint64_t *words(uint64_t at) { return (uint64_t *)(memory + at); }

static void write_tables(void) {
  words(GDT)[2] = 0x00af9b000000ffff;  // 0x10: code of ring 0
  words(GDT)[3] = 0x00cf93000000ffff;  // 0x18: its data
  words(GDT)[4] = 0x00cffb000000ffff;  // 0x23: 32-bit code of ring 3
  words(GDT)[5] = 0x00cff3000000ffff;  // 0x2b: data of ring 3
  words(GDT)[6] = 0x00affb000000ffff;  // 0x33: its code
  for (int vector = 0; vector < 256; vector++) {
    uint64_t stub = BASE + STUBS + vector * 16;
    memcpy(memory + STUBS + vector * 16, "\xf4\xeb\xfd", 3);  // hlt; jmp back
    words(IDT)[2 * vector] =
        (stub & 0xffff) | 0x10 << 16 | 1ull << 32 | 0x8eull << 40 | (stub >> 16 & 0xffff) << 48;
    words(IDT)[2 * vector + 1] = stub >> 32;
  }
  memcpy(memory + ENTRY, "\xf4\xeb\xfd", 3);
  memcpy(memory + RETURN, "\x48\xcf", 2);
  memcpy(memory + CODE, "\x0f\x05\xeb\xfc", 4);  // again: syscall; jmp again
  uint64_t stack = BASE + STACK_END;
  memcpy(memory + TASK + 4, &stack, 8);
  memcpy(memory + TASK + 0x24, &stack, 8);
  memory[TASK + 0x66] = 0x68;

  uint64_t low = ROOT + 0x1000, middle = ROOT + 0x2000, leaves = ROOT + 0x3000;
  uint64_t high = ROOT + 0x4000, large = ROOT + 0x5000;
  words(ROOT)[0] = low | 0x67;
  words(low)[0] = middle | 0x67;
  words(middle)[0] = leaves | 0x67;
  words(leaves)[CODE >> 12] = CODE | 0x65;
  words(ROOT)[511] = high | 0x63;
  words(high)[510] = large | 0x63;
  words(large)[0] = 0xe3;  // 2 MiB from zero, for ring 0
}

static struct kvm_segment segment(int selector, int type, int is_long) {
  return (struct kvm_segment){
      .limit = 0xffffffff, .selector = selector, .type = type, .present = 1, .s = 1, .l = is_long, .db = !is_long, .g = 1};
}

static void start(void) {
  int kvm = require("/dev/kvm", open("/dev/kvm", O_RDWR | O_CLOEXEC));
  int vm = require("KVM_CREATE_VM", ioctl(kvm, KVM_CREATE_VM, 0));
  ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000ul);
  memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  struct kvm_userspace_memory_region region = {.memory_size = SIZE, .userspace_addr = (uint64_t)memory};
  require("KVM_SET_USER_MEMORY_REGION", ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region));
  write_tables();

  static struct {
    struct kvm_cpuid2 head;
    struct kvm_cpuid_entry2 entries[256];
  } cpuid = {.head.nent = 256};
  require("KVM_GET_SUPPORTED_CPUID", ioctl(kvm, KVM_GET_SUPPORTED_CPUID, &cpuid));
  vcpu = require("KVM_CREATE_VCPU", ioctl(vm, KVM_CREATE_VCPU, 0));
  require("KVM_SET_CPUID2", ioctl(vcpu, KVM_SET_CPUID2, &cpuid));
  run = mmap(NULL, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);

  struct kvm_sregs system;
  require("KVM_GET_SREGS", ioctl(vcpu, KVM_GET_SREGS, &system));
  system.cr0 = 0x80050033;
  system.cr3 = ROOT;
  system.cr4 = 0x620;
  system.efer = 0xd01;
  system.gdt = (struct kvm_dtable){.base = BASE + GDT, .limit = 0x4f};
  system.idt = (struct kvm_dtable){.base = BASE + IDT, .limit = 0xfff};
  system.cs = segment(0x10, 11, 1);
  system.ss = segment(0x18, 3, 0);
  system.ds = system.es = system.fs = system.gs = (struct kvm_segment){.unusable = 1};
  system.tr = (struct kvm_segment){.base = BASE + TASK, .limit = 0x67, .selector = 0x40, .type = 11, .present = 1};
  system.ldt = (struct kvm_segment){.unusable = 1};
  require("KVM_SET_SREGS", ioctl(vcpu, KVM_SET_SREGS, &system));
  struct {
    struct kvm_msrs head;
    struct kvm_msr_entry entries[3];
  } registers = {.head.nmsrs = 3,
                 .entries = {{.index = 0xc0000081, .data = 0x23ull << 48 | 0x10ull << 32},
                             {.index = 0xc0000082, .data = BASE + ENTRY},
                             {.index = 0xc0000084, .data = 0x57700}}};
  if (ioctl(vcpu, KVM_SET_MSRS, &registers) != 3) die("KVM_SET_MSRS");
  run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS | KVM_SYNC_X86_EVENTS;
}

// One KVM_RUN in ring 0; says how far behind the start of what it executes it stopped.
static uint64_t execute(uint64_t code, uint64_t stack) {
  run->s.regs.regs.rip = BASE + code;
  run->s.regs.regs.rsp = BASE + stack;
  run->s.regs.regs.rflags = 2;
  run->kvm_dirty_regs = KVM_SYNC_X86_REGS;
  while (ioctl(vcpu, KVM_RUN, 0) < 0)
    if (errno != EINTR) die("KVM_RUN");
  if (run->exit_reason != KVM_EXIT_HLT) {
    fprintf(stderr, "vm: exit reason %d\n", run->exit_reason);
    exit(1);
  }
  return run->s.regs.regs.rip - BASE;
}

static void halt(long count) {
  for (long i = 0; i < count; i++) execute(ENTRY, STACK_END);
}

static void system_calls(long count) {
  struct kvm_regs user = {.rip = CODE, .rflags = 0x202};
  for (long i = 0; i < count; i++) {
    uint64_t frame[] = {user.rip, USER_CODE, user.rflags, user.rsp, USER_DATA};
    memcpy(words(FRAME), frame, sizeof frame);
    run->s.regs.regs = user;
    uint64_t at = execute(RETURN, FRAME);
    user = run->s.regs.regs;
    // Software virtualization jumps to the entry in ring 3, where it is a page fault.
    uint64_t *fault = words(STACK_END - 48);
    int faulted = at >= STUBS + 14 * 16 && at < STUBS + 15 * 16 && fault[1] == BASE + ENTRY;
    if (faulted) user.rsp = fault[4];
    if (!faulted && (at < ENTRY || at > ENTRY + 1)) {
      fprintf(stderr, "vm: stopped at %lx\n", (unsigned long)at);
      exit(1);
    }
    user.rip = user.rcx;
    user.rflags = user.r11;
  }
}

int main(int count, char **arguments) {
  if (count != 5) {
    fprintf(stderr, "usage: vm halt|syscall PROGRAM TEST COUNT\n");
    return 2;
  }
  void (*test)(long) = strcmp(arguments[1], "halt") ? system_calls : halt;
  long operations = atol(arguments[4]);
  start();
  test(100);
  uint64_t before = now();
  test(operations);
  uint64_t took = now() - before;
  printf("%s,%ld,%lu,%.1f\n", arguments[3], operations, (unsigned long)took, (double)took / operations);
  return 0;
}

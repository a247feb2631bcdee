/* Ends by the fault that its argument names. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void recurse(volatile char *above) {
  volatile char here[65536];
  here[0] = above[0];
  recurse(here);
}

int main(int count, char **arguments) {
  const char *fault = arguments[1];
  volatile int zero = 0;
  if (!strcmp(fault, "read")) return *(volatile int *)8;
  if (!strcmp(fault, "write")) *(volatile int *)main = 0;
  if (!strcmp(fault, "jump")) ((void (*)(void))0x10)();
  if (!strcmp(fault, "data")) ((void (*)(void))mmap(0, 4096, 3, 0x22, -1, 0))();
  if (!strcmp(fault, "canonical")) return *(volatile int *)0x8000000000000000;
  if (!strcmp(fault, "stack")) recurse("");
  if (!strcmp(fault, "privileged")) asm volatile("hlt");
  if (!strcmp(fault, "illegal")) asm volatile("ud2");
  if (!strcmp(fault, "divide")) asm volatile("cltd; idivl %0" : : "m"(zero) : "eax", "edx");
  if (!strcmp(fault, "breakpoint")) asm volatile("int3");
  if (!strcmp(fault, "abort")) abort();
  if (!strcmp(fault, "bus")) {
    char name[] = "/tmp/fault.XXXXXX";
    int file = mkstemp(name);
    unlink(name);
    ftruncate(file, 4096);
    char *map = mmap(0, 8192, PROT_READ, MAP_SHARED, file, 0);
    return *(volatile char *)(map + 4096);
  }
  return 99;
}

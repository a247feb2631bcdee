/* Runs beside others: computes, faults, changes its memory and catches signals, and prints what came
   of it, which is the same wherever it runs. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 64

static sigjmp_buf back;
static volatile double product = 1;

static void on_signal(int number) { siglongjmp(back, number); }

int main(int count, char **arguments) {
  int lines = atoi(arguments[1]);
  signal(SIGSEGV, on_signal);
  signal(SIGFPE, on_signal);
  volatile unsigned char *memory =
      mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  unsigned random = 1;
  for (int line = 0; line < lines; line++) {
    random = random * 1103515245 + 12345;
    unsigned char *page = (unsigned char *)memory + (random >> 16) % PAGES * PAGE;
    product = product * 1.000001 + (double)(random >> 8) / 3;
    if (product > 1e300) product = 1;
    int caught = sigsetjmp(back, 1);
    if (!caught) switch (line % 16) {
        case 0: mprotect(page, PAGE, PROT_READ); *page = line; break;
        case 1: mprotect(page, PAGE, PROT_NONE); (void)*(volatile char *)page; break;
        case 2: madvise(page, PAGE, MADV_DONTNEED); break;
        case 3: caught = line / (int)(random & 0); break;
        default: *page += line;
      }
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    if (line % 100 == 0) printf("%d: %d %d %.17g\n", line, caught, *page, product);
  }
  return 0;
}

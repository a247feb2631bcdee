/* Tells what a program finds when it starts. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <unistd.h>

static int initialised = 7;
static char zeros[100000];
static __thread int local = 9;

int main(int count, char **arguments) {
  for (int i = 0; i < count; i++) printf("argument %d: %s\n", i, arguments[i]);
  printf("variable: %s\n", getenv("REPORT"));
  printf("data %d %d %d\n", initialised, zeros[99999], local);
  printf("page %lu, execfn %s\n", getauxval(AT_PAGESZ), (char *)getauxval(AT_EXECFN));
  printf("random %s, secure %lu\n", getauxval(AT_RANDOM) ? "yes" : "no", getauxval(AT_SECURE));
  printf("ids %d %d %d %d\n", getuid(), geteuid(), getgid(), getegid());

  char *large = malloc(20 << 20);
  memset(large, 3, 20 << 20);
  printf("memory %d\n", large[10 << 20]);
  free(large);

  char directory[PATH_MAX];
  printf("directory %s\n", getcwd(directory, sizeof directory));
  int file = open("/nonexistent", O_RDONLY);
  printf("open %d %s\n", file, strerror(errno));
  double x = 1;
  for (int i = 1; i < 20; i++) x *= 1 + 1.0 / i;
  printf("sum %.6f\n", x);
  fprintf(stderr, "an error\n");
  return 42;
}

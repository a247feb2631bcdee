/* Makes threads, or processes, that wait, until there are as many as it was told or no more can be
   made; lets them go; and makes one more. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int gate[2];

static void *wait_for_gate(void *nothing) {
  char byte;
  if (read(gate[0], &byte, 1) != 0) abort();
  return nothing;
}

static int make_thread(pthread_t *thread) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 65536);
  return pthread_create(thread, &small, wait_for_gate, 0);
}

static int make_process(pid_t *process) {
  *process = fork();
  if (*process < 0) return errno;
  if (*process == 0) {
    close(gate[1]);
    wait_for_gate(0);
    _exit(0);
  }
  return 0;
}

static int end_process(pid_t process) {
  int status;
  return waitpid(process, &status, 0) != process || status != 0;
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  int threads = !strcmp(arguments[1], "threads"), most = atoi(arguments[2]);
  pthread_t *made = calloc(most + 1, sizeof *made);
  pid_t *forked = calloc(most + 1, sizeof *forked);
  if (pipe(gate)) return 1;
  int n = 0, error = 0;
  while (n < most && !error) {
    error = threads ? make_thread(&made[n]) : make_process(&forked[n]);
    if (!error) n++;
  }
  printf("%s after %s\n", error ? strerror(error) : "all made", n == most ? "all" : n > 20 ? "many" : "few");
  close(gate[1]);
  for (int i = 0; i < n; i++)
    if (threads ? pthread_join(made[i], 0) : end_process(forked[i])) printf("lost %d of %d\n", i, n);
  error = threads ? make_thread(&made[n]) : make_process(&forked[n]);
  if (!error) error = threads ? pthread_join(made[n], 0) : end_process(forked[n]);
  printf("one more: %s\n", error ? strerror(error) : "made");
  return 0;
}

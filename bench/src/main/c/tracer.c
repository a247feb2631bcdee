// The floor for a platform that works by ptrace: runs a program under PTRACE_SYSEMU on the tracer's
// own CPU and answers the calls that micro's getpid, null_rw and sched_yield repeat, each with
// SYSEMU + wait4 + GETREGS + SETREGS and nothing else. All other calls the host makes for the program.
// usage: tracer PROGRAM [ARG]...
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(const char *what) {
  fprintf(stderr, "tracer: %s: %s\n", what, strerror(errno));
  exit(1);
}

static pid_t child;

// Resumes the child until it stops again; ends when the child does.
static int resume(int request, int signal) {
  int status;
  if (ptrace(request, child, 0, signal)) die("ptrace");
  if (waitpid(child, &status, __WALL) < 0) die("waitpid");
  if (WIFEXITED(status)) exit(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) exit(128 + WTERMSIG(status));
  return WSTOPSIG(status);
}

// What a sandbox would answer, or -1 for a call that the host is to make.
static long answer(const struct user_regs_struct *regs) {
  switch (regs->orig_rax) {
    case SYS_getpid: return child;
    case SYS_sched_yield: return 0;
    case SYS_read: return regs->rdx == 1 ? 0 : -1;
    case SYS_write: return regs->rdi > 2 && regs->rdx == 1 ? 1 : -1;
    default: return -1;
  }
}

int main(int count, char **arguments) {
  if (count < 2) {
    fprintf(stderr, "usage: tracer PROGRAM [ARG]...\n");
    return 2;
  }
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  if (sched_setaffinity(0, sizeof one, &one)) die("sched_setaffinity");
  child = fork();
  if (child < 0) die("fork");
  if (!child) {
    raise(SIGSTOP);
    execv(arguments[1], arguments + 1);
    die(arguments[1]);
  }
  int status;
  if (waitpid(child, &status, WUNTRACED) < 0) die("waitpid");
  if (ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD)) die("seize");
  kill(child, SIGCONT);
  if (waitpid(child, &status, __WALL) < 0) die("waitpid");

  int signal = 0;
  for (;;) {
    signal = resume(PTRACE_SYSEMU, signal);
    if (signal != (SIGTRAP | 0x80)) {
      if (signal == SIGTRAP || signal == SIGCONT) signal = 0;
      continue;
    }
    signal = 0;
    struct user_regs_struct regs;
    if (ptrace(PTRACE_GETREGS, child, 0, &regs)) die("getregs");
    long result = answer(&regs);
    if (result >= 0) {
      regs.rax = result;
      regs.orig_rax = -1;
      if (ptrace(PTRACE_SETREGS, child, 0, &regs)) die("setregs");
      continue;
    }
    regs.rax = regs.orig_rax;  // Back to the instruction, this time for the host.
    regs.orig_rax = -1;
    regs.rip -= 2;
    if (ptrace(PTRACE_SETREGS, child, 0, &regs)) die("setregs");
    resume(PTRACE_SYSCALL, 0);
    resume(PTRACE_SYSCALL, 0);
  }
}

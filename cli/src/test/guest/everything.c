/* Has some of everything that the kernel keeps for programs, says so, and waits: what an image of it
   holds is what mutated images are made of. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MUST(call) ((call) < 0 ? (perror_exit(#call), -1) : 0)

static void perror_exit(const char *what) {
  write(2, what, strlen(what));
  write(2, "\n", 1);
  exit(1);
}

static void nothing(int signal) {}

static void *wait_for_ever(void *unused) {
  for (;;) pause();
  return unused;
}

static void pipes(void) {
  int ends[2];
  MUST(pipe2(ends, O_DIRECT | O_NONBLOCK));
  for (int i = 0; i < 3; i++) write(ends[1], "packet", 6);
  MUST(fcntl(ends[0], F_SETPIPE_SZ, 1 << 17));
  MUST(dup(ends[1]));
  MUST(mkfifo("/tmp/fifo", 0600));
  int fifo = open("/tmp/fifo", O_RDWR);
  write(fifo, "through a name", 14);
  int counter = eventfd(7, EFD_SEMAPHORE);
  write(counter, "\1\0\0\0\0\0\0\0", 8);
}

static void sockets(void) {
  struct sockaddr_un path = {AF_UNIX, "/tmp/socket"};
  struct sockaddr_un name = {AF_UNIX, "\0name"};
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  MUST(bind(listener, (struct sockaddr *)&path, sizeof path));
  MUST(listen(listener, 5));
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  MUST(connect(client, (struct sockaddr *)&path, sizeof path));
  send(client, "early", 5, 0);
  int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
  MUST(bind(receiver, (struct sockaddr *)&name, offsetof(struct sockaddr_un, sun_path) + 5));
  int pair[2];
  MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
  char control[CMSG_SPACE(2 * sizeof(int))] = {0};
  struct iovec bytes = {"rights", 6};
  struct msghdr message = {0};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(2 * sizeof(int));
  memcpy(CMSG_DATA(rights), pair, sizeof pair);
  MUST(sendmsg(pair[0], &message, 0));
  int sender = socket(AF_UNIX, SOCK_DGRAM, 0);
  MUST(sendto(sender, "x", 1, 0, (struct sockaddr *)&name,
              offsetof(struct sockaddr_un, sun_path) + 5));
  close(sender);
}

static void files(void) {
  int file = open("/tmp/file", O_CREAT | O_RDWR, 0640);
  for (int i = 0; i < 300; i++) write(file, "some text in a file\n", 20);
  MUST(flock(file, LOCK_SH));
  struct flock lock = {F_WRLCK, SEEK_SET, 10, 20};
  MUST(fcntl(file, F_SETLK, &lock));
  lseek(file, 123, SEEK_SET);
  int gone = open("/tmp/gone", O_CREAT | O_RDWR, 0600);
  write(gone, "no name", 7);
  unlink("/tmp/gone");
  int memory = memfd_create("memory", MFD_ALLOW_SEALING);
  ftruncate(memory, 3 << 12);
  fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK);
  char *mapped = mmap(0, 3 << 12, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
  mapped[5000] = 1;
  open("/etc/passwd", O_RDONLY);
  open("/proc/self/status", O_RDONLY);
  open("/usr", O_RDONLY | O_DIRECTORY);
  open("/dev/null", O_RDWR);
  open("/tmp", O_PATH);
  MUST(mkdir("/tmp/a", 0700));
  MUST(mkdir("/tmp/a/b", 0700));
  MUST(symlink("b", "/tmp/a/link"));
  MUST(chdir("/tmp/a/b"));
  char *shared = mmap(0, 1 << 21, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  shared[1 << 20] = 1;
}

static void tasks(void) {
  struct sigaction action = {0};
  action.sa_handler = nothing;
  sigaction(SIGUSR1, &action, 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, 0);
  union sigval value = {42};
  sigqueue(getpid(), SIGUSR2, value);
  timer_t timer;
  struct sigevent event = {0};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  MUST(timer_create(CLOCK_MONOTONIC, &event, &timer));
  struct itimerspec later = {{3600, 0}, {3600, 0}};
  MUST(timer_settime(timer, 0, &later, 0));
  alarm(3600);
  pthread_t thread;
  pthread_create(&thread, 0, wait_for_ever, 0);
  if (fork() == 0) _exit(3);
  if (fork() == 0) {
    setsid();
    for (;;) pause();
  }
}

int main(void) {
  pipes();
  sockets();
  files();
  tasks();
  usleep(100000);
  write(1, "ready\n", 6);
  struct timespec long_time = {3600, 0};
  nanosleep(&long_time, 0);
  return 0;
}

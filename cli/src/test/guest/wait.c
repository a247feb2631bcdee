/* Waits for a signal in the way that its first argument names. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void caught(int number) {
  char text[] = "caught 00\n";
  text[7] += number / 10;
  text[8] += number % 10;
  write(1, text, 10);
  _exit(7);
}

int main(int count, char **arguments) {
  int numbers[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
  for (int i = 0; i < 4; i++) {
    if (!strcmp(arguments[1], "catch")) signal(numbers[i], caught);
    if (!strcmp(arguments[1], "ignore")) signal(numbers[i], SIG_IGN);
  }
  write(1, "ready\n", 6);
  if (!strcmp(arguments[1], "sleep")) pause();
  if (!strcmp(arguments[1], "read")) return read(0, &count, 1);
  for (volatile unsigned long i = 0;; i++) {}
}

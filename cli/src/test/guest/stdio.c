/* Tells by its status which of 0, 1 and 2 are closed: bit N for descriptor N. */
#include <errno.h>
#include <fcntl.h>

int main(void) {
  int closed = 0;
  for (int i = 0; i < 3; i++)
    if (fcntl(i, F_GETFD) < 0 && errno == EBADF) closed |= 1 << i;
  return closed;
}

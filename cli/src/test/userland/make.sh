#!/bin/sh
# Builds with two jobs at once, then again with nothing to do.
set -e
for n in 1 2 3 4 5 6 7 8; do
    echo "int part$n(void) { return $n; }" >part$n.c
done
cat >main.c <<'END'
#include <stdio.h>
#define PART(n) int part##n(void);
PART(1) PART(2) PART(3) PART(4) PART(5) PART(6) PART(7) PART(8)
int main(void) {
    printf("%d\n", part1() + part2() + part3() + part4() + part5() + part6() + part7() + part8());
}
END
cat >Makefile <<'END'
objects := $(patsubst %.c,%.o,$(sort $(wildcard *.c)))
program: $(objects)
	@$(CC) -o $@ $^
%.o: %.c
	@$(CC) -O1 -c -o $@ $<
.PHONY: check clean fails
check: program
	./program
clean:
	rm -f program $(objects)
fails:
	@exit 3
sub:
	+@$(MAKE) --no-print-directory -C . check
END
make -j2 && echo built
make -j2
make check
touch part3.c
make -n | wc -l
make -j2 sub
make fails || echo "status $?"
make clean
ls

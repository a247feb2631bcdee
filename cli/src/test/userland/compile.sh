#!/bin/sh
# Compiles programs and runs them.
set -e
cat >hello.c <<'END'
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
int main(int argc, char **argv) {
    printf("hello, %s: %.3f\n", argc > 1 ? argv[1] : "world", sqrt(atof(argc > 2 ? argv[2] : "2")));
    return argc;
}
END
gcc -O2 -Wall hello.c -o hello -lm
./hello || echo "status $?"
./hello there 9 || echo "status $?"
gcc -static -O1 hello.c -o static -lm && ./static statically || echo "status $?"
gcc -c -fPIC -DNAME='"library"' -x c - -o part.o <<'END'
const char *name(void) { return NAME; }
END
gcc -shared part.o -o libpart.so
echo 'int puts(const char *); const char *name(void); int main(void) { puts(name()); return 0; }' >user.c
gcc user.c -L. -lpart -Wl,-rpath,'$ORIGIN' -o user
./user
ar rc libpart.a part.o
nm libpart.a | grep -c ' T name'
gcc user.c libpart.a -o archived && ./archived
echo 'int main(void) { return undefined(); }' >broken.c
gcc -w broken.c -o broken 2>/dev/null || echo "ld refused: $?"
echo 'not C' | gcc -x c - -o none 2>/dev/null || echo "gcc refused: $?"
strip hello && ./hello stripped 16 || echo "status $?"
objdump -d part.o | grep -c ret

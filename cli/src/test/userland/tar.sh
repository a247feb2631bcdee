#!/bin/sh
# A tree goes into an archive and comes out the same.
set -e
mkdir tree
mkdir tree/headers
cp -r /usr/include/linux/[a-m]* tree/headers
ln -s headers/errno.h tree/link
ln tree/headers/errno.h tree/hard
mkfifo -m 640 tree/fifo
mkdir -m 700 tree/private
printf 'x%.0s' $(seq 1 5000) >tree/long
truncate -s 3M tree/sparse
touch -d '1999-12-31 23:59:59 UTC' tree/old
tar -cSf tree.tar tree
gzip -k tree.tar
gzip -t tree.tar.gz
mkdir out
tar -xzpf tree.tar.gz -C out
diff -r --no-dereference -x fifo tree out/tree && echo the same content
(cd tree && find . -printf '%p %y %m %s %n %l %TY\n' | sed 's/^\(.* d .*\) [0-9]* \([0-9]* *[0-9]*\)$/\1 \2/' | sort) >before
(cd out/tree && find . -printf '%p %y %m %s %n %l %TY\n' | sed 's/^\(.* d .*\) [0-9]* \([0-9]* *[0-9]*\)$/\1 \2/' | sort) >after
cmp before after && echo the same attributes
tar -tf tree.tar | wc -l
gunzip -c tree.tar.gz | cmp - tree.tar && echo the same archive
tar -cf - tree | tar -xf - -C out --transform 's/^tree/again/'
diff -r --no-dereference -x fifo out/tree out/again && echo the same through a pipe

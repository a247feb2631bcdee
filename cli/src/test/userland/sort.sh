#!/bin/sh
# Sorts a million lines, which takes temporary files and threads.
seq 1 1000000 | awk '{ print ($1 * 7919) % 1000003, $1 }' >numbers
sort -n numbers | md5sum
sort -S 8M --parallel=2 -T . numbers | tail -n 1
sort -k2,2nr numbers | head -n 2
sort -u -k1,1n numbers | wc -l

#!/bin/dash
# What a POSIX shell does.
set -eu
echo "one $((6 * 7)) ${none:-default}"
i=0
while [ $i -lt 5 ]; do i=$((i + 1)); [ $i -eq 3 ] && continue; printf '%d ' $i; done
echo
for f in a b c; do echo "$f" >"$f.txt"; done
cat ./*.txt | tr a-c A-C | sort -r
seq 1 1000 | sed -n '/9$/p' | wc -l
( trap 'echo bye' EXIT; echo hello )
sh -c 'exit 3' || echo "status $?"
sleep 0.05 & wait $!; echo "waited $?"
f() { echo "f: $# $1"; shift; echo "$*"; }
f x y z
set -- p q r; echo "$@"; shift 2; echo "$1"
cat <<END | while read -r a b; do echo "$b $a"; done
hello world
left right
END
x=$(printf 'line1\nline2'); echo "$x"
eval 'y=5'; echo $y
(kill -TERM $$) & trap 'echo terminated; exit 7' TERM
wait
while :; do sleep 0.01; done

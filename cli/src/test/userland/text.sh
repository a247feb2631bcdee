#!/bin/sh
# find, xargs, grep, sed and awk over a tree of files.
mkdir -p tree/one/two tree/three
i=0
while [ $i -lt 60 ]; do
    i=$((i + 1))
    printf 'line %d\nvalue=%d\nlast of %d\n' $i $((i * i % 97)) $i >"tree/one/file$i.txt"
done
cp tree/one/file1?.txt tree/one/two
touch "tree/three/with space" tree/three/empty
ln -s ../one tree/three/link
echo "== find"
find tree -type f | wc -l
find tree -name 'file1*.txt' -path '*two*' | sort
find tree -type l -printf '%p -> %l\n'
find tree -type d -empty -o -type f -size 0 | sort
find tree -maxdepth 1 -mindepth 1 -printf '%f %y\n' | sort
find -L tree -name file7.txt | sort
find tree -name 'file2?.txt' -exec cat {} + | grep -c value
find tree -name 'file30.txt' -exec sh -c 'echo "found $1"' sh {} \;
find tree -name '*9.txt' -delete
find tree -type f | wc -l
find nothing; echo "status $?"
echo "== xargs"
find tree -type f -print0 | sort -z | xargs -0 -n 20 sh -c 'echo $#' sh
seq 1 10 | xargs -n 3 echo
seq 1 8 | xargs -P 2 -I{} sh -c 'echo $(({} * {}))' | sort -n
printf 'a\nb\n' | xargs -I% echo "<%>"
printf '1\n' | xargs sh -c 'exit 3'; echo "status $?"
find tree -type f -print0 | xargs -0 cat | sort | uniq -c | sort -rn | head -n 3
echo "== grep"
grep -rc value tree/one/two | sort
grep -rlE 'value=(1|4)$' tree | sort
grep -n 'last' tree/one/file8.txt
grep -rh '^value=' tree | sort -t= -k2n | uniq | tail -n 3
grep -q nothing tree/one/file8.txt; echo "status $?"
grep -oP '(?<=value=)\d+' tree/one/file8.txt
printf 'foo\nBar\nbaz\n' | grep -iv BAR
grep x tree; echo "status $?"
grep -A1 -B1 value tree/one/file8.txt
echo "== sed"
sed -n '2p;$p' tree/one/file8.txt
sed 's/\([a-z]*\) \([0-9]*\)/\2 \1/' tree/one/file8.txt
sed -i.bak 's/line/LINE/' tree/one/file8.txt && cat tree/one/file8.txt.bak tree/one/file8.txt
printf '1\n2\n3\n4\n' | sed '2d;3{s/3/three/;p}'
printf 'a\nb\nc\n' | sed ':a;N;$!ba;s/\n/,/g'
sed --expression='y/abc/xyz/' <<END
aabbcc
END
printf 'one\ntwo\n' | sed -e '1w written' -n -e '2p'
cat written
echo "== awk"
awk -F= '/value/ { sum += $2; n[$2 % 3]++ } END { print sum, n[0], n[1], n[2] }' tree/one/*.txt
awk 'BEGIN { for (i = 0; i < 5; i++) printf "%d%s", 2 ^ i, i < 4 ? " " : "\n" }'
awk 'BEGIN { "echo from a command" | getline line; print line; print "to a command" | "tr a-z A-Z" }'
awk '{ print FILENAME, FNR, NF }' tree/one/file8.txt tree/one/file10.txt
awk 'BEGIN { system("exit 5"); exit 6 }'; echo "status $?"
seq 1 50000 | awk '{ a[NR % 100] += $1 } END { for (i in a) s += a[i] * i; print s }'
awk 'BEGIN { printf "%s %5.2f %c %x\n", substr("sandbox", 5), 3.14159, 65, 255; print toupper("done") }'

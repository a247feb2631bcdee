#!/bin/sh
# Forty programs of coreutils, and what they print.
run() {
    echo "\$ $*"
    "$@"
    status=$?
    [ $status -eq 0 ] || echo "status $status"
}
seq 1 20 >numbers
printf 'pear 3\napple 1\nfig 2\napple 1\n' >fruit
printf 'a\tb\n1\t2\n' >table
run cat fruit
run tac fruit
run head -n 3 numbers
run tail -n 2 numbers
run tail -c 5 numbers
run wc fruit numbers
run sort fruit
run sort -k2n -u fruit
sort fruit >sorted
run uniq -c sorted
run cut -f 2 table
run paste -s -d, numbers
run tr a-z A-Z <fruit
run nl fruit
run fold -w 5 fruit
run fmt -w 20 numbers
run pr -t -3 numbers
run expand table
run unexpand -a table
run od -c table
run od -A x -t x2 -N 16 numbers
run base64 fruit
run base32 table
run md5sum fruit numbers
run sha1sum fruit
run sha256sum fruit
run sha512sum fruit
run b2sum fruit
run cksum fruit
run sum fruit
run comm -12 sorted fruit
run join sorted sorted
run split -l 7 numbers part.
run ls
run csplit -s numbers 5 10
run cat xx01
run tee copy </dev/null
run cp fruit copied
run cp -r . ../nowhere/none
run mv copied moved
run ln moved hard
run ln -s moved soft
run readlink soft
run stat -c '%n %F %s %a %h' moved soft numbers
run touch -d '2001-02-03 04:05:06 UTC' old
run date -u -r old +%FT%T
run stat -c %Y old
run chmod 640 moved
run stat -c %A moved
run mkdir -p deep/er/still
run rmdir deep/er/still
run ls -R deep
run mkfifo pipe
run stat -c %F pipe
run truncate -s 1M sparse
run stat -c '%s' sparse
run du --apparent-size -b sparse
run dd if=/dev/zero of=zeros bs=1024 count=8 status=none
run cmp zeros sparse
run rm -f zeros sparse
run rm nothing
run basename /a/b/c.txt .txt
run dirname /a/b/c.txt
run realpath --relative-to=. deep/er
run expr 6 \* 7
run expr length abcdef
run factor 360 97 1234567891
run seq -s ' ' 0 5 30
run printf '%s-%03d\n' a 1 b 2
run echo words
run env -i A=1 env
run printenv LANG
run test -f fruit
run [ 1 -gt 2 ]
run true
run false
run yes n | head -n 2
run sleep 0.01
run timeout 0.1 sleep 10
run timeout -s KILL 0.1 sleep 10
run timeout 5 echo in time
run nice -n 5 nice
run nohup echo still here
run id -u
run id -un
run whoami
run groups
run logname >/dev/null 2>&1
run tty
run uname -s
run arch
run nproc --all >/dev/null
run pwd -P | grep -c /
run shuf -i 1-5 | sort
run shuf -e --random-source=numbers a b c | sort
run numfmt --to=iec 1048576
run tsort <table
run pathchk -p 'a b'
run mktemp -u aXXX | wc -c
run stdbuf -oL echo buffered
run sync
run df --output=target /dev/null >/dev/null
run install -m 700 fruit installed
run stat -c %a installed
run unlink installed
run link fruit linked
run stat -c %h linked
run ptx -r /dev/null
run dircolors -p >/dev/null
run hostid >/dev/null
run users
run shred -u -n 1 linked
run ls

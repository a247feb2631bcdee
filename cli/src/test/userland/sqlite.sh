#!/bin/sh
# Two writers and a reader on one database with a write-ahead log.
set -e
sqlite3 data 'pragma journal_mode=wal; create table entries (writer text, n integer, unique (writer, n));'
writer() {
    i=0
    while [ $i -lt 20 ]; do
        i=$((i + 1))
        printf ".timeout 20000\nbegin immediate;\ninsert into entries values ('%s', %d);\ncommit;\n" "$1" $i
    done | sqlite3 data
}
writer a & first=$!
writer b & second=$!
n=0
while [ "$n" -lt 40 ]; do
    n=$(sqlite3 -cmd '.timeout 20000' data 'select count(*) from entries;')
done
wait $first $second
sqlite3 data 'select writer, count(*), sum(n) from entries group by writer order by writer;'
sqlite3 data 'pragma wal_checkpoint(truncate); pragma integrity_check;'
sqlite3 data 'pragma journal_mode=delete;'
ls
seq 1 2000 | sed 's/.*/insert into numbers values (&);/' >inserts
sqlite3 data 'create table numbers (n integer); begin;' '.read inserts' 'commit; select count(*), sum(n) from numbers;'
printf '.mode csv\nselect * from entries where n < 3 order by 1, 2;\n' | sqlite3 data
sqlite3 data "insert into entries values ('a', 1);" 2>&1 || echo "status $?"

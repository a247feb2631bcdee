#!/bin/bash
# A day in the life of a shell: what scripts do, in about 200 lines.
set -u

section() { printf '\n== %s\n' "$*"; }

section variables and arithmetic
name=plinth
echo "${name^} ${#name} ${name:1:3} ${name/lin/LIN} ${unset_one-default} ${name%th} ${name#p}"
i=5
((i += 3 * 4, i <<= 1))
echo "$i $((i % 7)) $((0x1f)) $((2#1011)) $((i > 30 ? 1 : 2))"
printf '%05d|%-8s|%8s|%x|%q\n' 42 left right 255 'two words'

section arrays
list=(zero one two "three and more")
list+=(four)
echo "${#list[@]} ${list[3]} ${list[-1]} ${list[*]:1:2}"
for each in "${list[@]}"; do echo "<$each>"; done
declare -A colours=([apple]=red [banana]=yellow)
colours[plum]=blue
for key in $(printf '%s\n' "${!colours[@]}" | sort); do echo "$key is ${colours[$key]}"; done
unset 'colours[apple]'
echo "${#colours[@]}"
mapfile -t lines < <(printf 'a\nb\nc\n')
echo "${lines[@]}"

section pipelines
seq 1 100 | grep 7 | sort -rn | head -n 3 | tr '\n' ' '
echo
printf '%s\n' pear apple fig | sort | while read -r fruit; do echo "fruit: $fruit"; done
yes | head -n 1000 | wc -l
true | false | true
echo "${PIPESTATUS[@]} $?"
set -o pipefail
true | false | true
echo "$?"
set +o pipefail
{ echo to stdout; echo to stderr >&2; } 2>&1 | sort
seq 1 20000 | awk '{ s += $1 } END { print s }'

section here-documents
cat <<END
expanded: $name $((1 + 1)) $(echo nested)
END
cat <<'END'
not expanded: $name $((1 + 1))
END
cat <<-END
	without tabs
	END
tr a-z A-Z <<<"a here-string"
read -r first rest <<<"first and the rest"
echo "$first|$rest"

section process substitution
diff <(printf '1\n2\n3\n') <(printf '1\n3\n4\n')
echo "status $?"
paste <(seq 1 3) <(seq 4 6)
seq 1 5 | tee >(wc -l >counted) >/dev/null
while [[ ! -s counted ]]; do sleep 0.01; done
cat counted

section files and redirection
echo one >file
echo two >>file
exec 5<file
read -r line <&5
echo "first line: $line"
read -r line <&5
echo "second line: $line"
exec 5<&-
exec 6>written
echo through six >&6
exec 6>&-
cat written
(echo out; echo err >&2) >both 2>&1
cat both
mkdir -p a/b/c && touch a/b/c/{x,y}.txt a/b/z.txt
shopt -s globstar nullglob
echo a/**/*.txt
echo nothing*here
[[ -d a && -f a/b/z.txt && ! -e a/none ]] && echo tests work
ln -s b/z.txt a/link
readlink a/link
[[ a/link -ef a/b/z.txt ]] && echo same file
(cd a/b && pwd | grep -o '[^/]*/[^/]*$')
set -C
echo again >file 2>/dev/null || echo noclobber keeps the file
set +C

section functions and scope
outer() {
    local value=local
    inner
    echo "outer sees $value"
}
inner() { value=changed; }
value=global
outer
echo "global is $value"
factorial() { (($1 <= 1)) && echo 1 || echo $(($1 * $(factorial $(($1 - 1))))); }
factorial 10
returns() { return 7; }
returns
echo "returned $?"

section subshells and exec
(
    exit 3
)
echo "subshell gave $?"
echo "$(echo "$(echo "$(echo deep)")")"
(exec -a renamed sh -c 'echo "$0"' renamed)
bash -c 'echo "child: $1"' name argument
env -i A=1 B=2 /usr/bin/env | sort
command -v nosuchcommand || echo "no such command"
nosuchcommand 2>/dev/null
echo "status $?"
/etc/passwd 2>/dev/null
echo "status $?"

section background jobs and wait
sleep 0.05 &
first=$!
(exit 4) &
second=$!
wait "$first"
echo "first: $?"
wait "$second"
echo "second: $?"
for n in 3 1 2; do (sleep "0.0$n"; echo "job $n" >"job.$n") & done
wait
cat job.1 job.2 job.3
(sleep 0.02; exit 9) &
wait -n
echo "any: $?"
sleep 100 &
kill -TERM $!
wait $! 2>/dev/null
echo "killed: $?"
coproc doubler { while read -r n; do echo $((n * 2)); done; }
for n in 1 21 500; do
    echo "$n" >&"${doubler[1]}"
    read -r answer <&"${doubler[0]}"
    echo "twice $n is $answer"
done
exec {doubler[1]}>&-
wait 2>/dev/null

section traps
(trap 'echo leaving with $?' EXIT; exit 5)
(
    trap 'echo caught USR1' USR1
    kill -USR1 $BASHPID
    echo after the signal
)
(
    trap 'echo interrupted wait' USR2
    shell=$BASHPID
    { sleep 0.1; kill -USR2 "$shell"; } &
    trap '' TERM
    kill -TERM $BASHPID
    echo TERM was ignored
    wait
)
trap 'echo again for the shell' USR2
kill -USR2 $$
trap - USR2
(
    trap 'echo error at line $((LINENO - base))' ERR
    base=$LINENO
    false
    true
)
(ulimit -n 64; ulimit -n)

section set -e
(
    set -e
    false || echo a tested failure is none
    if false; then :; fi
    false
    echo never printed
)
echo "status $?"

section reading
printf 'a:b:c\nd:e:f\n' | while IFS=: read -r x y z; do echo "$z$y$x"; done
read -r -t 1 nothing </dev/null
echo "end of file: $?"
read -r -t 0.05 nothing < <(sleep 1) || echo "timed out: $(($? > 128))"
printf 'abc' | { read -r -n 2 two; echo "$two"; }
select_one() { case $1 in a*) echo begins with a ;; *z) echo ends with z ;;& *) echo anything ;; esac; }
select_one apple
select_one fizz

section end
getopts ab: option -b value
echo "$option $OPTARG"
times >/dev/null
[[ $SECONDS -lt 120 ]] && echo in time
exit 42

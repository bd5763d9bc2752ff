#!/bin/sh
# oci-init.t - the init of a container: reaping, signals, exit status, tini's options.
# SPDX-License-Identifier: MIT
# A control: OCI_INIT=/usr/bin/tini tests/oci-init.t (the claims that are ours alone are skipped).
. "$(dirname "$0")/lib.sh"

[ -x "$OCI_INIT" ] || bail "no init at $OCI_INIT: build it or set OCI_INIT"
ours=
case $(readlink -f "$OCI_INIT") in
*/ocibox*) ours=1 ;;
esac
cd "$tmp" || exit 1

# init ARG...: in the foreground, no process 1. Sets $status, $out, $err.
init() {
	status=0
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$OCI_INIT" "$@" </dev/null >"$tmp/out" \
		2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}

# start_init ARG...: in the background; sets $pid.
start_init() {
	OCI_TEST_MARK=$mark "$OCI_INIT" "$@" </dev/null >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	bg_all="$bg_all $pid"
}

# ended: sets $status to how $pid ended.
ended() {
	status=0
	wait "$pid" 2>/dev/null || status=$?
}

# ---- how the child ended -------------------------------------------------------------------------

for code in 0 1 3 127 255; do
	init -s -- sh -c "exit $code"
	is "exit status $code is passed on" "$status" "$code"
done
for sig in TERM=15 KILL=9 SEGV=11; do
	init -s -- sh -c "kill -${sig%=*} \$\$"
	is "a child killed by ${sig%=*} gives 128 and the signal's number" "$status" \
		$((128 + ${sig#*=}))
done
echo exit 4 >exit4
init -s -- ./not-here
is "a command that is not there gives 127" "$status" 127
like "a command that is not there: the message names it" "$err" 'not-here.*no such file'
init -s -- stauts
is "a subcommand with a typing error is not a program: 127" "$status" 127
like "a subcommand with a typing error: the message names the subcommand that is near" "$err" \
	'exec stauts: no such file or directory \(did you mean oci-init status\?\)'
: >plain
init -s -- ./plain
is "a file that cannot be executed gives 126" "$status" 126
init -s -- true
is "a command that succeeds: oci-init writes nothing" "$err" ""
init -s sh ./exit4
is "without -- the first word is the command" "$status" 4

init -s -e 143 -- sh -c 'kill -TERM $$'
is "-e: an exit code that means success" "$status" 0
init -s -e 143 -e 7 -- sh -c 'exit 7'
is "-e may be repeated" "$status" 0
init -s -e 143 -- sh -c 'exit 7'
is "-e leaves other codes alone" "$status" 7
for code in 256 -1 x; do
	init -s -e "$code" -- true
	isnt "-e '$code' is refused" "$status" 0
done

# ---- what the child gets -------------------------------------------------------------------------

init -s -- sh -c 'echo "$0 $*"' a 'b c'
is "arguments arrive as they are" "$out" "a b c"
init -s -- sed -n 's/^SigBlk:[^0-9a-f]*//p' /proc/self/status
is "the child has no blocked signal" "$out" 0000000000000000
init -s -- /bin/ls /proc/self/fd
{ /bin/ls /proc/self/fd 2>/dev/null; } </dev/null >fds	# a program of its own, also in busybox sh
is "the child has no descriptor more than it was given" "$out" "$(cat fds)"
init -s -- sh -c 'set -- $(cat /proc/self/stat); echo $5 $$'
is "the child leads a process group of its own" "${out%% *}" "${out##* }"

# ---- signals -------------------------------------------------------------------------------------

cat >catcher <<'END'
trap 'echo HUP >>caught' HUP
trap 'echo INT >>caught' INT
trap 'echo QUIT >>caught' QUIT
trap 'echo USR1 >>caught' USR1
trap 'echo USR2 >>caught' USR2
trap 'echo CONT >>caught' CONT
trap 'echo WINCH >>caught' WINCH
trap 'echo TERM >>caught; exit 9' TERM
echo $PPID >ready.new
mv ready.new ready
while :; do sleep 0.02; done
END
# A shell starts a background job with INT and QUIT ignored, so the sender is the background job.
rm -f ready caught
background sh -c '
	until [ -e ready ]; do sleep 0.02; done
	read -r pid <ready
	for sig in HUP INT QUIT USR1 USR2 CONT WINCH; do
		i=0
		kill -$sig $pid
		until grep -qx $sig caught 2>/dev/null || [ $((i = i + 1)) = 200 ]; do
			sleep 0.02
		done
	done
	kill -TERM $pid'
init -s -- sh ./catcher
for sig in HUP INT QUIT USR1 USR2 CONT WINCH; do
	ok "$sig reaches the child" grep -qx $sig caught
done
is "TERM reaches the child, whose status is ours" "$status" 9

# The first real-time signal, which musl keeps for itself. The child dies of all others.
rm -f ready
start_init -s -- sh -c 'echo $$ >ready.new; mv ready.new ready; exec sleep 1004'
wait_for test -e ready
read -r child <ready
kill -34 "$pid"
ended
is "signal 34 is passed on too" "$status" 162
ok "signal 34 reaches the child" wait_for gone "$child" || kill -KILL "$child"

# The grandchild is in the child's group; only -g reaches it.
cat >family <<'END'
sh -c 'trap "echo grandchild >>family.caught" USR1; : >ready; while :; do sleep 0.02; done' &
trap 'echo child >>family.caught' USR1
trap 'kill -KILL $!; exit 0' TERM
while :; do sleep 0.02; done
END
for g in '' -g; do
	rm -f ready family.caught
	start_init -s $g -- sh ./family
	wait_for test -e ready
	kill -USR1 "$pid"
	wait_for grep -qx child family.caught
	if [ -n "$g" ]; then
		ok "-g: the whole group gets a signal" wait_for grep -qx grandchild family.caught
	else
		nok "without -g only the child gets a signal" grep -qx grandchild family.caught
	fi
	kill -TERM "$pid"
	ended
done

# A signal that comes early must not be lost, since it is not sent again. The status is the same
# whether init or its child dies of it.
lost=no
i=0
read -r shell </proc/$$/comm
while [ $i -lt 60 ] && [ "$lost" = no ]; do
	start_init -s -g -- sleep 5
	# the shell's own trap would swallow it
	until read -r name <"/proc/$pid/comm" && [ "$name" != "$shell" ]; do :; done
	j=0
	while [ $j -lt $((i * 10)) ]; do j=$((j + 1)); done
	kill -TERM "$pid"
	ended
	[ "$status" = 143 ] || lost="status $status in round $i"
	i=$((i + 1))
done
is "-g: TERM soon after the start ends it, whenever it comes" "$lost" no

if [ -n "$ours" ]; then
	status=0
	sh -c 'trap "" CHLD; exec "$@"' sh "$OCI_INIT" -s -- sh -c 'exit 6' || status=$?
	is "an ignored SIGCHLD is not an obstacle" "$status" 6
else
	skip "an ignored SIGCHLD is not an obstacle" "a claim of ours"
fi

# ---- reaping -------------------------------------------------------------------------------------

# The parent of `orphaned` ends at once. `orphaned` reports its new parent, and ends.
cat >orphaned <<'END'
while [ -e wait ]; do sleep 0.02; done
read -r stat </proc/$$/stat
set -- $stat
echo $$ $4 >parent.new
mv parent.new parent
END
cat >orphan <<'END'
sh -c 'sh ./orphaned &'
rm wait
while [ ! -e parent ]; do sleep 0.02; done
read -r pid ppid <parent
i=0
while [ -e /proc/$pid ] && [ $i -lt 200 ]; do
	sleep 0.02
	i=$((i + 1))
done
[ -e /proc/$pid ] && i=forever
echo "parent $ppid init $PPID zombie $i"
END
: >./wait
rm -f parent
init -s -- sh ./orphan
# shellcheck disable=SC2086 # words
set -- $out
is "-s: an orphan becomes a child of oci-init" "${2:-}" "${4:-none}"
isnt "-s: an orphan that ends is reaped" "${6:-forever}" forever

if [ "$uid" = 0 ]; then
	: >./wait
	rm -f parent
	status=0
	out=$(OCI_TEST_MARK=$mark timeout -s KILL 60 unshare -pf --mount-proc "$OCI_INIT" \
		-- sh ./orphan 2>"$tmp/err") || status=$?
	like "-s: an orphan is reaped" "$out" \
		'^parent 1 init 1 zombie [0-9]+$'
	is "as process 1: nothing to warn of" "$(cat "$tmp/err")" ""
	status=0
	timeout -s KILL 60 unshare -pf "$OCI_INIT" -- sh -c 'sleep 60 & exit 5' || status=$?
	is "as process 1: the child's end is the end, whatever else runs" "$status" 5
	status=0
	timeout -s KILL 60 unshare -pf "$OCI_INIT" -- sh -c 'kill -TERM 1; sleep 60' || status=$?
	is "as process 1: TERM from inside is passed on" "$status" 143
else
	for t in "an orphan becomes ours and is reaped" "nothing to warn of" \
		"the child's end is the end, whatever else runs" "TERM from inside is passed on"; do
		skip "as process 1: $t" "needs root for a pid namespace"
	done
fi

: >./wait
rm -f parent
init -s -w -- sh ./orphan
like "-w: an orphan's end is reported" "$err" '[Rr]eaped'
init -- true
like "neither process 1 nor subreaper: a warning" "$err" '[Ss]ubreaper|reap'

# ---- the rest ------------------------------------------------------------------------------------

rm -f ready
sh -c '"$0" -s -p SIGTERM -- sh ./catcher & wait' "$OCI_INIT" </dev/null >/dev/null 2>&1 &
outer=$!
bg_all="$bg_all $outer"
wait_for test -e ready
inner=$(cat ready)
kill -KILL "$outer"
ok "-p SIGTERM: it ends with its parent" wait_for gone "$inner"
init -s -p NOPE -- true
isnt "-p with an unknown signal is refused" "$status" 0

init
is "no command: usage, and 1" "$status:$out:$(grep -c 'Usage: \|^usage: ' "$tmp/err")" 1::1
init -Q
is "an unknown option: usage, and 1" "$status:$out:$(grep -c 'Usage: \|^usage: ' "$tmp/err")" 1::1
printf 'echo "$0 $*"; exit 6\n' >script
chmod 755 script
init -s -- ./script a 'b c'
is "a script without #! is run by sh" "$status $out" "6 ./script a b c"
PATH=$tmp:$PATH init -s -- script
is "a script without #! that is found in PATH is run by sh" "$status $out" "6 $tmp/script "
printf '\177ELF' >foreign
chmod 755 foreign
if [ -n "$ours" ]; then
	init -s -- ./foreign
	like "a program for another machine is not a script" "$status $err" \
		'^126 .*foreign: exec format error'
else
	skip "a program for another machine is not a script" "a claim of ours"
fi

# ---- a terminal ----------------------------------------------------------------------------------

# on_pty TEXT COMMAND...: COMMAND on a terminal, where TEXT is typed when it says READY. Sets
# $status, $out.
on_pty() {
	_text=$1
	shift
	status=0
	out=$(OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/pty" -i "$_text" "$@" 2>/dev/null \
		</dev/null) || status=$?
	out=$(printf '%s\n' "$out" | tr -d '\r')
}
# Prints whether the terminal belongs to the shell that runs this.
cat >mine <<'END'
set -- $(cat /proc/$$/stat)
[ "$5" = "$8" ] && echo "mine" || echo "not mine"
END
if helper pty; then
	# A shell with job control, as at a prompt: it goes on when the job has stopped.
	cat >job <<END
set -m
"$OCI_INIT" -s -- sh ./stopped
echo "stopped \$?"
. ./mine
fg >/dev/null
echo "ended \$?"
. ./mine
END
	cat >stopped <<'END'
echo READY
read x	# and no program: a shell that has just called vfork(2) for one is not stopped
. ./mine
exit 3
END
	if [ -n "$ours" ]; then
		on_pty '\zgo\n' sh ./job
		is "^Z stops both, the shell has its prompt; fg continues both" \
			"$(printf '%s\n' "$out" | sed 's/^.Z//' |
			grep -e '^stopped [0-9]' -e mine -e '^ended' | tr '\n' ' ')" \
			"stopped 148 mine mine ended 3 mine " || diag "$out"
	else
		skip "^Z stops both, the shell has its prompt; fg continues both" "a claim of ours"
	fi
	cat >job <<END
set -m
"$OCI_INIT" -s -- sh -c 'echo READY; exec sleep 1005'
echo "ended \$?"
. ./mine
END
	on_pty '\c' sh ./job
	is "^C ends both, the shell has its prompt" \
		"$(printf '%s\n' "$out" | tail -n 2 | sed 's/^.C//' |
		tr '\n' ' ')" 'ended 130 mine '
	on_pty '\q' sh ./job
	is "the key of QUIT ends both, the shell has its prompt" \
		"$(printf '%s\n' "$out" | sed 's/.*\(ended .*\)/\1/' | tail -n 2 |
		tr '\n' ' ')" 'ended 131 mine '
	# A script has no job control: its next command must find the terminal where it was.
	on_pty '' sh -c '"$0" -s -- true; . ./mine' "$OCI_INIT"
	if [ -n "$ours" ]; then
		is "the terminal goes back to the caller" "$(printf '%s\n' "$out" | tail -n 1)" mine
	else
		skip "the terminal goes back to the caller" "a claim of ours"
	fi
	on_pty '' sh -c 'set -m; "$0" -s -- sh -c ":" & wait; . ./mine' "$OCI_INIT"
	if [ -n "$ours" ]; then
		is "in the background it leaves the terminal alone" \
			"$(printf '%s\n' "$out" | tail -n 1)" mine
	else
		skip "in the background it leaves the terminal alone" "a claim of ours"
	fi
	if [ "$uid" = 0 ]; then
		# Process 1 cannot be stopped, and nothing could continue its child.
		on_pty '\zgo\n' unshare -pf --mount-proc "$OCI_INIT" \
			-- sh -c 'echo READY; read x; echo over'
		[ -z "$ours" ] || like "as process 1: ^Z does not stop the command for ever" \
			"$out" 'over$'
		[ -n "$ours" ] || skip "as process 1: ^Z does not stop the command for ever" \
			"a claim of ours"
	else
		skip "as process 1: ^Z does not stop the command for ever" \
			"needs root for a pid namespace"
	fi
else
	skip "^Z stops both, the shell has its prompt; fg continues both" "no helper pty"
fi

# ---- the names of other inits --------------------------------------------------------------------

if [ -n "$ours" ]; then
	mkdir names
	for name in tini docker-init catatonit podman-init init; do
		ln -s "$(readlink -f "$OCI_INIT")" names/$name
	done
	# as NAME ARG...
	as() {
		status=0
		_name=$1
		shift
		OCI_TEST_MARK=$mark timeout -s KILL 60 "names/$_name" "$@" </dev/null >"$tmp/out" \
			2>"$tmp/err" || status=$?
		out=$(cat "$tmp/out")
		err=$(cat "$tmp/err")
	}
	for name in tini docker-init catatonit podman-init; do
		as $name --version
		like "$name --version: the line that docker reads" "$status $out" \
			'^0 tini version [0-9]+\.[0-9]+\.[0-9]+'
		as $name
		like "$name without a command: usage, and 1" "$status:$out:$err" \
			"^1::$name: no command given\$"
		as $name -s -- true
		is "$name -s -- true" "$status$out$err" 0
		if [ "$uid" = 0 ]; then
			status=0
			timeout -s KILL 60 unshare -pf "names/$name" </dev/null >/dev/null 2>&1 ||
				status=$?
			is "$name as process 1 without a command: 1, not a machine" "$status" 1
		fi
		: >./wait
		rm -f parent
		as $name start	# not an order to a machine
		is "$name start is a command" "$status" \
			"$(case $name in tini | docker-init) echo 127 ;; *) echo 1 ;; esac)"
	done
	for name in tini docker-init; do
		as $name -- ./not-here
		is "$name: what is not there gives 127" "$status" 127
		as $name -- ./plain
		is "$name: what cannot be executed gives 126" "$status" 126
		like "$name: a warning where nothing is reaped" "$err" 'orphans will not be reaped'
	done
	for name in catatonit podman-init; do
		as $name -- ./not-here
		is "$name: what is not there gives 1" "$status" 1
		like "$name: and one line says so" "$err" \
			"^$name: exec ./not-here: no such file or directory\$"
		: >./wait
		rm -f parent
		as $name -- sh ./orphan
		# shellcheck disable=SC2086 # words
		set -- $out
		is "$name adopts orphans without being asked" "${2:-}" "${4:-none}"
	done
	as init --version
	like "init --version is our own" "$out" '^oci-init version '
else
	for name in tini catatonit; do
		command -v $name >/dev/null || continue
		like "$name --version: the line that docker reads" "$($name --version)" \
			'^tini version [0-9]+\.[0-9]+\.[0-9]+'
	done
fi

# ---- help ----------------------------------------------------------------------------------------

init -h
is "-h succeeds" "$status" 0
init --version
is "--version succeeds" "$status" 0
isnt "--version prints a version" "$out" ""

status=0
TINI_SUBREAPER=1 TINI_KILL_PROCESS_GROUP=1 "$OCI_INIT" -- sh -c 'exit 2' 2>"$tmp/err" || status=$?
is "tini's variables are honoured" "$status $(cat "$tmp/err")" "2 "

if [ -n "$ours" ]; then
	start_init -s -P
	# asleep means waiting for signals: it does nothing else
	wait_for grep -Eq '^State:.S' "/proc/$pid/status"
	kill -TERM "$pid"
	ended
	is "-P waits until TERM" "$status" 0
	init -s -vvv -- true
	like "-vvv tells what it does" "$err" 'started true'
else
	skip "-P waits until TERM" "a claim of ours"
	skip "-vvv tells what it does" "a claim of ours"
fi

nothing_left
done_testing

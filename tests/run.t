#!/bin/sh
# run.t - `run`: output, exit status, foreground and detached, pid file, keep, standard streams.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle

run
is 'true: exit 0' "$status" 0
is 'true: nothing on stdout' "$out" ''
is 'true: nothing on stderr' "$err" ''
is 'true: the container is deleted' "$(status_of "$id")" none

argv false
run
is 'false: exit 1' "$status" 1
is 'false: nothing on stderr' "$err" ''

argv sh -c 'exit 42'
run
is 'exit 42' "$status" 42

# PID 1 ignores what it does not handle, so a child is the one that dies of a signal first.
argv sh -c 'sh -c "kill -TERM \$\$"; exit $?'
run
is 'a child that dies of a signal is 143 for its shell' "$status" 143

argv sh -c 'echo to out; echo to err >&2; cat'
status=0
echo 'to in' | OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" \
	>"$tmp/out" 2>"$tmp/err" || status=$?
is 'stdin and stdout reach the container' "$(cat "$tmp/out")" 'to out
to in'
is 'stderr reaches the container' "$(cat "$tmp/err")" 'to err'
is 'a container that reads stdin: exit 0' "$status" 0

# Relative bundle, and the bundle as current directory.
argv echo hi
(cd "$tmp" && do_runc run --bundle "${bundle##*/}" "$id" && echo "$out$err$status" >"$tmp/rel")
is '--bundle may be relative' "$(cat "$tmp/rel")" hi0
(cd "$bundle" && do_runc run "$id" && echo "$out$err$status" >"$tmp/rel")
is 'the current directory is the default bundle' "$(cat "$tmp/rel")" hi0
do_runc run -b "$bundle" "$id"
is '-b' "$out" hi
do_runc run "--bundle=$bundle" "$id"
is '--bundle=DIR' "$out" hi
do_runc run "$id" --bundle "$bundle"
is 'options may follow the id' "$out" hi

# Foreground: signals sent to the runtime reach the container.
script <<'END'
trap 'echo got TERM; exit 7' TERM
echo ready
while :; do sleep 0.05; done
END
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" >"$tmp/sig" 2>&1 \
	</dev/null &
pid=$!
bg_all="$bg_all $pid"
wait_for has_line "$tmp/sig" ready
kill -TERM $pid
status=0
wait $pid || status=$?
is 'SIGTERM to the runtime is forwarded' "$(cat "$tmp/sig")" 'ready
got TERM'
is 'SIGTERM to the runtime: the status is that of the container'"'"'s' "$status" 7
is 'SIGTERM to the runtime: the container is deleted' "$(status_of "$id")" none

# Death by a signal from outside: 128+n.
argv sleep 1000
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" >"$tmp/sig" 2>&1 \
	</dev/null &
pid=$!
bg_all="$bg_all $pid"
wait_for status_is "$id" running
runc kill "$id" KILL
status=0
wait $pid || status=$?
is 'a container killed by SIGKILL: 137' "$status" 137

# Detached: the container stays, stdio is not held by the runtime.
argv sh -c 'echo started; exec sleep 1000'
do_runc run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
is 'run --detach: exit 0' "$status" 0
is 'run --detach: running' "$(status_of "$id")" running
is 'pid file holds the pid of the state' "$(cat "$tmp/pid")" "$(pid_of "$id")"
is 'pid file has no newline' "$(wc -l <"$tmp/pid" | tr -d ' ')" 0
ok 'the pid is alive' alive "$(cat "$tmp/pid")"
is 'the pid is PID 1 of its namespace' \
	"$(sed -n 's/^NSpid:.*\t//p' "/proc/$(cat "$tmp/pid")/status")" 1
wait_for has_line "$tmp/out" started
is 'a detached container writes to the output of the caller'"'"'s did' "$(cat "$tmp/out")" started
do_runc kill "$id" KILL
wait_for status_is "$id" stopped
is 'stopped after SIGKILL' "$(status_of "$id")" stopped
do_runc delete "$id"
is 'delete' "$status" 0

do_runc run -d --bundle "$bundle" "$id"
is 'run -d' "$(status_of "$id")" running
do_runc delete -f "$id"
is 'delete -f of a running one' "$status:$(status_of "$id")" 0:none

# --keep: stays as stopped. control: runc 1.1.5 has --keep since 1.1.
argv sh -c 'exit 3'
do_runc run --keep --bundle "$bundle" "$id"
is 'run --keep: status of the container' "$status" 3
is 'run --keep: left as stopped' "$(status_of "$id")" stopped
do_runc delete "$id"
is 'run --keep: the container can be deleted' "$status" 0

# A pipe on the other side ends when the container ends, not when a runtime process does.
argv sh -c 'exec sleep 1000'
mkfifo "$tmp/fifo"
cat "$tmp/fifo" >"$tmp/fifo.out" &
reader=$!
bg_all="$bg_all $reader"
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run -d --bundle "$bundle" "$id" </dev/null \
	>"$tmp/fifo" 2>&1
runc kill "$id" KILL
ok 'no runtime process keeps stdout of a detached container open' wait_for gone $reader
drop "$id"

# Closed standard descriptors (T-08): nothing of the runtime lands on 0, 1, 2.
argv sh -c 'probe fds >/tmp/fds'
config_set /root/readonly false
status=0
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" <&- >&- 2>&- || status=$?
is 'started with 0, 1 and 2 closed: exit 0' "$status" 0
is 'started with 0, 1 and 2 closed: they are /dev/null or pipes inside' \
	"$(grep -c '^[02] \(/dev/null\|pipe:\|/null\)' "$rootfs/tmp/fds")" 2
is 'no descriptor above 2 is open inside' "$(grep -c -v '^[012] ' "$rootfs/tmp/fds")" 0

# Descriptors of the caller do not get in (T-07), except the first N after 2 when asked for.
argv sh -c 'probe fds >/tmp/fds'
echo secret >"$tmp/secret"
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" \
	</dev/null >/dev/null 2>&1 7<"$tmp/secret" 9</
is 'open descriptors of the caller are closed' "$(grep -c -v '^[012] ' "$rootfs/tmp/fds")" 0
argv sh -c 'probe fds >/tmp/fds; cat <&3'
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --preserve-fds 2 --bundle "$bundle" "$id" \
	</dev/null >"$tmp/out" 2>"$tmp/err" 3<"$tmp/secret" 4</dev/zero 5<"$tmp/secret"
is '--preserve-fds 2: descriptor 3 can be read' "$(cat "$tmp/out")" secret
is '--preserve-fds 2: 3 and 4, no more' "$(sed -n 's/^\([0-9]*\) .*/\1/p' "$rootfs/tmp/fds" |
	tr '\n' ' ')" \
	'0 1 2 3 4 '

# The runtime's environment is not the container's (E-05).
argv env
OCI_LEAK=1 run
unlike 'no variable of the caller inside' "$out" '^OCI_LEAK='
is 'only what config.json says, and HOME' "$(echo "$out" | sed 's/=.*//' | sort | tr '\n' ' ')" \
	'HOME OCI_TEST_MARK PATH TERM '

# A caller that ignores SIGCHLD, as daemons do: its children are reaped by the kernel.
argv sh -c 'exit 6'
status=0
(
	trap '' CHLD
	OCI_TEST_MARK=$mark exec timeout -s KILL 20 "$RUNC" --root "$root" run --bundle "$bundle" \
		"$id"
) </dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
is 'a caller that ignores SIGCHLD: the status is that of the container all the same' "$status" 6
drop "$id"

# The state directory of a running container is removed by hand.
argv sleep 1000
background runc run --bundle "$bundle" --pid-file "$tmp/pid" "$id" 2>"$tmp/err"
wait_for status_is "$id" running
rm -rf "$root"
kill -KILL "$(cat "$tmp/pid")"
status=0
wait "$bg" || status=$?
is 'its state directory is removed under it: run ends as the program does' \
	"$status:$(cat "$tmp/err")" 137:
nothing_left 'its state directory is removed under it: nothing is left' || sweep

# Another command deletes the container, and makes one of the same name, before run has seen the
# end.
background runc run --bundle "$bundle" --pid-file "$tmp/pid" "$id" 2>"$tmp/err"
first=$bg
wait_for status_is "$id" running
do_runc delete --force "$id"
is 'deleted by another command' "$status:$err" 0:
do_runc run -d --bundle "$bundle" "$id"
is 'a second container of the same name runs' "$status:$err" 0:
status=0
wait "$first" || status=$?
is 'the first run ends without a word' "$status:$(cat "$tmp/err")" 137:
is 'a first run that ends leaves the second alone' \
	"$(status_of "$id") $(runc exec "$id" echo in)" 'running in'
drop "$id"

# Two runs at once do not disturb each other.
argv sh -c 'echo hi'
for n in 1 2 3 4; do
	(runc run --bundle "$bundle" "$id-$n" >"$tmp/par$n" 2>&1; echo "$?" >>"$tmp/par$n") &
done
wait
is 'four at once' "$(cat "$tmp/par1" "$tmp/par2" "$tmp/par3" "$tmp/par4" | tr '\n' ' ')" \
	'hi 0 hi 0 hi 0 hi 0 '

nothing_left
done_testing

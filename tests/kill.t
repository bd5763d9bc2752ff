#!/bin/sh
# kill.t - `kill`: which signals, to whom, in which state (checklist V-16, V-17, L-30, L-31).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
config_set /root/readonly false

# The container notes each signal it gets; 35 stands for the realtime ones.
script <<'END'
for s in HUP INT QUIT USR1 USR2 TERM CONT WINCH 35 37; do
	trap "echo $s >>/tmp/got" $s
done
: >/tmp/ready
while :; do sleep 0.05; done
END
do_runc run --detach --bundle "$bundle" "$id"
wait_for test -e "$rootfs/tmp/ready"

got() {	# WORD SIGNAL: the container got WORD and nothing else
	: >"$rootfs/tmp/got"
	do_runc kill "$id" ${2:+"$2"}
	wait_for test -s "$rootfs/tmp/got"
	is "kill ${2:-without a signal}" "$status $(cat "$rootfs/tmp/got") $err" "0 $1 "
}

got TERM ''
got TERM TERM
got TERM SIGTERM
got TERM term
got TERM sigterm
got TERM 15
got HUP HUP
got USR1 10
got USR2 SIGUSR2
got WINCH winch
got CONT CONT
# control: runc 1.1.5 knows the realtime ones by number only, as we must at least.
got 35 35
# Signals that control systemd as init, counted as glibc and the engines do. control: runc has no
# such names.
got 37 SIGRTMIN+3

: >"$rootfs/tmp/got"
do_runc kill "$id" 0
is 'kill 0 of a live one: exit 0' "$status" 0
do_runc kill --all "$id" USR1
is 'kill --all is accepted' "$status" 0
wait_for has_line "$rootfs/tmp/got" USR1
is 'kill --all reaches init' "$(sort -u "$rootfs/tmp/got")" USR1

for s in 999 65 -1 NOSUCH SIGNOSUCH TERMX 1x 0x9 ' 9' SIG 4294967305; do
	do_runc kill "$id" "$s"
	# control: runc 1.1.5 takes the last one for 9.
	like "kill '$s' is refused" "$status $err" '^1 .*(unknown signal|invalid|flag)'
done
is 'kill with an unknown signal: nothing happens to the container' "$(status_of "$id")" running
do_runc kill "$id" KILL
is 'kill KILL of a running container' "$status" 0
wait_for status_is "$id" stopped
is 'after kill KILL of a running container the status is stopped' "$(status_of "$id")" stopped
do_runc kill "$id" 0
like 'kill 0 of a stopped one' "$status $err" '^1 .*container not running'
do_runc kill "$id" KILL
like 'kill of a stopped one' "$status $err" '^1 .*container not running'
# V-16; control: runc 1.1.5 says so too.
do_runc kill --all "$id" KILL
is 'kill --all of a stopped one: exit 0' "$status" 0
runc delete "$id"
do_runc kill "$id" KILL
like 'kill of an unknown one' "$status $err" '^1 .*container does not exist'

# A created one.
argv sleep 1000
create
do_runc kill "$id" KILL
is 'kill KILL of a created one' "$status" 0
wait_for status_is "$id" stopped
is 'after kill KILL of a created container the status is stopped' "$(status_of "$id")" stopped
do_runc delete "$id"
is 'delete right after kill KILL of a created container' "$status" 0

# KILL, and delete at once, which waits for the end of init.
n=0
for _ in 1 2 3 4 5 6 7 8 9 10; do
	runc run -d --bundle "$bundle" "$id" >/dev/null 2>&1
	runc kill "$id" KILL
	runc delete "$id" 2>>"$tmp/refused" || n=$((n + 1))
	drop "$id"
done
is 'kill KILL; delete, ten times: none is refused' "$n" 0

# All processes die with PID 1 of a pid namespace.
argv sh -c 'sleep 1000 & sleep 1000 & exec sleep 1000'
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
wait_for members_are 3
pids=$(cat "$(own_cgroup)/cgroup.procs")
runc kill "$id" KILL
n=0
for p in $pids; do
	ok "process $((n += 1)) dies" wait_for gone "$p"
done
drop "$id"

# Without a pid namespace KILL must reach every process of the cgroup (V-17, NS-14).
config_set /linux/namespaces '[{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]'
do_runc run -d --bundle "$bundle" "$id"
is 'without a pid namespace: runs' "$status" 0
wait_for members_are 3
pids=$(cat "$(own_cgroup)/cgroup.procs")
do_runc kill "$id" KILL
is 'without a pid namespace: kill KILL succeeds' "$status" 0
n=0
for p in $pids; do
	# control: runc 1.1.5 needs --all for this.
	ok "without a pid namespace process $((n += 1)) dies too" wait_for gone "$p"
done
do_runc delete --force "$id"
is 'without a pid namespace: delete --force succeeds' "$status" 0
for p in $pids; do
	wait_for gone "$p"
done

# The same at delete: init is dead, its children are not.
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
wait_for members_are 3
pids=$(cat "$(own_cgroup)/cgroup.procs")
kill -KILL "$(cat "$tmp/pid")"
wait_for status_is "$id" stopped
do_runc delete --force "$id"
is 'delete when only init is dead: exit 0' "$status" 0
n=0
for p in $pids; do
	ok "process $((n += 1)) of it is gone" wait_for gone "$p"
done

# The pid of a stopped container is another process now: nothing happens to that.
argv sleep 1000
do_runc run -d --bundle "$bundle" "$id"
runc kill "$id" KILL
wait_for status_is "$id" stopped
background sleep 1000
before=$(cat "/proc/$bg/cgroup")
json_set "$root/$id/state.json" /init_process_pid "$bg"
do_runc kill --all "$id" KILL
is 'kill --all of a stopped one whose pid is in use again: exit 0' "$status" 0
is 'kill --all of a stopped one: a process that has its pid stays in its cgroups' \
	"$(cat "/proc/$bg/cgroup")" "$before"
ok 'kill --all of a stopped one: a process that has its pid lives' alive "$bg"
do_runc delete "$id"
is 'delete of a stopped one whose pid is in use again' "$status $(cgroups_left)" '0 '
kill -KILL "$bg"

nothing_left
done_testing

#!/bin/sh
# create-start.t - the life of a container: create, start, states between, errors in the wrong one.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle

# The walk of runc's README: create, list, start, list, delete.
argv sh -c 'until [ -e /tmp/end ]; do sleep 0.05; done'
create
is 'create: exit 0' "$status" 0
is 'create: silent' "$out$err" ''
do_runc list
like 'list shows it as created' "$out" "^$id +[0-9]+ +created +$bundle "
do_runc start "$id"
is 'start: exit 0' "$status" 0
is 'start: silent' "$out$err" ''
do_runc list
like 'list shows it as running' "$out" "^$id +[0-9]+ +running +$bundle "
: >"$rootfs/tmp/end"
wait_for status_is "$id" stopped
do_runc list
like 'list shows it as stopped with pid 0 after its end' "$out" "^$id +0 +stopped +$bundle "
do_runc delete "$id"
is 'delete: exit 0' "$status" 0
is 'delete: silent' "$out$err" ''
do_runc list -q
is 'list is empty' "$out" ''
nothing_left 'nothing is left of the walk'

# Created: init is there but args have not been executed.
argv sh -c 'echo started >/tmp/mark; exec sleep 1000'
config_set /root/readonly false
create --pid-file "$tmp/pid"
is 'after create the status is created' "$(status_of "$id")" created
pid=$(cat "$tmp/pid")
ok 'pid file holds a live pid' alive "$pid"
is 'the state has the same pid' "$(pid_of "$id")" "$pid"
nok 'the program has not run yet' test -e "$rootfs/tmp/mark"
isnt 'create: the pid does not execute the program yet' \
	"$(tr '\0' ' ' <"/proc/$pid/cmdline")" 'sleep 1000 '
is 'init is not a child of a lingering runtime' \
	"$(grep -l -s "OCI_TEST_MARK=$mark" "/proc/$(sed -n 's/^PPid:\t//p' \
	"/proc/$pid/status")/environ")" ''

# Verbs that are refused in this state.
do_runc delete "$id" --nonsense
isnt 'an unknown option is refused' "$status" 0
is 'create with an unknown option makes no container' "$(status_of "$id")" created
create
is 'create with the same id: exit 1' "$status" 1
like 'create with the same id: message' "$err" 'already exists'
is 'create with the same id: the first container does not change' \
	"$(status_of "$id"):$(pid_of "$id")" "created:$pid"
do_runc run --bundle "$bundle" "$id"
is 'run with the same id: exit 1' "$status" 1
like 'run with the same id: message' "$err" 'already exists'
is 'run with the same id: the first container does not change' \
	"$(status_of "$id"):$(pid_of "$id")" "created:$pid"

do_runc start "$id"
is 'start of a created container: exit 0' "$status" 0
is 'after start the status is running' "$(status_of "$id")" running
wait_for test -e "$rootfs/tmp/mark"
is 'now the program runs, under the same pid' "$(pid_of "$id")" "$pid"
is 'start: the pid executes the program that was asked for' \
	"$(tr '\0' ' ' <"/proc/$pid/cmdline")" 'sleep 1000 '

do_runc start "$id"
is 'start again: exit 1' "$status" 1
like 'start again: message' "$err" 'cannot start an already running container'
do_runc delete "$id"
is 'delete of a running one: exit 1' "$status" 1
like 'delete of a running one: message' "$err" \
	"cannot delete container $id that is not stopped: running"
is 'delete of a running one: it still runs' "$(status_of "$id")" running

runc kill "$id" KILL
wait_for status_is "$id" stopped
is 'after kill KILL the status is stopped' \
	"$(status_of "$id")" stopped
do_runc start "$id"
is 'start of a stopped one: exit 1' "$status" 1
like 'start of a stopped one: message' "$err" 'cannot start a container that has stopped'
do_runc kill "$id" TERM
is 'kill of a stopped one: exit 1' "$status" 1
like 'kill of a stopped one: message' "$err" 'container not running'
do_runc delete "$id"
is 'delete of a stopped container: exit 0' "$status" 0
is 'after delete the container does not exist' "$(status_of "$id")" none

# Delete of a created one: allowed, the program never runs (V-18).
rm -f "$rootfs/tmp/mark"
create --pid-file "$tmp/pid"
do_runc delete "$id"
is 'delete of a created one: exit 0' "$status" 0
ok 'delete of a created one: its init is dead' gone "$(cat "$tmp/pid")"
nok 'delete of a created one: the program never ran' test -e "$rootfs/tmp/mark"

# Init killed before start.
create --pid-file "$tmp/pid"
kill -KILL "$(cat "$tmp/pid")"
wait_for status_is "$id" stopped
is 'created, then init killed: stopped' "$(status_of "$id")" stopped
do_runc start "$id"
is 'start of one whose init was killed: exit 1' "$status" 1
like 'start of one whose init was killed: message' "$err" \
	'cannot start a container that has stopped|process is already dead'
do_runc delete "$id"
is 'delete of one whose init was killed' "$status" 0

# Concurrent starts: one wins (L-29).
create
for n in 1 2 3 4; do
	(runc start "$id" >/dev/null 2>&1 && echo started >"$tmp/start$n") &
done
wait
is 'four concurrent starts: one succeeds' "$(cat "$tmp"/start[1-4] | wc -l | tr -d ' ')" 1
is 'four concurrent starts: the container runs' "$(status_of "$id")" running
drop "$id"

# Concurrent creates of one id: one wins, and its container is complete.
for n in 1 2 3 4; do
	(runc create --bundle "$bundle" "$id" >/dev/null 2>&1 && echo created >"$tmp/create$n") &
done
wait
is 'four concurrent creates: one succeeds' "$(cat "$tmp"/create[1-4] | wc -l | tr -d ' ')" 1
do_runc start "$id"
is 'four concurrent creates: the container can be started' "$status:$(status_of "$id")" 0:running
drop "$id"

# The config is read at create: what changes later does not matter.
argv sh -c 'echo first >/tmp/which'
create
argv sh -c 'echo second >/tmp/which'
do_runc start "$id"
wait_for status_is "$id" stopped
is 'config.json changed after create: the first counts' "$(cat "$rootfs/tmp/which")" first
runc delete "$id"

# Exit status of a detached container does not matter to start.
argv false
create
do_runc start "$id"
is 'start of a program that fails at once: exit 0' "$status" 0
wait_for status_is "$id" stopped
runc delete "$id"

# Many at once, each with its own id.
argv sleep 1000
for n in 1 2 3; do
	do_runc create --bundle "$bundle" "$id-$n"
done
do_runc list -q
is 'three containers of one bundle' "$out" "$id-1
$id-2
$id-3"
for n in 1 2 3; do
	runc start "$id-$n"
done
drop "$id-2"
is 'the end of one does not touch the others' \
	"$(status_of "$id-1") $(status_of "$id-2") $(status_of "$id-3")" 'running none running'
drop "$id-1"
drop "$id-3"

# pid file: mode and place.
(umask 077 && runc create --bundle "$bundle" --pid-file "$tmp/pid.new" "$id")
is 'pid file obeys the umask' "$(stat -c %a "$tmp/pid.new")" 600
runc delete "$id"
(cd "$tmp" && runc create --bundle "$bundle" --pid-file pid.rel "$id")
ok 'a relative pid file is below the caller'"'"'s directory, not the bundle' test -s "$tmp/pid.rel"
runc delete "$id"
is 'no temporary pid file is left' "$(find "$tmp" -maxdepth 1 -name '*pid*' | sed 's|.*/||' | sort |
	tr '\n' ' ')" 'pid pid.new pid.rel '

nothing_left
done_testing

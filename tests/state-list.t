#!/bin/sh
# state-list.t - `state` and `list`: what they say, in which form (checklist O-01 to O-05, F-01).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
argv sleep 1000
config_set /annotations '{"org.example.key":"a \"value\"","b":""}'

do_runc list
is 'list without a container: exit 1 for an explicit root that is missing, or only the header' \
	"$(case $status:$out \
	in 1:) echo fine ;; 0:ID*PID*STATUS*) echo fine ;; *) echo "$status:$out" ;; esac)" fine
[ -d "$root" ] || mkdir -m 700 "$root"
do_runc list
like 'list of an empty root: the header' "$out" '^ID  +PID  +STATUS  +BUNDLE  +CREATED  +OWNER$'
is 'list of an empty root: exit 0' "$status" 0
do_runc list -f json
is 'list -f json of an empty root: null' "$out" null
do_runc list -q
is 'list -q of an empty root: nothing' "$out" ''
do_runc list --format yaml
is 'list --format yaml: exit 1' "$status" 1
like 'list --format yaml: message' "$err" 'invalid format option'

create --pid-file "$tmp/pid"
pid=$(cat "$tmp/pid")
state "$id"
is 'state: exit 0' "$status" 0
cp "$tmp/out" "$tmp/s"
is 'state: keys and their order' "$(sed -n 's/^  "\([a-zA-Z]*\)".*/\1/p' "$tmp/s" | tr '\n' ' ')" \
	'ociVersion id pid status bundle rootfs created annotations owner '
like 'state: ociVersion is a version' "$(json_get "$tmp/s" /ociVersion)" '^1\.[0-9]+\.[0-9]+'
is 'state: id' "$(json_get "$tmp/s" /id)" "$id"
is 'state: pid' "$(json_get "$tmp/s" /pid)" "$pid"
is 'state: status' "$(json_get "$tmp/s" /status)" created
is 'state: bundle' "$(json_get "$tmp/s" /bundle)" "$bundle"
is 'state: rootfs' "$(json_get "$tmp/s" /rootfs)" "$rootfs"
like 'state: created is RFC 3339, UTC' "$(json_get "$tmp/s" /created)" \
	'^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{1,9})?Z$'
is 'state: annotations' "$(json_get "$tmp/s" /annotations/org.example.key)$(json_get "$tmp/s" \
	/annotations/b)" \
	'a "value"'
is 'state: owner is empty' "$(json_get "$tmp/s" /owner)" ''
is 'state: no newline at the end' "$(tail -c 1 "$tmp/s")" '}'

runc start "$id"
state "$id"
is 'running: pid and status' "$(json_get "$tmp/out" /pid) $(json_get "$tmp/out" /status)" \
	"$pid running"
is 'the rest of the state does not change' "$(grep -v '"status"' "$tmp/out")" \
	"$(grep -v '"status"' "$tmp/s")"

do_runc list
is 'list: two lines' "$(wc -l <"$tmp/out" | tr -d ' ')" 2
like 'list: the row' "$out" "^$id +$pid +running +$bundle +[0-9T:.-]+Z +root *$"
is 'list: columns stand below their heads' \
	"$(awk 'NR == 1 { for (i = 1; i <= NF; i++) h = h " " index($0, $i) }
		NR == 2 {
			p = 1
			for (i = 1; i <= NF; i++) {
				q = index(substr($0, p), $i) + p - 1
				r = r " " q
				p = q + length($i)
			}
		}
		END { print h == r ? "yes" : h " /" r }' "$tmp/out")" yes
do_runc list --format json
is 'list json: one line' "$(wc -l <"$tmp/out" | tr -d ' ')" 1
is 'list json: an array of the state, owner filled in' \
	"$(json_get "$tmp/out" /0/id) $(json_get "$tmp/out" /0/pid) $(json_get "$tmp/out" \
	/0/status) $(json_get "$tmp/out" /0/owner)" \
	"$id $pid running root"
is 'list json: nothing more' "$(json_get "$tmp/out" /1)" ''
do_runc list -q
is 'list -q' "$out" "$id"

# State directory: no other user may look into or change it, even under umask 0 (F-01, threats).
(umask 0 && runc create --bundle "$bundle" --pid-file "$tmp/pid2" "$id-2")
is 'the root is 0700' "$(stat -c %a "$root")" 700
is 'the directory of a container is 0711' "$(stat -c %a "$root/$id-2")" 711
is 'no file in it can be read or written by others (the fifo may be written)' \
	"$(find "$root/$id-2" -type f -perm /077 ! -type l | sed 's|.*/||')" ''
do_runc list -q
is 'two ids, sorted' "$out" "$id
$id-2"

# Init is replaced: a dead pid is stopped, although another process has the number now (O-03).
kill -KILL "$(cat "$tmp/pid2")"
wait_for gone "$(cat "$tmp/pid2")"
state "$id-2"
is 'stopped: pid 0' "$(json_get "$tmp/out" /status) $(json_get "$tmp/out" /pid)" 'stopped 0'
do_runc list
like 'list: stopped with pid 0' "$out" "^$id-2 +0 +stopped "
runc delete "$id-2"

# A directory that is not a container does not spoil the list.
mkdir "$root/$id-x"
do_runc list -q
is 'list skips a directory without a state' "$(echo "$out" | grep -x "$id")" "$id"
is 'list of a directory without a state exits with 0' "$status" 0
rmdir "$root/$id-x"

# A container that is being made is a directory of our mode, first without a lock and then with one.
mkdir -m 711 "$root/$id-x"
do_runc list
is 'list: nothing is said of one that is being made' "$status:$err" 0:
chmod 755 "$root/$id-x"
do_runc list
like 'list: a directory that is not ours is named' "$status $err" \
	"^0 load container $id-x: container does not exist"
if helper lock; then
	"$HELPERS/lock" "$root/$id-x" env OCI_TEST_MARK="$mark" "$RUNC" --root "$root" list >"$tmp/out" \
		2>"$tmp/err"
	is 'list: nothing is said of one that is locked' "$(cat "$tmp/err")" ''
	# pause, update and checkpoint hold this lock while they work.
	"$HELPERS/lock" "$root/$id" env OCI_TEST_MARK="$mark" "$RUNC" --root "$root" state "$id" \
		>"$tmp/out"
	is 'state: one that runs and is locked is running' "$(json_get "$tmp/out" /status)" running
else
	skip 'one that is locked' 'the helper lock is not built'
fi
rmdir "$root/$id-x"

# A state.json that is JSON, but not the state of a container.
for text in '{}' '[]' '{"id":5}' '{"id":"x","init_process_pid":"1"}' \
	'{"id":"x","cgroup_paths":[]}'; do
	mkdir "$root/$id-x"
	echo "$text" >"$root/$id-x/state.json"
	for verb in state kill ps pause exec; do
		do_runc $verb "$id-x" true
		like "$verb with a state.json of $text" "$status $(error_lines "$tmp/err") $err" \
			'^(1|255) 1 .*level=error'
	done
	do_runc list
	like "list with a state.json of $text" "$status $err" "^0 load container $id-x: "
	do_runc list -q
	is "list -q with a state.json of $text: it has its id" \
		"$status:$err:$(echo "$out" | grep -c "^$id-x$")" 0::1
	do_runc delete --force "$id-x"
	rm -rf "${root:?}/$id-x"
done

state "$id-unknown"
is 'state of an unknown id: exit 1' "$status" 1
like 'state of an unknown id: message' "$err" 'container does not exist'
is 'state of an unknown id: one line, nothing on stdout' "$(error_lines "$tmp/err")$out" 1
do_runc state
isnt 'state without an id is refused' "$status" 0
do_runc state "$id" "$id"
isnt 'state with two ids is refused' "$status" 0
do_runc state "../$mark/state/$id"
is 'state of a path: exit 1' "$status" 1
like 'state of a path: refused' "$err" 'invalid container ID|does not exist'

# A bundle given by a symbolic link or relative is remembered as an absolute path (F-04).
ln -s "$bundle" "$tmp/link"
(cd "$tmp" && runc create --bundle link "$id-3")
state "$id-3"
like 'a relative bundle is remembered as absolute' "$(json_get "$tmp/out" /bundle)" "^$tmp/"
runc delete "$id-3"

# Ids are names below the root, so the root may be renamed while nothing runs.
runc delete --force "$id"
# `list` finds the status with fewer system calls than `state`.
agree() { # STATUS
	do_runc list
	is "list and state: $1" \
		"$(awk -v id="$id" '$1 == id { print $3 }' "$tmp/out") $(status_of "$id")" \
		"${1%%,*} ${1%%,*}"
}
bundle
argv sleep 1000
create --pid-file "$tmp/pid"
agree created
freezer=/sys/fs/cgroup/freezer$(sed -n 's/^[0-9]*:freezer://p' "/proc/$(cat "$tmp/pid")/cgroup")
v1_freezer() { [ -w "$freezer/freezer.state" ]; }
paused() { # NAME
	do_runc pause "$id"
	if [ "$status" != 0 ]; then
		skip "list and state: paused, $1" "$err"
		return
	fi
	agree "paused, $1"
	runc resume "$id"
}
paused 'by pause, and not started'
runc start "$id"
agree running
paused 'by pause'
# Another program may use the v1 freezer of a hybrid layout.
if v1_freezer; then
	echo FROZEN >"$freezer/freezer.state"
	wait_for has_line "$freezer/freezer.state" FROZEN
	agree 'paused, by the v1 freezer'
	kill -STOP "$(cat "$tmp/pid")"
	agree 'paused, by the v1 freezer and a stop signal'
	echo THAWED >"$freezer/freezer.state"
	wait_for has_line "$freezer/freezer.state" THAWED
	agree 'running, stopped by a signal'
	kill -CONT "$(cat "$tmp/pid")"
else
	skip 'list and state: paused, by the v1 freezer' 'no v1 freezer here'
fi
runc kill "$id" KILL
wait_for gone "$(cat "$tmp/pid")"
agree stopped
drop "$id"

# A board may have no /etc/passwd.
if [ "$uid" = 0 ] && [ -f /etc/passwd ] && unshare -m true 2>/dev/null; then
	bundle
	argv sleep 1000
	create
	is 'list without /etc/passwd: the owner is root' \
		"$(unshare \
		-m sh -c 'mount --bind /dev/null /etc/passwd && exec "$0" --root "$1" list' \
		"$RUNC" "$root" |
			grep "^$id " | awk '{ print $NF }')" root
	drop "$id"
else
	skip 'list without /etc/passwd: the owner is root' 'no root, or no mount namespace'
fi
nothing_left
done_testing

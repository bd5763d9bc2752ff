#!/bin/sh
# adopt.t - containers that runc has made and that run when the binary is exchanged.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
case $(readlink -f "$RUNC") in
*/ocibox*) ;;
*) skip_all 'this runtime is the one whose containers are adopted' ;;
esac
for old in /usr/sbin/runc /usr/bin/runc none; do
	[ ! -x "$old" ] || break
done
[ "$old" != none ] || skip_all 'no runc of the distribution here'
"$old" --version | grep -q '^runc version 1\.' || skip_all 'the runc of the distribution is not a runc 1.x'

helper lock || skip_all 'the helper lock is not built'

# before ARG...: the same as runc, by the old runtime.
before() {
	timeout -s KILL 60 env OCI_TEST_MARK="$mark" TMPDIR="$tmp/tmpdir" "$old" --root "$root" \
		"$@" \
		</dev/null >"$tmp/out" 2>"$tmp/err"
}

bundle
argv sleep 1000
config_set /annotations '{"org.example":"a=b","bundle":"no"}'
before run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id" ||
	skip_all "runc cannot run a container here: $(head -n 1 "$tmp/err")"
pid=$(cat "$tmp/pid")
before state "$id"
cp "$tmp/out" "$tmp/theirs.json"
state "$id"
is 'state: exit 0, silent' "$status $err" '0 '
cp "$tmp/out" "$tmp/ours.json"
for key in id pid status bundle rootfs created owner annotations/org.example; do
	is "state: the same $key" "$(json_get "$tmp/ours.json" /$key)" \
		"$(json_get "$tmp/theirs.json" /$key)"
done
do_runc list
like 'list' "$status $err$out" "$id +$pid +running +$bundle "
do_runc ps --format json "$id"
is 'ps' "$out" "[$pid]"
background "$HELPERS/lock" "$root/$id" sleep 1000
wait_for locked "$root/$id"
is 'while a command has its lock it is running' "$(status_of "$id")" running
do_runc list
like 'while a command has its lock: list' "$out" "$id +$pid +running +$bundle "
kill -KILL "$bg"
wait_for "$HELPERS/lock" "$root/$id"
do_runc exec "$id" sh -c 'tr "\0" " " </proc/1/cmdline; echo $OCI_TEST_MARK'
is 'exec: in its namespaces, with the environment of the bundle' "$status $out" "0 sleep 1000 $mark"
json_get "$bundle/config.json" /process >"$tmp/process.json"
json_set "$tmp/process.json" /args '["sleep","1001"]'
do_runc exec --detach --process "$tmp/process.json" --pid-file "$tmp/pid2" "$id"
is 'exec, as a shim calls it' "$status $(cat "/proc/$(cat "$tmp/pid2")/comm")" '0 sleep'
if cgroups_here; then
	is 'the process of exec is in the cgroups of the container' \
		"$(cat "/proc/$(cat "$tmp/pid2")/cgroup")" \
		"$(cat "/proc/$pid/cgroup")"
	do_runc pause "$id"
	is 'pause' "$status $(status_of "$id")" '0 paused'
	do_runc resume "$id"
	is 'resume' "$status $(status_of "$id")" '0 running'
	do_runc update --pids-limit 77 "$id"
	is 'update' "$status $err" '0 '
	do_runc events --stats "$id"
	like 'events' "$status $out" "^0 \\{\"type\":\"stats\",\"id\":\"$id\""
else
	skip 'pause' 'no cgroups here'
fi
do_runc delete "$id"
like 'delete of a running one' "$status $err" '^1 .*that is not stopped: running'
do_runc kill "$id" KILL
is 'kill' "$status $err" '0 '
wait_for status_is "$id" stopped
ok 'kill ends the process of exec as well' wait_for gone "$(cat "$tmp/pid2")"
do_runc delete "$id"
is 'delete' "$status $err" '0 '
is 'delete leaves no state and no cgroup' "$(states_left)$(cgroups_left)" ''

# A created container with hooks. runc's create has run the poststart hook already.
cat >"$tmp/hook" <<END
#!/bin/sh
echo "\$1" >>$tmp/hooks
END
chmod 755 "$tmp/hook"
config_set /hooks \
	"{\"poststart\":[{\"path\":\"$tmp/hook\",\"args\":[\"hook\",\"poststart\"]}],\"poststop\":[{\"path\":\"$tmp/hook\",\"args\":[\"hook\",\"poststop\"]}]}"
before create --bundle "$bundle" "$id"
is 'created' "$(status_of "$id")" created
do_runc start "$id"
is 'start' "$status $err $(status_of "$id")" '0  running'
do_runc start "$id"
like 'start again' "$status $err" '^1 .*cannot start an already running container'
do_runc delete --force "$id"
is 'delete --force' "$status $err" '0 '
is 'delete --force runs the hooks, each once' "$(tr '\n' ' ' <"$tmp/hooks")" 'poststart poststop '
before create --bundle "$bundle" "$id"
do_runc delete "$id"
is 'delete of a created one' "$status $err" '0 '
before create --bundle "$bundle" "$id"
do_runc create --bundle "$bundle" "$id"
like 'create with the id of a container of runc' \
	"$status $err" '^1 .*container with given ID already exists'
drop "$id"

# Without a pid namespace of its own the others must be killed one by one.
config_del /hooks
argv sh -c 'sleep 1000 & exec sleep 1000'
config_set /linux/namespaces '[{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]'
before run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
if cgroups_here; then
	wait_for members_are 2
	do_runc kill "$id" KILL
	ok 'a shared pid namespace: KILL reaches all' wait_for members_are 0
else
	skip 'a shared pid namespace: KILL reaches all' 'no cgroups here'
fi
do_runc delete --force "$id"
is 'a shared pid namespace: delete --force' "$status $err" '0 '

nothing_left
done_testing

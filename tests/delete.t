#!/bin/sh
# delete.t - `delete`: states, --force, left-overs of a crash, foreign names in the state root.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
argv sleep 1000

do_runc delete "$id"
is 'unknown id: exit 1' "$status" 1
like 'unknown id: message' "$err" 'container does not exist'
is 'unknown id: one line' "$(error_lines "$tmp/err")" 1
do_runc delete --force "$id"
is 'unknown id with --force: exit 0' "$status" 0
is 'unknown id with --force: silent' "$out$err" ''

for o in --force -f '--force=true'; do
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	do_runc delete $o "$id"
	is "delete $o of a running one" "$status:$out$err" 0:
	ok "delete $o of a running one: its init is dead when delete returns" \
		gone "$(cat "$tmp/pid")"
	is "delete $o of a running one: its cgroup is gone when delete returns" "$(cgroups_left)" ''
done
do_runc run -d --bundle "$bundle" "$id"
do_runc delete --force=false "$id"
is '--force=false does not force' "$status:$(status_of "$id")" 1:running
do_runc delete "$id" --force
is 'delete ID --force' "$status:$(status_of "$id")" 0:none

create
do_runc delete --force "$id"
is 'delete --force of a created one' "$status:$(status_of "$id")" 0:none

# Paused.
do_runc run -d --bundle "$bundle" "$id"
do_runc pause "$id"
if [ "$status" = 0 ]; then
	do_runc delete "$id"
	like 'delete of a paused one' "$status $err" '^1 .*not stopped'
	is 'delete of a paused one: it stays paused' "$(status_of "$id")" paused
	do_runc delete --force "$id"
	is 'delete --force of a paused one' "$status:$(status_of "$id")" 0:none
	is 'delete --force of a paused one: its cgroup is gone' "$(cgroups_left)" ''
else
	skip 'delete of a paused one' 'no freezer here, or pause is not there yet'
	drop "$id"
fi

# Stopped, and the cgroup removed by another process.
do_runc run -d --bundle "$bundle" "$id"
runc kill "$id" KILL
wait_for status_is "$id" stopped
for c in $(cgroups_left); do
	wait_for rmdir "$c"
done
do_runc delete "$id"
is 'delete when the cgroup is already gone' "$status:$err" 0:

# The bundle is gone.
cp -a "$bundle" "$tmp/short"
do_runc run -d --bundle "$tmp/short" "$id"
runc kill "$id" KILL
wait_for status_is "$id" stopped
rm -rf "$tmp/short"
do_runc delete "$id"
is 'delete when the bundle is gone' "$status:$err:$(status_of "$id")" 0::none

# Sub-cgroups the container made for itself.
made=
do_runc run -d --bundle "$bundle" "$id"
for c in $(cgroups_left); do
	mkdir -p "$c/sub/sub" && made=yes
done
runc kill "$id" KILL
wait_for status_is "$id" stopped
do_runc delete "$id"
is "delete removes sub-cgroups${made:+ too}" "$status:$(cgroups_left)" 0:

# A directory without a state: what a crash leaves (V-18).
mkdir -p "$root/$id-x"
do_runc delete "$id-x"
like 'a directory without a state: does not exist' "$status $err" '^1 .*does not exist'
nok 'delete of a directory without a state removes it' test -e "$root/$id-x"
mkdir -p "$root/$id-x"
do_runc delete --force "$id-x"
is 'delete --force of a directory without a state: exit 0' "$status" 0
nok 'delete --force of a directory without a state removes it' test -e "$root/$id-x"

# A state that is not JSON must not make the id undeletable, where it is known that nothing runs.
mkdir -p "$root/$id-x"
: >"$root/$id-x/state.json"
do_runc delete --force "$id-x"
# control: runc 1.1.5 keeps it for ever.
nok 'a broken state.json: --force removes the container' test -e "$root/$id-x"
mkdir -p "$root/$id-x"
echo '{"id":' >"$root/$id-x/state.json"
do_runc delete --force "$id-x"
like 'a broken state.json, and nothing else on record: --force says that it removes nothing' \
	"$status $(error_lines "$tmp/err") $err" '^1 1 .*nothing is removed'
rm -rf "${root:?}/$id-x"

# Names that are not ids never reach the file system (crun 1.27 removed the parent of the root).
mkdir -p "$tmp/decoy/inside"
mkdir -p "$root"
for name in .. . '' ../decoy ./../decoy "$tmp/decoy" 'a/b' 'a	b'; do
	do_runc delete --force "$name"
	isnt "delete --force '$name' is refused" "$status" 0
done
ok 'delete --force of a name that is not an id: the decoy is there' test -d "$tmp/decoy/inside"
ok 'delete --force of a name that is not an id: the root is there' test -d "$root"
ln -s "$tmp/decoy" "$root/$id-link"
do_runc delete --force "$id-link"
ok 'a symbolic link in the root is not followed' test -d "$tmp/decoy/inside"
rm -f "$root/$id-link"
ln -s "$tmp/decoy" "$tmp/decoy/inside/link"
mkdir -p "$root/$id-y"
ln -s "$tmp/decoy" "$root/$id-y/link"
runc delete --force "$id-y" >/dev/null 2>&1
ok 'a symbolic link inside a left-over directory is not followed' test -d "$tmp/decoy/inside"
rm -rf "${root:?}/$id-y"

# Two deletes at once: both end, one container, nothing left.
do_runc run -d --bundle "$bundle" "$id"
(runc delete --force "$id" >/dev/null 2>&1; echo $? >"$tmp/d1") &
(runc delete --force "$id" >/dev/null 2>&1; echo $? >"$tmp/d2") &
wait
is 'two concurrent delete --force' \
	"$(cat "$tmp/d1" "$tmp/d2" | sort -u | tr '\n' ' ')$(status_of "$id")" '0 none'

nothing_left
done_testing

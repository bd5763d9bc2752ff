#!/bin/sh
# damage.t - a state that cannot be read, or is of another boot: nothing that runs is forgotten.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
argv sleep 1000
start() {
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$@" "$id"
	pid=$(cat "$tmp/pid")
}
# away: removes the container, even if an old runtime cannot delete it.
away() {
	sweep
	rm -rf "${root:?}/$id"
}

# ---- state.json is damaged or gone ----

if cgroups_here; then
	for how in torn empty gone folder other; do
		start
		case $how in
		torn) echo '{"id":' >"$root/$id/state.json" ;;
		empty) : >"$root/$id/state.json" ;;
		gone) rm "$root/$id/state.json" ;;
		folder) rm "$root/$id/state.json" && mkdir "$root/$id/state.json" ;;
		other) json_set "$root/$id/state.json" /id '"other"' ;;
		esac
		state "$id"
		like "state.json $how: state says so" "$status $(error_lines "$tmp/err") $err" \
			'^1 1 .*state.json'
		do_runc list
		like "state.json $how: so does list" "$status $err" \
			"^0 load container $id: .*state.json"
		do_runc delete "$id"
		is "state.json $how: delete without --force is refused" "$status" 1
		ok "state.json $how: and it lives" alive "$pid"
		do_runc delete --force "$id"
		is "state.json $how: delete --force" "$status:$(error_lines "$tmp/err")" 0:0
		nok "state.json $how: kills it" alive "$pid"
		is "state.json $how: and leaves nothing" "$(cgroups_left)$(states_left)" ''
		away
	done
	start
	kill -KILL "$pid"
	wait_for gone "$pid"
	echo x >"$root/$id/state.json"
	do_runc delete "$id"
	is 'a damaged state.json of a dead container: delete succeeds' \
		"$status:$(cgroups_left)$(states_left)" 0:
	away
else
	skip 'state.json is damaged: its cgroups are killed' 'no cgroups here'
fi

# If its processes cannot be found, the container stays as it is.
RUNC_FLAGS='--cgroup-manager disabled'
start
cp "$root/$id/state.json" "$tmp/saved"
for how in torn gone; do
	case $how in
	torn) echo '{"id":' >"$root/$id/state.json" ;;
	gone) rm "$root/$id/state.json" ;;
	esac
	do_runc delete --force "$id"
	like "without cgroups, state.json $how: delete --force is refused" \
		"$status $(error_lines "$tmp/err") $err" \
		'^1 1 .*nothing is removed'
	ok "without cgroups, state.json $how: it lives" alive "$pid"
	ok "without cgroups, state.json $how: and its directory stays" \
		test -e "$root/$id/config.json"
done
cp "$tmp/saved" "$root/$id/state.json"
do_runc delete --force "$id"
is 'without cgroups: mended, it can be deleted' "$status:$(states_left)" 0:
RUNC_FLAGS=
away

# ---- another boot ----

# The pid and the cgroups on record are another container's now.
start
cp -a "$root/$id" "$tmp/saved.d"
mkdir "$tmp/disk"
if mount -t tmpfs none "$tmp/disk"; then
	is 'in memory: no boot is on record' "$(RUNC_FLAGS="--root $tmp/disk" &&
		runc create --bundle "$bundle" "$id-m" &&
		json_get "$tmp/disk/$id-m/state.json" /boot_id; runc delete "$id-m")" ''
	umount "$tmp/disk"
fi
sed -i 's/,"boot_id":"[^"]*"//; s/}$/,"boot_id":"0b5fdd0b-0000-0000-0000-000000000000"}/' \
	"$root/$id/state.json"
is 'of another boot: stopped' "$(status_of "$id")" stopped
# The order of an older build, which had the boot at the end.
sed -i 's/,\("namespace_ids":{[^}]*}\),\("namespace_paths":{[^}]*}\)/,\2,\1/' "$root/$id/state.json"
like 'of another boot: the state has the order of an older build' "$(cat "$root/$id/state.json")" \
	'"namespace_paths":.*"namespace_ids":.*"boot_id":"0b5fdd0b[^}]*}$'
do_runc list
like 'of another boot: list says stopped too' "$out" "$id +0 +stopped "
do_runc kill "$id" KILL
like 'of another boot: nothing is killed' "$status $err" '^1 .*not running'
do_runc exec "$id" true
like 'of another boot: exec is refused' "$err" 'cannot exec in a stopped container'
do_runc delete --force "$id"
is 'of another boot: delete --force' "$status:$err:$(states_left)" 0::
ok 'of another boot: kills nothing' alive "$pid"
cp -a "$tmp/saved.d" "$root/$id"
is 'of this boot: running' "$(status_of "$id")" running
do_runc delete --force "$id"
nok 'of this boot: killed by delete --force' alive "$pid"
away

# ---- what cannot be written into state.json ----

odd=$(printf 'b\377d')
bundle "$odd"
argv sleep 1000
do_runc run -d --bundle "$bundle" "$id"
like 'a bundle whose path is not UTF-8 is refused' "$status $(error_lines "$tmp/err") $err" \
	'^1 1 .*b[?]d.* is not UTF-8'
is 'a bundle whose path is not UTF-8 leaves nothing' "$(states_left)$(cgroups_left)" ''
away
bundle
ln -s "../$odd/rootfs" "$bundle/link"
config_set /root/path '"link"'
run
like 'a root filesystem whose path is not UTF-8 is refused' \
	"$status $(error_lines "$tmp/err") $err" \
	'^1 1 .*b[?]d.* is not UTF-8'

# There was no container, so its poststop hooks do not run and are not reported.
bundle "$odd-2"
config_set /hooks '{"poststop":[{"path":"/bin/true"}]}'
run
is 'a bundle whose path is not UTF-8, with poststop hooks: one line of error' \
	"$status:$(grep -c '' "$tmp/err")" 1:1

# ---- more annotations than a page or a megabyte ----

bundle
argv sleep 1000
long=$(head -c 70000 /dev/zero | tr '\0' '\001' | sed 's/./\\\\u0001/g')
{
	printf '"annotations":{"last":"x"'
	for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
		printf ',"a%s":"%s"' "$i" "$long"
	done
	printf '},'
} >"$tmp/annotations"
sed -i "/\"ociVersion\"/r $tmp/annotations" "$bundle/config.json"
start
is '8,400,000 bytes of annotations: it runs' "$status:$err:$(status_of "$id")" 0::running
is '8,400,000 bytes of annotations: state prints them' \
	"$(json_get "$tmp/state.out" /annotations/last)" x
do_runc delete --force "$id"
is '8,400,000 bytes of annotations: the container can be deleted' "$status:$err:$(states_left)" 0::

nothing_left
done_testing

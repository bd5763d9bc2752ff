#!/bin/sh
# faults.t - each system call of a start fails once: one line of error and nothing left, or the same container.
# SPDX-License-Identifier: MIT
#
# tests/helpers/step lets call N answer an error, for every third N (OCI_STRIDE=1 for every one). A call
# whose failure may be ignored or has a substitute must lead to a container that looks exactly like that
# of an undisturbed start: the witness prints what confines it. Anything less confined, a second line, a
# hang or a remainder is wrong. OCI_ERRNOS are the numbers to answer (12 is ENOMEM, 38 ENOSYS).
. "$(dirname "$0")/lib.sh"
need_root
helper step || skip_all 'the helper step is not built'
"$HELPERS/step" count -- true || skip_all 'ptrace is not allowed here'
stride=${OCI_STRIDE:-3}

# A config that uses much of what could fail.
bundle
mkdir -p "$bundle/data" "$rootfs/srv"
echo secret >"$rootfs/srv/secret"
config_set /process/user '{"uid":1000,"gid":1000,"umask":63,"additionalGids":[5,6]}' /process/cwd '"/tmp"' \
	/process/oomScoreAdj "$(cat /proc/self/oom_score_adj)" \
	/mounts/- '{"destination":"/data","source":"data","options":["bind","ro","nosuid"]}' \
	/linux/maskedPaths/- '"/srv/secret"' /linux/sysctl '{"net.ipv4.ip_forward":"1"}' \
	/linux/resources/pids '{"limit":50}' \
	/linux/seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["socket"],"action":"SCMP_ACT_ERRNO"}]}'
argv probe witness

faulty() { # MODE...
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark timeout -s KILL 20 "$HELPERS/step" -x probe -o "$tmp/step" "$@" -- \
		"$RUNC" --root "$root" $RUNC_FLAGS run --bundle "$bundle" "$id" </dev/null >"$tmp/out" 2>"$tmp/err"
}

# The undisturbed one, twice: the witness must not differ by itself. After the first, caches are warm.
run
is 'an undisturbed start' "$status" 0 || diag "$err"
run
cp "$tmp/out" "$tmp/good"
faulty count
is 'counting the calls changes nothing' "$(diff "$tmp/good" "$tmp/out")" ''
total=$(cat "$tmp/step")
ok 'there are calls to fail' test "$total" -gt 50

# A node that cannot be made is the host's, by a bind: one mount more, and the same device.
same() {
	grep -v '^/dev/[a-z]* .* devtmpfs ' "$tmp/out" | cmp -s "$tmp/good" -
}

# judge: sets $why to what is wrong with the last run, "" when nothing is.
judge() {
	why=
	_lines=$(grep -c -v 'level=warning' "$tmp/err")
	case $rc in
	0)
		same || why="exit 0, but the container differs: $(diff "$tmp/good" "$tmp/out" | head -n 6)"
		[ "$_lines" = 0 ] || why="$why; exit 0 with an error: $(cat "$tmp/err")"
		;;
	137) why='hangs' ;;
	1 | 255)
		[ "$_lines" = 1 ] || why="$_lines lines of error: $(cat "$tmp/err")"
		[ ! -s "$tmp/out" ] || same || why="$why; fails, but a different container ran"
		;;
	*) why="status $rc: $(cat "$tmp/err")" ;;
	esac
}

for errno in ${OCI_ERRNOS:-12 38}; do
	wrong=0
	remains=0
	failed=0
	_n=1
	while [ "$_n" -le "$total" ]; do
		rc=0
		faulty fail "$_n" "$errno" || rc=$?
		judge
		[ $rc = 0 ] || failed=$((failed + 1))
		if [ -n "$why" ]; then
			wrong=$((wrong + 1))
			[ $wrong -gt 12 ] || diag "errno $errno, call $_n ($(cat "$tmp/step")): ${why#; }"
		fi
		# The container had its life and then could not be removed: told, and `delete --force` does it.
		if [ $rc = 1 ] && same && ! clean_now; then
			runc delete --force "$id" >/dev/null 2>&1
		fi
		if ! wait_for clean_now; then
			remains=$((remains + 1))
			[ $remains -gt 12 ] || diag "errno $errno, call $_n ($(cat "$tmp/step")): left: $(left | head -n 4) / $(cat "$tmp/err")"
			runc delete --force "$id" >/dev/null 2>&1
			wait_for clean_now || diag "errno $errno, call $_n: and delete --force does not remove it"
			sweep
		fi
		_n=$((_n + stride))
	done
	diag "errno $errno: $failed of $total starts failed"
	ok "errno $errno: failures happened at all" test "$failed" -gt 0
	is "errno $errno: one line of error, or the same container" "$wrong" 0
	is "errno $errno: nothing is left, ever" "$remains" 0
done

nothing_left
done_testing

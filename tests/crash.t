#!/bin/sh
# crash.t - the runtime is SIGKILLed before each of its system calls; `delete --force` then cleans all of it.
# SPDX-License-Identifier: MIT
#
# Not at random moments: tests/helpers/step counts the calls of the runtime and of everything it makes
# until the container's program is executed, and kills the command (not its children, as a real death
# does) before call N, for every third N (OCI_STRIDE=1 for every one).
. "$(dirname "$0")/lib.sh"
need_root
helper step || skip_all 'the helper step is not built'
"$HELPERS/step" count -- true || skip_all 'ptrace is not allowed here'
stride=${OCI_STRIDE:-3}

stepped() { # MODE... -- VERB...: the runtime under step, bounded; what it says goes nowhere
	_mode=
	while [ "$1" != -- ]; do
		_mode="$_mode $1"
		shift
	done
	shift
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/step" -x "$payload" -o "$tmp/step" $_mode -- \
		"$RUNC" --root "$root" $RUNC_FLAGS "$@" </dev/null >/dev/null 2>&1
}

# walk NAME PREPARE VERB ARG...: PREPARE makes what VERB needs.
walk() {
	_name=$1
	_prepare=$2
	shift 2
	$_prepare
	stepped count -- "$@"
	_total=$(cat "$tmp/step")
	drop "$id"
	wait_for clean_now
	_wrong=0
	_died=0
	_n=1
	while [ "$_n" -le "$_total" ]; do
		$_prepare
		stepped kill "$_n" -- "$@"
		[ $? != 137 ] || _died=$((_died + 1))
		_rc=0
		runc delete --force "$id" >/dev/null 2>"$tmp/err" || _rc=$?
		if [ $_rc != 0 ] || ! wait_for clean_now; then
			_wrong=$((_wrong + 1))
			if [ $_wrong -le 10 ]; then
				diag "$_name, call $_n ($(cat "$tmp/step")): delete --force exits with $_rc; left:"
				diag "$(cat "$tmp/err"; left)"
			fi
			sweep
		fi
		_n=$((_n + stride))
	done
	diag "$_name: killed before $_died of $_total calls"
	ok "$_name: it was killed at all" test "$_died" -gt 0
	is "$_name: delete --force leaves nothing, wherever it was killed" "$_wrong" 0
}
none() { :; }
created() { runc create --bundle "$bundle" "$id" >/dev/null 2>&1; }
running() { runc run -d --bundle "$bundle" "$id" >/dev/null 2>&1; }
stopped() {
	running
	runc kill "$id" KILL
	wait_for status_is "$id" stopped
}

bundle
argv tiny
payload=tiny
walk run none run --bundle "$bundle" "$id"
walk create none create --bundle "$bundle" "$id"
argv sleep 1000
payload=busybox
walk 'run --detach' none run --detach --bundle "$bundle" "$id"
walk start created start "$id"
walk 'delete of a stopped one' stopped delete "$id"
walk 'delete --force of a running one' running delete --force "$id"
walk 'delete --force of a created one' created delete --force "$id"
config_set /linux/namespaces '[{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]'
walk 'run --detach without a pid namespace' none run --detach --bundle "$bundle" "$id"

nothing_left
done_testing

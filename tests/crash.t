#!/bin/sh
# crash.t - the runtime is SIGKILLed before each of its system calls; `delete --force` then cleans
# all of it.
# SPDX-License-Identifier: MIT
#
# Not at random moments: before call N, for every N that the row of sweep.sh asks for. The command
# is killed, not its children, as a real death does.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.sh"

walk() {
	row_begin "$@" || return 0
	shift 4
	row_count "$@"
	drop "$id"
	wait_for clear_now
	_wrong=0
	_died=0
	_n=1
	while [ "$_n" -le "$total" ]; do
		$prepare
		stepped kill "$_n" -- "$@"
		[ "$rc" != 137 ] || _died=$((_died + 1))
		_rc=0
		runc delete --force "$id" >/dev/null 2>"$tmp/err" || _rc=$?
		if [ "$_rc" != 0 ] || ! eventually clear_now; then
			_wrong=$((_wrong + 1))
			if [ "$_wrong" -le 10 ]; then
				diag "$name, call $_n ($(cat \
					"$tmp/step")): delete --force exits with $_rc; left:"
				diag "$(cat "$tmp/err"; all_left)"
			fi
			sweep
		fi
		_n=$((_n + stride))
	done
	diag "$name: killed before $_died of $total calls"
	ok "$name: it was killed at all" test "$_died" -gt 0
	is "$name: delete --force leaves nothing, wherever it was killed" "$_wrong" 0
}
rows walk

nothing_left
done_testing

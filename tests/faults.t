#!/bin/sh
# faults.t - each system call fails once, or its process dies there: one line of error and nothing
# left, or the same.
# SPDX-License-Identifier: MIT
#
# tests/helpers/step makes call N fail, for every N that the row of sweep.sh asks for. A call whose
# failure may be ignored, or has a substitute, must give what a run without a fault gives: the
# witness prints what confines the container, and facts prints its state. A container that is less
# confined, a second line of error, a hang, a terminal in raw mode or a remainder is wrong.
# OCI_ERRNOS are the errors to return (12 is ENOMEM, 38 ENOSYS); "death" ends a process of the
# runtime that is not the command itself.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/sweep.sh"
slower=5	# there are three ways to fall

# The state of the container: its status, processes, limits and files.
facts() {
	status_of "$id"
	for _c in $cgroup_parents; do
		for _d in "$_c"/*"$mark"*; do
			[ ! -d "$_d" ] ||
				echo "$(grep -c '' "$_d/cgroup.procs") $(cat "$_d/pids.max" \
				"$_d/memory.max" \
				"$_d/memory.limit_in_bytes" 2>/dev/null)"
		done
	done
	[ ! -e "$tmp/pid" ] || grep -c '' "$tmp/pid"
	# exec.fifo is not read any more, and is removed with the container.
	find "$root/$id" -mindepth 1 ! -name exec.fifo 2>/dev/null | sort
}

# A node that cannot be made is a bind of the host's: one more mount, and the same device. Numbers
# that these verbs report, and pids of the host, differ each time.
told() {
	case $verb in
	# without the owner, who may have no name just now
	list) sed 's/Z .*/Z/; s/[0-9][0-9.]*/N/g; s/  */ /g' "$tmp/out" ;;
	state | ps) sed 's/root/N/; s/[0-9][0-9.]*/N/g; s/  */ /g' "$tmp/out" ;;
	events) grep -o '"\(type\|id\|cpu\|memory\|pids\|blkio\)":["{]' "$tmp/out" ;;
	*) tr -d '\r' <"$tmp/out" | grep \
		-v "^/dev/[a-z]* .* devtmpfs \\|level=\\|\\[[0-9]\\{4\\}\\]" |
		sed 's/^pid [0-9][0-9][0-9]*/pid N/; s/;_ses[.].*/;_ses.NAME/' ;;
	esac
}
all_dead() { status_is "$id" stopped && [ -z "$(processes_left)" ]; }
# outcome FILE: writes the result of a success. A container that was started may not have written
# everything yet.
outcome() {
	[ -z "$stays" ] || wait_for grep -q stays "$tmp/out"
	[ "$verb" != kill ] || wait_for all_dead
	told >"$1"
	cp "$1" "$1.told"
	facts >>"$1"
}
same() {
	outcome "$tmp/now"
	# A kernel without keyctl(2) has no keyrings.
	if [ "${how:-}" = 38 ] && ! grep -q ';_ses[.]' "$tmp/now"; then
		sed "s/^keyring .*/$(grep '^keyring' "$tmp/good")/" "$tmp/now" >"$tmp/new"
		mv "$tmp/new" "$tmp/now"
	fi
	cmp -s "$tmp/good" "$tmp/now"
}
# On a terminal errors have the form ERRO[0000].
errors() {
	cat "$tmp/err" "$tmp/out" | grep \
		-c '^ocibox:\|level=\(error\|fatal\)\|\(ERRO\|FATA\).*\[[0-9]*\] '
}

# True if init says that it cannot wait. With a console socket it says so on the container's
# terminal.
init_says() {
	grep -q '^wait for start' "$tmp/err" ||
		{ status_is "$id" stopped && eventually grep -q '^wait for start' "$tmp/terminal"; }
}

# judge: sets $why to what is wrong with the last run, or to "".
judge() {
	why=
	# A waiting init reports its own error, because create has returned, or nearly.
	_lines=$(grep -c -v 'level=warning\|^termios\|^wait for start' "$tmp/err")
	[ -z "$tty" ] || _lines=$(errors)
	[ -z "$tty" ] || grep -q '^termios same' "$tmp/err" || why='the terminal is left raw'
	case $rc in
	0)
		# list reports a container that it cannot show, and the end of an init that waits is
		# reported too.
		[ "$verb:$_lines" = list:1 ] || same || init_says ||
			grep -q 'WARN.*terminal\|level=warning.*NOTIFY_SOCKET' "$tmp/out" \
			"$tmp/err" ||
			why="$why; exit 0, but it differs: $(diff "$tmp/good" "$tmp/now" |
			head -n 6 | cut -c 1-200)"
		[ "$_lines" = 0 ] || [ "$verb" = list ] ||
			why="$why; exit 0 with an error: $(cat "$tmp/err")"
		;;
	124) why= ;;	# it made fewer calls this time
	137) why='hangs' ;;
	1 | 255) [ "$_lines" = 1 ] || why="$why; $_lines lines of error: $(cat "$tmp/err")" ;;
	*) why="$why; status $rc: $(cat "$tmp/err")" ;;
	esac
}
# The end of a process that is the container's own already is not a failure of the runtime.
judge_death() {
	case $rc:$(errors) in
	0:0 | 137:0) why= ;;
	*) judge ;;
	esac
}

# Verbs that make a container leave nothing; an earlier container can be deleted.
remains() {
	case $prepare:$rc in
	p_none:0 | p_uncached:0 | p_*:124) runc delete --force "$id" >/dev/null 2>&1 ;;
	p_none:* | p_uncached:*)
		# The container has run, and could not be removed. This was reported, and delete
		# removes it.
		! told | cmp -s - "$tmp/good.told" || clear_now ||
			runc delete --force "$id" >/dev/null 2>&1
		;;
	*) runc delete --force "$id" >"$tmp/del" 2>&1 || [ "$(status_of "$id")" = none ] ||
		cat "$tmp/del" ;;
	esac
	eventually clear_now || all_left | head -n 4
}

each_call() { # HOW VERB...
	how=$1
	shift
	wrong=0
	remains=0
	failed=0
	_n=1
	while [ "$_n" -le "$total" ]; do
		rm -f "$tmp/pid"
		: >"$tmp/terminal"
		$prepare
		case $how in
		death) stepped slay "$_n" -- "$@"; judge_death ;;
		*) stepped fail "$_n" "$how" -- "$@"; judge ;;
		esac
		[ "$rc" = 0 ] || failed=$((failed + 1))
		if [ -n "$why" ]; then
			wrong=$((wrong + 1))
			[ "$wrong" -gt 12 ] ||
				diag "$name, $how, call $_n ($(cat "$tmp/step")): ${why#; }"
		fi
		_left=$(remains)
		if [ -n "$_left" ]; then
			remains=$((remains + 1))
			[ "$remains" -gt 12 ] ||
				diag "$name, $how, call $_n ($(cat \
				"$tmp/step")): left: $_left / $(cat "$tmp/err")"
			runc delete --force "$id" >/dev/null 2>&1
			eventually clear_now ||
				diag "$name, $how, call $_n: and delete --force does not remove it"
			sweep
		fi
		_n=$((_n + stride))
	done
	diag "$name, $how: $failed of $total failed"
	is "$name, $how: one line of error, or the same" "$wrong" 0
	is "$name, $how: nothing is left, ever" "$remains" 0
}

fall() {
	row_begin "$@" || return 0
	shift 4
	verb=$1
	stays=
	row_count "$@"
	# With a console socket it goes there.
	case " $* " in *--console-socket*) ;; *' -d '*) stays=1 ;; esac
	outcome "$tmp/good"
	drop "$id"
	wait_for clear_now
	$prepare
	stepped count -- "$@"
	same
	is "$name: twice is the same" "$(diff "$tmp/good" "$tmp/now")" ''
	drop "$id"
	wait_for clear_now
	for _how in ${OCI_ERRNOS:-12 38 death}; do
		each_call "$_how" "$@"
	done
}
rows fall

nothing_left
done_testing

#!/bin/sh
# boot-faults.t - a machine whose containers' runtimes are killed at any call, and whose process 1
# meets errors or dies.
# SPDX-License-Identifier: MIT
#
# tests/helpers/step counts from the first call of oci-init on. OCI_STRIDE=1 is every call,
# OCI_FIRST the first one;
# OCI_ERRNOS as in faults.t; OCI_MODES are those of "kinds slay fail kill" to take; "kinds" is each
# open, dup2, mmap and write, whatever the stride.
. "$(dirname "$0")/lib.sh"
helper step || skip_all 'the helper step is not built'
"$HELPERS/step" count -- true || skip_all 'ptrace is not allowed here'
. "$(dirname "$0")/machine.sh"
stride=${OCI_STRIDE:-67}
first=${OCI_FIRST:-1}

a=a-$mark
unit "$a" "$sleeper"
echo \
	'{ "defaults": { "restart": "always", "backoff": { "first": "10ms" }, "startLimit": { "count": 0 } } }' \
	>"$tmp/boot.json"

# Where /dev/console cannot be opened, descriptor 2 is the console.
running() { grep -q "^$a: up" "$con" "$tmp/boot.out"; }
# Process 1 has reported an error, and not only how the container does.
told() { cat "$con" "$tmp/boot.out" | grep '^oci-init: ' | grep -qv ' started (\|powering off'; }
met() { [ -s "$tmp/step" ] || running; }
either() { running || told; }
here() { [ -e "/proc/$machine/ns" ]; }

# machine_start MODE...: starts a machine whose socket may never appear.
machine_start() { # MODE...
	stepped="$*" nowait=1
	rm -f "$tmp/step"
	boot ocibox.config="$tmp/boot.json"
	# A machine that is killed at an early call never gets so far.
	{ eventually machine_known && machine_named 2>/dev/null; } || machine=
}
machine_known() { machine_named || gone "$boot"; }
machine_named() {
	machine=$(child "$boot") && machine=$(child "$machine") &&
		[ "$(cat "/proc/$machine/comm")" = oci-init ]
}
# machine_end: ends the machine by a signal, and prints "hangs" if it does not end.
machine_end() {
	here || { wait "$boot" 2>/dev/null; return 0; }
	kill -USR2 "$machine" 2>/dev/null
	eventually gone "$boot" || { echo hangs; kill -KILL "$machine"; }
	wait "$boot" 2>/dev/null
}

# each MODE WORD...: the fault hits every call in turn; counts what is wrong afterwards.
each() {
	mode=$1
	shift
	wrong=0 _n=$first
	while [ "$_n" -le "$total" ]; do
		# shellcheck disable=SC2086 # words
		machine_start $mode "$_n" "$@"
		why=
		case $mode in
		kill)
			# Some calls are made on the way down only.
			eventually met || why='neither meets the call nor ends; '
			[ ! -s "$tmp/step" ] || eventually gone "$machine" ||
				why="${why}is not dead"
			;;
		slay) eventually running ||
			why="the container does not run again: $(tail -n 3 "$con")" ;;
		*fail)
			eventually either || why='neither runs nor says why'
			here || why="process 1 has ended: $(tail -n 3 "$con")"
			;;
		esac
		why=$why$(machine_end)
		if [ "$mode" = kill ]; then
			# The next machine on the same cgroups.
			machine_start count
			eventually running ||
				why="$why; the next one does not run: $(tail -n 3 "$con")"
			why=$why$(machine_end)
		fi
		eventually clean_now || why="$why; left: $(left | head -n 3)"
		if [ -n "$why" ]; then
			wrong=$((wrong + 1))
			[ $wrong -gt 12 ] ||
				diag "$mode $*, call $_n ($(cat "$tmp/step" \
				2>/dev/null)): ${why#; }"
			sweep
		fi
		_n=$((_n + stride))
	done
}

machine_start count
ok 'without a fault the container runs' wait_for running
is 'without a fault the machine ends' "$(machine_end)" ''
total=$(cat "$tmp/step")
diag "$total calls"
ok 'there are calls to fail' test "$total" -gt 200
each_kind() { # KIND
	machine_start -c "$1" count
	why=
	eventually running || why='does not run; '
	why=$why$(machine_end)
	total=$(cat "$tmp/step")
	diag "$total calls of $1"
	is "each $1 fails: undisturbed it runs and ends" "$why" ''
	each "-c $1 fail" 12
	is "each $1 fails: process 1 lives, and runs the container or says what is wrong" "$wrong" 0
}

all=$total every=$stride
for mode in ${OCI_MODES:-kinds slay fail kill}; do
	total=$all
	case $mode in
	kinds)
		stride=1 first=1
		for call in open dup2 mmap write; do
			each_kind $call
		done
		stride=$every first=${OCI_FIRST:-1}
		;;
	slay)
		each slay
		is 'a runtime killed at any call: the container runs in the end' "$wrong" 0
		;;
	fail)
		for errno in ${OCI_ERRNOS:-12 24}; do
			each fail "$errno"
			is \
				"errno $errno: process 1 lives, and runs the container or says what is wrong" \
				"$wrong" 0
		done
		;;
	kill)
		each kill
		is 'process 1 killed at any call: the next one runs' "$wrong" 0
		;;
	esac
done

nothing_left
done_testing

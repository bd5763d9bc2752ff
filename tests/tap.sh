# tap.sh - prints TAP; each function takes the description first. Sourced by lib.sh.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154	# variables of lib.sh and of the tests

tap_n=0
tap_bad=0

# named DESC: sets $_name to the description without parts that differ each time, as lists and
# documents have it.
named() {
	_name=$1
	for _random in "$tmp" "$mark"; do
		while case $_name in *"$_random"*) ;; *) false ;; esac; do
			_name=${_name%%"$_random"*}${_random%%ocit*}ID${_name#*"$_random"}
		done
	done
}
pass() {
	named "$1"
	tap_n=$((tap_n + 1))
	if [ -z "$(todo "$_name")" ] || grep -Fxq "$CONTROL? $(basename "$0"): $_name" \
		"$tests/control.list"; then
		echo "ok $tap_n - $_name"
	else
		tap_bad=$((tap_bad + 1))
		echo "not ok $tap_n - $_name: it passes; by control.list $CONTROL fails it"
	fi
}
fail() {
	named "$1"
	tap_n=$((tap_n + 1))
	_todo=$(lacking "$_name")
	[ -z "$_todo" ] || { echo "ok $tap_n - $_name$_todo"; return; }
	_todo=$(todo "$_name")
	[ -n "$_todo" ] || tap_bad=$((tap_bad + 1))
	echo "not ok $tap_n - $_name$_todo"
}
# todo DESC: prints the TAP mark of a claim that the control is known to fail.
todo() {
	[ -n "${CONTROL:-}" ] || return
	grep -Fxq -e "$CONTROL $(basename "$0"): $1" -e "$CONTROL? $(basename "$0"): $1" \
		"$tests/control.list" && echo " # TODO $CONTROL is known to fail this"
}
skip() { # DESC REASON
	named "$1"
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $_name # SKIP $2"
}
# lacks CALL: true if this kernel does not have the system call; "unfiltered": if this process has a
# seccomp filter itself.
lacks() {
	case $1 in
	unfiltered) grep -q '^Seccomp:.*[12]' /proc/self/status ;;
	*) "$HELPERS/probe" lacks "$1" ;;
	esac
}
# lacking DESC: prints the TAP mark of a failed claim that needs a missing system call, according to
# tests/old.list.
lacking() {
	while read -r _call _claim; do
		# shellcheck disable=SC2254 # a pattern
		case "$(basename "$0"): $1" in $_claim) ;; *) continue ;; esac
		lacks "$_call" || continue
		case $_call in
		unfiltered) echo ' # SKIP this process has a filter itself' ;;
		*) echo " # SKIP no $_call(2)" ;;
		esac
		return
	done <"$tests/old.list"
}
diag() { printf '%s\n' "$*" | sed 's/^/# /; 8s/$/.../; 8q'; }
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
bail() { echo "Bail out! $1"; exit 1; }

# ok DESC CMD ARG...: CMD succeeds.
ok() {
	_desc=$1
	shift
	[ "$1" != wait_for ] || { shift; set -- eventually "$@"; }
	if "$@"; then
		pass "$_desc"
	else
		fail "$_desc"
		diag "failed: $*"
		return 1
	fi
}

# nok DESC CMD ARG...: CMD runs and fails. A missing command is a failure of the test.
nok() {
	_desc=$1
	shift
	[ "$1" != wait_for ] || { shift; set -- eventually "$@"; }
	if ! command -v "$1" >/dev/null; then
		fail "$_desc"
		diag "command not found: $1"
		return 1
	elif "$@"; then
		fail "$_desc"
		diag "succeeded: $*"
		return 1
	else
		pass "$_desc"
	fi
}

# verdict STATUS DESC LINE...: the result of a test; prints the lines if STATUS is not 0.
verdict() {
	if [ "$1" = 0 ]; then
		pass "$2"
		return
	fi
	fail "$2"
	shift 2
	while [ $# -gt 0 ]; do
		diag "$1"
		shift
	done
	return 1
}

# is DESC GOT WANT, isnt DESC GOT UNWANTED
is() {
	[ "$2" = "$3" ]
	verdict $? "$1" "got:  $2" "want: $3"
}

isnt() {
	[ "$2" != "$3" ]
	verdict $? "$1" "got what was not wanted: $2"
}

# like DESC GOT PATTERN: some line matches the extended regular expression. unlike: none does.
like() {
	printf '%s\n' "$2" | grep -Eq -e "$3"
	verdict $? "$1" "got:  $2" "want: /$3/"
}

unlike() {
	# 2: the pattern is wrong, which must not pass for a text that does not match.
	printf '%s\n' "$2" | grep -Eq -e "$3"
	[ $? = 1 ]
	verdict $? "$1" "got:  $2" "unwanted: /$3/"
}

done_testing() {
	echo "1..$tap_n"
	[ "$tap_bad" = 0 ]
	exit
}

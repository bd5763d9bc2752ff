#!/bin/sh
# budget.t - system calls of each verb, page faults, instructions and bytes are not above
# budget.list.
# SPDX-License-Identifier: MIT
#
# budget.list has a row a host, or compiler, and measure. A host that it does not name is skipped by
# its name, since kernel, cgroup layout and the files of /proc decide which calls are made.
# BUDGET=write prints the rows of this host. A change that costs more on purpose changes the row,
# and its commit says why.
. "$(dirname "$0")/lib.sh"

need_root
helper step || skip_all 'the helper step is not built'
"$HELPERS/step" count -- true || skip_all 'ptrace is not allowed here'
list=${BUDGET_LIST:-$tests/budget.list}

# The paths of /proc and /sys that the default config covers.
covered=0
for _p in /proc/acpi /proc/asound /proc/kcore /proc/keys /proc/latency_stats /proc/timer_list \
	/proc/timer_stats \
	/proc/sched_debug /sys/firmware /proc/scsi /proc/bus /proc/fs /proc/irq /proc/sys \
	/proc/sysrq-trigger; do
	[ ! -e "$_p" ] || covered=$((covered + 1))
done
layout=none
if grep -q ' /sys/fs/cgroup .* - cgroup2 ' /proc/self/mountinfo; then
	layout=v2
elif grep -q ' - cgroup ' /proc/self/mountinfo; then
	layout=v1x$(grep -c . /proc/self/cgroup)
fi
host=$(uname -m)/linux-$(uname -r | cut -d. -f1,2)/$layout/paths-$covered
cc=$(make -s -C "$top" print-CC 2>/dev/null)
build=$(uname -m)/$(${cc:-cc} -dumpversion 2>/dev/null || echo unknown)

# row KEY MEASURE: its value and, of calls, how often each is made ("NUMBER:TIMES ...").
row() {
	awk -v key="$1" -v what="$2" \
		'$1 == key && $2 == what { $1 = $2 = ""; sub(/^ +/, ""); print }' "$list" 2>/dev/null
}

# within KEY MEASURE VALUE [CALLS]
within() {
	_row=$(row "$1" "$2")
	if [ "${BUDGET:-}" = write ]; then
		printf '%s\n' "$1 $2 $3${4:+ $4}"
	elif [ -z "$_row" ]; then
		skip "$2: not above its budget" "budget.list has no $1"
	elif [ "$3" -le "${_row%% *}" ]; then
		pass "$2: not above its budget"
	else
		fail "$2: not above its budget"
		diag "$3 instead of ${_row%% *} on $1:"
		[ -z "${4:-}" ] || diag "$(printf '%s\n' "${_row#* }" "$4" | tr ' ' ':' | awk -F: '
			FILENAME != "-" && $1 == "call" { name[$2] = $3; next }
			FNR == 1 { for (i = 1; i < NF; i += 2) had[$i] = $(i + 1) }
			FNR == 2 { for (i = 1; i < NF; i += 2) if ($(i + 1) > had[$i] + 0)
				printf "%s %d instead of %d\n", $i in name ? name[$i] : "call " $i,
					$(i + 1), had[$i] }
			' "$tmp/calls" -)"
	fi
}
# The names of the numbers, where there is a compiler.
echo '#include <sys/syscall.h>' | ${cc:-cc} -E -dM - 2>/dev/null |
	sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/call:\2:\1/p' >"$tmp/calls"

# The runtime gets nothing from the caller: no variables, no descriptors. The root is on a tmpfs.
mkdir "$tmp/r"
mount -t tmpfs none "$tmp/r"
root=$tmp/r/root
alone() {
	env -i PATH="$PATH" OCI_TEST_MARK="$mark" "$@" </dev/null >"$tmp/out" 2>"$tmp/err" 3>&- \
		4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
}

# enough KEY MEASURE VALUE: true if VALUE is within the budget, so it need not be measured again. A
# race can only add to it.
enough() {
	_row=$(row "$1" "$2")
	[ "${BUDGET:-}" != write ] && [ "${3:-0}" -le "${_row%% *}" ] 2>/dev/null
}

# calls MEASURE BEFORE ARG...: the fewest of eight times, or of fewer. BEFORE is a command.
calls() {
	_what=$1 _before=$2 _best='' _each=''
	shift 2
	for _try in 1 2 3 4 5 6 7 8; do
		$_before || bail "cannot prepare $_what"
		alone "$HELPERS/step" -x tiny -o "$tmp/tally" tally -- "$RUNC" --root "$root" \
			"$@" ||
			bail "$_what fails: $(cat "$tmp/err")"
		read -r _n <"$tmp/tally"
		[ -z "$_best" ] || [ "$_n" -lt "$_best" ] || continue
		_best=$_n
		_each=$(sed 1d "$tmp/tally" | tr ' \n' ': ')
		! enough "$host" "calls:$_what" "$_best" || break
	done
	within "$host" "calls:$_what" "$_best" "${_each% }"
}

bundle
argv tiny
# made [ID]
made() { drop "${1:-c}"; alone "$RUNC" --root "$root" create --bundle "$bundle" "${1:-c}"; }
running() { made && alone "$RUNC" --root "$root" start c; }
three() { made && made c-2 && made c-3; }
none() { drop c; :; }
ended() { running && alone "$RUNC" --root "$root" kill c KILL && eventually status_is c stopped; }

# Once, for the directory and the cache.
made && drop c
calls run none run --bundle "$bundle" c
calls run-without-cgroups none --cgroup-manager disabled run --bundle "$bundle" c
calls create none create --bundle "$bundle" c
calls start made start c
argv probe stay
calls state running state c
calls list running list
calls list-quiet running list -q
calls list-of-three three list
drop c-2
drop c-3
calls exec running exec c tiny
calls kill running kill c CONT
calls delete ended delete c
running

# faults MEASURE ARG...: of a process that was run before.
faults() {
	_what=$1 _best=''
	shift
	for _try in 1 2 3 4 5 6 7 8; do
		alone "$HELPERS/step" -o "$tmp/faults" faults -- "$RUNC" "$@" || bail "$_what fails"
		read -r _n <"$tmp/faults"
		[ -n "$_best" ] && [ "$_n" -ge "$_best" ] || _best=$_n
		! enough "$host" "faults:$_what" "$_best" || break
	done
	# A row has four more than was counted: one program made 19 to 22 within one boot, and the
	# cause is not known.
	[ "${BUDGET:-}" != write ] || _best=$((_best + 4))
	within "$host" "faults:$_what" "$_best"
}
faults version --version
faults state --root "$root" state c

# instructions MEASURE ARG...: thousands. A row has 3 % more than was counted, since the length of
# names, and where the linker puts a string, cost some.
instructions() {
	_what=$1
	shift
	if ! command -v valgrind >/dev/null 2>&1; then
		skip "instructions:$_what: not above its budget" 'valgrind is not installed'
		return
	fi
	alone valgrind --tool=callgrind --callgrind-out-file="$tmp/callgrind" "$RUNC" "$@" ||
		bail "$_what fails: $(cat "$tmp/err")"
	_n=$(awk '$1 == "totals:" { print int($2 / 1000) + 1 }' "$tmp/callgrind")
	[ "${BUDGET:-}" != write ] || _n=$((_n + _n * 3 / 100 + 1))
	within "$build" "instructions:$_what" "$_n"
}
instructions spec spec --bundle "$tmp"
rm -f "$tmp/config.json"
instructions state --root "$root" state c
drop c

[ "$RUNC" != "$top/build/bin/runc" ] || within "$build" bytes "$(wc -c <"$top/build/ocibox")"

umount "$tmp/r"
[ "${BUDGET:-}" != write ] || exit 0
nothing_left
done_testing

#!/bin/sh
# namespace.t - what a start costs with and without a copy of the host's mounts (Linux 7.0): for a
# machine of scripts/vm, `scripts/vm --kernel new v2 $PWD/tests/bench/namespace.t`.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC1091,SC2034,SC2154	# lib.sh is beside it in the machine
. "$(dirname "$0")/lib.sh"
need_root
helper old
helper step
bundle
argv tiny
config_set /linux/namespaces/- '{"type":"cgroup"}'
RUNC_FLAGS=--debug
run
like 'the host'"'"'s mounts are not copied' "$err" 'no mount of the host is copied'

# The second way is that of older kernels: a filter takes OPEN_TREE_NAMESPACE away.
cat >"$tmp/starts" <<'END'
n=0
while [ $n -lt 100 ]; do
	n=$((n + 1))
	"$1" --root "$2" run --bundle "$3" x$n </dev/null || exit 1
done
END
starts() { # WAY: milliseconds of one
	_began=$(cut -d ' ' -f 1 /proc/uptime)
	case $1 in
	alone) sh "$tmp/starts" "$RUNC" "$root" "$bundle" ;;
	copied) "$HELPERS/old" -n sh "$tmp/starts" "$RUNC" "$root" "$bundle" ;;
	esac || diag "$1: a start failed"
	_ended=$(cut -d ' ' -f 1 /proc/uptime)
	echo "$_began $_ended" | awk '{ printf "%.2f\n", ($2 - $1) * 10 }'
}
measure() {
	: >"$tmp/alone"
	: >"$tmp/copied"
	for turn in 1 2 3 4 5 6 7 8 9 10; do
		for way in alone copied; do starts $way >>"$tmp/$way"; done
		# scripts/vm ends a machine that says nothing for minutes.
		diag "$turn of 10: $(tail -qn 1 "$tmp/alone" "$tmp/copied" | tr '\n' ' ')ms a start"
	done
	for way in alone copied; do
		spread=$(sort -n "$tmp/$way" | awk '{ v[NR] = $1 }
			END { printf "%s ms a start, %s to %s", v[5], v[1], v[NR] }')
		diag "host with $(grep -c . /proc/self/mountinfo) mounts, $way: $spread"
	done
	pass "1,000 starts each way, $1"
}
measure 'a host with few mounts'
mkdir "$tmp/many"
mount -t tmpfs many "$tmp/many"
n=0
while [ $n -lt 2000 ]; do
	n=$((n + 1))
	mkdir "$tmp/many/$n"
	mount -t tmpfs many "$tmp/many/$n"
done
measure 'a host with 2,000 mounts more'
umount -l "$tmp/many"
done_testing

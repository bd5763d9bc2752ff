# engines-left.sh - what an engine leaves, and its end; sourced by scripts/engines.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154	# its variables

mounts() { cut -d ' ' -f 3-5 /proc/self/mountinfo | sort; }
zombie_or_gone() { ! grep -qs '^State:[^Z]*$' "/proc/$1/status"; }

processes_left() {
	local p
	for p in $(suspects); do
		# A subshell of this script has its command line.
		zombie_or_gone "$p" || grep -qsz "^scripts/engines$" "/proc/$p/cmdline" || echo "$p"
	done
}
# In our pid namespace every other process is left by the engine; with systemd, those that belong to
# us.
suspects() {
	if [ "$CGROUPS" = cgroupfs ]; then
		printf '%s\n' /proc/[0-9]*
	else
		grep -lsa -e "$mark" -e "$work" /proc/[0-9]*/{cgroup,cmdline,environ}
	fi | cut -d / -f 3 | sort -u
}

left() {
	local p
	for p in $(processes_left); do
		echo "process $p: $(tr '\0' ' ' 2>/dev/null <"/proc/$p/cmdline")"
	done
	mounts | diff "$work/mounts" - | sed -n 's/^> /mount /p'
	# podman does not remove conmon's own cgroup, and makes directories where no hierarchy is
	# mounted
	find /sys/fs/cgroup -type d -path "*/$mark*/*" ! -name conmon ! -fstype tmpfs 2>/dev/null |
		sed 's/^/cgroup /'
	# a container of the runtime, in whatever root the engine uses
	find /run /run/user/* "$work" -xdev -name state.json 2>/dev/null | sed 's/^/state /'
}
nothing_left() { [ -z "$(left)" ]; }

sweep_cgroups() {
	local i all
	find /sys/fs/cgroup -depth -path "*/$mark*" -fstype tmpfs -delete
	all=$(find /sys/fs/cgroup -depth -type d \( -name "$mark" -o -path "*/$mark/*" \) \
		2>/dev/null)
	for i in $all; do
		[ ! -e "$i/freezer.state" ] || echo THAWED >"$i/freezer.state"
		rmdir "$i"
	done
	[ -z "$all" ]
}

sweep() {
	local i
	for i in $(processes_left); do
		kill -KILL "$i" 2>/dev/null
	done
	until_ok sweep_cgroups
}

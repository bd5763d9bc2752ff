# engines-left.sh - what an engine leaves behind, and its end; sourced by scripts/engines.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154	# its variables

mounts() { cut -d ' ' -f 3-5 /proc/self/mountinfo | sort; }
zombie_or_gone() { ! grep -qs '^State:[^Z]*$' "/proc/$1/status"; }

# In our pid namespace, everybody but us is a leftover of the engine's. With systemd, who has to do with us.
processes_left() {
	local p
	for p in /proc/[0-9]*; do
		p=${p#/proc/}
		# A subshell of ours has our command line.
		zombie_or_gone "$p" || grep -qsz "^scripts/engines$" "/proc/$p/cmdline" || ! concerns_us "$p" || echo "$p"
	done
}
concerns_us() {
	[ "$CGROUPS" = cgroupfs ] || grep -qsa -e "$mark" -e "$work" "/proc/$1/"{cgroup,cmdline,environ}
}

left() {
	local p
	for p in $(processes_left); do
		echo "process $p: $(tr '\0' ' ' 2>/dev/null <"/proc/$p/cmdline")"
	done
	mounts | diff "$work/mounts" - | sed -n 's/^> /mount /p'
	# conmon's own cgroup is podman's to forget, as is what it makes where no hierarchy is mounted
	find /sys/fs/cgroup -type d -path "*/$mark*/*" ! -name conmon ! -fstype tmpfs 2>/dev/null | sed 's/^/cgroup /'
	# a container of the runtime's, wherever the engine put the runtime's root
	find /run /run/user/* "$work" -xdev -name state.json 2>/dev/null | sed 's/^/state /'
}
nothing_left() { [ -z "$(left)" ]; }

sweep_cgroups() {
	local i all
	find /sys/fs/cgroup -depth -path "*/$mark*" -fstype tmpfs -delete
	all=$(find /sys/fs/cgroup -depth -type d \( -name "$mark" -o -path "*/$mark/*" \) 2>/dev/null)
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

# lib.sh - for every end-to-end test: bundles, running the runtime, TAP, checks for remains.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# shellcheck disable=SC2034	# out, err, status... are read by the tests
#
# A test file begins with `. "$(dirname "$0")/lib.sh"` and ends with `nothing_left; done_testing`.
# It asks the runtime only what a user could ask, so it runs against any OCI runtime:
#
#	RUNC		the runtime (build/bin/runc of this tree)
#	OCI_SPEC	the spec tool (build/bin/oci-spec); without it jq edits config.json
#	OCI_INIT	the init shim (build/bin/oci-init)
#	HELPERS		folder of the compiled tests/helpers (build/helpers; built when missing)
#	BUSYBOX		a static busybox for the container's root
#	KEEP=1		leave the working folder for a look
#	CONTROL=NAME	run against an old runtime (crun, runc) to see that the tests can fail: what
#			tests/control.list says of it becomes a TODO line
#
# As root each file runs in a mount namespace of its own whose mounts are shared, as systemd leaves
# them: mounts that a runtime leaks to its caller are seen, and end with the file. Tests run on
# dash, and on busybox ash in an initramfs with nothing else.

set -u
# The umask and limits are not the caller's; a test sets others itself. Only CAP_SYS_RESOURCE can
# raise a hard limit that is lower than the 1024 of `runc spec`.
umask 022
export LC_ALL=C
# shellcheck disable=SC3045 # dash and busybox have both
nofile_limit=$(ulimit -Hn)
{ [ "$nofile_limit" != unlimited ] && [ "$nofile_limit" -lt 1024 ]; } || nofile_limit=1024
# shellcheck disable=SC3045
ulimit -Sn "$nofile_limit"

tests=$(cd "$(dirname "$0")" && pwd)
top=$(dirname "$tests")
uid=$(id -u)

if [ "$uid" = 0 ] && [ -z "${OCI_TEST_NS:-}" ]; then
	# Runs this file again, by the same shell, in that mount namespace.
	OCI_TEST_NS=1
	export OCI_TEST_NS
	set --
	while IFS= read -r _arg; do
		set -- "$@" "$_arg"
	done <<END
$(tr '\0' '\n' </proc/$$/cmdline)
END
	# shellcheck disable=SC2093
	exec unshare -m sh -c '
		mount --make-rshared / || exit 1
		# crun 1.8 does not start at all where a v2 hierarchy lies beside v1.
		[ "${CONTROL:-}" != crun ] || { umount /sys/fs/cgroup/unified &&
			mount -t tmpfs none /sys/fs/cgroup/unified; } 2>/dev/null
		# Old runtimes change the owner and mode of the null device that they are started
		# with.
		[ -z "${CONTROL:-}" ] || {
			_null=$(mktemp -d) && mount -t tmpfs none "$_null" &&
				mknod -m 666 "$_null/null" c 1 3 &&
				mount --bind "$_null/null" /dev/null &&
				umount "$_null" && rmdir "$_null" || exit 1
		}
		exec "$@"' sh "$@"
	exit 1
fi

[ -z "${CONTROL:-}" ] || : "${RUNC:=$(command -v "$CONTROL")}"
: "${RUNC:=$top/build/bin/runc}"
: "${OCI_SPEC:=$top/build/bin/oci-spec}"
: "${OCI_INIT:=$top/build/bin/oci-init}"
: "${HELPERS:=$top/build/helpers}"
: "${RUNC_FLAGS:=}"

. "$tests/tap.sh"
. "$tests/json.sh"

# ---- bundles -------------------------------------------------------------------------------------

config_set() { json_set "$bundle/config.json" "$@"; }
config_del() { json_del "$bundle/config.json" "$1"; }
# config_rootless UID: what `spec --rootless` writes for this user, in the bundle's config.json.
config_rootless() {
	config_del /linux/resources
	config_set /linux/namespaces \
		'[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"user"}]' \
		/linux/uidMappings "[{\"containerID\":0,\"hostID\":$1,\"size\":1}]" \
		/linux/gidMappings "[{\"containerID\":0,\"hostID\":$1,\"size\":1}]" \
		/mounts/2/options '["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]' \
		/mounts/5 \
		'{"destination":"/sys","type":"none","source":"/sys","options":["rbind","nosuid","noexec","nodev","ro"]}'
}
config_get() { json_get "$bundle/config.json" "$1"; }

# The document of `runc spec` (1.5), but `true` without a terminal. The mark in env finds processes.
base_config() {
	cat <<END
{
	"ociVersion": "1.0.2",
	"process": {
		"terminal": false,
		"user": { "uid": 0, "gid": 0 },
		"args": [ "true" ],
		"env": [
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"TERM=xterm",
			"OCI_TEST_MARK=$mark"
		],
		"cwd": "/",
		"capabilities": {
			"bounding": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ],
			"effective": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ],
			"permitted": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ]
		},
		"rlimits": [ { "type": "RLIMIT_NOFILE", "hard": $nofile_limit, "soft": $nofile_limit } ],
		"noNewPrivileges": true
	},
	"root": { "path": "rootfs", "readonly": true },
	"hostname": "runc",
	"mounts": [
		{ "destination": "/proc", "type": "proc", "source": "proc" },
		{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
			"options": [ "nosuid", "strictatime", "mode=755", "size=65536k" ] },
		{ "destination": "/dev/pts", "type": "devpts", "source": "devpts",
			"options": [ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" ] },
		{ "destination": "/dev/shm", "type": "tmpfs", "source": "shm",
			"options": [ "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" ] },
		{ "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue",
			"options": [ "nosuid", "noexec", "nodev" ] },
		{ "destination": "/sys", "type": "sysfs", "source": "sysfs",
			"options": [ "nosuid", "noexec", "nodev", "ro" ] },
		{ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
			"options": [ "nosuid", "noexec", "nodev", "relatime", "ro" ] }
	],
	"linux": {
		"resources": { "devices": [ { "allow": false, "access": "rwm" } ] },
		"namespaces": [
			{ "type": "pid" }, { "type": "network" }, { "type": "ipc" },
			{ "type": "uts" }, { "type": "mount" }
		],
		"maskedPaths": [
			"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
			"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
			"/proc/scsi"
		],
		"readonlyPaths": [
			"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"
		]
	}
}
END
}

# bundle [NAME]: a fresh bundle; sets $bundle and $rootfs.
bundle_n=0
bundle() {
	bundle_n=$((bundle_n + 1))
	bundle=$tmp/${1:-b$bundle_n}
	rootfs=$bundle/rootfs
	mkdir -p "$bundle"
	make_rootfs "$rootfs"
	base_config >"$bundle/config.json"
}

# make_rootfs DIR: busybox under all its names (hard links), our helpers, and nothing else.
make_rootfs() {
	(
		umask 022
		mkdir -p "$1/bin" "$1/etc" "$1/tmp" "$1/root" "$1/proc" "$1/sys" "$1/dev"
		chmod 1777 "$1/tmp"
		cp "$BUSYBOX" "$1/bin/busybox"
		"$1/bin/busybox" --install "$1/bin" 2>/dev/null
		cp "$HELPERS/probe" "$HELPERS/spy" "$HELPERS/tiny" "$1/bin/"
		printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n' \
			>"$1/etc/passwd"
		printf 'root:x:0:\nuser:x:1000:\n' >"$1/etc/group"
	)
}

# argv WORD...: the container's command.
argv() { config_set /process/args "$(words "$@")"; }

# script <<EOF: the container runs this by sh.
script() {
	cat >"$rootfs/script"
	chmod 755 "$rootfs/script"
	argv sh /script
}

# ---- running -------------------------------------------------------------------------------------

# runc ARG...: the runtime on the private state root, at most a minute, stdin from /dev/null. The
# mark is not for timeout: busybox's leaves a watcher for a second.
runc() {
	# shellcheck disable=SC2086
	timeout -s KILL "${LIMIT:-60}" env OCI_TEST_MARK="$mark" TMPDIR="$tmp/tmpdir" \
		"$RUNC" --root "$root" $RUNC_FLAGS "$@" </dev/null
}

# do_runc ARG...: the same; sets $status, $out, $err.
do_runc() {
	status=0
	# A new file: a container of the command before may still write into the old one.
	rm -f "$tmp/out" "$tmp/err"
	runc "$@" >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
	return 0
}

# run [ARG...]: the bundle as a foreground container named $id.
run() { do_runc run --bundle "$bundle" "$@" "$id"; }
create() { do_runc create --bundle "$bundle" "$@" "${id}"; }

# run_ok DESC [ARG...]: a run that must end with 0; prints stderr otherwise.
run_ok() {
	_desc=$1
	shift
	run "$@"
	is "$_desc" "$status" 0 || diag "$err"
}

# refused DESC PATTERN: the runtime refuses the bundle: status 1 (255 when execve itself failed),
# one line that matches on stderr, no output of the container, nothing left under the id.
refused() {
	run
	_why=
	case $status in
	1 | 255) ;;
	*) _why="status $status" ;;
	esac
	printf '%s\n' "$err" | grep -Eiq -e "$2" || _why="$_why; message does not match /$2/"
	[ "$(error_lines "$tmp/err")" = 1 ] ||
		_why="$_why; $(error_lines "$tmp/err") lines of error"
	[ -z "$out" ] || _why="$_why; output: $(printf '%.100s' "$out")"
	[ -e "$root/$id" ] && _why="$_why; state directory left"
	if [ -z "$_why" ]; then
		pass "$1"
	else
		fail "$1"
		diag "${_why#; }"
		diag "$err"
		do_runc delete --force "$id"
		return 1
	fi
}

# error_lines FILE: how many lines of a runtime's stderr are errors, and not warnings.
error_lines() { grep -c -v 'level=warning\|"level":"warning"' "$1"; }

state() { do_runc state "$1"; }

# status_of ID: the status in `state`, "none" for an unknown container.
status_of() {
	if runc state "$1" >"$tmp/state.out" 2>/dev/null; then
		json_get "$tmp/state.out" /status
	else
		echo none
	fi
}

pid_of() { runc state "$1" >"$tmp/state.out" 2>/dev/null && json_get "$tmp/state.out" /pid; }

# eventually CMD...: waits until CMD succeeds, at most half a minute, on a slow machine OCI_LOOKS
# times. A caller that ignores the status does not notice a timeout: wait_for is for such a place.
eventually() {
	_i=0
	until "$@" 2>/dev/null; do
		_i=$((_i + 1))
		[ $_i -lt "${OCI_LOOKS:-600}" ] || return 1
		sleep 0.05
	done
}

# wait_for CMD...: the same, but a timeout is a failure that has CMD for a name. In `ok DESC
# wait_for CMD` the failure has the name DESC alone.
wait_for() {
	eventually "$@" && return
	fail "timeout: $(printf '%s' "$*" | sed 's/[0-9][0-9][0-9][0-9]*/N/g')"
	return 1
}

# stalled PID: the process sleeps and has not run for six checks of wait_for, as one that waits for
# a full pipe.
_calm=0 _then=
stalled() {
	_now=$(sed -n '/^State:.S/p; /^voluntary_ctxt_switches/p' "/proc/$1/status")
	[ "$_now" = "$_then" ] || _calm=0
	_then=$_now
	_calm=$((_calm + 1))
	case $_now in State*) [ $_calm -gt 6 ] ;; *) false ;; esac
}

status_is() { [ "$(status_of "$1")" = "$2" ]; }
# A zombie is dead: it need not be the runtime that reaps it.
alive() { grep -qs '^State:[^Z]*$' "/proc/$1/status"; }
gone() { ! alive "$1"; }
has_line() { grep -q -e "$2" "$1"; }

# drop ID: deletes the container in any state.
drop() { runc delete --force "$1" >/dev/null 2>&1; }

# default_signals: sets $default to an env(1) whose command ignores no signal, whatever the caller
# of the tests (nohup) or a shell in the background does; "" if env(1) cannot do that.
default_signals() {
	default=
	if env --default-signal=INT true 2>/dev/null; then
		default='env --default-signal=INT,QUIT,HUP,TERM'
	fi
}
# background CMD...: started in the background, and killed when the file ends. Sets $bg.
background() {
	"$@" &
	bg=$!
	bg_all="$bg_all $bg"
}

# locked DIR: another process holds its lock. It asks for the helper lock.
locked() {
	"$HELPERS/lock" "$1"
	[ $? = 1 ]
}

# dead DIR [CMD...]: mounts a filesystem on DIR that does not answer, as that of a server that has
# died, by CMD, which enters another mount namespace. $bg keeps it so. Returns 1 without autofs.
dead() {
	_dir=$1
	shift
	rm -f "$tmp/dead" "$tmp/dead.up"
	mkfifo "$tmp/dead"
	# The kernel sends its requests through the pipe, which is never read.
	# shellcheck disable=SC2016 # for the inner shell
	background "$@" setsid sh -c 'exec 9<>"$1"
		mount -t autofs -o "fd=9,pgrp=$$,minproto=5,maxproto=5,indirect" none "$2" || exit
		echo >"$3"
		exec sleep 1000' sh "$tmp/dead" "$_dir" "$tmp/dead.up" 2>/dev/null
	until [ -e "$tmp/dead.up" ]; do
		alive "$bg" || return 1
		sleep 0.05
	done
}

# listen OUT CMD...: in the background; returns when CMD has printed `listening` to OUT. Sets $sock.
listen() {
	rm -f "$1"
	_out=$1
	shift
	"$@" >"$_out" 2>&1 &
	sock=$!
	bg_all="$bg_all $sock"
	wait_for has_line "$_out" listening
}

# helper NAME: succeeds if the helper exists or can be built. One that is older than its source is
# built again, if there is a compiler.
helper() {
	"$tests/helpers/build" "$HELPERS" "$1" >/dev/null 2>&1 || [ -x "$HELPERS/$1" ]
}

# calls_of VERSION: from here on the runtime has the system calls of that Linux only, 5.4 or 5.10;
# 5.10-denied: a profile denies the later ones.
# calls_of all: it has all again.
all_calls=
calls_of() {
	all_calls=${all_calls:-$RUNC}
	RUNC=$all_calls
	[ "$1" != all ] || return 0
	helper old || bail 'the helper old cannot be built'
	printf '#!/bin/sh\nexec "%s" "-%s" "%s" "$@"\n' "$HELPERS/old" "$1" "$all_calls" \
		>"$tmp/calls-$1"
	chmod 755 "$tmp/calls-$1"
	RUNC=$tmp/calls-$1
}

# Other users may not be able to reach the tree: from here on RUNC is a copy, under its own name,
# that every user may run.
runc_for_all() {
	mkdir "$tmp/bin"
	cp "$RUNC" "$tmp/bin/${RUNC##*/}"
	chmod 755 "$tmp/bin/${RUNC##*/}"	# whatever the umask was when it was built
	RUNC=$tmp/bin/${RUNC##*/}
}

# True if a cgroup hierarchy is mounted: an initramfs may have none.
cgroups_here() { grep -q ' - cgroup2\{0,1\} ' /proc/self/mountinfo; }
# Prints a cgroup directory of this test, in the first hierarchy that has one.
own_cgroup() { cgroups_left | tail -n 1; }
members_are() { [ "$(grep -c '' "$(own_cgroup)/cgroup.procs")" = "$1" ]; }

# The configs of `runc spec`, of engines and of our documents ask for a hard limit of 1024 open
# files. A caller who is limited to less needs CAP_SYS_RESOURCE for that.
few_files() {
	why='the caller may not have 1024 open files'
	[ "$nofile_limit" -lt 1024 ]
}
need_root() { [ "$uid" = 0 ] || skip_all "needs root"; }

# ---- what is left --------------------------------------------------------------------------------

mounts_now() { sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo | sort; }

# signals_of FILE: blocked and ignored signals of a /proc/PID/status. 32 and 33 belong to C
# libraries and stay as the caller has them, so real-time signals are left out.
signals_of() {
	sed -n 's/^Sig\(Blk\|Ign\):\t//p' "$1" | while read -r _mask; do
		printf '%x\n' $((0x$_mask & 0x7fffffff))
	done | sort -u
}

# Prints living processes of this test: those with its mark in their environment or in its cgroups.
# Dead ones that are not reaped yet do not count.
processes_left() {
	for _f in $(grep -l -s -e "OCI_TEST_MARK=$mark" /proc/[0-9]*/environ) \
		$(grep -l -s -e "$mark" /proc/[0-9]*/cgroup); do
		_f=${_f%/*}
		! alive "${_f##*/}" || echo "${_f##*/}"
	done | sort -u
}

cgroups_left() { find /sys/fs/cgroup -depth -type d -name "*$mark*" 2>/dev/null; }
states_left() { ls "$root" 2>/dev/null; }	# names with a dot in front are caches

# Prints files that the runtime has left in its temporary directory.
files_left() { ls -A "$tmp/tmpdir" 2>/dev/null; }

left() {
	processes_left | sed 's/^/process /'
	cgroups_left | sed 's/^/cgroup /'
	states_left | sed 's/^/state /'
	files_left | sed 's/^/file /'
	mounts_now | diff - "$tmp/mounts" | sed -n 's/^[-<+>][^-+]/mount /p'
}

# The same check by three processes instead of thirty, because loops make it hundreds of times.
# Cgroups are searched where a runtime makes them: at the root of each hierarchy and below our own.
clean_now() {
	set -- "$root"/* "$tmp/tmpdir"/*
	[ ! -e "$1" ] && [ ! -e "$2" ] || return 1
	for _c in $cgroup_parents; do
		set -- "$_c"/*"$mark"*
		[ ! -e "$1" ] || return 1
	done
	[ "$(grep -c '' /proc/self/mountinfo)" = "$mounts_n" ] || return 1
	! grep -q -s -e "OCI_TEST_MARK=$mark" -e ":/.*$mark" /proc/[0-9]*/environ \
		/proc/[0-9]*/cgroup ||
		[ -z "$(processes_left)" ]
}

# nothing_left [DESC]: no process, mount, cgroup, state or temporary file of this test is left.
# Processes that end get time for it.
nothing_left() {
	if eventually clean_now && [ -z "$(left)" ]; then
		pass "${1:-nothing is left}"
	else
		fail "${1:-nothing is left}"
		diag "$(left)"
		for _p in $(processes_left); do
			diag "$_p: $(tr '\0' ' ' <"/proc/$_p/cmdline")"
		done
		return 1
	fi
}

# Ends everything of this test, whatever the runtime has left.
sweep() {
	for _c in $(states_left); do
		runc delete --force "$_c" >/dev/null 2>&1
	done
	for _p in $(processes_left); do
		[ "$_p" = $$ ] || kill -KILL "$_p" 2>/dev/null
	done
	for _c in $(cgroups_left); do
		[ ! -e "$_c/freezer.state" ] || echo THAWED >"$_c/freezer.state"
		_i=0
		until rmdir "$_c" 2>/dev/null || [ $_i = 40 ]; do
			_i=$((_i + 1))
			sleep 0.05
		done
	done
	sed -n "s|^[^ ]* [^ ]* [^ ]* [^ ]* \(${tmp}[^ ]*\) .*|\1|p" /proc/self/mountinfo | sort -r |
		while IFS= read -r _m; do
			umount -l "$_m" 2>/dev/null
		done
}

cleanup() {
	_rc=$?
	trap '' INT TERM HUP
	for _p in $bg_all; do
		kill -KILL "$_p" 2>/dev/null
	done
	wait 2>/dev/null
	sweep
	cd /
	if [ -n "${KEEP:-}" ]; then
		diag "kept: $tmp"
	elif grep -q " $tmp" /proc/self/mountinfo; then
		diag "not removed, still holds mounts: $tmp"
	else
		chmod -R u+rwx "$tmp" 2>/dev/null
		rm -rf "$tmp"
	fi
	exit $_rc
}

# ---- set-up --------------------------------------------------------------------------------------

[ -x "$RUNC" ] || bail "no runtime at $RUNC: build it or set RUNC"
if [ -z "${BUSYBOX:-}" ]; then
	for BUSYBOX in /bin/busybox.static /bin/busybox /usr/bin/busybox /sbin/busybox; do
		[ -x "$BUSYBOX" ] && break
	done
fi
[ -x "$BUSYBOX" ] || bail "no static busybox for the containers: set BUSYBOX"
[ -x "$OCI_SPEC" ] || command -v jq >/dev/null || bail "neither oci-spec nor jq to edit config.json"

tmp=$(mktemp -d "${TMPDIR:-/tmp}/ocit.XXXXXX") || bail "no temporary folder"
tmp=$(cd "$tmp" && pwd -P)
chmod 755 "$tmp"
mark=$(basename "$tmp" | tr . -)	# in every id and cgroup name
id=$mark
root=$tmp/state
bg_all=
mkdir "$tmp/tmpdir"
if ! helper probe || ! helper spy || ! helper tiny; then
	rm -rf "$tmp"
	bail "the helpers in tests/helpers are not built and no compiler was found"
fi
mounts_now >"$tmp/mounts"
mounts_n=$(grep -c '' /proc/self/mountinfo)
cgroup_parents=$(
	# Mount point of each hierarchy, and the cgroup of this shell below it.
	sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - cgroup2* [^ ]* \(.*\)$/\1 \2/p' \
		/proc/self/mountinfo |
		while read -r _at _; do
			echo "$_at"
			case $_at in
			*/unified | /sys/fs/cgroup) _own=$(sed -n 's/^0:://p' /proc/self/cgroup) ;;
			*)
				_own=$(sed -n \
					"s/^[0-9]*:\(.*,\)\{0,1\}\(name=\)\{0,1\}${_at##*/}\(,.*\)\{0,1\}://p" \
					/proc/self/cgroup)
				;;
			esac
			[ -z "${_own#/}" ] || echo "$_at$_own"
		done
)
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

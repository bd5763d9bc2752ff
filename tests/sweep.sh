# sweep.sh - the starts that crash.t and faults.t disturb at each system call: rows of a verb, a
# state and a config. Sourced.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2034,SC2154	# variables of lib.sh and of those who source this
#
# tests/helpers/step counts the system calls of the runtime and of its children until the
# container's program is executed, and disturbs call N. A row has a stride: all rows at every call
# take half an hour (OCI_STRIDE=1). OCI_ROWS is an extended regular expression of the rows to run.

need_root
helper step || skip_all 'the helper step is not built'
helper sock || skip_all 'the helper sock is not built'
helper pty || skip_all 'the helper pty is not built'
"$HELPERS/step" count -- true || skip_all 'ptrace is not allowed here'

# ---- configs: what the row's bundle asks for; 1: this host cannot, $why says what ----------------

c_tiny() { argv tiny; payload=tiny; }
c_plain() { :; }
# ps is not part of the runtime.
c_ps() { payload='ps'; }
c_bare() {
	config_set /linux/namespaces \
		'[{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]'
}
# A config with much that can fail.
c_full() {
	mkdir -p "$bundle/data" "$rootfs/srv"
	echo secret >"$rootfs/srv/secret"
	config_set /process/user '{"uid":1000,"gid":1000,"umask":63,"additionalGids":[5,6]}' \
		/process/cwd '"/tmp"' \
		/process/oomScoreAdj "$(cat /proc/self/oom_score_adj)" \
		/mounts/- \
		'{"destination":"/data","source":"data","options":["bind","ro","nosuid"]}' \
		/linux/maskedPaths/- '"/srv/secret"' /linux/sysctl '{"net.ipv4.ip_forward":"1"}' \
		/linux/resources/pids '{"limit":50}' \
		/linux/seccomp \
		'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["socket"],"action":"SCMP_ACT_ERRNO"}]}'
}
c_witness() { c_full; argv probe witness; }
c_user() {
	chmod 711 "$tmp" "$root" 2>/dev/null
	config_set /linux/namespaces/- '{"type":"user"}' /linux/namespaces/- '{"type":"cgroup"}' \
		/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
		/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
}
c_time() {
	why='no time namespaces (Linux 5.6)'
	[ -e /proc/self/ns/time ] || return 1
	c_user
	config_set /linux/namespaces/- '{"type":"time"}' /linux/timeOffsets \
		'{"monotonic":{"secs":86400}}'
}
c_idmap() {
	c_user
	mkdir -p "$bundle/id" "$rootfs/id1" "$rootfs/id2"
	config_set /mounts/- '{"destination":"/id1","source":"id","options":["bind","idmap"]}' \
		/mounts/- '{"destination":"/id2","source":"id","options":["rbind","ridmap"],
			"uidMappings":[{"containerID":0,"hostID":5000,"size":9}],
			"gidMappings":[{"containerID":0,"hostID":5000,"size":9}]}'
	runc run -d --bundle "$bundle" "$id" >/dev/null 2>"$tmp/err" </dev/null
	_rc=$?
	drop "$id"
	why="no id-mapped mounts of this filesystem: $(cat "$tmp/err")"
	[ "$_rc" = 0 ] || ! grep -q 'id-map\|idmap' "$tmp/err"
}
c_device() {
	why='no device of type dummy, ifb or veth can be made here'
	unshare -n sh "$tests/net-device.sh" true || return 1
	config_set /linux/netDevices '{"outer":{"name":"inner"}}'
	wrap="unshare -n sh $tests/net-device.sh"
}
c_hooks() {
	_hook="[{\"path\":\"$HELPERS/tiny\"}]"
	config_set /hooks "{\"prestart\":$_hook,\"createRuntime\":$_hook,\"createContainer\":$_hook,
		\"startContainer\":[{\"path\":\"/bin/tiny\"}],\"poststart\":$_hook,\"poststop\":$_hook}"
}
c_image() {
	payload=oci-init
	! few_files || return 1
	why='no image of squashfs can be made or mounted here'
	[ -e /dev/loop-control ] && {
		grep -q squashfs /proc/filesystems || modprobe squashfs
	} 2>/dev/null || return 1
	mksquashfs "$rootfs" "$tmp/image" -quiet -no-progress -noappend >/dev/null 2>&1 ||
		cp "$top/build/images/root.squashfs" "$tmp/image" 2>/dev/null
}
c_listener() {
	config_set /linux/seccomp '{"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"'"$tmp/keep"'",
		"syscalls":[{"names":["kexec_load"],"action":"SCMP_ACT_NOTIFY"}]}'
}
c_terminal() {
	config_set /process/terminal true
	tty=1
	wrap="$HELPERS/pty"
	argv probe witness
}
c_console() { config_set /process/terminal true; }
c_service() {
	NOTIFY_SOCKET=$tmp/drop
	export NOTIFY_SOCKET
}

# ---- what a verb finds ---------------------------------------------------------------------------

p_none() { :; }
p_uncached() { rm -rf "$root/.cache"; }
p_created() { runc create --bundle "$bundle" "$id" >"$tmp/inner" 2>&1; }
p_running() { runc run -d --bundle "$bundle" "$id" >"$tmp/inner" 2>&1; }
p_stopped() {
	p_running
	runc kill "$id" KILL
	wait_for status_is "$id" stopped
}
p_paused() {
	p_running
	runc pause "$id"
}
# A second process, and a cgroup below the container's.
p_nested() {
	p_running
	runc exec -d "$id" probe stay >/dev/null 2>&1
	for _c in $cgroup_parents; do
		for _d in "$_c"/*"$mark"*; do
			[ ! -d "$_d" ] || mkdir "$_d/sub"
			# A v1 cpuset accepts no process before it has CPUs and memory nodes.
			for _f in cpuset.cpus cpuset.mems; do
				[ ! -e "$_d/sub/$_f" ] || cat "$_d/$_f" >"$_d/sub/$_f"
			done
		done
	done
}

# ---- the rows ------------------------------------------------------------------------------------

# rows FUNCTION: calls it with STRIDE CONFIG PREPARE NAME VERB ARG...
rows() {
	"$1" 7 tiny none run run --bundle "$bundle" "$id"
	"$1" 31 tiny none create create --bundle "$bundle" "$id"
	"$1" 31 plain none 'run -d' run -d --bundle "$bundle" "$id"
	"$1" 11 plain created start start "$id"
	"$1" 11 plain stopped 'delete of a stopped one' delete "$id"
	"$1" 11 plain running 'delete --force of a running one' delete --force "$id"
	"$1" 11 plain created 'delete --force of a created one' delete --force "$id"
	"$1" 11 plain paused 'delete --force of a paused one' delete --force "$id"
	"$1" 61 bare none 'run -d without a pid namespace' run -d --bundle "$bundle" "$id"
	"$1" 31 bare nested 'delete --force without a pid namespace' delete --force "$id"
	"$1" 7 witness none 'run with much' run --bundle "$bundle" "$id"
	"$1" 61 witness uncached 'run with a new profile' run --bundle "$bundle" "$id"
	"$1" 61 user none 'run -d in a user namespace' run -d --bundle "$bundle" "$id"
	"$1" 61 time none 'run -d in user and time namespaces' run -d --bundle "$bundle" "$id"
	"$1" 61 idmap none 'run -d with id-mapped mounts' run -d --bundle "$bundle" "$id"
	"$1" 61 device none 'run -d with a net device' run -d --bundle "$bundle" "$id"
	"$1" 61 hooks none 'run -d with hooks' run -d --bundle "$bundle" "$id"
	"$1" 11 hooks created 'start with hooks' start "$id"
	"$1" 11 hooks running 'delete --force with hooks' delete --force "$id"
	"$1" 61 image none 'run of an image, an overlay and an init' \
		run -d --rootfs "$tmp/image" --overlay --init --mem 64M "$id" -- probe stay
	"$1" 61 listener none 'run -d with a seccomp listener' run -d --bundle "$bundle" "$id"
	"$1" 61 terminal none 'run on a terminal' run --bundle "$bundle" "$id"
	"$1" 61 console none 'run -d with a console socket' run -d --console-socket "$tmp/keep" \
		--bundle "$bundle" "$id"
	"$1" 61 console none 'create with a console socket' \
		create --console-socket "$tmp/keep" --bundle "$bundle" "$id"
	"$1" 61 plain none 'run -d with a pidfd socket and a pid file' \
		run -d --pidfd-socket "$tmp/keep" --pid-file "$tmp/pid" --bundle "$bundle" "$id"
	"$1" 61 service none 'run -d for a service manager' run -d --bundle "$bundle" "$id"
	"$1" 11 service created 'start for a service manager' start "$id"
	"$1" 37 plain running exec exec "$id" probe witness
	"$1" 37 plain running 'exec -d' exec -d --pidfd-socket "$tmp/keep" --pid-file "$tmp/pid" \
		"$id" probe stay
	"$1" 37 full running 'exec of a container with much' exec "$id" probe witness
	"$1" 37 time running 'exec in user and time namespaces' exec "$id" probe witness
	"$1" 37 bare running 'exec without a pid namespace' exec "$id" probe witness
	"$1" 37 plain running 'exec with a console socket' \
		exec -d -t --console-socket "$tmp/keep" "$id" probe stay
	"$1" 37 plain nested 'exec --cgroup' exec --cgroup sub "$id" probe witness
	"$1" 11 plain running kill kill "$id" KILL
	"$1" 11 bare nested 'kill --all' kill --all "$id" KILL
	"$1" 11 plain running pause pause "$id"
	"$1" 11 plain paused resume resume "$id"
	"$1" 11 plain running update update --pids-limit 40 --memory 64M "$id"
	"$1" 11 plain running events events --stats "$id"
	"$1" 11 ps running ps ps "$id"
	"$1" 11 plain running state state "$id"
	"$1" 11 plain running list list
}

# ---- one row -------------------------------------------------------------------------------------

# The sockets of all rows exist for the whole file.
for _end in keep drop; do
	background "$HELPERS/sock" $_end "$tmp/$_end" "$tmp/terminal" >/dev/null
done
wait_for test -S "$tmp/keep" -a -S "$tmp/drop"
bundle
argv probe stay
cp "$bundle/config.json" "$tmp/plain.json"

# row_begin STRIDE CONFIG PREPARE NAME: returns 1 if the row is left out; sets $stride, $prepare,
# $name.
row_begin() {
	stride=${OCI_STRIDE:-$(($1 * ${slower:-1}))}
	prepare=p_$3
	name=$4
	payload=probe
	wrap=
	tty=
	unset NOTIFY_SOCKET
	rm -f "$tmp/pid"
	printf '%s\n' "$name" | grep -Eq -e "${OCI_ROWS:-.}" || return 1
	cp "$tmp/plain.json" "$bundle/config.json"
	why=
	if "c_$2"; then
		# A start with a profile runs once before, so that its program is in the cache.
		[ -z "$(config_get /linux/seccomp)" ] || { p_running; drop "$id"; }
		return 0
	fi
	skip "$name" "$why"
	return 1
}

# stepped MODE... -- VERB...: runs the runtime under step, with a time limit; sets $rc and writes
# $tmp/out and $tmp/err.
stepped() {
	_mode=
	while [ "$1" != -- ]; do
		_mode="$_mode $1"
		shift
	done
	shift
	rc=0
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark TMPDIR=$tmp/tmpdir timeout -s KILL 20 $wrap "$HELPERS/step" \
		-x "$payload" -o "$tmp/step" \
		$_mode -- "$RUNC" --root "$root" $RUNC_FLAGS "$@" </dev/null >"$tmp/out" \
		2>"$tmp/err" || rc=$?
}

# row_count VERB...: runs it undisturbed, which writes $tmp/out; sets $total.
row_count() {
	$prepare
	stepped count -- "$@"
	is "$name: undisturbed" "$rc" 0 || diag "$(cat "$tmp/err")"
	total=$(cat "$tmp/step")
}

loops_left() {
	cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F "$tmp" |
		sed 's/^/loop device of /'
}
clear_now() { clean_now && { [ ! -e "$tmp/image" ] || [ -z "$(loops_left)" ]; }; }
all_left() { left; loops_left; }

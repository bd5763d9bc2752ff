#!/bin/sh
# nested.t - the runtime inside its own containers: privileged, in a user namespace, in a chroot,
# under masks and filters.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

# ---- three bundles, each in the root of the one before; the runtime and our helpers in each ------

program=$(readlink -f "$RUNC")
into_root() { cp "$program" "$1/bin/runc" && mkdir -p "$1/run" "$1/inner"; }

bundle outer
into_root "$rootfs"
outer=$bundle
outer_root=$rootfs
middle=$outer_root/inner
make_rootfs "$middle/rootfs"
into_root "$middle/rootfs"
inner=$middle/rootfs/inner
make_rootfs "$inner/rootfs"

# The capabilities this machine's root has, by bit.
cap_names='CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP
LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE
SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME
SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG
WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
held=$((0x$(sed -n 's/^CapBnd:[^0-9a-f]*//p' /proc/self/status)))
set --
bit=0
for name in $cap_names; do
	[ $((held >> bit & 1)) = 0 ] || set -- "$@" "CAP_$name"
	bit=$((bit + 1))
done
caps=$(words "$@")

# at DIR: config.json of the bundle there is the one to be edited. plain: the default document.
at() { bundle=$1; rootfs=$1/rootfs; }
plain() { at "$1"; base_config >"$bundle/config.json"; }
# The config that engines write for --privileged.
privileged() {
	plain "$1"
	config_set /process/noNewPrivileges false /root/readonly false \
		/process/capabilities \
		"{\"bounding\":$caps,\"effective\":$caps,\"permitted\":$caps}" \
		/linux/resources/devices '[{"allow":true,"access":"rwm"}]' \
		/mounts/5/options '["nosuid","noexec","nodev"]' \
		/mounts/6/options '["nosuid","noexec","nodev"]'
	config_del /linux/maskedPaths
	config_del /linux/readonlyPaths
}
# user_ns FIRST SIZE: a user namespace for the present bundle; its /sys is that of the outside, as
# engines do it.
user_ns() {
	config_set /linux/namespaces/- '{"type":"user"}' \
		/linux/uidMappings "[{\"containerID\":0,\"hostID\":$1,\"size\":$2}]" \
		/linux/gidMappings "[{\"containerID\":0,\"hostID\":$1,\"size\":$2}]"
}
# The outer container runs the middle one, by the runtime inside. On v2 without a cgroup namespace
# all see one tree, so each has a name of its own.
nest() { at "$outer"; argv runc --root /run/runc run --bundle /inner "$id-2"; }
nest_again() { at "$middle"; argv runc --root /run/runc run --bundle /inner "$id-3"; }
# says DIR COMMAND: the bundle there runs it
says() { plain "$1"; argv sh -c "$2"; }

go() {
	at "$outer"
	run "$@"
}
# works DESC WANT [PATTERN]: exit 0, this output, and no warning or just the one that matches.
works() {
	go
	is "$1" "$status $out" "0 $2" || diag "$err"
	if [ $# = 3 ]; then
		like "$1: one warning" "$(grep -c . "$tmp/err") $err" "^1 .*level=warning.*($3)"
	else
		is "$1: silent" "$err" ''
	fi
}
# told DESC PATTERN: the runtime inside refuses in one sentence that matches; nothing runs.
told() {
	go
	like "$1" "$status $(error_lines "$tmp/err") $out$(grep -v level=warning "$tmp/err")" \
		"^1 1 .*($2)"
}

privileged "$outer"
argv runc --version
run
[ "$status" = 0 ] || skip_all "the runtime is not static and does not run in a container of its own"

# ---- three levels --------------------------------------------------------------------------------

privileged "$middle"
nest_again
says "$inner" \
	'echo deep $$; grep -c . /proc/self/cgroup >/dev/null && echo proc; ls /dev/pts | grep ptmx'
nest
works 'three levels, all privileged' 'deep 1
proc
ptmx'

# life DESC: a container inside by create, start, exec, pause, kill, delete.
cat >"$outer_root/script" <<'END'
r="runc --root /run/runc"
$r create --bundle /inner "$1" && $r state "$1" | grep -o '"status": *"[a-z]*"'
$r start "$1" && $r exec "$1" sh -c 'echo in $$; exit 4'; echo "status $?"
$r pause "$1" && $r list | grep -o paused; $r resume "$1"
$r kill "$1" KILL && $r delete --force "$1"; echo "status $?"
ls /run/runc
find /sys/fs/cgroup -name "$1"
END
life() {
	plain "$middle"
	argv sleep 1000
	at "$outer"
	argv sh /script "$mark-2"
	go
	like "$1" "$(echo "$out$err" | tr '\n' ' ')" \
		'^"status": *"created" in [0-9]+ status 4 paused status 0 $'
}
privileged "$outer"
life 'a life inside: create, start, exec, pause, kill, delete'

# Limits hold inside limits.
plain "$middle"
config_set /linux/resources/memory '{"limit":33554432}' /linux/resources/pids '{"limit":30}'
# shellcheck disable=SC2016
argv \
	sh -c 'cd /sys/fs/cgroup; [ -d memory ] || cd ".$(sed -n s/^0:://p /proc/self/cgroup)"; cat memory/memory.limit_in_bytes memory.max 2>/dev/null; cat pids/pids.max pids.max 2>/dev/null; true'
at "$outer"
config_set /linux/resources/memory '{"limit":67108864}' /linux/resources/pids '{"limit":60}'
nest
works 'limits inside limits' '33554432
30'

# ---- no cgroup mount, a read-only one ------------------------------------------------------------

privileged "$outer"
nest
says "$middle" 'echo deep'
at "$outer"
config_set /mounts/6/options '["nosuid","noexec","nodev","ro"]'
works 'a read-only cgroup mount, no limits asked' deep 'cgroup.*cannot be made'
at "$middle"
config_set /linux/resources/memory '{"limit":33554432}'
told 'a read-only cgroup mount, a limit asked' 'cgroup.*[Rr]ead-only'
says "$middle" 'echo deep'
at "$outer"
config_del /mounts/6
works 'no cgroup mount, no limits asked' deep 'no cgroup hierarchy is mounted'
at "$middle"
config_set /linux/resources/memory '{"limit":33554432}'
told 'no cgroup mount, a limit asked' 'cgroup'
says "$middle" 'echo deep'
at "$outer"
config_del /mounts/5
works 'no cgroup mount and no /sys, no limits asked' deep 'no cgroup hierarchy is mounted'

# ---- user namespaces -----------------------------------------------------------------------------

chown -R 100000:100000 "$outer_root"
privileged "$outer"
user_ns 100000 65536
nest
says "$middle" 'echo deep; tr -s " " </proc/self/uid_map'
works 'in a user namespace: a container without one of its own' 'deep
 0 100000 65536'
at "$middle"
user_ns 0 1000
works 'in a user namespace: another one inside' 'deep
 0 0 1000'
says "$middle" 'echo deep'
config_set /linux/namespaces '[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}]'
user_ns 0 1000
told 'in a user namespace: another one inside without a network namespace: no new /sys' \
	'mounts\[5\].*bind /sys instead'
says "$middle" 'echo deep'
user_ns 0 70000
told 'a map of ids that are not there' 'map'
privileged "$middle"
nest_again
user_ns 0 1000
says "$inner" 'echo deep'
user_ns 0 10
go
is 'three levels of user namespaces' "$status $out" '0 deep' || diag "$err"
# The kernel makes no new /proc where the one outside hides something (mount_too_revealing).
says "$middle" 'echo deep'
user_ns 0 1000
at "$outer"
config_set /linux/maskedPaths '["/proc/sys/kernel"]'
told 'a masked /proc around a user namespace' 'mounts\[0\].*unmask it, or bind it'
at "$middle"
config_set /mounts/0 \
	'{"destination":"/proc","type":"none","source":"/proc","options":["rbind","nosuid","noexec","nodev"]}'
config_del /linux/readonlyPaths
config_del /linux/maskedPaths
go
is 'three levels of user namespaces, with /proc bound' "$status $out" '0 deep' || diag "$err"
chown -R 0:0 "$outer_root"

# ---- less than privileged ------------------------------------------------------------------------

says "$middle" 'echo deep'
privileged "$outer"
nest
default=$(json_get "$middle/config.json" /linux/maskedPaths)
at "$outer"
config_set /linux/maskedPaths "$default" /linux/readonlyPaths \
	'["/proc/bus","/proc/fs","/proc/irq","/proc/sysrq-trigger"]'
works 'the default masks, in the first user namespace' deep
plain "$outer"
config_set /root/readonly false
nest
told 'without capabilities the runtime inside names the missing one' 'CAP_SYS_ADMIN.*privileged'

# ---- a chroot ------------------------------------------------------------------------------------

says "$middle" 'echo deep'
in_chroot() {
	status=0
	OCI_TEST_MARK=$mark unshare -m sh -c '
		mount -t proc proc "$0/proc" && mount --rbind /sys "$0/sys" &&
			mount --rbind /dev "$0/dev" || exit 99
		dir=$0
		[ "$1" != none ] || umount "$0/proc"
		[ "$1" != nosys ] || umount -l "$0/sys"
		exec chroot "$dir" runc --root /run/runc run --bundle /inner "$2"' \
		"$outer_root" "$1" "$id" \
		</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}
in_chroot proc
is 'in a plain chroot' "$status $out" '0 deep' || diag "$err"
in_chroot nosys
is 'in a chroot without any cgroup mount' "$status $out" '0 deep' || diag "$err"
like 'in a chroot without any cgroup mount: one warning' \
	"$(error_lines "$tmp/err") $err" '^0 .*no cgroup hierarchy is mounted'
in_chroot none
like 'in a chroot without /proc' "$status $(error_lines "$tmp/err") $err" '^1 1 .*/proc' ||
	diag "$err"

# In a chroot that is a mount pivot_root(2) would move that mount only: a process that joins the
# mount namespace (exec) would be in the host's root, and mounts that the host shares would be
# detached with the old root.
says "$middle" 'while :; do sleep 1; done'
echo decoy >"$tmp/decoy"
for how in '' --no-pivot; do
	for propagation in private shared; do
		out=$(OCI_TEST_MARK=$mark unshare -m sh -c '
			mount --make-r$3 / && mount --bind "$0" "$0" || exit 99
			mount -t proc proc "$0/proc" && mount --rbind /sys "$0/sys" &&
				mount --rbind /dev "$0/dev" || exit 99
			cut -d " " -f 1,5 /proc/self/mountinfo >"$4/before"
			chroot "$0" sh -c "
				runc run $2 -d --bundle /inner $1 >/dev/null 2>&1 || exit
				runc exec $1 sh -c \"ls $4/decoy 2>/dev/null || echo inside\"
				runc delete -f $1"
			cut -d " " -f 1,5 /proc/self/mountinfo >"$4/after"
			cmp "$4/before" "$4/after" && echo "all is mounted"' \
			"$outer_root" "$id" "$how" $propagation "$tmp" </dev/null 2>"$tmp/err")
		is \
			"in a chroot that is a $propagation mount${how:+, $how}: exec is in the container, the host keeps its mounts" \
			"$(echo "$out" | tr '\n' ' ')" 'inside all is mounted ' ||
			diag "$(cat "$tmp/err")"
	done
done

# ---- filters of the outer container --------------------------------------------------------------

# Features that use the mount API: read-only binds and tmpfs, propagation, masked directories and
# files.
mkdir -p "$middle/data"
plain "$middle"
mkdir -p "$rootfs/home/hidden"
script <<'END'
echo deep
for d in /data /ro /sys/fs/cgroup; do
	touch $d/x 2>/dev/null && echo "$d can be written"
done
ls /home
grep -o " /shared .*shared:" /proc/self/mountinfo | grep -o shared:
END
mount_api() {
	argv sh /script
	config_set /mounts/- \
		'{"destination":"/data","type":"none","source":"data","options":["bind","ro","nosuid"]}' \
		/mounts/- \
		'{"destination":"/ro","type":"tmpfs","source":"tmpfs","options":["ro","nosuid","mode=755"]}' \
		/mounts/- \
		'{"destination":"/shared","type":"tmpfs","source":"tmpfs","options":["shared"]}' \
		/linux/maskedPaths/- '"/home"' /linux/maskedPaths/- '"/etc"'
}
mount_api
good='deep
shared:'
privileged "$outer"
nest
works 'without a filter: features of the mount API work inside' "$good"
for call in openat2 clone3 close_range open_tree move_mount mount_setattr fsopen fsconfig fsmount \
	pidfd_open \
	pidfd_send_signal execveat statx faccessat2 memfd_create setns keyctl; do
	for answer in 38:ENOSYS 1:EPERM; do
		privileged "$outer"
		config_set /linux/seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[
			{\"names\":[\"$call\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":${answer%:*}}]}"
		nest
		works "$call answers ${answer#*:}" "$good"
	done
done
# Old profiles, and older kernels, do not know calls that came after Linux 4.x.
new=$(words openat2 clone3 close_range open_tree move_mount mount_setattr fsopen fsconfig fsmount \
	pidfd_open \
	pidfd_send_signal faccessat2)
for answer in 38:ENOSYS 1:EPERM; do
	privileged "$outer"
	config_set /linux/seccomp "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[
		{\"names\":$new,\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":${answer%:*}}]}"
	nest
	works "all of them answer ${answer#*:}" "$good"
	argv runc --root /run/runc run --no-pivot --bundle /inner "$id-2"
	works "all of them answer ${answer#*:}: --no-pivot" "$good"
	life "all of them answer ${answer#*:}: a life"
	plain "$middle"
	mount_api
done
privileged "$outer"
config_set /linux/seccomp '{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[
	{"names":["memfd_create","open_tree"],"action":"SCMP_ACT_ERRNO"}]}'
nest
told 'no way to seal the executable' 'sealed copy.*must be allowed'

nothing_left
done_testing

#!/bin/sh
# systemd-container.t - /sbin/init of Debian in a container: user namespace, a scope of its own,
# exec into it.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
{ grep -q 'vm\.layout=' /proc/cmdline && [ -d /run/systemd/system ]; } || skip_all \
	'its root is what the container gets: scripts/vm systemd makes such a machine'
RUNC_FLAGS=--systemd-cgroup
scope=runc-$id.scope
first=100000

# ---- the root: this machine's, with the ids that the user namespace has outside ----

bundle
rm -rf "$rootfs"
mkdir "$rootfs" "$tmp/layers"
mount -t tmpfs tmpfs "$tmp/layers"
mkdir "$tmp/layers/upper" "$tmp/layers/work"
mount -t overlay -o "lowerdir=/,upperdir=$tmp/layers/upper,workdir=$tmp/layers/work,metacopy=on" \
	overlay "$rootfs" ||
	bail 'no overlay for the root'
rm -rf "$rootfs/ocibox" "$rootfs/etc/systemd/system/ocibox-tests.service" \
	"$rootfs/etc/systemd/system/multi-user.target.wants/ocibox-tests.service" \
	"$rootfs/var/lib/systemd/linger/tester"
: >"$rootfs/etc/machine-id"
find "$rootfs" -xdev -printf '%U %G\n' | sort -u | while read -r u g; do
	find "$rootfs" -xdev -uid "$u" -gid "$g" -exec chown -h "$((first + u)):$((first + g))" {} +
done
# set-user-ID bits that chown has cleared, and what the system bus needs
chmod u+s "$rootfs/usr/lib/dbus-1.0/dbus-daemon-launch-helper" "$rootfs/usr/bin/su" \
	"$rootfs/usr/bin/mount" 2>/dev/null

caps=$(words CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL \
	CAP_SETGID CAP_SETUID \
	CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_OWNER CAP_SYS_CHROOT \
	CAP_SYS_PTRACE CAP_SYS_ADMIN \
	CAP_SYS_NICE CAP_SYS_RESOURCE CAP_SYS_TTY_CONFIG CAP_AUDIT_WRITE CAP_SETFCAP CAP_LEASE \
	CAP_MKNOD)
config_set /process/args '["/sbin/init"]' /process/env/- '"container=oci"' \
	/process/noNewPrivileges false \
	/process/capabilities "{\"bounding\":$caps,\"effective\":$caps,\"permitted\":$caps}" \
	/root/readonly false \
	/linux/namespaces/- '{"type":"cgroup"}' /linux/namespaces/- '{"type":"user"}' \
	/linux/uidMappings "[{\"containerID\":0,\"hostID\":$first,\"size\":65536}]" \
	/linux/gidMappings "[{\"containerID\":0,\"hostID\":$first,\"size\":65536}]" \
	/mounts/6/options '["nosuid","noexec","nodev","relatime"]' \
	/mounts/- \
	'{"destination":"/run","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","mode=755"]}' \
	/mounts/- \
	'{"destination":"/tmp","type":"tmpfs","source":"tmpfs","options":["nosuid","nodev","mode=1777"]}'
config_del /process/rlimits

# ---- it boots ----

do_runc run -d --bundle "$bundle" "$id" >/dev/null
is 'run: exit 0' "$status" 0 || diag "$err"
is 'systemd as payload: the scope may divide its cgroup' \
	"$(systemctl show -p Delegate --value "$scope")" yes
inside() { do_runc exec "$id" "$@"; }
booted() {
	inside systemctl is-system-running
	case $out in degraded | running) ;; *) return 1 ;; esac
}
eventually booted || eventually booted || eventually booted || eventually booted
# Units that fail because they make no sense in a container: a kernel of its own, a console, a
# network.
inside systemctl list-units --state=failed --plain --no-legend
failed=$(echo "$out" | sed 's/ .*//' | grep \
	-Ev '^$|^(sys-kernel-.*\.mount|dev-hugepages\.mount|systemd-(sysctl|modules-load|networkd.*|udev.*|logind)\.service|networking\.service)$')
[ -z "$out" ] || diag "failed units: $out"
inside systemctl is-system-running
like 'systemctl is-system-running' "$out" '^(running|degraded)$' || diag "$err"
is 'no unit failed that has its business there' "$failed" ''
inside systemctl is-active multi-user.target
is 'multi-user.target is reached' "$out" active
inside systemd-detect-virt --container
like 'it knows that it is in a container' "$out" '^(oci|container-other|podman|docker)$'

# ---- it works: exec, a unit of its own, its cgroups ----

inside sh -c 'echo $$ >/dev/null; cat /proc/1/comm; id -u; tr -s " " </proc/self/uid_map'
is 'exec answers, in its user namespace' "$status $(echo "$out" | tr '\n' ',')" \
	"0 systemd,0, 0 $first 65536,"
inside systemd-run --wait --quiet -p MemoryMax=32M \
	sh -c 'cat /sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup)/memory.max >/tmp/max'
is 'it runs a unit with a limit' "$status" 0 || diag "$err"
inside systemd-run --wait --quiet -p MemoryMax=32M true
is 'systemd as payload: a second unit with a limit runs' "$status" 0
like 'its cgroups lie below the scope' "$(find "/sys/fs/cgroup$(systemctl show -p ControlGroup \
	--value "$scope")" -name 'init.scope')" "$scope/.*init.scope"
do_runc ps --format json "$id"
like 'ps sees more than init' "$out" '^\[[0-9]+,[0-9]+'
do_runc pause "$id"
is 'pause' "$status $(status_of "$id")" '0 paused'
do_runc resume "$id"
is 'resume' "$status $(status_of "$id")" '0 running'

# ---- it ends ----

do_runc kill "$id" RTMIN+3
down() { status_is "$id" stopped; }
eventually down || eventually down
is 'SIGRTMIN+3 shuts it down' "$(status_of "$id")" stopped || runc kill "$id" KILL
do_runc delete --force "$id"
is 'delete' "$status:$(status_of "$id")" 0:none
is 'the scope is gone' "$(systemctl show -p LoadState --value "$scope")" not-found
umount "$rootfs" "$tmp/layers"
nothing_left
done_testing

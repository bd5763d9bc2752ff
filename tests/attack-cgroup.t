#!/bin/sh
# attack-cgroup.t - what a config, a container or another user of the host can do by way of cgroups.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
cgroups_here || skip_all 'no cgroups are mounted here'

# ---- a cgroupsPath with many dashes: a slice's directory names every slice above it ----

bundle
config_set /linux/cgroupsPath \
	"\"$(awk 'BEGIN { for (i = 0; i < 3000; i++) printf "%sa", i ? "-" : "" }').slice:p:n\""
limited() (
	# shellcheck disable=SC3045 # dash and busybox have it
	ulimit -v 500000
	do_runc --systemd-cgroup run --bundle "$bundle" "$id"
	printf '%s %.200s' "$status" "$err"
)
# control: this took 8.6 GB.
like 'a cgroupsPath with 3000 dashes is refused, and takes no memory' "$(limited)" \
	'^1 .*invalid slice name'

drop "$id"

# ---- v1: SIGKILL does not end a process that the freezer holds ----

# frozen_by_itself: a container whose init lies in a frozen sub-cgroup of its own.
frozen_by_itself() {
	bundle
	config_set /linux/namespaces/- '{"type":"cgroup"}' /mounts/6/options \
		'["nosuid","noexec","nodev","relatime","rw"]' \
		/root/readonly false
	script <<'END'
mkdir /sys/fs/cgroup/freezer/sub /sys/fs/cgroup/freezer/sub/deeper
echo 1 >/sys/fs/cgroup/freezer/sub/deeper/cgroup.procs
echo FROZEN >/sys/fs/cgroup/freezer/sub/freezer.state
exec sleep 1000
END
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	pid=$(cat "$tmp/pid")
	wait_for held || bail "$err: it does not freeze"
}
held() { has_line "/sys/fs/cgroup/freezer$(place)/freezer.state" FROZEN; }
place() { sed -n 's/^[0-9]*:freezer://p' "/proc/$pid/cgroup"; }
runs() {
	bundle
	argv sleep 1000
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	pid=$(cat "$tmp/pid")
}

if [ ! -e /sys/fs/cgroup/freezer/cgroup.procs ]; then
	skip 'a container that has frozen itself dies' 'no v1 freezer here'
else
	frozen_by_itself
	do_runc kill "$id" KILL
	is 'a container that has frozen itself: kill KILL' "$status" 0 || diag "$err"
	wait_for gone "$pid"
	ok 'a container that has frozen itself dies of kill KILL' gone "$pid"
	do_runc delete "$id"
	is 'a container that has frozen itself can be deleted after kill KILL' \
		"$status" 0 || diag "$err"

	frozen_by_itself
	do_runc delete --force "$id"
	is 'a container that has frozen itself: delete --force' "$status $(cgroups_left)" '0 ' ||
		diag "$err"

	# In a hybrid layout the v2 freezer waits for a process that the v1 freezer holds.
	frozen_by_itself
	do_runc pause "$id"
	is 'a container that has frozen itself: pause' "$status $(status_of "$id")" '0 paused' ||
		diag "$err"
	do_runc resume "$id"
	is 'a container that has frozen itself: resume' \
		"$status $(status_of "$id")" '0 running' || diag "$err"
	drop "$id"

	# Init has been moved into a frozen cgroup where others live: it comes back, they stay
	# as they are.
	for verb in kill delete; do
		runs
		other=/sys/fs/cgroup/freezer/$mark-other
		mkdir "$other"
		background sleep 1000
		for p in "$bg" "$pid"; do echo "$p" >"$other/cgroup.procs"; done
		echo FROZEN >"$other/freezer.state"
		wait_for has_line "$other/freezer.state" FROZEN
		case $verb in
		kill) do_runc kill "$id" KILL ;;
		*) do_runc delete --force "$id" ;;
		esac
		is "init is held by a frozen cgroup of others: $verb" "$status" 0 || diag "$err"
		wait_for gone "$pid"
		ok "init is held by a frozen cgroup of others: $verb ends it" gone "$pid"
		is "init is held by a frozen cgroup of others: $verb does not thaw that" \
			"$(cat "$other/freezer.state")" FROZEN
		drop "$id"
		echo THAWED >"$other/freezer.state"
		kill -KILL "$bg"
		wait_for rmdir "$other"
	done

	# A frozen cgroup above the container's is not its own: the error names it.
	runs
	drop "$id"
	config_set /linux/cgroupsPath "\"/$mark-top/$mark-in\""
	do_runc run -d --bundle "$bundle" "$id"
	echo FROZEN >"/sys/fs/cgroup/freezer/$mark-top/freezer.state"
	do_runc delete --force "$id"
	like 'a frozen cgroup above is not thawed, it is named' "$status $err" \
		"^1 .*freezer/$mark-top[)\"]*$"
	echo THAWED >"/sys/fs/cgroup/freezer/$mark-top/freezer.state"
	drop "$id"
	for d in $(cgroups_left); do rmdir "$d" 2>/dev/null; done
fi

# ---- another program has moved init out of the container's cgroups ----

moved_out() {
	runs
	for d in $(cgroups_left); do
		echo "$pid" >"${d%/*}/cgroup.procs"
	done 2>/dev/null
	! grep -q "$mark" "/proc/$pid/cgroup"
}
if moved_out; then
	do_runc pause "$id"
	like 'init was moved out: pause says so' "$status $(error_lines "$tmp/err") $err" \
		"^1 1 .*process $pid is not in its cgroup"
	is 'init was moved out: and it is running' "$(status_of "$id")" running
	# Others may freeze the rest of the container.
	for f in cgroup.freeze freezer.state; do
		for d in $(cgroups_left); do
			[ ! -e "$d/$f" ] || case $f in
			*state) echo FROZEN ;;
			*) echo 1 ;;
			esac >"$d/$f"
		done
	done
	is 'init was moved out, its cgroup is frozen: it is running' "$(status_of "$id")" running
	do_runc list
	like 'list says so too' "$out" " $pid +running "
	do_runc resume "$id"
	is 'resume thaws the cgroup' "$status" 0 || diag "$err"
	do_runc delete "$id"
	like 'init was moved out: delete is refused' "$status $err" '^1 .*not stopped: running'
	do_runc kill --all "$id" 0
	is 'init was moved out: kill --all' "$status" 0 || diag "$err"
	do_runc kill --all "$id" KILL
	is 'init was moved out: kill --all KILL' "$status" 0 || diag "$err"
	ok 'init was moved out: it dies of that' wait_for gone "$pid"
	drop "$id"
	moved_out
	do_runc delete --force "$id"
	is 'init was moved out: delete --force' "$status" 0 || diag "$err"
	ok 'init was moved out: and it is dead' gone "$pid"
	sweep

	# In a shared pid namespace KILL goes to the cgroup.
	bundle shared
	argv sleep 1000
	config_set /linux/namespaces '[{"type":"mount"},{"type":"ipc"},{"type":"uts"}]'
	shared=$bundle
	runs() {
		do_runc run -d --bundle "$shared" --pid-file "$tmp/pid" "$id"
		pid=$(cat "$tmp/pid")
	}
	moved_out
	do_runc kill "$id" KILL
	is 'moved out of a shared pid namespace: kill KILL' "$status" 0 || diag "$err"
	ok 'moved out of a shared pid namespace: it dies' wait_for gone "$pid"
	drop "$id"
else
	skip 'init was moved out of its cgroups' 'it cannot be moved here'
fi
sweep

# ---- device rules where no cgroup can be made ----

bundle
cat >"$tmp/readonly" <<END
sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - cgroup2* .*/\1/p' /proc/self/mountinfo |
	while read -r at; do
	mount -o remount,bind,ro "\$at" || exit 77
done
exec "$RUNC" --root "$root" run --bundle "$bundle" "$id"
END
# in_readonly: the bundle where all cgroup filesystems are read-only.
in_readonly() {
	status=0
	OCI_TEST_MARK=$mark timeout -s KILL 60 unshare -m sh "$tmp/readonly" >"$tmp/out" \
		2>"$tmp/err" </dev/null || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}
argv echo ran
in_readonly
is 'cgroups are read-only, and the container has no device nodes: it runs' "$status $out" '0 ran' ||
	diag "$err"
config_set /process/capabilities \
	'{"bounding":["CAP_MKNOD"],"effective":["CAP_MKNOD"],"permitted":["CAP_MKNOD"]}'
in_readonly
like 'cgroups are read-only, and it can make nodes that are denied: refused' "$status $out$err" \
	'^1 .*[Rr]ead-only file system.*devices'
config_set /linux/resources/devices '[{"allow":true,"access":"rwm"}]'
in_readonly
is 'cgroups are read-only, and the rules deny nothing: it runs' \
	"$status $out" '0 ran' || diag "$err"
bundle
argv echo ran
sed -i "s|run --bundle .* |run --bundle $bundle |" "$tmp/readonly"
config_set /linux/devices '[{"path":"/dev/mine","type":"b","major":7,"minor":99}]'
in_readonly
like 'cgroups are read-only, and it is given a node: refused' "$status $out$err" '^1 .*devices'

# begin_readonly: a bundle for in_readonly.
begin_readonly() {
	bundle
	sed -i "s|run --bundle .* |run --bundle $bundle |" "$tmp/readonly"
}
begin_readonly
argv echo ran
config_del /process/capabilities
in_readonly
like 'cgroups are read-only, and it keeps every capability: refused' "$status $out$err" \
	'^1 .*devices'
config_set /process/capabilities \
	'{"effective":["CAP_MKNOD"],"permitted":["CAP_MKNOD"],"inheritable":["CAP_MKNOD"]}'
in_readonly
like 'cgroups are read-only, and the bounding set alone has no CAP_MKNOD: refused' \
	"$status $out$err" '^1 .*devices'
begin_readonly
mknod -m 666 "$rootfs/node" c 1 3
argv probe open /node rw
in_readonly
is 'cgroups are read-only: a device node of the root directory is not used' "$status $out" \
	'0 open errno 13' || diag "$err"
config_set /mounts '[{"destination":"/proc","type":"proc","source":"proc"}]'
in_readonly
like 'without a mount on /dev, where nodes of the root are used: refused' "$status $out$err" \
	'^1 .*devices'

# There the container has no device nodes because it cannot make any. exec must not change that.
makes_node='mknod /tmp/node b 7 99'
for how in disabled readonly; do
	begin_readonly
	config_set /root/readonly false
	argv sleep 1000
	case $how in
	disabled) do_runc --cgroup-manager disabled run -d --bundle "$bundle" "$id" ;;
	readonly) sed -i 's/ run --bundle/ run -d --bundle/' "$tmp/readonly" && in_readonly ;;
	esac
	is "exec, cgroups $how: a container without CAP_MKNOD runs" "$status" 0 || diag "$err"
	# shellcheck disable=SC2086
	do_runc exec --cap CAP_MKNOD "$id" $makes_node
	like "exec, cgroups $how: it gets no CAP_MKNOD" "$status $err" \
		'^255 .*CAP_MKNOD is not given'
	printf '%s' \
		'{"args":["mknod","/tmp/node","b","7","99"],"cwd":"/","user":{"uid":0,"gid":0},"env":["PATH=/bin"],"capabilities":{"bounding":["CAP_MKNOD"]}}' \
		>"$tmp/process"
	do_runc exec -p "$tmp/process" "$id"
	like "exec, cgroups $how: nor from a file" "$status $err" '^255 .*CAP_MKNOD is not given'
	nok "exec, cgroups $how: there is no node" [ -e "$rootfs/tmp/node" ]
	do_runc exec --cap CAP_CHOWN "$id" true
	is "exec, cgroups $how: other capabilities are given" "$status" 0 || diag "$err"
	drop "$id"
done
bundle
config_set /root/readonly false
argv sleep 1000
run -d
# shellcheck disable=SC2086
do_runc exec --cap CAP_MKNOD "$id" $makes_node
is 'exec, with device rules: CAP_MKNOD is given' "$status" 0 || diag "$err"
drop "$id"

# ---- a cgroup of another user, which we may use and not remove ----

if setpriv --bounding-set -dac_override true 2>/dev/null; then
	bundle
	argv echo ran
	config_set /linux/cgroupsPath "\"/$mark-top/pre\""
	for h in /sys/fs/cgroup/ /sys/fs/cgroup/*/; do
		[ -e "$h/cgroup.procs" ] || continue
		mkdir "$h/$mark-top" "$h/$mark-top/pre" || continue
		for d in "$h/$mark-top" "$h/$mark-top/pre"; do
			[ ! -e "$h/cpuset.cpus" ] || {
				cat "$h/cpuset.cpus" >"$d/cpuset.cpus"
				cat "$h/cpuset.mems" >"$d/cpuset.mems"
			}
		done
		chmod 555 "$h/$mark-top"
	done 2>/dev/null
	runc_all=$RUNC
	printf '#!/bin/sh\nexec setpriv --bounding-set -dac_override,-dac_read_search "%s" "$@"\n' \
		"$RUNC" >"$tmp/less"
	chmod 755 "$tmp/less"
	RUNC=$tmp/less
	run
	is 'a cgroup that may not be removed: the container runs' "$status $out" '0 ran' ||
		diag "$err"
	do_runc delete --force "$id"
	is 'a cgroup that may not be removed: delete --force removes the state' \
		"$status $(states_left)" '0 ' || diag "$err"
	RUNC=$runc_all
	for d in $(cgroups_left); do rmdir "$d/pre" "$d"; done
else
	skip 'a cgroup that may not be removed' 'setpriv is not here'
fi

# ---- a message bus on which any user can send signals ----

# The bus is a real one with the policy that comes with it; systemd's part is played by a helper: it
# has answered and works on the unit until the file "go" exists.
bus_socket=/run/dbus/system_bus_socket
start_bus() {
	mount -t tmpfs none /run
	mkdir -p /run/systemd/system /run/dbus
	cat >"$tmp/bus.conf" <<'END'
<busconfig>
<include>/usr/share/dbus-1/system.conf</include>
<policy user="root">
<allow own="org.freedesktop.systemd1"/>
<allow send_destination="org.freedesktop.systemd1"/>
</policy>
</busconfig>
END
	background dbus-daemon --nofork --nopidfile --config-file="$tmp/bus.conf" 2>"$tmp/bus.log"
	wait_for test -S $bus_socket || bail "no bus: $(cat "$tmp/bus.log")"
	start_systemd
}
start_systemd() {
	listen "$tmp/systemd.out" "$HELPERS/bus" systemd $bus_socket \
		'echo "$3" >'"$tmp"'/begun.new; mv '"$tmp"'/begun.new '"$tmp"'/begun
		while [ ! -e '"$tmp"'/go ]; do sleep 0.05; done
		for d in '"$sd_dirs"'; do
			mkdir -p "$d/system.slice/$1" &&
				echo "$2" >"$d/system.slice/$1/cgroup.procs"
		done'
}
# as_nobody CMD...: an ordinary user.
as_nobody() { "$HELPERS/as" 65534 65534 "$@"; }
sd_dirs=
for d in /sys/fs/cgroup /sys/fs/cgroup/unified /sys/fs/cgroup/systemd; do
	[ ! -e $d/cgroup.procs ] || sd_dirs="$sd_dirs $d"
done

if [ -d /run/systemd/system ]; then
	skip 'a forged JobRemoved' 'a real systemd is here'
elif ! command -v dbus-daemon >/dev/null || [ ! -e /usr/share/dbus-1/system.conf ]; then
	skip 'a forged JobRemoved' 'dbus-daemon is not here'
elif ! helper bus || ! helper as; then
	skip 'a forged JobRemoved' 'the helpers bus and as are not built'
else
	cp "$HELPERS/bus" "$tmp/bus"
	chmod 755 "$tmp/bus"
	start_bus
	bundle
	argv grep -E '^0:|systemd' /proc/self/cgroup
	json_del "$bundle/config.json" /mounts/6
	for attack in forge flood; do
		rm -f "$tmp/begun" "$tmp/go"
		# shellcheck disable=SC3045 # dash and busybox have it
		(ulimit -v 300000 && runc --systemd-cgroup run --bundle "$bundle" "$id") \
			>"$tmp/sd.out" 2>"$tmp/sd.err" &
		runtime=$!
		wait_for test -e "$tmp/begun"
		case $attack in
		forge) as_nobody "$tmp/bus" forge $bus_socket "$(cat "$tmp/begun")" \
			"runc-$id.scope" ;;
		flood) as_nobody "$tmp/bus" flood $bus_socket "$(cat "$tmp/begun")" 10000000 60 ;;
		esac
		is "an ordinary user can $attack signals" $? 0
		touch "$tmp/go"
		status=0
		wait $runtime || status=$?
		is "$attack: the payload runs when systemd says so, in the scope" \
			"$status $(grep -c "/system.slice/runc-$id.scope" "$tmp/sd.out")" \
			"0 $(echo "$sd_dirs" | wc -w)" ||
			diag "$(cat "$tmp/sd.out" "$tmp/sd.err")"
		drop "$id"
		for d in $(cgroups_left); do rmdir "$d" 2>/dev/null; done
	done

	# systemd reports success, but has not moved the process.
	kill "$sock"
	wait_for gone "$sock"
	sd_dirs=
	start_systemd
	LIMIT=20
	do_runc --systemd-cgroup run --bundle "$bundle" "$id"
	unset LIMIT
	like 'a process that is not in its scope: refused' "$status $out $err" \
		'^1 .*has not put process'

	kill "$sock"
	wait_for gone "$sock"
	umount -l /run
fi

nothing_left
done_testing

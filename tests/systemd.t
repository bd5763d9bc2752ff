#!/bin/sh
# systemd.t - --systemd-cgroup: the scope, its place, limits as properties and in files, update, its
# end.
# SPDX-License-Identifier: MIT
#
# As root it asks the system's manager, as an ordinary user his own.
. "$(dirname "$0")/lib.sh"
[ -d /run/systemd/system ] || skip_all 'systemd is not running here; scripts/vm systemd has it'
[ -e /sys/fs/cgroup/cgroup.controllers ] || skip_all 'not cgroup v2'
if [ "$uid" = 0 ]; then
	manager=
	default_slice=system.slice
else
	manager=--user
	default_slice=user.slice
	systemctl --user is-system-running >/dev/null 2>&1 ||
		systemctl --user list-units >/dev/null ||
		skip_all 'no systemd manager of this user'
fi
RUNC_FLAGS=--systemd-cgroup
scope=runc-$id.scope

# prop NAME: what systemd says of the scope.
# shellcheck disable=SC2086 # one option or none
prop() { systemctl $manager show -p "$1" --value "${2:-$scope}"; }
cg() { echo "/sys/fs/cgroup$(prop ControlGroup)"; }
file() { cat "$(cg)/$1" 2>&1; }
has() { grep -qw "$1" "/sys/fs/cgroup$(prop ControlGroup "$default_slice")/cgroup.controllers"; }
# The scope is gone at once, not only when systemd collects unused units.
no_scope() { is "$1" "$(prop LoadState)" not-found; }
lines_are() { [ "$(grep -c '' "$tmp/out")" = "$1" ]; }
start() {
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	pid=$(cat "$tmp/pid" 2>/dev/null)
	[ "$status" = 0 ] || diag "$err"
}

# A config that an ordinary user may run, too.
sd_bundle() {
	bundle
	if [ "$uid" != 0 ]; then
		config_set /linux/namespaces/- '{"type":"user"}' \
			/linux/uidMappings "[{\"containerID\":0,\"hostID\":$uid,\"size\":1}]" \
			/linux/gidMappings "[{\"containerID\":0,\"hostID\":$(id -g),\"size\":1}]" \
			/mounts/2/options \
			'["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]'
		json_del "$bundle/config.json" /linux/resources
	fi
	argv sleep 1000
}

# ---- the scope ----

options() { sed -n 's|.* / /sys/fs/cgroup .* - ||p' /proc/self/mountinfo; }

sd_bundle
before=$(options)
start
is 'run: exit 0' "$status" 0
is 'a mount of cgroups does not change the options of the host'"'"'s' "$(options)" "$before"
is 'a scope is active' "$(prop ActiveState) $(prop SubState)" 'active running'
is 'a scope is in the default slice' "$(prop Slice)" "$default_slice"
is 'a scope may divide its cgroup' "$(prop Delegate)" yes
like 'the cgroup of a scope is that of the container' \
	"$(cat "/proc/$pid/cgroup")" "^0::$(prop ControlGroup)"
like 'a scope is named after the container' "$(prop ControlGroup)" "/$scope\$"
like 'a scope has a description' "$(prop Description)" "$id"
is 'accounting is on' "$(prop MemoryAccounting) $(prop CPUAccounting) $(prop TasksAccounting)" \
	'yes yes yes'
is 'exec: exit 0' "$(do_runc exec "$id" true; echo "$status")" 0
do_runc exec -d --pid-file "$tmp/pid2" "$id" sleep 1000
like 'exec: in the same scope' "$(cat "/proc/$(cat "$tmp/pid2")/cgroup")" "^0::$(prop ControlGroup)"
do_runc ps --format json "$id"
is 'ps finds both' "$(echo "$out" | tr -d '[] \n' | tr , '\n' | grep -c .)" 2
do_runc pause "$id"
is 'pause' "$status $(status_of "$id")" '0 paused'
do_runc resume "$id"
is 'resume' "$status $(status_of "$id")" '0 running'
is 'a second container of the same name is refused, and the first lives' \
	"$(do_runc run -d --bundle "$bundle" "$id"; echo "$status") $(status_of "$id") $(prop \
	ActiveState)" \
	'1 running active'
do_runc delete --force "$id"
is 'delete --force' "$status:$(status_of "$id")" 0:none
no_scope 'the scope is gone'

argv true
run_ok 'a foreground run'
no_scope 'a foreground run leaves no scope'

argv sh -c 'exit 3'
run
is 'the status is that of the program' "$status" 3
argv /no/such/program
run
is 'a program that is not there' "$([ "$status" != 0 ] && echo refused)" refused
no_scope 'a program that is not there leaves no scope'
argv sleep 1000

# ---- root speaks to systemd without the message bus ----

if [ "$uid" = 0 ]; then
	config_set /process/args '["grep","-c","","/proc/self/cgroup"]'
	cat >"$tmp/no-bus" <<END
mount -t tmpfs none /run/dbus || exit 77
exec "$RUNC" --root "$root" --systemd-cgroup run --bundle "$bundle" "$id"
END
	is 'root: the message bus is hidden, and the container runs in its scope' \
		"$(OCI_TEST_MARK=$mark timeout 60 unshare -m sh "$tmp/no-bus" 2>&1 </dev/null
			echo "$?")" "1
0"
	no_scope 'root, message bus hidden: the scope is gone'
	argv sleep 1000
fi

# ---- the cgroup of the scope, or of its slice, is there and frozen ----

# frozen DESC DIR: no container can be made while DIR is frozen, and the refusal leaves nothing.
frozen() {
	mkdir -p "$2"
	echo 1 >"$2/cgroup.freeze"
	wait_for has_line "$2/cgroup.events" 'frozen 1'
	create
	like "$1 is frozen: refused" "$status $err" '^1 .*container.s cgroup unexpectedly frozen'
	is "$1 is frozen: nothing is left of it" "$(prop LoadState) $(states_left)" 'not-found '
	echo 0 >"$2/cgroup.freeze"
}

if [ "$uid" = 0 ]; then
	frozen 'the cgroup of the scope' "/sys/fs/cgroup/$default_slice/$scope"
	rmdir "/sys/fs/cgroup/$default_slice/$scope"
	config_set /linux/cgroupsPath "\"ocif-test.slice:runc:$id\""
	frozen 'a slice above it' /sys/fs/cgroup/ocif.slice
	rmdir /sys/fs/cgroup/ocif.slice
	config_del /linux/cgroupsPath
fi

# ---- create and start, a place of one's own ----

[ "$uid" = 0 ] && slice=ocit-test.slice || slice=ocit-user.slice
config_set /linux/cgroupsPath "\"$slice:made:$id\""
scope=made-$id.scope
create
is 'create with slice:prefix:name' "$status" 0 || diag "$err"
is 'the unit prefix-name.scope is in the slice' "$(prop ActiveState) $(prop Slice)" "active $slice"
runc start "$id"
is 'start' "$(status_of "$id")" running
runc kill "$id" KILL
wait_for status_is "$id" stopped
do_runc delete "$id"
is 'delete' "$status" 0
no_scope 'its scope is gone'
for p in '"/abs/path"' '"name"' '"a:b"' '"a:b:c:d"' "\"no-suffix:p:$id\"" \
	"\"-.slice/../x.slice:p:$id\""; do
	config_set /linux/cgroupsPath "$p"
	do_runc run --bundle "$bundle" "$id"
	is "cgroupsPath $p is refused" "$status:$(status_of "$id")" 1:none
	like "cgroupsPath $p is named" "$err" 'slice|cgroupsPath'
done
config_del /linux/cgroupsPath
scope=runc-$id.scope

# ---- limits: the property, and the file ----

# limit DESC CONTROLLER PROPERTY WANT FILE WANT RESOURCES
limit() {
	if ! has "$2"; then
		skip "$1" "no $2 controller here"
		return
	fi
	config_set /linux/resources "$7"
	start
	[ "$3" = - ] || is "$1: $3" "$(prop "$3")" "$4"
	is "$1: $5" "$(file "$5")" "$6"
	drop "$id"
}

M=67108864
limit 'memory.limit' memory MemoryMax $M memory.max $M "{\"memory\":{\"limit\":$M}}"
limit 'memory.reservation' memory MemoryLow $M memory.low $M "{\"memory\":{\"reservation\":$M}}"
limit 'memory.swap' memory MemorySwapMax $M memory.swap.max $M \
	"{\"memory\":{\"limit\":$M,\"swap\":$((2 * M))}}"
limit 'no limit of memory' memory MemoryMax infinity memory.max max '{"memory":{"limit":-1}}'
limit 'pids.limit' pids TasksMax 20 pids.max 20 '{"pids":{"limit":20}}'
limit 'pids.limit 0' pids TasksMax 1 pids.max 1 '{"pids":{"limit":0}}'
limit 'pids.limit -1' pids TasksMax infinity pids.max max '{"pids":{"limit":-1}}'
limit 'cpu.shares' cpu CPUWeight 59 cpu.weight 59 '{"cpu":{"shares":512}}'
limit 'cpu.quota' cpu CPUQuotaPerSecUSec 500ms cpu.max '50000 100000' '{"cpu":{"quota":50000}}'
limit 'cpu.quota and period' cpu CPUQuotaPeriodUSec 50ms cpu.max '20000 50000' \
	'{"cpu":{"quota":20000,"period":50000}}'
limit 'cpu.idle' cpu - - cpu.idle 1 '{"cpu":{"idle":1}}'
limit 'cpuset.cpus' cpuset AllowedCPUs 0 cpuset.cpus 0 '{"cpu":{"cpus":"0"}}'
limit 'cpuset.mems' cpuset AllowedMemoryNodes 0 cpuset.mems 0 '{"cpu":{"mems":"0"}}'
limit 'unified' memory MemoryHigh $M memory.high $M "{\"unified\":{\"memory.high\":\"$M\"}}"
limit 'unified and the spec: unified counts' pids TasksMax 33 pids.max 33 \
	'{"pids":{"limit":20},"unified":{"pids.max":"33"}}'
limit 'hugepageLimits' hugetlb - - hugetlb.2MB.max 4194304 \
	'{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}'

config_set /linux/resources '{"unified":{"no.such":"1"}}'
refused 'an unknown file' 'no\.such'
no_scope 'an unknown file of unified leaves no scope'

# ---- annotations (AN-01) ----

config_set /linux/resources '{}' /annotations \
	'{"org.systemd.property.TimeoutStopUSec":"uint64 123000000",
	"org.systemd.property.CollectMode":"'"'inactive-or-failed'"'"}'
start
is 'properties from annotations' "$(prop TimeoutStopUSec) $(prop CollectMode)" \
	'2min 3s inactive-or-failed'
drop "$id"
config_set /annotations '{"org.systemd.property.NoSuchThing":"true"}'
refused 'one that systemd does not know' 'NoSuchThing|property'
no_scope 'no scope of it'
config_del /annotations

# ---- update: what systemd says later is the same ----

config_set /linux/resources '{"pids":{"limit":20}}'
start
do_runc update --pids-limit 40 "$id"
is 'update: exit 0' "$status" 0 || diag "$err"
is 'the property and the file' "$(prop TasksMax) $(file pids.max)" '40 40'
if has memory; then
	do_runc update --memory $((2 * M)) "$id"
	is 'memory' "$status $(prop MemoryMax) $(file memory.max)" "0 $((2 * M)) $((2 * M))"
fi
if has cpu; then
	do_runc update --cpu-quota 500000 --cpu-period 900000 "$id"
	quota=$(file cpu.max)
	do_runc update --cpu-share 200 --cpu-idle 1 "$id"
	is '--cpu-share with --cpu-idle 1: idle counts, in runc'"'"'s words' \
		"$status $(grep -c 'unable to apply both' "$tmp/err") $(file cpu.idle)" '0 1 1' ||
		diag "$err"
	do_runc update --cpu-share 200 --cpu-idle 0 "$id"
fi
# shellcheck disable=SC2086
systemctl $manager daemon-reload
if has cpu; then
	is 'a quota of no whole percents is what systemd makes of it' "$quota $(file cpu.max)" \
		'504000 900000 504000 900000'
fi
is 'limits survive a reload of systemd' "$(prop TasksMax) $(file pids.max)" '40 40'
drop "$id"

if has memory && has cpuset; then
	config_set /linux/resources '{}'
	start
	before="$(prop MemoryMax) $(file memory.max) $(prop TasksMax) $(file cpuset.cpus)"
	do_runc update --memory 512M --pids-limit 30 --cpuset-cpus 4095 "$id"
	is 'an update that fails: exit 1' "$status" 1
	is 'an update that fails leaves no new property' \
		"$(prop MemoryMax) $(file memory.max) $(prop TasksMax) $(file cpuset.cpus)" "$before"
	# shellcheck disable=SC2086
	systemctl $manager daemon-reload
	is 'an update that fails: the limits are the old ones after a reload of systemd' \
		"$(prop MemoryMax) $(file memory.max) $(prop TasksMax) $(file cpuset.cpus)" "$before"
	drop "$id"
else
	skip 'an update that fails leaves no new property' 'no memory and cpuset controllers here'
fi

# ---- devices: systemd and we agree ----

if [ "$uid" = 0 ]; then
	config_set /linux/resources '{"devices":[{"allow":false,"access":"rwm"},
		{"allow":true,"type":"c","major":240,"minor":7,"access":"r"}]}' \
		/process/capabilities/bounding/- '"CAP_MKNOD"' /process/capabilities/effective/- \
		'"CAP_MKNOD"' \
		/process/capabilities/permitted/- '"CAP_MKNOD"' /root/readonly false
	argv \
		sh -c 'probe mknod /tmp/a 240 7; probe mknod /tmp/b 240 8; probe open /tmp/a r; probe open /tmp/a rw; probe open /tmp/b r; probe open /dev/null r; sleep 1000'
	do_runc run -d --bundle "$bundle" "$id"
	wait_for lines_are 6
	is 'what is allowed and what is not' "$(sed 's/^mknod.*//' "$tmp/out" | grep . |
		tr '\n' ' ')" \
		'open errno 6 open errno 1 open errno 1 open 0 ' || diag "$(cat "$tmp/out")"
	is 'systemd is strict too' "$(prop DevicePolicy)" strict
	systemctl daemon-reload
	do_runc exec "$id" probe open /tmp/b r
	is 'device rules survive a reload of systemd' "$out" 'open errno 1'
	drop "$id"
fi

# ---- the container's root owns its cgroup where it is to manage it ----

sd_bundle
config_set /linux/namespaces/- '{"type":"cgroup"}' /mounts/6/options \
	'["nosuid","noexec","nodev","relatime"]'
if [ "$uid" = 0 ]; then
	chown -R 100000:100000 "$rootfs"
	config_set /linux/namespaces/- '{"type":"user"}' \
		/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
		/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
fi
argv \
	sh -c 'cat /proc/self/cgroup; mkdir /sys/fs/cgroup/sub && echo 0 >/sys/fs/cgroup/sub/cgroup.procs && cat /proc/self/cgroup'
run
is 'sub-cgroups can be made and entered' "$out" '0::/
0::/sub' || diag "$err"
no_scope 'sub-cgroups are gone with the scope'

nothing_left
done_testing

#!/bin/sh
# cgroup.t - where a container is put and what its limits become, on the hierarchy the host has.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
grep -q ' - cgroup2\{0,1\} ' /proc/self/mountinfo || skip_all 'no cgroups are mounted here'
v2=
[ -e /sys/fs/cgroup/cgroup.controllers ] && v2=yes

# has CONTROLLER: it can be used here.
has() {
	if [ -n "$v2" ]; then
		grep -qw "$1" /sys/fs/cgroup/cgroup.controllers
	else
		[ -e "/sys/fs/cgroup/$1/cgroup.procs" ]	# podman leaves plain folders there
	fi
}
# cg CONTROLLER V2-FILE V1-FILE: the content for the running container; "-" where this version has
# none.
cg() {
	_dir=/sys/fs/cgroup/
	[ -n "$v2" ] || _dir=$_dir$1/	# the slash: it may be a link
	_dir=$(find "$_dir" -depth -type d -name "*$id*" 2>/dev/null | tail -n 1)
	_f=$3
	[ -z "$v2" ] || _f=$2
	[ "$_f" = - ] && { echo -; return; }
	cat "$_dir/$_f" 2>&1
}
# start: the bundle as a running container; its pid is in $pid.
start() {
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	pid=$(cat "$tmp/pid" 2>/dev/null)
	[ "$status" = 0 ] || diag "$err"
}
# limit DESC CONTROLLER V2-FILE V2-WANT V1-FILE V1-WANT RESOURCES
limit() {
	if ! has "$2"; then
		skip "$1" "no $2 controller here"
		return
	fi
	_want=$6
	[ -z "$v2" ] || _want=$4
	if [ "$_want" = - ]; then
		skip "$1" "this version of cgroups has no such limit"
		return
	fi
	config_set /linux/resources "$7"
	start
	is "$1" "$(cg "$2" "$3" "$5")" "$_want"
	drop "$id"
}

bundle

# ---- the container's cgroup (CG-01, CG-24) ----

argv sh -c 'sleep 1000 & wait'

start
like 'the container has a cgroup of its own' "$(cat "/proc/$pid/cgroup")" "/[^:]*$id"
isnt "the container's cgroup exists as a directory" "$(cgroups_left)" ''
n=$(grep -c "$id" "/proc/$pid/cgroup")
if [ -n "$v2" ]; then
	is 'the cgroup of the container is in the v2 hierarchy' "$n" 1
else
	is 'the cgroup of the container is in every v1 hierarchy' \
		"$(grep -v '^0:' "/proc/$pid/cgroup" | grep -vc "$id")" 0
fi
ok 'a child of the program is in the same cgroup' wait_for members_are 2
drop "$id"
argv sleep 1000
is 'no cgroup is left' "$(cgroups_left)" ''

(umask 077 && runc run -d --bundle "$bundle" "$id" >/dev/null)
is 'umask 077 of the caller: directories of cgroups are 0755' \
	"$(cgroups_left | xargs stat -c %a | sort -u)" 755
is 'umask 077 of the caller: a mapped root can reach the state directory' \
	"$(stat -c %a "$root/$id")" 711
drop "$id"

config_set /linux/cgroupsPath "\"/$mark-top/$mark-deep\""
start
like 'an absolute cgroupsPath' "$(cat "/proc/$pid/cgroup")" "/$mark-top/$mark-deep$"
drop "$id"
# Directories above the last one belong to the caller, who asked for them.
for d in $(cgroups_left); do rmdir "$d" 2>/dev/null; done
config_set /linux/cgroupsPath "\"$mark-rel\""
start
like 'a relative cgroupsPath' "$(cat "/proc/$pid/cgroup")" "/$mark-rel$"
drop "$id"
config_set /linux/cgroupsPath "\"/$mark-top/../../$mark-dots\""
run_status=$(start >/dev/null; echo "$status")
case $run_status in
0) like 'a cgroupsPath with .. stays below the root of the hierarchy' \
	"$(cat "/proc/$(cat "$tmp/pid")/cgroup")" "/$mark-dots$" ;;
*) is 'dots are refused' "$run_status" 1 ;;
esac
drop "$id"
for d in $(cgroups_left); do rmdir "$d" 2>/dev/null; done
config_del /linux/cgroupsPath

# A cgroup that is in use: refused (X-08). control: runc 1.1.5 only warns.
start
config_set /linux/cgroupsPath \
	"\"$(sed -n "s/^[0-9]*:\(pids\|\):\(.*$id\)$/\2/p" "/proc/$pid/cgroup" | head -n 1)\""
LIMIT=10
do_runc run --bundle "$bundle" "$id-2"
unset LIMIT
like 'a cgroup with processes in it is refused' "$status $err" "^1 .*cgroup is not empty: 1 process"
is 'a cgroup with processes in it: the first container lives' "$(status_of "$id")" running
drop "$id-2"
drop "$id"
config_del /linux/cgroupsPath
for d in $(cgroups_left); do rmdir "$d" 2>/dev/null; done

# ---- memory (TB-04) ----

M=67108864
limit 'memory.limit' memory memory.max $M memory.limit_in_bytes $M "{\"memory\":{\"limit\":$M}}"
limit 'memory.limit -1' memory memory.max max memory.limit_in_bytes \
	"$(cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null)" '{"memory":{"limit":-1}}'
limit 'memory.reservation' memory memory.low $M memory.soft_limit_in_bytes $M \
	"{\"memory\":{\"reservation\":$M}}"
if [ -e /sys/fs/cgroup/memory/memory.memsw.limit_in_bytes ] || [ -n "$v2" ]; then
	limit 'memory.swap: memory and swap' memory memory.swap.max $M memory.memsw.limit_in_bytes \
		$((2 * M)) \
		"{\"memory\":{\"limit\":$M,\"swap\":$((2 * M))}}"
	limit 'memory.swap equal to the limit: no swap' memory memory.swap.max 0 \
		memory.memsw.limit_in_bytes $M \
		"{\"memory\":{\"limit\":$M,\"swap\":$M}}"
else
	skip 'memory.swap' 'no swap accounting here'
fi
if [ -z "$v2" ]; then
	limit 'memory.swappiness' memory - - memory.swappiness 17 '{"memory":{"swappiness":17}}'
	limit 'memory.swappiness 18446744073709551615 is -1: not set' memory - - memory.swappiness \
		"$(cat /sys/fs/cgroup/memory/memory.swappiness 2>/dev/null)" \
		'{"memory":{"swappiness":18446744073709551615}}'
	config_set /linux/resources '{"memory":{"swappiness":101}}'
	refused 'memory.swappiness 101' 'swappiness'
	config_set /linux/resources '{"memory":{"disableOOMKiller":true}}'
	start
	like 'memory.disableOOMKiller' "$(cg memory - memory.oom_control)" 'oom_kill_disable 1'
	drop "$id"
fi
if has memory; then
	config_set /linux/resources "{\"memory\":{\"limit\":$((32 << 20)),\"swap\":$((32 << 20))}}"
	argv sh -c 'probe alloc 16; probe alloc 100; echo $?'
	run
	like 'a memory limit of 32 MiB: 16 MiB can be allocated' "$out" 'alloc 16'
	unlike 'a memory limit of 32 MiB: 100 MiB cannot be allocated' "$out" 'alloc 100'
	argv sleep 1000
	# kernel and kernelTCP are ignored with a warning (CG-11); control: runc 1.1.5 writes
	# kernelTCP.
	config_set /linux/resources "{\"memory\":{\"limit\":$M,\"kernel\":$M}}"
	start
	is 'memory.kernel is ignored' "$status" 0
	drop "$id"
fi

# ---- pids (CG-18) ----

limit 'pids.limit 20' pids pids.max 20 pids.max 20 '{"pids":{"limit":20}}'
limit 'pids.limit -1' pids pids.max max pids.max max '{"pids":{"limit":-1}}'
# control: runc 1.1.5 takes 0 for none.
limit 'pids.limit 0 is a real limit' pids pids.max 1 pids.max 1 '{"pids":{"limit":0}}'
limit 'no pids.limit' pids pids.max max pids.max max '{"pids":{}}'
if has pids; then
	config_set /linux/resources '{"pids":{"limit":5}}'
	argv sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; echo all'
	run
	like 'pids.limit 5: a sixth process is refused' \
		"$err" "can't fork|Resource temporarily unavailable"
	argv sleep 1000
fi

# A time namespace needs a first process, which must not take the place that init has.
if has pids && [ -e /proc/self/ns/time ]; then
	config_set /linux/resources '{"pids":{"limit":1}}' /linux/namespaces/- '{"type":"time"}'
	argv echo one
	run
	is 'pids.limit 1 beside a time namespace' "$status $out" '0 one' || diag "$err"
	config_set /linux/namespaces \
		'[{"type":"pid"},{"type":"network"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}]'
	argv sleep 1000
fi

# ---- cpu (TB-01, TB-02) ----

limit 'cpu.shares 1024' cpu cpu.weight 100 cpu.shares 1024 '{"cpu":{"shares":1024}}'
limit 'cpu.shares 512' cpu cpu.weight 59 cpu.shares 512 '{"cpu":{"shares":512}}'
limit 'cpu.shares 2' cpu cpu.weight 1 cpu.shares 2 '{"cpu":{"shares":2}}'
limit 'cpu.shares 262144' cpu cpu.weight 10000 cpu.shares 262144 '{"cpu":{"shares":262144}}'
limit 'cpu.quota' cpu cpu.max '50000 100000' cpu.cfs_quota_us 50000 '{"cpu":{"quota":50000}}'
limit 'cpu.quota and period' cpu cpu.max '20000 50000' cpu.cfs_quota_us 20000 \
	'{"cpu":{"quota":20000,"period":50000}}'
limit 'cpu.period' cpu cpu.max 'max 50000' cpu.cfs_period_us 50000 '{"cpu":{"period":50000}}'
limit 'cpu.quota -1' cpu cpu.max 'max 100000' cpu.cfs_quota_us -1 '{"cpu":{"quota":-1}}'
# is_known V2 V1: true if the kernel has that file in a cgroup with the controller cpu, and without
# that controller, which limit reports.
is_known() {
	has cpu || return 0
	config_set /linux/resources '{"cpu":{"quota":50000}}'
	start
	_file=$(cg cpu "$1" "$2")
	drop "$id"
	case $_file in [0-9]*) ;; *) return 1 ;; esac
}
if is_known cpu.max.burst cpu.cfs_burst_us; then
	limit 'cpu.burst' cpu cpu.max.burst 10000 cpu.cfs_burst_us 10000 \
		'{"cpu":{"quota":50000,"burst":10000}}'
else
	skip 'cpu.burst' 'this kernel has no such limit'
fi
if is_known cpu.idle cpu.idle; then
	limit 'cpu.idle' cpu cpu.idle 1 cpu.idle 1 '{"cpu":{"idle":1}}'
else
	skip 'cpu.idle' 'this kernel has no such limit'
fi
limit 'cpuset.cpus' cpuset cpuset.cpus 0 cpuset.cpus 0 '{"cpu":{"cpus":"0"}}'
limit 'cpuset.mems' cpuset cpuset.mems 0 cpuset.mems 0 '{"cpu":{"mems":"0"}}'
if has cpuset; then
	config_set /linux/resources '{"cpu":{"cpus":"0"}}'
	argv grep Cpus_allowed_list /proc/self/status
	run
	is 'cpuset.cpus as the process sees it' "$out" 'Cpus_allowed_list:	0'
	config_set /linux/resources '{"cpu":{"cpus":"9999"}}'
	refused 'a CPU that is not there' 'cpus'
	argv sleep 1000
fi
if has cpu; then
	for r in '{"cpu":{"shares":-1}}' '{"cpu":{"quota":"x"}}' '{"cpu":{"period":0.5}}'; do
		config_set /linux/resources "$r"
		refused "resources $r" 'cpu'
	done
	config_set /linux/resources '{"cpu":{"quota":50}}'
	refused 'a quota the kernel refuses: the file is named' 'cpu\.(cfs_quota_us|max)'
fi

# ---- block I/O, hugetlb, network, rdma ----

# BFQ is used where it is loaded, and takes the weights of the configuration.
if [ -d /sys/module/bfq ]; then
	limit 'blockIO.weight' io io.bfq.weight 'default 200' - - '{"blockIO":{"weight":200}}'
else
	limit 'blockIO.weight' io io.weight 'default 1920' - - '{"blockIO":{"weight":200}}'
fi
dev=$(sed -n 's/^ *\([0-9]*\) *\([0-9]*\) *[1-9][0-9]* \(vda\|sda\|nvme0n1\|loop0\)$/\1:\2/p' \
	/proc/partitions | head -n 1)
if [ -n "$v2" ] && [ -n "$dev" ]; then
	limit 'blockIO.throttle*Device' io io.max \
		"$dev rbps=1048576 wbps=2097152 riops=100 wiops=200" - - \
		"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":1048576}],
			\"throttleWriteBpsDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":2097152}],
			\"throttleReadIOPSDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":100}],
			\"throttleWriteIOPSDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":200}]}}"
else
	if [ -n "$dev" ] && has blkio; then
		limit 'blockIO.throttleReadBpsDevice' blkio - - blkio.throttle.read_bps_device \
			"$dev 1048576" \
			"{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":1048576}]}}"
		limit 'blockIO.throttleWriteIOPSDevice' blkio - - blkio.throttle.write_iops_device \
			"$dev 100" \
			"{\"blockIO\":{\"throttleWriteIOPSDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":100}]}}"
	else
		skip 'blockIO throttling' 'no disk or no blkio controller here'
	fi
fi
limit 'hugepageLimits' hugetlb hugetlb.2MB.max 4194304 hugetlb.2MB.limit_in_bytes 4194304 \
	'{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}'
limit 'network.classID' net_cls - - net_cls.classid 1048577 '{"network":{"classID":1048577}}'
for r in 'hugetlb {"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}' \
	'net_cls {"network":{"classID":1}}' \
	'rdma {"rdma":{"mlx5_0":{"hcaHandles":2}}}'; do
	if [ -z "$v2" ] && ! has "${r%% *}"; then
		config_set /linux/resources "${r#* }"
		run_controller=${r%% *}
		# GM-05: an error where a value is wanted. hugetlb may live on the v2 side of a
		# hybrid host.
		if [ -e "/sys/fs/cgroup/unified/cgroup.controllers" ] &&
			grep -qw "$run_controller" /sys/fs/cgroup/unified/cgroup.controllers; then
			start
			case $status in
			0) pass "$run_controller is taken from the v2 side" ;;
			*) like "$run_controller on the v2 side: refused by name" "$err" \
				"$run_controller" ;;
			esac
			drop "$id"
		else
			refused "$run_controller is wanted and not there" "$run_controller"
		fi
	fi
done

# ---- unified (CG-23) ----

if [ -n "$v2" ]; then
	limit 'unified' pids pids.max 33 pids.max - \
		'{"pids":{"limit":20},"unified":{"pids.max":"33"}}'
	config_set /linux/resources '{"unified":{"no.such":"1"}}'
	refused 'unified: an unknown file' 'no\.such'
	config_set /linux/resources '{"unified":{"../x":"1"}}'
	refused 'unified: a path' 'unified|\.\./x'
else
	config_set /linux/resources '{"unified":{"pids.max":"33"}}'
	refused 'unified on cgroup v1' 'unified'
fi

# ---- freezing (V-22) ----

config_set /linux/resources '{}'
argv sh -c 'while :; do sleep 0.05; done'
start
do_runc pause "$id"
if [ "$status" = 0 ]; then
	is 'pause: the state is paused' "$(status_of "$id")" paused
	do_runc pause "$id"
	like 'pause of a paused container is refused' "$status $err" '^1 .*not running'
	do_runc start "$id"
	like 'start of a paused container is refused' "$status $err" '^1 .*paused'
	do_runc resume "$id"
	is 'resume: the state is running' "$status $(status_of "$id")" '0 running'
	do_runc resume "$id"
	like 'resume of a running container is refused' "$status $err" '^1 .*not paused'
	do_runc pause "$id"
	do_runc kill "$id" KILL
	is 'kill KILL of a paused container succeeds' "$status" 0
	wait_for status_is "$id" stopped
	is 'a paused container dies of kill KILL at once' "$(status_of "$id")" stopped
else
	skip 'pause and resume' "the runtime cannot: $err"
fi
drop "$id"

# A cgroup that was frozen before is refused, and does not hang the runtime (X-08). control: runc
# 1.1.5 warns or hangs.
fz=
[ -z "$v2" ] && [ -d /sys/fs/cgroup/freezer ] && fz=/sys/fs/cgroup/freezer/$mark-frozen
[ -n "$v2" ] && fz=/sys/fs/cgroup/$mark-frozen
if [ -n "$fz" ] && mkdir "$fz" 2>/dev/null; then
	if [ -n "$v2" ]; then echo 1 >"$fz/cgroup.freeze"; else echo FROZEN >"$fz/freezer.state"; fi
	config_set /linux/cgroupsPath "\"/$mark-frozen\""
	LIMIT=15
	do_runc run --bundle "$bundle" "$id"
	unset LIMIT
	like 'a frozen cgroup is refused' "$status $err" '^1 .*frozen'
	if [ -n "$v2" ]; then echo 0 >"$fz/cgroup.freeze"; else echo THAWED >"$fz/freezer.state"; fi
	drop "$id"
	rmdir "$fz" 2>/dev/null
	config_del /linux/cgroupsPath
else
	skip 'a frozen cgroup' 'no freezer here'
fi

# ---- without cgroups ----

# A mount namespace without cgroup filesystems: no limits, no cgroup, at most one warning.
bundle
argv echo alone
json_del "$bundle/config.json" /mounts/6
config_set /linux/resources '{}'
cat >"$tmp/nocg" <<END
umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup || exit 77
grep -q ' - cgroup' /proc/self/mountinfo && exit 77
exec "$RUNC" --root "$root" run --bundle "$bundle" "$id"
END
status=0
OCI_TEST_MARK=$mark unshare -m sh "$tmp/nocg" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
if [ $status = 77 ]; then
	skip 'no cgroups mounted' 'they cannot be unmounted here'
else
	# control: runc needs a hierarchy ("no cgroup mount found in mountinfo").
	is 'no cgroups mounted, no limits asked: runs' "$status $(cat "$tmp/out")" '0 alone' ||
		diag "$(cat "$tmp/err")"
	ok 'no cgroups mounted, no limits asked: one line of warning at most' \
		test "$(wc -l <"$tmp/err")" -le 1
	config_set /linux/resources '{"memory":{"limit":67108864}}'
	status=0
	OCI_TEST_MARK=$mark unshare -m sh "$tmp/nocg" >"$tmp/out" 2>"$tmp/err" </dev/null ||
		status=$?
	like 'no cgroups mounted, limits asked: refused by name' \
		"$status $(cat "$tmp/err")" '^1 .*memory'
	# Device rules count as a limit if the container can make nodes, unless they allow
	# everything.
	for rules in 1:false 0:true; do
		config_set /linux/resources \
			"{\"devices\":[{\"allow\":${rules#*:},\"access\":\"rwm\"}]}" \
			/process/capabilities \
			'{"bounding":["CAP_MKNOD"],"effective":["CAP_MKNOD"],"permitted":["CAP_MKNOD"]}'
		status=0
		OCI_TEST_MARK=$mark unshare -m sh "$tmp/nocg" >"$tmp/out" 2>"$tmp/err" </dev/null ||
			status=$?
		is "CAP_MKNOD and rules with allow ${rules#*:} without cgroups" "$status" \
			"${rules%:*}" || diag "$(cat "$tmp/err")"
	done
	like 'a device rule that cannot be kept without cgroups: the error names it and CAP_MKNOD' \
		"$(config_set /linux/resources/devices/0/allow false
		OCI_TEST_MARK=$mark unshare -m sh "$tmp/nocg" 2>&1 </dev/null)" 'devices.*CAP_MKNOD'
fi

nothing_left
done_testing

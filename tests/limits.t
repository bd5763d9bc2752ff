#!/bin/sh
# limits.t - the rest of what a process and its group may use: CPUs of exec, memory policies,
# resources that are rare.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

# ---- execCPUAffinity (P-22); control: runc 1.1.5 does not know it ----

cpus=$(sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status)
bundle
cat >"$tmp/process.json" <<END
{"args":["sh","-c","grep Cpus_allowed_list /proc/self/status"],"cwd":"/","env":["PATH=/bin","OCI_TEST_MARK=$mark"]}
END
cpus_of_exec() { # [AFFINITY]: of a process executed with it
	cp "$tmp/process.json" "$tmp/p.json"
	[ -z "${1:-}" ] || json_set "$tmp/p.json" /execCPUAffinity "$1"
	do_runc exec --process "$tmp/p.json" "$id"
	echo "$out" | sed -n 's/^Cpus_allowed_list:\t//p'
}
case $cpus in
0-[1-9]*)
	argv sleep 1000
	do_runc run -d --bundle "$bundle" "$id"
	is 'execCPUAffinity: none is all' "$(cpus_of_exec)" "$cpus"
	is 'execCPUAffinity: final' "$(cpus_of_exec '{"initial":"0","final":"1"}')" 1
	# When a process joins a cgroup, newer kernels give it all CPUs of its cpuset again
	# (cpuset_fork).
	like 'execCPUAffinity: initial stays without final, or what the cgroup has' \
		"$(cpus_of_exec '{"initial":"1"}')" "^(1|$cpus)$"
	is 'execCPUAffinity: a list with spaces and nothing in it' \
		"$(cpus_of_exec '{"final":" 0 ,, 1-1"}')" 0-1
	cpus_of_exec '{"final":"0-x"}' >/dev/null
	do_runc exec --process "$tmp/p.json" "$id"
	like 'execCPUAffinity: no list' "$status $err" '^255 .*execCPUAffinity'
	drop "$id"
	config_set /process/execCPUAffinity '{"final":"1"}'
	do_runc run -d --bundle "$bundle" "$id"
	is 'execCPUAffinity: not for init' \
		"$(sed -n 's/^Cpus_allowed_list:\t//p' "/proc/$(pid_of "$id")/status")" "$cpus"
	is 'execCPUAffinity: of the container, where the process has none' "$(cpus_of_exec)" 1
	drop "$id"
	;;
*) skip 'execCPUAffinity' "only CPU $cpus here" ;;
esac

# ---- memoryPolicy (Q-10, TB-11) ----

bundle
argv probe mempolicy
if [ "$("$HELPERS/probe" mempolicy)" = 'mempolicy errno 38' ]; then
	config_set /linux/memoryPolicy '{"mode":"MPOL_BIND","nodes":"0"}'
	refused 'memoryPolicy where the kernel has none' 'memory policy'
else
	# Before Linux 5.14 the kernel keeps MPOL_LOCAL as MPOL_PREFERRED without nodes.
	for m in DEFAULT:0: PREFERRED:1:0 BIND:2:0 INTERLEAVE:3:0 LOCAL:4: PREFERRED_MANY:5:0 \
		WEIGHTED_INTERLEAVE:6:0; do
		nodes=${m##*:}
		m=${m%:*}
		config_set /linux/memoryPolicy \
			"{\"mode\":\"MPOL_${m%:*}\"${nodes:+,\"nodes\":\"$nodes\"}}"
		run
		if [ "$status" = 1 ] && [ "${m#*:}" -gt 4 ] && echo "$err" |
			grep -q '[Ii]nvalid argument'; then
			skip "memoryPolicy MPOL_${m%:*}" 'this kernel is older'
		else
			mode="${m#*:} "
			[ "$mode" != '4 ' ] || mode='(4 |1 nodes 0$)'
			like "memoryPolicy MPOL_${m%:*}" "$out" "^mempolicy mode $mode" ||
				diag "$err"
		fi
	done
	config_set /linux/memoryPolicy \
		'{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_RELATIVE_NODES"]}'
	run
	like 'memoryPolicy MPOL_F_RELATIVE_NODES' "$out" '^mempolicy mode 16386 ' || diag "$err"
	config_set /linux/memoryPolicy '{"mode":"MPOL_BIND","nodes":"1000"}'
	refused 'memoryPolicy: a node this machine has not' 'memory policy|memoryPolicy'
fi
config_set /linux/memoryPolicy '{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_NO"]}'
refused 'memoryPolicy: an unknown flag' 'MPOL_F_NO'
config_set /linux/memoryPolicy \
	'{"mode":"MPOL_BIND","nodes":"0","flags":["MPOL_F_STATIC_NODES","MPOL_F_RELATIVE_NODES"]}'
refused 'memoryPolicy: flags that exclude each other' 'memoryPolicy.flags'
config_del /linux/memoryPolicy

# ---- intelRdt: what is wrong with it is reported everywhere (Q-11) ----

for r in '{"closID":".."}:closID' '{"closID":"a/b"}:closID' \
	'{"memBwSchema":"L3:0=f"}:memBwSchema'; do
	config_set /linux/intelRdt "${r%:*}"
	refused "intelRdt ${r%:*}" "intelRdt.${r##*:}"
done
if [ ! -d /sys/fs/resctrl/info ]; then
	for r in '{}' '{"closID":"/"}' '{"l3CacheSchema":"L3:0=f"}' '{"memBwSchema":"MB:0=50"}' \
		'{"schemata":["L3:0=f"]}' \
		'{"enableMonitoring":true}'; do
		config_set /linux/intelRdt "$r"
		refused "intelRdt $r where there is none" 'intelRdt'
	done
else
	skip 'intelRdt where there is none' 'this machine has it'
fi
config_del /linux/intelRdt

# ---- labels, personality flags ----

if [ ! -e /sys/fs/selinux/enforce ]; then
	config_set /linux/mountLabel '"system_u:object_r:container_file_t:s0"'
	# control: crun mounts unlabelled.
	refused 'mountLabel where there is no SELinux' 'selinux'
	config_set /linux/mountLabel '""'
	run_ok 'an empty mountLabel counts as absent'
else
	skip 'mountLabel where there is no SELinux' 'this kernel has it'
fi
config_set /process/apparmorProfile '""' /process/selinuxLabel '""'
run_ok 'empty labels count as absent'
config_set /process/apparmorProfile '"unconfined"'
run_ok 'the AppArmor profile unconfined asks for nothing'
config_del /process/apparmorProfile
config_del /process/selinuxLabel
config_set /linux/personality '{"domain":"LINUX","flags":["ADDR_NO_RANDOMIZE"]}'
run
like 'personality flags: a warning' "$status $err" '^0 .*level=warning.*personality'
config_del /linux/personality

# ---- annotations (R-05) ----

argv true
config_set /annotations \
	'{"org.example.one":"1","org.systemd.property.Bad":"x","bundle":"/elsewhere","":"nameless"}'
refused 'an annotation without a name' 'annotations'
config_set /annotations '{"org.example.one":1}'
refused 'an annotation that is not text' 'annotations'
config_set /annotations '{"org.example.one":"1","bundle":"/elsewhere","run.oci.not.known":"yes"}'
create
state "$id"
echo "$out" >"$tmp/state.json"
is 'unknown annotations come back in state' \
	"$(json_get "$tmp/state.json" /annotations/run.oci.not.known)" yes
is 'an annotation named bundle is not the bundle' \
	"$(json_get "$tmp/state.json" /bundle) $(json_get "$tmp/state.json" /annotations/bundle)" \
	"$bundle /elsewhere"
drop "$id"
config_set /annotations null

# ---- members of linux.resources that few machines have ----

# resource DESC RESOURCES PATTERN V1-FILE WANT: what the cgroup of a container shows, the refusal,
# or on v2, which has no such file, the warning.
resource() {
	config_set /linux/resources "$2"
	do_runc run -d --bundle "$bundle" "$id"
	if [ "$status" = 0 ]; then
		_f=$(find /sys/fs/cgroup -path "*$id/$4" 2>/dev/null)
		[ -n "$_f" ] || [ ! -e /sys/fs/cgroup/cgroup.controllers ] ||
			set -- "$1" "$2" "$3" "$4" warning
		# Names without spaces; io.weight may be there beside io.bfq.weight.
		# shellcheck disable=SC2086
		case $5 in
		warning) like "$1" "$err" "level=warning.*$3" ;;
		*) like "$1" "$(cat $_f 2>&1)" "$5" ;;
		esac
	else
		# It is refused, in one line that names it.
		like "$1" "$status $(error_lines "$tmp/err") $err" "^1 1 .*($3)"
	fi
	drop "$id"
}
argv sleep 1000
dev=$(sed -n 's/^ *\([0-9]*\) *\([0-9]*\) *[0-9]* \(vda\|sda\|nvme0n1\)$/\1:\2/p' /proc/partitions |
	head -n 1)
: "${dev:=8:0}"
d="\"major\":${dev%:*},\"minor\":${dev#*:}"
resource 'memory.kernelTCP: a warning' '{"memory":{"kernelTCP":1000000}}' '[Kk]ernel' - warning
resource 'memory.useHierarchy is ignored' '{"memory":{"useHierarchy":true}}' useHierarchy \
	pids.current '^1$'
resource 'memory.checkBeforeUpdate says nothing at the start' \
	'{"memory":{"limit":67108864,"checkBeforeUpdate":true}}' \
	checkBeforeUpdate pids.current '^1$'
resource 'cpu.realtimeRuntime and realtimePeriod' \
	'{"cpu":{"realtimeRuntime":1000,"realtimePeriod":500000}}' \
	'cpu\.rt_|realtime' cpu.rt_runtime_us '^1000$'
resource 'blockIO.weight and leafWeight' '{"blockIO":{"weight":200,"leafWeight":300}}' \
	'blkio|blockIO|io\.' '*io.*weight' 200
resource 'blockIO.weightDevice' \
	"{\"blockIO\":{\"weightDevice\":[{$d,\"weight\":200,\"leafWeight\":300}]}}" \
	'blkio|blockIO|io\.' '*weight_device' 200
resource 'blockIO.throttleWriteBpsDevice' \
	"{\"blockIO\":{\"throttleWriteBpsDevice\":[{$d,\"rate\":1048576}]}}" \
	'blkio|blockIO|io\.' blkio.throttle.write_bps_device 1048576
resource 'blockIO.throttleReadIOPSDevice' \
	"{\"blockIO\":{\"throttleReadIOPSDevice\":[{$d,\"rate\":100}]}}" \
	'blkio|blockIO|io\.' blkio.throttle.read_iops_device 100
resource 'network.priorities' '{"network":{"priorities":[{"name":"lo","priority":5}]}}' \
	'net_prio|network' net_prio.ifpriomap 'lo 5'
file=hugetlb.2MB.max
[ ! -e /sys/fs/cgroup/hugetlb/cgroup.procs ] || file=hugetlb.2MB.limit_in_bytes
resource 'hugepageLimits 2MB' '{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}' \
	'hugetlb|hugepage' "$file" 4194304
resource 'rdma' '{"rdma":{"mlx5_0":{"hcaHandles":2,"hcaObjects":2000}}}' 'rdma' rdma.max mlx5_0
config_set /linux/resources '{"hugepageLimits":[{"pageSize":"3MB","limit":4194304}]}'
refused 'hugepageLimits of a size there is not' 'hugepage|hugetlb|3MB'
config_set /linux/resources '{"blockIO":{"weight":5}}'
refused 'blockIO.weight below 10' 'weight'
config_set /linux/resources '{}'
run_ok 'empty resources' -d
drop "$id"

nothing_left
done_testing

#!/bin/sh
# update.t - `update`: limits of a running container by options and by a file.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
grep -q ' - cgroup2\{0,1\} ' /proc/self/mountinfo || skip_all 'no cgroups are mounted here'

# knob CONTROLLER V1-FILE V2-FILE: what the running container has there.
knob() {
	_v1=$(sed -n "s/^[0-9]*:\([^:]*,\)*$1\(,[^:]*\)*:\(.*\)/\3/p" "/proc/$pid/cgroup")
	if [ -n "$_v1" ]; then
		cat "/sys/fs/cgroup/$1/$_v1/$2" 2>&1
	else
		cat "/sys/fs/cgroup/$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/$3" 2>&1
	fi
}
memory() { knob memory memory.limit_in_bytes memory.max; }
pids() { knob pids pids.max pids.max; }
# quota period, as v2 writes them
cpu() {
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		knob cpu - cpu.max
	else
		echo "$(knob cpu cpu.cfs_quota_us -) $(knob cpu cpu.cfs_period_us -)"
	fi
}
update() { do_runc update "$@" "$id"; }

bundle
argv sleep 1000
config_set /linux/resources/pids '{"limit":100}'
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
is 'a container with a limit of pids runs' "$status" 0 || { diag "$err"; done_testing; }
pid=$(cat "$tmp/pid")
before=$(knob devices devices.list -)

# ---- sizes ---------------------------------------------------------------------------------------

for size in 67108864=67108864 65m=68157440 66M=69206016 67584k=69206016 70b=0 67mb=70254592 \
	68MiB=71303168; do
	[ "${size#*=}" = 0 ] && continue
	update --memory "${size%=*}"
	is "--memory ${size%=*}" "$status $(memory)" "0 ${size#*=}"
done
update --memory=33554432 --memory-reservation 16m
is '--memory and --memory-reservation' "$status $(memory)" '0 33554432'
is '--memory-reservation sets the reservation' \
	"$(knob memory memory.soft_limit_in_bytes memory.low)" 16777216
for size in 64q m 1.5g -2 -1k 64kk 9223372036854775807k 0x10; do
	update --memory "$size"
	is "--memory $size is refused" "$status" 1
done
is '--memory with a wrong size changes nothing' "$(memory)" 33554432
update --memory -1
like '--memory -1 is not a limit' "$status $(memory)" '^0 (max|9223372036854771712)$'
update --memory 64m

# ---- other options -------------------------------------------------------------------------------

update --pids-limit 50
is '--pids-limit' "$status $(pids)" '0 50'
update --pids 60 --mem 48m
is '--pids and --mem of run --rootfs' "$status $(pids) $(memory)" '0 60 50331648'
update --cpus 0.25
is '--cpus of run --rootfs: a quota and its period' "$status $(cpu)" '0 25000 100000' || diag "$err"
update --cpus 0.25 --cpu-quota 1000
is '--cpus beside --cpu-quota is refused' "$status $(cpu)" '1 25000 100000'
like '--cpus beside --cpu-quota: the error has both names' \
	"$err" 'cpus and --cpu-quota exclude each other'
update --cpus 0.001
like '--cpus that is too little is refused' "$status $err" '^1 .*invalid value for cpus'
update --memory 64m --pids-limit 50
update --cpu-period 50000 --cpu-quota 25000
is '--cpu-period and --cpu-quota' "$status $(cpu)" '0 25000 50000'
update --cpu-quota 30000
is '--cpu-quota alone keeps the period' "$status $(cpu)" '0 30000 50000'
is 'what was not named stays' "$(memory) $(pids)" '67108864 50'
update --cpu-share 512
like '--cpu-share' "$status $(knob cpu cpu.shares cpu.weight)" '^0 (512|59)$'
update --cpuset-cpus 0
is '--cpuset-cpus' "$status $(knob cpuset cpuset.cpus cpuset.cpus)" '0 0'
update --pids-limit x
is 'a word that is not a number' "$status" 1
update --kernel-memory 10m
is '--kernel-memory is ignored' "$status" 0
like '--kernel-memory: with a warning' "$err" '[Kk]ernel.*memory'
is 'the device rules are what they were' "$(knob devices devices.list -)" "$before"

# ---- files ---------------------------------------------------------------------------------------

echo '{ "memory": { "limit": 41943040 }, "pids": { "limit": 40 } }' >"$tmp/resources"
update -r "$tmp/resources" --pids-limit 30
is '-r FILE: its limits, other options do not count' "$status $(memory) $(pids)" '0 41943040 40'
status=0
echo '{ "memory": { "limit": 50331648 } }' |
	timeout -s KILL 60 "$RUNC" --root "$root" update --resources - "$id" >"$tmp/out" \
	2>"$tmp/err" || status=$?
is '-r -: from standard input' "$status $(memory)" '0 50331648'
echo '{ "memory": { "limit": "x" } }' >"$tmp/resources"
update -r "$tmp/resources"
is '-r FILE with a wrong type: refused' "$status $(memory)" '1 50331648'
echo '{ "memory": ' >"$tmp/resources"
update -r "$tmp/resources"
is '-r FILE cut off: refused' "$status $(memory)" '1 50331648'
# v2 kills processes until a limit is met, unless it is compared first; v1 refuses such a limit.
echo '{ "memory": { "limit": 4096, "checkBeforeUpdate": true } }' >"$tmp/resources"
update -r "$tmp/resources"
is 'checkBeforeUpdate: a limit below what is used is refused' "$status $(memory)" '1 50331648'
update -r "$tmp/not-there"
is '-r FILE that is not there: refused' "$status" 1

# ---- what fails ----------------------------------------------------------------------------------

update --memory 52m --pids-limit 60
is 'known values' "$status $(memory) $(pids)" "0 54525952 60"
update --memory 53m --pids-limit 61 --cpu-period 1
is 'a period of 1 is refused by the kernel' "$status" 1
is 'a period of 1 is refused by the kernel: one line of error' "$(error_lines "$tmp/err")" 1
is 'limits that were set before it are put back' "$(memory) $(pids)" "54525952 60"
is 'a failed update: the container runs' "$(status_of "$id")" running

# Schemata come last. If they fail, the limits before them are restored, and the next update does
# not keep them.
update --memory 53m --l3-cache-schema 'L3:0=f'
like 'no resctrl group: refused' "$status $err" '^1 .*Intel RDT'
is 'no resctrl group: the limit before it is put back' "$(memory)" 54525952
update --pids-limit 62
is 'no resctrl group: the limit is not kept for the next update' \
	"$status $(memory) $(pids)" '0 54525952 62'

# Limits that the container did not have are removed again: every file is as it was. A cpuset of v2
# may name all that the cgroup above has, where it was empty.
knobs_now() {
	for _d in $(cgroups_left); do
		# shellcheck disable=SC2086 # words
		(cd "$_d" && _sets='cpuset.cpus cpuset.mems' &&
			{ [ ! -e cpuset.cpus.effective ] ||
				_sets='cpuset.cpus.effective cpuset.mems.effective'; } &&
			grep -s . cpu.shares cpu.cfs_*_us cpu.weight cpu.max cpu.max.burst \
			cpu.idle $_sets memory.limit_in_bytes \
			memory.memsw.limit_in_bytes memory.soft_limit_in_bytes memory.swappiness \
			memory.oom_control memory.max memory.swap.max memory.low memory.high \
			pids.max blkio.throttle.*_device blkio.*weight* io.max io.weight \
			io.bfq.weight hugetlb.*limit_in_bytes hugetlb.*.max)
	done
}
second_id=$id
second_pid=$pid
bundle none
argv sleep 1000
id=$second_id-n
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
pid=$(cat "$tmp/pid")
knobs_now >"$tmp/before"
disk=$(cat /sys/block/*/dev 2>/dev/null | head -n 1)
throttle=
[ -z "$disk" ] || throttle="{ \"major\": ${disk%:*}, \"minor\": ${disk#*:}, \"rate\": 1000000 }"
cat >"$tmp/resources" <<END
{ "memory": { "limit": 67108864, "reservation": 33554432, "disableOOMKiller": true },
	"cpu": { "shares": 512, "quota": 50000, "period": 20000, "cpus": "0", "mems": "0" },
	"pids": { "limit": 77 }, "blockIO": { "throttleReadBpsDevice": [ $throttle ] } }
END
update -r "$tmp/resources"
is 'limits where there were none' "$status $(pids)" '0 77' || diag "$err"
drop "$id"
do_runc run -d --bundle "$bundle" "$id"
update -r "$tmp/resources" --l3-cache-schema 'L3:0=f'
like 'limits where there were none, and no resctrl group: refused' \
	"$status $(printf '%s\n' "$err" | tail -n 1)" '^1 .*Intel RDT'
is 'limits where there were none: every file is as it was' \
	"$(knobs_now | diff "$tmp/before" -)" ''
drop "$id"
id=$second_id
pid=$second_pid

# A directory stands in for the group: the schemata are written to the recorded path. Saving the
# result comes last, and fails on a full state directory.
first_root=$root
first_id=$id
mkdir "$tmp/small" "$tmp/group"
mount -t tmpfs -o nr_inodes=40 tmpfs "$tmp/small"
root=$tmp/small/state
id=$first_id-2
do_runc run -d --bundle "$bundle" "$id"
sed "s|\"own_pid_ns\"|\"intel_rdt_path\":\"$tmp/group\",&|" "$root/$id/state.json" \
	>"$tmp/with-group"
cp "$root/$id/state.json" "$tmp/without-group"
cat "$tmp/with-group" >"$root/$id/state.json"
group() {
	printf 'L3:0=7;1=7\nMB:0=50;1=50\n' >"$tmp/group/schemata"
	_memory=$1
	shift
	update --memory "$_memory" "$@" --l3-cache-schema 'L3:0=3;1=3'
	tr '\n' ' ' <"$tmp/group/schemata"
}
schemata=$(group 54m)
is 'schemata are written' "$schemata" 'L3:0=3;1=3 MB:0=50;1=50 '
before=$(memory)
n=0
while touch "$tmp/small/$n" 2>/dev/null; do n=$((n + 1)); done
group 55m >"$tmp/schemata"
like 'the result cannot be saved: the reason' "$status $(error_lines "$tmp/err") $err" \
	'^1 1 .*no space left'
is 'the result cannot be saved: the limit is put back' "$(memory)" "$before"
is 'the result cannot be saved: the schemata are put back' \
	"$(cat "$tmp/schemata")" 'L3:0=7;1=7 MB:0=50;1=50 '
rm "$tmp/small"/[0-9]*
cat "$tmp/without-group" >"$root/$id/state.json"
drop "$id"
umount "$tmp/small"
root=$first_root
id=$first_id

do_runc kill "$id" KILL
wait_for status_is "$id" stopped
update --memory 64m
like 'a stopped container' "$status $err" '^1 .*container not running'
do_runc delete "$id"
nothing_left
done_testing

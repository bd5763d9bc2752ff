#!/bin/sh
# events.t - `events`: statistics and out-of-memory events, a JSON object a line.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
grep -q ' - cgroup2\{0,1\} ' /proc/self/mountinfo || skip_all 'no cgroups are mounted here'

# at POINTER: of the first line of statistics
at() { json_get "$tmp/line" "$1"; }

bundle
argv \
	sh -c 'while [ ! -e /tmp/eat ]; do sleep 0.1; done; dd if=/dev/zero of=/dev/null bs=64M count=1; sleep 1000'
config_set /root/readonly false
config_set /linux/resources/memory '{"limit":20971520,"swap":20971520}' /linux/resources/pids \
	'{"limit":33}'
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
is 'a container with limits of memory and pids runs' "$status" 0 || { diag "$err"; done_testing; }

do_runc events --stats "$id"
cp "$tmp/out" "$tmp/line"
is '--stats: success and one line' "$status $(wc -l <"$tmp/out" | tr -d ' ')" '0 1'
is '--stats: type and id' "$(at /type) $(at /id)" "stats $id"
is 'memory: the limit' "$(at /data/memory/usage/limit)" 20971520
like 'memory: the usage' "$(at /data/memory/usage/usage)" '^[1-9][0-9]*$'
like 'memory: raw numbers' "$(at /data/memory/raw/pgfault)" '^[1-9][0-9]*$'
is 'pids: the limit' "$(at /data/pids/limit)" 33
like 'pids: how many' "$(at /data/pids/current)" '^[12]$'
like 'cpu: time used, in nanoseconds' "$(at /data/cpu/usage/total)" '^[1-9][0-9]{3,}$'
is 'the parts and their order' "$(sed 's/.*"data"://; s/\[[^]]*\]//g; :a
s/\("[a-z_A-Z0-9]*":\){[^{}]*}/\11/g; ta' "$tmp/line" | tr -dc 'a-z_,')" \
	'cpu,cpuset,memory,pids,blkio,hugetlb,intel_rdt,network_interfacesnull'
for part in cpu memory pids blkio; do
	like "there is a part $part" "$(at /data/$part)" '^\{'
done

for interval in 1.5s 1m30s +2h; do
	do_runc events --stats --interval "$interval" "$id"
	is "--interval $interval is one" "$status $err" '0 '
done
for interval in 0 0s -1.5s; do
	do_runc events --interval "$interval" "$id"
	like "--interval $interval: too short" "$status $err" \
		'^1 .*msg="duration interval must be greater than 0"$'
done

timeout -s KILL 30 "$RUNC" --root "$root" events --interval 100ms "$id" </dev/null >"$tmp/stream" \
	2>"$tmp/stream.err" &
stream=$!
bg_all="$bg_all $stream"
lines() { [ "$(grep -c '"type":"stats"' "$tmp/stream")" -ge "$1" ]; }
ok 'the stream has statistics again and again' wait_for lines 3
unlike 'the stream has no out-of-memory event without a reason' \
	"$(cat "$tmp/stream")" '"type":"oom"'
: >"$rootfs/tmp/eat"
ok 'an out-of-memory event is reported' wait_for grep -q "^{\"type\":\"oom\",\"id\":\"$id\"}$" \
	"$tmp/stream"
do_runc kill "$id" KILL
status=0
wait "$stream" || status=$?
is 'the stream ends with the container' "$status" 0
n=0
while IFS= read -r line; do
	printf '%s\n' "$line" >"$tmp/line"
	[ "$(at /id)" = "$id" ] || n=$((n + 1))
done <"$tmp/stream"
is 'each line of the stream is an object of this container' "$n" 0

wait_for status_is "$id" stopped
do_runc events --stats "$id"
like 'a stopped container' "$status $err" "^1 .*container with id $id is not running"
for interval in 0 0s -1s x 5 5x 5s5; do
	do_runc events --interval "$interval" "$id"
	is "--interval $interval is refused" "$status" 1
done
do_runc delete "$id"
nothing_left
done_testing

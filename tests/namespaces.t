#!/bin/sh
# namespaces.t - the eight namespaces: new, shared, joined by path; maps; what the order gives.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle

cat >"$rootfs/script" <<'END'
for n in pid net ipc uts mnt cgroup user time; do
	echo $n $(readlink /proc/self/ns/$n)
done
END
chmod 755 "$rootfs/script"
argv sh /script
host_ns() { readlink "/proc/self/ns/$1"; }
ns_in() { echo "$out" | sed -n "s/^$1 //p"; }

run
for n in pid net ipc uts mnt; do
	isnt "$n is new" "$(ns_in $n)" "$(host_ns $n)"
done
for n in user cgroup time; do
	is "$n is the caller's" "$(ns_in $n)" "$(host_ns $n)"
done

argv \
	sh -c 'echo $$; ls -d /proc/[0-9]* | wc -l; hostname; cat /proc/net/dev | sed "1,2d;s/:.*//;s/ //g"'
run
is 'pid: the program is PID 1 and sees no other; net: only lo' \
	"$(echo "$out" | head -n 1) $(echo "$out" | tail -n 1)" '1 lo'
argv sh -c 'ip link show lo; ip addr show lo'
run
like 'lo of a new network namespace is up' "$out" 'LOOPBACK,UP'
like 'lo of a new network namespace has its address' "$out" '127\.0\.0\.1/8'

# A namespace that is left out is shared with the caller.
for n in network:net ipc:ipc uts:uts; do
	argv sh /script
	config_set /linux/namespaces '[{"type":"mount"},{"type":"pid"}]' /hostname null
	for t in network ipc uts; do
		[ "$t" = "${n%:*}" ] || config_set /linux/namespaces/- "{\"type\":\"$t\"}"
	done
	run
	is "${n%:*} not named: the caller's" "$(ns_in "${n#*:}")" "$(host_ns "${n#*:}")"
done
config_set /linux/namespaces '[{"type":"mount"},{"type":"network"},{"type":"ipc"},{"type":"uts"}]'
run
is "pid not named: the caller's" "$(ns_in pid)" "$(host_ns pid)"
is 'status without a pid namespace' "$status" 0

# cgroup: the container's cgroup is the root of its view (NS-08).
bundle
argv sh -c 'cut -d: -f3 /proc/self/cgroup | sort -u; readlink /proc/self/ns/cgroup'
config_set /linux/namespaces/- '{"type":"cgroup"}'
run
if cgroups_here; then
	is 'cgroup: the root of the view is the own cgroup' "$(echo "$out" | head -n 1)" /
	is 'the root of the view of a cgroup namespace is the own cgroup in every hierarchy' \
		"$(echo "$out" | wc -l | tr -d ' ')" 2
fi
isnt 'cgroup is new' "$(echo "$out" | tail -n 1)" "$(host_ns cgroup)"

# time: offsets (NS-09).
if [ -e /proc/self/ns/time ]; then
	bundle
	now=$("$HELPERS/probe" clocks)
	argv probe clocks
	config_set /linux/namespaces/- '{"type":"time"}' \
		/linux/timeOffsets \
		'{"monotonic":{"secs":1000000,"nanosecs":5},"boottime":{"secs":2000000}}'
	run
	near() { # NOW-IN-CONTAINER NOW-OUTSIDE OFFSET: within the minute a run may take
		[ $(($1 - $2 - $3)) -ge 0 ] && [ $(($1 - $2 - $3)) -lt 60 ]
	}
	# control: runc 1.1.5 does not know the time namespace.
	if is 'time namespace: starts' "$status" 0; then
		ok 'monotonic clock is moved' near "$(echo "$out" | cut -d' ' -f2)" \
			"$(echo "$now" | cut -d' ' -f2)" 1000000
		ok 'boot clock is moved' near "$(echo "$out" | cut -d' ' -f3)" \
			"$(echo "$now" | cut -d' ' -f3)" 2000000
	else
		diag "$err"
	fi
	config_del /linux/timeOffsets
	argv readlink /proc/self/ns/time
	run
	isnt 'time namespace without offsets is new' "$status $out" "0 $(host_ns time)"
else
	skip 'time namespace' 'this kernel has none'
fi

# Joined by path: the namespaces of a running container.
bundle first
argv sleep 1000
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id-first"
first=$(cat "$tmp/pid")
bundle second
cp "$tmp/first/rootfs/script" "$rootfs/script" 2>/dev/null
cat >"$rootfs/script" <<'END'
for n in pid net ipc uts mnt cgroup user time; do
	echo $n $(readlink /proc/self/ns/$n)
done
hostname
END
argv sh /script
config_set /linux/namespaces "[{\"type\":\"mount\"},
	{\"type\":\"pid\",\"path\":\"/proc/$first/ns/pid\"},
	{\"type\":\"network\",\"path\":\"/proc/$first/ns/net\"},
	{\"type\":\"ipc\",\"path\":\"/proc/$first/ns/ipc\"},
	{\"type\":\"uts\",\"path\":\"/proc/$first/ns/uts\"}]" /hostname null
run
is 'joining four namespaces' "$status" 0 || diag "$err"
for n in pid net ipc uts; do
	is "$n is the other container's" "$(ns_in $n)" "$(readlink "/proc/$first/ns/$n")"
done
isnt 'mount is new' "$(ns_in mnt)" "$(readlink "/proc/$first/ns/mnt")"
is 'the joined host name is seen' "$(echo "$out" | tail -n 1)" runc
argv sh -c 'echo $$'
run
isnt 'in a joined pid namespace it is not PID 1' "$out" 1

# Exit status and death of a container in a joined pid namespace.
argv sh -c 'exit 5'
run
is 'exit status from a joined pid namespace' "$status" 5
argv sleep 1000
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id-second"
is 'detached in a joined pid namespace' "$status:$(status_of "$id-second")" 0:running
do_runc delete --force "$id-second"
ok 'delete --force ends a container in a joined pid namespace' wait_for gone "$(cat "$tmp/pid")"
is 'delete --force does not end the other container' "$(status_of "$id-first")" running

# A namespace kept by a bind mount only, as `ip netns` makes it.
touch "$tmp/netns"
unshare -n mount --bind /proc/self/ns/net "$tmp/netns" 2>/dev/null ||
	unshare -n sh -c "mount --bind /proc/self/ns/net $tmp/netns"
want=$(stat -L -c %i "$tmp/netns")
argv readlink /proc/self/ns/net
config_set /linux/namespaces \
	"[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},
	{\"type\":\"network\",\"path\":\"$tmp/netns\"}]"
run
is 'a network namespace kept by a bind mount' "$out" "net:[$want]"
argv ip link show lo
run
unlike 'lo of a joined namespace is left as it was' "$out" 'LOOPBACK,UP'
umount "$tmp/netns"
drop "$id-first"

bundle
script <<'END'
cat /proc/self/uid_map
cat /proc/self/gid_map
id -u
id -g
cat /proc/self/setgroups
stat -c '%u %g' /proc/self/ /dev/null /dev/pts/ptmx
hostname
END
chown -R 100000:200000 "$rootfs"
config_set /linux/namespaces/- '{"type":"user"}' \
	/linux/uidMappings \
	'[{"containerID":0,"hostID":100000,"size":1000},{"containerID":1000,"hostID":150000,"size":1}]' \
	/linux/gidMappings \
	'[{"containerID":0,"hostID":200000,"size":1000},{"containerID":1000,"hostID":150000,"size":1}]'
run
is 'user namespace: starts' "$status" 0 || diag "$err"
is 'uid_map as asked' "$(echo "$out" | sed -n 1,2p | tr -s ' ' | tr '\n' ,)" \
	' 0 100000 1000, 1000 150000 1,'
is 'gid_map as asked' "$(echo "$out" | sed -n 3,4p | tr -s ' ' | tr '\n' ,)" \
	' 0 200000 1000, 1000 150000 1,'
is 'uid and gid 0 inside' "$(echo "$out" | sed -n 5,6p | tr '\n' ' ')" '0 0 '
is 'setgroups is allowed with several ids' "$(echo "$out" | sed -n 7p)" allow
is 'own process belongs to root inside' "$(echo "$out" | sed -n 8p)" '0 0'
is 'the devpts belongs to it' "$(echo "$out" | sed -n 10p)" '0 0'
is 'the host name is set in the owned namespace' "$(echo "$out" | tail -n 1)" runc
# The kernel gives these to the root that the user namespace has when they are made (the first one
# since Linux 4.19).
for file in /sys/class/net/lo/mtu /proc/net/dev /dev/mqueue; do
	argv stat -c '%u %g' "$file"
	run
	is "files of a new network and ipc namespace belong to root inside: $file" "$out" '0 0' ||
		diag "$err"
done
cp "$bundle/config.json" "$tmp/user.json"
# Without a new pid namespace /proc cannot be mounted.
config_set /linux/namespaces "$(config_get /linux/namespaces |
	sed 's,"type": *"pid","type":"pid"\,"path":"/proc/self/ns/pid",')"
config_del /mounts/0
config_del /linux/maskedPaths
config_del /linux/readonlyPaths
argv stat -c '%u %g' /dev/mqueue /sys/class/net/lo/mtu
run
is 'with a joined pid namespace they belong to root inside too' "$(echo "$out" | tr '\n' ,)" \
	'0 0,0 0,' || diag "$err"
cp "$tmp/user.json" "$bundle/config.json"
# Who may lower the score decides in the host's user namespace.
if (echo -500 >/proc/self/oom_score_adj) 2>/dev/null; then
	argv cat /proc/self/oom_score_adj
	config_set /process/oomScoreAdj -500
	run
	is 'in a user namespace: oomScoreAdj may be lowered by root' "$status $out" '0 -500' ||
		diag "$err"
	argv sh -c 'echo 0 >/proc/self/oom_score_adj || cat /proc/self/oom_score_adj'
	config_set /process/oomScoreAdj 500
	run
	is 'in a user namespace: a container cannot lower its oomScoreAdj' "$out" 500
else
	skip 'in a user namespace: oomScoreAdj may be lowered by root' 'no CAP_SYS_RESOURCE here'
	skip 'in a user namespace: a container cannot lower its oomScoreAdj' \
		'no CAP_SYS_RESOURCE here'
fi
cp "$tmp/user.json" "$bundle/config.json"

argv \
	sh -c 'id -u; id -g; grep ^Groups /proc/self/status; cat /proc/self/uid_map >/dev/null && echo fine'
config_set /process/user '{"uid":1000,"gid":1000,"additionalGids":[5,999]}'
run
is 'in a user namespace: another user, with groups' "$(echo "$out" | tr -s '\t \n' ' ')" \
	'1000 1000 Groups: 5 999 fine '
# Pipes and files of the host have no owner in this namespace, so only a process outside can give
# them to the user (T-06).
argv sh -c 'echo x >/dev/stdout; echo y >/dev/stderr'
for u in 1000 0; do
	config_set /process/user "{\"uid\":$u,\"gid\":0}"
	run
	is "user $u in it may open /dev/stdout and /dev/stderr" "$status $out $err" '0 x y'
	out=$(runc run --bundle "$bundle" "$id" 2>&1 | cat)
	is "user $u in it: also where they are pipes" "$(echo "$out" | tr '\n' ' ')" 'x y '
done
config_set /process/user '{"uid":5000,"gid":0}'
refused 'a uid that is not mapped' '5000|unmapped|uid'
config_set /process/user '{"uid":0,"gid":0,"additionalGids":[5000]}'
refused 'a group that is not mapped' 'group|5000|[Ii]nvalid argument'
config_set /process/user '{"uid":0,"gid":0}' \
	/linux/uidMappings \
	'[{"containerID":0,"hostID":100000,"size":1000},{"containerID":500,"hostID":200000,"size":1000}]'
refused 'ranges that overlap' 'map'
config_set /linux/uidMappings '[{"containerID":0,"hostID":100000,"size":0}]'
refused 'a range of size 0' 'map|size'

# 200 ranges at once (NS-11: one write).
ranges=$(awk \
	'BEGIN { for (i = 0; i < 200; i++) printf "%s{\"containerID\":%d,\"hostID\":%d,\"size\":1}", i ? "," : "", i, 100000 + 2 * i }')
config_set /linux/uidMappings "[$ranges]"
argv sh -c 'wc -l </proc/self/uid_map'
run
is 'a user namespace with 200 ranges' "$out" 200

# The other namespaces belong to the user namespace: root inside may change the host name and mount.
config_set /linux/uidMappings '[{"containerID":0,"hostID":100000,"size":1000}]' \
	/process/capabilities \
	'{"bounding":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"]}'
argv sh -c 'hostname inside && hostname; mount -t tmpfs none /tmp && echo mounted'
run
is 'root inside owns uts and mount' "$out" 'inside
mounted'

# A user namespace joined together with others.
argv sleep 1000
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id-first"
is 'a container with a user namespace, detached' "$status" 0 || diag "$err"
first=$(cat "$tmp/pid")
argv sh -c 'readlink /proc/self/ns/user; readlink /proc/self/ns/net; id -u'
config_set /linux/namespaces \
	"[{\"type\":\"mount\"},{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},
	{\"type\":\"user\",\"path\":\"/proc/$first/ns/user\"},
	{\"type\":\"network\",\"path\":\"/proc/$first/ns/net\"}]"
config_del /linux/uidMappings
config_del /linux/gidMappings
run
# control: runc 1.1.5 wants mappings beside a path.
is 'user and network namespace joined' "$out" "$(readlink "/proc/$first/ns/user")
$(readlink "/proc/$first/ns/net")
0" || diag "$err"
config_set /linux/uidMappings '[{"containerID":0,"hostID":100000,"size":1000}]' \
	/linux/gidMappings \
	'[{"containerID":0,"hostID":200000,"size":1000},{"containerID":1000,"hostID":150000,"size":1}]'
run
# NS-10: containerd and CRI-O send both. control: runc 1.1.5 refuses.
is 'joined by path with the same maps given' "$status" 0 || diag "$err"
config_set /linux/uidMappings '[{"containerID":0,"hostID":5,"size":1}]'
refused 'joined by path with other maps given' 'map'
drop "$id-first"

# No mount namespace, or nothing at all (R-06, M-38, Q-07).
bundle
config_set /linux/namespaces '[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"network"}]'
refused 'mounts without a mount namespace' 'mount'
config_set /linux/resources '{}' /mounts '[]' /linux/maskedPaths '["/proc/kcore"]'
refused 'masked paths without a mount namespace' 'mount|MNT|restrict'
config_set /hostname '"h"' /linux/namespaces '[{"type":"mount"},{"type":"pid"}]'
refused 'host name without a uts namespace' 'hostname|UTS'

nothing_left
done_testing

#!/bin/sh
# devices.t - default and configured device nodes, links, what the container may do with them.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
node='%n %F %t:%T %a %u:%g'

argv stat -c "$node" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
run
is 'the default nodes' "$out" '/dev/null character special file 1:3 666 0:0
/dev/zero character special file 1:5 666 0:0
/dev/full character special file 1:7 666 0:0
/dev/random character special file 1:8 666 0:0
/dev/urandom character special file 1:9 666 0:0
/dev/tty character special file 5:0 666 0:0'

argv \
	sh -c 'for l in fd stdin stdout stderr ptmx core; do echo $l $(readlink /dev/$l); done; ls /dev | tr "\n" " "'
run
is 'the links' "$(echo "$out" | grep -v '^core' | head -n 5)" 'fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx'
if [ -e /proc/kcore ]; then
	is 'core points to kcore' "$(echo "$out" | grep '^core /')" 'core /proc/kcore'
else
	is 'no core where there is no kcore' "$(echo "$out" | grep -c '^core /')" 0
fi
like 'nothing else is in /dev' "$(echo "$out" | grep 'fd full')" \
	'^(core )?fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero $'

argv \
	sh -c 'echo x >/dev/null && head -c 4 /dev/zero | od -An -tx1 && head -c 3 /dev/urandom | wc -c && echo x 2>&1 >/dev/full; probe mknod /tmp/m 1 3; probe open /dev/tty'
config_set /root/readonly false
run
is 'null, zero and urandom work' "$(echo "$out" | sed -n 1,2p | tr -s ' ' | tr '\n' ,)" \
	' 00 00 00 00,3,'
like 'full is full' "$out$err" 'No space left on device'
like 'mknod without CAP_MKNOD is refused' "$out" 'mknod errno 1$'
like 'tty without a terminal: ENXIO' "$out" 'open errno 6$'

# umask of the caller must not show.
(umask 077 && argv stat -c "%a" /dev/null /dev/shm && run && echo "$out" >"$tmp/modes")
is 'the umask of the caller has no effect' "$(tr '\n' ' ' <"$tmp/modes")" '666 1777 '

# ---- devices of the config ----

config_set /linux/devices '[
	{"path":"/dev/mine","type":"c","major":1,"minor":3,"fileMode":432,"uid":7,"gid":8},
	{"path":"/dev/deep/er/node","type":"c","major":1,"minor":5},
	{"path":"/srv/outside-dev","type":"u","major":1,"minor":7},
	{"path":"/dev/fifo","type":"p","fileMode":384},
	{"path":"/dev/blk","type":"b","major":7,"minor":99,"fileMode":33188},
	{"path":"/dev/zero","type":"c","major":1,"minor":5,"fileMode":256,"uid":9}]'
argv stat -c "$node" /dev/mine /dev/deep/er/node /srv/outside-dev /dev/fifo /dev/blk /dev/zero
run
is 'nodes of the config: type, numbers, mode, owner' "$out" \
	'/dev/mine character special file 1:3 660 7:8
/dev/deep/er/node character special file 1:5 666 0:0
/srv/outside-dev character special file 1:7 666 0:0
/dev/fifo fifo 0:0 600 0:0
/dev/blk block special file 7:63 644 0:0
/dev/zero character special file 1:5 400 9:0' || diag "$err"
argv stat -c '%a %u:%g' /dev/deep /dev/deep/er
run
is 'folders made for them are 0755 root' "$(echo "$out" | tr '\n' ' ')" '755 0:0 755 0:0 '
# In the image's own /dev, where they are found again.
mounts=$(config_get /mounts)
config_set /mounts '[{"destination":"/proc","type":"proc","source":"proc"}]'
argv sh -c 'stat -c "%n %t:%T" /dev/deep/er/node /dev/zero; readlink /dev/ptmx; readlink /dev/fd'
for time in first second; do
	run
	is "without a mount on /dev, the $time time" "$status $out" '0 /dev/deep/er/node 1:5
/dev/zero 1:5
pts/ptmx
/proc/self/fd' || diag "$err"
done
config_set /mounts "$mounts"

argv true
for v in x '' ab; do
	config_set /linux/devices \
		"[{\"path\":\"/dev/mine\",\"type\":\"$v\",\"major\":1,\"minor\":3}]"
	refused "device type '$v'" 'devices|device type'
done
config_set /linux/devices '[{"path":"dev/mine","type":"c","major":1,"minor":3}]'
run
case $status in
0) pass 'a relative device path is refused or taken from the root' ;;
*) like 'a relative device path is refused or taken from the root' "$err" 'devices' ;;
esac
config_set /linux/devices '[{"path":"/dev/mine","type":"c","major":-5,"minor":3}]'
refused 'a negative major' 'major'

config_set /linux/devices '[
	{"path":"/dev/slash/","type":"c","major":1,"minor":3},
	{"path":"//dev//./dots/../twice","type":"c","major":1,"minor":5},
	{"path":"/dev/zero/","type":"c","major":1,"minor":5,"fileMode":256}]'
argv stat -c '%n %t:%T %a' /dev/slash /dev/twice /dev/zero
run
is 'a path with a slash at its end, and slashes and dots in it' "$status $out" '0 /dev/slash 1:3 666
/dev/twice 1:5 666
/dev/zero 1:5 400' || diag "$err"
argv true

# A file that is there already and is not that device (DV-03).
mkdir -p "$rootfs/srv"
rm -f "$rootfs/srv/outside-dev"
echo file >"$rootfs/srv/taken"
config_set /linux/devices '[{"path":"/srv/taken","type":"c","major":1,"minor":3}]'
# control: runc leaves the file and starts.
refused 'the path is taken by a file' '/srv/taken'
is 'the path of a device is taken by a file: the file is untouched' \
	"$(cat "$rootfs/srv/taken")" file
mknod "$rootfs/srv/same" c 1 3
chmod 600 "$rootfs/srv/same"
config_set /linux/devices '[{"path":"/srv/same","type":"c","major":1,"minor":3}]'
run
is 'the path is taken by that very device: fine' "$status" 0 || diag "$err"
config_del /linux/devices

# ---- the device cgroup (TB-13, DV-09) ----

bundle
config_set /root/readonly false /process/capabilities/bounding '["CAP_MKNOD"]' \
	/process/capabilities/effective '["CAP_MKNOD"]' /process/capabilities/permitted \
	'["CAP_MKNOD"]' \
	/linux/resources/devices \
	'[{"allow":false,"access":"rwm"},{"allow":true,"type":"c","major":240,"minor":7,"access":"r"}]'
argv \
	sh -c 'for d in 1:3 1:5 1:7 1:8 1:9 5:0 5:2 240:7 240:8 7:0; do probe mknod /tmp/d${d%:*}.${d#*:} ${d%:*} ${d#*:}; echo $d r $(probe open /tmp/d${d%:*}.${d#*:} r) w $(probe open /tmp/d${d%:*}.${d#*:} w); done'
run
r=$(echo "$out" | grep -v ^mknod)
is 'making nodes is allowed' "$(echo "$out" | grep -c '^mknod 0')" 10
for d in 1:3 1:5 1:7 1:8 1:9; do
	like "$d may be read and written" "$r" "^$d r open 0 w open 0"
done
# No driver has major 240: ENXIO is what an allowed one answers, EPERM comes from the cgroup before
# that.
like '240:8 may not be opened' "$r" '^240:8 r open errno 1 w open errno 1'
like '240:7 may be read, as asked, and not written' "$r" '^240:7 r open errno 6 w open errno 1'
like '5:2 may be opened' "$r" '^5:2 r (open 0|read errno [0-9]*|open errno [^1].*) '

config_set /linux/resources/devices '[{"allow":true,"access":"rwm"}]'
argv sh -c 'probe mknod /tmp/x 240 8; probe open /tmp/x rw'
run
like 'everything allowed: opening is not refused by the cgroup' "$out" 'open errno 6$'
config_set /linux/resources/devices '[{"allow":true,"type":"c","major":240,"minor":8}]'
refused 'a rule without access' 'access'
# Letters beside r, w and m, and none of them: other runtimes take the rule.
config_set /linux/resources/devices \
	'[{"allow":false,"access":""},{"allow":true,"type":"c","major":240,"minor":8,"access":"ra"},
	{"allow":true,"type":"c","major":240,"minor":9,"access":""}]'
argv \
	sh -c 'probe mknod /tmp/x 240 8; probe open /tmp/x r; probe open /tmp/x w; probe mknod /tmp/y 240 9; probe open /tmp/y r'
run
is 'access "ra" allows reading, "" nothing' "$(echo "$out" | grep open | tr '\n' ,)" \
	'open errno 6,open errno 1,open errno 1,'
is 'with a warning for each' "$(grep -c 'level=warning.*access' "$tmp/err")" 3
config_set /linux/resources/devices '[{"allow":false,"type":"x","access":"rwm"}]'
refused 'a rule of an unknown type' 'type'

# A device in linux.devices alone gives no permission.
bundle
config_set /linux/devices '[{"path":"/dev/mine","type":"c","major":240,"minor":8}]'
argv probe open /dev/mine r
run
is 'a node gives no permission by itself' "$out" 'open errno 1' || diag "$err"

# ---- in a user namespace: binds of the host's nodes (DV-04) ----

bundle
chown -R 100000:100000 "$rootfs"
config_set /linux/namespaces/- '{"type":"user"}' \
	/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
argv \
	sh -c 'stat -c "%n %t:%T" /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; grep -c " /dev/null " /proc/self/mountinfo; echo x >/dev/null && echo works'
run
is 'in a user namespace: the same nodes, by bind' "$out" '/dev/null 1:3
/dev/zero 1:5
/dev/full 1:7
/dev/random 1:8
/dev/urandom 1:9
/dev/tty 5:0
1
works' || diag "$err"
# What the host does not have is made outside, with the owner and mode asked for.
config_set /linux/devices '[
	{"path":"/dev/no-such-on-host","type":"c","major":1,"minor":3,"fileMode":416,"uid":7,"gid":8},
	{"path":"/dev/deep/no-such//zero/","type":"c","major":1,"minor":5}]'
argv \
	sh -c 'cd /dev; stat -c "%n %F %t:%T %a %u:%g" no-such-on-host deep/no-such/zero; echo x >deep/no-such/zero && head -c 3 deep/no-such/zero | wc -c; grep -c " /dev/\(no-such-on-host\|deep/no-such/zero\) [a-z,]*nosuid,noexec" /proc/self/mountinfo; grep " /dev " /proc/self/mountinfo | wc -l'
run
case $err in *'mount tmpfs: function not implemented'*) fsopen= ;; *) fsopen=1 ;; esac
[ -n "$fsopen" ] || skip 'in a user namespace: nodes the host does not have' \
	'they need fsopen(2), Linux 5.2'
[ -z "$fsopen" ] || is 'in a user namespace: nodes the host does not have are made' "$out" \
	'no-such-on-host character special file 1:3 640 7:8
deep/no-such/zero character special file 1:5 666 0:0
3
2
1' || diag "$err"
config_set /linux/devices \
	'[{"path":"/dev/no-such-on-host","type":"c","major":1,"minor":3,"uid":70000}]'
refused 'in a user namespace: an owner who is not mapped' 'no-such-on-host .*owner is not mapped'
config_set /linux/devices '[{"path":"/dev/no-such-on-host","type":"b","major":7,"minor":0}]'
argv probe open /dev/no-such-on-host r
run
[ -z "$fsopen" ] || is 'in a user namespace: the device rules hold for it' "$status $out" \
	'0 open errno 1' || diag "$err"

# ---- net devices (ND-01 to ND-04) ----

# with_device: like run, where a device "outer" exists.
with_device() {
	status=0
	OCI_TEST_MARK=$mark unshare -n sh "$tests/net-device.sh" "$RUNC" --root "$root" run \
		--bundle "$bundle" "$id" \
		>"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}

bundle
argv sh -c 'ip addr show dev inner'
config_set /linux/netDevices '{"outer":{"name":"inner"}}'
with_device
if [ $status = 77 ]; then
	skip 'net devices' 'no device of type dummy, ifb or veth can be made here, or no ip command'
else
	# control: runc 1.1.5 ignores netDevices (spec 1.3).
	is 'a net device is moved' "$status" 0 || diag "$err"
	like 'renamed, with its address' "$out" 'inet 192\.0\.2\.7/24'
	like 'a net device is up after the move' "$out" 'inner(@[^:]*)?: <[^>]*UP'
	argv sh -c 'ip addr show dev outer'
	config_set /linux/netDevices '{"outer":{}}'
	with_device
	like 'without a new name it keeps its own' "$out" 'inet 192\.0\.2\.7/24'
	argv ip link
	config_set /linux/netDevices '{"outer":{"name":"eth%d"}}'
	with_device
	like 'a name with %d' "$out" ' eth0[:@]'
	config_set /linux/netDevices '{"outer":{"name":"lo"}}'
	with_device
	like 'a name that is taken' "$status $err" '^1 .*(lo|exists)'
	is 'a net device whose name is taken: nothing is left' \
		"$(status_of "$id"):$(cgroups_left)" none:
fi
config_set /linux/netDevices '{"no-such-dev":{"name":"inner"}}'
refused 'a net device that is not there' 'no-such-dev'
for n in a/b 'a b' a:b sixteen-bytes-xx . ..; do
	config_set /linux/netDevices "{\"outer\":{\"name\":\"$n\"}}"
	refused "the name '$n'" 'net.*device|netDevices'
done
config_set /linux/netDevices '{"outer":{}}' /linux/namespaces \
	'[{"type":"pid"},{"type":"mount"},{"type":"uts"},{"type":"ipc"}]'
refused 'net devices without a network namespace' 'net'

nothing_left
done_testing

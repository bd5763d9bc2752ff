#!/bin/sh
# sysctl.t - linux.sysctl: what may be set in which namespace, spelling, values (Q-01, Q-02).
# SPDX-License-Identifier: MIT
#
# Keys of the host are decoys that do not exist: a runtime that lets them through harms nothing.
. "$(dirname "$0")/lib.sh"
need_root
bundle
cp "$bundle/config.json" "$tmp/good.json"

# set_one KEY VALUE WANT: seen under /proc/sys inside, and the host keeps its own.
set_one() {
	_path=/proc/sys/$(echo "$1" | tr . /)
	case $1 in
	*/*) _path=/proc/sys/$1 ;;
	esac
	if [ ! -e "$_path" ]; then
		skip "sysctl $1" 'this kernel does not have it'
		return
	fi
	_host=$(cat "$_path")
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /linux/sysctl "{\"$1\":\"$2\"}" /process/args "[\"cat\",\"$_path\"]"
	run
	is "sysctl $1" "$(echo "$out" | tr '\t' ' ')" "$3" || diag "$err"
	is 'the host keeps its own' "$(cat "$_path")" "$_host"
}

set_one net.ipv4.ip_forward 1 1
set_one net/ipv4/ip_forward 1 1
set_one net.ipv4.ip_local_port_range '20000 30000' '20000 30000'
set_one net.ipv4.conf.lo.forwarding 1 1
set_one net/ipv4/conf/lo/forwarding 1 1
set_one net.core.somaxconn 77 77
set_one kernel.msgmax 4321 4321
set_one kernel.msgmnb 4321 4321
set_one kernel.msgmni 321 321
set_one kernel.sem '10 20 30 40' '10 20 30 40'
set_one kernel.shmall 12345 12345
set_one kernel.shmmax 1234567 1234567
set_one kernel.shmmni 123 123
set_one kernel.shm_rmid_forced 1 1
set_one fs.mqueue.msg_max 9 9
set_one kernel.domainname inner.example inner.example

# The kernel takes a value of more than a page in parts (4,092 bytes, and then the rest).
set_one net.ipv4.ip_local_reserved_ports "$(seq -s, 10001 2 12801)" "$(seq -s, 10001 2 12801)"

# The name of an interface may have a dot, which only the spelling with slashes allows (Q-02).
cat >"$tmp/dotted" <<'END'
for type in dummy ifb veth; do
	ip link add eth0.100 type $type 2>/dev/null && break
done
[ -e /proc/sys/net/ipv4/conf/eth0.100 ] || exit 77
exec "$@"
END
cp "$tmp/good.json" "$bundle/config.json"
config_set /linux/sysctl '{"net/ipv4/conf/eth0.100/forwarding":"1"}' /linux/netDevices \
	'{"eth0.100":{}}' \
	/process/args '["cat","/proc/sys/net/ipv4/conf/eth0.100/forwarding"]'
status=0
OCI_TEST_MARK=$mark unshare -n sh "$tmp/dotted" "$RUNC" --root "$root" run --bundle "$bundle" \
	"$id" \
	>"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
if [ $status = 77 ]; then
	skip 'a name with a dot' 'no such interface can be made here'
else
	# control: runc 1.1.5 moves no devices.
	is 'a name with a dot' "$status $(cat "$tmp/out")" '0 1' || diag "$(cat "$tmp/err")"
fi

# Where the container's procfs cannot be written, a procfs of the start's own is.
cp "$tmp/good.json" "$bundle/config.json"
config_set /linux/sysctl '{"net.ipv4.ip_forward":"1"}' /linux/readonlyPaths '[]' \
	/mounts/0/options '["ro","nosuid","noexec","nodev"]' /process/args \
	'["sh","-c","cat /proc/sys/net/ipv4/ip_forward; grep -c \" /proc proc ro,\" /proc/mounts"]'
run
is 'with a read-only /proc' "$(echo "$out" | tr '\n' ' ')" '1 1 ' || diag "$err"
config_set /mounts/0/options '["subset=pid"]' /process/args '["sh","-c","ls /proc | grep -c sys"]'
run
is 'with a /proc that has no sys' "$status $out" '1 0' || diag "$err"

# user.* with a user namespace.
if [ -e /proc/sys/user/max_inotify_instances ]; then
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /linux/namespaces/- '{"type":"user"}' \
		/linux/uidMappings '[{"containerID":0,"hostID":0,"size":1000}]' \
		/linux/gidMappings '[{"containerID":0,"hostID":0,"size":1000}]' \
		/linux/sysctl '{"user.max_inotify_instances":"55"}' /process/args \
		'["cat","/proc/sys/user/max_inotify_instances"]'
	run
	# control: since runc 1.5.
	is 'user.* with a user namespace' "$out" 55 || diag "$err"
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /linux/sysctl '{"user.ocit_decoy":"55"}'
	refused 'user.* without one' 'sysctl'
fi

# Without the namespace: refused before anything is made.
while read -r key types; do
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /linux/sysctl "{\"$key\":\"1\"}" /hostname '""' \
		/linux/namespaces "[{\"type\":\"mount\"},{\"type\":\"pid\"}$(
			for t in $types; do printf ',{"type":"%s"}' "$t"; done)]"
	refused "$key with only $types" 'sysctl'
done <<'END'
net.ipv4.ocit_decoy ipc uts
fs.mqueue.ocit_decoy network uts
kernel.msgmax.ocit_decoy network uts
kernel.domainname.ocit_decoy network ipc
END
# A joined namespace that is the caller's own is not a namespace of the container (Q-01).
cp "$tmp/good.json" "$bundle/config.json"
config_set /linux/sysctl '{"net.ipv4.ocit_decoy":"1"}' /linux/namespaces/1 \
	"{\"type\":\"network\",\"path\":\"/proc/$$/ns/net\"}"
refused "net.* with the caller's network namespace by path" \
	'sysctl.*(namespace|host)|namespace.*sysctl'

for k in kernel.hostname kernel.ocit_decoy vm.ocit_decoy fs.ocit_decoy dev.ocit_decoy; do
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /linux/sysctl "{\"$k\":\"1\"}"
	refused "$k" 'sysctl|hostname'
done
cp "$tmp/good.json" "$bundle/config.json"
config_set /linux/sysctl '{"net.ipv4.ip_forward":"1","net/ipv4/ip_forward":"0"}'
refused 'the same key in two spellings' 'ip_forward'
for k in net.a+b net/a+b 'net.a b'; do
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /linux/sysctl "{\"$k\":\"1\"}"
	refused "the name '$k'" 'sysctl.*not the name'
done
cp "$tmp/good.json" "$bundle/config.json"
config_set /linux/sysctl '{"net.ipv4.ip_local_port_range":"nonsense"}'
refused 'a value the kernel refuses: the key is named' 'ip_local_port_range'
cp "$tmp/good.json" "$bundle/config.json"
config_set /linux/sysctl '{"net.ipv4.ip_forward":1}'
refused 'a value that is a number' 'sysctl'

nothing_left
done_testing

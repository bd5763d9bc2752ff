#!/bin/sh
# boot-network.t - oci-init as process 1: the network of the machine and of its containers, by
# boot.json.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"

command -v ip >/dev/null 2>&1 || skip_all "no ip(8) to look at devices with"
unshare -n sh -c 'ip link add br0 type bridge && ip link add v0 type veth peer name v1' \
	2>/dev/null || skip_all "this kernel has no bridges, or no veth"

# ip_of NAME ARG...: what ip(8) says of the container's network
ip_of() {
	name=$1
	shift
	inside nsenter --net="/run/ocibox/$name.net" ip "$@"
}
# Answers each connection.
server="trap 'exit 0' TERM; echo up; while :; do echo hello | nc -l -p 8080 & wait \$!; done"

unit 1-"$a" "$server"
unit 2-"$b" "$sleeper"
unit 3-"$c" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "network": [ { "bridge": "br0", "device": "eth7", "address": "10.9.0.1/24", "gateway": "10.9.0.254" } ],
  "defaults": { "after": [], "network": { "bridge": "br0", "gateway": "10.9.0.1" } },
  "containers": [
    { "name": "$a", "restart": "always", "backoff": { "first": "10ms" },
      "network": { "address": "10.9.0.2/24" } },
    { "name": "$b", "network": { "address": "10.9.0.3/24", "device": "lan0" } },
    { "name": "$c", "network": { "address": "fd09::4/64", "gateway": "fd09::1", "bridge": "br6" } } ] }
E
prepare='ip link add eth7 type veth peer name wire'
boot ocibox.config="$tmp/boot.json"
ok "containers with a network run" wait_for state_is "$a" running
wait_for state_is "$b" running
wait_for state_is "$c" running
like "the machine's device is in the bridge, which is made" "$(inside ip link show eth7)" \
	'[<,]UP[,>].* master br0'
like "the bridge has its address, with a broadcast address" "$(inside ip addr show dev br0)" \
	'inet 10.9.0.1/24 brd 10.9.0.255'
like "the bridge is up" "$(inside ip link show dev br0)" '[<,]UP[,>]'
like "the machine has its gateway" "$(inside ip route)" 'default via 10.9.0.254 dev br0'
like "a container has eth0 with its address" "$(ip_of "$a" addr show dev eth0)" \
	'inet 10.9.0.2/24 brd 10.9.0.255'
like "a container has the route of its gateway" \
	"$(ip_of "$a" route)" 'default via 10.9.0.1 dev eth0'
like "a container has lo" "$(ip_of "$a" link show dev lo)" '[<,]UP[,>]'
is "a container is in its network namespace" \
	"$(inside "$RUNC" exec "$a" /bin/busybox readlink /proc/self/ns/net)" \
	"net:[$(inside stat -Lc %i "/run/ocibox/$a.net")]"
like "device: the name in the container" "$(ip_of "$b" addr show dev lan0)" 'inet 10.9.0.3/24'
if [ -e /proc/sys/net/ipv6 ]; then
	like "IPv6" "$(ip_of "$c" addr show)" 'inet6 fd09::4/64'
	nok "an IPv6 address can be used at once" \
		test -n "$(ip_of "$c" addr show to fd09::4 tentative)"
	like "IPv6: a container has the route of its gateway" \
		"$(ip_of "$c" -6 route)" 'default via fd09::1 dev eth0'
else
	skip "IPv6" "this kernel has none"
fi
devices() { inside ip -o link show | grep -c ' ve-\| vh-'; }
is "one device for each container, and no more" "$(devices)" 3
ask() { inside busybox nc -w 2 10.9.0.2 8080 </dev/null | grep -q hello; }
ok "the machine reaches a container" eventually ask
reach() { inside "$RUNC" exec "$b" sh -c 'nc -w 2 10.9.0.2 8080 </dev/null' | grep -q hello; }
ok "another container reaches a container" eventually reach
change() { inside "$RUNC" exec "$b" busybox ip "$@" 2>&1; }
like "root of a container cannot take another's address" \
	"$(change addr add 10.9.0.2/24 dev lan0)" '[Oo]peration not permitted'
like "root of a container cannot change its routes" "$(change route add 10.9.0.2/32 dev lo)" \
	'[Oo]peration not permitted'
inside "$RUNC" kill "$a" KILL
twice() {
	order status "$a" --format json
	[ "$(field starts)" = 2 ] && [ "$(field state)" = running ]
}
ok "a container that was killed is started again" wait_for twice
like "a container that is started again has its address" \
	"$(ip_of "$a" addr show dev eth0)" 'inet 10.9.0.2/24'
ok "a container that is started again is reached" eventually ask
order stop "$b"
nok "a container that has stopped leaves no network namespace" inside test -e "/run/ocibox/$b.net"
two_devices() { [ "$(devices)" = 2 ]; }
ok "a container that has stopped leaves no device" eventually two_devices
is "config.json of a container with a network is not changed" \
	"$(grep -c /run/ocibox "$bundles/1-$a/config.json")" 0
down
nothing_left "nothing is left of the machine"
fresh
prepare=

# ---- host and none, which are the bundle's, and faults -------------------------------------------

# The last bundle has the machine's network.
shared() {
	config_set /linux/namespaces \
		'[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]'
}
unit 1-"$a" "$sleeper"
unit 2-"$b" "$sleeper"
shared
unit 3-"$c" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "defaults": { "after": [] }, "network": [ { "device": "none0", "address": "10.9.0.1/24" } ],
  "wait": "50ms",
  "containers": [ { "name": "$c", "network": { "bridge": "lo", "address": "10.9.0.4/24" } } ] }
E
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$b" running
wait_for state_is "$a" running
is "without network a container has what its bundle says: none" \
	"$(inside "$RUNC" exec "$a" /bin/busybox ls /sys/class/net 2>/dev/null | grep -cv '^lo$')" 0
is "without network a container of the machine's network has that" \
	"$(inside "$RUNC" exec "$b" /bin/busybox readlink /proc/self/ns/net)" \
	"$(inside readlink /proc/1/ns/net)"
ok "a device that is not there is reported" says \
	'^oci-init: network: network device none0: no such device'
ok "a bridge that cannot be one: the container does not start, and the reason is reported" \
	wait_for \
	says "^oci-init: $c: did not start: network: network device v.*: make the pair of devices"
down
fresh

unit 1-"$a" "$sleeper"
shared
echo "{ \"containers\": [ { \"name\": \"$a\", \"network\": { \"bridge\": \"br0\" } } ] }" \
	>"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
ok "a bundle without a network namespace of its own: the container does not start" \
	wait_for \
	says "^oci-init: $a: did not start: network: config.json must have a network namespace"
down
fresh

unit 1-"$a" "$sleeper"
cat >"$tmp/boot.json" <<E
{
	"network": [
		{ "device": "a/b", "address": "10.9.0.1" },
		{ "address": "10.9.0.1/24" },
		{ "device": "eth0", "address": "10.9.0.1/24", "gateway": "10.8.0.1", "route": 1 }
	],
	"defaults": { "network": { "address": "10.9.0.2/33", "gateway": "here" } },
	"containers": [ { "name": "$a", "network": { "address": "fd00::1/64" } } ]
}
E
status=0
"$OCI_INIT" check --bundles "$bundles" "$tmp/boot.json" >"$tmp/out" 2>&1 || status=$?
out=$(cat "$tmp/out")
is "check: a boot.json with faults in its networks exits with 1" "$status" 1
like "check: a name that no network device can have" \
	"$out" 'boot.json:3:15: network\[0\].device: "a/b" is not a value'
like "check: an address without the length of its network" "$out" \
	'boot.json:3:33: network\[0\].address: "10.9.0.1" .*an address such as 10.0.0.2/24'
like "check: a network with neither a device nor a bridge" \
	"$out" 'boot.json:4:3: network\[1\]: has neither'
like "check: a gateway outside of the network" \
	"$out" 'boot.json:5:3: network\[2\]: the gateway is not in'
like "check: an unknown member of a network" "$out" 'network\[2\].route: there is no such member'
like "check: a wrong address in the network of a container" \
	"$out" 'defaults.network.address: "10.9.0.2/33"'
like "check: a wrong gateway in the network of a container" \
	"$out" 'defaults.network.gateway: "here"'
like "check: the network of a container without a bridge" "$out" "^$a: network has no bridge"

nothing_left
done_testing

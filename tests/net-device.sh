# net-device.sh - `unshare -n sh tests/net-device.sh CMD...`: CMD where a device "outer" exists; 77
# where none can.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# In a network namespace of the test, so that nothing is left on the host.
for type in dummy ifb veth; do
	ip link add outer type $type 2>/dev/null && break
done
ip addr add 192.0.2.7/24 dev outer 2>/dev/null && ip link set outer up || exit 77
exec "$@"

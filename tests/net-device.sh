# net-device.sh - `unshare -n sh tests/net-device.sh CMD...` runs CMD where a device "outer" exists;
# exits with 77 if none can be made.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh
#
# It runs in a network namespace of the test, so that nothing is left on the host.
for type in dummy ifb veth; do
	ip link add outer type $type 2>/dev/null && break
done
ip addr add 192.0.2.7/24 dev outer 2>/dev/null && ip link set outer up || exit 77
exec "$@"

#!/bin/sh
# many.sh - prints the private dirty memory, in KB, of oci-init as process 1 with 100 containers,
# for scripts/bench.
# SPDX-License-Identifier: MIT
# shellcheck shell=sh disable=SC2154	# variables of lib.sh and machine.sh
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"

n=${1:-100}
i=100
while [ $((i - 100)) -lt "$n" ]; do
	unit "$i-u$i-$mark" "trap 'exit 0' TERM; while :; do sleep 5 & wait; done"
	i=$((i + 1))
done
all_run() { order status; [ "$(grep -c ' running ' "$tmp/out")" = "$n" ]; }
boot
eventually all_run || bail "$n containers do not run"
awk '/^Private_Dirty/ { print $2 }' "/proc/$machine/smaps_rollup"
order poweroff
order poweroff
wait "$boot"

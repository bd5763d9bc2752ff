#!/bin/sh
# boot-product.t - what a product needs of its process 1: essential containers, reloading, environment and secrets.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"

# ---- essential: the machine reboots, up to a limit across boots --------------------------------------------

unit 1-"$a" "$sleeper"
unit 2-"$b" 'exit 3'
cat >"$tmp/boot.json" <<E
{ "rebootFile": "$tmp/reboots", "rebootLimit": 2, "defaults": { "after": [] },
  "containers": [ { "name": "$b", "essential": true } ] }
E
for n in 1 2; do
	boot ocibox.config="$tmp/boot.json"
	ended=0
	wait "$boot" || ended=$?
	is "an essential one has failed for good: reboot $n" "$ended" 129
	ok "which is said, with its number" says "^oci-init: $b is essential and has failed: the machine reboots, for the time number $n"
	is "and counted in the file" "$(cat "$tmp/reboots")" "$n"
done
ok "the others were stopped in order" says "^oci-init: $a: ended with status 0"
boot ocibox.config="$tmp/boot.json"
ok "at the limit the machine stays up, which is said" wait_for says "^oci-init: $b is essential and has failed, but the machine stays up: 2 reboots have not helped"
ok "and the others run" state_is "$a" running
order stop "$a"
ok "and obey" state_is "$a" stopped
down
mkdir "$tmp/is-a-directory"
sed -i "s|/reboots|/is-a-directory|" "$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
ok "a reboot that cannot be counted does not happen: it would have no end" wait_for says "the machine stays up: the reboot cannot be counted"
down
fresh
unit 2-"$b" "$sleeper"
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$b" running
order stop "$b"
ok "one that is stopped by order has not failed" state_is "$b" stopped
order status
is "and the machine runs on" "$status" 0
down
fresh

nothing_left
done_testing

#!/bin/sh
# boot-logs.t - where a machine's logs go: what process 1 says too, with the time, in memory.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"

# ---- what process 1 says goes where logs go ------------------------------------------------------

unit 1-"$a" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "log": "$tmp/logs", "nonsense": 1, "stamp": true,
  "mounts": [ { "destination": "$tmp/none", "type": "ext4", "source": "/dev/nothing-$mark" } ] }
E
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms
own=$tmp/logs/oci-init.log
time='^\[ *[0-9]+\.[0-9]{3}\] '
ok "log=DIR: what process 1 says is in a file there too" wait_for grep -q "$a: started" "$own"
ok "what it said before there was a place for it as well: faults of boot.json" grep \
	-q 'nonsense: there is no such setting' "$own"
ok "and of mounts" grep -q "nothing-$mark has not appeared within 100ms" "$own"
ok "it is on the console as ever" says "oci-init: $a: started"
ok "stamp: its lines begin with the time" [ "$(grep -Evc "$time" "$own")" = 0 ]
ok "and those of containers" wait_for grep -Eq "${time}up\$" "$tmp/logs/$a.log"
down
nothing_left "nothing is left of logs in files"

unit 2-"$b" \
	'trap "exit 0" TERM; printf "a\nb\nhalf"; sleep 1; printf " line\nc\n"; while :; do sleep 0.05; done'
rm -rf "$tmp/logs"
boot ocibox.log="$tmp/logs" ocibox.stamp
ok "a line whose end comes late has one time" wait_for grep -Eq "${time}half line\$" \
	"$tmp/logs/$b.log"
ok "each of the others its own" [ "$(grep -Ec "${time}[abc]\$" "$tmp/logs/$b.log")" = 3 ]
down
fresh

own_dev='mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3'
: >"$tmp/kmsg"
prepare="$own_dev && : >/dev/console && ln -s '$tmp/kmsg' /dev/kmsg"
unit 1-"$a" "$sleeper"
# A file has an end for each writer, and the kernel's log has not.
echo "{ \"containers\": [ { \"name\": \"$a\", \"log\": \"console\" } ] }" >"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json" ocibox.log=kmsg
ok "log=kmsg: what process 1 says is there too" wait_for grep -q "^<30>oci-init: $a: started" \
	"$tmp/kmsg"
down
prepare=
fresh

unit 1-"$a" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "log": "$tmp/none/logs", "mounts": [ { "destination": "$tmp/none", "type": "ext4", "source": "/dev/nothing-$mark" } ] }
E
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms
ok "a directory whose mount has failed: the console has all" wait_for says "^$a: up"
nok "and the directory is not made where the mount would be" test -e "$tmp/none/logs"
down
fresh

nothing_left
done_testing

#!/bin/sh
# boot-hostile.t - oci-init with hostile containers, and on a board that has no luck.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"

# with_tmp: the container of the last unit sees $tmp
with_tmp() {
	mkdir -p "$template$tmp"
	config_set /mounts/- \
		"{\"destination\":\"$tmp\",\"type\":\"bind\",\"source\":\"$tmp\",\"options\":[\"bind\"]}"
}

# until_there FILE: commands for a container
until_there() { echo "trap 'exit 0' TERM; until [ -e $1 ]; do sleep 0.05; done"; }

# ---- logs ----------------------------------------------------------------------------------------

# c has the directory of logs, and puts a FIFO in the place of the log of b, which has written
# nothing yet. Nothing reads it.
unit 1-"$a" "$(until_there "$tmp/gone"); while :; do echo later; sleep 0.05; done"
with_tmp
unit 2-"$b" "$(until_there "$tmp/go"); echo mine; : >$tmp/gone; while :; do sleep 0.05; done"
with_tmp
unit 3-"$c" \
	"rm $tmp/logs/$b.log && mkfifo $tmp/logs/$b.log && : >$tmp/go; printf 'up \\033]0;evil\\007 \\302\\233 \\000x\\ncaf\\303\\251\\n'; $sleeper"
with_tmp
cat >"$tmp/boot.json" <<E
{ "defaults": { "log": "$tmp/logs" }, "containers": [ { "name": "$c", "log": "memory" } ] }
E
boot ocibox.config="$tmp/boot.json"
ok "a container that puts a FIFO in the place of another's log: that one is not held up" \
	wait_for test -e "$tmp/gone"
ok "a FIFO in the place of a log is reported" \
	wait_for says "^oci-init: open $tmp/logs/$b.log: it is not a regular file"
goes_on() { [ "$(grep -c '^later' "$tmp/logs/$a.log")" -gt 20 ]; }
ok "a FIFO in the place of a log: other containers have their logs" wait_for goes_on
if helper pty; then
	timeout -s KILL 60 "$HELPERS/pty" nsenter -t "$machine" -m -p -u -n "$OCI_INIT" logs "$c" \
		</dev/null >"$tmp/out" 2>&1
	is "logs: what a container writes does not control the terminal" \
		"$(head -n 2 "$tmp/out" | tr -d '\r')" "up ?]0;evil? ?? ?x
$(printf 'caf\303\251')"
else
	skip "logs: what a container writes does not control the terminal" "no compiler"
fi
order logs "$c"
is "logs: a file has the bytes that a container wrote" "$(head -n 1 "$tmp/out" | tr '\000' 0)" \
	"$(printf 'up \033]0;evil\007 \302\233 0x')"
down
is "logs: the machine ends" "$ended" 130
nothing_left "nothing is left of the logs"
fresh

# It may put a device there as well, which process 1 could write without the container's device
# rules.
unit 1-"$a" \
	"rm $tmp/logs/$a.log; mknod $tmp/logs/$a.log c 1 7; : >$tmp/made; echo mine; $sleeper"
with_tmp
for set in bounding effective permitted; do
	config_set /process/capabilities/$set/- '"CAP_MKNOD"'
done
boot ocibox.log="$tmp/logs"
wait_for test -e "$tmp/made"
ok "a device in the place of a log is reported, and not written" \
	wait_for says "^oci-init: open $tmp/logs/$a.log: it is not a regular file"
ok "a device in the place of a log: it is there" test -c "$tmp/logs/$a.log"
order logs "$a"
like "logs does not read a device in the place of a log" "$status $err" \
	"^1 .*$a.log: it is not a regular file"
down
is "a device in the place of a log: the machine ends" "$ended" 130
boot ocibox.log="$tmp/logs"
ok "a device in the place of a log: at the next boot the output goes to the console" \
	wait_for says "^oci-init: $a: its output goes to the console: .*: it is not a regular file"
down
rm -rf "$tmp/logs" "$tmp/made"
fresh

# A container that has the directory of rebootFile may do the same there.
mkfifo "$tmp/reboots"
unit 1-"$a" "$(until_there "$tmp/fail"); exit 3"
with_tmp
printf '{ "rebootFile": "%s", "defaults": { "essential": true } }' "$tmp/reboots" >"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
: >"$tmp/fail"
reboots="$a is essential and has failed: the machine reboots, reboot number 1"
ok "a FIFO for rebootFile: process 1 does not wait for it" wait_for says "$reboots" ||
	kill -KILL "$machine"
wait "$boot" 2>/dev/null
is "a FIFO for rebootFile: the reboot is counted" "$([ -p "$tmp/reboots" ] || cat "$tmp/reboots")" 1
fresh

# ---- names, /run ---------------------------------------------------------------------------------

# The name of a file of the first, a-X.exit, begins with the name of the second, which is a-X. and
# has four letters more. The second does not come to its program.
unit 1-"$a" 'exit 0'
unit "2-$a." "$sleeper"
with_tmp
config_set /hooks/createRuntime '[{"path":"/bin/sh"}]'
config_set /hooks/createRuntime/0/args \
	"$(words sh -c "until [ -e $tmp/open ]; do sleep 0.05; done")"
echo '{ "defaults": { "after": [], "startTimeout": "1h" } }' >"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
wait_for says "^oci-init: $a: ended"
ok "the end of a container is not the start of one whose name is nearly a file of it" \
	state_is "$a." starting
: >"$tmp/open"
ok "a container whose name is nearly a file of another one starts in its turn" \
	wait_for state_is "$a." running
down
rm -f "$tmp/open"
fresh

unit 1-"$a" \
	"for d in /run/notify /run/secrets; do echo x >\$d/x && echo written; done; echo tried; $sleeper"
echo hunter2 >"$tmp/secret"
unit 2-"$b" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "log": "memory", "defaults": { "after": [], "stopTimeout": "1h" }, "containers": [
  { "name": "$a", "ready": { "notify": true }, "secrets": { "one": "$tmp/secret" } } ] }
E
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$b" running
tried() { order logs "$a" && grep -q tried "$tmp/out"; }
wait_for tried
unlike "a container writes to nothing of the machine's /run" "$out" written
fill_run() { inside sh -c 'cat /dev/zero >>/run/full' 2>/dev/null; }
fill_run
order stop "$b"
is "a full /run: a container is stopped by order" "$status" 0
ok "a full /run: the container that was ordered to stop has stopped" state_is "$b" stopped
fill_run
order start "$b"
is "a full /run: a container cannot be started" "$status" 1
ok "a full /run: the failed start has its reason" \
	says "^oci-init: $b: did not start: .*no space left"
inside rm /run/full
order start "$b"
is "a /run that has room again: a container can be started" "$status" 0
fill_run
down
is "a full /run: the machine ends" "$ended" 130
nothing_left "nothing is left of the full /run"
fresh

# ---- a disk that answers no more -----------------------------------------------------------------

unit 1-"$a" "$sleeper"
unit 2-"$b" "$sleeper"
echo '{ "defaults": { "restart": "always", "after": [], "stopTimeout": "100ms",
	"backoff": { "first": "10ms" } } }' >"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$a" running
wait_for state_is "$b" running
if dead "$bundles/1-$a" nsenter -t "$machine" -m; then
	order status "$a" --format json
	inside kill -KILL "$(field pid)"
	wait_for says "^oci-init: $a: .*starts again"
	order stop "$b"
	is "the bundle of one container hangs: another one is stopped by order" "$status" 0
	order start "$b"
	is "the bundle of one container hangs: another one is started by order" "$status" 0
	ok "the bundle of one container hangs: that one is starting" wait_for state_is "$a" starting
	kill -KILL "$bg"
	down
	is "the bundle of a container hung: the machine ends" "$ended" 130
else
	skip "the bundle of one container hangs: another one is stopped by order" "no autofs here"
	down
fi
fresh

# ---- a task without an end -----------------------------------------------------------------------

unit 1-"$a" "$sleeper"
unit 2-"$b" "$sleeper"
unit 3-"$c" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "defaults": { "startTimeout": "300ms" }, "containers": [
  { "name": "$a", "type": "task" }, { "name": "$b", "after": [ "$a" ] },
  { "name": "$c", "type": "task", "on": "shutdown", "stopSignal": "KILL" } ] }
E
boot ocibox.config="$tmp/boot.json"
ok "a task that does not end: what waits for it is reported" \
	wait_for says "^oci-init: $a: has not ended within 300ms, and $b waits for it\$"
ok "a task that does not end runs on" state_is "$a" running
ok "a task that does not end: the container after it waits" state_is "$b" waiting
order start "$b"
is "a task that does not end: an order starts the container after it" "$status" 0
order start "$c"
is "an order starts a task for the shutdown" "$status" 0
down
is "the machine does not wait longer than startTimeout for a task for the shutdown" "$ended" 130
nothing_left "nothing is left of the task"
fresh

# ---- a check of many words -----------------------------------------------------------------------

unit 1-"$a" "$sleeper"
# shellcheck disable=SC2046,SC2016 # words; for the container's shell
cat >"$tmp/boot.json" <<E
{ "defaults": { "ready": { "command": $(words sh -c '[ $# = 200 ] && : >/dev/shm/all' sh $(seq 200)) } } }
E
boot ocibox.config="$tmp/boot.json"
ok "a check of 200 words has all of them" wait_for says "^oci-init: $a: ready"
down
fresh

# ---- disks that are read-only, or full, in an update ---------------------------------------------

unit 1-"$a" "$sleeper"
mkdir "$bundles/A" "$tmp/ro"
mv "$bundles/1-$a"/* "$bundles/A/"
mv "$bundles/A" "$bundles/1-$a/"
cp -r "$template" "$bundles/1-$a/A/root.img"
bundle=$bundles/1-$a/A
config_set /root/path '"root.img"'
unit ".new" "echo new; $sleeper"
cat >"$tmp/boot.json" <<E
{ "clockFile": "$tmp/ro/clock", "defaults": { "log": "$tmp/ro", "updateGrace": "50ms" } }
E
prepare="mount --bind $tmp/ro $tmp/ro && mount -o remount,bind,ro $tmp/ro"
prepare="$prepare && mount --bind $bundles $bundles && mount -o remount,bind,ro $bundles"
boot ocibox.config="$tmp/boot.json"
ok "a read-only disk: the output goes to the console" wait_for says "^$a: up"
ok "a read-only disk is reported" \
	says "its output goes to the console: open .*: read-only file"
order update "$a" "$bundles/.new"
is "a read-only disk: an update is refused" "$status" 1
like "a read-only disk: the refused update has its reason" "$err" 'read-only file system'
ok "a read-only disk: the container runs on" state_is "$a" running
down
is "a read-only disk: the machine ends" "$ended" 130
# The directory of bundles becomes a small disk.
prepare="mount -t tmpfs -o size=64k full $tmp/ro && cp -r $bundles/. $tmp/ro/"
prepare="$prepare && mount --bind $tmp/ro $bundles"
sed -i 's|"clockFile.*"defaults": { "log": [^,]*,|"defaults": {|' "$tmp/boot.json"
rm -rf "$bundles/1-$a/A/root.img"
ln -s "$template" "$bundles/1-$a/A/root.img"
dd if=/dev/zero of="$tmp/image" bs=1k count=256 2>/dev/null
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$a" running
order update "$a" "$tmp/image"
is "a disk that becomes full in an update: status 1" "$status" 1
like "a disk that becomes full in an update: the reason" "$err" 'no space left'
order update "$a"
is "a disk that becomes full in an update: the half image is not used as a bundle" "$status" 1
like "a disk that becomes full in an update: the half image is reported" "$err" "B/config.json"
ok "a disk that becomes full in an update: the container runs on" state_is "$a" running
down
nothing_left "nothing is left of the disks"
done_testing

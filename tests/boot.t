#!/bin/sh
# boot.t - oci-init as process 1 of a machine: starting, restarting, stopping, logs, orders.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"

# ---- order of start, logs on the console, shutdown in reverse ------------------------------------

unit "20-$b" "$sleeper"
unit "10-$a" "$sleeper"
unit "30-$c" "$sleeper"
mkdir "$bundles/40-empty"
boot
ok "all containers of the machine run" wait_for state_is "$c" running
is "containers started in the order of their directories" \
	"$(sed -n 's/^oci-init: \(.\)-.*: started.*/\1/p' "$con" | tr -d '\n')" abc
ok "what a container writes is on the console after its name" wait_for says "^$a: up"
ok "a directory without a config.json is reported" says '40-empty has no config.json'
is "runc list shows the containers of the machine" "$(inside "$RUNC" list -q | wc -l)" 3
order status
like "status is a table" "$out" "^$b +running +[0-9]+ +1 +-"
order status unknown
is "status of an unknown container fails" "$status" 1
order stop "$b"
is "stop succeeds" "$status" 0
ok "stop returns when the container has stopped" state_is "$b" stopped
ok "stop leaves the other containers running" state_is "$c" running
order start "$b"
ok "start starts a container that was stopped" state_is "$b" running
order restart "$b"
wait_for state_is "$b" running
is "restart counts as a start" "$(field starts)" 3
order start unknown
like "start of an unknown container is refused" "$err" 'no container unknown'
socket_mode=$(inside stat -c %a /run/ocibox/init.sock)
is "the socket has mode 0600" "$socket_mode" 600
if setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
	inside chmod 711 /run/ocibox
	inside chmod 666 /run/ocibox/init.sock
	status=0
	inside setpriv --reuid 65534 --clear-groups "$OCI_INIT" poweroff 2>"$tmp/err" || status=$?
	is "the socket: an order of another user is refused" "$status" 1
	like "the socket: another user gets the reason" "$(cat "$tmp/err")" 'only root'
	ok "the socket: after the refused order the containers run on" state_is "$a" running
else
	skip "the socket: an order of another user is refused" "no setpriv that can here"
fi
# More clients than the socket's backlog stop before they read their answer.
if [ "$(uname -m)" = x86_64 ] && helper step && "$HELPERS/step" count -- true; then
	mkfifo "$tmp/gate"
	for _ in 1 2 3 4 5 6 7 8 9; do
		background nsenter -t "$machine" -m "$HELPERS/step" before 45 \
			"echo waits; cat $tmp/gate" -- \
			"$OCI_INIT" status >>"$tmp/waits" 2>&1
	done
	nine_wait() { [ "$(grep -c waits "$tmp/waits")" = 9 ]; }
	wait_for nine_wait
	order status "$a"
	is "clients that never read their answers do not keep others from being heard" "$status" 0
	: >"$tmp/gate"
else
	skip "clients that never read their answers do not keep others from being heard" \
		"the helper step cannot be used here"
fi
kill -KILL "$(cut -d ' ' -f 1 "/proc/$machine/task/$machine/children")" 2>/dev/null
ok "a killed runtime is reported as the end of its container" wait_for says "$a: killed by signal 9"
nok "the state of a killed runtime is removed" inside test -e "/run/runc/$a"
order start "$a"
ok "a container that was killed can be started again" state_is "$a" running
down USR2
is "SIGUSR2 powers off (SIGINT in a pid namespace)" "$ended" 130
is "containers stopped in reverse order" \
	"$(sed -n 's/^oci-init: \(.\)-.*: ended with status 0.*/\1/p' "$con" | tail -n 3 |
	tr -d '\n')" cba
ok "the end of the machine is reported last" says '^oci-init: powering off'
nothing_left "nothing is left of the machine"
fresh

# ---- restart policies ----------------------------------------------------------------------------

unit 1-"$a" 'exit 0'
unit 2-"$b" 'exit 3'
unit 3-"$c" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "hostname": "board", "nonsense": 1,
  "defaults": { "backoff": { "first": "10ms", "max": "1h" }, "startLimit": { "count": 4, "interval": "1m" } },
  "containers": [ { "name": "$b", "restart": "on-failure" }, { "name": "missing-$mark" },
    { "name": "$c", "stopTimeout": "100ms", "log": "$tmp/logs", "logSize": 4096, "disabled": true } ] }
E
boot ocibox.config="$tmp/boot.json" ocibox.what=1 ocibox.cgroup=v3 \
	"ocibox.done=$(printf 'a\033\nb')"
ok "on-failure: the container is started again until the start limit" wait_for \
	says "$b: failed for good: 4 starts within 1m"
ok "on-failure: the pause before the first restart is doubled" \
	says "$b: ended with status 3; starts again in 20ms"
ok "the pause before the second restart is twice the first" \
	says "$b: ended with status 3; starts again in 40ms"
state_is "$b" failed
is "the container was started as often as the limit allows" "$(field starts) $(field status)" "4 3"
ok "restart no: a container that ends with 0 has ended" state_is "$a" ended
ok "a row without a bundle is reported" says "missing-$mark: there is no bundle"
ok "an unknown member is reported" says 'nonsense: there is no such setting'
ok "an unknown key of the command line is reported" says 'what: there is no such setting'
ok "a bad value is reported" \
	says 'cgroup: "v3" is not a value for it: it takes none, v1, hybrid or v2'
ok "a bad value is reported on one line, without bytes that are not text" \
	says '^oci-init: done: "a..b" is not a value'
is "the hostname is set" "$(inside hostname)" board
ok "a disabled container is not started" state_is "$c" disabled
order start "$c"
ok "a disabled container is started by order" state_is "$c" running
ok "a container logs to its file" wait_for grep -q up "$tmp/logs/$c.log"
down TERM
is "SIGTERM reboots (SIGHUP in a pid namespace)" "$ended" 129
nothing_left "nothing is left of the second"
fresh

# ---- faults, log rotation, a container that ignores signals --------------------------------------

unit 1-"$a" \
	"i=0; while [ \$i -lt 300 ]; do echo a line of the log number \$i; i=\$((i + 1)); done; while :; do sleep 0.05; done"
unit 2-"$b" true
config_set /linux/namespaces/0/type '"netwerk"'
unit 3-"$c" 'trap "" TERM; echo deaf; while :; do sleep 0.05; done'
cat >"$tmp/boot.json" <<E
{ "containers": [ { "name": "$a", "log": "$tmp/logs", "logSize": 4096 }, { "name": "$c", "stopTimeout": "200ms", "log": "$tmp/none/logs" } ],
  "mounts": [ { "destination": "$tmp/data", "type": "tmpfs", "source": "tmpfs", "options": [ "size=64k" ] },
    { "destination": "$tmp/none", "type": "ext4", "source": "/dev/nothing-$mark" } ] }
E
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms
ok "a bad bundle: the other containers run" wait_for state_is "$c" running
is "a bad bundle is one clear line" "$(grep -c "$b" "$con")" 1
ok "a bad bundle: the reason is on one line" \
	says "^oci-init: $b: did not start: config.json:.*netwerk"
ok "the filesystems of boot.json are mounted" inside grep -q " $tmp/data tmpfs " /proc/mounts
ok "a filesystem whose device does not appear is named, with the time" \
	says "mount $tmp/none: /dev/nothing-$mark has not appeared within 100ms"
ok "a log on a filesystem that is not mounted goes to the console" \
	says "^oci-init: $c: its output goes to the console: $tmp/none is not mounted"
ok "a log is renamed when it is full" wait_for test -e "$tmp/logs/$a.log.1"
ok "after the rename the newest lines are in the file" \
	wait_for grep -q 'number 299' "$tmp/logs/$a.log"
ok "the two files of a log stay below twice logSize" \
	[ "$(cat "$tmp/logs/$a.log" "$tmp/logs/$a.log.1" | wc -c)" -le 8192 ]
ok "a container that ignores signals runs" wait_for says "^$c: deaf"
order stop "$c"
ok "a container that ignores signals is killed after stopTimeout" \
	says "$c: does not stop: killing it"
state_is "$c" stopped
is "status shows that a container was killed at its deadline" "$(field status)" 137
order reboot
is "the order reboot succeeds" "$status" 0
ended=0
wait "$boot" || ended=$?
is "the order reboot: the machine reboots (SIGHUP in a pid namespace)" "$ended" 129
nothing_left "nothing is left of the third"
fresh

# ---- a full /run, no containers, done ------------------------------------------------------------

unit 1-"$a" 'exit 0'
run_size=4k
boot
ok "a full /run: one line says that the container did not start, and why" \
	wait_for says "$a: did not start: .*no space left"
down
run_size=
nothing_left "nothing is left of the full one"
nowait=1
boot ocibox.done=halt ocibox.restart=no
nowait=
ended=0
wait "$boot" || ended=$?
is "done=halt: the end of all is the end of the machine" "$ended" 130
fresh
boot
ok "a machine without containers reports that" wait_for says "no containers in $bundles"
down USR1
is "a machine without containers waits" "$ended" 130

# ---- a full disk, stop signals, debug and stamp --------------------------------------------------

unit 1-"$a" \
	"until [ -e /dev/shm/more ]; do echo a line that fills the disk; done; while :; do echo later; sleep 0.05; done"
unit 2-"$b" "$sleeper"
unit 3-"$c" 'trap "" TERM; trap "exit 7" WINCH; echo up; while :; do sleep 0.05; done'
cat >"$tmp/boot.json" <<E
{ "mounts": [ { "destination": "$tmp/data", "type": "tmpfs", "source": "tmpfs", "options": [ "size=8k" ] } ],
  "defaults": { "stopTimeout": "1h" },
  "containers": [ { "name": "$a", "log": "$tmp/data/logs" }, { "name": "$b", "stopSignal": "KILL" },
    { "name": "$c", "stopSignal": "WINCH" } ] }
E
boot ocibox.config="$tmp/boot.json" ocibox.debug
ok "a full disk is reported" wait_for says "^oci-init: write $tmp/data/logs/$a.log: no space left"
ok "debug: the settings are printed" says "^oci-init: bundles: $bundles"
ok "debug: the mounts are printed" says "^oci-init: mounted $tmp/data"
ok "a full disk: the other containers run on" wait_for says "^$c: up"
wait_for state_is "$a" running
pid=$(field pid)
order stop "$b"
state_is "$b" stopped
is "stopSignal KILL goes to the container" "$(field status)" 137
order stop "$c"
state_is "$c" stopped
is "stopSignal that the runtime does not forward goes to the container" "$(field status)" 7
is "a full disk is reported once" "$(grep -c 'no space left' "$con")" 1
: >"/proc/$machine/root/proc/$pid/root/dev/shm/more"
# what is still in the pipe may fill it once more
room() { grep -q later "$1" || { : >"$1"; return 1; }; }
ok "a disk that has room again: the log goes on" wait_for room \
	"/proc/$machine/root$tmp/data/logs/$a.log"
inside "$RUNC" kill "$a" KILL
ok "a container whose log disk was full ends" wait_for state_is "$a" failed
down
is "a machine whose log disk was full ends" "$ended" 130
nothing_left "nothing is left of the full disk"
fresh

# ---- devices: the kernel's log, the watchdog; a machine without any ------------------------------

unit 1-"$a" "$sleeper"
own_dev='mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3'
: >"$tmp/kmsg"
: >"$tmp/dog"
prepare="$own_dev && : >/dev/console"
prepare="$prepare && ln -s '$tmp/kmsg' /dev/kmsg && ln -s '$tmp/dog' /dev/watchdog"
boot ocibox.log=kmsg ocibox.watchdog=1
ok "log=kmsg: records of the facility daemon" wait_for grep -q "^<30>$a: up" "$tmp/kmsg"
nok "log=kmsg: nothing on the console" says "^$a: up"
ok "a watchdog that cannot be set is reported" says '^oci-init: set /dev/watchdog to 1 seconds'
ok "a watchdog that cannot be set is served" wait_for grep -q '\.\.\.' "$tmp/dog"
down
is "the watchdog is closed by V before power-off" "$(tail -c 1 "$tmp/dog")" V
: >"$tmp/dog"
boot ocibox.watchdog=1
ok "the watchdog is served after the next boot" wait_for grep -q '\.' "$tmp/dog"
down TERM
nok "the watchdog stays armed in a reboot" grep -q V "$tmp/dog"
prepare=$own_dev
boot
ok "without a console the output goes to descriptor 2" wait_for grep -q "^$a: up" "$tmp/boot.out"
down
is "without a console the machine ends as with one" "$ended" 130
prepare=
if unshare -Ur true 2>/dev/null; then
	mkdir -p "$tmp/system/bundles"
	cp "$OCI_INIT" "$tmp/system/init"
	OCI_TEST_MARK=$mark unshare -Urmpunf chroot "$tmp/system" /init ocibox.cgroup=none \
		</dev/null >"$tmp/boot.out" 2>&1 &
	boot=$!
	bg_all="$bg_all $boot"
	ok "a system of one file comes up" wait_for machine_up
	ok "a system of one file reports that it has no containers" \
		wait_for grep -q '^oci-init: no containers in /bundles' \
		"$tmp/boot.out"
	is "a system of one file without devtmpfs: /dev is a tmpfs" \
		"$(sed -n 's/.*\/dev [^-]* - \([^ ]*\) .*/\1/p' "/proc/$machine/mountinfo" |
		tail -n 1)" tmpfs
	is "a system of one file without devtmpfs: /dev has its links" \
		"$(readlink "/proc/$machine/root/dev/fd")" /proc/self/fd
	down
	is "a system of one file ends" "$ended" 130
else
	skip "a system of one file comes up" "no user namespaces here"
fi
nothing_left "nothing is left of devices"
fresh

# ---- a console that takes nothing, last lines, logs in files -------------------------------------

# A FIFO that this shell holds open and does not read is like a terminal after ^S. 60,000 lines of
# two bytes are more than all pipes and the queue hold, so some are lost when they are written.
rm -f "$con"
mkfifo "$con"
exec 9<>"$con"
unit 1-"$a" \
	'trap "exit 0" TERM; i=0; while [ $i -lt 60000 ]; do echo x; i=$((i + 1)); done; : >/dev/shm/all; while :; do sleep 0.05; done'
unit 2-"$b" "$sleeper"
: >"$tmp/dog"
prepare="$own_dev && : >/dev/console && ln -s '$tmp/dog' /dev/watchdog"
boot ocibox.watchdog=1
wait_for state_is "$a" running
wrote_all() { [ -e "/proc/$machine/root/proc/$(field pid)/root/dev/shm/all" ]; }
ok "a console that takes nothing holds no container up" wait_for wrote_all
ok "a console that takes nothing does not delay the start of the next container" \
	wait_for state_is "$b" running
fed=$(wc -c <"$tmp/dog")
is_fed() { [ "$(wc -c <"$tmp/dog")" -gt $((fed + 2)) ]; }
ok "a console that takes nothing: the watchdog is served" wait_for is_fed
cat <&9 >"$tmp/taken" &
reader=$!
bg_all="$bg_all $reader"
taken_says() { grep -Eq -e "$1" "$tmp/taken"; }
order stop "$b"
ok "a console that takes text again gets the number of lost lines" wait_for taken_says \
	'^oci-init: [0-9]+ lines were lost'
down
is "a console that took nothing: the machine ends" "$ended" 130
ok "a console that took nothing: the last message of the machine is on it" \
	wait_for taken_says '^oci-init: powering off'
kill $reader 2>/dev/null
exec 9>&-
rm -f "$con"
prepare=
nothing_left "nothing is left of the stuck console"
fresh

unit 1-"$a" \
	'trap "i=0; while [ \$i -lt 1500 ]; do i=\$((i + 1)); echo last line \$i; done; printf the-end; exit 0" TERM; printf "login: "; while :; do sleep 0.05; done'
boot ocibox.stamp
ok "stamp: lines begin with the time" wait_for \
	says "^\\[ *[0-9]+\\.[0-9]{3}\\] oci-init: $a: started"
down
: >"$con"
boot
ok "a line without an end is shown: a prompt" wait_for says "^$a: login: \$"
down
is "the last words of a container arrive, all of them" "$(grep -c "^$a: last line" "$con")" 1500
ok "a last line without an end arrives" says "^$a: the-end\$"
fresh

# FILE.1 is a directory that is not empty. The child that writes files is stopped, as by a disk that
# hangs.
rm -rf "$tmp/logs"
mkdir -p "$tmp/logs/$a.log.1/full"
unit 1-"$a" \
	"trap 'exit 0' TERM; i=0; while [ \$i -lt 300 ]; do echo a line of the log number \$i; i=\$((i + 1)); done; echo done; while :; do sleep 0.05; done"
unit 2-"$b" \
	'until [ -e /dev/shm/go ]; do sleep 0.05; done; while :; do echo a line for the disk that hangs; done'
unit 3-"$c" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "containers": [ { "name": "$a", "log": "$tmp/logs", "logSize": 4096 }, { "name": "$b", "log": "$tmp/logs", "stopTimeout": "200ms" },
  { "name": "$c", "log": "/proc/none" } ] }
E
boot ocibox.config="$tmp/boot.json"
ok "a log that cannot be renamed begins again" wait_for grep -q '^done' "$tmp/logs/$a.log"
ok "a log that cannot be renamed stays small" [ "$(wc -c <"$tmp/logs/$a.log")" -le 4096 ]
is "a log that cannot be renamed is reported once" \
	"$(grep -c "rename the log $tmp/logs/$a.log" "$con")" 1
ok "a directory that cannot be made: the output goes to the console" wait_for says "^$c: up"
ok "a directory that cannot be made is reported" \
	says "^oci-init: $c: its output goes to the console: make /proc/none"
wait_for state_is "$b" running
pid=$(field pid)
writer=
tr ' ' '\n' <"/proc/$machine/task/$machine/children" >"$tmp/children"
while read -r p; do
	grep -q ocibox.config= "/proc/$p/cmdline" && writer=$p
done <"$tmp/children"
kill -STOP "$writer"
: >"/proc/$machine/root/proc/$pid/root/dev/shm/go"
# The pipe is full when the container waits in a write.
writes() { grep -q '^1 ' "/proc/$machine/root/proc/$pid/syscall"; }
wait_for writes
order stop "$b"
is "a disk that hangs: orders are heard" "$status" 0
down
is "a disk that hangs: the machine ends" "$ended" 130
nothing_left "nothing is left of the logs"
fresh

if command -v setpriv >/dev/null 2>&1 && setpriv --bounding-set=-sys_boot true 2>/dev/null; then
	prepare='set -- setpriv --bounding-set=-sys_boot "$@"'
	boot
	down
	is "a machine that may not call reboot(2) ends all the same" "$ended" 0
	prepare=
	fresh
else
	skip "a machine that may not call reboot(2) ends all the same" "there is no setpriv here"
fi

# ---- how containers end: reboot(2) in one, lack of memory ----------------------------------------

unit 1-"$a" 'echo up; exec busybox poweroff -f'
may_reboot
unit 2-"$b" 'echo up; exec busybox reboot -f'
may_reboot
unit 3-"$c" 'exec tail /dev/zero'
config_set /linux/resources/memory '{"limit":20971520,"swap":20971520}'
unit 4-"d-$mark" 'exit 129'
cat >"$tmp/boot.json" <<E
{ "defaults": { "backoff": { "first": "10ms" }, "startLimit": { "count": 3, "interval": "1h" } },
  "containers": [ { "name": "$a", "restart": "always" } ] }
E
boot ocibox.config="$tmp/boot.json"
ok "poweroff in a container is said" wait_for says "^oci-init: $a: asked for poweroff\$"
ok "poweroff in a container stops it, under always too" wait_for state_is "$a" stopped
is "poweroff in a container: status has the reason" \
	"$(field reason) $(field starts)" "asked for poweroff 1"
ok "reboot in a container is a restart, under no too" wait_for \
	says "^oci-init: $b: asked for reboot; starts again in 10ms"
ok "reboot in a container: restarts end at the start limit" \
	wait_for says "^oci-init: $b: failed for good: 3 starts"
ok "a status that looks like a signal is a status" wait_for \
	says "^oci-init: d-$mark: ended with status 129"
ok "lack of memory is named, with the limit" wait_for \
	says "^oci-init: $c: killed by signal 9: out of memory, limit 20 MiB"
state_is "$c" failed
is "lack of memory is the reason in status" \
	"$(sed -n 's/.*"reason":"\([^"]*\)".*/\1/p' "$tmp/out")" \
	"killed by signal 9: out of memory, limit 20 MiB"
like "status shows for how long a container has been in its state" "$(field seconds)" '^[0-9]+$'
down
nothing_left "nothing is left of those that ended"
fresh
unit 1-"$a" "$sleeper"
boot
wait_for says "^$a: up"
order status "$a" --format json
like "status shows memory and processor time of one that runs" "$out" \
	'"memory":[1-9][0-9]*,"cpuMs":[0-9]+'
order status
like "the table of status shows memory and processor time" "$out" \
	"^$a +running +[0-9]+ +1 +- +[0-9]+s +- +[0-9]+K +[0-9]+\.[0-9][0-9]s +-"
down
fresh

# ---- order, readiness, health --------------------------------------------------------------------

# net is a task; app and web are after it, and web is ready when it has made a file; late is after
# web.
unit 10-"$a" "$sleeper"
unit 20-"$b" \
	'trap "exit 0" TERM; echo up; until [ -e /dev/shm/go ]; do sleep 0.05; done; : >/dev/shm/ready; while :; do sleep 0.05; done'
unit 30-"$c" 'echo working; sleep 1; exit 0'
unit 40-"d-$mark" 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done'
unit 50-"e-$mark" 'exit 3'
unit 60-"f-$mark" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "containers": [ { "name": "$a", "after": [ "$c" ] },
    { "name": "$b", "after": [ "$c" ], "when": "done", "ready": { "file": "/dev/shm/ready" } },
    { "name": "$c", "type": "task", "restart": "always", "after": [] },
    { "name": "d-$mark", "after": [ "$b", "absent-$mark" ] },
    { "name": "e-$mark", "type": "task", "after": [ "f-$mark" ], "when": "started" },
    { "name": "f-$mark", "after": [ "e-$mark" ], "when": "started" } ] }
E
boot ocibox.config="$tmp/boot.json"
ok "one that is after a task starts when it has ended well" wait_for state_is "$a" running
ok "the task has ended, under always too" state_is "$c" ended
started() { sed -n 's/^oci-init: \(.\)-.*: started.*/\1/p' "$con" | tr -d '\n'; }
ok "a container with when: done starts after a task" wait_for state_is "$b" running
like "tasks ran in their order, whatever the directories are called" \
	"$(started)" '^[ef]*c[ef]*(ab|ba)[ef]*$'
ok "a container after one that is not ready waits" state_is "d-$mark" waiting
order status "$b" --format json
like "status shows that a container waits" "$out" '"ready":false'
pid=$(field pid)
: >"/proc/$machine/root/proc/$pid/root/dev/shm/go"
ok "a container with ready.file is ready when the file exists" \
	wait_for says "^oci-init: $b: ready\$"
ok "a container after one with ready.file starts then" wait_for state_is "d-$mark" running
ok "a name in after that does not exist is reported" \
	says "^oci-init: d-$mark: after \"absent-$mark\": there is no such container"
ok "a circle is reported with its names" \
	says "^oci-init: a circle: e-$mark after f-$mark after e-$mark; e-$mark does not wait"
ok "a circle is opened" wait_for state_is "f-$mark" running
down
ended_in() { sed -n 's/^oci-init: \(.\)-.*: ended with status 0.*/\1/p' "$con" | tr -d '\n'; }
like "what is after another is stopped before it, the others at the same time" "$(ended_in)" 'd.*b'
is "all containers and the task end with status 0" "$(ended_in | wc -c)" 5
fresh

# Stops at the same time: each ends when the other has been asked to.
unit 1-"$a" \
	"trap ': >$tmp/asked-a' TERM; echo up; until [ -e $tmp/asked-a ] && [ -e $tmp/asked-b ]; do sleep 0.05; done; exit 0"
config_set /mounts/- \
	"{\"destination\":\"$tmp\",\"type\":\"bind\",\"source\":\"$tmp\",\"options\":[\"bind\"]}"
unit 2-"$b" \
	"trap ': >$tmp/asked-b' TERM; echo up; until [ -e $tmp/asked-a ] && [ -e $tmp/asked-b ]; do sleep 0.05; done; exit 0"
config_set /mounts/- \
	"{\"destination\":\"$tmp\",\"type\":\"bind\",\"source\":\"$tmp\",\"options\":[\"bind\"]}"
mkdir -p "$template$tmp"
echo '{ "defaults": { "after": [], "stopTimeout": "1h" } }' >"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json"
wait_for says "^$a: up" && wait_for says "^$b: up"
down
is "independent containers are stopped at the same time" \
	"$ended:$(grep -c 'ended with status 0' "$con")" 130:2
rm -f "$tmp/asked-a" "$tmp/asked-b"
fresh

# a says READY=1; b fails its health check once it has run for a while; c is never ready; d is after
# it.
unit 1-"$a" \
	'trap "exit 0" TERM; until [ -e /dev/shm/go ]; do sleep 0.05; done; probe notify READY=1; while :; do sleep 0.05; done'
unit 2-"$b" "trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done"
unit 3-"$c" "$sleeper"
unit 4-"d-$mark" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "defaults": { "after": [], "backoff": { "first": "10ms" }, "startLimit": { "count": 2, "interval": "1h" } },
  "containers": [ { "name": "$a", "ready": { "notify": true } },
    { "name": "$b", "restart": "on-failure", "ready": { "command": [ "test", "-e", "/dev/shm/ready" ] },
      "health": { "command": [ "sh", "-c", "[ ! -e /dev/shm/ill ] || { echo is ill; exit 1; }" ], "interval": "50ms", "retries": 2 } },
    { "name": "$c", "ready": { "file": "/none" }, "startTimeout": "1s" }, { "name": "d-$mark", "after": [ "$c" ] } ] }
E
mkdir -p "$template/run"
boot ocibox.config="$tmp/boot.json"
in_shm() { # NAME FILE: makes it in that container
	state_is "$1" running
	: >"/proc/$machine/root/proc/$(field pid)/root/dev/shm/$2"
}
is_ready() { order status "$1" --format json; printf '%s' "$out" | grep -q '"ready":true'; }
said_health() { grep -q "\"healthFailures\":$1[,}]" "$tmp/out"; }
wait_for state_is "$a" running
nok "a container with ready.notify is not ready before READY=1" is_ready "$a"
in_shm "$a" go
ok "a container with ready.notify is ready when it has sent READY=1" wait_for is_ready "$a"
wait_for state_is "$b" running
nok "a container without a result of its health check has no health" said_health 0
nok "a container with ready.command is not ready before the command succeeds" is_ready "$b"
in_shm "$b" ready
ok "a container with ready.command is ready when the command succeeds" wait_for is_ready "$b"
ok "the health of a container is good" said_health 0
order status "$b"
like "the table of status shows good health" "$out" ' good '
in_shm "$b" ill
ok "a health check that fails as often as retries says stops the container" wait_for \
	says "^oci-init: $b: its health check has failed 2 times in a row: stopping it"
ok "the output of a health check goes to the container's log" says "^$b: is ill"
ok "a failed health check is a failure: the container starts again" wait_for \
	says "^oci-init: $b: ended with status 0; starts again"
ok "a container that is not ready within startTimeout has failed" wait_for state_is "$c" failed
ok "a container after one that is not ready in time is not started" wait_for \
	says "^oci-init: d-$mark: not started: a container in its \"after\" has failed"
order status "d-$mark"
like "status shows that a container was not started" \
	"$out" ' failed .* not started: a container in its "after" has failed'
down
is "a machine whose container was not ready in time ends" "$ended" 130
nothing_left "nothing is left of order and health"
fresh

# A container that must become ready, and whose hook hangs before its program begins.
unit 1-"$a" "$sleeper"
mkfifo "$tmp/never"
config_set /hooks "{\"createRuntime\":[{\"path\":\"/bin/sh\",
	\"args\":[\"sh\",\"-c\",\"read x <$tmp/never\"]}]}"
unit 2-"$b" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "defaults": { "startTimeout": "300ms", "backoff": { "first": "10ms" },
    "startLimit": { "count": 2, "interval": "1h" } },
  "containers": [ { "name": "$a", "ready": { "file": "/tmp/ready" }, "restart": "always" },
    { "name": "$b", "after": [ "$a" ] } ] }
E
boot ocibox.config="$tmp/boot.json"
ok "a start that hangs is stopped after startTimeout, and restart decides" \
	wait_for says "^oci-init: $a: did not start: .*; starts again"
ok "a start that hangs each time has failed" wait_for state_is "$a" failed
ok "a start that hangs: the container after it is not started" \
	wait_for says "^oci-init: $b: not started: a container in its \"after\" has failed"
down
is "a start that hangs: the machine ends" "$ended" 130
nothing_left "nothing is left of a start that hangs"
fresh

# ---- terminals -----------------------------------------------------------------------------------

if helper pty; then
	# shellcheck disable=SC2016 # for the container's shell
	unit 1-"$a" '[ -t 0 ] && [ -t 1 ] && echo READY && read -r x && echo "read-$x"; exit 3'
	typed='typed\n'
	boot ocibox.log=tty
	ok "log=tty: the container reads and writes the console" wait_for grep -q read-typed \
		"$tmp/boot.out"
	ok "log=tty: the end of the container is reported" \
		wait_for grep -q "$a: ended with status 3" "$tmp/boot.out"
	unlike "log=tty: lines of the container have no prefix" "$(cat "$tmp/boot.out")" "^$a: "
	down
	fresh
	unit 1-"$a" 'echo READY && read -r x && : </dev/tty && echo "controlled-$x"; exit 3'
	config_set /process/terminal true
	boot ocibox.log=tty
	ok "log=tty with process.terminal: the console is the controlling terminal" \
		wait_for grep -q controlled-typed \
		"$tmp/boot.out"
	down
	fresh
	unit 1-"$a" 'echo READY; exit 3'
	# shellcheck disable=SC2016 # for the emergency shell
	typed='echo "shell-$((6 * 7))"; : </dev/tty && echo controlled; exit\n'
	boot ocibox.shell=yes
	ok "shell=yes: a shell when something has failed for good" wait_for grep -q shell-42 \
		"$tmp/boot.out"
	ok "shell=yes: the console is the controlling terminal of the shell" \
		wait_for grep -q '^controlled' \
		"$tmp/boot.out"
	unlike "shell=yes: the shell has job control" \
		"$(cat "$tmp/boot.out")" 'job control|access tty'
	order status
	is "shell=yes: after the shell the machine obeys orders" "$status" 0
	down
	is "shell=yes: the machine goes down" "$ended" 130
	typed=
	nothing_left "nothing is left of the terminals"
	fresh
else
	skip "log=tty: the container reads and writes the console" "the helper pty is not built"
fi

# ---- many at once, and nothing grows -------------------------------------------------------------

n=${BOOT_MANY:-100}
i=100
while [ $((i - 100)) -lt "$n" ]; do
	unit "$i-u$i-$mark" "trap 'exit 0' TERM; while :; do sleep 5 & wait; done"
	i=$((i + 1))
done
open_files() { find "/proc/$machine/fd" -type l | grep -c ''; }
# shellcheck disable=SC2046 # a list of files
zombie() {
	grep -qs '^State:.Z' $(sed 's/\([0-9][0-9]*\)/\/proc\/\1\/status/g' \
		"/proc/$machine/task/$machine/children")
}
memory() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$machine/status"; }
all_run() { order status; [ "$(grep -c ' running ' "$tmp/out")" = "$n" ]; }
boot
wait_for all_run
is "$n containers run at once" "$(grep -c ' running ' "$tmp/out")" "$n"
fds=$(open_files)
kb=$(memory)
i=100
while [ $i -lt 110 ]; do
	order restart "u$i-$mark"
	i=$((i + 1))
done
same_files() { [ "$(open_files)" = "$fds" ]; }
no_zombie() { ! zombie; }
ok "restarts leave no descriptor" wait_for same_files
ok "restarts take no memory" [ "$(memory)" -le $((kb + 32)) ]
ok "restarts leave no zombie" wait_for no_zombie
order poweroff
order poweroff
ended=0
wait "$boot" || ended=$?
is "two orders poweroff: the machine ends once" "$ended" 130

nothing_left
done_testing

#!/bin/sh
# boot-logs.t - where a machine's logs go: what process 1 says too, with the time, in memory.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

. "$(dirname "$0")/machine.sh"
said() { echo "$out" | grep -q -e "$1"; }

# ---- what process 1 says goes where logs go ------------------------------------------------------

unit 1-"$a" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "log": "$tmp/logs", "nonsense": 1, "stamp": true,
  "mounts": [ { "destination": "$tmp/none", "type": "ext4", "source": "/dev/nothing-$mark" } ] }
E
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms
own=$tmp/logs/oci-init.log
time='^\[ *[0-9]+\.[0-9]{3}\] '
ok "log=DIR: the messages of process 1 are in a file there too" \
	wait_for grep -q "$a: started" "$own"
ok "log=DIR: so are messages from before the directory was there, such as faults of boot.json" \
	grep \
	-q 'nonsense: there is no such setting' "$own"
ok "the log of process 1 has the faults of mounts" \
	grep -q "nothing-$mark has not appeared within 100ms" "$own"
ok "the console has the faults of mounts as well" says "oci-init: $a: started"
ok "stamp: lines of process 1 begin with the time" [ "$(grep -Evc "$time" "$own")" = 0 ]
ok "stamp: lines of containers begin with the time" \
	wait_for grep -Eq "${time}up\$" "$tmp/logs/$a.log"
down
nothing_left "nothing is left of logs in files"

unit 2-"$b" \
	'trap "exit 0" TERM; printf "a\nb\nhalf"; sleep 1; printf " line\nc\n"; while :; do sleep 0.05; done'
rm -rf "$tmp/logs"
boot ocibox.log="$tmp/logs" ocibox.stamp
ok "a line whose end comes late has one time" wait_for grep -Eq "${time}half line\$" \
	"$tmp/logs/$b.log"
ok "each complete line has its own time" [ "$(grep -Ec "${time}[abc]\$" "$tmp/logs/$b.log")" = 3 ]
down
fresh

own_dev='mount -t tmpfs tmpfs /dev && mknod -m 666 /dev/null c 1 3'

# With a watchdog a child makes the mounts.
unit 1-"$a" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "log": "$tmp/logs",
  "mounts": [ { "destination": "$tmp/none", "type": "ext4", "source": "/dev/nothing-$mark" } ] }
E
rm -rf "$tmp/logs"
: >"$tmp/dog"
prepare="$own_dev && : >/dev/console && ln -s '$tmp/dog' /dev/watchdog"
boot ocibox.config="$tmp/boot.json" ocibox.wait=100ms ocibox.watchdog=1
ok "with a watchdog: the log of process 1 is there" wait_for grep -q "$a: started" "$own"
ok "with a watchdog: the log of process 1 has the faults of mounts too" \
	grep -q "nothing-$mark has not appeared within 100ms" "$own"
down
prepare=
fresh

: >"$tmp/kmsg"
prepare="$own_dev && : >/dev/console && ln -s '$tmp/kmsg' /dev/kmsg"
unit 1-"$a" "$sleeper"
# The file stands in for /dev/kmsg. Its writers would overwrite each other, so only process 1 writes
# there.
echo "{ \"containers\": [ { \"name\": \"$a\", \"log\": \"console\" } ] }" >"$tmp/boot.json"
boot ocibox.config="$tmp/boot.json" ocibox.log=kmsg
ok "log=kmsg: the messages of process 1 are there too" \
	wait_for grep -q "^<30>oci-init: $a: started" \
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
nok "a directory whose mount has failed is not made where the mount would be" \
	test -e "$tmp/none/logs"
down
fresh

# ---- in memory, and read from there --------------------------------------------------------------

unit 1-"$a" "i=0; while [ \$i -lt 3000 ]; do i=\$((i + 1)); echo line \$i of many; done; $sleeper"
unit 2-"$b" "$sleeper"
unit 3-"$c" "$sleeper"
cat >"$tmp/boot.json" <<E
{ "log": "memory", "containers": [ { "name": "$a", "logSize": "20k" },
  { "name": "$b", "log": "console" }, { "name": "$c", "log": "$tmp/logs" } ] }
E
rm -rf "$tmp/logs"
boot ocibox.config="$tmp/boot.json"
wait_for state_is "$c" running
last_is() { order logs -n "$1" "$a" && [ "$(echo "$out" | tr '\n' '|')" = "$2" ]; }
ok "log=memory: logs prints the last lines" wait_for last_is 2 "line 3000 of many|up|"
order logs "$a"
is "logs without a number prints all that is kept, from the start of a line" \
	"$(echo "$out" | grep -Evc '^(line [0-9]+ of many|up)$')" 0
ok "a log in memory keeps more than half of its size when it changes files" \
	[ "$(wc -c <"$tmp/out")" -gt 10000 ]
ok "a log in memory never exceeds its size" [ "$(wc -c <"$tmp/out")" -le 20480 ]
is "a log in memory: no line is missing between its two files" "$(grep -c line "$tmp/out")" \
	"$((3001 - $(sed -n '1s/[^0-9]//gp' "$tmp/out")))"
own_said() { order logs oci-init && said "$a: started"; }
ok "logs oci-init prints the messages of process 1" wait_for own_said
# The child that writes log files is stopped, and its pipe is full of a container's lines.
read -r children <"/proc/$machine/task/$machine/children"
for pid in $children; do
	cmp -s "/proc/$pid/cmdline" "/proc/$machine/cmdline" && kill -STOP "$pid" && writer=$pid
done
order restart "$a"
order restart "$c"
started_again() { [ "$(grep -c "oci-init: $c: started" "$con")" = 2 ]; }
ok "the writer of log files stands still, and process 1 goes on" wait_for started_again
kill -CONT "$writer"
own_again() { order logs oci-init && [ "$(echo "$out" | grep -c "$c: started")" = 2 ]; }
ok "a writer of log files that stands still: no line of process 1 is lost" wait_for own_again
wait_for last_is 2 "line 3000 of many|up|" || bail "the container's lines have not come"
order logs -n 1 "$c"
is "logs in files are read as well" "$status $out" "0 up"
order logs "$b"
is "logs of a container whose output is not kept: the error says so" "$status $err" \
	"1 oci-init: the output of $b is not kept: its log must be files or memory"
order logs unknown
is "logs of an unknown container: an error with its name" \
	"$status $err" "1 oci-init: there is no container unknown"
order logs -n many "$a"
is "logs --lines with a word that is not a number: an error" \
	"$status $err" "1 oci-init: --lines: \"many\" is not a number of lines"
nsenter -t "$machine" -m -p -u -n "$OCI_INIT" logs -f -n 1 "$a" >"$tmp/followed" </dev/null &
follower=$!
bg_all="$bg_all $follower"
ok "logs -f prints the last lines" wait_for grep -q '^up$' "$tmp/followed"
order restart "$a"
ok "logs -f prints new lines" wait_for grep -q '^stopping$' "$tmp/followed"
ok "logs -f goes on with the next files" wait_for grep -q '^line 3000 of many$' "$tmp/followed"
kill "$(child "$follower")"
wait "$follower" 2>/dev/null
if helper pty; then
	timeout -s KILL 60 "$HELPERS/pty" -i 'tty\nexit 7\n' nsenter -t "$machine" -m -p -u -n \
		"$OCI_INIT" shell "$a" sh -c 'echo READY; exec sh' </dev/null >"$tmp/out" 2>&1
	is "shell on a terminal: its exit status is that of the command" "$?" 7
	ok "shell on a terminal: the command has a terminal of the container" \
		grep -q '^/dev/pts/0' "$tmp/out"
else
	skip "shell on a terminal: its exit status is that of the command" "no compiler"
	skip "shell on a terminal: the command has a terminal of the container" "no compiler"
fi
down
fresh

# ---- further consoles ----------------------------------------------------------------------------

# One of them takes nothing: a FIFO that is open and not read.
mkfifo "$tmp/deaf"
sleep 1000 <>"$tmp/deaf" & # sleep: it has the FIFO open
holder=$!
bg_all="$bg_all $holder"
: >"$tmp/second"
prepare="$own_dev && : >/dev/console"
prepare="$prepare && ln -s '$tmp/second' /dev/second && ln -s '$tmp/deaf' /dev/deaf"
unit 1-"$a" "i=0; while [ \$i -lt 3000 ]; do i=\$((i + 1)); echo line \$i of many; done; $sleeper"
boot ocibox.consoles=second,none,deaf
ok "consoles: a further one gets the output of containers" wait_for grep -q "^$a: up" "$tmp/second"
ok "consoles: a further one gets the messages of process 1" \
	grep -q "oci-init: $a: started" "$tmp/second"
is "consoles: a further one gets every line" "$(grep -c "^$a: line" "$tmp/second")" 3000
ok "consoles: the first one gets the output although another one is not read" \
	wait_for says "^$a: up"
ok "consoles: one that does not exist is named" says 'oci-init: open the console /dev/none'
order status
is "consoles: orders are obeyed although one is not read" "$status" 0
down
kill "$holder"
wait "$holder" 2>/dev/null
fresh

# ---- a slow console ------------------------------------------------------------------------------

# It always takes a little, so that its queue is nearly full. The first container writes without
# end.
rm -f "$con"
mkfifo "$con"
exec 9<>"$con"
while dd bs=2048 count=1 <&9 2>/dev/null; do sleep 0.05; done >"$tmp/taken" &
reader=$!
bg_all="$bg_all $reader"
long=$(printf 'many-%.0s' $(seq 80))
unit 1-"$a" "while :; do echo $long; done"
unit 2-"$b" \
	"i=0; while [ \$i -lt 250 ]; do i=\$((i + 1)); echo $long; done; : >/dev/shm/all; $sleeper"
boot
wait_for state_is "$b" running
wrote_all() { [ -e "/proc/$machine/root/proc/$(field pid)/root/dev/shm/all" ]; }
ok "a slow console: a container that writes without end leaves others their turn" \
	wait_for wrote_all
down
kill "$reader"
exec 9>&-
rm -f "$con"
nothing_left "nothing is left of the slow console"
fresh

# ---- syslog --------------------------------------------------------------------------------------

unit 1-"$a" 'trap "echo after" USR1; echo before; trap "exit 0" TERM; while :; do sleep 0.05; done'
prepare="$own_dev && : >/dev/console"
if "$BUSYBOX" syslogd --help 2>&1 | grep -q 'Usage: syslogd'; then
	boot ocibox.log=syslog
	wait_for state_is "$a" running
	nsenter -t "$machine" -m -p -u -n "$BUSYBOX" syslogd -n -O "$tmp/syslog" &
	receiver=$!
	bg_all="$bg_all $receiver"
	ok "syslog: a receiver comes late" wait_for inside test -S /dev/log
	order shell "$a" kill -USR1 1
	is "shell executes a command in a container" "$status" 0
	ok "syslog: a receiver that comes late gets the lines from then on" \
		wait_for grep -q "$a: after" "$tmp/syslog"
	ok "syslog: a receiver that was away gets the number of lost lines" \
		grep -Eq 'oci-init: [0-9]+ lines were lost: syslog accepted nothing' "$tmp/syslog"
	kill "$(child "$receiver")"
	wait "$receiver" 2>/dev/null
	down
else
	skip "syslog" "this busybox has no syslogd"
fi
prepare=
fresh

nothing_left
done_testing

#!/bin/sh
# terminal.t - process.terminal: in the foreground, by a console socket, size, restoring (checklist C2).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
helper pty || skip_all 'the helper pty is not built'
helper sock || skip_all 'the helper sock is not built'
bundle
config_set /process/terminal true

# on_tty PTY-OPTIONS... : `run` of the bundle on a terminal; $out, $err (with "termios ..."), $status.
on_tty() {
	status=0
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/pty" "$@" "$RUNC" --root "$root" $RUNC_FLAGS run --bundle "$bundle" "$id" \
		</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(tr -d '\r' <"$tmp/out")
	err=$(cat "$tmp/err")
}

argv probe tty
on_tty
# control: runc sets the size after the start, so it may be 0 by 0 here.
is 'the container has a terminal on all three, a session and a controlling terminal' "$out" \
	'tty 111 ctty 1 session 1 rows 24 cols 80 link /dev/pts/0'
is 'exit 0' "$status" 0
is 'the own terminal is restored' "$err" 'termios same'
on_tty -s 33x121
like 'the size of the own terminal is handed on' "$out" 'rows 33 cols 121'
config_set /process/consoleSize '{"height":11,"width":22}'
on_tty
like 'consoleSize, or the size of the own terminal' "$out" 'rows (11|24) cols (22|80)'
config_del /process/consoleSize

argv sh -c 'echo READY; read -r a; echo "got <$a>"; exit 5'
on_tty -i 'hello\n'
like 'what is typed comes in' "$out" '^got <hello>$'
is 'exit status' "$status" 5
is 'restored' "$err" 'termios same'
like 'what is typed is echoed once' "$(echo "$out" | grep -c hello)" '^2$'
argv sh -c 'echo one; echo two'
on_tty
is 'line ends are not doubled' "$(od -An -c "$tmp/out" | tr -d ' \n')" 'one\r\ntwo\r\n'

# What `spec` writes, as it is: a shell on the terminal.
mkdir "$tmp/shell"
"$RUNC" spec --bundle "$tmp/shell"
cp "$bundle/config.json" "$tmp/before.json"
cp "$tmp/shell/config.json" "$bundle/config.json"
config_set /process/env/- '"PS1=READY "' /process/env/- "\"OCI_TEST_MARK=$mark\""
on_tty -i 'echo $((6 * 7)); hostname; exit 3\n'
is 'the shell of spec: exit status of what was typed' "$status" 3 || diag "$out"
like 'its output' "$(echo "$out" | tr '\n' ' ')" ' 42 runc '
cp "$tmp/before.json" "$bundle/config.json"

# Raw mode: a control character goes to the container, not to the runtime.
argv sh -c 'trap "echo INTERRUPTED; exit 9" INT; echo READY; while :; do sleep 0.05; done'
on_tty -i '\c'
like 'Ctrl-C is for the container' "$out" 'INTERRUPTED'
is 'status of it' "$status" 9
is 'restored' "$err" 'termios same'

# The window changes its size.
argv sh -c 'trap "stty size; exit 0" WINCH; echo READY; i=0; while [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done; echo never'
on_tty -r 50x132
like 'a new size reaches the container' "$out" '^50 132$'

# Death on every path restores the terminal (threats 2.13).
argv sh -c 'trap "exit 3" TERM HUP; echo READY; while :; do sleep 0.05; done'
on_tty -k 15
is 'SIGTERM: restored' "$err" 'termios same'
drop "$id"
on_tty -k 1
is 'SIGHUP: restored' "$err" 'termios same'
drop "$id"
argv sh -c 'kill -9 $$; echo READY; kill -ABRT $$'
on_tty
is 'the container dies: restored' "$err" 'termios same'
argv /no/such
on_tty
is 'an error: restored' "$status $(grep termios "$tmp/err")" '1 termios same'
like 'and shown' "$out" '/no/such'

# /dev/console (T-02): the same terminal.
argv sh -c 'echo by-console >/dev/console; stat -c "%t" /dev/console; ls -A /dev/pts; tty'
on_tty
like '/dev/console shows on the terminal' "$out" 'by-console'
like '/dev/console is a pts' "$out" '^88$'
like 'the terminal is one of the own devpts' "$out" '^/dev/pts/0$'

# Ownership for another user, and no way to push input to the caller (TIOCSTI).
argv sh -c 'echo x >/dev/tty && echo y >/dev/stdout && stat -c %u /dev/pts/0; probe tiocsti'
config_set /process/user '{"uid":1000,"gid":1000}'
on_tty
like 'another user owns the terminal' "$out" '^1000$'
config_set /process/user '{"uid":0,"gid":0}'

# Without a terminal, started from one: TIOCSTI into the caller's terminal must fail (2016-10124, 2017-5226).
config_set /process/terminal false
argv probe tiocsti
on_tty
like 'no terminal: none to push input into' "$out" 'tiocsti errno'
config_set /process/terminal true

# Nothing to be the terminal: it runs all the same, its output goes where ours goes. control: runc and
# crun refuse.
argv sh -c 'tty; cat'
status=0
OCI_TEST_MARK=$mark timeout -s KILL 60 setsid "$RUNC" --root "$root" run --bundle "$bundle" "$id" </dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
is 'in the foreground without a terminal anywhere: it has one inside' "$status $(cat "$tmp/out")" '0 /dev/pts/0'
is 'and is silent itself' "$(cat "$tmp/err")" ''
do_runc run --detach --bundle "$bundle" "$id"
like 'detached without a console socket' "$status $err" '^1 .*cannot allocate tty if runc will detach without setting console socket'
do_runc run --console-socket "$tmp/x" --bundle "$bundle" "$id"
like 'a console socket in the foreground' "$status $err" '^1 .*cannot use console socket if runc will not detach or allocate tty'

# Nobody who does not read holds the runtime up: signals are forwarded all the same.
argv sh -c 'stty raw; trap "exit 7" TERM; echo READY; while :; do sleep 0.05; done'
mkfifo "$tmp/in" "$tmp/full"
cat /dev/zero >"$tmp/in" 2>/dev/null &
bg_all="$bg_all $!"
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" <"$tmp/in" >"$tmp/out" 2>"$tmp/err" &
runc_pid=$!
bg_all="$bg_all $runc_pid"
wait_for has_line "$tmp/out" READY
sleep 0.5 # until the terminal is full
kill -TERM $runc_pid
ok 'a container that does not read what is typed gets its signals' wait_for gone $runc_pid || kill -KILL $runc_pid
status=0
wait $runc_pid || status=$?
is 'and its exit status comes back' "$status" 7
drop "$id"

argv sh -c 'trap "touch /tmp/ended; exit 7" TERM; touch /tmp/ready; while :; do head -c 20000 /dev/zero; done'
config_set /root/readonly false
sh -c 'exec sleep 1000' <"$tmp/full" &
bg_all="$bg_all $!"
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" </dev/null >"$tmp/full" 2>"$tmp/err" &
runc_pid=$!
bg_all="$bg_all $runc_pid"
wait_for test -e "$rootfs/tmp/ready"
pid=$(pid_of "$id")
sleep 0.5 # until the pipe is full
kill -KILL "$pid"
wait_for gone "$pid"
kill -TERM $runc_pid
ok 'nobody reads what a dead container wrote: a signal ends the runtime' wait_for gone $runc_pid || kill -KILL $runc_pid
drop "$id"

# ---- console socket (T-03) ----

# console PATH [TEXT]: listens; what it shows is in $tmp/console.
console() {
	rm -f "$1"
	"$HELPERS/sock" console "$@" >"$tmp/console" 2>&1 &
	sock=$!
	bg_all="$bg_all $sock"
	wait_for has_line "$tmp/console" listening
}

argv sh -c 'probe tty; read -r a; echo "got <$a>"'
config_set /process/consoleSize '{"height":44,"width":55}'
console "$tmp/cs" typed
do_runc run --detach --bundle "$bundle" --console-socket "$tmp/cs" "$id"
is 'run --detach with a console socket' "$status" 0 || diag "$err"
wait_for gone $sock
c=$(tr -d '\r' <"$tmp/console")
like 'one descriptor, with a name' "$(echo "$c" | tr '\n' ' ')" 'descriptors 1 name given '
like 'consoleSize is its size; line ends are left to the other end' "$c" '^size 44 55 onlcr [01]$'
like 'it is the terminal of the container' "$c" '^tty 111 ctty 1 session [01] rows 44 cols 55'
like 'both ways' "$c" '^got <typed>$'
wait_for status_is "$id" stopped
runc delete "$id"

argv sh -c 'echo started by start'
console "$tmp/cs"
do_runc create --bundle "$bundle" --console-socket "$tmp/cs" "$id"
is 'create with a console socket' "$status" 0 || diag "$err"
wait_for has_line "$tmp/console" descriptors
ok 'the terminal is there before start' has_line "$tmp/console" descriptors
runc start "$id"
wait_for gone $sock
like 'and shows the container' "$(cat "$tmp/console")" 'started by start'
wait_for status_is "$id" stopped
runc delete "$id"

# A long path, beyond what an address holds, and a relative one.
deep=$tmp/$(head -c 60 /dev/zero | tr '\0' d)/$(head -c 60 /dev/zero | tr '\0' e)
mkdir -p "$deep"
console "$tmp/cs"
ln "$tmp/cs" "$deep/cs" 2>/dev/null || ln -s "$tmp/cs" "$deep/cs"
do_runc create --bundle "$bundle" --console-socket "$deep/cs" "$id"
# control: runc 1.1.5 fails with "invalid argument".
is 'a console socket with a path of more than 108 bytes' "$status" 0 || diag "$err"
drop "$id"
kill $sock 2>/dev/null
config_set /process/terminal false
do_runc create --bundle "$bundle" --console-socket "$tmp/cs" "$id"
like 'a console socket without a terminal' "$status $err" '^1 .*cannot use console socket'

# ---- pidfd socket (V-06); control: runc 1.1.5 has none ----

argv sleep 1000
"$HELPERS/sock" pidfd "$tmp/ps" >"$tmp/pidfd" 2>&1 &
sock=$!
bg_all="$bg_all $sock"
wait_for has_line "$tmp/pidfd" listening
do_runc run --detach --pidfd-socket "$tmp/ps" --pid-file "$tmp/pid" --bundle "$bundle" "$id"
if echo "$out$err" | grep -q 'not defined'; then
	skip '--pidfd-socket' 'the runtime does not have it'
	kill $sock
else
	is '--pidfd-socket' "$status" 0 || diag "$err"
	wait_for gone $sock
	is 'the message and the pid' "$(sed -n 's/^message //p' "$tmp/pidfd") $(sed -n 's/^pid //p' "$tmp/pidfd")" \
		"standard $(cat "$tmp/pid")"
fi
drop "$id"

nothing_left
done_testing

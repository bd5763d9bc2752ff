#!/bin/sh
# terminal.t - process.terminal: in the foreground, by a console socket, size, restoring.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
helper pty || skip_all 'the helper pty is not built'
helper sock || skip_all 'the helper sock is not built'
bundle
config_set /process/terminal true

# on_tty PTY-OPTIONS... : `run` of the bundle on a terminal; $out, $err (with "termios ..."),
# $status.
on_tty() {
	status=0
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/pty" "$@" "$RUNC" --root "$root" \
		$RUNC_FLAGS run --bundle "$bundle" "$id" \
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
json_set "$tmp/shell/config.json" /process/rlimits/0/hard "$nofile_limit" /process/rlimits/0/soft \
	"$nofile_limit"
cp "$bundle/config.json" "$tmp/before.json"
cp "$tmp/shell/config.json" "$bundle/config.json"
config_set /process/env/- '"PS1=READY "' /process/env/- "\"OCI_TEST_MARK=$mark\""
on_tty -i 'echo $((6 * 7)); hostname; exit 3\n'
is 'the shell of spec: exit status of what was typed' "$status" 3 || diag "$out"
like 'the shell of spec: the output of what was typed' "$(echo "$out" | tr '\n' ' ')" ' 42 runc '
cp "$tmp/before.json" "$bundle/config.json"

# Raw mode: a control character goes to the container, not to the runtime.
argv sh -c 'trap "echo INTERRUPTED; exit 9" INT; echo READY; while :; do sleep 0.05; done'
on_tty -i '\c'
like 'Ctrl-C is for the container' "$out" 'INTERRUPTED'
is 'status of it' "$status" 9
is 'restored' "$err" 'termios same'

# The window changes its size.
argv \
	sh -c 'trap "stty size; exit 0" WINCH; echo READY; i=0; while [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done; echo never'
on_tty -r 50x132
like 'a new size reaches the container' "$out" '^50 132$'

# The terminal is restored however the runtime ends.
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
like 'an error: it is shown on the terminal' "$out" '/no/such'

# /dev/console (T-02): the same terminal.
argv sh -c 'echo by-console >/dev/console; stat -c "%t" /dev/console; ls -A /dev/pts; tty'
on_tty
like '/dev/console shows on the terminal' "$out" 'by-console'
like '/dev/console is a pts' "$out" '^88$'
like 'the terminal is one of the own devpts' "$out" '^/dev/pts/0$'

# A daemon closes its terminal and opens it again.
for name in console tty; do
	argv sh -c "exec </dev/null >/dev/null 2>&1; sleep 0.5; echo back >/dev/$name"
	on_tty
	is "a terminal that was closed and is opened again as /dev/$name" "$status $out" '0 back'
done

# Ownership for another user, and no way to push input to the caller (TIOCSTI).
argv sh -c 'echo x >/dev/tty && echo y >/dev/stdout && stat -c %u /dev/pts/0; probe tiocsti'
config_set /process/user '{"uid":1000,"gid":1000}'
on_tty
like 'another user owns the terminal' "$out" '^1000$'
config_set /process/user '{"uid":0,"gid":0}'

# Without a terminal, started from one: TIOCSTI into the caller's terminal must fail (2016-10124,
# 2017-5226).
config_set /process/terminal false
argv probe tiocsti
on_tty
like 'no terminal: none to push input into' "$out" 'tiocsti errno'
config_set /process/terminal true

# No descriptor is a terminal: the container runs all the same, and its output goes where the
# runtime's goes. control: runc and crun refuse.
argv sh -c 'tty; cat'
status=0
OCI_TEST_MARK=$mark timeout -s KILL 60 setsid "$RUNC" --root "$root" run --bundle "$bundle" "$id" \
	</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
is 'in the foreground without a terminal anywhere: it has one inside' "$status $(cat "$tmp/out")" \
	'0 /dev/pts/0'
is 'without a terminal anywhere the runtime writes nothing itself' "$(cat "$tmp/err")" ''
do_runc run --detach --bundle "$bundle" "$id"
like 'detached without a console socket' "$status $err" \
	'^1 .*cannot allocate tty if runc will detach without setting console socket'
do_runc run --console-socket "$tmp/x" --bundle "$bundle" "$id"
like 'a console socket in the foreground' "$status $err" \
	'^1 .*cannot use console socket if runc will not detach or allocate tty'

# A terminal whose output is not read does not hold up the runtime: signals are forwarded.
argv sh -c 'stty raw; trap "exit 7" TERM; echo READY; while :; do sleep 0.05; done'
mkfifo "$tmp/in" "$tmp/full"
cat /dev/zero >"$tmp/in" 2>/dev/null &
writer=$!
bg_all="$bg_all $writer"
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" <"$tmp/in" >"$tmp/out" \
	2>"$tmp/err" &
runc_pid=$!
bg_all="$bg_all $runc_pid"
wait_for has_line "$tmp/out" READY
wait_for stalled $writer # the terminal is full, and the pipe
kill -TERM $runc_pid
ok 'a container that does not read what is typed gets its signals' wait_for gone $runc_pid ||
	kill -KILL $runc_pid
status=0
wait $runc_pid || status=$?
is 'a container that does not read what is typed: its exit status comes back' "$status" 7
drop "$id"

argv \
	sh -c 'trap "touch /tmp/ended; exit 7" TERM; touch /tmp/ready; while :; do head -c 20000 /dev/zero; done'
config_set /root/readonly false
sh -c 'exec sleep 1000' <"$tmp/full" &
bg_all="$bg_all $!"
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" "$id" </dev/null >"$tmp/full" \
	2>"$tmp/err" &
runc_pid=$!
bg_all="$bg_all $runc_pid"
wait_for test -e "$rootfs/tmp/ready"
pid=$(pid_of "$id")
wait_for stalled "$pid" # the pipe is full, and the terminal
kill -KILL "$pid"
wait_for gone "$pid"
kill -TERM $runc_pid
ok 'what a dead container wrote is not read: a signal ends the runtime' wait_for gone $runc_pid ||
	kill -KILL $runc_pid
drop "$id"

# ---- console socket (T-03) ----

# console PATH [TEXT]: listens; what it shows is in $tmp/console.
console() {
	rm -f "$1"
	listen "$tmp/console" "$HELPERS/sock" console "$@"
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
like 'a terminal of create is the terminal of the container' \
	"$c" 'tty 111 ctty 1 session [01] rows 44 cols 55'
like 'both ways' "$c" 'got <typed>$'
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
like 'a terminal of create shows the container' "$(cat "$tmp/console")" 'started by start'
wait_for status_is "$id" stopped
runc delete "$id"

listen "$tmp/console" "$HELPERS/sock" hangup "$tmp/cs3"
do_runc create --bundle "$bundle" --console-socket "$tmp/cs3" "$id"
# control: crun goes on.
like 'create where the console socket is closed at once: refused, and no container' \
	"$status $(status_of "$id") $err" \
	'^1 none .*([Bb]roken pipe|reset|[Ii]nput.output error)'

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

# ---- exec --tty (V-10, T-01 to T-04) ----

argv sleep 1000
config_set /process/terminal false
do_runc run --detach --bundle "$bundle" "$id"
is 'a container to execute in' "$status" 0 || diag "$err"

# ex_on_tty PTY-OPTIONS... -- ARG...: exec --tty on a terminal.
ex_on_tty() {
	_opts=
	while [ "$1" != -- ]; do
		_opts="$_opts $1"
		shift
	done
	shift
	status=0
	# shellcheck disable=SC2086
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/pty" $_opts "$RUNC" --root "$root" \
		exec --tty "$id" "$@" \
		</dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(tr -d '\r' <"$tmp/out")
	err=$(cat "$tmp/err")
}
ex_on_tty -s 33x121 \
	-- sh -c 'probe tty; ls -1A /dev/pts; [ -e /dev/console ] || echo no console; exit 4'
# control: runc sets the size after the start, so it may be 0 by 0 here.
like "exec --tty: on all three, controlling, of the caller's size" "$out" \
	'^tty 111 ctty 1 session [01] rows 33 cols 121 link /dev/pts/0$'
like "it lies in the container's devpts, and does not take the /dev/console of others" \
	"$(echo "$out" | tr '\n' ' ')" ' 0 ptmx no console '
is 'its exit status; the own terminal is restored' "$status $err" '4 termios same'
ex_on_tty -r 50x132 \
	-- sh -c 'trap "stty size; exit 0" WINCH; echo READY; i=0; while [ $i -lt 200 ]; do sleep 0.05; i=$((i + 1)); done; echo never'
like 'exec --tty: a new size reaches it' "$out" '^50 132$'
# shellcheck disable=SC1003 # the pty's \c
# shellcheck disable=SC2016
ex_on_tty -i '\c' \
	-- sh -c 'trap "echo INTERRUPTED; exit 9" INT; echo READY; while :; do sleep 0.05; done'
like 'exec --tty: Ctrl-C is for the process' "$status $(echo "$out" | tr '\n' ' ')" \
	'^9 .*INTERRUPTED'
ex_on_tty -k 1 -- sh -c 'trap "exit 3" HUP; echo READY; while :; do sleep 0.05; done'
is "exec --tty: SIGHUP is the process's; restored" "$status $err" '3 termios same'
ex_on_tty -- sh -c 'kill -TERM $$; sleep 5'
is 'exec --tty: dead by a signal; restored' "$status $err" '143 termios same'
ex_on_tty -- /no/such
is 'exec --tty: an error; restored' "$status $(grep -c 'termios same' "$tmp/err")" '255 1'
status=0
OCI_TEST_MARK=$mark timeout -s KILL 60 setsid "$RUNC" --root "$root" exec --tty --user 1000 "$id" \
	sh -c 'stat -c %u $(tty); echo x >/dev/tty' </dev/null >"$tmp/out" 2>&1 || status=$?
is 'exec --tty for another user, who owns it; no terminal of the caller is needed' \
	"$status $(tr '\n' ' ' <"$tmp/out")" '0 1000 x '

# The last output arrives, however slow the reader is.
out=$(OCI_TEST_MARK=$mark timeout -s KILL 60 "$RUNC" --root "$root" exec --tty "$id" \
	sh -c 'head -c 300000 /dev/zero | tr "\0" x; echo END' \
	</dev/null 2>/dev/null | { sleep 0.5 && cat; } |
	tail -c 10) # sleep: the reader must be slow
is 'exec --tty: all output comes, also what was pending at the death' "$out" xxxxxxEND
out=$(seq 1 20000 | OCI_TEST_MARK=$mark timeout -s KILL 60 "$RUNC" --root "$root" exec --tty "$id" \
	sh -c 'stty -echo; cat | tail -n 1' 2>/dev/null)
like 'exec --tty: twenty thousand lines in, and the end of input' "$out" '20000$'
# When the last reader ends, the terminal hangs up; otherwise the writer would wait for ever.
# control: runc leaves it in its write.
runc exec -d "$id" sh -c 'rm -f /tmp/hung'
OCI_TEST_MARK=$mark timeout -s KILL 60 "$RUNC" --root "$root" exec --tty "$id" \
	sh -c 'trap "" PIPE HUP; yes; touch /tmp/hung' \
	</dev/null 2>/dev/null | head -n 1 >"$tmp/out"
ok 'exec --tty: a reader that goes away is a hang-up' test -e "$rootfs/tmp/hung"

do_runc exec --detach --tty "$id" true
like 'exec --detach --tty without a console socket' "$status $err" \
	'^255 .*cannot allocate tty if runc will detach without setting console socket'
do_runc exec --detach --console-socket "$tmp/x" "$id" true
like 'exec --console-socket without --tty' "$status $err" \
	'^255 .*cannot use console socket if runc will not detach or allocate tty'
console "$tmp/cs" typed
do_runc exec --detach --tty --console-socket "$tmp/cs" --user 1000 "$id" \
	sh -c 'probe tty; stat -c %u $(tty); read -r a; echo "got <$a>"'
is 'exec --detach --tty with a console socket' "$status" 0 || diag "$err"
wait_for gone $sock
c=$(tr -d '\r' <"$tmp/console")
like 'exec --detach --tty: terminal, owner, input and output' "$(echo "$c" | tr '\n' ' ')" \
	'descriptors 1 name given .*tty 111 ctty 1 .* 1000 .*got <typed>'
cat >"$tmp/process.json" <<'END'
{"args":["probe","tty"],"cwd":"/","env":["PATH=/bin"],"terminal":true,"consoleSize":{"height":44,"width":55},"user":{"uid":0,"gid":0}}
END
console "$tmp/cs"
(cd "$tmp" && do_runc exec --detach --process process.json --console-socket "$tmp/cs" "$id" &&
	echo "$status" >"$tmp/st")
wait_for gone $sock
# control: crun does not look at consoleSize here.
like 'exec of a file with terminal and consoleSize' \
	"$(cat "$tmp/st") $(tr -d '\r' <"$tmp/console" | tr '\n' ' ')" '^0 .*rows 44 cols 55' ||
	diag "$(cat "$tmp/err")"
for p in "$tmp/unheard" "$tmp/process.json"; do
	do_runc exec --detach --tty --console-socket "$p" "$id" sleep 1002
	like "a console socket where no process listens: ${p##*/}" "$status $err" \
		'^255 .*(console socket|dial unix)'
done
listen "$tmp/console" "$HELPERS/sock" hangup "$tmp/cs2"
do_runc exec --detach --tty --console-socket "$tmp/cs2" "$id" sleep 1002
# control: crun says nothing.
like 'a console socket that is closed at once' "$status $err" \
	'^(255 .*([Bb]roken pipe|reset|[Ii]nput.output error)|0 )'
# The program has started; the hang-up of the terminal ends it a moment later.
none_left() { ! runc exec "$id" ps | grep -q '[s]leep 1002'; }
ok 'a console socket that fails: no process is left' wait_for none_left
drop "$id"

# ---- pidfd socket (V-06); control: runc 1.1.5 has none ----

argv sleep 1000
listen "$tmp/pidfd" "$HELPERS/sock" pidfd "$tmp/ps"
do_runc run --detach --pidfd-socket "$tmp/ps" --pid-file "$tmp/pid" --bundle "$bundle" "$id"
if echo "$out$err" | grep -q 'not defined'; then
	skip '--pidfd-socket' 'the runtime does not have it'
	kill $sock
else
	is '--pidfd-socket' "$status" 0 || diag "$err"
	wait_for gone $sock
	is 'the message and the pid' "$(sed -n 's/^message //p' "$tmp/pidfd") $(sed \
		-n 's/^pid //p' "$tmp/pidfd")" \
		"standard $(cat "$tmp/pid")"
fi
drop "$id"

nothing_left
done_testing

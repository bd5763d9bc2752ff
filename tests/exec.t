#!/bin/sh
# exec.t - `exec`: its process, by options and by a file, states, cgroups, limits, signals.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
config_set /root/readonly false /process/user/umask 63 /process/env/- '"A=config"' /process/cwd \
	'"/tmp"'
argv sleep 1000

# up: makes and starts the container again.
up() {
	drop "$id"
	do_runc run -d --bundle "$bundle" "$@" "$id"
	[ "$status" = 0 ] || diag "$err"
}
# ex ARG...: runs exec with these arguments.
ex() { do_runc exec "$@"; }
# process JSON ARG...: runs exec -p with this process object.
process() {
	printf '%s\n' "$1" >"$tmp/process.json"
	shift
	do_runc exec --process "$tmp/process.json" "$@" "$id"
}
field() { echo "$out" | sed -n "s/^$1:[	 ]*//p"; }
caps() { field Cap"$1"; }

# ---- by options: the container's own process, changed (V-10, V-11) ----

up
ex "$id" cat /proc/self/status
is 'exec: exit 0, silent' "$status $err" '0 ' || diag "$err"
is "capabilities are the container's" "$(caps Bnd) $(caps Eff) $(caps Prm) $(caps Inh) $(caps \
	Amb)" \
	'0000000020000420 0000000020000420 0000000020000420 0000000000000000 0000000000000000'
is "no_new_privs and umask are the container's" "$(field NoNewPrivs) $(field Umask)" '1 0077'
is 'no signal is blocked' "$(field SigBlk)" 0000000000000000
ex "$id" env
is 'the environment is that of the container' \
	"$out" "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
TERM=xterm
OCI_TEST_MARK=$mark
A=config
HOME=/root"
ex --env B=2 -e A=1 -e C= "$id" env
is '--env is added, and wins' "$(echo "$out" | grep '^[ABC]=' | tr '\n' ' ')" 'B=2 A=1 C= '
OCI_LEAK=1 ex "$id" env
unlike "no variable of the caller is in the environment" "$out" OCI_LEAK
ex "$id" pwd
is "the working directory is the container's" "$out" /tmp
ex --cwd /etc "$id" pwd
is '--cwd sets the working directory' "$out" /etc
ex --cwd '' --apparmor '' --process-label '' --user '' --pid-file '' --console-socket '' "$id" pwd
is 'an empty option counts as absent' "$status $out" '0 /tmp' || diag "$err"
ex --cwd /nowhere "$id" pwd
# control: cwd is made for init only.
like '--cwd that is not there: not made' "$status $err" '^255 .*chdir to cwd .*[Nn]o such file'
ok '--cwd that is not there: no directory was made' test ! -e "$rootfs/nowhere"
ex --user 1000:1001 -g 7 --additional-gids 9 "$id" \
	sh -c 'id -u; id -g; id -G; echo $HOME; stat -c %u /proc/self/fd/1'
is '--user, --additional-gids and HOME' "$(echo "$out" | tr '\n' ,)" \
	'1000,1001,1001 7 9,/home/user,1000,' || diag "$err"
json_set "$root/$id/config.json" /process/user/additionalGids '[10]'
ex -g 20 "$id" id -G
is '--additional-gids adds to those of the config' "$out" '0 10 20' || diag "$err"
json_del "$root/$id/config.json" /process/user/additionalGids
ex --no-new-privs=false "$id" grep NoNewPrivs /proc/self/status
is '--no-new-privs=false takes nothing back' "$(field NoNewPrivs)" 1
ex "$id" grep -E '^(NSpid|NSsid)' /proc/self/status
is 'a session of its own' "$(field NSpid)" "$(field NSsid)"
ex "$id" sh -c 'probe tty; probe prctl; cat /proc/self/oom_score_adj'
is 'no terminal; what prctl shows' "$(echo "$out" | sed 's/ link.*//' | tr '\n' ,)" \
	"tty 000 ctty 0 session 0 rows 0 cols 0,dumpable 1 nnp 1 keepcaps 0 pdeathsig 0 subreaper 0 securebits 0,$(cat \
	/proc/self/oom_score_adj),"
ex "$id" probe keyring
case $out in
*'errno 38'*) skip 'the session keyring of the container' 'no keys in this kernel' ;;
*) like 'the session keyring of the container' "$out" "_ses\.$id" ;;
esac
up --no-new-keyring
ex "$id" probe keyring
is 'a container with --no-new-keyring: exec has the session keyring of the caller' \
	"$out" "$("$HELPERS/probe" keyring)"
up
n=
for ns in cgroup ipc mnt net pid time user uts; do
	[ -e "/proc/self/ns/$ns" ] || continue # a kernel without it
	ex "$id" sh -c "readlink /proc/self/ns/$ns; readlink /proc/1/ns/$ns"
	[ "$(echo "$out" | uniq | grep -c .)" = 1 ] || n="$n $ns"
done
is 'all namespaces are those of init' "$n" ''
ex "$id" cat /proc/self/cgroup
is 'all cgroups are those of init' "$out" "$(runc exec "$id" cat /proc/1/cgroup)"
ex "$id" grep '^Max open files' /proc/self/limits
like 'rlimits of the config' "$out" " $nofile_limit +$nofile_limit "
ex "$id" sh -c 'ls /proc/self/fd | tr "\n" " "'
is 'descriptors 0 to 2' "$out" '0 1 2 3 ' # 3 is the folder ls reads

for e in NOEQ =x ''; do
	ex --env "$e" "$id" true
	# control: the words are runc's.
	like "--env '$e' is refused" "$status $err" \
		'^255 .*(invalid environment variable|name can.?t be empty)'
done
ex --cwd relative "$id" true
like '--cwd relative' "$status $err" '^255 .*Cwd must be an absolute path'
ex "$id"
like 'no command' "$status $err" '^255 .*exec args cannot be empty'

# ---- what cannot be executed (X-06) ----

printf '#!/no/interpreter\n' >"$rootfs/bin/script"
printf 'junk' >"$rootfs/bin/junk"
chmod 755 "$rootfs/bin/script" "$rootfs/bin/junk"
while IFS='|' read -r cmd want; do
	ex "$id" "$cmd"
	like "exec $cmd: 255 and why" "$status $err" "^(255|1) .*$want"
	is "exec $cmd: one line" "$(error_lines "$tmp/err")" 1
done <<'END'
no-such|executable file not found in \$PATH
/no/such|no such file or directory
/etc|is a directory|permission denied
/etc/passwd|permission denied
/bin/script|[Nn]o such file or directory
/bin/junk|[Ee]xec format error
END

# ---- by a file, as containerd and conmon do it (V-12) ----

process \
	'{"args":["cat","/proc/self/status"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":1000,"gid":1001,"additionalGids":[5]}}'
is 'a file: exit 0' "$status" 0 || diag "$err"
is 'a file: the user is that of the file' \
	"$(field Uid | cut -f1) $(field Gid | cut -f1) $(field Groups | tr -d ' ')" \
	'1000 1001 5'
# control: runc takes the bounding set from the container too when capabilities are missing.
is "capabilities it does not mention are the container's" "$(caps Bnd) $(caps Eff)" \
	'0000000020000420 0000000000000000'
is 'no_new_privs it does not mention is off' "$(field NoNewPrivs)" 0
is "umask it does not mention is the container's" "$(field Umask)" 0077
process \
	'{"args":["cat","/proc/self/status"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,"gid":0,"umask":2},"noNewPrivileges":true,
	"capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"],"inheritable":["CAP_KILL"],"ambient":["CAP_KILL"]}}'
is 'a file: its five sets of capabilities hold' \
	"$(caps Bnd) $(caps Eff) $(caps Prm) $(caps Inh) $(caps Amb)" \
	'0000000000000020 0000000000000020 0000000000000020 0000000000000020 0000000000000020'
# control: runc takes the umask of the config.
is 'no_new_privs and umask of the file' "$(field NoNewPrivs) $(field Umask)" '1 0002'
process '{"args":["env"],"cwd":"/","env":["PATH=/bin","X=1"],"user":{"uid":0,"gid":0}}' --env Y=2 \
	--cwd /etc --user 7
is 'options beside a file are ignored' "$(echo "$out" | tr '\n' ' ')" 'PATH=/bin X=1 HOME=/root '
process '{"args":["/bin/env"],"cwd":"/"}'
# control: runc 1.1.5 adds HOME.
is 'a file without env: the environment is empty' "$status $out" '0 ' || diag "$err"
process \
	'{"args":["grep","open files","/proc/self/limits"],"cwd":"/","env":["PATH=/bin"],"rlimits":[{"type":"RLIMIT_NOFILE","soft":100,"hard":200}]}'
like 'rlimits of the file' "$out" ' 100 +200 '
process \
	'{"args":["cat","/proc/self/oom_score_adj"],"cwd":"/","env":["PATH=/bin"],"oomScoreAdj":300}'
# control: runc and crun do not look at it.
is 'oomScoreAdj of the file' "$out" 300
while IFS='|' read -r json want; do
	process "$json"
	like "the file $json: refused" "$status $err" "^255 .*$want"
	is "the file $json: one line" "$(error_lines "$tmp/err")" 1
done <<'END'
{"args":["true"]}|[Cc]wd
{"args":["true"],"cwd":"rel"}|absolute
{"cwd":"/"}|args
{"args":[],"cwd":"/"}|args:? must not be empty
{"args":["true"],"cwd":"/","env":["=x"]}|env
{"args":["true"],"cwd":"/","capabilities":[]}|capabilities
null|null|[Cc]wd
{|end|EOF
END
do_runc exec -p "$tmp/no-such.json" "$id"
like 'a file that is not there' "$status $err" '^255 .*no-such.json'

# Fields that engines leave out are the container's; control: runc 1.1.5 knows neither.
config_set /process/scheduler '{"policy":"SCHED_BATCH","nice":3}' /process/ioPriority \
	'{"class":"IOPRIO_CLASS_BE","priority":6}'
up
process '{"args":["sh","-c","probe sched; probe ioprio"],"cwd":"/","env":["PATH=/bin"]}'
like "scheduler and ioPriority it does not mention are the container's" "$(echo "$out" |
	tr '\n' ' ')" \
	'^sched policy 3 flags 0 nice 3 .*ioprio class 2 priority 6' || diag "$err"
process \
	'{"args":["sh","-c","probe sched; probe ioprio"],"cwd":"/","env":["PATH=/bin"],"scheduler":{"policy":"SCHED_OTHER","nice":5},
	"ioPriority":{"class":"IOPRIO_CLASS_IDLE","priority":7}}'
like 'scheduler and ioPriority of the file' "$(echo "$out" | tr '\n' ' ')" \
	'^sched policy 0 flags 0 nice 5 .*ioprio class 3 priority 7' || diag "$err"
config_del /process/scheduler
config_del /process/ioPriority

# ---- capabilities by option (V-13) ----

ex --cap CAP_NET_RAW "$id" grep Cap /proc/self/status
is '--cap: bounding, effective, permitted; not inheritable, not ambient' \
	"$(caps Bnd) $(caps Eff) $(caps Prm) $(caps Inh) $(caps Amb)" \
	'0000000020002420 0000000020002420 0000000020002420 0000000000000000 0000000000000000'
ex --cap CAP_NOPE "$id" grep CapEff /proc/self/status
like '--cap of an unknown name: a warning' "$status $err" '^0 .*level=warning .*CAP_NOPE'
config_set /process/capabilities/inheritable '["CAP_KILL"]'
up
ex --cap CAP_NET_RAW "$id" grep Cap /proc/self/status
# Ambient must be inheritable as well, which --cap does not make it.
is '--cap where the container has inheritable ones' "$(caps Bnd) $(caps Inh) $(caps Amb)" \
	'0000000020002420 0000000000000020 0000000000000000'
config_del /process/capabilities/inheritable

# ---- states (V-15) ----

do_runc exec "$mark-none" true
like 'unknown: 255' "$status $err" '^255 .*container does not exist'
drop "$id"
create
ex "$id" echo in
is 'created: exec works' "$status $out" '0 in' || diag "$err"
is 'exec in a created container: it is created still' "$(status_of "$id")" created
runc start "$id"
do_runc pause "$id"
if [ "$status" = 0 ]; then
	ex "$id" true
	like 'paused: refused' "$status $err" \
		'^255 .*cannot exec in a paused container \(use --ignore-paused to override\)'
	runc exec --ignore-paused "$id" echo woken >"$tmp/woken" 2>&1 &
	bg_all="$bg_all $!"
	both_there() {
		[ "$(find /sys/fs/cgroup -path "*$mark*" -name cgroup.procs -exec cat {} + |
			sort -u | grep -c .)" -ge 2 ]
	}
	wait_for both_there
	is 'paused, with --ignore-paused: it waits' "$(cat "$tmp/woken")" ''
	runc resume "$id"
	ok 'paused, with --ignore-paused: it ends after resume' wait_for has_line "$tmp/woken" woken
else
	skip 'exec in a paused container' 'no freezer here'
fi
runc kill "$id" KILL
wait_for status_is "$id" stopped
ex "$id" true
like 'stopped: refused' "$status $err" '^255 .*cannot exec in a stopped container'

# While init ends, exec fails with one line that engines take for "gone" (X-04).
argv sh -c 'read -r _ <>/fifo'
mkfifo "$rootfs/fifo"
n=0
bad=
while [ $n -lt 12 ]; do
	up
	{ sleep 0.0$((n % 4)); echo >"$rootfs/fifo"; } & \
		# sleep: each round ends init at another moment
	while :; do
		ex "$id" true
		[ "$status" = 0 ] || break
	done
	wait $!
	case $status:$(error_lines "$tmp/err"):$err in
	255:1:*'container not running'* | 255:1:*'in a stopped container'* | 137:*) ;;
	*) bad="$bad$status $err
" ;;
	esac
	n=$((n + 1))
done
# control: runc reports an error of one of its own stages.
is 'while init dies: it is not running' "$bad" ''
argv sleep 1000
up

# ---- exit status, standard streams, signals (L-27) ----

for n in 0 1 7 255; do
	ex "$id" sh -c "exit $n"
	is "exit $n" "$status" "$n"
done
for s in 1 2 6 9 11 13 15 24 31 34 64; do
	ex "$id" sh -c "kill -$s \$\$; sleep 5"
	is "death by signal $s" "$status" $((128 + s))
done
out=$(printf 'a\nb\n' | OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec "$id" \
	sh -c 'cat; sleep 0.1; echo after')
is 'the end of stdin arrives, and output comes after it' "$(echo "$out" | tr '\n' ' ')" \
	'a b after '
out=$(head -c 5000000 /dev/zero | OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec "$id" cat |
	wc -c | tr -d ' ')
is 'five million bytes in and out' "$out" 5000000
out=$(OCI_TEST_MARK=$mark timeout -s KILL 20 "$RUNC" --root "$root" exec "$id" yes </dev/null \
	2>/dev/null | head -n 1)
is 'a reader that goes away ends it' "$out" y

# forward SIGNAL...: each reaches the process, and nothing else does.
cat >"$rootfs/note" <<'END'
for s in HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM 16 CONT TSTP \
	TTIN TTOU XCPU XFSZ VTALRM PROF IO PWR SYS 35 50 64; do
	trap "echo $s >>/tmp/got" $s
done
echo ready >/tmp/got
while :; do sleep 0.02; done
END
rm -f "$rootfs/tmp/got"
OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec "$id" sh /note </dev/null >/dev/null 2>&1 &
pid=$!
bg_all="$bg_all $pid"
wait_for has_line "$rootfs/tmp/got" ready
missing=
for s in HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM 16 CONT TSTP TTIN TTOU \
	XCPU XFSZ VTALRM PROF IO PWR SYS 35 50 64; do
	kill -s "$s" $pid 2>/dev/null || kill -"$s" $pid
	eventually has_line "$rootfs/tmp/got" "^$s\$" || missing="$missing $s"
done
is 'every signal is forwarded, and does nothing to the runtime' "$missing" ''
is 'every signal is forwarded once' "$(sort "$rootfs/tmp/got" | uniq -d)" ''
kill -34 $pid # no shell traps it everywhere: it ends the process, and so us
status=0
wait $pid || status=$?
is 'the first real-time signal, 34, is forwarded' "$status" 162
is 'the process itself ended by that signal' "$(runc exec "$id" sh -c 'ps | grep -c "[/]note"')" 0

# ---- detached (V-04, N-03, N-10) ----

ex -d --pid-file "$tmp/pid" "$id" sleep 1000
pid=$(cat "$tmp/pid")
is '--detach: exit 0; the pid file has the pid of the process' \
	"$status $(tr '\0' ' ' <"/proc/$pid/cmdline")" '0 sleep 1000 '
is 'the pid file has no newline, and no other file is left' \
	"$(wc -l <"$tmp/pid" | tr -d ' ') $(find "$tmp" -maxdepth 1 -name '.pid*')" '0 '
is '--detach: the process leads its session' "$(awk '{ print $6 }' "/proc/$pid/stat")" "$pid"
kill -KILL "$pid"
wait_for gone "$pid"
printf '{"args":["sh","-c","exit 7"],"cwd":"/","env":["PATH=/bin"],"user":{"uid":0,"gid":0}}' \
	>"$tmp/process.json"
out=$(OCI_TEST_MARK=$mark timeout -s KILL 30 "$HELPERS/probe" reaper "$RUNC" --root "$root" exec \
	--process "$tmp/process.json" --pid-file "$tmp/pid" --detach "$id" </dev/null 2>&1)
is 'as a shim calls it: the process is adopted, with its exit status' \
	"$(echo "$out" | sort | tr '\n' ' ')" 'adopted 7 command 0 '
out=$(OCI_TEST_MARK=$mark timeout -s KILL 30 "$HELPERS/probe" reaper "$RUNC" --root "$root" \
	exec --detach "$id" true </dev/null 2>&1)
is 'exec leaves the caller no other process' \
	"$(echo "$out" | sort | tr '\n' ' ')" 'adopted 0 command 0 '
mkfifo "$tmp/stream"
cat "$tmp/stream" >/dev/null &
reader=$!
bg_all="$bg_all $reader"
OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec -d --pid-file "$tmp/pid" \
	"$id" sleep 1000 </dev/null >"$tmp/stream" 2>&1
kill -KILL "$(cat "$tmp/pid")"
ok 'no process of the runtime holds its output open' wait_for gone $reader
ex --pid-file /no/such/folder/pid -d "$id" sleep 1001
like 'a pid file that cannot be written' "$status $err" '^255 .*/no/such/folder'
is 'a pid file that cannot be written: the process is gone' \
	"$(runc exec "$id" ps | grep -c '[s]leep 1001')" 0
if helper sock; then
	listen "$tmp/pidfd" "$HELPERS/sock" pidfd "$tmp/ps"
	ex -d --pidfd-socket "$tmp/ps" --pid-file "$tmp/pid" "$id" sleep 1000
	if echo "$out$err" | grep -q 'not defined'; then
		skip '--pidfd-socket' 'the runtime does not have it'
		kill $sock
	elif echo "$err" | grep -q 'pidfd of init: not on this kernel'; then
		skip '--pidfd-socket' 'this kernel has no pidfds (make check-old, or before 5.3)'
		kill $sock
	else
		wait_for gone $sock
		is '--pidfd-socket: the message and the pid' \
			"$(sed -n 's/^message //p' "$tmp/pidfd") $(sed -n 's/^pid //p' \
			"$tmp/pidfd")" \
			"setns $(cat "$tmp/pid")"
		kill -KILL "$(cat "$tmp/pid")"
		ex -d --pidfd-socket "$tmp/unheard" "$id" sleep 1000
		like '--pidfd-socket where no process listens' "$status $err" '^255 .*pidfd socket'
	fi
else
	skip '--pidfd-socket' 'the helper sock is not built'
fi

# ---- descriptors (V-07, T-07, T-08, E-03) ----

# raw ARG...: exec with the descriptors of the caller; what it says is in $tmp/out.
raw() { OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec "$@" >"$tmp/out" 2>"$tmp/err"; }
numbers() { sed -n 's/^\([0-9]*\) .*/\1/p' "$tmp/out" | tr '\n' ' '; }
raw --preserve-fds 2 "$id" sh -c 'probe fds; cat <&3' </dev/null 3<"$tests/lib.sh" 4</dev/zero \
	5</dev/null
is '--preserve-fds 2: 3 and 4, no more' "$(numbers)" '0 1 2 3 4 '
like '--preserve-fds 2: the descriptors lead where they did' "$(cat "$tmp/out")" '^# lib.sh'
# podman exec --preserve-fd 4,7 asks for five descriptors and opens two of them. runc 1.1.5 also
# passes descriptors of its own that lie between.
raw --preserve-fds 5 "$id" sh -c 'probe fds; cat <&7' </dev/null 3<&- 4</dev/zero 5<&- 6<&- \
	7<"$tests/lib.sh" 8</dev/null
is '--preserve-fds 5 with holes: 4 and 7, nothing else' "$? $(numbers)" '0 0 1 2 4 7 '
like '--preserve-fds 5 with holes: 7 leads where it did' "$(cat "$tmp/out")" '^# lib.sh'
OCI_TEST_MARK=$mark "$RUNC" --root "$root" --log "$tmp/hole.log" --debug exec --preserve-fds 5 \
	"$id" probe fds \
	</dev/null >"$tmp/out" 2>"$tmp/err" 3<&- 4<&- 5<&- 6<&- 7</dev/zero
is 'a log that lay in one of them is written to all the same' \
	"$(numbers) $(grep -c 'is ready' "$tmp/hole.log")" '0 1 2 7  1'
sh -c 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"' sh env OCI_TEST_MARK="$mark" "$RUNC" --root "$root" \
	exec "$id" \
	sh -c 'echo "<$LISTEN_FDS>"; probe fds' </dev/null >"$tmp/out" 2>"$tmp/err" \
	3<"$tests/lib.sh"
is 'LISTEN_FDS is not for exec' "$(numbers) $(head -n 1 "$tmp/out")" '0 1 2  <>'
OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec "$id" sh -c 'probe fds >/tmp/fds' <&- >&- 2>&-
is 'started with 0, 1 and 2 closed: nothing of ours lands there' \
	"$(grep -c '^[02] \(/dev/null\|pipe:\|/null\)' "$rootfs/tmp/fds") $(grep -c -v '^[012] ' \
	"$rootfs/tmp/fds")" '2 0'

# ---- cgroups (V-14, L-25) ----

where=$(own_cgroup)
if [ -n "$where" ]; then
	if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
		as=
	else
		as=pids: # any that is there
		where=/sys/fs/cgroup/pids$(sed -n 's/.*:pids://p' "/proc/$(pid_of "$id")/cgroup")
	fi
	mkdir "$where/sub"
	ex --cgroup "${as}sub" "$id" cat /proc/self/cgroup
	like "--cgroup: below the container's" "$out" "$id/sub\$" || diag "$err"
	ex --cgroup "${as}/" "$id" cat /proc/self/cgroup
	unlike "--cgroup /: the container's own" "$out" '/sub$'
	for c in ../x "${as}../x" "${as}sub/../../x" "${as}missing"; do
		ex --cgroup "$c" "$id" true
		like "--cgroup $c is refused" "$status $err" \
			'^255 .*(sub cgroup path|[Nn]o such file|missing <controller>|no cgroup v2)'
	done
	if [ -n "$as" ]; then
		# Without a controller PATH is taken in each hierarchy that has it: here in one.
		ex --cgroup sub "$id" cat /proc/self/cgroup
		is '--cgroup sub on v1: where it exists, elsewhere the one above' \
			"$status $(echo "$out" | grep -c "$id/sub\$") $(echo "$out" |
			grep -c "$id\$")" \
			"0 1 $(($(echo "$out" | grep -c "$id") - 1))" || diag "$err"
	fi
	rmdir "$where/sub"
	if [ -n "$as" ]; then
		for c in 'pids:/ pids:/' '/ pids:/' ':x' 'nope:/x'; do
			# shellcheck disable=SC2086
			set -- $c
			ex --cgroup "$1" ${2:+--cgroup "$2"} "$id" true
			# control: runc 1.1.5 takes the first.
			like "--cgroup $c is refused: v1" "$status $err" \
				'^255 .*(invalid --cgroup argument|unknown controller)'
		done
		skip 'more than one --cgroup on v2' \
			'controllers are on v1 here; scripts/vm v2 has them on v2'
	else
		ex --cgroup a --cgroup b "$id" true
		like 'more than one --cgroup on v2' "$status $err" \
			'^255 .*invalid --cgroup argument'
	fi
else
	skip 'exec --cgroup' 'no cgroups here'
fi

# Init makes a cgroup below its own and moves there, as systemd does. Later it moves again, while
# exec runs.
v2=$(cgroups_left | grep -v /sub | while read -r d; do [ ! -e "$d/cgroup.type" ] ||
	echo "$d"; done | head -n 1)
init=$(pid_of "$id")
if [ -n "$v2" ]; then
	mkdir "$v2/a" "$v2/b"
	echo "$init" >"$v2/a/cgroup.procs"
	ex "$id" sed -n 's/^0:://p' /proc/self/cgroup
	like 'init has moved: exec goes where the container was made' "$status $out" "^0 .*$id\$" ||
		diag "$err"
	# A cgroup that passes controllers on to its children can have no processes of its own.
	handed=$(grep -o pids "$v2/cgroup.controllers")
	[ -z "$handed" ] || echo +pids >"$v2/cgroup.subtree_control"
	ex "$id" sed -n 's/^0:://p' /proc/self/cgroup
	if [ -n "$handed" ]; then
		like 'the cgroup of the container is closed: exec goes where init is' \
			"$status $out" '^0 .*/a$' ||
			diag "$err"
	else
		skip 'the cgroup of the container is closed: exec goes where init is' \
			'controllers are on v1 here; scripts/vm v2 has them on v2'
	fi
	if [ -z "$handed" ]; then
		skip 'init moves while exec is on its way' \
			'controllers are on v1 here; scripts/vm v2 has them on v2'
	elif helper step && "$HELPERS/step" count -- true; then
		# late COMMAND: runs exec, and COMMAND before its first clone3, call 435.
		late() {
			status=0
			OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/step" before 435 "$1" \
				-- "$RUNC" --root "$root" \
				exec "$id" sed -n 's/^0:://p' /proc/self/cgroup >"$tmp/out" \
				2>"$tmp/err" </dev/null || status=$?
			out=$(cat "$tmp/out")
			err=$(cat "$tmp/err")
		}
		late "echo $init >$v2/b/cgroup.procs && rmdir $v2/a"
		like 'init moves and its place is gone while exec is on its way' "$status $out" \
			'^0 .*/b$' || diag "$err"
		mkdir "$v2/b/c"
		late "echo $init >$v2/b/c/cgroup.procs && echo +pids >$v2/b/cgroup.subtree_control"
		like 'init moves and its place is closed while exec is on its way' "$status $out" \
			'^0 .*/b/c$' || diag "$err"
	else
		skip 'init moves while exec is on its way' 'ptrace is not allowed here'
	fi
	echo "$init" >"$(dirname "$v2")/cgroup.procs" # away from all that is the container's
	ex "$id" sed -n 's/^0:://p' /proc/self/cgroup
	case $handed in
	'') like 'init was taken out of the container'"'"'s cgroup: exec is in it' "$status $out" \
		"^0 .*$id" || diag "$err" ;;
	*) like \
		'init was taken out of the container'"'"'s cgroup: exec is in it, or says that it is closed' \
		"$status $out$err" "^(0 .*$id|255 .*busy)" ;;
	esac
	find "$v2" -mindepth 1 -depth -type d -exec rmdir {} \;
	wait_for rmdir "$v2"
	ex "$id" sed -n 's/^0:://p' /proc/self/cgroup
	is 'the cgroup of the container was removed: exec goes where init is' "$status $out" \
		"0 $(sed -n 's/^0:://p' "/proc/$init/cgroup")" || diag "$err"
	kill -KILL "$init"
	wait_for gone "$init"
else
	skip 'exec where init has moved' 'no cgroup v2 here'
fi

# exec works when pids.limit is reached, because a user wants to look inside then.
pids=$(find /sys/fs/cgroup -path "*$mark*" -name pids.max 2>/dev/null | head -n 1)
if [ -n "$pids" ]; then
	config_set /linux/resources/pids '{"limit":2}'
	argv sh -c 'sleep 1000 & exec sleep 1000'
	up
	wait_for members_are 2
	ex "$id" id -u
	is 'pids.limit is reached: exec gets in' "$status $out" '0 0' || diag "$err"
	ex "$id" cat /proc/self/cgroup
	like "pids.limit is reached: exec is in the container's cgroup" "$out" "pids.*$id|^0::.*$id"
	ex "$id" sh -c 'true & wait'
	like 'where it cannot fork' "$err" "can.t fork"
	config_del /linux/resources/pids
	argv sleep 1000
	up
	runc update --pids-limit 2 "$id"
	is 'pids.limit is set by update' "$(cat "$pids" 2>/dev/null ||
		cat "$(find /sys/fs/cgroup -path "*$mark*" -name pids.max | head -n 1)")" 2
	ex "$id" true
	# The config has no limit, so exec has not looked at pids.max.
	case $status in
	0) pass 'a limit set later: exec gets in, or says what is full' ;;
	*) like 'a limit set later: exec gets in, or says what is full' "$err" \
		'pids.limit of the container' ;;
	esac
else
	skip 'exec where pids.limit is reached' 'no pids controller here'
fi

drop "$id"

# ---- containers that share (NS-14): no pid namespace ----

config_set /linux/namespaces '[{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]'
argv sleep 1000
up
ex "$id" sh -c 'readlink /proc/self/ns/pid; cat /etc/group | head -n 1'
is 'without a pid namespace' "$status $(echo "$out" | tr '\n' ' ')" \
	"0 $(readlink /proc/self/ns/pid) root:x:0: "
out=$(OCI_TEST_MARK=$mark timeout -s KILL 30 "$HELPERS/probe" reaper "$RUNC" --root "$root" \
	exec "$id" \
	sh -c 'sleep 0.1 & exit 5' </dev/null 2>&1)
is 'an orphan of the process comes to the next reaper' \
	"$(echo "$out" | sort | tr '\n' ' ')" 'adopted 0 command 5 '

# ---- all kinds of namespaces, with user and time (L-26) ----

config_set /linux/namespaces \
	'[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"},{"type":"user"},{"type":"cgroup"},{"type":"time"}]' \
	/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' /linux/gidMappings \
	'[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/timeOffsets '{"boottime":{"secs":1000000}}'
json_del "$bundle/config.json" /process/cwd
config_set /process/cwd '"/"'
up
case $status:$err in
0:*)
	n=
	for ns in cgroup ipc mnt net pid time user uts; do
		ex "$id" sh -c "readlink /proc/self/ns/$ns; readlink /proc/1/ns/$ns"
		[ "$(echo "$out" | uniq | grep -c .)" = 1 ] || n="$n $ns"
	done
	is 'with user, cgroup and time namespaces: all are those of init' "$n" ''
	ex --user 5:6 -g 7 "$id" \
		sh -c 'id -u; id -G; cat /proc/self/cgroup | grep -c ":/$"; [ $(cut -d. -f1 /proc/uptime) -gt 1000000 ] && echo later'
	like 'ids of the map, the clock of the namespace' "$(echo "$out" | tr '\n' ,)" \
		'^5,6 7,[0-9]+,later,$' || diag "$err"
	out=$(runc exec --user 5 "$id" sh -c 'echo x >/dev/stdout' 2>&1 | cat)
	is 'a user namespace: the output of exec can be opened anew' "$out" x
	ex -d --pid-file "$tmp/pid" --user 5 "$id" sleep 1000
	is 'a user namespace: the ids of exec on the host are those of the map' \
		"$(stat -c %u "/proc/$(cat "$tmp/pid")")" 100005
	ex --user 70000 "$id" true
	like 'a user that is not mapped' "$status $err" '^255 .*unmapped'
	;;
*) skip 'exec with user, cgroup and time namespaces' 'this machine has not all of them' ;;
esac

drop "$id"

nothing_left
done_testing

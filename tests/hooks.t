#!/bin/sh
# hooks.t - the six hooks: when, where, with what on stdin and in env, and what a failure does.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
all='prestart createRuntime createContainer startContainer poststart poststop'

# The hook of the host side. Writes below $log what it saw: NAME.* and a line in `order`.
hook=$tmp/hook
log=$tmp/log
cat >"$hook" <<END
#!/bin/sh
name=\$1
echo \$name >>$log/order
cat >$log/\$name.state
env >$log/\$name.env
pwd >$log/\$name.cwd
"$HELPERS/probe" fds >$log/\$name.fds
cat /proc/self/status >$log/\$name.status
for n in mnt net pid uts ipc; do readlink /proc/self/ns/\$n; done >$log/\$name.ns
echo "\$@" >$log/\$name.args
END
chmod 755 "$hook"

# hook_row: a hook of $all; createContainer and startContainer have other ways to leave a trace.
hook_row() { # NAME
	case $1 in
	startContainer)
		echo "\"$1\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"/hook\",\"$1\"],\"env\":[\"PATH=/bin\",\"HOOK=$1\"]}]" ;;
	*)
		echo "\"$1\":[{\"path\":\"$hook\",\"args\":[\"hook\",\"$1\",\"two words\"],\"env\":[\"PATH=$PATH\",\"HOOK=$1\"]}]" ;;
	esac
}
fresh() {
	bundle
	rm -rf "$log"
	mkdir "$log"
	config_set /root/readonly false
	# Inside the container the log is a bind, at the same place in the tree as on the host, so
	# that createContainer and startContainer can write it too.
	config_set /mounts/- "{\"destination\":\"/log\",\"source\":\"$log\",\"options\":[\"bind\"]}"
	cat >"$rootfs/hook" <<-'END'
		name=$1
		echo $name >>/log/order
		cat >/log/$name.state
		env >/log/$name.env
		pwd >/log/$name.cwd
		probe fds >/log/$name.fds
		cat /proc/self/status >/log/$name.status
		for n in mnt net pid uts ipc; do readlink /proc/self/ns/$n; done >/log/$name.ns
	END
	argv \
		sh -c 'echo payload >>/log/order; for n in mnt net pid uts ipc; do readlink /proc/self/ns/$n; done >/log/payload.ns; cat /proc/self/status >/log/payload.status'
}
state_in() { json_get "$log/$1.state" "$2"; }

fresh
rows=
for h in $all; do
	rows="$rows${rows:+,}$(hook_row "$h")"
done
config_set /hooks "{$rows}" /annotations '{"org.example.a":"b"}' /process/cwd '"/tmp"'
chmod 777 "$log"
: >"$log/order"	# the container's user writes it too
chmod 666 "$log/order"
config_set /process/user '{"uid":1000,"gid":1000}'
create --pid-file "$tmp/pid"
is 'create with six hooks' "$status" 0 || diag "$err"
is 'order up to create' "$(tr '\n' ' ' <"$log/order")" 'prestart createRuntime createContainer '
pid=$(cat "$tmp/pid")
runc start "$id"
wait_for has_line "$log/order" payload
wait_for has_line "$log/order" poststart
wait_for status_is "$id" stopped
runc delete "$id"
is 'the hooks until start, and the payload' "$(sed -n 1,4p "$log/order" | tr '\n' ' ')" \
	'prestart createRuntime createContainer startContainer '
# H-08: poststart comes after the user process was executed. control: runc 1.1.5 runs it in create.
is 'poststart and the payload come next' "$(sed -n 5,6p "$log/order" | sort | tr '\n' ' ')" \
	'payload poststart '
is 'poststop comes last, once' "$(tail -n 1 "$log/order") $(grep -c poststop "$log/order")" \
	'poststop 1'

# stdin (H-02).
for h in $all; do
	is "$h: id and bundle on stdin" "$(state_in "$h" /id) $(state_in "$h" /bundle)" \
		"$id $bundle"
	is "$h: annotations" "$(state_in "$h" /annotations/org.example.a)" b
	like "$h: ociVersion" "$(state_in "$h" /ociVersion)" '^1\.'
done
is 'each hook has the status of its moment' \
	"$(for h in $all; do state_in "$h" /status; done | tr '\n' ' ')" \
	'creating creating creating created running stopped '
for h in prestart createRuntime poststart; do
	is "$h: pid as seen outside" "$(state_in $h /pid)" "$pid"
done
for h in createContainer startContainer; do
	is "$h: pid as seen inside" "$(state_in $h /pid)" 1
done
is 'poststop: no pid' "$(state_in poststop /pid | sed 's/^0$//')" ''

# Namespaces.
for h in prestart createRuntime poststart poststop; do
	is "$h: in the namespaces of the runtime" "$(cat "$log/$h.ns")" \
		"$(for n in mnt net pid uts ipc; do readlink /proc/self/ns/$n; done)"
done
for h in createContainer startContainer; do
	is "$h: in those of the container" "$(cat "$log/$h.ns")" "$(cat "$log/payload.ns")"
done

# env, args, cwd.
for h in prestart createRuntime createContainer poststart poststop; do
	like "$h: env of the config" "$(cat "$log/$h.env")" "^HOOK=$h$"
	unlike "$h: no variable of the container" "$(cat "$log/$h.env")" \
		'^TERM=xterm$|^OCI_TEST_MARK='
	is "$h: args" "$(cat "$log/$h.args")" "$h two words"
done
like 'startContainer: env of the config' "$(cat "$log/startContainer.env")" '^HOOK=startContainer$'
is 'prestart, createRuntime: cwd is the bundle' \
	"$(cat "$log/prestart.cwd" "$log/createRuntime.cwd" | sort -u)" "$bundle"
is 'startContainer: cwd of the process' "$(cat "$log/startContainer.cwd")" /tmp
for h in $all; do
	is "$h: only descriptors 0 to 2" "$(grep -v '^[012] ' "$log/$h.fds")" ''
done
is 'startContainer: the final user' "$(grep '^Uid' "$log/startContainer.status")" \
	"$(grep '^Uid' "$log/payload.status")"
is 'startContainer: the final capabilities' "$(grep '^Cap' "$log/startContainer.status")" \
	"$(grep '^Cap' "$log/payload.status")"
is 'startContainer: no_new_privs' "$(grep '^NoNew' "$log/startContainer.status")" 'NoNewPrivs:	1'
for h in prestart createRuntime createContainer startContainer poststart poststop; do
	is "$h: no signal blocked or ignored" "$(signals_of "$log/$h.status")" 0
done
# Python ignores PIPE, and what it starts by Popen(restore_signals=False) does too.
fresh
config_set /hooks "{$rows}"
(
	trap '' PIPE USR1
	run
)
for h in createRuntime createContainer poststop; do
	is "$h: what the caller ignores is not ignored" "$(signals_of "$log/$h.status")" 0
done

# Without env: never the container's (threats: LD_PRELOAD).
fresh
config_set /process/env "[\"PATH=/bin\",\"LD_PRELOAD=/evil.so\",\"OCI_TEST_MARK=$mark\"]" \
	/hooks \
	"{\"createRuntime\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"env >$log/noenv; echo \$0 >$log/arg0\",\"zero\"]}],
	\"createContainer\":[{\"path\":\"$hook\",\"args\":[\"hook\",\"createContainer\"]}]}"
OCI_VISIBLE=1 run
is 'hooks without env' "$status" 0 || diag "$err"
like 'createRuntime without env has the environment of the runtime' "$(cat "$log/noenv")" \
	'^OCI_VISIBLE=1$'
unlike 'createRuntime without env has no variable of the container' \
	"$(cat "$log/noenv")" '^LD_PRELOAD='
unlike 'createContainer has nothing of the container either' "$(cat "$log/createContainer.env")" \
	'^LD_PRELOAD='

# Several of a kind run in order; a failure stops the rest (H-04).
fresh
config_set /hooks "{\"createRuntime\":[
	{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo 1 >>$log/order\"]},
	{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo 2 >>$log/order; exit 3\"]},
	{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo 3 >>$log/order\"]}],
	\"poststop\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo stop >>$log/order\"]}]}"
refused 'a failing hook: create fails and names it' 'createRuntime.*(#1|\[1\]).*3'
is 'a failing hook: later hooks and the program do not run, poststop hooks do (H-10)' \
	"$(tr '\n' ' ' <"$log/order")" \
	'1 2 stop '

for h in prestart createRuntime createContainer; do
	fresh
	config_set /hooks \
		"{\"$h\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"cat >/dev/null; echo why it failed >&2; exit 1\"]}]}"
	refused "$h fails: refused, with what it said" "$h.*why it failed"
	nok "$h fails: the payload has not run" test -e "$log/order"
	config_set /hooks "{\"$h\":[{\"path\":\"/no/such/hook\"}]}"
	refused "$h missing" '/no/such/hook'
	config_set /hooks \
		"{\"$h\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"kill -KILL \$\$\"]}]}"
	refused "$h killed by a signal" "$h.*(signal|[Kk]ill)"
done
nothing_left 'nothing is left of failed hooks'

# A hook that never reads its stdin, and one that closes it.
fresh
big=$(head -c 100000 /dev/zero | tr '\0' x)
config_set /annotations "{\"big\":\"$big\"}" /hooks '{"createRuntime":[{"path":"/bin/true"}]}'
run_ok 'a hook that does not read its stdin'
config_set /hooks '{"createRuntime":[{"path":"/bin/sh","args":["sh","-c","exec <&-; sleep 0.1"]}]}'
run_ok 'a hook that closes its stdin'
# A hook with much output.
config_set /hooks \
	'{"createRuntime":[{"path":"/bin/sh","args":["sh","-c","head -c 5000000 /dev/zero | tr \"\\\\0\" x; head -c 5000000 /dev/zero | tr \"\\\\0\" y >&2"]}]}'
run
is 'a hook with megabytes of output: fine' "$status" 0
is 'a hook with megabytes of output: the output is not shown' \
	"$(printf %s "$out$err" | wc -c | tr -d ' ')" 0
config_set /hooks \
	'{"createRuntime":[{"path":"/bin/sh","args":["sh","-c","head -c 5000000 /dev/zero | tr \"\\\\0\" x >&2; exit 1"]}]}'
run
is 'a failing hook with megabytes of output: status 1' "$status" 1
ok 'a failing hook with megabytes of output: the error is bounded' \
	test "$(wc -c <"$tmp/err")" -lt 70000

# timeout: the hook and what it started are killed (H-03).
fresh
config_set /hooks \
	"{\"createRuntime\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"sleep 1000 & echo \$! >$log/child; echo \$\$ >$log/self; sleep 1000\"],\"timeout\":1}]}"
LIMIT=20
refused 'a hook beyond its timeout' 'createRuntime.*(timeout|timed out|past)'
unset LIMIT
ok 'a hook beyond its timeout is dead' wait_for gone "$(cat "$log/self")"
# control: runc kills the hook alone.
ok 'what a hook beyond its timeout started is dead' wait_for gone "$(cat "$log/child")"
kill "$(cat "$log/child")" 2>/dev/null
config_set /hooks '{"createRuntime":[{"path":"/bin/true","timeout":5}]}'
run_ok 'a hook within its timeout'
for v in 0 -1; do
	config_set /hooks "{\"createRuntime\":[{\"path\":\"/bin/true\",\"timeout\":$v}]}"
	# control: runc takes them for no timeout, or fails at once.
	refused "a timeout of $v" 'timeout'
done
config_set /hooks '{"createRuntime":[{"path":"bin/true"}]}'
refused 'a relative hook path' 'path|absolute|createRuntime'
config_set /hooks '{"createRuntime":[{"args":["true"]}]}'
refused 'a hook without a path' 'path|createRuntime'

# startContainer fails: the payload does not run.
fresh
config_set /hooks '{"startContainer":[{"path":"/bin/false"}]}'
run
isnt 'startContainer fails: run fails' "$status" 0
nok 'startContainer fails: the payload has not run' test -e "$log/order"
drop "$id"
create
do_runc start "$id"
wait_for status_is "$id" stopped
is 'after create and start the container is stopped' "$(status_of "$id")" stopped
nok 'startContainer fails after start: the payload has not run' test -e "$log/order"
drop "$id"

# poststart fails: error, stopped and destroyed (H-08).
fresh
argv sleep 1000
config_set /hooks \
	"{\"poststart\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo bad luck >&2; exit 1\"]}],
	\"poststop\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo stop >>$log/order\"]}]}"
create
# control: runc 1.1.5 fails here already.
is 'create does not run poststart' "$status" 0
do_runc start "$id"
is 'start fails with poststart' "$status" 1
like 'start fails with poststart: the error has the hook and the reason' \
	"$err" 'poststart.*bad luck'
wait_for status_is "$id" none
is 'start fails with poststart: the container is destroyed' "$(status_of "$id")" none
is 'start fails with poststart: the poststop hook ran' "$(cat "$log/order" 2>/dev/null)" stop
drop "$id"
do_runc run --detach --bundle "$bundle" "$id"
is 'run --detach fails with poststart, and the container is destroyed' \
	"$status:$(status_of "$id")" 1:none
drop "$id"

# poststop fails: a warning, the next runs, the container is deleted (H-09).
fresh
config_set /hooks \
	"{\"poststop\":[{\"path\":\"/bin/false\"},{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",\"echo second >>$log/order\"]}]}"
argv true
create
do_runc delete "$id"
# control: runc stops at the first and fails.
is 'poststop fails: delete succeeds' "$status" 0
like 'poststop fails: delete warns' "$err" 'level=warning.*poststop'
is 'poststop fails: the next hook runs' "$(cat "$log/order" 2>/dev/null)" second
is 'poststop fails: the container is deleted' "$(status_of "$id")" none
drop "$id"
rm -f "$log/order"
run
is 'poststop fails in a foreground run: the status is that of the program' "$status" 0
is 'poststop fails in a foreground run: the next hook ran' "$(cat "$log/order" 2>/dev/null)" second

# A hook runs when the cgroup, its limits and the mounts are there, and before pivot_root (H-05).
fresh
cat >"$tmp/look" <<END
#!/bin/sh
cat >$log/state
p=\$(sed 's/.*"pid": *\([0-9]*\).*/\1/' $log/state)
cat /proc/\$p/cgroup >$log/cg
cat /proc/\$p/mountinfo >$log/mi
END
chmod 755 "$tmp/look"
config_set /hooks "{\"createRuntime\":[{\"path\":\"$tmp/look\"}]}"
run_ok 'a hook that looks at the container'
if cgroups_here; then
	like 'a hook that looks at the container: the container is in its cgroup' \
		"$(cat "$log/cg")" "$mark"
fi
like 'a hook that looks at the container: the mounts are made' \
	"$(cat "$log/mi")" " $rootfs/dev/shm "

# A hook may open its standard input again.
fresh
argv true
for h in createRuntime createContainer; do
	config_set /hooks "{\"$h\":[{\"path\":\"/bin/sh\",
		\"args\":[\"sh\",\"-c\",\"cat /dev/stdin >$tmp/stdin\"]}]}"
	run
	is "$h: /dev/stdin can be opened" "$status $(json_get "$tmp/stdin" /id)" "0 $id" ||
		diag "$err"
done

# A poststart hook runs without the container's lock. If it fails after another command has deleted
# the container, its id may belong to a new one.
for verb in run start; do
	fresh
	argv sleep 1000
	rm -f "$tmp/go" "$tmp/waits"
	config_set /hooks "{\"poststart\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"-c\",
		\"echo >$tmp/waits; until [ -e $tmp/go ]; do sleep 0.05; done; exit 1\"]}]}"
	if [ $verb = run ]; then
		background runc run -d --bundle "$bundle" "$id" 2>"$tmp/first"
	else
		create
		background runc start "$id" 2>"$tmp/first"
	fi
	wait_for test -e "$tmp/waits"
	drop "$id"
	config_del /hooks
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	is "$verb, and a slow poststart hook: its id can be used again" "$status" 0 || diag "$err"
	: >"$tmp/go"
	status=0
	wait "$bg" || status=$?
	like "$verb, a poststart hook that fails late: exit 1, the reason" \
		"$status $(cat "$tmp/first")" '^1 .*poststart'
	is "$verb, a poststart hook that fails late: the new container with that id lives" \
		"$(status_of "$id")" running
	ok "$verb, a poststart hook that fails late: so does its process" alive "$(cat "$tmp/pid")"
	drop "$id"
done

nothing_left
done_testing

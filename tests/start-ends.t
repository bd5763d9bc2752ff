#!/bin/sh
# start-ends.t - a start always ends: profiles that deny what ends it or kill it, signals to a
# runtime that waits for something.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle
config_set /root/readonly false
cp "$bundle/config.json" "$tmp/good.json"
# timeout kills a start that does not end.
: "${LIMIT:=20}"

# profile JSON [ARG...]: this profile.
profile() {
	cp "$tmp/good.json" "$bundle/config.json"
	config_set /linux/seccomp "$1"
	shift
	[ $# = 0 ] || config_set "$@"
}
denies() { # NAME ACTION [NNP]
	profile \
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":$1,\"action\":\"$2\"}]}" \
		/process/noNewPrivileges "${3:-true}"
}
# not_started DESC STATUS PATTERN: what was asked for failed with one sentence, and nothing is left.
not_started() {
	like "$1" "$status $(grep -c -v level=warning "$tmp/err") $err" "^$2 1 .*$3"
	is "$1: nothing is left" "$(status_of "$id") $(processes_left)" 'none '
	drop "$id"
}

if grep -q '^Seccomp:' /proc/self/status; then
	for nnp in true false; do
		profile '{"defaultAction":"SCMP_ACT_ERRNO"}' /process/noNewPrivileges $nnp
		for verb in run 'run -d' create; do
			# shellcheck disable=SC2086
			do_runc $verb --bundle "$bundle" "$id"
			not_started \
				"$verb under a profile that denies everything (noNewPrivileges $nnp)" \
				1 \
				'(the seccomp profile forbids|operation not permitted)'
		done
	done
	for call in execve 'execve","exit_group' 'execve","exit_group","exit' \
		'execve","exit_group","exit","sendmsg","sendto","write' \
		'execve","exit_group","exit","sendmsg","rt_sigprocmask","close'; do
		denies "[\"$call\"]" SCMP_ACT_ERRNO
		run
		like "a profile that denies $(echo "$call" | tr -d '"')" \
			"$status $(error_lines "$tmp/err") $err" \
			'^(1|255) 1 .*(forbids execve|exec /bin/true|exec .*not permitted)'
		is 'and nothing is left of it' "$(status_of "$id") $(processes_left)" 'none '
		drop "$id"
	done

	# Killed before execve is not started.
	for action in SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_TRAP; do
		denies '["execve"]' $action
		for verb in run 'run -d'; do
			# shellcheck disable=SC2086
			do_runc $verb --bundle "$bundle" "$id"
			not_started "$verb under a profile with $action for execve" 1 \
				'killed by SIGSYS .*kills for execve'
		done
	done
	denies '["setresuid"]' SCMP_ACT_KILL false
	run
	not_started 'run under a profile that kills for setresuid' 1 \
		'killed by SIGSYS .*kills for setresuid'
	profile '{"defaultAction":"SCMP_ACT_KILL"}'
	for verb in run 'run -d' create; do
		i=0
		while [ $i -lt 10 ]; do
			i=$((i + 1))
			# shellcheck disable=SC2086
			do_runc $verb --bundle "$bundle" "$id"
			[ "$status" = 1 ] || break
		done
		not_started "$verb under a profile that kills for everything, ten times" 1 \
			'killed by SIGSYS'
	done
	for call in read close; do
		denies "[\"$call\"]" SCMP_ACT_KILL
		i=0
		while [ $i -lt 10 ]; do
			i=$((i + 1))
			create
			[ "$status" = 1 ] || break
		done
		not_started "create under a profile that kills for $call, ten times" 1 \
			"killed by SIGSYS .*kills for $call"
	done
	profile \
		'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["execve"],"action":"SCMP_ACT_KILL"}]}'
	argv sleep 1000
	do_runc create --bundle "$bundle" "$id"
	is 'create under a profile that kills for execve' "$status $(status_of "$id")" \
		'0 created' || diag "$err"
	drop "$id"
	for action in SCMP_ACT_KILL SCMP_ACT_KILL_PROCESS SCMP_ACT_TRAP; do
		for nnp in true false; do
			denies '["execve"]' $action $nnp
			create
			do_runc start "$id"
			like \
				"start under a profile with $action for execve (noNewPrivileges $nnp)" \
				"$status $(error_lines "$tmp/err") $err" \
				'^1 1 .*killed by SIGSYS .*kills for execve'
			is "start, $action, $nnp: it is stopped, and can be deleted" \
				"$(status_of "$id") $(runc delete "$id" 2>&1)" 'stopped '
		done
	done
	denies '["execve"]' SCMP_ACT_ERRNO
	create 2>/dev/null
	do_runc start "$id"
	like 'start under a profile that denies execve' "$status $(error_lines "$tmp/err") $err" \
		'^1 1 .*unable to start container process: .*exec /bin/.*not permitted'
	is 'start under a profile that denies execve: the container is stopped' \
		"$(status_of "$id")" stopped
	drop "$id"
	# A program that has begun was started, however soon it ends.
	profile \
		'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["sched_yield"],"action":"SCMP_ACT_KILL"}]}'
	argv probe call sched_yield
	run
	is 'a program that is killed by its profile: its status' "$status" 159 || diag "$err"
	argv tiny
	i=0
	while [ $i -lt 20 ]; do
		i=$((i + 1))
		run
		[ "$status" = 0 ] || break
	done
	is 'programs that end at once, twenty times' "$status $err" '0 ' || diag "$i"
	i=0
	while [ $i -lt 20 ]; do
		i=$((i + 1))
		create
		do_runc start "$id"
		drop "$id"
		[ "$status" = 0 ] || break
	done
	is 'start of programs that end at once, twenty times' "$status $err" '0 ' || diag "$i"

	# oci-init is under it as well.
	do_runc run --help
	if printf '%s\n' "$out" | grep -q -e --init; then
		denies '["exit_group","exit"]' SCMP_ACT_ERRNO
		# shellcheck disable=SC2016
		argv sh -c 'kill -KILL $$'
		do_runc run --init --bundle "$bundle" "$id"
		# by a trap: SIGILL or SIGTRAP
		like 'oci-init ends with its program where exit_group is denied' "$status $err" \
			'^13[23] $'
		drop "$id"
	else
		skip 'oci-init where exit_group is denied' 'this runtime has no --init'
	fi

	# exec takes the profile of the container.
	denies '["no_such_call"]' SCMP_ACT_KILL
	argv sleep 1000
	runc run -d --bundle "$bundle" "$id" >/dev/null 2>&1
	profile_file=$root/$id/config.json
	json_set "$profile_file" /linux/seccomp \
		'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["execve"],"action":"SCMP_ACT_KILL"}]}'
	do_runc exec "$id" true
	like 'exec under a profile that kills for execve' "$status $(error_lines "$tmp/err") $err" \
		'^255 1 .*the process was killed by SIGSYS .*kills for execve'
	json_set "$profile_file" /linux/seccomp '{"defaultAction":"SCMP_ACT_ERRNO"}'
	do_runc exec "$id" true
	like 'exec under a profile that denies everything' \
		"$status $(error_lines "$tmp/err") $err" '^255 1 .*(forbids|not permitted)'
	is 'exec under a profile that denies everything: only the container lives' \
		"$(processes_left | wc -l | tr -d ' ')" 1
	drop "$id"
else
	skip 'profiles that deny what ends a start' 'this kernel has no seccomp'
fi
cp "$tmp/good.json" "$bundle/config.json"

# ---- start, and an init that dies on its way to the program ----

argv sleep 1000
config_set /hooks '{"startContainer":[{"path":"/bin/false"}]}'
create
do_runc start "$id"
like 'start, and a startContainer hook that fails: the reason' \
	"$status $(error_lines "$tmp/err") $err" \
	'^1 1 .*unable to start container process: .*error running startContainer hook #0: '
is 'a startContainer hook that fails: it is stopped' "$(status_of "$id")" stopped
drop "$id"
printf '#!/bin/sh\necho >/tmp/hangs\nread line </tmp/fifo\n' >"$rootfs/bin/hanging"
chmod 755 "$rootfs/bin/hanging"
mkfifo "$rootfs/tmp/fifo"
config_set /hooks '{"startContainer":[{"path":"/bin/hanging"}],"poststart":[{"path":"/bin/false"}]}'
create --pid-file "$tmp/pid"
background runc start "$id" 2>"$tmp/err"
wait_for test -e "$rootfs/tmp/hangs"
is 'while a startContainer hook runs it is created' "$(status_of "$id")" created
kill -KILL "$(cat "$tmp/pid")"
status=0
wait "$bg" || status=$?
# The reason is not known if the parent of init has waited for it already.
like 'start, and an init that is killed in a startContainer hook' \
	"$status $(error_lines "$tmp/err") $(cat "$tmp/err")" \
	'^1 1 .*container init (was killed by signal 9|died) before its program ran'
is 'an init that is killed in a hook: it is stopped' "$(status_of "$id")" stopped
drop "$id"

# delete --force does not wait for a start that hangs: it ends it.
rm -f "$rootfs/tmp/hangs"
create
background runc start "$id" 2>"$tmp/first"
wait_for test -e "$rootfs/tmp/hangs"
LIMIT=40 do_runc delete "$id"
like 'delete while start hangs: it says which process has the lock' \
	"$status $(error_lines "$tmp/err") $err" \
	"^1 1 .*container $id is locked.*it is process [0-9]+"
is 'delete while start hangs: nothing has happened' "$(status_of "$id")" created
do_runc delete --force "$id"
is 'delete --force while start hangs' "$status $err $(status_of "$id")" '0  none'
status=0
wait "$bg" || status=$?
is 'delete --force while start hangs: start ends with 1' "$status" 1
cp "$tmp/good.json" "$bundle/config.json"

# ---- /proc of another pid namespace ----

argv sleep 1000
if unshare -pf true 2>/dev/null; then
	for verb in 'run -d' create; do
		status=0
		# The mark is not for timeout, as in lib.sh.
		# shellcheck disable=SC2086
		timeout -s KILL 20 env OCI_TEST_MARK="$mark" unshare -pf "$RUNC" --root "$root" \
			$verb --bundle "$bundle" "$id" </dev/null >"$tmp/out" 2>"$tmp/err" ||
			status=$?
		err=$(cat "$tmp/err")
		not_started "$verb, and /proc of another pid namespace" 1 \
			'/proc belongs to another pid namespace'
		sweep
	done
else
	skip '/proc of another pid namespace' 'no unshare -p here'
fi

# ---- signals ----

# begin ARG...: the runtime in the background, without the ignored INT and QUIT that a shell gives
# to a background job.
default_signals
begin() {
	rm -f "$tmp/hangs"
	# shellcheck disable=SC2086
	background ${default:-env} OCI_TEST_MARK="$mark" "$RUNC" --root "$root" "$@" </dev/null \
		>"$tmp/out" 2>"$tmp/err"
}
# ended DESC SIGNAL STATUS: the runtime waits for what hangs; the signal ends it, with one sentence.
ended() {
	wait_for test -e "$tmp/hangs"
	kill -"$2" "$bg"
	eventually gone "$bg" || kill -KILL "$bg"
	status=0
	wait "$bg" || status=$?
	# A warning may stand above it: on v1 a frozen process does not end.
	like "$1: SIG$2 ends it" \
		"$status $(error_lines "$tmp/err") $(grep -v level=warning "$tmp/err")" \
		"^$3 1 .*ended by SIG$2 before it was started"
}
hanging=$tmp/hanging
printf '#!/bin/sh\necho >%s/hangs\nread line <%s/fifo\n' "$tmp" "$tmp" >"$hanging"
chmod 755 "$hanging"
mkfifo "$tmp/fifo"
argv sleep 1000
hook() { config_set /hooks "{\"$1\":[{\"path\":\"$hanging\",\"env\":[\"OCI_TEST_MARK=$mark\"]}]}"; }
for sig in TERM HUP INT QUIT; do
	case $sig in
	INT | QUIT) [ -n "$default" ] || continue ;;
	esac
	hook createRuntime
	begin run --bundle "$bundle" "$id"
	ended 'run, and a hook that waits for a FIFO' $sig 1
	nothing_left "SIG$sig: nothing is left" || sweep
done
for verb in 'run -d' create; do
	for h in prestart createRuntime createContainer; do
		hook $h
		# shellcheck disable=SC2086
		begin $verb --bundle "$bundle" "$id"
		ended "$verb, and a $h hook that waits for a FIFO" TERM 1
		nothing_left "$verb, a $h hook: nothing is left" || sweep
	done
done
# A file system that answers no more.
cp "$tmp/good.json" "$bundle/config.json"
argv sleep 1000
mkdir "$tmp/gone-server"
config_set /mounts/- "{\"destination\":\"/mnt\",\"type\":\"bind\",
	\"source\":\"$tmp/gone-server/x\",\"options\":[\"bind\"]}"
for verb in 'run -d' create; do
	if dead "$tmp/gone-server"; then
		server=$bg
		# shellcheck disable=SC2086
		begin $verb --bundle "$bundle" "$id"
		wait_for stalled "$bg"
		: >"$tmp/hangs"
		ended "$verb, and a bind of a file system that is dead" TERM 1
		kill -KILL "$server"
		wait_for umount "$tmp/gone-server"
		nothing_left "$verb, a dead file system: nothing is left" || sweep
	else
		skip "$verb, and a bind of a file system that is dead" 'no autofs here'
	fi
done
cp "$tmp/good.json" "$bundle/config.json"
argv sleep 1000
hook poststart
begin run --bundle "$bundle" "$id"
ended 'run, and a poststart hook that waits for a FIFO' TERM 1
nothing_left 'a poststart hook: nothing is left' || sweep
# Here a hook would outlive its container: without a pid namespace, and without a cgroup.
hook createContainer
config_set /linux/namespaces '[{"type":"mount"},{"type":"ipc"},{"type":"uts"}]'
begin --cgroup-manager disabled run --bundle "$bundle" "$id"
ended 'without a pid namespace and a cgroup' TERM 1
nothing_left 'without a pid namespace and a cgroup: nothing is left' || sweep
# SIGKILL, which the runtime cannot see: init dies with it, whatever it does, and its hook with
# init. Becoming root of a user namespace resets PR_SET_PDEATHSIG.
mkdir -m 777 "$tmp/open"
printf '#!/bin/sh\necho >%s/hangs\nread line <%s/fifo\n' "$tmp/open" "$tmp" >"$tmp/held"
chmod 755 "$tmp/held"
nobody_left() { [ -z "$(processes_left)" ]; }
for user in '' user; do
	cp "$tmp/good.json" "$bundle/config.json"
	if [ -n "$user" ]; then
		chown -hR 100000:100000 "$rootfs"
		config_set /linux/namespaces/- '{"type":"user"}' \
			/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
			/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
	fi
	hanging=$tmp/held
	hook createContainer
	rm -f "$tmp/open/hangs"
	begin run --bundle "$bundle" "$id"
	wait_for test -e "$tmp/open/hangs"
	kill -KILL "$bg"
	where="a createContainer hook${user:+, in a user namespace}"
	ok "a runtime that is killed in $where: init dies" wait_for nobody_left
	drop "$id"
	nothing_left "a runtime that is killed in $where: nothing is left" || sweep
done
hanging=$tmp/hanging
chown -hR 0:0 "$rootfs"
# The caller ignores HUP (nohup): so do we.
cp "$tmp/good.json" "$bundle/config.json"
argv true
rm "$tmp/fifo"
mkfifo "$tmp/fifo"
hook createRuntime
rm -f "$tmp/hangs"
(
	trap '' HUP
	exec env OCI_TEST_MARK="$mark" "$RUNC" --root "$root" run --bundle "$bundle" "$id" \
		</dev/null >"$tmp/out" 2>"$tmp/err"
) &
bg=$!
bg_all="$bg_all $bg"
ok 'HUP is ignored by the caller: it hangs' wait_for test -e "$tmp/hangs"
kill -HUP "$bg"
echo go >"$tmp/fifo"
status=0
wait "$bg" || status=$?
is 'HUP is ignored by the caller: the start goes on' "$status $(cat "$tmp/err")" '0 '

# A process that enters a frozen container waits until it is thawed. On v1 it does not even die
# before that.
cp "$tmp/good.json" "$bundle/config.json"
argv sleep 1000
runc run -d --bundle "$bundle" "$id" >/dev/null 2>&1
if runc pause "$id" 2>/dev/null; then
	begin exec --ignore-paused "$id" true
	procs_are() { [ "$(processes_left | wc -l)" -eq "$1" ]; }
	ok 'exec into a paused one: init, the runtime, and what it has cloned' wait_for procs_are 3
	: >"$tmp/hangs"
	ended 'exec, and a container that is paused' TERM 255
	runc resume "$id"
	ok 'exec into a paused container, ended: no process of it is left' wait_for procs_are 1
else
	skip 'exec, and a container that is paused' 'containers cannot be paused here'
fi
drop "$id"

nothing_left
done_testing

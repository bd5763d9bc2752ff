#!/bin/sh
# contract.t - how engines call a runtime, in their order and with their options.
# SPDX-License-Identifier: MIT
#
# scripts/engines runs the engines themselves. This file tests what they rely on, so that a failure
# is named.
. "$(dirname "$0")/lib.sh"
need_root
! few_files || skip_all "$why"
bundle
config_set /root/readonly false
log=$bundle/log.json
cat >"$tmp/process.json" <<END
{"terminal":false,"user":{"uid":0,"gid":0,"additionalGids":[0,10]},"args":["sh","-c","echo from exec; exit 7"],
 "env":["PATH=/bin","OCI_TEST_MARK=$mark"],"cwd":"/","capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"]},
 "rlimits":[{"type":"RLIMIT_NOFILE","hard":1024,"soft":1024}],"noNewPrivileges":true}
END

# as_shim: a subreaper that calls the runtime, as the containerd shim: no terminal, nothing in the
# environment.
as_shim() {
	timeout -s KILL 60 env -i OCI_TEST_MARK="$mark" RUNC="$RUNC" root="$root" id="$id" \
		bundle="$bundle" log="$log" tmp="$tmp" \
		"$HELPERS/probe" reaper /bin/sh -c "$1" </dev/null >"$tmp/shim" 2>&1
	out=$(cat "$tmp/shim")
}

# ---- containerd (N-01 to N-03) ----

script <<'END'
trap 'exit 9' TERM
echo up
while :; do sleep 0.05; done
END
# shellcheck disable=SC2016
as_shim '
	r="$RUNC --root $root --log $log --log-format json"
	$r create --bundle "$bundle" --pid-file "$bundle/init.pid" "$id" || echo "create $?"
	ls -l "$bundle/init.pid" >/dev/null || echo no pid file
	$r start "$id" || echo "start $?"
	$r exec --process "$tmp/process.json" --pid-file "$tmp/exec.pid" --detach "$id" ||
		echo "exec $?"
	echo "pids $($r ps --format json "$id" | tr -d 0-9)"
	! grep -q " - cgroup" /proc/self/mountinfo ||
		printf {} | $r update --resources - "$id" || echo "update $?"
	i=0
	while ! $r kill "$id" 15 || sleep 0.2; do
		i=$((i + 1))
		[ $i -lt 50 ] || break
		$r state "$id" | grep -q stopped && break
	done
	$r kill --all "$id" 9 || echo "kill --all $?"
	$r delete "$id" || echo "delete $?"'
is 'a shim: both processes are its own at the end, with their exit status' \
	"$(grep -E '^(adopted|command)' "$tmp/shim" | sort |
	tr '\n' ' ')" 'adopted 7 adopted 9 command 0 ' || diag "$out"
is 'a shim: no call has failed' \
	"$(grep -vE '^(adopted|command|up|from exec|pids)' "$tmp/shim")" ''
like 'ps: an array' "$out" '^pids \[,*\]$'
is 'an exec of theirs writes to what it was given' "$(grep -c 'from exec' "$tmp/shim")" 1
is 'the log has no error' "$(grep -c '"level":"error"' "$log")" 0
nothing_left "nothing is left of the shim's container"

# Its message is the last error of the log; every line is an object (N-02).
config_set /process/capabilities/bounding '["CAP_NOPE"]' /process/args '["/no/such"]'
rm -f "$log"
do_runc --log "$log" --log-format json create --bundle "$bundle" "$id"
is 'a create that fails exits with 1' "$status" 1
like 'the last line of the log is the error' "$(tail -n 1 "$log")" \
	'^\{"level":"error","msg":".*no such file or directory.*","time":"[0-9T:.+Z-]+"\}$'
is 'warnings are not errors; each line is an object' \
	"$(grep -c '"level":"error"' "$log") $(grep \
	-vc '^{"level":"[a-z]*","msg":".*","time":"[^"]*"}$' "$log")" '1 0'
config_set /process/capabilities/bounding '["CAP_KILL"]'

# ---- conmon and podman (N-04, N-05, N-10) ----

script <<'END'
echo to stdout
echo to stderr >&2
END
for s in out err; do
	mkfifo "$tmp/pipe.$s"
	cat "$tmp/pipe.$s" >"$tmp/got.$s" &
	eval "reader_$s=$!"
	bg_all="$bg_all $!"
done
OCI_TEST_MARK=$mark "$RUNC" --root "$root" create --bundle "$bundle" --pid-file "$tmp/pidfile" \
	"$id" </dev/null >"$tmp/pipe.out" 2>"$tmp/pipe.err"
is 'conmon: create with pipes; the pid file is there with exit 0' "$? $(cat "$tmp/pidfile")" \
	"0 $(pid_of "$id")"
runc start "$id"
# shellcheck disable=SC2154
ok 'the pipes end with the container, nothing else holds them' wait_for gone "$reader_out"
# shellcheck disable=SC2154
ok 'conmon: its pipe for errors ends with the container too' wait_for gone "$reader_err"
is 'conmon: the pipes carry the output of the container alone' \
	"$(cat "$tmp/got.out" "$tmp/got.err")" 'to stdout
to stderr'
wait_for status_is "$id" stopped
do_runc delete --force "$id"
is 'podman: delete --force of a stopped one' "$status$out$err" 0
argv sleep 1000
create
runc start "$id"
if cgroups_here; then
	printf '{"pids":{"limit":77}}' >"$tmp/res.json"
	do_runc update --resources="$tmp/res.json" "$id"
	is 'podman: update --resources=FILE' "$status" 0 || diag "$err"
else
	skip 'podman: update --resources=FILE' 'no cgroups here'
fi
do_runc kill "$id" 9
wait_for status_is "$id" stopped
do_runc kill "$id" 9
like 'podman: kill of what has just died' "$status $err" '^1 .*container not running'
drop "$id"

# ---- CRI-O (N-06): of the environment nothing but XDG_RUNTIME_DIR ----

argv sleep 1000
bare() {
	timeout -s KILL 60 env -i XDG_RUNTIME_DIR="$tmp" "$RUNC" --root="$root" "$@" </dev/null \
		>"$tmp/out" 2>"$tmp/err"
}
bare create --bundle "$bundle" "$id"
is 'CRI-O: create without PATH' "$?" 0 || diag "$(cat "$tmp/err")"
bare start "$id"
bare exec --process "$tmp/process.json" "$id"
is 'CRI-O: exec without PATH' "$? $(cat "$tmp/out")" '7 from exec'
bare ps "$id"
is 'CRI-O: ps without PATH' "$?" 0 || diag "$(cat "$tmp/err")"
bare delete --force "$id"
is 'CRI-O: delete without PATH' "$? $(status_of "$id")" '0 none'

# ---- buildkit (N-07): in the foreground, kept, watched by another process ----

script <<'END'
trap 'exit 4' TERM
while :; do sleep 0.05; done
END
OCI_TEST_MARK=$mark setsid "$RUNC" --root "$root" --log "$log" --log-format json run \
	--bundle "$bundle" --keep --pid-file "$tmp/pid" "$id" \
	</dev/null >"$tmp/out" 2>&1 &
run=$!
bg_all="$bg_all $run"
ok 'buildkit: state says running' wait_for status_is "$id" running
state "$id"
printf '%s' "$out" >"$tmp/told"
ok 'buildkit: state has the path of config.json' \
	test -s "$(json_get "$tmp/told" /bundle)/config.json"
is 'buildkit: state has the pid of the pid file' "$(json_get "$tmp/told" /pid)" "$(cat "$tmp/pid")"
status=0
OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec --process "$tmp/process.json" \
	--pid-file "$tmp/exec.pid" "$id" </dev/null >"$tmp/exec.out" 2>&1 || status=$?
is 'buildkit: exec in the foreground' "$status $(cat "$tmp/exec.out")" '7 from exec'
ok 'buildkit: exec leaves its pid file' test -s "$tmp/exec.pid"
do_runc kill "$id" TERM
status=0
wait $run || status=$?
is 'buildkit: the status of the container' "$status" 4
is 'buildkit: --keep leaves it stopped' "$(status_of "$id")" stopped
do_runc delete "$id"
is 'buildkit: delete' "$status" 0

# ---- the end of a foreground container is the end of its init (K-11) ----

config_set /linux/namespaces '[{"type":"ipc"},{"type":"uts"},{"type":"mount"},{"type":"network"}]'
argv sh -c 'sleep 1003 & exit 3'
if cgroups_here; then
	run
	# control: crun waits for the orphan, which is its child now.
	is 'an orphan does not hold run up' "$status" 3
	nothing_left 'an orphan does not outlive the container'
else
	skip 'an orphan of a shared pid namespace' 'no cgroups here'
fi

nothing_left
done_testing

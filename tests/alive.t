#!/bin/sh
# alive.t - what counts as alive: processes that /proc hides, that have lost their first thread,
# that are dying.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

# ---- hidden from /proc (proc(5), hidepid) ----

# What an ordinary user has made is hidden from him until the program runs.
if helper as && "$HELPERS/as" 54321 54321 unshare -U true 2>/dev/null; then
	(
		mount -t proc -o hidepid=2 proc /proc || exit 0
		user=54321
		home=$tmp/home
		mkdir -p "$home/tmp" "$tmp/bin"
		root=$home/state
		RUNC_AS=$tmp/bin/${RUNC##*/}
		cp "$RUNC" "$RUNC_AS"
		chmod 755 "$RUNC_AS"
		runc() {
			OCI_TEST_MARK=$mark TMPDIR=$home/tmp XDG_RUNTIME_DIR=$home/run HOME=$home \
				"$HELPERS/as" $user $user timeout -s KILL 60 "$RUNC_AS" \
				--root "$root" "$@" </dev/null
		}
		bundle hidden
		config_rootless $user
		argv sleep 1000
		chown -R $user:$user "$home" "$bundle"
		create --pid-file "$home/pid"
		echo "create=$status"
		echo "created=$(status_of "$id")"
		do_runc list
		echo "listed=$(echo "$out" | grep -c ' created ')"
		do_runc start "$id"
		echo "start=$status:$err"
		echo "started=$(status_of "$id")"
		do_runc exec "$id" echo inside
		echo "exec=$status:$out:$err"
		do_runc delete "$id"
		echo "delete=$status"
		runc kill "$id" KILL
		wait_for status_is "$id" stopped
		echo "killed=$(status_of "$id")"
		do_runc delete "$id"
		echo "deleted=$status"
		create --pid-file "$home/pid"
		cp "$root/$id/state.json" "$tmp/saved"
		sed "s/\(\"init_process_pid\":\)[0-9]*/\1$$/" "$tmp/saved" >"$root/$id/state.json"
		echo "stranger=$(status_of "$id")"
		cat "$tmp/saved" >"$root/$id/state.json"
		do_runc kill "$id" KILL
		echo "kill=$status"
		wait_for status_is "$id" stopped
		do_runc delete "$id"
		echo "gone=$status"
		create
		do_runc delete --force "$id"
		echo "force=$status"
		# Init is hidden from the start where it joins a pid namespace.
		do_runc run -d --bundle "$bundle" --pid-file "$home/pid" "$id"
		outer=$(cat "$home/pid")
		bundle inner
		json_del "$bundle/config.json" /linux/resources
		config_set /linux/namespaces "[{\"type\":\"pid\",\"path\":\"/proc/$outer/ns/pid\"},
				{\"type\":\"user\",\"path\":\"/proc/$outer/ns/user\"},{\"type\":\"ipc\"},{\"type\":\"uts\"},{\"type\":\"mount\"}]" \
			/mounts/2/options \
			'["nosuid","noexec","newinstance","ptmxmode=0666","mode=0620"]' \
			/mounts/5 \
			'{"destination":"/sys","type":"none","source":"/sys","options":["rbind","nosuid","noexec","nodev","ro"]}'
		argv sleep 1001
		chown -R $user:$user "$bundle"
		do_runc create --bundle "$bundle" "$id-2"
		echo "inner-create=$status:$err:$(status_of "$id-2")"
		do_runc start "$id-2"
		echo "inner-start=$status:$err:$(status_of "$id-2")"
		do_runc exec "$id-2" echo inside
		echo "inner-exec=$status:$out:$err"
		do_runc delete "$id-2"
		echo "inner-delete=$status"
		sed "s/\(\"init_process_pid\":\)[0-9]*/\1$outer/" "$root/$id-2/state.json" \
			>"$tmp/other"
		cp "$root/$id-2/state.json" "$tmp/saved"
		cat "$tmp/other" >"$root/$id-2/state.json"
		echo "inner-stranger=$(status_of "$id-2")"
		cat "$tmp/saved" >"$root/$id-2/state.json"
		do_runc kill "$id-2" KILL
		wait_for status_is "$id-2" stopped
		do_runc delete "$id-2"
		echo "inner-killed=$status:$err"
		do_runc create --bundle "$bundle" "$id-2"
		cp "$root/$id-2/state.json" "$tmp/saved"
		do_runc kill "$id-2" KILL
		wait_for status_is "$id-2" stopped
		sed "s/\(\"init_process_pid\":\)[0-9]*/\1$outer/" "$tmp/saved" \
			>"$root/$id-2/state.json"
		echo "inner-reused=$(status_of "$id-2")"
		cat "$tmp/saved" >"$root/$id-2/state.json"
		do_runc delete "$id-2"
		echo "inner-gone=$status:$err"
		do_runc run -d --bundle "$bundle" "$id-2"
		echo "inner-run=$status:$err:$(status_of "$id-2")"
		do_runc delete --force "$id-2"
		echo "inner-force=$status:$err"
		do_runc delete --force "$id"
		umount /proc
	) >"$tmp/said"
	said() { sed -n "s/^$1=//p" "$tmp/said"; }
	if [ -s "$tmp/said" ]; then
		is 'hidden: create' "$(said create)" 0
		is 'hidden: a created one is created' "$(said created)" created
		is 'hidden: list shows a created one' "$(said listed)" 1
		is 'hidden: start' "$(said start)" 0:
		is 'hidden: a started one is running' "$(said started)" running
		is 'hidden: exec' "$(said exec)" 0:inside:
		is 'hidden: delete of a running one is refused' "$(said delete)" 1
		is 'hidden: killed, it is stopped' "$(said killed)" stopped
		is 'hidden: delete of a stopped one' "$(said deleted)" 0
		is 'hidden: a container whose pid another process has is stopped' \
			"$(said stranger)" stopped
		is 'hidden: kill of a created one' "$(said kill)" 0
		is 'hidden: a created one that was killed can be deleted' "$(said gone)" 0
		is 'hidden: delete --force of a created one' "$(said force)" 0
		is 'hidden, in a pid namespace by path: create' "$(said inner-create)" 0::created
		is 'hidden, in a pid namespace by path: start' "$(said inner-start)" 0::running
		is 'hidden, in a pid namespace by path: exec' "$(said inner-exec)" 0:inside:
		is 'hidden, in a pid namespace by path: delete of a running one is refused' \
			"$(said inner-delete)" 1
		is \
			'hidden, in a pid namespace by path: a container whose pid another process has is stopped' \
			"$(said inner-stranger)" stopped
		is 'hidden, in a pid namespace by path: kill and delete' "$(said inner-killed)" 0:
		is \
			'hidden, in a pid namespace by path: killed before start, its number used again' \
			"$(said inner-reused)" stopped
		is 'hidden, in a pid namespace by path: delete of that' "$(said inner-gone)" 0:
		is 'hidden, in a pid namespace by path: run -d' "$(said inner-run)" 0::running
		is 'hidden, in a pid namespace by path: delete --force' "$(said inner-force)" 0:
	else
		skip 'hidden from /proc' 'no /proc with hidepid can be mounted here'
	fi
else
	skip 'hidden from /proc' 'an ordinary user may not make a user namespace here'
fi

# ---- without its first thread ----

bundle
argv probe headless
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id" >"$tmp/headless"
pid=$(cat "$tmp/pid")
wait_for has_line "/proc/$pid/status" '^State:.Z'
is 'a container whose first thread has ended is running' "$(status_of "$id")" running
do_runc list
like 'list says so too' "$out" " $pid +running "
do_runc exec "$id" echo inside
is 'exec in a container whose first thread has ended' "$status:$out:$err" 0:inside:
do_runc ps "$id"
is 'ps of a container whose first thread has ended' "$status:$err" 0:
do_runc delete "$id"
like 'delete of a container whose first thread has ended is refused' \
	"$status $err" '^1 .*not stopped: running'
do_runc pause "$id"
case $status:$err in
*'no freezer'* | *'no cgroup'*) skip 'pause and resume' 'no freezer here' ;;
*)
	is 'pause' "$status:$err:$(status_of "$id")" 0::paused
	do_runc resume "$id"
	is 'resume' "$status:$err:$(status_of "$id")" 0::running
	;;
esac
do_runc kill "$id" KILL
is 'kill' "$status:$err" 0:
wait_for status_is "$id" stopped
is 'killed, it is stopped' "$(status_of "$id")" stopped
do_runc delete "$id"
is 'a killed container whose first thread had ended can be deleted' "$status:$err" 0:
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id" >"$tmp/headless"
wait_for has_line "/proc/$(cat "$tmp/pid")/status" '^State:.Z'
do_runc delete --force "$id"
is 'delete --force' "$status:$err" 0:
threads() { find "/proc/$(cat "$tmp/pid")/task" -mindepth 1 -maxdepth 1 2>/dev/null | wc -l; }
ok 'delete --force leaves no thread but the dead one' test "$(threads)" -le 1
sweep
id=$mark-dying	# an old runtime may still have the other one

# ---- killed, and not dead yet ----

# Init waits for the other processes of its pid namespace, and a v1 freezer holds those.
freezer=$(sed -n 's/^[^ ]* [^ ]* [^ ]* [^ ]* \([^ ]*\) .* - cgroup [^ ]* .*freezer.*/\1/p' \
	/proc/self/mountinfo | head -n 1)
bundle
argv sh -c 'sleep 1000 & echo; read line </tmp/go'
mkfifo "$rootfs/tmp/go"
# waits: true when delete sleeps, which it does only to wait, or when it has ended.
waits() {
	! alive "$bg" || for p in $(processes_left); do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -q "^$RUNC .*delete" &&
			grep -q '^State:.S' "/proc/$p/status" && return
	done
}
child_of() { child=$(cat "/proc/$pid/task/$pid/children") && [ -n "$child" ]; }
ending() { [ $(($(sed 's/.*) . //' "/proc/$pid/stat" | cut -d ' ' -f 6) & 4)) = 4 ]; }
if [ -n "$freezer" ] && [ -w "$freezer/cgroup.procs" ]; then
	for how in 'was killed' 'has exited'; do
		do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
		pid=$(cat "$tmp/pid")
		wait_for child_of
		child=${child% }
		mkdir "$freezer/$id-held"
		echo "$child" >"$freezer/$id-held/cgroup.procs"
		echo FROZEN >"$freezer/$id-held/freezer.state"
		case $how in
		*killed) runc kill "$id" KILL ;;
		*) echo >"$rootfs/tmp/go" ;;
		esac
		wait_for ending
		background runc delete "$id" 2>"$tmp/err"
		wait_for waits
		echo THAWED >"$freezer/$id-held/freezer.state"
		wait "$bg"
		is "delete waits for an init that $how and cannot end yet" \
			"$?:$(cat "$tmp/err")" 0:
		ok "$how: until it has ended" gone "$pid"
		wait_for rmdir "$freezer/$id-held"
		drop "$id"
	done
else
	skip 'delete waits for an init that was killed' 'no v1 freezer here'
fi

# A debugger holds a killed process before it gives anything up, and no cgroup shows that.
# held_init: a container whose init has been killed, and a hold of it in $bg that ends with it.
held_init() {
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	pid=$(cat "$tmp/pid")
	background "$HELPERS/hold" "$pid" >"$tmp/hold"
	holder=$bg
	wait_for has_line "$tmp/hold" holding
	runc kill "$id" KILL
	wait_for has_line "$tmp/hold" dying
}
let_go() {
	kill "$holder"
	wait "$holder" 2>/dev/null
}
argv sleep 1000
# With so many groups the pending signals are not on the first page of /proc/PID/status.
config_set /process/user/additionalGids "[$(seq -s , 100000 100899)]"
if helper hold && "$HELPERS/hold"; then
	held_init
	is 'killed and held, it is running' "$(status_of "$id")" running
	background runc delete "$id" 2>"$tmp/err"
	wait_for waits
	let_go
	wait "$bg"
	is 'delete waits for an init that was killed and is held' "$?:$(cat "$tmp/err")" 0:
	ok 'held and let go, it has ended' gone "$pid"
	drop "$id"

	for verb in delete 'delete --force'; do
		held_init
		# shellcheck disable=SC2086
		do_runc $verb "$id"
		like "$verb of one that is never let go is refused in the end" \
			"$status $(error_lines "$tmp/err") $err" \
			"^1 1 .*still running: process $pid"
		is "$verb of one that is never let go removes nothing" \
			"$(status_of "$id") $(states_left)" "running $id"
		let_go
		# shellcheck disable=SC2086
		do_runc $verb "$id"
		is "$verb once more when it is let go" "$status:$err" 0:
		drop "$id"
	done
else
	skip 'delete waits for an init that is held by a debugger' 'ptrace is not allowed here'
fi

# SIGKILL is pending for as long as a v1 freezer holds init.
do_runc run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
if runc pause "$id" 2>/dev/null; then
	kill -KILL "$(cat "$tmp/pid")"
	do_runc delete "$id"
	is 'paused, and killed by another process: delete' "$status:$err" 0:
else
	skip 'paused, and killed by another process: delete' 'containers cannot be paused here'
fi
drop "$id"

nothing_left
done_testing

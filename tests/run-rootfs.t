#!/bin/sh
# run-rootfs.t - `run --rootfs`, `--print`, `--overlay`, `--init`: a container without a bundle, and
# additions to one with.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
! few_files || skip_all "$why"
bundle
r=$rootfs

# from ARG...: run --rootfs of the bundle's root filesystem, without its config.json.
from() { do_runc run --rootfs "$r" --env "OCI_TEST_MARK=$mark" "$@"; }

from -- sh -c 'echo inside; exit 7'
is 'the command after --, and its status' "$out $status" 'inside 7'
is 'without ID nothing is printed' "$err" ''
is 'without ID the container is deleted' "$(states_left)" ''
from "$id" -- hostname
is 'with an ID' "$out $status" 'runc 0'
from --ro -- touch /new
is '--ro' "$status" 1
from -- touch /new
ok 'without --ro the root filesystem is written' test -e "$r/new"
rm -f "$r/new"
from --env A=b --cwd /tmp --user 1000:1000 --hostname box \
	-- sh -c 'echo $A $(pwd) $(id -u):$(id -g) $(hostname)'
is 'env, cwd, user, hostname' "$out" 'b /tmp 1000:1000 box'
mkdir "$tmp/vol"
echo there >"$tmp/vol/file"
from --mount "$tmp/vol:/vol:ro" -- sh -c 'cat /vol/file; touch /vol/x 2>/dev/null || echo ro'
is '--mount' "$out" 'there
ro'
rmdir "$r/vol"
from -- sh -c 'ls /sys/class/net'
is '--net none is the default: lo alone' "$out" lo
from -- sh -c 'wc -c </proc/interrupts; ls -A /sys/devices/virtual/powercap 2>/dev/null | wc -l'
is 'what engines mask is masked' "$(echo "$out" | tr '\n' ' ')" '0 0 '
from --net host -- readlink /proc/self/ns/net
is '--net host' "$out" "$(readlink /proc/self/ns/net)"
if cgroups_here; then
	do_runc run -d --rootfs "$r" --env "OCI_TEST_MARK=$mark" --mem 32M --pids 64 --cpus 0.5 \
		"$id" -- sleep 1000
	is 'detached' "$status $(status_of "$id")" '0 running'
	runc state "$id" >"$tmp/s"
	is 'the bundle is the directory that holds the root' "$(json_get "$tmp/s" /bundle)" \
		"$bundle"
	for c in $(cgroups_left); do
		cat "$c/memory.limit_in_bytes" "$c/memory.max" "$c/pids.max" "$c/cpu.cfs_quota_us" \
			"$c/cpu.max" 2>/dev/null
	done | sort -u >"$tmp/limits"
	for want in 33554432 64 50000; do
		ok "limit of $want" grep -q "^$want" "$tmp/limits"
	done
	do_runc exec "$id" echo in
	is 'exec reads the saved config' "$out" in
	drop "$id"
else
	skip 'limits' 'no cgroups here'
fi

from --print -- sh -c 'echo x' >/dev/null
printf '%s' "$out" >"$tmp/printed.json"
is '--print: the command' "$(json_get "$tmp/printed.json" /process/args)" '["sh","-c","echo x"]'
is '--print: runs nothing' "$(states_left)" ''
[ ! -x "$OCI_SPEC" ] || is '--print: a config without faults' \
	"$("$OCI_SPEC" check "$tmp/printed.json")" ''
mv "$bundle/config.json" "$tmp/saved.json"
cp "$tmp/printed.json" "$bundle/config.json"
run
is '--print: it is a bundle'"'"'s config.json' "$out" x
mv "$tmp/saved.json" "$bundle/config.json"

# wrong DESC PATTERN ARG...: one line, nothing left.
wrong() {
	_d=$1 _p=$2
	shift 2
	do_runc run "$@"
	like "$_d" "$status $(error_lines "$tmp/err") $err" "^1 1 .*$_p"
	is "$_d: nothing left" "$(states_left)" ''
}
for v in 0 -1 1x 32Q '' 99999999999999999999; do
	wrong "--mem '$v'" 'flag -mem: must be a size' --rootfs "$r" "--mem=$v" -- true
done
for v in 0 -1 0.001 1. .5 1.0000001 1e3 abc; do
	wrong "--cpus $v" 'flag -cpus: must be a number' --rootfs "$r" "--cpus=$v" -- true
done
# run --rootfs has the options of update; the older names stay.
do_runc run --rootfs "$r" --memory 32M --pids-limit 64 --cpus 0.5 --print -- true
printf '%s' "$out" >"$tmp/words.json"
do_runc run --rootfs "$r" -m 32M --pids 64 --cpus 0.5 --print -- true
is '--memory and --pids-limit are --mem and --pids' "$out" "$(cat "$tmp/words.json")"
is '--memory and --pids-limit set the limits' \
	"$(json_get "$tmp/words.json" /linux/resources/memory/limit) $(
	json_get "$tmp/words.json" /linux/resources/pids/limit)" '33554432 64'
wrong '--pids 0' 'flag -pids' --rootfs "$r" --pids 0 -- true
wrong '--net bridge' 'none or host' --rootfs "$r" --net bridge -- true
wrong '--env without =' 'KEY=VALUE' --rootfs "$r" --env A -- true
wrong '--mount without a destination' 'DESTINATION' --rootfs "$r" --mount /etc -- true
wrong '--user by name' 'bad uid' --rootfs "$r" --user root -- true
wrong 'a command without --' 'stands after --' --rootfs "$r" "$id" true
wrong 'a program where the ID stands' 'ls.*" stands where .* -- ls' --rootfs "$r" ls
wrong 'a path where the ID stands' '/bin/ls.*" stands where .* -- /bin/ls' --rootfs "$r" /bin/ls
wrong 'a path where the ID stands, and arguments after --' './ls.*" stands where' --rootfs "$r" \
	./ls -- -l
do_runc run --rootfs "$r" --env "OCI_TEST_MARK=$mark" ls -- echo named
is 'a command name as ID, with a command after --, is an ID' "$status $out" '0 named' || diag "$err"
wrong 'a directory that is not there' 'no such file' --rootfs "$r/nope" -- true
wrong '--bundle beside --rootfs' 'takes the place of a bundle' --rootfs "$r" --bundle "$bundle" \
	-- true
wrong '--memory without --rootfs' '--memory needs --rootfs' --bundle "$bundle" --memory 32M "$id"
wrong '--ro without --rootfs' 'ro needs --rootfs' --bundle "$bundle" --ro "$id"
wrong 'detached without an ID' 'needs an ID' --rootfs "$r" --detach -- true
wrong '--cwd relative: the generated text is reported' 'generated config.json:[0-9]+:' \
	--rootfs "$r" \
	--cwd tmp -- true

# ---- a small kernel ------------------------------------------------------------------------------

if unshare -m true 2>/dev/null; then
	grep -v 'mqueue\|devpts' /proc/filesystems >"$tmp/filesystems"
	# shellcheck disable=SC2016 # for the inner shell
	small() {
		unshare -m sh -c 'mount --bind "$0" /proc/filesystems && exec "$@"' \
			"$tmp/filesystems" "$@"
	}
	status=0
	small "$RUNC" run --rootfs "$r" --env "OCI_TEST_MARK=$mark" -- ls /dev >"$tmp/out" \
		2>"$tmp/err" || status=$?
	is 'a kernel without message queues and terminals: it runs' "$status" 0 ||
		diag "$(cat "$tmp/err")"
	is 'a kernel without message queues and terminals: their mounts are left out' \
		"$(grep -c 'mqueue\|^pts$' "$tmp/out")" 0
	is 'each is named once, with the option that brings it' \
		"$(grep -o 'built without CONFIG_[A-Z0-9_]*: the mount of type [a-z]*' "$tmp/err" |
		sed 's/.*CONFIG_//' | tr '\n' ' ')" \
		'POSIX_MQUEUE: the mount of type mqueue UNIX98_PTYS: the mount of type devpts '
	small "$OCI_SPEC" - >"$tmp/small.json" 2>"$tmp/err"
	is 'the default document leaves them out too' \
		"$(grep -c 'mqueue\|devpts' "$tmp/small.json")" 0
	unlike 'the default document has all mounts on another kernel' \
		"$("$OCI_SPEC" - 2>&1 | grep -c 'mqueue"\|devpts"')" '^0'
else
	skip 'a kernel without message queues and terminals: it runs' 'no mount namespaces here'
fi
if ! grep -q f2fs /proc/filesystems; then
	do_runc run --rootfs "$r" --print -- true
	printf '%s' "$out" >"$tmp/printed.json"
	mv "$bundle/config.json" "$tmp/saved.json"
	cp "$tmp/printed.json" "$bundle/config.json"
	config_set /mounts/- '{"destination":"/mnt","type":"f2fs","source":"none"}' /root/readonly \
		false
	refused 'a filesystem that the config asks for and the kernel lacks: the option is named' \
		'does not know the filesystem type .*f2fs.*: CONFIG_F2FS_FS'
	mv "$tmp/saved.json" "$bundle/config.json"
	rmdir "$r/mnt" 2>/dev/null
else
	skip 'a filesystem that the config asks for and the kernel lacks: the option is named' \
		'this kernel has f2fs'
fi

# ---- --overlay -----------------------------------------------------------------------------------

if grep -q overlay /proc/filesystems; then
	from --ro --overlay=4m \
		-- sh -c 'echo new >/etc/passwd; cat /etc/passwd; dd if=/dev/zero of=/big bs=1M count=16 2>&1 | grep -o "No space left"; ls -l /big | awk "{print \$5 <= 4194304}"'
	is '--overlay: written, and no more than its size' "$out" 'new
No space left
1'
	like '--overlay: the directory below is as it was' "$(cat "$r/etc/passwd")" '^root'
	nok '--overlay: and has nothing new' test -e "$r/big"
	config_set /annotations '{"org.ocibox.overlay":"2m"}' /root/readonly true
	argv sh -c 'touch /new && df -k / | awk "END {print \$2}"'
	run
	like 'by annotation: a readonly root stays read-only, with a warning' \
		"$status $(echo "$err" | tr '\n' ' ')" '^1 .*level=warning.*Read-only'
	config_set /root/readonly false
	run
	is 'by annotation, over a writable root' "$out $status" '2048 0'
	config_set /root/readonly true
	do_runc run --bundle "$bundle" --overlay=1m "$id"
	is '--overlay counts before the annotation' "$out" 1024
	nok '--overlay: nothing is written to the root filesystem' test -e "$r/new"
	config_set /annotations '{"org.ocibox.overlay":"much"}'
	refused 'a bad size in the annotation' \
		'config.json:[0-9]+:[0-9]+: annotations.org.ocibox.overlay .*: must be a size'
	config_set /annotations '{"org.ocibox.init":"yes"}'
	refused 'a bad truth value' 'annotations.org.ocibox.init .*: must be .*true.* or .*false'
	config_del /annotations
	wrong '--overlay of a bad size' 'flag -overlay' --rootfs "$r" --overlay=x -- true
	argv sh -c 'exec sleep 1000'
	do_runc run -d --bundle "$bundle" --overlay "$id"
	kill -KILL "$(pid_of "$id")"
	wait_for status_is "$id" stopped
	drop "$id"
else
	skip '--overlay' 'this kernel has no overlay'
fi

# ---- --init --------------------------------------------------------------------------------------

argv sh -c 'tr "\0" " " </proc/1/cmdline; echo; cat /proc/1/comm; exit 5'
do_runc run --bundle "$bundle" --init "$id"
is '--init: process 1 is the shim, and the status comes through' "$out $status" \
	'oci-init -- sh -c tr "\0" " " </proc/1/cmdline; echo; cat /proc/1/comm; exit 5 
oci-init 5'
config_set /annotations '{"org.ocibox.init":"true"}'
argv cat /proc/1/comm
run
is 'by annotation' "$out" oci-init
config_del /annotations
from --init --user 1000 \
	-- sh -c 'grep -E "^(Uid|NoNewPrivs)" /proc/1/status; sh -c "kill -TERM \$\$"'
is 'as another user, with no_new_privs; 128 plus the signal' "$(echo "$out" |
	tr -s '\t ' ' ') $status" \
	'Uid: 1000 1000 1000 1000
NoNewPrivs: 1 143'
from --init -- /nope
is 'a program that is not there is reported by the runtime' "$status" 1
# orphans are reaped, and signals passed on
do_runc run -d --bundle "$bundle" --init "$id" 2>/dev/null
drop "$id"
script <<'END'
trap 'echo got TERM; exit 9' TERM
orphan=$(sleep 0.01 >/dev/null & echo $!)
i=0
while [ -e "/proc/$orphan" ] && [ $i -lt 600 ]; do i=$((i + 1)); sleep 0.05; done
ps -o stat | grep -c Z
echo ready
while :; do sleep 0.05; done
END
OCI_TEST_MARK=$mark "$RUNC" --root "$root" run --bundle "$bundle" --init "$id" >"$tmp/sig" 2>&1 \
	</dev/null &
pid=$!
bg_all="$bg_all $pid"
wait_for has_line "$tmp/sig" ready
is 'orphans are reaped' "$(head -n 1 "$tmp/sig")" 0
do_runc exec "$id" cat /proc/self/comm
is '--init: exec does not start oci-init' "$out" cat
runc kill "$id" TERM
status=0
wait $pid || status=$?
is 'the signal reaches the program, the status the caller' "$(tail -n 1 "$tmp/sig") $status" \
	'got TERM 9'
# oci-init starts the program by fork, so a profile that denies fork gives an error that names the
# profile.
config_set /linux/seccomp \
	'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["fork","vfork","clone","clone3"],"action":"SCMP_ACT_ERRNO"}]}'
argv true
do_runc run --bundle "$bundle" --init "$id"
like '--init where the profile forbids fork: it says so' "$status $err" \
	'^1 .*fork.*seccomp profile must allow it'
is '--init where the profile forbids fork: one line of error' "$(error_lines "$tmp/err")" 1
do_runc run --bundle "$bundle" "$id"
is 'without --init it runs' "$status" 0
config_del /linux/seccomp
# The executable of process 1 cannot be written, with every right there is.
config_set /process/capabilities "{\"bounding\":$(f=$("$RUNC" features); printf '%s' "$f" \
	>"$tmp/f"; json_get "$tmp/f" /linux/capabilities),\"effective\":$(json_get "$tmp/f" \
	/linux/capabilities),\"permitted\":$(json_get "$tmp/f" /linux/capabilities)}" \
	/process/noNewPrivileges false
before=$(md5sum <"$(readlink -f "$RUNC")")
argv \
	sh -c 'mount -o remount,bind,rw /proc/1/exe 2>/dev/null; echo x 2>/dev/null >>/proc/1/exe; echo x 2>/dev/null >/proc/1/exe; echo done'
do_runc run --bundle "$bundle" --init "$id"
is 'writing /proc/1/exe: the container goes on' "$out" 'done'
is 'writing /proc/1/exe: the binary does not change' "$(md5sum <"$(readlink -f "$RUNC")")" "$before"

# ---- what dies with what ----

# start NAME ARG...: the runtime in the background; $init is the container's process 1 when it runs.
start() {
	rm -f "$tmp/init"
	background "$RUNC" --root "$root" run --pid-file "$tmp/init" "$@" </dev/null >/dev/null 2>&1
	wait_for test -s "$tmp/init"
	init=$(cat "$tmp/init")
}
# A container without an ID ends with its runtime. The kernel clears a death signal at a change of
# user.
for ids in 0:0 1000:1000; do
	start --rootfs "$r" --env "OCI_TEST_MARK=$mark" --user $ids -- sleep 1000
	kill -KILL "$bg"
	ok "without ID, as $ids: the container dies with its runtime" wait_for gone "$init"
	for c in $(states_left); do drop "$c"; done
done
start --rootfs "$r" --env "OCI_TEST_MARK=$mark" "$id" -- sleep 1000
kill -KILL "$bg"
wait_for gone "$bg"
is 'with an ID it lives on' "$(status_of "$id")" running
drop "$id"
start --rootfs "$r" --env "OCI_TEST_MARK=$mark" --die-with-parent "$id" -- sleep 1000
kill -KILL "$bg"
ok '--die-with-parent: it dies with its runtime' wait_for gone "$init"
drop "$id"
rm -f "$tmp/init"
# shellcheck disable=SC2016
background sh -c '"$@" & echo $! >"$0"; wait' "$tmp/runtime" "$RUNC" --root "$root" run \
	--pid-file "$tmp/init" \
	--rootfs "$r" --env "OCI_TEST_MARK=$mark" --die-with-parent "$id" -- sleep 1000 </dev/null \
	>/dev/null 2>&1
wait_for test -s "$tmp/init"
kill -KILL "$bg"
ok '--die-with-parent: the parent ends, and the runtime' wait_for gone "$(cat "$tmp/runtime")"
ok '--die-with-parent: the parent ends, and the container' wait_for gone "$(cat "$tmp/init")"
drop "$id"
wrong '--die-with-parent with --detach' 'is for the foreground' -d --die-with-parent --rootfs "$r" \
	"$id" -- true

# A namespace is left out if the kernel was built without it. A check that fails for another reason,
# such as lack of memory, leaves out none.
if helper step && "$HELPERS/step" count -- true; then
	n=0
	shared=
	while [ $n -lt 40 ]; do
		n=$((n + 1))
		status=0
		OCI_TEST_MARK=$mark "$HELPERS/step" -c access fail $n 12 -- "$RUNC" --root "$root" \
			run --rootfs "$r" --env "OCI_TEST_MARK=$mark" "$id" -- cat \
			/proc/sys/kernel/hostname </dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
		[ $status != 124 ] || break
		[ $status != 0 ] || [ "$(cat "$tmp/out")" = runc ] || shared="$shared $n"
		drop "$id"
	done
	is 'no look that fails leaves a namespace out' "$shared" ''
	is 'each check of a namespace was made to fail' "$status" 124
else
	skip 'no look that fails leaves a namespace out' 'ptrace is not allowed here'
fi

nothing_left
done_testing

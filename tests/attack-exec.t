#!/bin/sh
# attack-exec.t - a hostile container while a command is executed in it (2016-9962, 2019-5736,
# 2024-21626, 2026-30892).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
rounds=${OCI_ROUNDS:-40}
echo host-only >"$tmp/host-only"
mkdir "$tmp/copy"
cp "$RUNC" "$tmp/copy/${RUNC##*/}" # follows the link; the name stays
RUNC=$tmp/copy/${RUNC##*/}
sum=$(sha256sum <"$RUNC")
unchanged() { is "$1" "$(sha256sum <"$RUNC")" "$sum"; }

# container ARG...: a fresh one, running ARG.
may_trace='["CAP_SYS_PTRACE"]'
may_trace="{\"bounding\":$may_trace,\"effective\":$may_trace,\"permitted\":$may_trace}"
container() {
	drop "$id"
	bundle
	config_set /root/readonly false
	printf 'root:x:0:0:root:/root:/bin/sh\n1000:x:0:0::/evil:/bin/sh\n-1:x:0:0::/:/bin/sh\n' \
		>"$rootfs/etc/passwd"
	printf 'root:x:0:\n1000:x:0:\n' >"$rootfs/etc/group"
	argv "$@"
	do_runc run -d --bundle "$bundle" "$id"
	[ "$status" = 0 ] || diag "$err"
}
container sleep 1000
do_runc exec "$id" true
[ "$status" = 0 ] || skip_all "the runtime cannot exec: $err"

# ---- user ids (2026-30892, 2016-3697, 2024-40635) ----

while read -r user want; do
	do_runc exec --user "$user" "$id" probe ids
	case $want in
	refuse) is "exec --user $user is refused" "$status $out" '255 ' ;;
	*) is "exec --user $user" "$out" "uid $want" || diag "$err" ;;
	esac
done <<'END'
1 1 1 1 gid 0 0 0
1:2 1 1 1 gid 2 2 2
1000 1000 1000 1000 gid 0 0 0
1000:1000 1000 1000 1000 gid 1000 1000 1000
0:7 0 0 0 gid 7 7 7
2147483647:2147483647 2147483647 2147483647 2147483647 gid 2147483647 2147483647 2147483647
-1 refuse
1:-1 refuse
4294967295 refuse
1:4294967295 refuse
4294967296 refuse
4294967297 refuse
1:4294967296 refuse
18446744073709551616 refuse
0x1 refuse
1.0 refuse
1e3 refuse
+1 refuse
1x refuse
root refuse
nobody refuse
END
# An empty or incomplete value is refused, or means exactly the user of the config.
for user in '' : 1: :2 '1:2:3' ' 1' '1 '; do
	do_runc exec --user "$user" "$id" probe ids
	case "$user $status $out" in
	*' 255 ' | ' 0 uid 0 0 0 gid 0 0 0' | '1: 0 uid 1 1 1 gid 0 0 0' | \
		':2 0 uid 0 0 0 gid 2 2 2')
		pass "exec --user '$user': refused or exact" ;;
	*) fail "exec --user '$user': refused or exact" && diag "status $status: $out" ;;
	esac
done
for g in -1 4294967295 4294967296 x; do
	do_runc exec --additional-gids "$g" "$id" probe ids
	isnt "exec --additional-gids $g is refused" "$status" 0
done

# ---- capabilities (2022-29162) ----

do_runc exec --cap CAP_NET_RAW "$id" grep Cap /proc/self/status
like 'exec --cap: effective' "$out" 'CapEff:	0000000020002420'
like 'exec --cap: nothing inheritable' "$out" 'CapInh:	0000000000000000'
like 'exec --cap: nothing ambient' "$out" 'CapAmb:	0000000000000000'
do_runc exec --user 1000 --cap CAP_NET_RAW "$id" grep Cap /proc/self/status
like 'exec --user --cap: nothing after the change of user' "$out" 'CapEff:	0000000000000000'

# ---- cwd (2024-21626), descriptors ----

n=0
for i in 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	for d in "/proc/self/fd/$i" "/proc/self/fd/$i/.."; do
		do_runc exec --cwd "$d" "$id" \
			sh -c "cat ..$tmp/host-only ../../../../../../../..$tmp/host-only 2>/dev/null; pwd"
		case $status:$out in
		0:* | *host-only*) n=$((n + 1)) && diag "$d: $out" ;;
		esac
	done
	ln -sf "/proc/self/fd/$i" "$rootfs/esc"
	do_runc exec --cwd /esc "$id" \
		sh -c "cat ../../../../../../../..$tmp/host-only 2>/dev/null; pwd"
	case $status:$out in
	0:* | *host-only*) n=$((n + 1)) && diag "link to $i: $out" ;;
	esac
done
is 'exec --cwd /proc/self/fd/N leads nowhere' "$n" 0
do_runc exec "$id" probe fds
is 'only descriptors 0 to 2' "$(echo "$out" | grep -v '^[012] ')" ''
OCI_TEST_MARK=$mark "$RUNC" --root "$root" exec "$id" probe fds >"$tmp/out" 2>/dev/null </dev/null \
	5<"$tmp" 9<"$tmp/host-only"
is 'exec has only descriptors 0 to 2 when the caller has others open' \
	"$(grep -v '^[012] ' "$tmp/out")" ''

# ---- the caller's terminal (2016-10124, 2017-5226) ----

if helper pty; then
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/pty" "$RUNC" --root "$root" exec "$id" \
		probe tiocsti \
		</dev/null >"$tmp/out" 2>/dev/null
	like 'without a terminal nothing can be pushed into that of the caller' \
		"$(cat "$tmp/out")" 'tiocsti errno'
	# shellcheck disable=SC2016
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/pty" \
		sh -c '"$0" --root "$1" exec --user 54321 "$2" cat /proc/self/stat
		stat -L -c "owner %u" /proc/self/fd/0' \
		"$RUNC" "$root" "$id" </dev/null >"$tmp/out" 2>/dev/null
	like 'exec --user does not change the owner of the terminal' \
		"$(tr -d '\r' <"$tmp/out")" '^owner 0$'
else
	skip 'TIOCSTI' 'the helper pty is not built'
fi

# ---- the runtime's executable (2019-5736) ----

container sh -c 'spy scribble 100000000; sleep 1000'
ln -s /proc/self/exe "$rootfs/bin/to-exe"
printf '#!/proc/self/exe\n' >"$rootfs/bin/by-script"
chmod 755 "$rootfs/bin/by-script"
for entry in true /proc/self/exe to-exe by-script; do
	i=0
	while [ $i -lt "$rounds" ]; do
		i=$((i + 1))
		runc exec "$id" "$entry" --version >/dev/null 2>&1
	done
	unchanged "$rounds times exec $entry: the runtime on disk is unchanged"
done
is 'the container still tries' "$(status_of "$id")" running

# watched [OPTION]...: calls exec until the spy in the container has finished.
watched() {
	i=0
	until grep -q finished "$rootfs/tmp/seen" 2>/dev/null || [ $i -ge 1000 ]; do
		i=$((i + 1))
		runc exec "$@" "$id" true >/dev/null 2>&1
	done
	wait_for has_line "$rootfs/tmp/seen" finished
	diag "$i times: $(head -n 1 "$rootfs/tmp/seen")"
}

# ---- what the entering process has open (2016-9962) ----

container sh -c "spy look 2000 $tmp/host-only >/tmp/seen; echo finished >>/tmp/seen; sleep 1000"
watched
like 'exec under the eyes of a spy: it finds nothing of the host' "$(cat "$rootfs/tmp/seen")" \
	' found 0$'

# In a user namespace the process becomes another user, which makes it dumpable again where
# fs.suid_dumpable is 1. Without a pid namespace of its own the container sees the whole process.
drop "$id"
bundle
chown -hR 100000:100000 "$rootfs"
config_set /root/readonly false /linux/maskedPaths '[]' /linux/readonlyPaths '[]' \
	/linux/namespaces '[{"type":"user"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"}]' \
	/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/mounts/0 '{"destination":"/proc","type":"bind","source":"/proc","options":["rbind"]}' \
	/process/capabilities "$may_trace"
argv sh -c "spy look 300 $tmp/host-only >/tmp/seen; echo finished >>/tmp/seen; sleep 1000"
do_runc run -d --bundle "$bundle" "$id"
watched
like 'exec into a user namespace under the eyes of a spy: it finds nothing of the host' \
	"$(cat "$rootfs/tmp/seen")" ' looked 1 found 0$'

# ---- what its command line says, and what is said of its program ----

# shellcheck disable=SC2016
container \
	sh -c 'part=SECR; spy overhear 20000 ${part}ET >/tmp/seen; echo finished >>/tmp/seen; sleep 1000'
watched --env "SECRET=x"
like 'what the command line says is not overheard' "$(cat "$rootfs/tmp/seen")" 'looked 1 found 0$'

# The interpreter of this script has control characters in its name.
printf '#!/bin/\033]0;title\007\302\233no\n' >"$rootfs/bin/evil"
chmod 755 "$rootfs/bin/evil"
do_runc --log "$tmp/log" exec "$id" evil
like 'a program without its interpreter: the name is reported' "$err" 'interpreter /bin/'
is 'a program without its interpreter: the error has no control characters' \
	"$(tr -d '\n -~' <"$tmp/err")" ''

# ---- a container that may trace every process it sees ----

# CAP_SYS_PTRACE in the host's user namespace: a process that enters has no more than the payload
# when it can be traced.
drop "$id"
bundle
config_set /root/readonly false /process/capabilities "$may_trace"
argv sh -c 'spy seize 3000 >/tmp/seen; echo finished >>/tmp/seen; sleep 1000'
do_runc run -d --bundle "$bundle" "$id"
watched
like 'exec where every process may be traced: no process has more than the payload' \
	"$(cat "$rootfs/tmp/seen")" 'looked 1 stronger 0 held 0$'

# The process is cloned at the very end, but has the attributes of the file.
container sleep 1000
json_set "$bundle/config.json" /x "$(config_get /process)"
config_get /x >"$tmp/process.json"
config_del /x
json_set "$tmp/process.json" /noNewPrivileges false /user '{"uid":4242,"gid":4242}' \
	/rlimits \
	'[{"type":"RLIMIT_NPROC","hard":1,"soft":1},{"type":"RLIMIT_NOFILE","hard":99,"soft":98}]' \
	/scheduler '{"policy":"SCHED_BATCH","nice":3,"flags":["SCHED_FLAG_RESET_ON_FORK"]}' \
	/args '["cat","/proc/self/limits","/proc/self/stat"]'
do_runc exec -p "$tmp/process.json" "$id"
like 'a limit of one process is exact, and enough' "$out" '^Max processes  *1  *1  *processes'
like 'the others as well' "$out" '^Max open files  *98  *99  *files'
is 'a policy that is lost by a fork' "$(echo "$out" | tail -n 1 | awk '{ print $19, $41 }')" \
	'3 3' || diag "$err"
is 'the process of exec leads its session and its process group' \
	"$(echo "$out" | tail -n 1 | awk '{ print ($1 == $6 && $1 == $5) }')" 1
config_set /linux/seccomp \
	'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["sched_yield"],"action":"SCMP_ACT_ERRNO","errnoRet":77}]}' \
	/process/noNewPrivileges false
drop "$id"
do_runc run -d --bundle "$bundle" "$id"
do_runc exec "$id" probe call sched_yield
is 'a filter without no_new_privs' "$out" 'sched_yield errno 77' || diag "$err"

# ---- a container that has mounted something over its own /proc ----

drop "$id"
bundle
config_set /root/readonly false /process/capabilities \
	'{"bounding":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"]}'
mkdir -p "$rootfs/fake/self/attr" "$rootfs/fake/thread-self/attr" "$rootfs/fake/sys"
i=0
mkdir -p "$rootfs/fake/self/fd"
while [ $i -lt 32 ]; do
	ln -s /etc/passwd "$rootfs/fake/self/fd/$i"
	i=$((i + 1))
done
argv sh -c 'mount -o bind /fake /proc && touch /tmp/ready; sleep 1000'
do_runc run -d --bundle "$bundle" "$id"
wait_for test -e "$rootfs/tmp/ready"
passwd=$(sha256sum <"$rootfs/etc/passwd")
do_runc exec --user 1000 "$id" probe ids
case $status in
0) is 'exec below a forged /proc: right, or refused' "$out" 'uid 1000 1000 1000 gid 0 0 0' ;;
*) is 'exec below a forged /proc: right, or refused' "$status" 255 ;;
esac
do_runc exec --cwd /proc/self/fd/4 "$id" pwd
isnt 'exec --cwd below a forged /proc: refused' "$status" 0
is 'exec below a forged /proc: no file of the container is written' \
	"$(sha256sum <"$rootfs/etc/passwd")" "$passwd"
drop "$id"

# ---- a container that stops each process that comes into its cgroup ----

# A container may freeze a cgroup that is delegated to it. exec's first process is then still
# outside of its pid namespace, and does not end with it.
container sleep 1000
sleep 1000 &
stray=$!
for c in $(cgroups_left); do
	echo $stray >"$c/cgroup.procs"
done
do_runc delete --force "$id"
is 'a process of others in the cgroup does not make delete --force fail' "$status" 0 || diag "$err"
ok 'delete --force kills a process of others in the cgroup' wait_for gone $stray
kill -KILL $stray 2>/dev/null
wait $stray 2>/dev/null
drop "$id"

# The test freezes the cgroup in the container's place, so that any layout with a v2 hierarchy will
# do.
container sleep 1000
v2=
for c in $(cgroups_left); do
	[ ! -e "$c/cgroup.freeze" ] || v2=$c
done
pid=$(pid_of "$id")
if [ -n "$v2" ] && mkdir -p "$v2/a/b" && echo "$pid" >"$v2/a/b/cgroup.procs"; then
	echo 1 >"$v2/a/cgroup.freeze"
	wait_for grep -q 'frozen 1' "$v2/a/cgroup.events"
	LIMIT=20 do_runc exec "$id" true
	is 'exec does not follow it into a freezer' "$status" 0 || diag "$out$err"
	do_runc delete --force "$id"
	is 'delete --force where init is in a frozen cgroup' "$status" 0 || diag "$err"
else
	skip 'exec does not follow it into a freezer' 'needs a v2 hierarchy with a freezer'
fi
drop "$id"

# ---- an init that enters namespaces that it has made itself ----

# As an ordinary user without capabilities it makes a user namespace, and in that a mount namespace
# where its own programs lie on /bin. Executed there they would have the privileges that exec asks
# for. astray NAMESPACES [POINTER VALUE]...: a container whose init does so.
astray() {
	drop "$id"
	bundle
	config_set /root/readonly false
	_ns=$1
	shift
	[ $# = 0 ] || config_set "$@"
	mkdir "$rootfs/evil"
	cp -a "$rootfs/bin/." "$rootfs/evil"
	rm -f "$rootfs/evil/cat"
	printf '#!/bin/sh\necho evil; busybox cat /only-root\n' >"$rootfs/evil/cat"
	chmod 755 "$rootfs/evil/cat"
	echo secret >"$rootfs/only-root"
	chmod 600 "$rootfs/only-root"
	argv sh -c "$_ns"
	do_runc run -d --bundle "$bundle" "$id"
	[ "$status" = 0 ] || diag "$err"
	wait_for test -e "$rootfs/tmp/ready"
}
covered='mount -o bind /evil /bin && touch /tmp/ready; exec sleep 1000'
plain_user='{"uid":1000,"gid":1000}'
no_caps='{"bounding":[],"effective":[],"permitted":[]}'
reject() {
	do_runc exec --user 0 --cap CAP_DAC_OVERRIDE "$id" cat /only-root
	case $out in
	*evil*) fail "$1" && diag "$status $out" ;;
	*) like "$1" "$status $err" '^255 .*in a (user )?namespace of its own making' ||
		diag "$out" ;;
	esac
}
if unshare -U true 2>/dev/null; then
	astray "exec unshare -U -r -m sh -c '$covered'" /process/user "$plain_user" \
		/process/capabilities "$no_caps"
	reject 'exec does not follow init into a user namespace of its own'
	# The namespaces of the first call are gone, so the second can get their numbers.
	astray "exec unshare -U -r -m unshare -m unshare -m sh -c '$covered'" /process/user \
		"$plain_user" /process/capabilities "$no_caps"
	reject 'exec does not follow init into a mount namespace with a reused number'
	astray "exec unshare -U -r -m sh -c '$covered'" /process/user "$plain_user" \
		/process/capabilities "$no_caps" \
		/linux/namespaces/- '{"type":"user"}' /linux/uidMappings \
		'[{"containerID":0,"hostID":100000,"size":65536}]' \
		/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
	reject 'exec does not follow init from one user namespace into the next'
	# A state of an older version, or of runc, does not have the ids of init's namespaces.
	astray "exec unshare -U -r -m sh -c '$covered'" /process/user "$plain_user" \
		/process/capabilities "$no_caps"
	[ -z "$(json_get "$root/$id/state.json" /namespace_ids)" ] ||
		json_del "$root/$id/state.json" /namespace_ids
	reject 'exec does not follow init where its namespaces are not on record'
else
	skip 'exec does not follow init into a user namespace of its own' 'no user namespaces here'
fi
astray "exec unshare -m sh -c '$covered'" /process/capabilities \
	'{"bounding":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"]}'
reject 'exec does not follow init into a mount namespace of its own'
drop "$id"
container sh -c 'unshare -m true; sleep 1000'
do_runc exec "$id" true
is 'exec where another process of the container has made namespaces' "$status" 0 || diag "$err"
drop "$id"

# ---- the number of a dead init is given to another process while exec looks it up ----

# Without namespaces and cgroups only the root directory, found by /proc/PID, is joined.
reuse() {
	bundle
	echo mine >"$rootfs/who"
	mkdir "$tmp/decoy"
	cp -a "$rootfs/bin" "$tmp/decoy"
	echo decoy >"$tmp/decoy/who"
	config_set /linux/namespaces '[]' /mounts '[]'
	for _f in /hostname /linux/maskedPaths /linux/readonlyPaths /linux/resources; do
		config_del "$_f"
	done
	config_set /root/readonly false
	argv sleep 1000
	# shellcheck disable=SC2016
	OCI_TEST_MARK=$mark unshare -p -f --mount-proc sh -c '
		"$RUNC" --root "$root" --cgroup-manager disabled run -d --pid-file "$tmp/pid" --bundle "$bundle" "$id" </dev/null >/dev/null || exit 1
		pid=$(cat "$tmp/pid")
		strace -f -o "$tmp/trace" -P "/proc/$pid/root" -e trace=openat \
			-e inject=openat:delay_enter=2000000 "$RUNC" --root "$root" exec "$id" \
			cat /who >"$tmp/out" 2>"$tmp/err" &
		exec=$!
		sleep 1 # sleep: strace holds the open for two seconds
		kill -KILL "$pid"
		i=0
		while [ -e "/proc/$pid" ] && [ $i -lt 50 ]; do sleep 0.01; i=$((i + 1)); done
		echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
		chroot "$tmp/decoy" sleep 20 &
		[ $! = "$pid" ] || echo "not reused: $!"
		decoy=$!
		wait $exec
		kill -KILL $decoy' >"$tmp/reuse" 2>&1
}
if command -v strace >/dev/null && [ -w /proc/sys/kernel/ns_last_pid ]; then
	export RUNC root tmp id bundle
	drop "$id"
	reuse
	is 'the number of init was used again' "$(cat "$tmp/reuse")" ''
	is 'exec does not enter another process that has the number of init' "$(cat "$tmp/out")" ''
	drop "$id"
else
	skip 'exec while the number of init is used again' 'needs strace and kernel.ns_last_pid'
fi

nothing_left
done_testing

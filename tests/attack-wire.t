#!/bin/sh
# attack-wire.t - a container with CAP_SYS_PTRACE takes what the processes hold that appear in its
# pid namespace.
# SPDX-License-Identifier: MIT
#
# Such a container may stop each process that it sees, and take each descriptor of it by
# pidfd_getfd(2). Since Linux 6.5 a socket among them says which process has made its other end
# (SO_PEERPIDFD): were that the runtime, its descriptors could be taken as well, and its directories
# are a way to the host. The helper take tries it; the decoy is a file that only the host has.
. "$(dirname "$0")/lib.sh"
need_root
helper take || skip_all 'the helper take is not built'
times=${OCI_TIMES:-10}
echo host-only >"$tmp/host-only"

tracer='["CAP_SYS_PTRACE"]'
tracer="{\"bounding\":$tracer,\"effective\":$tracer,\"permitted\":$tracer}"

# taking [POINTER VALUE]...: a container $id-t that takes what it can get from $times processes;
# $seen is what it says.
taking() {
	bundle
	cp "$HELPERS/take" "$rootfs/bin/"
	config_set /root/readonly false /process/capabilities "$tracer" "$@"
	argv sh -c "take $times $tmp/host-only >/tmp/seen; sleep 1000"
	do_runc run -d --bundle "$bundle" --pid-file "$tmp/t.pid" "$id-t"
	[ "$status" = 0 ] || diag "$err"
	seen=$rootfs/tmp/seen
}
# until_taken CMD...: again and again, until the taker has enough.
until_taken() {
	i=0
	until [ -s "$seen" ] || [ $i -ge 1000 ]; do
		i=$((i + 1))
		LIMIT=20 "$@" || return
	done
	diag "$i times: $(cat "$seen")"
}
# harmless WHAT KINDS: what was taken.
harmless() {
	like "$1: processes were taken hold of" "$(cat "$seen")" "^took $times "
	like "$1: no descriptor of them leads to the host" "$(cat "$seen")" ' escaped 0 '
	like "$1: no socket names a process that has descriptors of its own" "$(cat "$seen")" \
		' peers 0 '
	like "$1: none could do more than the payload" "$(cat "$seen")" ' stronger 0 '
	like "$1: they held only a $2" "$(cat "$seen")" " kinds $2\$"
}

# ---- exec ----

taking
enter() {
	do_runc exec "$id-t" true
	[ "$status" = 0 ] || diag "exec: $status $err"
}
until_taken enter
harmless exec pipe
# The pipes must still carry the error of the program, and its exit status.
do_runc exec "$id-t" no-such-program
like 'the error of a program that is not there arrives' "$status $err" \
	'^255 .*exec: .*no-such-program.*: executable file not found'
do_runc exec "$id-t" sh -c 'exit 7'
is 'the exit status of a program arrives' "$status" 7 || diag "$err"
(
	trap '' HUP
	exec "$RUNC" --root "$root" exec "$id-t" sed -n 's/^SigIgn:\t//p' /proc/self/status
) >"$tmp/out" 2>/dev/null </dev/null
# Signals from 32 on belong to the C library of the caller and stay as they are.
is 'signals that the caller ignores are not ignored inside' \
	"$((0x$(tail -n 1 "$tmp/out") & 0x7fffffff))" 0
drop "$id-t"

# ---- exec under a filter ----

taking /linux/seccomp \
	'{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["sched_yield"],"action":"SCMP_ACT_ERRNO"}]}'
until_taken enter
harmless 'under a filter' pipe
like 'under a filter: none was without it' "$(cat "$seen")" ' unfiltered 0 '
do_runc exec "$id-t" probe call sched_yield
like 'under a filter: it is what the profile says' "$out" 'sched_yield errno 1' || diag "$err"
drop "$id-t"
# A profile that denies the calls before the program is loaded after them.
for nnp in true false; do
	bundle
	config_set /process/noNewPrivileges $nnp
	case $nnp in
	true) calls='["clone","setsid","prlimit64"]' ;;
	false) calls='["sendmsg","recvmsg","sendto","recvfrom"]' ;;
	esac
	config_set /linux/seccomp \
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":$calls,\"action\":\"SCMP_ACT_ERRNO\"}]}"
	argv sleep 1000
	do_runc run -d --bundle "$bundle" "$id"
	do_runc exec "$id" grep Seccomp: /proc/self/status
	is "a profile without $calls, noNewPrivileges $nnp: exec" "$status $out" \
		'0 Seccomp:	2' || diag "$err"
	drop "$id"
done

# ---- exec, and a seccomp descriptor that has to come out ----

if helper sock; then
	rm -f "$tmp/listen"
	listen "$tmp/sock.out" "$HELPERS/sock" seccomp "$tmp/listen" 0
	taking /linux/seccomp \
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"$tmp/listen\",
		\"syscalls\":[{\"names\":[\"sched_yield\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}"
	wait_for gone "$sock"
	heard=0
	enter_listened() {
		rm -f "$tmp/listen"
		listen "$tmp/sock.out" "$HELPERS/sock" seccomp "$tmp/listen" 0
		enter
		wait_for gone "$sock"
		grep -q '^descriptors 1$' "$tmp/sock.out" && heard=$((heard + 1))
	}
	until_taken enter_listened
	like 'with a listener: processes were taken hold of' "$(cat "$seen")" "^took $times "
	like 'with a listener: no descriptor of them leads to the host' "$(cat "$seen")" \
		' escaped 0 '
	like 'with a listener: none could do more than the payload' "$(cat "$seen")" ' stronger 0 '
	is 'with a listener: it got its descriptor each time' "$heard" "$i"
	drop "$id-t"
else
	skip 'exec with a listener' 'the helper sock is not built'
fi

# ---- a created container: what its init holds while it waits for start ----

strong='"CAP_SYS_PTRACE","CAP_SYS_ADMIN","CAP_FOWNER","CAP_CHOWN","CAP_DAC_OVERRIDE"'
strong="[$strong,\"CAP_LINUX_IMMUTABLE\"]"
strong="{\"bounding\":$strong,\"effective\":$strong,\"permitted\":$strong}"
cat >"$tmp/spoil-fds" <<'SCRIPT'
#!/bin/sh
# The streams are the caller's.
for fd in /proc/$1/fd/*; do
	case $fd in
	*/[012]) ;;
	*) set -- "$@" "$fd" ;;
	esac
done
pid=$1
shift
probe spoil "$@"
spy grab "$pid"
SCRIPT
chmod 755 "$tmp/spoil-fds"
look() { stat -c '%n %a %u:%g %h %Y' "$root/$id/exec.fifo" "$root/$id" "$RUNC"; }
prepare() {
	touch -d '2001-02-03 04:05:06' "$root/$id/exec.fifo"
	look >"$tmp/before"
}
# unspoilt WHAT TEXT: TEXT is what spoil-fds says.
unspoilt() {
	like "$1: it looked at what init holds" "$2" '^/proc/.*/fd/[0-9]*:'
	unlike "$1: nothing of it can be changed" "$2" '^/proc/.*/fd/[0-9]*: .'
	like "$1: nor when it is mounted anew" "$2" '^grab looked 1 got:( write| write-after)*$'
	is "$1: the inodes of the host are as before" "$(look)" "$(cat "$tmp/before")"
	do_runc start "$id"
	is "$1: it can be started" "$status" 0 || diag "$err"
	is "$1: and runs then" "$(status_of "$id")" running
}

bundle
cp "$tmp/spoil-fds" "$rootfs/bin/"
config_set /root/readonly false /process/capabilities "$strong"
argv \
	sh -c 'until [ -s /tmp/go ]; do :; done; spoil-fds $(cat /tmp/go) >/tmp/part 2>&1; mv /tmp/part /tmp/seen; sleep 1000'
do_runc run -d --bundle "$bundle" --pid-file "$tmp/t.pid" "$id-t"
is 'a container that others join runs' "$status" 0 || diag "$err"
there=$rootfs
bundle
config_set /linux/namespaces/0 "{\"type\":\"pid\",\"path\":\"/proc/$(cat "$tmp/t.pid")/ns/pid\"}"
argv sleep 1000
do_runc create --bundle "$bundle" --pid-file "$tmp/i.pid" "$id"
is 'one that joins it is created' "$status" 0 || diag "$err"
prepare
sed -n 's/^NSpid:.*\t//p' "/proc/$(cat "$tmp/i.pid")/status" >"$there/tmp/go"
wait_for [ -e "$there/tmp/seen" ]
unspoilt 'a created container that joins it' "$(cat "$there/tmp/seen")"
drop "$id"
drop "$id-t"

# Where fs.suid_dumpable is 1, becoming another user makes a process dumpable again. Its files in
# /proc are root's only as long as it is not dumpable.
bundle
config_set /process/user '{"uid":1000,"gid":1000}'
argv sleep 1000
do_runc create --bundle "$bundle" --pid-file "$tmp/i.pid" "$id"
is 'a created container of another user: its user may not trace it' \
	"$status $(stat -c %u "/proc/$(cat "$tmp/i.pid")/mem")" '0 0' || diag "$err"
drop "$id"

bundle
cp "$tmp/spoil-fds" "$rootfs/bin/"
config_set /root/readonly false /process/capabilities "$strong"
argv sleep 1000
do_runc create --init --bundle "$bundle" "$id"
is 'one with --init is created' "$status" 0 || diag "$err"
prepare
do_runc exec "$id" spoil-fds 1
unspoilt 'exec in a created container' "$out"
drop "$id"

# ---- a container that is made in its pid namespace ----

# Since Linux 6.17 the container's /proc can be mounted from outside.
mkdir "$tmp/proc"
if mount -t proc -o pidns=/proc/self/ns/pid proc "$tmp/proc" 2>/dev/null; then
	umount "$tmp/proc"
	taking
	join() {
		runc run --bundle "$bundle" "$id" >"$tmp/out" 2>&1 || diag "$(cat "$tmp/out")"
	}
	bundle
	config_set /process/capabilities "$tracer"
	config_set /linux/namespaces/0 \
		"{\"type\":\"pid\",\"path\":\"/proc/$(cat "$tmp/t.pid")/ns/pid\"}"
	until_taken join
	harmless 'a container that joins it' pipe
	drop "$id-t"
else
	skip 'a container that joins its pid namespace' 'needs the option pidns of procfs'
fi

nothing_left
done_testing

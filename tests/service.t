#!/bin/sh
# service.t - under a service manager: readiness goes back (NOTIFY_SOCKET), sockets come in
# (LISTEN_FDS).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
helper sock || skip_all 'the helper sock is not built'
bundle

# manager: listens at $tmp/manager; what is sent there is written to $tmp/told.
manager() {
	rm -f "$tmp/manager"
	listen "$tmp/told" "$HELPERS/sock" notify "$tmp/manager"
}
# under CMD...: with it in the environment.
under() {
	NOTIFY_SOCKET=$tmp/manager
	export NOTIFY_SOCKET
	do_runc "$@"
	unset NOTIFY_SOCKET
}
told() { grep -v listening "$tmp/told" | tr '\n' ','; }

# ---- run, detached: the container is the service ----

# shellcheck disable=SC2016
script <<'END'
probe notify "STATUS=not yet"
probe notify "MAINPID=1"
probe notify "READY=12"
stat -c '%a' $NOTIFY_SOCKET
touch ${NOTIFY_SOCKET%/*}/new 2>&1 | grep -o 'Read-only.*'
ls ${NOTIFY_SOCKET%/*}
probe notify "STATUS=up
READY=1"
echo $NOTIFY_SOCKET
exec sleep 1000
END
config_set /root/readonly false
manager
under run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
is 'run -d: exit 0' "$status" 0 || diag "$err"
is 'the manager hears of the readiness, of the pid, and a barrier, and of nothing else' "$(told)" \
	"told MAINPID=$(cat "$tmp/pid")|READY=1,descriptors 1,barrier,"
is 'exec has no such socket' "$(runc exec "$id" env | grep -c NOTIFY)" 0
like 'inside it is read-only, for everybody' "$(echo "$out" | tr '\n' ' ')" \
	'777 Read-only file system notify.sock '
drop "$id"
if grep -q overlay /proc/filesystems; then
	manager
	under run -d --overlay --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	is 'over an overlay as well' "$status $(told)" \
		"0 told MAINPID=$(cat "$tmp/pid")|READY=1,descriptors 1,barrier," || diag "$err"
	drop "$id"
else
	skip 'over an overlay as well' 'this kernel has no overlay'
fi
nothing_left 'nothing is left of the socket'

# ---- create and start ----

argv sh -c 'probe notify READY=1; exec sleep 1000'
manager
under create --bundle "$bundle" --pid-file "$tmp/pid" "$id"
is 'create: says nothing' "$status $(told)" '0 '
under start "$id"
is 'start: exit 0' "$status" 0 || diag "$err"
is 'start: tells' "$(told)" "told MAINPID=$(cat "$tmp/pid")|READY=1,descriptors 1,barrier,"
drop "$id"
# Without a socket at create there is none to wait for.
create
under start "$id"
is 'start alone does not wait' "$status" 0 || diag "$err"
drop "$id"
# A container that ends before it is ready is not waited for.
argv sh -c 'exit 3'
under run -d --bundle "$bundle" "$id"
is 'a container that dies unready: exit 0, no hang' "$status" 0
drop "$id"

# ---- foreground: the runtime is the service ----

argv sh -c 'probe notify READY=1; exit 4'
manager
under run --bundle "$bundle" "$id"
is 'foreground: status of the container' "$status" 4 || diag "$err"
like "foreground: the pid is the runtime's" "$(told)" '^told MAINPID=[0-9]+\|READY=1,$'
kill "$sock"
# Its last message arrives, however late the runtime reads it.
if helper step && "$HELPERS/step" count -- true; then
	manager
	dead="until grep -q '^State:.Z' /proc/\$(cat $tmp/pid)/status; do sleep 0.05; done"
	cat >"$tmp/late" <<END
#!/bin/sh
exec "$HELPERS/step" -x sh before signalfd4 "\$DEAD" -- "$RUNC" "\$@"
END
	chmod 755 "$tmp/late"
	rm -f "$tmp/pid"
	runc_=$RUNC
	RUNC=$tmp/late
	DEAD=$dead under run --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	RUNC=$runc_
	is 'foreground: ready and dead before the runtime listens' \
		"$status $(told | sed 's/=[0-9]*|/=PID|/')" \
		'4 told MAINPID=PID|READY=1,descriptors 1,barrier,' || diag "$err"
	kill "$sock" 2>/dev/null
else
	skip 'foreground: ready and dead before the runtime listens' 'ptrace is not allowed here'
fi
argv true
under run --bundle "$bundle" "$id"
is 'foreground: ends although it was never ready' "$status" 0

# In a user namespace: the state directory is not reachable for the container's root.
argv sh -c 'probe notify READY=1; exec sleep 1000'
cp "$bundle/config.json" "$tmp/plain.json"
chown -R 100000:100000 "$rootfs"
config_set /linux/namespaces/- '{"type":"user"}' \
	/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
manager
under run -d --bundle "$bundle" --pid-file "$tmp/pid" "$id"
is 'in a user namespace' "$status $(told)" \
	"0 told MAINPID=$(cat "$tmp/pid")|READY=1,descriptors 1,barrier," || diag "$err"
drop "$id"
cp "$tmp/plain.json" "$bundle/config.json"

# A missing manager is reported, but not an error.
argv sh -c 'probe notify READY=1; exec sleep 1000'
rm -f "$tmp/manager"
under run -d --bundle "$bundle" "$id"
like 'no manager: one warning' "$status $(grep -c . "$tmp/err") $err" \
	'^0 1 .*level=warning.*NOTIFY_SOCKET'
drop "$id"

# ---- LISTEN_FDS ----

echo first >"$tmp/first"
echo second >"$tmp/second"
# listening PID-OF-WHOM ARG...: descriptors 3 and 4 open, one of them by LISTEN_FDS.
listening() {
	_whom=$1
	shift
	status=0
	# shellcheck disable=SC2016
	OCI_TEST_MARK=$mark timeout -s KILL 60 sh -c '
		[ "$0" != us ] || LISTEN_PID=$$
		[ "$0" != other ] || LISTEN_PID=1
		LISTEN_FDS=1
		export LISTEN_PID LISTEN_FDS
		exec "$@"' "$_whom" "$RUNC" --root "$root" "$@" \
		3<"$tmp/first" 4<"$tmp/second" </dev/null >"$tmp/out" 2>"$tmp/err" || status=$?
	out=$(cat "$tmp/out")
	err=$(cat "$tmp/err")
}
# shellcheck disable=SC2016
argv sh -c 'echo "$LISTEN_FDNAMES"'
export LISTEN_FDNAMES=one:two
listening us run --bundle "$bundle" "$id"
is 'LISTEN_FDNAMES is passed on with the sockets' "$out" one:two
listening other run --bundle "$bundle" "$id"
is 'LISTEN_FDNAMES is not passed on with sockets for another process' "$out" ''
unset LISTEN_FDNAMES
# shellcheck disable=SC2016
argv sh -c 'echo "$LISTEN_FDS $LISTEN_PID $$"; cat <&3; cat <&4'
listening us run --bundle "$bundle" "$id"
like 'a socket of the manager comes in, no other descriptor' "$(echo "$out" | tr '\n' ' ')" \
	'^1 1 1 first $'
listening us run --init --bundle "$bundle" "$id"
like 'with --init it is the program whose pid LISTEN_PID says' "$(echo "$out" | tr '\n' ' ')" \
	'^1 2 2 first $'
listening us run --preserve-fds 1 --bundle "$bundle" "$id"
is '--preserve-fds counts from after it' "$(echo "$out" | tr '\n' ' ')" '1 1 1 first second '
listening other run --bundle "$bundle" "$id"
is 'sockets for another process are not passed on' "$(echo "$out" | tr '\n' ' ')" '  1 '
config_set /linux/namespaces '[{"type":"mount"},{"type":"ipc"},{"type":"uts"},{"type":"network"}]'
listening us run --bundle "$bundle" "$id"
# shellcheck disable=SC2086
set -- $out
is 'LISTEN_PID is the pid it has where it lives' "$2" "$3"
cp "$tmp/plain.json" "$bundle/config.json"

# ---- --preserve-fds: what is not there ----

argv true
for _log in /dev/stderr "$tmp/log"; do
	status=0
	OCI_TEST_MARK=$mark "$RUNC" --root "$root" --log "$_log" run --preserve-fds 2 \
		--bundle "$bundle" "$id" \
		3<"$tmp/first" 4<&- 5<&- </dev/null >/dev/null 2>"$tmp/err" || status=$?
	like "a descriptor that is not open, log to ${_log##*/}" "$status $(cat "$tmp/err")" \
		'^1 .*unable to stat preserved-fd 1 \(of 2\)'
done

# ---- a privileged container fills the folder of the socket ----

bundle
config_set /root/readonly false /process/noNewPrivileges false \
	/process/capabilities \
	'{"bounding":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"]}'
script <<'END'
mount -o remount,bind,rw /run/notify
cd /run/notify || exit
# Names that another program might use there.
for i in 0 1 2 3; do mkdir -p .$i/.$i/x; done
i=0
while [ $i -lt 300 ]; do
	mkdir d && cd d && echo x >file || exit
	i=$((i + 1))
done
echo $i
END
manager
under run --bundle "$bundle" --keep "$id"
is 'a privileged container nests 300 folders beside its socket' "$status $out" '0 300' ||
	diag "$err"
do_runc delete --force "$id"
is 'a container with 300 nested folders beside its socket can be deleted' \
	"$status $(states_left)" '0 ' || diag "$err"

config_set /process/capabilities \
	'{"bounding":["CAP_SYS_ADMIN","CAP_LINUX_IMMUTABLE"],"effective":["CAP_SYS_ADMIN","CAP_LINUX_IMMUTABLE"],"permitted":["CAP_SYS_ADMIN","CAP_LINUX_IMMUTABLE"]}'
script <<'END'
mount -o remount,bind,rw /run/notify
cd /run/notify && mkdir -p d/e f && echo x >file && echo y >d/file &&
	probe immutable file d/file d/e d f .
END
manager
under run --bundle "$bundle" --keep "$id"
case $out in
*errno*) skip 'makes its folder immutable' "no such attributes here: $out" ;;
*) is 'a privileged container makes its folder immutable' "$status" 0 || diag "$err" ;;
esac
do_runc delete --force "$id"
is 'a container with immutable files beside its socket can be deleted' \
	"$status $(states_left)" '0 ' || diag "$err"

nothing_left
done_testing

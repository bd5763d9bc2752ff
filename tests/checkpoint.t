#!/bin/sh
# checkpoint.t - checkpoint and restore by CRIU (checklist C6, V-30 to V-32).
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
# Where scripts/vm has put CRIU and what it starts.
[ ! -d /opt/criu ] || PATH=/opt/criu:$PATH

. "$tests/criu.sh"

# ---- without CRIU --------------------------------------------------------------------------------

loop
create >/dev/null
quietly checkpoint "$id"
like 'a created container cannot be checkpointed' \
	"$status $err" '^1 .*cannot be checkpointed in created state'
runc kill "$id" KILL
wait_for status_is "$id" stopped
quietly checkpoint "$id"
like 'a stopped container cannot be checkpointed' \
	"$status $err" '^1 .*cannot be checkpointed in stopped state'
drop "$id"
for words in '--manage-cgroups-mode some' '--empty-ns pid' '--page-server 1234' '--parent-path /tmp' \
	'--status-fd x' '--network-lock some'; do
	# shellcheck disable=SC2086
	quietly checkpoint $words "$id"
	like "checkpoint $words: refused" \
		"$status $err" "^1 .*(nvalid|not supported|page-server ADDRESS:PORT)"
done

major=2 minor=12 fake old ''
fake dead 'exit 3'
fake noise "say '\\012\\377'"
fake fails "echo '(00.1) Error (criu/some.c:1): some reason' >'$tmp/ck/dump.log'
echo '(00.2) Error (criu/cr-dump.c:2): Dumping FAILED.' >>'$tmp/ck/dump.log'
say '$(said failed)'; exit 1"
fake v3 ''
start
path=/nowhere quietly checkpoint --image-path "$tmp/ck" "$id"
like 'no criu: one sentence that names the version' \
	"$status $err" '^1 .*need the program criu, version 3\.0 or later'
for row in 'old|needs CRIU 3\.0 or later, and this is 2\.12' 'dead|criu has ended without an answer' \
	'noise|CRIU sent a message that cannot be read'; do
	path=$tmp/fake/${row%%|*}:$PATH quietly checkpoint --image-path "$tmp/ck" "$id"
	like "a criu that is ${row%%|*}: one sentence" "$status $err" "^1 .*${row#*|}"
done
mkdir -p "$tmp/ck"
path=$tmp/fake/fails:$PATH quietly checkpoint --image-path "$tmp/ck" "$id"
like "a failed dump: the reason in CRIU's log, and where that is" "$status $err" \
	"^1 .*criu failed: type DUMP errno 5: Error .criu/some.c:1.: some reason .*log is $tmp/ck/dump.log"
ok 'a failed dump: the container runs on' counts_on "$(count)"
is 'descriptors.json: a list of three, as runc writes it' "$(cat "$tmp/ck/descriptors.json")" \
	'["/dev/null","/dev/null","/dev/null"]'
is 'the images belong to their owner alone' "$(stat -c %a "$tmp/ck/descriptors.json")" 600
path=$tmp/fake/v3:$PATH quietly restore -d --bundle "$bundle" --image-path "$tmp/empty" "$id-2"
like 'a restore without a checkpoint: refused' \
	"$status $(status_of "$id-2") $err" '^1 none .*empty.*no such file'
mkdir "$tmp/empty"
path=$tmp/fake/v3:$PATH quietly restore -d --bundle "$bundle" --image-path "$tmp/empty" "$id-2"
like 'a directory without a complete checkpoint: refused' "$status $(status_of "$id-2") $err" \
	'^1 none .*descriptors.json.*no complete checkpoint'
drop "$id"

# CRIU ends a name at "]:", and takes the rest for another mount (2026-115520).
loop
mkdir "$tmp/data/a]:b"
ln -s 'data/a]:b' "$rootfs/link"
config_set /mounts/- "{\"destination\":\"/link\",\"type\":\"bind\",\"source\":\"$tmp/inner\",\"options\":[\"bind\"]}"
start
path=$tmp/fake/v3:$PATH quietly checkpoint --image-path "$tmp/ck" "$id"
like 'a mount through a link to a path with "]:": refused' \
	"$status $err" '^1 .*/data/a\]:b: a mount at a path with .*\]:'
drop "$id"
loop
config_set /linux/namespaces/- '{"type":"user"}' /linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
	/mounts/7/options '["rbind","idmap"]'
path=$tmp/fake/v3:$PATH quietly restore -d --bundle "$bundle" --image-path "$tmp/ck" "$id"
like 'an id-mapped mount: refused, CRIU would lose the map' \
	"$status $err" '^1 .*mounts.7.: an id-mapped mount cannot be checkpointed'
loop
mkdir "$tmp/ck2"
echo '["/dev/null","/dev/null","/dev/null"]' >"$tmp/ck2/descriptors.json"
path=$tmp/fake/fails:$PATH quietly restore -d --bundle "$bundle" --image-path "$tmp/ck2" "$id"
like 'a failed restore: the reason' \
	"$status $(status_of "$id") $err" '^1 none .*criu failed: type DUMP errno 5'
nothing_left 'a failed restore: nothing is left'

# ---- with CRIU ------------------------------------------------------------------------------------

why=
if ! command -v criu >/dev/null 2>&1; then
	why='criu is not installed'
elif ! criu check >"$tmp/check" 2>&1; then
	why="criu check: $(grep Error "$tmp/check" | tail -n 2 | head -n 1)"
fi
helper lock || why='the helper lock is not built'
if [ -n "$why" ]; then
	skip 'a container is saved and restored' "$why"
	done_testing
fi
# ck ARG..., again ARG...: a checkpoint, a restore that stays; what CRIU says is shown when it fails.
ck() {
	rm -rf "$tmp/ck"
	quietly checkpoint --image-path "$tmp/ck" "$@" "$id"
	[ "$status" = 0 ] || diag "$err"
}
again() {
	quietly restore -d --bundle "$bundle" --image-path "$tmp/ck" "$@" "$id"
	[ "$status" = 0 ] || { diag "$err"; diag "$(grep Error "$tmp/ck/restore.log" | head -n 6)"; }
}
# The mounts inside, without what the kernel numbers.
mounts_in() {
	runc exec "$id" cat /proc/1/mountinfo | awk '{ for (i = 5; $i != "-"; i++) if (i < 7) printf "%s ", $i
		print $(i + 1) }' | sort
}

loop
config_set /process/oomScoreAdj 321
cat >"$tmp/hook" <<END
#!/bin/sh
cat >>$tmp/hooked
echo >>$tmp/hooked
END
chmod 755 "$tmp/hook"
config_set /hooks "{\"createRuntime\":[{\"path\":\"$tmp/hook\"}],\"poststop\":[{\"path\":\"$tmp/hook\"}]}"
start
wait_for beyond 2
runc exec "$id" sh -c 'echo kept >/dev/shm/file; mkdir /dev/some'
before=$(mounts_in)
: >"$tmp/hooked"
ck
is 'checkpoint' "$status" 0
is 'checkpoint: the container does not exist any more' "$(status_of "$id")" none
like 'checkpoint runs the poststop hook' "$(cat "$tmp/hooked")" '"status":"stopped"'
n=$(count)
: >"$tmp/hooked"
again --pid-file "$tmp/pid"
is 'restore' "$status" 0
is 'restore: the container runs' "$(status_of "$id")" running
ok 'restore: the container counts on' counts_on "$n"
is 'restore: oomScoreAdj is what it was' "$(runc exec "$id" cat /proc/1/oom_score_adj)" 321
# Another command has its lock, so that state does not wait for it and says what it knows.
background "$HELPERS/lock" "$root/$id" sleep 1000
ok 'a command has the lock of a restored container' wait_for locked "$root/$id"
is 'restore: the container runs, also while a command has its lock' "$(status_of "$id")" running
kill "$bg"
wait_for "$HELPERS/lock" "$root/$id"
is 'the pid file has its pid' "$(cat "$tmp/pid")" "$(pid_of "$id")"
like 'the createRuntime hook had the pid that it has' \
	"$(cat "$tmp/hooked")" "\"pid\":$(pid_of "$id"),\"status\":\"creating\""
is 'the mounts are what they were, nested binds, masks and read-only paths too' \
	"$(mounts_in)" "$before"
is 'a tmpfs has its files' "$(runc exec "$id" cat /dev/shm/file)" kept
nok 'restore: what was read-only is read-only' runc exec "$id" touch /data/inner/x 2>/dev/null
nok 'the root of the host is not left for CRIU' grep -q criu-root /proc/self/mountinfo
ok 'a restored container can be paused' runc pause "$id"
is 'a restored container that is paused has the state paused' \
	"$(status_of "$id")" paused
ok 'a restored container can be resumed' runc resume "$id"
ok 'a paused container goes on after restore and resume' counts_on "$(count)"

ck --leave-running
is 'checkpoint --leave-running' "$status" 0
ok 'checkpoint --leave-running: the container counts on' counts_on "$(count)"
runc pause "$id"
ck
is 'a paused container is saved' "$status" 0
id=$id-other
config_set /linux/resources/pids/limit 77
quietly restore -d --bundle "$bundle" --image-path "$tmp/ck" --manage-cgroups-mode ignore "$id"
is 'restore by another name' "$status" 0 || diag "$err"
[ "$(status_of "$id")" != paused ] || runc resume "$id"
ok 'restore by another name: the container counts on' counts_on "$(count)"
like 'restore by another name: the container is in its own cgroup' \
	"$(cat "/proc/$(pid_of "$id")/cgroup")" "$id"
limits=$(find /sys/fs/cgroup -path "*$id*" -name pids.max -exec cat {} +)
like 'restore by another name: the limits of config.json hold' "$limits" '^77$'
drop "$id"
id=$mark

loop
argv sh -c 'while [ ! -e /data/end ]; do sleep 0.1; done; exit 7'
start
ck
: >"$tmp/data/end"
do_runc restore --bundle "$bundle" --image-path "$tmp/ck" "$id"
is 'restore in the foreground: its exit status' "$status" 7 || diag "$err"
is 'restore in the foreground: the container is gone' "$(status_of "$id")" none

# Parts of a checkpoint are missing.
loop
start
ck
mv "$tmp/ck/pstree.img" "$tmp/"
quietly restore -d --bundle "$bundle" --image-path "$tmp/ck" "$id"
like 'a damaged checkpoint: refused, with the name of the log' "$status $(status_of "$id") $err" \
	'^1 none .*criu (failed: type RESTORE errno .*|has ended without an answer).*restore.log'
nothing_left 'a damaged checkpoint: nothing is left'
mv "$tmp/pstree.img" "$tmp/ck/"
quietly restore -d --bundle "$bundle" --image-path "$tmp/ck" --pid-file /nowhere/pid "$id"
like 'a pid file that cannot be written: refused' "$status $err" '^1 .*pid file'
nothing_left 'a failure after the restore: nothing is left'
rm -rf "$rootfs/data" "$rootfs/proc" "$rootfs/sys"
again
is 'mount points that a new root does not have are made' "$status" 0
ok 'mount points that a new root does not have: the container counts on' counts_on "$(count)"
drop "$id"

# A connection over lo, which lies in the container's own network namespace.
loop
script <<'END'
mkfifo /tmp/open
sleep 1000 >/tmp/open &	# sleep: it keeps the other end open
nc -l -p 1234 </tmp/open >/data/got &
until grep -qs :04D2 /proc/net/tcp /proc/net/tcp6; do :; done
i=0
while :; do i=$((i + 1)); echo $i; echo $i >/data/new; mv /data/new /data/count; usleep 100000; done | nc 127.0.0.1 1234
END
start
wait_for test -s "$tmp/data/got"
ck
like 'a TCP connection: refused without --tcp-established' \
	"$status $err" '^1 .*criu failed: type DUMP'
ok 'a TCP connection: refused, and the container runs on' counts_on "$(count)"
ck --tcp-established
case $err in
*"Can't get 1:34 opt: Operation not supported"*)
	skip 'a TCP connection is saved' 'this kernel has no CONFIG_SECURITY_NETWORK (SO_PASSSEC)'
	;;
*)
	is 'a TCP connection is saved' "$status" 0
	got=$(wc -c <"$tmp/data/got")
	again --tcp-established
	is 'a TCP connection is restored' "$status" 0
	got_more() { [ "$(wc -c <"$tmp/data/got")" -gt "$got" ]; }
	ok 'a TCP connection is restored: bytes go through it' wait_for got_more
	;;
esac
drop "$id"

# A terminal.
if helper sock; then
	loop
	config_set /process/terminal true
	argv sh -c 'while read -r a; do echo "got <$a>"; echo "$a" >/data/typed; done'
	console() { rm -f "$1"; listen "$tmp/console" "$HELPERS/sock" console "$@"; }
	console "$tmp/cs" first
	quietly run -d --bundle "$bundle" --console-socket "$tmp/cs" "$id"
	wait_for has_line "$tmp/data/typed" first
	ck
	is 'a terminal is saved' "$status" 0
	kill $sock 2>/dev/null
	wait_for gone $sock
	console "$tmp/cs" second
	again --console-socket "$tmp/cs"
	is 'a terminal is restored' "$status" 0
	ok 'a terminal is restored: the console socket gets its other end' \
		wait_for has_line "$tmp/data/typed" second
	drop "$id"
	again
	like 'without a console socket: refused' \
		"$status $err" '^1 .*without setting console socket'
	nothing_left 'without a console socket: nothing is left'
else
	skip 'a terminal is saved' 'the helper sock is not built'
fi

# A network namespace of another user.
loop
background unshare -n sleep 1000
other_net() { [ "$(readlink "/proc/$bg/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
wait_for other_net
config_set /linux/namespaces/1 "{\"type\":\"network\",\"path\":\"/proc/$bg/ns/net\"}"
start
wait_for beyond 1
ck
is 'in a network namespace by path: saved' "$status" 0
again
is 'in a network namespace by path: restored' "$status" 0
is 'in a network namespace by path: the container is in that namespace' \
	"$(readlink "/proc/$(pid_of "$id")/ns/net")" "$(readlink "/proc/$bg/ns/net")"
ok 'in a network namespace by path: the container counts on' counts_on "$(count)"
drop "$id"

# --pre-dump: memory is saved before the rest.
loop
start
if ! criu check --feature mem_dirty_track >/dev/null 2>&1; then
	skip 'checkpoint --pre-dump' 'this kernel has no CONFIG_MEM_SOFT_DIRTY'
	drop "$id"
else
	quietly checkpoint --pre-dump --image-path "$tmp/pre" "$id"
	is 'checkpoint --pre-dump' "$status" 0 || diag "$err"
	ok 'checkpoint --pre-dump: the container counts on' counts_on "$(count)"
	mkdir "$tmp/two"
	quietly checkpoint --image-path "$tmp/two" --parent-path ../pre "$id"
	is 'checkpoint --parent-path' "$status" 0 || diag "$err"
	quietly restore -d --bundle "$bundle" --image-path "$tmp/two" "$id"
	is 'restore of a checkpoint with a pre-dump' "$status" 0 || diag "$err"
	ok 'restore of a checkpoint with a pre-dump: the container counts on' counts_on "$(count)"
	drop "$id"
fi

# --lazy-pages: memory is sent after the rest.
if ! criu check --feature uffd-noncoop >/dev/null 2>&1; then
	skip 'restore --lazy-pages' 'this kernel has no CONFIG_USERFAULTFD'
else
	loop
	start
	wait_for beyond 1
	ck
	n=$(count)
	background criu lazy-pages -D "$tmp/ck" -W "$tmp/ck" -o lazy.log >/dev/null 2>&1
	wait_for test -S "$tmp/ck/lazy-pages.socket"
	again --lazy-pages
	is 'restore --lazy-pages' "$status" 0
	ok 'restore --lazy-pages: it counts on' counts_on "$n"
	# criu lazy-pages ends when it has sent all pages.
	ok 'restore --lazy-pages: all pages came' \
		wait $bg || diag "$(grep Error "$tmp/ck/lazy.log")"
fi
drop "$id"

# ---- options -------------------------------------------------------------------------------------

# refused_then OPTION NAME: without the option a dump fails and the container runs on.
refused_then() {
	ck
	like "$2: refused without $1" "$status $err" '^1 .*criu failed: type DUMP'
	ok "$2: and it runs on" counts_on "$(count)"
	ck "$1"
	is "$2: saved with $1" "$status" 0
}
# A file is open by a name that was removed, and has another name.
loop
argv sh -c "echo text >/data/a; ln /data/a /data/b; exec 5</data/a; rm /data/a; $counting"
start
wait_for beyond 1
refused_then --link-remap 'a file by another name'
n=$(count)
again --link-remap
is 'a file by another name: restored' "$status" 0
ok 'a file by another name: it counts on' counts_on "$n"
is 'a file by another name: it is open' "$(runc exec "$id" cat /proc/1/fd/5)" text
drop "$id"

# The same by a file of CRIU's configuration.
loop
echo link-remap >"$tmp/criu.conf"
config_set /annotations "{\"org.criu.config\":\"$tmp/criu.conf\"}"
argv sh -c "echo text >/data/a; ln -f /data/a /data/b; exec 5</data/a; rm /data/a; $counting"
start
wait_for beyond 1
ck
is 'org.criu.config: CRIU reads that file' "$status" 0
n=$(count)
again
is 'org.criu.config: restored' "$status" 0
ok 'org.criu.config: it counts on' counts_on "$n"
drop "$id"

loop
start
wait_for beyond 1
ck --empty-ns network
is '--empty-ns network: saved' "$status" 0
n=$(count)
again --empty-ns network
is '--empty-ns network: restored' "$status" 0
ok '--empty-ns network: it counts on' counts_on "$n"
is '--empty-ns network: nothing in it is up' \
	"$(runc exec "$id" ip -o link | grep -c '[<,]UP[,>]')" 0
# Devices of the host.
if ip link add ocit0 type veth peer name ocit1 2>/dev/null; then
	drop "$id"
	loop
	config_set /linux/netDevices '{"ocit0":{"name":"eth7"}}'
	device() {
		ip link del ocit0 2>/dev/null
		ip link add ocit0 type veth peer name ocit1 && ip link set ocit0 address 02:00:00:00:12:34 &&
			ip addr add 10.9.8.7/24 dev ocit0
	}
	device
	start
	wait_for beyond 1
	inside=$(runc exec "$id" sh -c 'ip -o link show eth7; ip -o -4 addr show eth7' |
		grep -o '02:00:00:00:12:34\|10\.9\.8\.7/24')
	ck --empty-ns network
	is 'netDevices, --empty-ns network: saved' "$status" 0
	n=$(count)
	device
	again --empty-ns network
	is 'netDevices, --empty-ns network: restored' "$status" 0
	ok 'netDevices: it counts on' counts_on "$n"
	is 'netDevices: it has the addresses of the device' "$inside
$(runc exec "$id" sh -c 'ip -o link show eth7; ip -o -4 addr show eth7' |
		grep -o '02:00:00:00:12:34\|10\.9\.8\.7/24')" "02:00:00:00:12:34
10.9.8.7/24
02:00:00:00:12:34
10.9.8.7/24"
	ip link del ocit0 2>/dev/null
else
	skip 'netDevices, --empty-ns network: saved' \
		'no device of the type veth peer name ocit1 can be made'
fi
drop "$id"
loop
start
wait_for beyond 1
ck --tcp-skip-in-flight --tcp-established --auto-dedup
is '--tcp-skip-in-flight, --auto-dedup: saved' "$status" 0
again --auto-dedup --tcp-close
is '--auto-dedup, --tcp-close: restored' "$status" 0
drop "$id"

# Memory over a connection.
loop
start
wait_for beyond 1
rm -rf "$tmp/ck"
mkdir "$tmp/ck"
port=$((20000 + $$ % 20000))
criu page-server --address 127.0.0.1 --port $port -D "$tmp/ck" -o server.log >/dev/null 2>&1 &
server=$!
listens() { grep -q ":$(printf %04X "$port") .* 0A " /proc/net/tcp; }
wait_for listens
quietly checkpoint --page-server 127.0.0.1:$port --image-path "$tmp/ck" "$id"
is '--page-server: saved' "$status" 0 || diag "$err"
wait $server
n=$(count)
again
is '--page-server: restored' "$status" 0
ok '--page-server: it counts on' counts_on "$n"
drop "$id"

# Namespaces.
loop
config_set /linux/namespaces/- '{"type":"cgroup"}'
start
wait_for beyond 1
inside=$(runc exec "$id" cat /proc/1/cgroup)
ck
is 'a cgroup namespace: saved' "$status" 0
n=$(count)
again
is 'a cgroup namespace: restored' "$status" 0
ok 'a cgroup namespace: it counts on' counts_on "$n"
is 'a cgroup namespace: it shows what it did' "$(runc exec "$id" cat /proc/1/cgroup)" "$inside"
drop "$id"
loop
# Its process 1 reaps what is left of the container, whose pids a restore needs.
background unshare -p -f "$OCI_INIT" -- sleep 1000 # sleep: it holds the namespace
has_child() { [ -n "$(cat "/proc/$bg/task/$bg/children")" ]; }
wait_for has_child
holder=$(tr -d ' ' <"/proc/$bg/task/$bg/children")
bg_all="$bg_all $holder"
config_set /linux/namespaces/0 "{\"type\":\"pid\",\"path\":\"/proc/$holder/ns/pid\"}"
start
wait_for beyond 1
pid=$(pid_of "$id")
ck
is 'a pid namespace by path: saved' "$status" 0
if [ -e "/proc/$pid" ]; then
	skip 'a pid namespace by path: restored' \
		'process 1 of this machine does not reap, so the pid is still taken'
else
	n=$(count)
	again
	is 'a pid namespace by path: restored' "$status" 0
	ok 'a pid namespace by path: it counts on' counts_on "$n"
fi
drop "$id"

nothing_left
done_testing

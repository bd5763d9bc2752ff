#!/bin/sh
# attack-inode.t - mode, owner, times, attributes and links of the host's inodes that mounts of ours
# show to a container: masks, devices, streams, the notify directory, the file of --init.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root

# A /dev of our own: what a runtime gets wrong must not harm the machine.
ptmx=$(stat -c '%F' /dev/ptmx)
[ "$ptmx" = 'character special file' ] || skip_all "/dev/ptmx is a $ptmx"
mkdir "$tmp/dev"
mount -t tmpfs -o mode=755 own "$tmp/dev" || skip_all 'a tmpfs cannot be mounted here'
for d in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 ptmx:5:2; do
	n=${d#*:}
	mknod -m 666 "$tmp/dev/${d%%:*}" c "${n%:*}" "${n#*:}" ||
		skip_all 'device nodes cannot be made here'
done
mkdir "$tmp/dev/pts" "$tmp/dev/shm" "$tmp/dev/mqueue"
ln -s /proc/self/fd "$tmp/dev/fd"
mount --bind "$tmp/dev" /dev || skip_all 'no /dev of our own can be had'
umount "$tmp/dev"
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts /dev/pts ||
	skip_all 'a devpts cannot be mounted here'
mounts_now >"$tmp/mounts"
mounts_n=$(grep -c '' /proc/self/mountinfo)
runc_for_all

# The inodes of the host that may be seen in a container, with times of long ago.
inodes() {
	find /dev -xdev ! -name shm ! -name mqueue ! -name pts
	find /dev/pts -type c
	echo "$RUNC"
	find "$root" -path '*notify*' 2>/dev/null
}
look() { inodes | sort | xargs stat -c '%n %a %u:%g %h %s %Y'; }
prepare() {
	inodes | xargs touch -h -d '2001-02-03 04:05:06' 2>/dev/null ||
		inodes | xargs touch -d '2001-02-03 04:05:06'
	look >"$tmp/before"
}
# harmed: prints what differs from what prepare saw, and restores it.
harmed() {
	look | diff "$tmp/before" -
	chmod 666 /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
	chown 0:0 /dev/* "$RUNC"
	chmod 755 "$RUNC"
}
bundle
masked=$(config_get /linux/maskedPaths | tr -d '[]"' | tr , ' ')
files='/proc/self/fd/0 /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty'
files="$files /proc/self/fd/1 /proc/self/fd/2"
for p in $masked; do
	[ ! -f "$p" ] || files="$files $p"
done
spoil() { argv probe spoil "$@"; }

# ---- the default document: the container's root is the owner of what root owns outside ----

# shellcheck disable=SC2086
spoil $files
prepare
run
is 'the default document runs' "$status" 0 || diag "$err"
is 'masks and streams: no inode of the host is changed' "$(harmed)" '' || diag "$out"
like 'a masked file is a null device still' "$(config_set /process/args \
	'["stat","-c","%F %t:%T","/proc/keys"]' && run && echo "$out")" \
	'^character special file 1:3$'
argv sh -c 'echo gone >/proc/keys && cat /proc/keys && echo empty'
run
is 'a masked file can be written, and is empty when it is read' "$out" empty || diag "$err"
argv \
	sh -c 'chmod 600 /proc/keys; chown 1 /proc/keys; touch /proc/timer_list; stat -c "%a %u" /dev/null'
run
is 'a mask is read-only: the null device of the container does not change' "$out" '666 0'

# Where no tmpfs lies on /dev the nodes are the image's, whose root is read-only.
bundle
config_set /mounts '[{"destination":"/proc","type":"proc","source":"proc"}]' /linux/readonlyPaths \
	'[]' \
	/linux/resources '{}'
for n in 3:null 5:zero 7:full 8:random 9:urandom; do
	mknod -m 666 "$rootfs/dev/${n#*:}" c 1 "${n%:*}"
done
mknod -m 666 "$rootfs/dev/tty" c 5 0
chmod 600 "$rootfs/dev/null"
config_set /root/readonly false
argv true
run
is 'without a mount on /dev it runs' "$status" 0 || diag "$err"
config_set /root/readonly true
spoil /proc/keys
run
is 'the null device of a read-only image stays as it is' "$(stat -c '%a %u' "$rootfs/dev/null")" \
	'600 0' || diag "$out"

# A /dev without a null device: the masks are an empty file, not the host's null device.
bundle
mkdir "$tmp/empty"
config_set /mounts '[{"destination":"/proc","type":"proc","source":"proc"}]' \
	/mounts/- "{\"destination\":\"/dev\",\"source\":\"$tmp/empty\",\"options\":[\"bind\"]}"
spoil /proc/keys /proc/self/fd/0
prepare
run
like 'without a null device: it runs' "$status $out" '^0 /proc/keys:'
is 'without a null device of the container: that of the host is not changed' "$(harmed)" '' ||
	diag "$out"
blank=$bundle
argv \
	sh -c 'for f in /proc/keys /proc/timer_list; do [ ! -e $f ] || { stat -c "%F %a" $f; cat $f; echo x >$f; }; done'
run
like 'without a null device: a masked file is empty' "$out" '^regular empty file 444$'
is 'without a null device: and shows nothing else' "$(echo "$out" | sort -u)" \
	'regular empty file 444' || diag "$err"
for version in 5.4 5.10 5.10-denied; do
	calls_of $version
	run
	is "without a null device, with the calls of Linux $version: a masked file is empty" \
		"$(echo "$out" | sort -u)" 'regular empty file 444' || diag "$err"
	calls_of all
done
caps='["CAP_SYS_ADMIN","CAP_FOWNER","CAP_CHOWN"]'
for ns in none user; do
	bundle=$blank
	config_set /process/capabilities/bounding "$caps" /process/capabilities/effective "$caps" \
		/process/capabilities/permitted "$caps"
	[ $ns = none ] || config_set /linux/namespaces/- '{"type":"user"}' \
		/linux/uidMappings '[{"containerID":0,"hostID":0,"size":65536}]' \
		/linux/gidMappings '[{"containerID":0,"hostID":0,"size":65536}]'
	argv sh -c 'mount -o remount,bind,rw /proc/keys && exec probe spoil /proc/keys'
	prepare
	# In a user namespace a null device of the host as a stream is refused.
	status=0
	: | timeout -s KILL 60 env OCI_TEST_MARK="$mark" "$RUNC" --root "$root" run \
		--bundle "$bundle" "$id" >"$tmp/out" 2>&1 || status=$?
	out=$(cat "$tmp/out")
	like "without a null device, user namespace $ns: the mask is made writable and changed" \
		"$status $out" '^0 /proc/keys: chmod'
	is "without a null device, user namespace $ns: the inodes of the host are not" "$(harmed)" \
		'' || diag "$out"
done

# The host's /dev as the config asks for it, read-only: so are the masks.
bundle
config_set /mounts '[{"destination":"/proc","type":"proc","source":"proc"}]' \
	/mounts/- '{"destination":"/dev","source":"/dev","options":["rbind","ro"]}'
spoil /proc/keys
prepare
run
is 'a read-only bind of /dev: the masks made of it are read-only too' "$(harmed)" '' || diag "$out"

# ---- a user namespace whose root is the host's ----

bundle
# shellcheck disable=SC2086
spoil $files
config_set /linux/namespaces/- '{"type":"user"}' \
	/linux/uidMappings '[{"containerID":0,"hostID":0,"size":65536}]' \
	/linux/gidMappings '[{"containerID":0,"hostID":0,"size":65536}]'
prepare
run
is 'a user namespace: the container runs' "$status" 0 || diag "$err"
is 'in a user namespace: masks, devices and streams are not changed' "$(harmed)" '' || diag "$out"
argv \
	sh -c 'grep " /dev/\(null\|zero\|full\|random\|urandom\|tty\) " /proc/self/mountinfo | cut -d " " -f 5,6; echo x >/dev/null && head -c 2 /dev/zero | wc -c'
run
is 'in a user namespace: devices are nosuid and noexec' \
	"$(echo "$out" | grep -c '^/dev/[a-z]* [a-z]*,nosuid,noexec')" 6 || diag "$out"
is 'in a user namespace: devices can be written and read' "$(echo "$out" | tail -n 1)" 2

caps='["CAP_SYS_ADMIN","CAP_FOWNER","CAP_CHOWN"]'
config_set /process/capabilities/bounding "$caps" /process/capabilities/effective "$caps" \
	/process/capabilities/permitted "$caps"
# shellcheck disable=SC2016
argv sh -c 'for f; do mount -o remount,bind,rw $f; done; exec probe spoil "$@"' - /dev/null \
	/dev/zero /dev/full /dev/random /dev/urandom /dev/tty /proc/keys
prepare
run
like 'with CAP_SYS_ADMIN in it the mounts can be made writable' "$status $out" '^0 /dev/null: chmod'
is 'in a user namespace, with CAP_SYS_ADMIN: no inode of the host is changed' \
	"$(harmed)" '' || diag "$out"

# Linux 5.2 to 5.11 clones mounts, and cannot change the attributes of a clone.
for version in 5.4 5.10 5.10-denied; do
	calls_of $version
	prepare
	run
	like "with the calls of Linux $version: the mounts can be made writable" "$status $out" \
		'^0 /dev/null: chmod'
	is "with the calls of Linux $version: no inode of the host is changed" "$(harmed)" '' ||
		diag "$out"
	calls_of all
done

rm /dev/full
argv stat -c '%t:%T %a %u' /dev/full
run
is 'one that the host has lost is made' "$status $out" '0 1:7 666 0' || diag "$err"
mknod -m 666 /dev/full c 1 7

# ---- descriptors that the caller hands on ----

# handed VERB...: with the null device as descriptor 3.
handed() {
	status=0
	timeout -s KILL 60 env OCI_TEST_MARK="$mark" "$RUNC" --root "$root" "$@" </dev/null \
		>"$tmp/out" 2>&1 3</dev/null || status=$?
	out=$(cat "$tmp/out")
}
bundle
argv probe spoil /proc/self/fd/3
prepare
handed run --preserve-fds 1 --bundle "$bundle" "$id"
like '--preserve-fds: it has the descriptor' "$status $out" '^0 /proc/self/fd/3:'
is '--preserve-fds: the null device of the host is not changed' "$(harmed)" '' || diag "$out"
argv sleep 1000
run --detach
is 'a container for exec --preserve-fds' "$status" 0 || diag "$err"
prepare
handed exec --preserve-fds 1 "$id" probe spoil /proc/self/fd/3
like 'exec --preserve-fds: it has the descriptor' "$status $out" '^0 /proc/self/fd/3:'
is 'exec --preserve-fds: the null device of the host is not changed' "$(harmed)" '' || diag "$out"
drop "$id"

# ---- no mount namespace: the streams are replaced all the same ----

bundle
config_set /mounts '[]' /linux/maskedPaths '[]' /linux/readonlyPaths '[]' /linux/namespaces \
	'[{"type":"pid"}]' /root/readonly false
config_del /hostname
mount -t proc proc "$rootfs/proc"
for null in 0 1; do
	[ $null = 0 ] || mknod -m 666 "$rootfs/dev/null" c 1 3
	argv probe spoil /proc/self/fd/0
	prepare
	run
	like "no mount namespace, null devices $null: it has its stream" "$status $out" \
		'^0 /proc/self/fd/0:'
	is "no mount namespace, null devices $null: that of the host is not changed" "$(harmed)" \
		'' || diag "$out"
done
umount "$rootfs/proc"

# ---- exec: its streams are the caller's ----

bundle
argv sleep 1000
run --detach
is 'a container for exec' "$status" 0 || diag "$err"
prepare
# shellcheck disable=SC2086
do_runc exec "$id" probe spoil $files
is 'exec runs' "$status" 0 || diag "$err"
is 'exec: no stream is an inode of the host' "$(harmed)" '' || diag "$out"
do_runc exec "$id" stat -L -c '%t:%T' /proc/self/fd/0
is 'exec: standard input is a null device' "$out" 1:3
do_runc exec "$id" rm /dev/null
prepare
do_runc exec "$id" probe spoil /proc/self/fd/0
is 'exec runs where the container has removed its null device' "$status" 0 || diag "$err"
is 'exec without a null device: that of the host is not changed' "$(harmed)" '' || diag "$out"
do_runc exec "$id" mkfifo /dev/null
prepare
do_runc exec "$id" probe spoil /proc/self/fd/0
is 'exec runs where it has made a fifo of it' "$status" 0 || diag "$err"
is 'exec with a fifo as /dev/null: the null device of the host is not changed' \
	"$(harmed)" '' || diag "$out"
drop "$id"

# ---- a terminal: the caller's is not in there, and the console is of the container's own devpts --

if helper pty; then
	config_set /process/terminal true
	argv probe spoil /dev/console /dev/tty /dev/ptmx /dev/pts/0 /proc/self/fd/0
	prepare
	OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/pty" "$RUNC" --root "$root" run \
		--bundle "$bundle" "$id" \
		</dev/null >"$tmp/out" 2>&1
	out=$(cat "$tmp/out")
	like 'with a terminal it runs' "$out" '/dev/console: chmod'
	is 'with a terminal: no terminal of the host is changed' "$(harmed)" '' || diag "$out"
	config_set /process/terminal false
else
	skip 'with a terminal' 'the helper pty is not built'
fi

# ---- our own files: process 1 of --init, the notify directory ----

argv probe spoil /proc/1/exe
prepare
do_runc run --init --bundle "$bundle" "$id"
is 'with --init it runs' "$status" 0 || diag "$err"
is 'the file of process 1 is not changed' "$(harmed)" '' || diag "$out"

if helper sock; then
	listen "$tmp/told" "$HELPERS/sock" notify "$tmp/manager"
	# shellcheck disable=SC2016
	script <<-'SCRIPT'
		while [ ! -e /tmp/go ]; do :; done
		probe spoil ${NOTIFY_SOCKET%/*} $NOTIFY_SOCKET >/tmp/spoilt
		exec sleep 1000
	SCRIPT
	config_set /root/readonly false
	NOTIFY_SOCKET=$tmp/manager
	export NOTIFY_SOCKET
	do_runc create --bundle "$bundle" "$id"
	unset NOTIFY_SOCKET
	background env NOTIFY_SOCKET="$tmp/manager" OCI_TEST_MARK="$mark" "$RUNC" --root "$root" \
		start "$id"
	wait_for status_is "$id" running
	prepare
	: >"$rootfs/tmp/go"
	wait_for [ -s "$rootfs/tmp/spoilt" ]
	out=$(cat "$rootfs/tmp/spoilt")
	is 'the notify directory and its socket are there' "$(grep -c notify "$tmp/before")" 2
	is 'the notify directory and its socket are not changed' "$(harmed)" '' || diag "$out"
	drop "$id"
else
	skip 'the notify directory' 'the helper sock is not built'
fi

nothing_left
done_testing

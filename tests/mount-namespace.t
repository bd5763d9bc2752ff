#!/bin/sh
# mount-namespace.t - the container's mount namespace is made of its root filesystem alone
# (Linux 7.0), or is a copy of the host's mounts: both show the same.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"

need_root
helper old || skip_all 'the helper old is not built'
"$HELPERS/old" -n true || skip_all 'seccomp is not allowed here'

# How the container's mount namespace was made, by --debug: alone or copied.
way() {
	case $err in
	*'no mount of the host is copied'*) echo alone ;;
	*) echo copied ;;
	esac
}
RUNC_FLAGS=--debug
major=$(uname -r | cut -d. -f1)
expected=copied
[ "$major" -lt 7 ] || [ -n "${CONTROL:-}" ] || expected=alone
# The runtime that has no OPEN_TREE_NAMESPACE.
printf '#!/bin/sh\nexec %s -n %s "$@"\n' "$HELPERS/old" "$RUNC" >"$tmp/without"
chmod 755 "$tmp/without"
with=$RUNC

src=$tmp/src
mkdir -p "$src/dir/sub"
mount -t tmpfs host "$src/dir/sub"
echo host >"$src/dir/sub/file"

bind() { # DESTINATION SOURCE OPTION...
	_dest=$1 _source=$2
	shift 2
	config_set /mounts/- \
		"{\"destination\":\"$_dest\",\"source\":\"$_source\",\"options\":$(words "$@")}"
}

# Without a cgroup namespace /sys/fs/cgroup shows the host's mounts.
begin() {
	bundle
	config_set /linux/namespaces/- '{"type":"cgroup"}'
}

for how in new old; do
	case $how in
	new) RUNC=$with want=$expected ;;
	old) RUNC=$tmp/without want=copied ;;
	esac

	begin
	argv sh -c 'cut -d " " -f 5 /proc/self/mountinfo | sort -u'
	run_ok "$how: the default document runs"
	is "$how: its mount namespace" "$(way)" "$want"
	unlike "$how: it has no mount of the host" "$out" "^/.*(src|overlay|rootfs)"
	like "$how: it has its own" "$out" '^/dev/mqueue$'

	# A bind is a slave of the host's mount, and what is below it comes along by rbind only.
	bind /one "$src/dir" bind
	bind /all "$src/dir" rbind rslave
	(cd "$bundle" && ln -s "$src/dir" link)
	bind /relative link rbind
	bind /file "$src/dir/sub/file" bind ro
	argv sh -c \
		'cat /one/sub/file 2>/dev/null; cat /all/sub/file /relative/sub/file /file; touch /file'
	run
	is "$how: sources of binds" "$(way) $status $(echo "$out" | tr '\n' ' ')" \
		"$want 1 host host host " || diag "$(echo "$err" | grep -v level=debug)"
	argv sh -c 'until [ -e /all/sub/more/file ]; do sleep 0.1; done'
	mkdir -p "$src/dir/sub/more"
	create --pid-file "$tmp/pid"
	runc start "$id" >/dev/null 2>&1
	before=$(cat /proc/self/mountinfo)
	mount -t tmpfs later "$src/dir/sub/more"
	touch "$src/dir/sub/more/file"
	ok "$how: a later mount of the host appears below a bind" wait_for status_is "$id" stopped
	drop "$id"
	umount "$src/dir/sub/more"
	is "$how: the host's mounts are as before" "$(cat /proc/self/mountinfo)" "$before"
	rmdir "$src/dir/sub/more"

	# A mount namespace that is kept as a file cannot be attached in a younger namespace.
	touch "$src/dir/pin"
	pinned=
	for try in 1 2 3 4 5 6 7 8; do
		unshare -m sleep 1000 &
		bg_all="$bg_all $!"
		# By then its mounts are in no peer group of ours.
		wait_for has_line "/proc/$!/comm" sleep
		# The kernel refuses one whose number is lower than ours. Each processor has a
		# range of numbers of its own.
		mount --bind "/proc/$!/ns/mnt" "$src/dir/pin" 2>/dev/null && pinned=1 && break
	done
	argv cat /all/sub/file
	if [ -n "$pinned" ]; then
		run
		is "$how: a host that keeps a mount namespace as a file" "$(way) $status $out" \
			'copied 0 host'
		umount "$src/dir/pin"
	else
		skip "$how: a host that keeps a mount namespace as a file" "$try were refused"
	fi

	# Each of these needs the host's mounts.
	begin
	mkdir "$rootfs/data" "$rootfs/v"
	echo image >"$rootfs/data/file"
	mkdir "$tmp/first.$how"
	echo first >"$tmp/first.$how/file"
	bind /data "$tmp/first.$how" bind
	bind /v "$rootfs/data" bind
	argv cat /v/file
	run
	is "$how: a source in an earlier mount" "$(way) $status $out" 'copied 0 first'
	ln -s "$rootfs/data" "$tmp/link.$how"
	config_set /mounts/8/source "\"$tmp/link.$how\""
	run
	is "$how: the same by a symlink" "$(way) $status $out" 'copied 0 first'
	config_set /mounts/8/source "\"$tmp/none\""
	run
	like "$how: a source that is not there" "$status $(echo "$err" | tail -n 1)" \
		'^1 .*mounts\[8\].*open .*none: no such file'

	begin
	echo "ls -d $src" >"$tmp/hook"
	for hook in prestart createRuntime createContainer; do
		config_set /hooks \
			"{\"$hook\":[{\"path\":\"/bin/sh\",\"args\":[\"sh\",\"$tmp/hook\"]}]}"
		run
		is "$how: a $hook hook" "$(way) $status" 'copied 0'
	done
	config_del /hooks
	config_del /linux/namespaces/5
	run
	is "$how: no cgroup namespace" "$(way) $status" 'copied 0'
	config_set /linux/namespaces/- '{"type":"cgroup"}'
	config_set /linux/rootfsPropagation '"shared"'
	run
	is "$how: a shared root" "$(way) $status" 'copied 0'
	for word in private rprivate slave rslave unbindable; do
		config_set /linux/rootfsPropagation "\"$word\""
		argv sed -n 's/^[0-9]* [0-9]* [^ ]* [^ ]* \/ [^ ]* \(.*\) - .*/\1/p' \
			/proc/self/mountinfo
		run
		case $word in
		*slave) shape=master: ;;
		unbindable) shape=unbindable ;;
		*) shape= ;;
		esac
		case $out in
		*shared:*) found=shared ;;
		*master:*) found=master: ;;
		*unbindable*) found=unbindable ;;
		*) found= ;;
		esac
		is "$how: rootfsPropagation $word" "$(way) $status $found" "$want 0 $shape"
	done
	config_del /linux/rootfsPropagation
	config_set /root/readonly false
	argv sh -c 'touch /new && echo ok'
	run
	is "$how: a root that can be written" "$(way) $out" "$want ok"
	run --no-pivot
	is "$how: --no-pivot" "$status $out" '0 ok'
	argv sleep 1000
	create
	runc start "$id" >/dev/null 2>&1
	do_runc exec "$id" sh -c 'ls -d /bin /new; pwd'
	is "$how: exec sees the container's root" "$(echo "$out" | tr '\n' ' ')" '/bin /new / '
	drop "$id"
done
RUNC=$with
umount "$src/dir/sub"
nothing_left
done_testing

#!/bin/sh
# rootfs.t - the root: read-only, masked and read-only paths, propagation, what the host sees of it.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
bundle

# ---- root.readonly (R-03) ----

argv sh -c 'touch /new; mkdir /newdir; echo x >/dev/shm/x && echo shm; touch /dev/new && echo dev'
run
like 'readonly: no file can be made' "$err" '/new: Read-only file system'
like 'readonly: no folder either' "$err" "'?/newdir'?: Read-only file system"
is 'mounts below stay writable' "$out" 'shm
dev'
nok 'readonly: no file was made' test -e "$rootfs/new"
config_set /root/readonly false
argv sh -c 'touch /new && echo made'
run
is 'not readonly' "$out" made
rm "$rootfs/new"
config_del /root/readonly
run
is 'readonly not given: writable' "$out" made
rm -f "$rootfs/new"
config_set /root/readonly true
argv sh -c 'mount -o remount,rw / 2>&1; touch /new 2>&1'
run
like 'readonly: the root cannot be made writable again' "$out" 'Read-only file system'

# ---- root.path ----

argv echo here
config_set /root/path "$(quote "$rootfs")"
run
is 'an absolute root.path' "$out" here
config_set /root/path '"./rootfs/../rootfs/"'
run
is 'dots in root.path' "$out" here
state=$tmp/link
ln -s "$rootfs" "$state"
config_set /root/path "$(quote "$state")"
run
# runc refuses this (R-02). Another root must not be used.
case $status in
0) is 'a root.path that is a symbolic link: that folder, or a refusal' "$out" here ;;
*) like 'a root.path that is a symbolic link: that folder, or a refusal' "$err" \
	'rootfs|root\.path|symlink|symbolic' ;;
esac
mkdir "$tmp/mnt"
mount -t tmpfs rootmnt "$tmp/mnt"
make_rootfs "$tmp/mnt"
config_set /root/path "$(quote "$tmp/mnt")"
run
is 'a root.path that is a mountpoint' "$out" here
mkdir "$tmp/mnt/sub"
mount -t tmpfs sub "$tmp/mnt/sub"
echo below >"$tmp/mnt/sub/f"
argv cat /sub/f
run
is 'mounts below root.path come along' "$out" below
umount "$tmp/mnt/sub" "$tmp/mnt"
config_set /root/path '"rootfs"'

# ---- maskedPaths (Q-05) ----

bundle
mkdir -p "$rootfs/srv/dir/sub"
echo secret >"$rootfs/srv/file"
echo secret >"$rootfs/srv/dir/inner"
ln -s /srv/file "$rootfs/srv/link"
config_set /linux/maskedPaths/- '"/srv/file"' /linux/maskedPaths/- '"/srv/dir"' \
	/linux/maskedPaths/- '"/srv/missing"' \
	/linux/maskedPaths/- '"/srv/file"' /root/readonly false
argv \
	sh -c 'cat /srv/file; ls -A /srv/dir; stat -c "%F %t:%T" /srv/file; touch /srv/dir/x; echo y >/srv/file; cat /srv/file; cat /proc/self/mountinfo >/dev/shm/i; grep " /srv/dir " /dev/shm/i'
run
is 'masked paths: exit 0 or what grep says' "$status" 0
unlike 'masked paths: nothing of the content is seen' "$out" 'secret|inner|sub'
like 'a masked file is empty, or the null device' "$out" \
	'character special file 1:3|regular empty file 0:0'
like 'a masked folder is a read-only tmpfs' "$out" ' /srv/dir ro[, ].* - tmpfs '
like 'a masked folder cannot be written' "$err" '/srv/dir/x: Read-only file system'
is 'the files below are untouched' "$(cat "$rootfs/srv/file" "$rootfs/srv/dir/inner")" 'secret
secret'
config_set /linux/maskedPaths \
	'["/srv/file","/srv/dir","/srv/file","/srv//link","/srv/dir/","/proc/keys","/proc/keys"]'
argv sh -c 'for p in /srv/file /srv/dir /proc/keys; do grep -c " $p " /proc/self/mountinfo; done'
run
is 'a masked path that stands twice is mounted once' "$(echo "$out" | tr '\n' ' ')" '1 1 1 '
base_config >"$bundle/config.json"
argv \
	sh -c 'for p in /proc/kcore /proc/keys /proc/timer_list /sys/firmware /proc/acpi /proc/scsi; do [ -e $p ] || continue; if [ -d $p ]; then ls -A $p; else head -c 16 $p; fi; done'
run
is 'the default masks: nothing to read' "$out" ''
config_set /linux/maskedPaths '["/srv/link"]'
argv cat /srv/file /srv/link
run
isnt 'a masked link: not readable through the link' "$(echo "$out" | tail -n 1)" secretx

# ---- readonlyPaths (Q-06) ----

bundle
mkdir -p "$rootfs/srv/dir" "$rootfs/srv/rw"
touch "$rootfs/srv/file"
config_set /root/readonly false /linux/readonlyPaths/- '"/srv/dir"' /linux/readonlyPaths/- \
	'"/srv/file"' \
	/linux/readonlyPaths/- '"/srv/missing"' /linux/readonlyPaths/- '"/dev/shm"'
argv \
	sh -c 'touch /srv/dir/x; echo x >/srv/file; touch /srv/rw/x && echo rw; echo 1 >/proc/sys/kernel/domainname; echo h >/proc/sysrq-trigger; cat /proc/self/mountinfo'
run
like 'a read-only folder' "$err" '/srv/dir/x: Read-only file system'
like 'a read-only file' "$err" '/srv/file: Read-only file system'
like 'paths beside a read-only file stay writable' "$out" '^rw$'
like '/proc/sys' "$err" '/proc/sys/kernel/domainname: Read-only file system'
[ ! -e /proc/sysrq-trigger ] || like '/proc/sysrq-trigger' "$err" \
	'/proc/sysrq-trigger: Read-only file system'
like 'flags of the mount below are kept' "$out" ' /dev/shm ro,nosuid,nodev,noexec'
for p in /proc/bus /proc/fs /proc/irq /proc/sys; do
	[ -e $p ] || continue
	like "$p is read-only" "$out" " $p ro,"
done

# ---- rootfsPropagation (Q-03, Q-04) ----

for w in private rprivate slave rslave shared rshared unbindable runbindable; do
	bundle
	config_set /linux/rootfsPropagation "\"$w\""
	argv \
		sh -c 'while read -r a b c d e f g; do [ "$e" = / ] && echo "$g"; done </proc/self/mountinfo'
	run
	case $w in
	*private) want='^- ' ;;
	*slave) want='^(master:[0-9]+ )?- ' ;;
	*shared) want='^shared:[0-9]+ ' ;;
	*) want='^unbindable' ;;
	esac
	# control: runc 1.1.5 leaves shared and unbindable without effect (fixed in 1.3.1).
	like "rootfsPropagation $w" "$out" "$want" || diag "$err"
done
bundle
config_set /linux/rootfsPropagation '"sideways"'
refused 'rootfsPropagation unknown' 'rootfsPropagation'

# Mounts made in the container never reach the host (its mounts here are shared), and a root on a
# shared mount can be entered (Q-04).
mkdir -p "$tmp/shared"
mount -t tmpfs shroot "$tmp/shared"
mount --make-shared "$tmp/shared"
bundle
mv "$rootfs" "$tmp/shared/rootfs"
config_set /root/path "$(quote "$tmp/shared/rootfs")" /root/readonly false
script_root=$tmp/shared/rootfs
cat >"$script_root/script" <<'END'
mkdir -p /mnt && mount -t tmpfs inside /mnt && grep -c ' /mnt ' /proc/self/mountinfo
END
argv sh /script
config_set /process/capabilities \
	'{"bounding":["CAP_SYS_ADMIN"],"effective":["CAP_SYS_ADMIN"],"permitted":["CAP_SYS_ADMIN"]}'
for w in rslave rprivate shared rshared; do
	config_set /linux/rootfsPropagation "\"$w\""
	before=$(mounts_now)
	run
	is "a root on a shared mount, $w" "$status $out" '0 1' || diag "$err"
	is 'a root on a shared mount: no mount of it reaches the host' "$(mounts_now)" "$before"
done
umount "$tmp/shared"

# The host's mounts are gone from the container's namespace, not only covered: a process that
# detaches its root finds none of them. On an initramfs that needs more than pivot_root(2),
# elsewhere --no-pivot.
bundle
argv probe below
config_set /process/capabilities \
	'{"bounding":["CAP_SYS_ADMIN","CAP_SYS_CHROOT"],"effective":["CAP_SYS_ADMIN","CAP_SYS_CHROOT"],"permitted":["CAP_SYS_ADMIN","CAP_SYS_CHROOT"]}'
for how in '' --no-pivot; do
	# shellcheck disable=SC2086
	run $how
	like "no mount of the host lies below the root ${how:-by pivot_root}" "$out" \
		'^below: nothing in [1-9]' || diag "$err"
done
config_set /process/capabilities '{}'
argv sh -c 'ls -d /proc/self && echo at home; cat /../../etc/passwd | head -n 1'
run --no-pivot
is '--no-pivot: the root is the container'"'"'s' "$status $(echo "$out" | tr '\n' ' ')" \
	'0 /proc/self at home root:x:0:0:root:/root:/bin/sh ' || diag "$err"

# No `linux` at all: no namespaces, chroot(2) (R-06).
bundle
config_del /linux
config_set /linux/resources '{}' /mounts '[]' /hostname '""' /root/readonly false
argv sh -c 'ls -d /script /bin/sh 2>&1; echo $$; pwd; cat /../../etc/passwd | head -n 1'
run
# control: runc 1.1.5 crashes.
is 'no linux at all: a chroot' "$status $(echo "$out" | sed -n '$p')" \
	'0 root:x:0:0:root:/root:/bin/sh' || diag "$err"

# On the host the directory has only what mount points need.
bundle
run
is 'in the rootfs only mountpoints are made' \
	"$(cd "$rootfs" && find dev proc sys tmp root | sort |
	tr '\n' ' ')" 'dev proc root sys tmp '

nothing_left
done_testing

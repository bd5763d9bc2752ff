#!/bin/sh
# image-loop.t - an image as root where /dev has no node of the loop device that is free, as in a
# container.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
[ -e /dev/loop-control ] || skip_all 'no /dev/loop-control: this kernel has no loop devices'
bundle
i=$tmp/root.img
if grep -q '	squashfs$' /proc/filesystems &&
	mksquashfs "$rootfs" "$i" -quiet -no-progress -noappend >/dev/null 2>&1; then :
elif grep -q '	ext4$' /proc/filesystems &&
	mkfs.ext4 -q -F -d "$rootfs" "$i" 32m >/dev/null 2>&1; then :
else
	skip_all 'no image can be made or mounted here'
fi

# A /dev of our own: the host keeps its nodes.
mkdir "$tmp/dev"
mount -t tmpfs -o mode=755 own "$tmp/dev" || skip_all 'a tmpfs cannot be mounted here'
for d in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
	n=${d#*:}
	mknod -m 666 "$tmp/dev/${d%%:*}" c "${n%:*}" "${n#*:}" ||
		skip_all 'device nodes cannot be made here'
done
mount --bind "$tmp/dev" /dev || skip_all 'no /dev of our own can be had'
umount "$tmp/dev"
mounts_now >"$tmp/mounts"
mounts_n=$(grep -c '' /proc/self/mountinfo)
loops() { cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F "$tmp"; }
no_loops() { [ -z "$(loops)" ]; }

config_set /root/path "$(quote "$i")"
argv echo inside
run
is 'neither loop-control nor a loop device in /dev: it runs' "$status $out" '0 inside' ||
	diag "$err"
ok 'no loop device is left' wait_for no_loops
is 'without nodes in /dev: nothing was made there' \
	"$(find /dev -type c -o -type b | sort | tr '\n' ' ')" \
	'/dev/full /dev/null /dev/random /dev/tty /dev/urandom /dev/zero '
mknod "/dev/loop-control" c 10 237
run
is 'with loop-control alone it runs' "$status $out" '0 inside' || diag "$err"
rm /dev/loop-control
if setpriv --bounding-set -mknod true 2>/dev/null; then
	OCI_TEST_MARK=$mark timeout -s KILL 60 setpriv --bounding-set -mknod --inh-caps -mknod \
		"$RUNC" --root "$root" run --bundle "$bundle" "$id" </dev/null >"$tmp/out" \
		2>"$tmp/err"
	like 'without CAP_MKNOD: refused with a hint' "$? $(cat "$tmp/err")" \
		'^1 .*/dev/loop-control is not there: .*CAP_MKNOD'
	is 'without CAP_MKNOD: one line of error' "$(error_lines "$tmp/err")" 1
else
	skip 'without CAP_MKNOD' 'no setpriv'
fi
ok 'without CAP_MKNOD: no loop device is left' wait_for no_loops
nothing_left
done_testing

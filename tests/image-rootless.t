#!/bin/sh
# image-rootless.t - images of an ordinary user: with one id, and with ranges of further ones.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034
. "$(dirname "$0")/lib.sh"
need_root
! few_files || skip_all "$why"
. "$tests/images.sh"
user=65534
command -v setpriv >/dev/null || skip_all 'there is no setpriv'
setpriv --reuid $user --regid $user --clear-groups unshare -Ur true 2>/dev/null ||
	skip_all 'an ordinary user may make no user namespace here'

make_rootfs "$tmp/base"
mkdir "$tmp/base/closed"
echo inside >"$tmp/base/closed/file"
chmod 500 "$tmp/base/closed"
chown 33:34 "$tmp/base/tmp"
chown 5:6 "$tmp/base/etc/group"
chmod 400 "$tmp/base/etc/group"
tar -C "$tmp/base" -cf "$tmp/base.tar" .
layer more.tar <<END
3|zero|major=1|minor=5|mode=666
0|closed/more|data=more
0|set|data=x|mode=4755|uid=33|gid=34
END
layout
settings="\"Env\":[\"PATH=/bin\",\"OCI_TEST_MARK=$mark\"],\"User\":\"5:6\",\"Cmd\":[\"id\"]"
image one "$tmp/base.tar" "$tmp/more.tar"
chmod 755 "$tmp" "$layout"
mkdir -p "$tmp/home/run"
cp "$OCI_IMAGE" "$tmp/home/oci-image"
cp "$RUNC" "$tmp/home/runc"
chmod 755 "$tmp/home"/*
chown -R $user:$user "$tmp/home"
as_user() {
	status=0
	(cd "$tmp/home" && timeout -s KILL 60 setpriv --reuid $user --regid $user --clear-groups \
		env XDG_RUNTIME_DIR="$tmp/home/run" OCI_TEST_MARK="$mark" "$@") \
		>"$tmp/said" 2>"$tmp/err" </dev/null || status=$?
	out=$(cat "$tmp/said")
	err=$(cat "$tmp/err")
}
owner() { stat -c '%u:%g %a' "$1"; }

# ---- one id --------------------------------------------------------------------------------------

printf '' >"$tmp/none"
for file in subuid subgid; do [ ! -e /etc/$file ] || mount --bind "$tmp/none" /etc/$file; done
as_user ./oci-image unpack --no-sync "$layout" one
is 'with one id an image is unpacked' "$status" 0 || diag "$err"
is 'with one id all files belong to the user' \
	"$(find "$tmp/home/one" ! -user $user | wc -l | tr -d ' ')" 0
is 'with one id files have the modes of the image' \
	"$(stat -c %a "$tmp/home/one/rootfs/closed" "$tmp/home/one/rootfs/set" |
	tr '\n' ' ')" '500 4755 '
closed=$tmp/home/one/rootfs/closed
is 'a closed directory has files of two layers' "$(cat "$closed/file" "$closed/more")" 'inside
more'
ok 'a device is an empty file' test -f "$tmp/home/one/rootfs/zero"
like 'an ordinary user: devices that became files are reported' "$err" '1 devices are empty files'
if command -v getfattr >/dev/null && setfattr -n user.a -v b "$tmp/base" 2>/dev/null; then
	is 'the owner is kept as umoci keeps it' \
		"$(getfattr --only-values -n user.rootlesscontainers "$tmp/home/one/rootfs/tmp" | od -An -tx1 | tr -d ' ')" 08211022
	as_user ./oci-image pack -o packed.tar one
	unpack "$tmp/home/packed.tar"
	is 'pack reads the owner that is kept as an attribute' \
		"$(owner "$rootfs/tmp") $(owner "$rootfs/etc/group")" \
			'33:34 1777 5:6 400' ||
		diag "$err"
else
	skip 'the owner is kept as umoci keeps it' 'no attributes here'
fi
like 'a user who is not mapped is root there' \
	"$(json_get "$tmp/home/one/config.json" /process/user)" '"uid":0'
as_user ./runc run --bundle one "$mark-1"
like 'a user who is not mapped: the container runs' "$out" 'uid=0' || diag "$err"
as_user ./oci-image rm one
ok 'rm removes it, with the closed directory' test ! -e "$tmp/home/one"
if grep -qw overlay /proc/filesystems; then
	as_user ./runc run --image "$layout" -- sh -c 'echo x >/new; cat /new'
	is 'run --image, which may write' "$status $out" '0 x' || diag "$err"
	as_user ./oci-image rm
	is 'run --image: rm removes the image' "$status" 0 || diag "$err"
else
	skip 'run --image, which may write' 'no overlay here'
fi

# ---- a range -------------------------------------------------------------------------------------

name=$(awk -F: -v id=$user '$3 == id { print $1; exit }' /etc/passwd)
if command -v newuidmap >/dev/null && [ -n "$name" ] && [ -e /etc/subuid ] &&
	[ -e /etc/subgid ]; then
	echo "$name:200000:65536" >"$tmp/range"
	for file in subuid subgid; do mount --bind "$tmp/range" /etc/$file; done
	as_user ./oci-image unpack --no-sync "$layout" many
	is 'with a range an image is unpacked' "$status" 0 || diag "$err"
	is 'with a range the owners are of the range' \
		"$(owner "$tmp/home/many/rootfs/tmp") $(owner "$tmp/home/many/rootfs/set")" \
		'200032:200033 1777 200032:200033 4755'
	is 'with a range root of the image is the user' \
		"$(owner "$tmp/home/many/rootfs/closed")" "$user:$user 500"
	is 'config.json maps the same' \
		"$(json_get "$tmp/home/many/config.json" /linux/uidMappings)" \
		"[{\"containerID\":0,\"hostID\":$user,\"size\":1},{\"containerID\":1,\"hostID\":200000,\"size\":65536}]"
	as_user ./runc run --bundle many "$mark-2"
	is 'the image'"'"'s user runs' "$out" 'uid=5 gid=6' || diag "$err"
	as_user ./oci-image pack -o packed.tar many
	is 'pack reads files of the range' "$status" 0 || diag "$err"
	as_user ./oci-image rm many
	is 'rm removes files of the range' \
		"$status $(ls -d "$tmp/home/many" 2>/dev/null)" '0 ' || diag "$err"
	echo "$name:200000:20" >"$tmp/range"
	as_user ./oci-image unpack --no-sync "$layout" few
	like 'a range that is too small is named' "$err" \
			'/etc/subuid and /etc/subgid do not give enough ids'
	is 'a range that is too small: nothing is left' \
		"$(find "$tmp/home" -maxdepth 1 -name '*few*')" ''
	umount /etc/subuid /etc/subgid
else
	skip 'with a range an image is unpacked' 'no newuidmap, /etc/subuid or user of that number'
fi
umount /etc/subuid /etc/subgid 2>/dev/null

nothing_left
done_testing

#!/bin/sh
# one-file.t - programs that are containers: root mounts what is in them, others unpack it into
# memory.
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154,SC2034
. "$(dirname "$0")/lib.sh"
need_root
! few_files || skip_all "$why"
. "$tests/images.sh"

mkdir -p "$tmp/base" "$tmp/apps"
chmod 755 "$tmp" "$tmp/apps"
make_rootfs "$tmp/base"
tar -C "$tmp/base" -cf "$tmp/base.tar" .
layout
settings="\"Env\":[\"PATH=/bin\",\"OCI_TEST_MARK=$mark\"]"
settings="$settings,\"Entrypoint\":[\"sh\",\"-c\"],\"Cmd\":[\"echo own\"]"
image one "$tmp/base.tar"
app=$tmp/apps/app
# app ARG...: as root; sets $status, $out, $err.
app() {
	status=0
	timeout -s KILL 60 "$app" "$@" >"$tmp/apps/said" 2>"$tmp/app-err" </dev/null || status=$?
	out=$(cat "$tmp/apps/said")
	err=$(cat "$tmp/app-err")
}
loops() { cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -c -F "$tmp/apps"; }

oci_image binary --no-squashfs -o "$app" "$layout:one"
is 'an image becomes a program' "$status" 0 || diag "$err"
app
is 'a program made of an image runs' "$out" own || diag "$err"
app 'echo "$0" more; exit 7' arg
is 'its arguments come after the entrypoint, and its status is the container'"'"'s' "$status $out" \
	'7 arg more' || diag "$err"
app 'echo x >/new; cat /new'
is 'the container in a program may write while it runs' "$out" x || diag "$err"
app 'ls /new 2>&1 || id -u'
like 'the container in a program keeps nothing that it wrote' "$out" '^0$' || diag "$err"
is 'the container in a program leaves nothing in /tmp' \
	"$(ls -d /tmp/bundle /tmp/state 2>/dev/null)" ''
plain=$(bytes "$app")

if command -v mksquashfs >/dev/null && grep -qw squashfs /proc/filesystems &&
	[ -e /dev/loop-control ]; then
	oci_image binary -o "$app" "$layout:one"
	is 'with a squashfs for root' "$status" 0 || diag "$err"
	app 'echo x >/new; cat /new; grep -c " / " /proc/self/mountinfo >/dev/null && echo mounted'
	is 'the squashfs is mounted and may be written' "$out" 'x
mounted' || diag "$err"
	ok 'the loop device of the squashfs is gone at the end' wait_for test "$(loops)" = 0
	ok 'a program with a squashfs is larger' test "$(bytes "$app")" -gt "$plain"
else
	skip 'with a squashfs for root' 'no mksquashfs, squashfs or loop devices here'
fi

# An ordinary user who has nothing but the file.
if command -v setpriv >/dev/null && setpriv --reuid 65534 --regid 65534 --clear-groups unshare \
	-Ur true 2>/dev/null; then
	cp "$app" "$tmp/apps/theirs"
	chmod 755 "$tmp/apps/theirs"
	as_user() {
		status=0
		(cd "$tmp/apps" && timeout -s KILL 60 setpriv --reuid 65534 --regid 65534 \
			--clear-groups "$@") \
			>"$tmp/said" 2>"$tmp/app-err" </dev/null || status=$?
		out=$(cat "$tmp/said")
		err=$(cat "$tmp/app-err")
	}
	as_user ./theirs 'id -u; echo x >/new; cat /new; exit 3'
	is 'an ordinary user runs it' "$status $(printf %s "$out" | tr '\n' ' ')" '3 0 x' ||
		diag "$err"
	mkdir -m 777 "$tmp/apps/open"
	as_user ./theirs --ocibox-extract open/bundle
	is 'an ordinary user extracts the bundle' "$status" 0 || diag "$err"
	ok 'an extracted bundle has the files of the image' \
		cmp "$tmp/apps/open/bundle/rootfs/bin/busybox" "$tmp/base/bin/busybox"
	# The variable alone must not have an effect.
	as_user env OCIBOX_APP_INSIDE=1 ./theirs 'id -u'
	is 'the variable of its second run means nothing outside' "$out" 0 || diag "$err"
else
	skip 'an ordinary user runs it' 'no setpriv, or no user namespaces'
fi

# From a bundle: config.json is the same, byte for byte.
unpack "$layout"
config_set /process/args '["sh","-c","echo of the bundle"]'
oci_image binary -o "$app" "$bundle"
is 'a bundle becomes a program' "$status" 0 || diag "$err"
app
is 'a program made of a bundle runs' "$out" 'of the bundle' || diag "$err"
app echo replaced
is 'a program made of a bundle: arguments replace the command' "$out" replaced || diag "$err"
app --ocibox-extract "$tmp/place/again"
ok 'the bundle in it is the bundle' cmp "$tmp/place/again/config.json" "$bundle/config.json"
is 'an extracted bundle has all files' "$(cd "$tmp/place/again/rootfs" && find . | sort)" \
	"$(cd "$rootfs" && find . | sort)"
app --ocibox-extract "$tmp/place/again"
like 'extract over a bundle that exists is refused' "$err" 'already exists'
mv "$app" "$tmp/apps/runc"
app=$tmp/apps/runc
app echo named
is 'a program that is called runc runs its container' "$out" named || diag "$err"
app --version
isnt 'its options are the container'"'"'s' "$status" 0
like 'an option after the file: the container has no program of that name' \
	"$err" 'exec: .*--version'

# Damaged.
size=$(bytes "$app")
for at in 100000 $((size / 2)) $((size - 2000)) $((size - 400)); do
	cp "$app" "$tmp/apps/bad"
	printf '\377\001' | dd of="$tmp/apps/bad" bs=1 seek="$at" conv=notrunc 2>/dev/null
	status=0
	err=$(timeout -s KILL 20 "$tmp/apps/bad" echo ran 2>&1) || status=$?
	[ "$at" = 100000 ] && [ "$status" -gt 128 ] && err='damaged' # the program itself
	like "a byte that has changed ($((at * 10 / size)) tenths in)" "$err" 'damaged'
	unlike "a changed program does not run ($((at * 10 / size)) tenths in)" "$err" '^ran'
done
head -c "$((size / 2))" "$app" >"$tmp/apps/bad"
like 'one that is cut off' "$("$tmp/apps/bad" 2>&1)" 'damaged: its end is missing'
cp "$app" "$tmp/apps/bad"
"$tmp/apps/bad" --ocibox-extract 2>/dev/null
is 'extract needs a directory' "$?" 1
is 'nothing is left beside the programs' "$(find "$tmp/apps" -name '*.new' -o -name '*.squashfs' \
	-o -name '*.bundle' -o -name '*.unpack')" ''

nothing_left
done_testing

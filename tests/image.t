#!/bin/sh
# image.t - root.path names an image of squashfs, erofs or ext4: attached by loop, gone with the
# container.
# SPDX-License-Identifier: MIT
. "$(dirname "$0")/lib.sh"
need_root
[ -e /dev/loop-control ] || skip_all 'no /dev/loop-control: this kernel has no loop devices'
bundle
dir=$rootfs
loops() { cat /sys/block/loop*/loop/backing_file 2>/dev/null | grep -F "$tmp"; }
no_loops() { [ -z "$(loops)" ]; }
kernel_has() { grep -q "	$1\$" /proc/filesystems || modprobe "$1" 2>/dev/null; }

# image TYPE FILE: from the bundle's root filesystem; fails where its tool is missing.
image() {
	# On a machine without the tools the images may have been copied to this place.
	if [ -s "$top/build/images/root.$1" ]; then
		cp "$top/build/images/root.$1" "$2"
		return
	fi
	case $1 in
	squashfs) mksquashfs "$dir" "$2" -quiet -no-progress -noappend ;;
	erofs) mkfs.erofs "$2" "$dir" ;;
	ext4) mkfs.ext4 -q -F -d "$dir" "$2" 32m ;;
	esac >/dev/null 2>&1
}

for type in squashfs erofs ext4; do
	if ! kernel_has $type; then
		skip "$type" "this kernel has no $type"
		continue
	fi
	i=$tmp/root.$type
	if ! image $type "$i"; then
		skip "$type" "no tool here makes one"
		continue
	fi
	config_set /root/path "$(quote "$i")" /root/readonly true
	argv sh -c 'awk "\$2 == \"/\" {print \$3}" /proc/mounts; touch /new 2>/dev/null || echo ro'
	run
	is "$type: the root, read-only" "$out $status" "$type
ro 0"
	ok "$type: no loop device is left" wait_for no_loops
	is "$type: no mount either" "$(mounts_now)" "$(cat "$tmp/mounts")"
	argv sleep 1000
	do_runc run -d --bundle "$bundle" "$id"
	is "$type: detached" "$(status_of "$id") $(loops)" "running $i"
	is "$type: no mount on the host" "$(mounts_now)" "$(cat "$tmp/mounts")"
	runc state "$id" >"$tmp/s"
	is "$type: state names the image" "$(json_get "$tmp/s" /rootfs)" "$i"
	do_runc exec "$id" cat /etc/passwd
	like "$type: exec" "$out" '^root'
	kill -KILL "$(pid_of "$id")"
	ok "$type: killed, the loop device goes without delete" wait_for no_loops
	drop "$id"
	# a runtime killed while it works leaves no device
	do_runc create --bundle "$bundle" "$id"
	drop "$id"
	ok "$type: created and deleted" wait_for no_loops
	if grep -q overlay /proc/filesystems; then
		argv sh -c 'echo new >/etc/passwd && cat /etc/passwd'
		do_runc run --bundle "$bundle" --overlay=4m "$id"
		is "$type: --overlay" "$out" new
		ok "$type: --overlay: no loop device is left" wait_for no_loops
	fi
	# ids of the image are the container's also in a user namespace
	argv stat -c '%u' /etc/passwd
	cp "$bundle/config.json" "$tmp/plain.json"
	config_set /linux/namespaces/- '{"type":"user"}' \
		/linux/uidMappings '[{"containerID":0,"hostID":100000,"size":65536}]' \
		/linux/gidMappings '[{"containerID":0,"hostID":100000,"size":65536}]'
	chmod 711 "$root" 2>/dev/null
	run
	if [ "$status" = 0 ]; then
		is "$type: in a user namespace root owns it" "$out" 0
	else
		like "$type: in a user namespace: refused with a reason" "$err" 'id-map'
	fi
	ok "$type: in a user namespace: no loop device is left" wait_for no_loops
	cp "$tmp/plain.json" "$bundle/config.json"
	# half of it
	dd if="$i" of="$tmp/half" bs=4096 count=$(($(wc -c <"$i") / 8192)) 2>/dev/null
	config_set /root/path "$(quote "$tmp/half")"
	refused "$type: truncated" 'root.path: .*is truncated: it has [0-9]+ of [0-9]+ bytes'
	# a superblock and nothing after it
	dd if="$i" of="$tmp/hollow" bs=2048 count=1 2>/dev/null
	dd if=/dev/zero of="$tmp/hollow" bs=2048 seek=1 count=$(($(wc -c <"$i") / 2048)) \
		conv=notrunc 2>/dev/null
	config_set /root/path "$(quote "$tmp/hollow")"
	run
	isnt "$type: hollow: fails" "$status" 0
	is "$type: hollow: one line" "$(error_lines "$tmp/err")" 1
	ok "$type: hollow: no loop device is left" wait_for no_loops
done

# Many look for a free loop device at once. Then the runtime is killed before one system call after
# the other, or that call fails (OCI_STRIDE=1 for every one).
i=
for type in squashfs erofs ext4; do
	[ ! -s "$tmp/root.$type" ] || i=${i:-$tmp/root.$type}
done
if [ -n "$i" ]; then
	config_set /root/path "$(quote "$i")" /root/readonly true
	argv echo hi
	for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
		(runc run --bundle "$bundle" "$id-$n" >"$tmp/par$n" 2>&1) &
	done
	wait
	is 'twelve containers of one image at once run' \
		"$(cat "$tmp"/par* | sort | uniq -c | tr -s ' ')" ' 12 hi'
	ok 'twelve at once: no loop device is left' wait_for no_loops
fi
if [ -n "$i" ] && helper step && "$HELPERS/step" count -- true; then
	stepped() { # MODE...: create of the bundle under step
		OCI_TEST_MARK=$mark timeout -s KILL 60 "$HELPERS/step" -x busybox -o "$tmp/step" \
			"$@" -- \
			"$RUNC" --root "$root" create --bundle "$bundle" "$id" </dev/null \
			>/dev/null 2>"$tmp/err"
	}
	stepped count
	total=$(cat "$tmp/step")
	drop "$id"
	for mode in kill fail; do
		wrong=
		died=0
		n=1
		while [ "$n" -le "$total" ]; do
			rc=0
			if [ $mode = kill ]; then
				stepped kill "$n" || rc=$?
			else
				stepped fail "$n" 22 ||
					rc=$? # EINVAL, as old kernels answer LOOP_CONFIGURE
			fi
			[ $rc = 0 ] || died=$((died + 1))
			drop "$id"
			eventually no_loops && eventually clean_now || wrong="$wrong $n"
			n=$((n + ${OCI_STRIDE:-5}))
		done
		ok "$mode at each of $total calls: some end it" test $died -gt 0
		is "$mode at each call: no loop device, nothing else is left" "$wrong" ''
	done
else
	skip 'killed at each call' 'no image, or ptrace is not allowed here'
fi

if [ -e "$tmp/root.ext4" ]; then
	config_set /root/path "$(quote "$tmp/root.ext4")" /root/readonly false
	argv sh -c 'echo kept >/kept'
	run_ok 'ext4, readonly false: written'
	argv cat /kept
	run
	is 'ext4, readonly false: what was written is there the next time' "$out" kept
	ok 'ext4, readonly false: no loop device is left' wait_for no_loops
fi

head -c 65536 /dev/urandom >"$tmp/garbage"
config_set /root/path "$(quote "$tmp/garbage")"
refused 'a file of random bytes as root is refused' \
	'root.path: .*neither a directory nor an image of squashfs, erofs or ext4'
: >"$tmp/empty"
config_set /root/path "$(quote "$tmp/empty")"
refused 'an empty file as root is refused' 'neither a directory nor an image'
mkfifo "$tmp/fifo"
config_set /root/path "$(quote "$tmp/fifo")"
refused 'a FIFO as root is refused at once' 'neither a directory nor an image'
config_set /root/path '"/dev/null"'
refused 'a device as root is refused' 'neither a directory nor an image'
config_set /root/path "$(quote "$tmp/nope")"
refused 'an image that does not exist is refused' 'root.path: .*no such file'

# ---- dm-verity: an image that needs it is not used without it ------------------------------------

verity() { config_set "/annotations/org.ocibox.verity.$1" "$(quote "$2")"; }
zeros=0000000000000000000000000000000000000000000000000000000000000000
config_set /root/path '"rootfs"' /annotations '{}'
verity root $zeros
refused 'verity of a directory' 'is a directory: dm-verity, for which annotations ask'
made=
for type in squashfs erofs ext4; do
	[ -n "$made" ] || ! kernel_has $type || ! image $type "$tmp/verity.img" || made=1
done
if [ -n "$made" ]; then
	config_set /root/path "$(quote "$tmp/verity.img")"
	refused 'verity without hashes' \
		'needs both annotations, org.ocibox.verity.hash and org.ocibox.verity.root'
	verity hash "$tmp/verity.img"
	refused 'verity with a file that has no hashes' \
		'does not have hashes of veritysetup with SHA-256'
	# The start of hashes of one block, without salt.
	{
		printf 'verity\0\0\001\0\0\0\001\0\0\0%s' 0123456789abcdefsha256
		head -c 26 /dev/zero
		printf '\0\020\0\0\0\020\0\0\001'
		head -c 8105 /dev/zero
	} >"$tmp/hashes"
	verity hash "$tmp/hashes"
	refused 'verity with a root hash that the image does not have' \
		'image .*(no device mapper|verity: set it up|mount|[Ii]nput/output|I/O)'
	verity root xyz
	refused 'verity with a word that is not a root hash' \
		'root hash .*xyz.* must have 64 digits from 0 to f'
	verity root $zeros
	verity signature "$tmp/none"
	refused 'verity with a signature that is not there' 'read the signature .*none'
	ok 'verity: a refused image leaves no loop device' wait_for no_loops
else
	skip verity 'no image can be made or used here'
fi

is 'no loop device of ours is left' "$(loops)" ''
nothing_left
done_testing
